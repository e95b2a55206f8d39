"""Derivatives as functions: gradients, Jacobians and their products, by the tape.

Results belong to the caller's graph where they depend on tensors of it that require grad; otherwise they have no history.
"""

import functools
import threading

import jtorch
from jtorch.attributes import state_of
from jtorch.autograd.mode import STATE
from jtorch.autograd.node import AccumulateGrad
from jtorch.func import batching
from jtorch.tensor import Tensor
from jtorch.utils._pytree import tree_flatten, tree_map, tree_unflatten, treespec_pprint


class _Depth(threading.local):
    """How many calls of these functions are inside each other."""

    now = 0


_depth = _Depth()


# Arguments


def _chosen(argnums, args):
    """The arguments to differentiate with respect to: one, or a tuple."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    wrapped = tuple(_wrapped(n, len(args)) for n in numbers)
    if len(set(wrapped)) != len(wrapped):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return wrapped


def _wrapped(number, count):
    if not isinstance(number, int):
        raise RuntimeError(f"argnum must be int, got: {type(number)}")
    if not -count <= number < count:
        raise RuntimeError(f"Got argnum={number}, but only {count} positional inputs")
    return number % count


class _Recorded:
    """A function called on fresh copies of some of its arguments, with its graph.

    `lasting` says whether results are to belong to the caller's graph.
    """

    def __init__(self, func, args, kwargs, numbers, has_aux: bool, api: str):
        outer = STATE.grad
        self.depth = _depth.now = _depth.now + 1
        try:
            with jtorch.enable_grad():
                self.leaves, self.spec = tree_flatten(tuple(args[n] for n in numbers))
                self.inputs = [self._fresh(leaf, outer) for leaf in self.leaves]
                fresh = iter(tree_unflatten(self.inputs, self.spec))
                replaced = dict(zip(numbers, fresh, strict=True))
                made = func(*(replaced.get(i, a) for i, a in enumerate(args)), **kwargs)
        finally:
            _depth.now -= 1
        self.aux = None
        if has_aux:
            if not (isinstance(made, tuple) and len(made) == 2):
                raise RuntimeError(f"{api}: output of function f should be a tuple: (output, aux) if has_aux is True")
            made, self.aux = made
        self.made = made
        self.outputs, self.out_spec = tree_flatten(made)
        self.lasting = outer and self._reaches_out()

    def _fresh(self, leaf, outer: bool):
        if not isinstance(leaf, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(leaf)}")
        if outer and leaf.requires_grad:
            return leaf.view_as(leaf)
        return self.leaf(leaf.detach())

    def leaf(self, tensor):
        """A leaf that belongs to this call."""
        tensor.requires_grad_()
        tensor._depth = self.depth
        return tensor

    def _reaches_out(self) -> bool:
        """Whether the graph leads to leaves of others: those of calls inside this one have no say."""
        if any(t._node is not None for t in self.inputs):
            return True
        seen: set = set()
        stack = [
            t._edge()[0]
            for t in (*self.outputs, *tree_flatten(self.aux)[0])
            if isinstance(t, Tensor) and t.requires_grad
        ]
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if isinstance(node, AccumulateGrad) and state_of(node.variable).get("_depth", 0) < self.depth:
                return True
            stack += [edge[0] for edge in node.edges if edge is not None]
        return False

    def result(self, tree):
        """What the caller gets of a tree of tensors."""
        if self.lasting:
            return tree
        return tree_map(lambda t: t.detach() if isinstance(t, Tensor) and t.requires_grad else t, tree)

    def check_outputs(self, api: str) -> None:
        if not self.outputs or self.outputs == [None]:
            raise RuntimeError(
                f"{api}: Expected f to be a function that has non-empty output (got output = {self.outputs})"
            )
        for output in self.outputs:
            if not isinstance(output, Tensor):
                raise RuntimeError(
                    f"{api}: expected f(*primals) to return only tensors, got unsupported type {type(output)}"
                )

    def pull(self, outputs, directions, create_graph: bool) -> list:
        """Gradients of outputs along directions with respect to the inputs, zeros where they do not depend on one."""
        return _pull(outputs, self.inputs, directions, create_graph)


def _pull(outputs, inputs, directions, create_graph) -> list:
    pairs = [(o, d) for o, d in zip(outputs, directions, strict=True) if o.requires_grad]
    made = [None] * len(inputs)
    if pairs:
        chosen, along = zip(*pairs, strict=True)
        with jtorch.enable_grad() if create_graph else jtorch.no_grad():
            made = jtorch.autograd.grad(
                chosen, inputs, along, retain_graph=True, create_graph=create_graph, allow_unused=True
            )
    return [jtorch.zeros_like(t) if g is None else g for g, t in zip(made, inputs, strict=True)]


def _packed(spec, leaves, argnums):
    """The tree of the chosen arguments: bare where one number was given."""
    tree = tree_unflatten(leaves, spec)
    return tree[0] if isinstance(argnums, int) else tree


# Gradients


def grad(func, argnums=0, has_aux: bool = False):
    """The gradient of a scalar function with respect to an argument (or several), as a function of the same arguments.

    >>> import jtorch as torch
    >>> torch.func.grad(torch.func.grad(torch.sin))(torch.tensor(0.5))
    tensor(-0.4794)
    """

    @functools.wraps(func)
    def gradient(*args, **kwargs):
        made, value = grad_and_value(func, argnums, has_aux)(*args, **kwargs)
        return (made, value[1]) if has_aux else made

    return gradient


def grad_and_value(func, argnums=0, has_aux: bool = False):
    """(gradient, value) of a scalar function, as a function of the same arguments; with `has_aux` (gradient, (value, aux))."""

    @functools.wraps(func)
    def gradient_and_value(*args, **kwargs):
        api = "grad_and_value(f)(*args)"
        called = _Recorded(func, args, kwargs, _chosen(argnums, args), has_aux, api)
        output = called.made
        if not isinstance(output, Tensor):
            raise RuntimeError(f"{api}: Expected f(*args) to return a Tensor, got {type(output)}")
        if output.dim():
            raise RuntimeError(
                f"{api}: Expected f(*args) to return a scalar Tensor, got tensor with {output.dim()} dims. Maybe you wanted to use the vjp or "
                "jacrev APIs instead?"
            )
        leaves = called.pull([output], [jtorch.ones_like(output)], called.lasting)
        made, value = called.result(_packed(called.spec, leaves, argnums)), called.result(output)
        return made, ((value, called.result(called.aux)) if has_aux else value)

    return gradient_and_value


def vjp(func, *primals, has_aux: bool = False):
    """(outputs, function from gradients of the outputs to those of the arguments); with `has_aux` also what the function gave besides.

    >>> import jtorch as torch
    >>> y, pull = torch.func.vjp(torch.sin, torch.tensor(0.0)); pull(torch.tensor(2.0))
    (tensor(2.),)
    """
    api = "vjp(f, *primals)"
    called = _Recorded(func, primals, {}, tuple(range(len(primals))), has_aux, api)
    called.check_outputs(api)
    for output in called.outputs:
        if not (output.is_floating_point() or output.is_complex()):
            raise RuntimeError(
                f"vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with dtype {output.dtype}"
            )

    def pull(cotangents, retain_graph: bool = True, create_graph: bool | None = None):
        directions, spec = tree_flatten(cotangents)
        if spec != called.out_spec:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. "
                f"cotangents: {treespec_pprint(spec)}, primal output: {treespec_pprint(called.out_spec)}"
            )
        lasting = STATE.grad and (called.lasting or any(d.requires_grad for d in directions))
        leaves = called.pull(called.outputs, directions, lasting if create_graph is None else create_graph)
        return tree_unflatten(leaves if lasting else [t.detach() for t in leaves], called.spec)

    made = called.result(called.made)
    return (made, pull, called.result(called.aux)) if has_aux else (made, pull)


class _Pushed:
    """A recorded function with the gradient of its gradient, which is linear in directions of the inputs.

    For outputs f(x) and g(u) = u^T J, the derivative of g with respect to u along v is J v.
    """

    def __init__(self, called):
        self.called = called
        with jtorch.enable_grad():
            self.u = [called.leaf(jtorch.zeros_like(o)) for o in called.outputs]
            self.g = called.pull(called.outputs, self.u, True)

    def __call__(self, tangents) -> list:
        made = _pull(self.g, self.u, tangents, STATE.grad and self.called.lasting)
        return made if self.called.lasting else [t.detach() for t in made]


def jvp(func, primals, tangents, *, strict: bool = False, has_aux: bool = False):
    """(outputs, derivative of the outputs along the tangents).

    >>> import jtorch as torch
    >>> torch.func.jvp(torch.sin, (torch.tensor(0.0),), (torch.tensor(2.0),))
    (tensor(0.), tensor(2.))
    """
    api = "jvp(f, primals, tangents)"
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{api}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    flat, spec = tree_flatten(primals)
    directions, tangent_spec = tree_flatten(tangents)
    if spec != tangent_spec:
        raise RuntimeError(
            f"{api}: Expected primals and tangents to have the same python structure. For example, if primals is a tuple of 3 tensors, tangents "
            f"also must be. Got primals with structure {spec} and tangents with structure {tangent_spec}"
        )
    for name, leaves in (("primals", flat), ("tangents", directions)):
        if not leaves:
            raise RuntimeError(f"{api}: Expected {name} to contain at least one Tensor.")
        for leaf in leaves:
            if not isinstance(leaf, Tensor):
                raise RuntimeError(f"{api}: Expected {name} to only contain Tensors, got {type(leaf)}")
    called = _Recorded(func, primals, {}, tuple(range(len(primals))), has_aux, api)
    called.check_outputs(api)
    if strict and not all(o.requires_grad for o in called.outputs):
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not allowed with strict=True."
        )
    made = tree_unflatten(_Pushed(called)(directions), called.out_spec)
    value = called.result(called.made)
    return (value, made, called.result(called.aux)) if has_aux else (value, made)


def linearize(func, *primals):
    """(outputs, function from tangents of the arguments to those of the outputs), for one function at one point and many tangents."""
    api = "linearize(f, *primals)"
    called = _Recorded(func, primals, {}, tuple(range(len(primals))), False, api)
    called.check_outputs(api)
    push = _Pushed(called)

    def along(*tangents):
        directions, spec = tree_flatten(tangents)
        if spec != called.spec:
            raise RuntimeError(f"Expected the tangents {spec} to have the same argspec as the primals {called.spec}")
        return tree_unflatten(push(directions), called.out_spec)

    return called.result(called.made), along


# Jacobians


def _basis(tensor, chunk_size) -> list[Tensor]:
    """The unit directions of a tensor, in chunks: one leading dimension more than the tensor."""
    n = tensor.numel()
    rows = jtorch.eye(n, dtype=tensor.dtype, device=tensor.device).view(n, *tensor.shape)
    return [rows] if chunk_size is None else list(rows.split(chunk_size)) if n else [rows]


def _each(function, basis, lasting: bool) -> list[Tensor]:
    """A function of one direction, over all of them: mapped, or one by one where the results belong to the caller's graph."""
    made = []
    for chunk in basis:
        if lasting or not chunk.size(0):
            rows = [function(direction) for direction in chunk.unbind(0)]
            if rows:
                made.append([jtorch.stack(parts) for parts in zip(*rows, strict=True)])
        else:
            with jtorch.no_grad():
                made.append(batching.run(lambda inner: function(inner[0]), [chunk], [0], "error"))
    if not made:
        return []
    return [jtorch.cat(parts) if len(made) > 1 else parts[0] for parts in zip(*made, strict=True)]


def _refuse_complex(api, tensors, word) -> None:
    if any(isinstance(t, Tensor) and t.is_complex() for t in tensors):
        raise RuntimeError(
            f"{api}: Expected all {word}s to be real but received complex tensor at flattened {word} idx: 0"
        )


def _jacobian(func, argnums, has_aux, api, blocks):
    @functools.wraps(func)
    def jacobian(*args, **kwargs):
        called = _Recorded(func, args, kwargs, _chosen(argnums, args), has_aux, api)
        called.check_outputs(f"{api}(f, ...)(*args)")
        _refuse_complex(api, called.inputs, "input")
        _refuse_complex(api, called.outputs, "output")
        rows = [_packed(called.spec, row, argnums) for row in blocks(called)]
        made = called.result(tree_unflatten(rows, called.out_spec))
        return (made, called.result(called.aux)) if has_aux else made

    return jacobian


def jacrev(func, argnums=0, *, has_aux: bool = False, chunk_size: int | None = None):
    """The Jacobian of a function, row by row in backward: of output shape x argument shape.

    >>> import jtorch as torch
    >>> torch.func.jacrev(torch.sin)(torch.zeros(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    def blocks(called):
        for output in called.outputs:
            made = _each(
                lambda direction, output=output: called.pull([output], [direction], called.lasting),
                _basis(output, chunk_size),
                called.lasting,
            )
            yield [m.reshape((*output.shape, *t.shape)) for m, t in zip(made, called.inputs, strict=True)]

    return _jacobian(func, argnums, has_aux, "jacrev", blocks)


def jacfwd(func, argnums=0, has_aux: bool = False, *, randomness: str = "error", chunk_size: int | None = None):
    """The Jacobian of a function, column by column: cheaper than `jacrev` where there are more outputs than inputs."""

    def blocks(called):
        push = _Pushed(called)
        columns = []
        for j, tensor in enumerate(called.inputs):
            made = _each(
                lambda direction, j=j: _pull([push.g[j]], push.u, [direction], called.lasting),
                _basis(tensor, chunk_size),
                called.lasting,
            )
            columns.append(
                [m.movedim(0, -1).reshape((*o.shape, *tensor.shape)) for m, o in zip(made, called.outputs, strict=True)]
            )
        return list(zip(*columns, strict=True))

    return _jacobian(func, argnums, has_aux, "jacfwd", blocks)


def hessian(func, argnums=0):
    """The Hessian of a function: of output shape x argument shape x argument shape.

    >>> import jtorch as torch
    >>> torch.func.hessian(lambda x: (x ** 3).sum())(torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
