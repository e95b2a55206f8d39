"""What scripting and tracing give: a module or function that remembers how it was called, so that it can be shown and saved."""

import contextlib
import functools
import inspect

import jax

import jtorch
from jtorch.jit import structure
from jtorch.nn import Module

# As many kinds of call are remembered, each of which `save` makes a program for.
MAX_SIGNATURES = 16

_NOT_CALLED = (
    "{}: nothing is known of the arguments. A program has fixed shapes: trace with example inputs, or call the {} once for each set of shapes "
    "that it shall serve"
)


@contextlib.contextmanager
def refuse_looks(api: str):
    """Block that traces: Python that asks for a value of a tensor cannot be traced."""
    try:
        yield
    except (jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError) as error:
        raise RuntimeError(
            f"{api}: the Python looks at values of tensors (`if x.sum() > 0`, `.item()`, `.numpy()`, an index by a mask), which a program cannot: use "
            "torch.where and the like, or leave that part out of what is saved"
        ) from error


class _Remembers:
    """Signatures of calls, and what can be made of them."""

    def _remember(self, args, kwargs) -> None:
        known = self._signatures
        if len(known) < MAX_SIGNATURES:
            try:
                tree, tensors = structure.encode([args, kwargs])
            except (
                TypeError
            ):  # arguments that no file can hold, such as an object of a class: `save` has no program for them
                return
            avals = tuple((tuple(t.shape), t.dtype) for t in tensors)
            known.setdefault((structure.key(tree), avals), (tree, avals))

    def programs(self, api: str) -> list:
        """`(tree, avals)` of the calls remembered."""
        if not self._signatures:
            raise RuntimeError(_NOT_CALLED.format(api, "module" if isinstance(self, Module) else "function"))
        return list(self._signatures.values())

    @property
    def graph(self):
        """The program of the first call remembered, in JAX's language (a jaxpr); torch's graphs are those of TorchScript."""
        function, state = self._pure()
        tree, avals = self.programs("graph")[0]

        def call(state, *arrays):
            args, kwargs = structure.decode(tree, arrays)
            return function(state, *args, **kwargs)

        with jax.enable_x64(True), refuse_looks("graph"):
            return jax.make_jaxpr(call)(state, *(jax.ShapeDtypeStruct(s, d.numpy) for s, d in avals))

    inlined_graph = graph

    def save(self, f, _extra_files=None) -> None:
        """`torch.jit.save(self, f)`."""
        jtorch.jit.save(self, f, _extra_files)


class ScriptFunction(_Remembers):
    """A function that was scripted or traced: called, it runs the Python function."""

    def __init__(self, function):
        self._function, self._signatures = function, {}
        functools.update_wrapper(self, function)

    def __call__(self, *args, **kwargs):
        self._remember(args, kwargs)
        return self._function(*args, **kwargs)

    def _pure(self):
        function = jtorch.to_jax(self._function)
        return lambda _state, *args, **kwargs: function(*args, **kwargs), {}

    @property
    def name(self) -> str:
        return self._function.__name__

    @property
    def code(self) -> str:
        """The function's Python."""
        return _source(self._function)


class ScriptModule(Module):
    """Base of modules written for TorchScript: a module like any other."""


class RecursiveScriptModule(_Remembers, ScriptModule):
    """A module that was scripted or traced: it has the module's own parameters, and runs its Python."""

    def __init__(self, module):
        super().__init__()
        tables = {
            name: module.__dict__[name]
            for name in ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set")
        }
        self.__dict__.update(tables, _original=module, _signatures={}, training=module.training)

    def forward(self, *args, **kwargs):
        self._remember(args, kwargs)
        return self._original(*args, **kwargs)

    def train(self, mode: bool = True):
        self._original.train(mode)
        self.training = mode
        return self

    def _pure(self):
        return jtorch.to_jax(self._original)

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.__dict__["_original"], name)

    @property
    def original_name(self) -> str:
        return type(self._original).__name__

    @property
    def code(self) -> str:
        """The Python of the module's `forward`."""
        return _source(type(self._original).forward)

    def __len__(self):
        return len(self._original)

    def __iter__(self):
        return iter(self._original)

    def __getitem__(self, key):
        return self._original[key]

    def __deepcopy__(self, memo):
        import copy

        made = type(self)(copy.deepcopy(self._original, memo))
        made._signatures.update(self._signatures)
        return made

    def __reduce__(self):
        raise RuntimeError(
            "ScriptModules cannot be pickled by torch.save or pickle: use torch.jit.save, or save the module's state_dict"
        )

    def __repr__(self):
        return _shown(self._original, type(self).__name__ if self.original_name == "" else self.original_name)


class TopLevelTracedModule(RecursiveScriptModule):
    """A module that was traced."""


def _shown(module, name: str) -> str:
    """A module's tree with the names that its classes had."""
    lines = [f"({key}): " + _shown(child, type(child).__name__) for key, child in module.named_children()]
    head = f"{name}(original_name={type(module).__name__}"
    body = "".join("\n  " + line.replace("\n", "\n  ") for line in lines)
    return f"{head}{body}\n)" if body else f"{head})"


def _source(function) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return f"# the source of {getattr(function, '__qualname__', function)} is not in a file\n"
