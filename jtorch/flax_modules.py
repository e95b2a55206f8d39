"""Modules of flax as modules of torch, and the other way round."""

import jax

import jtorch
from jtorch.jax_functions import from_jax, to_jax
from jtorch.nn import Module, Parameter


def from_flax(module, variables=None, **options) -> Module:
    """A module of `flax.nnx`, or one of `flax.linen` with its variables, as an `nn.Module`.

    Its parameters and buffers (running statistics) have flax's names with dots between them. `train()` and `eval()` reach an nnx module; to linen, which has
    no modes, give what its `__call__` wants as arguments, or here as `options`. Random numbers of linen come from `rngs` among the options.

    >>> import jtorch as torch
    >>> from flax import nnx
    >>> module = torch.from_flax(nnx.Linear(3, 2, rngs=nnx.Rngs(0)))
    >>> [(name, tuple(p.shape)) for name, p in module.named_parameters()]
    [('bias', (2,)), ('kernel', (3, 2))]
    >>> module(torch.ones(4, 3)).shape
    torch.Size([4, 2])
    """
    from flax import linen, nnx

    if isinstance(module, nnx.Module):
        if variables is not None or options:
            raise TypeError("from_flax: variables and options are those of flax.linen; an nnx module has its own")
        return NNXModule(module)
    if isinstance(module, linen.Module):
        if variables is None:
            raise TypeError("from_flax: a linen module needs its variables: from_flax(module, module.init(key, x))")
        return LinenModule(module, variables, options)
    raise TypeError(f"from_flax takes a module of flax.nnx or flax.linen, got {type(module).__name__}")


class FlaxModule(Module):
    """Parameters and buffers under the paths that they have in flax, and the call by way of JAX."""

    def _take(self, parameters: dict, buffers: dict) -> None:
        self._paths = [_register(self, path, array, True) for path, array in _paths(parameters)]
        self._buffer_paths = [_register(self, path, array, False) for path, array in _paths(buffers)]
        self._lifted = from_jax(self._apply)

    def forward(self, *args, **kwargs):
        parameters = [self.get_parameter(path) for path in self._paths]
        buffers = [self.get_buffer(path) for path in self._buffer_paths]
        result, changed = self._lifted(self._graph(), parameters, buffers, self._random(), args, kwargs)
        with jtorch.no_grad():
            for buffer, value in zip(buffers, changed, strict=True):
                buffer.copy_(value)
        return result

    def _graph(self):
        """What is not an array and changes with the mode."""
        return None

    def _random(self):
        return None

    def extra_repr(self):
        return f"of flax: {self._name}"


class NNXModule(FlaxModule):
    def __init__(self, module):
        super().__init__()
        from flax import nnx

        # A copy, which this module may switch between its modes.
        self._module = nnx.clone(module)
        self._name = type(module).__name__
        _, parameters, self._rngs, buffers = nnx.split(self._module, nnx.Param, nnx.RngState, ...)
        self._trees = [jax.tree.structure(state) for state in (parameters, buffers)]
        self._take(nnx.to_pure_dict(parameters), nnx.to_pure_dict(buffers))

    def _graph(self):
        from flax import nnx

        (self._module.train if self.training else self._module.eval)()
        return nnx.graphdef(self._module)

    def _apply(self, graph, parameters, buffers, rngs, args, kwargs):
        from flax import nnx

        states = [
            jax.tree.unflatten(tree, leaves) for tree, leaves in zip(self._trees, (parameters, buffers), strict=True)
        ]
        merged = nnx.merge(graph, states[0], rngs, states[1])
        result = merged(*args, **kwargs)
        _, _, _, changed = nnx.split(merged, nnx.Param, nnx.RngState, ...)
        return result, jax.tree.leaves(changed)

    def _random(self):
        """The state of the random streams: each call counts them on by one."""
        given = self._rngs
        self._rngs = jax.tree.map(lambda leaf: leaf + 1 if leaf.dtype == "uint32" else leaf, given)
        return from_jax(given)


class LinenModule(FlaxModule):
    def __init__(self, module, variables, options):
        super().__init__()
        self._module, self._options = module, dict(options)
        self._name = type(module).__name__
        self._rngs = self._options.pop("rngs", None)
        rest = {name: tree for name, tree in variables.items() if name != "params"}
        self._trees = [jax.tree.structure(tree) for tree in (variables.get("params", {}), rest)]
        self._take(variables.get("params", {}), rest)

    def _apply(self, graph, parameters, buffers, rngs, args, kwargs):
        states = [
            jax.tree.unflatten(tree, leaves) for tree, leaves in zip(self._trees, (parameters, buffers), strict=True)
        ]
        result, changed = self._module.apply(
            {"params": states[0], **states[1]}, *args, **self._options, **kwargs, rngs=rngs, mutable=list(states[1])
        )
        return result, jax.tree.leaves(changed)

    def _random(self):
        if self._rngs is None:
            return None
        keys = self._rngs if isinstance(self._rngs, dict) else {"dropout": self._rngs}
        split = {name: jax.random.split(key) for name, key in keys.items()}
        self._rngs = {name: pair[0] for name, pair in split.items()}
        return from_jax({name: pair[1] for name, pair in split.items()})


def _paths(tree) -> list:
    """Leaves with their paths, in the order in which JAX flattens them."""
    found = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [([str(getattr(key, "key", getattr(key, "idx", key))) for key in path], array) for path, array in found]


def _register(module: Module, path: list, array, trained: bool) -> str:
    for name in path[:-1]:
        if name not in module._modules:
            module.add_module(name, Module())
        module = module._modules[name]
    tensor = from_jax(jax.numpy.asarray(array))
    if trained:
        module.register_parameter(path[-1], Parameter(tensor, requires_grad=tensor.is_floating_point()))
    else:
        module.register_buffer(path[-1], tensor)
    return ".".join(path)


def to_flax(module: Module):
    """A module as one of `flax.nnx`: its parameters are `nnx.Param`s, its buffers `nnx.BatchStat`s, under torch's names.

    `train()` and `eval()` set torch's mode. Random numbers come from the key given to the call as `rng`.

    >>> import jax, jtorch as torch
    >>> from flax import nnx
    >>> module = torch.to_flax(torch.nn.Linear(3, 2))
    >>> list(nnx.to_pure_dict(nnx.state(module, nnx.Param))["parameters"])
    ['bias', 'weight']
    >>> module(jax.numpy.ones((4, 3))).shape
    (4, 2)
    """
    return _nnx_class()(module)


def _nnx_class():
    from flax import nnx

    class TorchModule(nnx.Module):
        def __init__(self, module):
            self.function, _ = to_jax(module)
            self.module = module
            self.training = module.training
            parameters, buffers = dict(module.named_parameters()), dict(module.named_buffers())
            self.parameters = nnx.Dict(
                {name: nnx.Param(to_jax(tensor.detach())) for name, tensor in parameters.items()}
            )
            self.buffers = nnx.Dict({name: nnx.BatchStat(to_jax(tensor)) for name, tensor in buffers.items()})

        def train(self, **attributes):
            self.module.train()
            self.training = True
            super().train(**attributes)

        def eval(self, **attributes):
            self.module.eval()
            self.training = False
            super().eval(**attributes)

        def __call__(self, *args, rng=None, **kwargs):
            self.module.train(self.training)
            state = {name: variable[...] for part in (self.parameters, self.buffers) for name, variable in part.items()}
            result, changed = self.function.with_state(state, *args, rng=rng, **kwargs)
            for name, variable in self.buffers.items():
                variable[...] = changed[name]
            return result

    return TorchModule
