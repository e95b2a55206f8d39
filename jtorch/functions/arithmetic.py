"""Powers, quotients, choices and comparisons with several overloads."""

from .. import dtypes
from ..overloads import no_overload
from ..tensor import Tensor
from .composite import composite, operation, writing
from .questions import result_type

_pow, _pow_, _static_pow, _static_pow_ = (
    operation("pow"),
    writing("pow"),
    operation("static.pow"),
    writing("static.pow"),
)
_number_pow, _number_pow_ = operation("number.pow"), writing("number.pow")
_div, _div_, _rounded, _rounded_ = operation("div"), writing("div"), operation("rounding.div"), writing("rounding.div")
_lerp, _lerp_, _number_lerp, _number_lerp_ = (
    operation("lerp"),
    writing("lerp"),
    operation("number.lerp"),
    writing("number.lerp"),
)
_where, _isclose = operation("dtype.where"), operation("isclose")

# Exponents with a cheaper form than exp(n * log(x)). They are static: each compiles once.
_STATIC_EXPONENTS = frozenset((-2, -1, -0.5, 0, 0.5, 1, 2, 3, 4))


def _is_number(value) -> bool:
    return isinstance(value, (int, float, complex)) and not isinstance(value, Tensor)


def _pick_pow(input, exponent, in_place: bool):
    if not _is_number(exponent):
        return _pow_ if in_place else _pow
    dtype = input._aval.dtype
    exact = dtype.priority < 2
    if exact and isinstance(exponent, int) and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    if exponent in _STATIC_EXPONENTS and not (exact and isinstance(exponent, (bool, float))) and dtype.name != "bool":
        return _static_pow_ if in_place else _static_pow
    return _number_pow_ if in_place else _number_pow


@composite("pow", variants="function method out")
def pow(input, exponent):
    """input ** exponent, elementwise; a Python number on either side, or two tensors that broadcast.

    >>> import jtorch as torch
    >>> torch.tensor([1.0, 2.0, 3.0]).pow(2)
    tensor([1., 4., 9.])
    """
    if not isinstance(input, Tensor):
        return _pow(input, exponent)
    fn = _pick_pow(input, exponent, False)
    return fn(input, exponent=exponent) if fn is _static_pow else fn(input, exponent)


@composite("pow_", variants="method")
def pow_(input, exponent):
    """`pow` written into the input."""
    fn = _pick_pow(input, exponent, True)
    return fn(input, exponent=exponent) if fn is _static_pow_ else fn(input, exponent)


@composite("float_power", variants="function method out")
def float_power(input, exponent):
    """input ** exponent in double precision, also for integers."""
    if not isinstance(input, Tensor) and not isinstance(exponent, Tensor):
        raise no_overload(
            "float_power",
            (input, exponent),
            ("Tensor input, Tensor exponent", "Number self, Tensor exponent", "Tensor input, Number exponent"),
        )
    wide = _float_power_dtype(input, exponent)
    return pow(
        *(x.to(wide) if isinstance(x, Tensor) else (wide.is_complex and complex or float)(x) for x in (input, exponent))
    )


def _float_power_dtype(*operands):
    is_complex = any(x.is_complex() if isinstance(x, Tensor) else isinstance(x, complex) for x in operands)
    return dtypes.complex128 if is_complex else dtypes.float64


@composite("float_power_", variants="method")
def float_power_(input, exponent):
    """`float_power` written into the input, which must be of that dtype already."""
    wide = _float_power_dtype(input, exponent)
    if input.dtype is not wide:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {input.dtype} but the operation's result requires dtype {wide}"
        )
    return pow_(input, exponent)


@composite("div", "divide", variants="function method out")
def div(input, other, *, rounding_mode=None):
    """input / other; with `rounding_mode` "floor" rounded down, with "trunc" towards zero.

    >>> import jtorch as torch
    >>> torch.div(torch.tensor([-7, 7]), 2, rounding_mode="floor")
    tensor([-4,  3])
    """
    if rounding_mode is None:
        return _div(input, other)
    return _rounded(input, other, rounding_mode=_rounding(rounding_mode))


@composite("div_", "divide_", variants="method")
def div_(input, other, *, rounding_mode=None):
    """`div` written into the input."""
    if rounding_mode is None:
        return _div_(input, other)
    return _rounded_(input, other, rounding_mode=_rounding(rounding_mode))


def _rounding(mode):
    if mode not in ("floor", "trunc"):
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{mode}'")
    return mode


@composite("lerp", variants="function method out")
def lerp(input, end, weight):
    """input + weight * (end - input); the weight is a number or a tensor.

    >>> import jtorch as torch
    >>> torch.lerp(torch.tensor([0.0, 10.0]), torch.tensor([10.0, 20.0]), 0.5)
    tensor([ 5., 15.])
    """
    return (_lerp if isinstance(weight, Tensor) else _number_lerp)(input, end, weight)


@composite("lerp_", variants="method")
def lerp_(input, end, weight):
    """`lerp` written into the input."""
    return (_lerp_ if isinstance(weight, Tensor) else _number_lerp_)(input, end, weight)


@composite("where", variants="function out")
def where(condition, input=None, other=None):
    """`input` where the condition holds, else `other`. With the condition alone: the positions where it holds.

    >>> import jtorch as torch
    >>> x = torch.tensor([-1.0, 2.0])
    >>> torch.where(x > 0, x, 0.0)
    tensor([0., 2.])
    """
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    return _where(condition, input, other, dtype=result_type(input, other))


@composite("where", variants="method")
def where_method(input, condition, other):
    """`input` where the condition holds, else `other`."""
    return where(condition, input, other)


@composite("allclose")
def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False) -> bool:
    """Whether all elements are close: |input - other| <= atol + rtol * |other|.

    >>> import jtorch as torch
    >>> torch.allclose(torch.tensor([1.0]), torch.tensor([1.0 + 1e-9]))
    True
    """
    return bool(_isclose(input, other, rtol, atol, equal_nan).all())


@composite("equal")
def equal(input, other) -> bool:
    """Whether two tensors have the same shape and the same elements.

    >>> import jtorch as torch
    >>> torch.equal(torch.tensor([1, 2]), torch.tensor([1, 2]))
    True
    """
    return input.shape == other.shape and bool((input == other).all())


_polygamma, _polygamma_ = operation("number.polygamma"), writing("number.polygamma")


def _order(n):
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return n


@composite("polygamma", "special.polygamma", variants="function out")
def polygamma(n, input):
    """The n-th derivative of digamma.

    >>> import jtorch as torch
    >>> torch.polygamma(1, torch.tensor([1.0]))
    tensor([1.6449])
    """
    return _polygamma(input, n=_order(n))


@composite("polygamma", variants="method")
def polygamma_method(input, n):
    """The n-th derivative of digamma."""
    return _polygamma(input, n=_order(n))


@composite("polygamma_", variants="method")
def polygamma_(input, n):
    """`polygamma` written into the input."""
    return _polygamma_(input, n=_order(n))
