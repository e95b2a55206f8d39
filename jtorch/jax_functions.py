"""Functions of tensors as functions of JAX arrays, and the other way round.

`to_jax` and `from_jax` turn an array, a container of arrays or a function into the other library's kind. Tensors are pytrees: `jax.jit`, `jax.tree.map` and optax
take them as they are.
"""

import functools

import jax
import numpy as np

import jtorch
from jtorch import engine, interop, random
from jtorch.tensor import Tensor

_WRITES = (
    "to_jax: the function writes to a tensor that it was not given: a pure function can only change its arguments. Pass the tensor in, or, "
    "for the buffers of a module, use `function.with_state(state, ...)`."
)
_DRAWS = (
    "to_jax: the function draws random numbers: pass `rng=jax.random.key(0)`, another key at each call. (A module that should not drop anything "
    "out wants `.eval()`.)"
)


def to_jax(what):
    """The JAX side of a tensor, a module, a function, or a container of tensors.

    - A tensor: the `jax.Array` behind it, without a copy where there is one. It stays valid: the engine never overwrites it.
    - A module: `(function, state)`. `state` is a dict of arrays, its parameters and buffers by name, and `function(state, *args)` what the module
      computes, in the mode (training or evaluation) that it is in.
    - Another callable: the function of arrays.
    - A container: the same with arrays in the place of tensors.

    Functions are pure: `jax.jit`, `jax.grad`, `jax.vmap` and `jax.export` work on them. Random numbers come from `rng`, a JAX key.

    >>> import jax, jtorch as torch
    >>> function, state = torch.to_jax(torch.nn.Linear(3, 2, bias=False))
    >>> state["weight"].shape
    (2, 3)
    >>> loss = lambda state, x: function(state, x).sum()
    >>> jax.grad(loss)(state, jax.numpy.ones((1, 3)))["weight"].tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    if isinstance(what, Tensor):
        return interop.to_jax(what)
    if isinstance(what, jtorch.nn.Module):
        return ModuleFunction(what), to_jax(_state(what))
    if callable(what):
        return Function(what)
    return jax.tree.map(_array, what, is_leaf=_is_tensor)


def from_jax(what):
    """The tensor around a `jax.Array`, without a copy; a container with tensors for arrays; or a JAX function as one of tensors.

    Such a function is one node of the graph, whose gradient is `jax.vjp`'s. It is compiled for each set of shapes; arguments that are not tensors are
    part of the program.

    >>> import jax.numpy as jnp, jtorch as torch
    >>> torch.from_jax(jnp.ones(2))
    tensor([1., 1.])
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> torch.from_jax(jnp.square)(x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """
    if isinstance(what, jax.Array):
        return interop.from_jax(what)
    if callable(what):
        return _Lifted(what)
    return jax.tree.map(_around, what)


def _around(leaf):
    """The tensor around an array; keys of random numbers, which torch has no dtype for, stay what they are."""
    if isinstance(leaf, jax.Array) and not jax.numpy.issubdtype(leaf.dtype, jax.dtypes.extended):
        return interop.from_jax(leaf)
    return leaf


def _array(leaf):
    return interop.to_jax(leaf) if isinstance(leaf, Tensor) else leaf


def _is_tensor(leaf) -> bool:
    return isinstance(leaf, Tensor)


def _state(module) -> dict:
    return {
        **{name: parameter.detach() for name, parameter in module.named_parameters()},
        **dict(module.named_buffers()),
    }


# From torch to JAX


class Function:
    """A function of tensors that takes and gives arrays: `function(*args, rng=None, **kwargs)`."""

    def __init__(self, function):
        self._function = function
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args, rng=None, **kwargs):
        with jax.enable_x64(True):
            return _purely(lambda: to_jax(self._function(*_tensors(args), **_tensors(kwargs))), rng)


class ModuleFunction:
    """What a module computes, as a pure function of its state: `function(state, *args, rng=None, **kwargs)`."""

    def __init__(self, module):
        self.module = module

    def __call__(self, state, *args, rng=None, **kwargs):
        return self.with_state(state, *args, rng=rng, **kwargs)[0]

    def with_state(self, state, *args, rng=None, **kwargs):
        """`(result, state)` after the call: buffers such as running statistics may have changed."""

        def call():
            tensors = _tensors(dict(state))
            result = jtorch.func.functional_call(self.module, tensors, _tensors(args), _tensors(kwargs))
            return to_jax(result), {name: to_jax(tensor.detach()) for name, tensor in tensors.items()}

        with jax.enable_x64(True):
            return _purely(call, rng)

    def __repr__(self):
        return f"<pure function of {self.module._get_name()}>"


def _tensors(tree):
    def tensor(leaf):
        return jtorch.tensor(leaf) if isinstance(leaf, np.ndarray) else _around(leaf)

    return jax.tree.map(tensor, tree, is_leaf=_is_tensor)


def _purely(call, rng):
    """Call with a generator of its own state, which comes from `rng`; writes to anything that is there already are refused."""
    generator = random.default_generator
    kept = generator._state
    generator._state = given = kept if rng is None else interop.from_jax(_generator_state(rng))
    try:
        with engine.traced_writes() as writes:
            made = call()
            drawn = generator._state is not given
            if rng is None and drawn and any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(made)):
                raise RuntimeError(_DRAWS)
            generator._state = kept if rng is not None else generator._state
            writes.refuse(_WRITES)
        kept = generator._state
        return made
    finally:
        generator._state = kept


def _generator_state(key):
    """The state of torch's generator with words drawn by a JAX key."""
    from jtorch.ops.mt19937 import WORDS, seed_state

    words = jax.random.bits(key, (WORDS,), "uint32")
    return jax.numpy.asarray(seed_state(0)).at[:WORDS].set(words)


# From JAX to torch


class _Lifted:
    """A function of arrays as one of tensors."""

    def __init__(self, function):
        self._function = function
        self._programs: dict = {}
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args, **kwargs):
        leaves, tree = jax.tree.flatten((args, kwargs), is_leaf=_is_tensor)
        where = [i for i, leaf in enumerate(leaves) if isinstance(leaf, (Tensor, jax.Array))]
        operands = [leaves[i] for i in where]
        constants = [None if i in where else leaf for i, leaf in enumerate(leaves)]
        try:
            key = (tree, tuple(where), tuple(constants))
            forward = self._programs.get(key)
        except TypeError:  # a constant that cannot be hashed, such as a numpy array
            key, forward = None, None
        if forward is None:

            def function(*arrays):
                filled = list(constants)
                for i, array in zip(where, arrays, strict=True):
                    filled[i] = array
                positional, named = jax.tree.unflatten(tree, filled)
                return self._function(*positional, **named)

            forward = jax.jit(function), jax.jit(functools.partial(jax.vjp, function))
            if key is not None:
                self._programs[key] = forward
        plain, recorded = forward
        if not (jtorch.is_grad_enabled() and any(isinstance(t, Tensor) and t.requires_grad for t in operands)):
            with jax.enable_x64(True):
                return from_jax(plain(*map(_array, operands)))
        structure: list = []
        results = _node().apply(recorded, structure, *operands)
        return jax.tree.unflatten(structure[0], results if isinstance(results, tuple) else (results,))


@functools.cache
def _node():
    """The class of nodes of JAX functions, made when it is needed: `autograd.Function` comes after this file."""

    class JaxFunction(jtorch.autograd.Function):
        @staticmethod
        def forward(ctx, recorded, structure, *operands):
            with jax.enable_x64(True):
                made, ctx.pull = recorded(*map(_array, operands))
            leaves, tree = jax.tree.flatten(made)
            structure.append(tree)
            results = tuple(map(interop.from_jax, leaves))
            ctx.tree = tree
            ctx.mark_non_differentiable(*(r for r in results if not (r.is_floating_point() or r.is_complex())))
            return results

        @staticmethod
        @jtorch.autograd.function.once_differentiable
        def backward(ctx, *grads):
            with jax.enable_x64(True):
                given = [_conjugate(interop.to_jax(grad)) for grad in grads]
                given = [
                    g if jax.numpy.issubdtype(g.dtype, jax.numpy.inexact) else np.zeros(g.shape, jax.dtypes.float0)
                    for g in given
                ]
                made = _pulled(ctx.pull, jax.tree.unflatten(ctx.tree, given))
            return (
                None,
                None,
                *(None if g.dtype == jax.dtypes.float0 else interop.from_jax(_conjugate(g)) for g in made),
            )

    return JaxFunction


@jax.jit
def _pulled(pull, grads):
    return pull(grads)


def _conjugate(array):
    """torch's gradient of a complex number is the conjugate of JAX's."""
    return array.conj() if jax.numpy.iscomplexobj(array) else array


# Tensors as pytrees


def _flatten(tensor):
    return (interop.to_jax(tensor),), None


def _unflatten(_, children):
    # JAX also builds trees of what stands for arrays: shapes, axes, None.
    (child,) = children
    return interop.from_jax(child) if isinstance(child, jax.Array) else child


def register_pytrees() -> None:
    """Make tensors and parameters known to JAX as containers of one array each."""
    from jtorch.nn.parameter import Buffer, Parameter

    for kind in (Tensor, Parameter, Buffer):
        jax.tree_util.register_pytree_node(kind, _flatten, _unflatten)
