"""torch.autograd.functional: Jacobians, Hessians and their products with vectors, through the tape.

Functions take and give a tensor or a tuple of tensors. `jtorch.func` computes the same by JAX's transformations.
"""

from .. import creation
from ..dispatch import apply
from ..ops.registry import OPS
from ..tensor import Tensor
from .backward_pass import grad as _grad
from .mode import enable_grad

__all__ = ["vjp", "jvp", "vhp", "hvp", "jacobian", "hessian"]


def _tensors(given, argument: str, function: str) -> tuple[bool, tuple]:
    """Whether a tuple was given, and its tensors."""
    from_tuple = isinstance(given, tuple)
    found = given if from_tuple else (given,)
    for i, tensor in enumerate(found):
        if not isinstance(tensor, Tensor):
            where = (
                f"The {argument} given to {function} must be either a Tensor or a tuple of Tensors but the value at index {i} has type {type(tensor)}."
                if from_tuple
                else f"The {argument} given to {function} must be either a Tensor or a tuple of Tensors but the given {argument} has type {type(tensor)}."
            )
            raise TypeError(where)
    return from_tuple, found


def _called(func, inputs, create_graph: bool, need_graph: bool = True):
    """Inputs cut out of the caller's graph (or kept in it, for `create_graph`), and what `func` makes of them."""
    fresh = []
    for tensor in inputs:
        if create_graph and tensor.requires_grad:
            fresh.append(tensor.view_as(tensor))
        else:
            fresh.append(tensor.detach().requires_grad_(need_graph))
    return tuple(fresh), func(*fresh)


def _vectors(v, against, several: bool) -> tuple:
    """The vector of a product, checked against the tensors it belongs to."""
    if len(v) != len(against):
        if several:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(against)} but got {len(v)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for i, (given, tensor) in enumerate(zip(v, against, strict=True)):
        if given.shape != tensor.shape:
            prefix = f"Entry {i} in " if several else ""
            raise RuntimeError(f"{prefix}v has invalid size: should be {tensor.shape} but got {given.shape}.")
    return tuple(given.detach() for given in v)


def _strictly(tensors, against, what: str, strict: bool):
    """Zeros for gradients that are not there; an error under `strict`."""
    made = []
    for i, (tensor, other) in enumerate(zip(tensors, against, strict=True)):
        if tensor is None:
            if strict:
                raise RuntimeError(what.format(i=i))
            tensor = creation.zeros_like(other)
        made.append(tensor)
    return tuple(made)


def _done(made, from_tuple: bool, create_graph: bool):
    if not create_graph:
        made = tuple(t.detach() for t in made)
    return made if from_tuple else made[0]


_OUTPUTS = (
    "Output {i} of the user-provided function does not require gradients. The outputs must be computed in a differentiable manner "
    "from the input when running in strict mode."
)
_SLOPES = (
    "While computing the hessian, found that the jacobian of the user-provided function with respect to input {i} is independent of the "
    "input. This is not allowed in strict mode. You should ensure that your function is twice differentiable and that the jacobian "
    "depends on the inputs (this would be violated by a linear function for example)."
)
_UNUSED = "The output of the user-provided function is independent of input {i}. This is not allowed in strict mode."
_UNUSED_SLOPES = (
    "The jacobian of the user-provided function is independent of input {i}. This is not allowed in strict mode."
)


def _demand(tensors, strict: bool, what: str = _OUTPUTS) -> None:
    """Under `strict`, an error for the first tensor that has no history."""
    if strict:
        for i, tensor in enumerate(tensors):
            if tensor is None or not tensor.requires_grad:
                raise RuntimeError((what if tensor is not None else _UNUSED).format(i=i))


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """(outputs, v^T J): the product of a vector, by default 1 for a scalar output, with the Jacobian of `func` at the inputs.

    >>> import jtorch as torch
    >>> torch.autograd.functional.vjp(lambda x: x ** 2, torch.tensor([1., 2.]), torch.tensor([1., 1.]))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    with enable_grad():
        from_tuple, inputs = _tensors(inputs, "inputs", "vjp")
        fresh, made = _called(func, inputs, create_graph)
        out_tuple, outputs = _tensors(made, "outputs of the user-provided function", "vjp")
        _demand(outputs, strict)
        v = _default_vector(v, outputs, out_tuple, "vjp", "outputs")
        grads = _gradient(outputs, fresh, v, create_graph, strict)
        grads = _strictly(grads, fresh, _UNUSED, strict)
    return _done(outputs, out_tuple, create_graph), _done(grads, from_tuple, create_graph)


_NO_V = {
    "outputs": "The vector v can only be None if the user-provided function returns a single Tensor with a single element.",
    "inputs": "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element.",
}


def _default_vector(v, tensors, several: bool, function: str, what: str):
    if v is not None:
        _, v = _tensors(v, "v", function)
        return _vectors(v, tensors, several)
    if len(tensors) != 1 or tensors[0].numel() != 1:
        raise RuntimeError(_NO_V[what])
    return tuple(creation.ones_like(t) for t in tensors)


def _gradient(outputs, inputs, grads, create_graph, strict=False, retain_graph=None):
    """`autograd.grad` that takes outputs without history for constants."""
    pairs = [(o, g) for o, g in zip(outputs, grads, strict=True) if o.requires_grad and g is not None]
    if not pairs:
        return (None,) * len(inputs)
    chosen, directions = zip(*pairs, strict=True)
    return _grad(chosen, inputs, directions, allow_unused=True, create_graph=create_graph, retain_graph=retain_graph)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """(outputs, J v): the product of the Jacobian of `func` at the inputs with a vector, by backward of backward."""
    with enable_grad():
        from_tuple, inputs = _tensors(inputs, "inputs", "jvp")
        v = _default_vector(v, inputs, from_tuple, "jvp", "inputs")
        fresh, made = _called(func, inputs, create_graph)
        out_tuple, outputs = _tensors(made, "outputs of the user-provided function", "jvp")
        _demand(outputs, strict)
        ones = tuple(creation.zeros_like(o).requires_grad_(True) for o in outputs)
        rows = _strictly(_gradient(outputs, fresh, ones, True), fresh, _UNUSED, strict)
        products = _gradient(rows, ones, v, create_graph)
        products = _strictly(products, outputs, _UNUSED, strict)
    return _done(outputs, out_tuple, create_graph), _done(products, out_tuple, create_graph)


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """The Jacobian of `func` at the inputs: of output shape x input shape, in tuples where several went in or came out.

    >>> import jtorch as torch
    >>> torch.autograd.functional.jacobian(lambda x: x ** 2, torch.tensor([1., 2.]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs than inputs, '
            '"forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(
                'torch.autograd.functional.jacobian: `create_graph=True` and `strategy="forward-mode"` are not supported together (yet). '
                'Please either set `create_graph=False` or `strategy="reverse-mode"`.'
            )
        if not vectorize:
            raise NotImplementedError(
                'torch.autograd.functional.jacobian: `strategy="forward-mode"` requires `vectorize=True`; set it, or use "reverse-mode"'
            )
    if strict and vectorize:
        raise RuntimeError(
            "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
            "Please either set `strict=False` or `vectorize=False`."
        )
    with enable_grad():
        from_tuple, inputs = _tensors(inputs, "inputs", "jacobian")
        fresh, made = _called(func, inputs, create_graph)
        out_tuple, outputs = _tensors(made, "outputs of the user-provided function", "jacobian")
        _demand(outputs, strict)
        result = tuple(_rows(output, fresh, create_graph, strict, i) for i, output in enumerate(outputs))
        if not create_graph:
            result = tuple(tuple(t.detach() for t in row) for row in result)
    if not from_tuple:
        result = tuple(row[0] for row in result)
    return result if out_tuple else result[0]


def _rows(output, inputs, create_graph, strict, number) -> tuple:
    """The Jacobian of one output with respect to each input."""
    columns: list[list] = [[] for _ in inputs]
    flat = output.reshape(-1)
    for j in range(output.numel()):
        grads = _gradient((flat[j],), inputs, (creation.ones_like(flat[j]),), create_graph, retain_graph=True)
        for i, (column, gradient, tensor) in enumerate(zip(columns, grads, inputs, strict=True)):
            if gradient is None:
                if strict:
                    raise RuntimeError(
                        f"Output {number} of the user-provided function is independent of input {i}. This is not allowed in strict mode."
                    )
                gradient = creation.zeros_like(tensor)
            elif strict and create_graph and not gradient.requires_grad:
                raise RuntimeError(
                    f"The jacobian of the user-provided function is independent of input {i}. This is not allowed in strict mode when create_graph=True."
                )
            column.append(gradient)
    return tuple(
        apply(OPS["stack"], (column, 0))[0].view((*output.shape, *tensor.shape))
        if column
        else creation.zeros((*output.shape, *tensor.shape), dtype=output.dtype)
        for column, tensor in zip(columns, inputs, strict=True)
    )


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """The Hessian of a scalar function at the inputs: of input shape x input shape, in tuples of tuples for several inputs.

    >>> import jtorch as torch
    >>> torch.autograd.functional.hessian(lambda x: (x ** 3).sum(), torch.tensor([1., 2.]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    from_tuple, inputs = _tensors(inputs, "inputs", "hessian")

    def value(*args):
        made = func(*args)
        out_tuple, outputs = _tensors(made, "outputs of the user-provided function", "hessian")
        if out_tuple:
            raise RuntimeError("The function given to hessian should return a single Tensor")
        if outputs[0].numel() != 1:
            raise RuntimeError("The Tensor returned by the function given to hessian should contain a single element")
        return outputs[0].squeeze()

    def slopes(*args):
        made = jacobian(value, args, create_graph=True)
        _demand(made, strict, _SLOPES)
        return made

    made = jacobian(slopes, inputs, create_graph=create_graph, strict=strict)
    return made if from_tuple else made[0][0]


def _hessian_product(func, inputs, v, create_graph, strict, function):
    from_tuple, inputs = _tensors(inputs, "inputs", function)
    v = _default_vector(v, inputs, from_tuple, function, "inputs")
    fresh, made = _called(func, inputs, create_graph)
    out_tuple, outputs = _tensors(made, "outputs of the user-provided function", function)
    _demand(outputs, strict)
    if out_tuple:
        raise RuntimeError(f"The function given to {function} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {function} should contain a single element")
    slopes = _gradient(outputs, fresh, (creation.ones_like(outputs[0]),), True)
    _demand(slopes, strict, _SLOPES)
    return from_tuple, fresh, v, outputs, _strictly(slopes, fresh, _UNUSED, strict)


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """(output, v^T H): the product of a vector with the Hessian of a scalar function."""
    with enable_grad():
        from_tuple, fresh, v, outputs, slopes = _hessian_product(func, inputs, v, create_graph, strict, "vhp")
        products = _strictly(_gradient(slopes, fresh, v, create_graph), fresh, _UNUSED_SLOPES, strict)
    return _done(outputs, False, create_graph), _done(products, from_tuple, create_graph)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """(output, H v): the product of the Hessian of a scalar function with a vector; `vhp` is the same and cheaper where the Hessian is symmetric."""
    with enable_grad():
        from_tuple, fresh, v, outputs, slopes = _hessian_product(func, inputs, v, create_graph, strict, "hvp")
        ones = tuple(creation.zeros_like(s).requires_grad_(True) for s in slopes)
        rows = _strictly(_gradient(slopes, fresh, ones, True), fresh, _UNUSED, strict)
        products = _strictly(_gradient(rows, ones, v, create_graph), fresh, _UNUSED_SLOPES, strict)
    return _done(outputs, False, create_graph), _done(products, from_tuple, create_graph)
