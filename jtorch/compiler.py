"""torch.compile and torch.compiler: Python still runs at every call, and what it records is compiled whole at first sight.

Without `torch.compile` the engine does the same once a step has repeated; so this moves the cost of compiling to the first call.
"""

import functools
import inspect

from jtorch import engine
from jtorch.nn import Module

_MODES = ("default", "lite", "reduce-overhead", "max-autotune-no-cudagraphs", "max-autotune")
_BACKENDS = ("cudagraphs", "inductor", "openxla", "tvm", "eager", "aot_eager", "onnxrt")


_default_backend: list = ["inductor"]


def get_default_backend():
    """What `torch.compile` takes for a backend that is not given."""
    return _default_backend[0]


def set_default_backend(backend) -> None:
    """Choose what `torch.compile` takes for a backend that is not given; None is torch's own choice. XLA compiles in any case."""
    if backend is not None and not isinstance(backend, str) and not callable(backend):
        raise TypeError(f"backend must be a string or callable, got {type(backend)}")
    _default_backend[0] = "inductor" if backend is None else backend


class InvalidBackend(RuntimeError):
    """A backend that nobody registered."""


def compile(
    model=None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend=None,
    mode: str | None = None,
    options: dict | None = None,
    name: str | None = None,
    disable: bool = False,
    **_,
):
    """A function or module whose operations are compiled whole at its first call; also a decorator, with or without arguments.

    Values, errors and side effects are those of the plain call. `backend`, `mode` and `options` are checked and change nothing: XLA compiles.
    With `fullgraph=True` nothing is refused that would break a graph in torch.

    >>> import jtorch as torch
    >>> @torch.compile
    ... def f(x):
    ...     return torch.sin(x) + 1
    >>> f(torch.zeros(2))
    tensor([1., 1.])
    """
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if mode is not None and mode not in _MODES:
        raise RuntimeError(f"Unrecognized mode={mode}, should be one of: {', '.join(_MODES)}")
    backend = get_default_backend() if backend is None else backend
    if callable(backend):
        raise NotImplementedError(
            "torch.compile(backend=<function>): there is no torch.fx graph to hand to a backend; leave backend at its default"
        )
    if backend not in _BACKENDS:
        raise InvalidBackend(
            f"Invalid backend: {backend!r}, see `torch._dynamo.list_backends()` for available backends."
        )
    if model is None:
        return functools.partial(compile, backend=backend, mode=mode, options=options, disable=disable)
    if disable:
        return model
    return _wrapped(model, _compiling)


def _compiling(fn):
    @functools.wraps(fn)
    def compiled(*args, **kwargs):
        with engine.compiled():
            return fn(*args, **kwargs)

    compiled._torchdynamo_orig_callable = fn
    return compiled


def _wrapped(model, around):
    if isinstance(model, Module):
        return OptimizedModule(model, around)
    if inspect.isclass(model):
        model.__call__ = around(model.__call__)
        return model
    if not callable(model):
        raise AssertionError(f"A callable function is expected, but {type(model)} is provided.")
    return around(model)


class OptimizedModule(Module):
    """A module around another one, which it calls as `torch.compile` was asked to; everything else is the other one's."""

    _own = frozenset(("_orig_mod", "forward", "_around", "__dict__"))
    _ready = False

    def __init__(self, mod, around):
        super().__init__()
        self._orig_mod = mod
        self._around = around
        self.forward = around(mod.__call__)
        object.__setattr__(self, "_ready", True)

    @property
    def training(self):
        return self._orig_mod.training

    @training.setter
    def training(self, value):
        if self._ready:
            self._orig_mod.training = value

    def __getattr__(self, name):
        if name == "_orig_mod":
            return self._modules["_orig_mod"]
        return getattr(self._orig_mod, name)

    def __setattr__(self, name, value):
        if hasattr(type(self), name) or name in self._own:
            super().__setattr__(name, value)
        else:
            setattr(self._orig_mod, name, value)

    def __delattr__(self, name):
        if hasattr(type(self), name) or name in self._own:
            super().__delattr__(name)
        else:
            delattr(self._orig_mod, name)

    def __len__(self):
        if not hasattr(type(self._orig_mod), "__len__"):
            raise TypeError(f"{type(self._orig_mod).__name__} does not support len()")
        return len(self._orig_mod)

    def __reduce__(self):
        return OptimizedModule, (self._orig_mod, self._around)

    def __dir__(self):
        return sorted({*dir(self._orig_mod), *super().__dir__()})


OptimizedModule.__module__ = "torch._dynamo.eval_frame"


def is_compiling() -> bool:
    """False: the Python of a compiled function runs as it always does."""
    return False


is_dynamo_compiling = is_exporting = is_compiling


def reset() -> None:
    """Forget every program compiled so far (those on disk stay)."""
    engine.cut()
    engine.clear_caches()


def list_backends(exclude_tags=("debug", "experimental")) -> list[str]:
    """Names that `torch.compile(backend=...)` accepts; XLA compiles whichever is given."""
    return [name for name in _BACKENDS if exclude_tags is None or name in ("cudagraphs", "inductor", "openxla", "tvm")]


def disable(fn=None, recursive: bool = True, *, reason: str | None = None):
    """A function that is left as it is also where the caller is compiled; also a decorator."""
    if fn is None:
        return disable
    return _wrapped(fn, _plain)


def _plain(fn):
    @functools.wraps(fn)
    def disabled(*args, **kwargs):
        return fn(*args, **kwargs)

    return disabled


def allow_in_graph(fn):
    """The function itself: no graph is made of Python code."""
    return fn


assume_constant_result = wrap_numpy = allow_in_graph


class set_stance:
    """How compiled functions run, as a call or a context: 'default', 'force_eager' (leave it to the engine), 'eager_on_recompile', 'fail_on_recompile'."""

    _known = (
        "default",
        "force_eager",
        "eager_on_recompile",
        "fail_on_recompile",
        "eager_then_compile",
        "aot_eager_then_compile",
    )

    def __init__(self, stance: str = "default", *, skip_guard_eval_unsafe: bool = False, force_backend=None):
        if stance not in self._known:
            raise RuntimeError(f"invalid torch.compile stance {stance!r}; one of {', '.join(self._known)}")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return False

    def __call__(self, fn):
        return fn


def cudagraph_mark_step_begin() -> None:
    """Nothing to mark: XLA's programs own their memory."""
