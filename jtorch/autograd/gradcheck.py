"""gradcheck and gradgradcheck: gradients against central differences.

For one input and one output the Jacobian has a row per element of the input and a column per element of the output. A complex input x + iy counts by
df/dx + i df/dy, which is what backward gives for a real f; a complex output is checked by its real and its imaginary part.
"""

import sys
import types
import warnings
from itertools import product

from .. import creation, random
from ..dtypes import strided
from ..promotion import promote_types
from ..tensor import Tensor
from .backward_pass import grad as _grad
from .function import Function


class GradcheckError(RuntimeError):
    """A gradient that differs from the differences, or that breaks a rule of backward functions."""


_NONDETERMINISM = (
    "\n\nNOTE: If your op relies on non-deterministic operations, this failure might be expected: give "
    "`nondet_tol=<tol>` as a keyword argument.\n"
)


def _tuple(x) -> tuple:
    if isinstance(x, (tuple, list)):
        return tuple(x)
    return (x,)


def _differentiable(outputs) -> tuple:
    return tuple(o for o in _tuple(outputs) if isinstance(o, Tensor) and o.requires_grad)


def _wanted(inputs) -> list[tuple[int, Tensor]]:
    """Inputs to check, with their positions."""
    return [(i, t) for i, t in enumerate(inputs) if isinstance(t, Tensor) and t.requires_grad]


def gradcheck(
    func,
    inputs,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether the gradients of `func` agree with differences of its values; made for float64 inputs.

    `fast_mode` compares one random projection of each Jacobian. Forward mode and batched gradients are functions of `jtorch.func`, and JAX's own: they are
    not checked here. A sparse input counts by its values with `masked=True`, else by all its elements. Raises GradcheckError (or gives False) where something disagrees.

    >>> import jtorch as torch
    >>> x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(torch.sin, (x,))
    True
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    if check_forward_ad:
        raise NotImplementedError(
            "gradcheck(check_forward_ad=True): forward mode is JAX's own; compare with jtorch.func.jvp"
        )
    settings = _Settings(eps, atol, rtol, nondet_tol, check_grad_dtypes, fast_mode)
    inputs = _tuple(inputs)
    if any(isinstance(x, Tensor) and x.layout is not strided for x in inputs):
        from ..sparse.checking import on_strided

        func, inputs = on_strided(func, inputs, bool(masked))
    try:
        return _gradcheck(func, inputs, settings, check_undefined_grad)
    except GradcheckError:
        if raise_exception:
            raise
        return False


class _Settings:
    def __init__(self, eps, atol, rtol, nondet_tol, check_grad_dtypes, fast_mode):
        self.eps, self.atol, self.rtol, self.nondet_tol = eps, atol, rtol, nondet_tol
        self.check_grad_dtypes, self.fast_mode = check_grad_dtypes, fast_mode


def _gradcheck(func, inputs, settings, check_undefined_grad) -> bool:
    _check_inputs(inputs)
    made = func(*inputs)
    outputs = _differentiable(made)
    complex_outputs = [i for i, o in enumerate(outputs) if o.is_complex()]
    if any(o.is_complex() for o in _tuple(made)):
        for part, word in ((lambda o: o.imag, "imaginary"), (lambda o: o.real, "real")):

            def real(*args, part=part):
                return tuple(part(o) if o.is_complex() else o for o in _tuple(func(*args)))

            _compare(real, inputs, settings, {i: word for i in complex_outputs})
    else:
        _compare(func, inputs, settings, {})
    _check_scaling(outputs, inputs)
    if check_undefined_grad:
        _check_undefined(func, outputs, inputs)
    return True


def _check_inputs(inputs) -> None:
    found = False
    for i, tensor in _wanted(inputs):
        found = True
        if str(tensor.dtype) not in ("torch.float64", "torch.complex128"):
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. "
                "This check will likely fail if all the inputs are not of double precision floating point or complex. ",
                UserWarning,
                stacklevel=5,
            )
        if not all(stride > 0 or n <= 1 for stride, n in zip(tensor.stride(), tensor.shape, strict=True)):
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping to be able to "
                "compute the numerical gradients correctly. You should call .contiguous on the input before passing it to gradcheck."
            )
    if not found:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


def _compare(func, inputs, settings, parts: dict[int, str]) -> None:
    """Compare all Jacobians of a function with real outputs."""
    made = _tuple(func(*inputs))
    outputs = _differentiable(made)
    if not outputs:
        for _, tensor in _wanted(inputs):
            for jacobian in _numerical(func, inputs, tensor, made, settings.eps):
                if bool(jacobian.ne(0).any()):
                    raise GradcheckError("Numerical gradient for function expected to be zero")
        return
    if settings.fast_mode:
        _compare_projections(func, inputs, made, outputs, settings, parts)
        return
    checked = [i for i, o in enumerate(made) if isinstance(o, Tensor) and o.requires_grad]
    numerical = [_numerical(func, inputs, tensor, made, settings.eps) for _, tensor in _wanted(inputs)]
    for i, output in enumerate(outputs):
        for j, analytical in enumerate(_analytical(inputs, output, settings)):
            expected = numerical[j][checked[i]]
            if not _close(analytical, expected, settings.rtol, settings.atol):
                raise GradcheckError(_mismatch(analytical, expected, i, j, parts))


def _close(a, b, rtol, atol) -> bool:
    dtype = promote_types(a.dtype, b.dtype)
    return a.to(dtype).allclose(b.to(a.device, dtype), rtol, atol)


def _mismatch(analytical, numerical, output, input, parts) -> str:
    prefix = f"While considering the {parts[output]} part of complex outputs only, " if output in parts else ""
    return (
        f"{prefix}Jacobian mismatch for output {output:d} with respect to input {input:d},\n"
        f"numerical:{numerical}\nanalytical:{analytical}\n"
    )


# Numerical


def _values(outputs) -> list[Tensor]:
    return [o.detach().clone() for o in outputs]


def _check_same(before, after, eps) -> None:
    for a, b in zip(before, after, strict=True):
        for word, x, y in (("shape", a.shape, b.shape), ("dtype", a.dtype, b.dtype)):
            if x != y:
                raise AssertionError(
                    f"Expected `func` to return outputs with the same {word} when inputs are perturbed by {eps}, but got: {word}s {x} and {y}."
                )


def _difference(func, inputs, data, step, eps, direction) -> list[Tensor]:
    """(f(x + eps d) - f(x - eps d)) / (2 eps) for each output; `step(sign)` writes the moved input into `data`."""
    original = data.clone()
    found = []
    for sign in (-1, 1):
        step(sign * direction)
        found.append(_values(_tuple(func(*inputs))))
        data.copy_(original)
    low, high = found
    _check_same(low, high, eps)
    return [((b - a) / (2 * eps)).reshape(-1) for a, b in zip(low, high, strict=True)]


def _numerical(func, inputs, tensor, outputs, eps) -> list[Tensor]:
    """The Jacobian of each output with respect to one input, by moving its elements one at a time."""
    data = tensor.data
    rows: list[list[Tensor]] = [[] for _ in outputs]
    for index in product(*map(range, data.shape)):
        here = data[index].clone()

        def move(delta, index=index, here=here):
            data[index] = here + delta

        changes = _difference(func, inputs, data, move, eps, eps)
        if tensor.is_complex():
            imaginary = _difference(func, inputs, data, move, eps, eps * 1j)
            changes = [x + y * 1j for x, y in zip(changes, imaginary, strict=True)]
        for row, change in zip(rows, changes, strict=True):
            row.append(change)
    made = []
    for row, output in zip(rows, outputs, strict=True):
        dtype = tensor.dtype if tensor.is_complex() else output.dtype
        jacobian = creation.zeros((tensor.numel(), output.numel()), dtype=dtype, device=output.device)
        for i, change in enumerate(row):
            jacobian[i] = change.to(dtype)
        made.append(jacobian)
    return made


# Analytical


def _analytical(inputs, output, settings, v=None) -> list[Tensor]:
    """The Jacobian of one output with respect to each input, by backward from its elements (or from the one direction `v`)."""
    wanted = [tensor for _, tensor in _wanted(inputs)]
    first, types_agree, sizes_agree = _backward(wanted, output, v)
    second, _, _ = _backward(wanted, output, v)
    if not types_agree and settings.check_grad_dtypes:
        raise GradcheckError("Gradient has dtype mismatch")
    if not sizes_agree:
        raise GradcheckError("Analytical gradient has incorrect size")
    for a, b in zip(first, second, strict=True):
        if a.numel() and bool(((a - b).abs() > settings.nondet_tol).any()):
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different values, "
                "although analytical gradient matches numerical gradient."
                f"The tolerance for nondeterminism was {settings.nondet_tol}." + _NONDETERMINISM
            )
    return first


def _backward(wanted, output, v) -> tuple[list[Tensor], bool, bool]:
    columns = output.numel() if v is None else 1
    made = [creation.zeros((t.numel(), columns), dtype=t.dtype, device=t.device) for t in wanted]
    types_agree = sizes_agree = True
    for column in range(columns):
        direction = creation.zeros(output.shape, dtype=output.dtype, device=output.device)
        if v is None:
            direction.view(-1)[column] = 1
        else:
            direction = v.view(output.shape).to(output.dtype)
        grads = _grad(output, wanted, direction, retain_graph=True, allow_unused=True)
        for jacobian, tensor, gradient in zip(made, wanted, grads, strict=True):
            if gradient is None:
                continue
            if gradient.shape != tensor.shape:
                sizes_agree = False
                continue
            types_agree = types_agree and gradient.dtype is tensor.dtype
            jacobian[:, column] = gradient.detach().reshape(-1).to(tensor.dtype)
    return made, types_agree, sizes_agree


# Projections: v^T J u for random u and v


def _compare_projections(func, inputs, made, outputs, settings, parts) -> None:
    generator = random.Generator()
    u = [_direction(t, generator) for _, t in _wanted(inputs)]
    v = [_direction(o, generator)[0] for o in outputs]
    checked = [i for i, o in enumerate(made) if isinstance(o, Tensor) and o.requires_grad]
    analytical = [_analytical(inputs, o, settings, direction) for o, direction in zip(outputs, v, strict=True)]
    for j, (_, tensor) in enumerate(_wanted(inputs)):
        changes = _projected(func, inputs, tensor, u[j], settings.eps)
        for i in range(len(outputs)):
            numerical = (changes[checked[i]] * v[i]).sum()
            row = analytical[i][j].reshape(-1)
            if tensor.is_complex():
                found = (row.real * u[j][0]).sum() + 1j * (row.imag * u[j][1]).sum()
                size = float(u[j][0].sum()) + float(u[j][1].sum())
            else:
                found = (row * u[j][0]).sum()
                size = float(u[j][0].sum())
            if not _close(found, numerical, settings.rtol, settings.atol * size * float(v[i].sum())):
                raise GradcheckError(
                    _mismatch(found, numerical, i, j, parts)
                    + _elementwise(func, inputs, made, i, checked[i], j, settings)
                )


def _direction(tensor, generator) -> tuple[Tensor, Tensor]:
    """Two real random vectors of length 1 with as many elements as the tensor."""
    dtype = tensor.dtype.to_real()
    drawn = []
    for _ in range(2 if tensor.is_complex() else 1):
        vector = random.rand(tensor.numel(), generator=generator).to(tensor.device, dtype)
        drawn.append(vector / vector.pow(2).sum().sqrt())
    return drawn[0], drawn[-1]


def _projected(func, inputs, tensor, u, eps) -> list[Tensor]:
    data = tensor.data
    here = data.clone()

    def along(vector):
        def move(delta):
            data.copy_(here + vector.view(data.shape) * delta)

        return _difference(func, inputs, data, move, eps, eps)

    changes = along(u[0])
    if tensor.is_complex():
        changes = [x + y * 1j for x, y in zip(changes, along(u[1] * 1j), strict=True)]
    return changes


def _elementwise(func, inputs, made, output, position, input, settings) -> str:
    """What a projection that disagrees looks like element by element."""
    tensor = _wanted(inputs)[input][1]
    numerical = _numerical(func, inputs, tensor, made, settings.eps)[position]
    analytical = _analytical(inputs, _differentiable(made)[output], settings)[input]
    text = (
        "\nThe above quantities relating the numerical and analytical jacobians are computed \nin fast mode. "
        "Below, we recompute numerical and analytical jacobians in slow mode:\n\n"
        f"Numerical:\n {numerical}\nAnalytical:\n{analytical}\n\n"
        f"The max per-element difference (slow mode) is: {(numerical - analytical).abs().max()}.\n"
    )
    if _close(analytical, numerical, settings.rtol, settings.atol):
        text += "Fast gradcheck failed but element-wise differences are small: the check may pass with fast_mode=False."
    return text


# Rules of backward functions


def _check_scaling(outputs, inputs) -> None:
    """The gradient of zero is zero, of the right dtype, device and size."""
    wanted = [tensor for _, tensor in _wanted(inputs)]
    if not outputs:
        return
    nothing = [creation.zeros_like(o) for o in outputs]
    for gradient, tensor in zip(
        _grad(outputs, wanted, nothing, retain_graph=True, allow_unused=True), wanted, strict=True
    ):
        if gradient is None:
            continue
        if bool(gradient.ne(0).any()):
            raise GradcheckError("backward not multiplied by grad_output")
        if gradient.dtype is not tensor.dtype:
            raise GradcheckError("grad is incorrect type")
        if gradient.device != tensor.device:
            raise GradcheckError("grad is incorrect device")
        if gradient.shape != tensor.shape:
            raise GradcheckError("grad is incorrect size")


class _Undefined(Function):
    """The identity whose gradient is undefined."""

    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return None


def _check_undefined(func, outputs, inputs) -> None:
    """Backward functions take an undefined gradient for zero: of all outputs, and of each alone."""
    count = len(_differentiable(func(*inputs)))
    _undefined_is_zero(func, inputs, range(count))
    if count > 1:
        for i in range(count):
            _undefined_is_zero(func, inputs, (i,))


def _undefined_is_zero(func, inputs, which) -> None:
    outputs = [_Undefined.apply(o) if i in which else o for i, o in enumerate(_differentiable(func(*inputs)))]
    if not outputs:
        return
    wanted = [tensor for _, tensor in _wanted(inputs)]
    try:
        grads = _grad(outputs, wanted, [creation.zeros_like(o) for o in outputs], allow_unused=True)
    except RuntimeError as error:
        _warn_about_undefined()
        raise GradcheckError(
            'Expected backward function to handle undefined output grads. Please look at "Notes about undefined output gradients" in '
            '"tools/autograd/derivatives.yaml"'
        ) from error
    if any(g is not None and bool(g.ne(0).any()) for g in grads):
        _warn_about_undefined()
        raise GradcheckError(
            "Expected all input grads to be undefined or zero when all output grads are undefined or zero. Please look at "
            '"Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'
        )


def _warn_about_undefined() -> None:
    warnings.warn(
        "Backwards compatibility: New undefined gradient support checking feature is enabled by default, but it may break existing callers "
        'of this function. If this is true for you, you can call this function with "check_undefined_grad=False" to disable the feature',
        UserWarning,
        stacklevel=2,
    )


def gradgradcheck(
    func,
    inputs,
    grad_outputs=None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Whether the gradients of the gradients of `func` agree with differences, for random (or given) gradients of its outputs.

    >>> import jtorch as torch
    >>> x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradgradcheck(torch.exp, (x,))
    True
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    inputs = _tuple(inputs)
    if grad_outputs is None:
        grads = tuple(_random_gradient(o, gen_non_contig_grad_outputs) for o in _differentiable(func(*inputs)))
    else:
        grads = _tuple(grad_outputs)
    wanted = {i for i, _ in _wanted(inputs)}

    def gradients(*args):
        given, directions = args[: len(inputs)], args[len(inputs) :]
        given = tuple(t.requires_grad_() if i in wanted else t for i, t in enumerate(given))
        outputs = _differentiable(func(*given))
        made = _grad(outputs, [given[i] for i in sorted(wanted)], directions, create_graph=True, allow_unused=True)
        return tuple(g for g in made if g is not None)

    return gradcheck(
        gradients,
        inputs + grads,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


def _random_gradient(output, noncontiguous) -> Tensor:
    shape = (*output.shape[:-1], 2 * output.shape[-1]) if noncontiguous and output.dim() else output.shape
    made = creation.zeros(shape, dtype=output.dtype, device=output.device)
    if made.is_complex():
        made = (
            random.rand(*shape, dtype=output.dtype.to_real()) * 2
            - 1
            + 1j * (random.rand(*shape, dtype=output.dtype.to_real()) * 2 - 1)
        )
    else:
        made.uniform_(-1, 1)
    if shape != output.shape:
        made = made[..., ::2]
    return made.detach().requires_grad_()


class _CallableModule(types.ModuleType):
    """`torch.autograd.gradcheck` is a function and a module: importing the module puts it where the function was."""

    def __call__(self, *args, **kwargs):
        return gradcheck(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
