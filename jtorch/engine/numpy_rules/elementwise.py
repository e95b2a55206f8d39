"""Functions of one element at a time, and conversions between dtypes."""

import ml_dtypes
import numpy as np

from .registry import RULES, SHORT_FLOATS, Unknown, in_total_order, kind, rule


def _elementwise(name, fn, kinds="biufc", work=1):
    def build(equation):
        if any(kind(v.aval) not in kinds for v in equation.invars):
            raise Unknown(name)
        return fn, work

    RULES[name] = build


def _through_float32(fn):
    """A function that numpy lacks for 16-bit floats, computed in float32."""

    def call(x, *rest):
        if x.dtype in SHORT_FLOATS:
            return fn(x.astype(np.float32), *(r.astype(np.float32) for r in rest)).astype(x.dtype)
        return fn(x, *rest)

    return call


for _name, _fn in {
    "add": np.add, "add_any": np.add, "sub": np.subtract, "mul": np.multiply, "neg": np.negative, 
}.items():  # fmt: skip
    _elementwise(_name, _fn, "iufc")
for _name, _fn in {"max": np.maximum, "min": np.minimum}.items():
    _elementwise(_name, _fn, "biuf")
for _name, _fn in {"eq": np.equal, "ne": np.not_equal}.items():
    _elementwise(_name, _fn)
for _name, _fn in {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}.items():
    _elementwise(_name, _fn, "biuf")
for _name, _fn in {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor, "not": np.invert}.items():
    _elementwise(_name, _fn, "biu")
for _name, _fn in {"floor": np.floor, "ceil": np.ceil, "is_finite": np.isfinite, "nextafter": np.nextafter}.items():
    _elementwise(_name, _fn, "f")
_elementwise("conj", np.conj, "c")
_elementwise("sqrt", np.sqrt, "fc", 2)
_elementwise("abs", np.abs, "ifc")
_elementwise("real", np.real, "c")
_elementwise("imag", np.imag, "c")
_elementwise("square", np.square, "iufc")
_elementwise("sign", np.sign, "iuf")
for _name, _fn in {
    "exp": np.exp, "exp2": np.exp2, "log": np.log, "log1p": np.log1p, "expm1": np.expm1, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh, "atan2": np.arctan2, "cbrt": np.cbrt,
}.items():  # fmt: skip
    _elementwise(_name, _through_float32(_fn), "f", 8)
_elementwise("rsqrt", _through_float32(lambda x: x.dtype.type(1) / np.sqrt(x)), "f", 3)


@_through_float32
def _logistic(x):
    one = x.dtype.type(1)
    return one / (one + np.exp(-x))


_elementwise("logistic", _logistic, "f", 10)


def _special(name):
    """A function of scipy, which is loaded when it is first used."""

    def call(x):
        import scipy.special

        return _through_float32(getattr(scipy.special, name))(x)

    return call


for _name, _scipy_name in {
    "erf": "erf", "erfc": "erfc", "erf_inv": "erfinv", "lgamma": "gammaln", "bessel_i0e": "i0e", "bessel_i1e": "i1e",
}.items():  # fmt: skip
    _elementwise(_name, _special(_scipy_name), "f", 20)


@rule("div")
def _div(equation):
    if kind(equation.outvars[0].aval) in "fc":
        return np.divide, 2
    dtype = equation.outvars[0].aval.dtype
    if dtype.kind == "b":
        raise Unknown("div")

    def divide(x, y):  # towards zero; by zero: all bits set
        nothing = y == 0
        safe = np.where(nothing, dtype.type(1), y)
        found = x // safe
        if dtype.kind == "i":
            found = found + ((found < 0) & (found * safe != x)).astype(dtype)
            found = np.where(safe == -1, np.negative(x), found)
        return np.where(nothing, np.invert(dtype.type(0)), found).astype(dtype)

    return divide, 8


@rule("rem")
def _rem(equation):
    dtype = equation.outvars[0].aval.dtype
    if kind(equation.outvars[0].aval) == "f":
        return np.fmod, 8
    if dtype.kind not in "iu":
        raise Unknown("rem")

    def remainder(x, y):  # with the sign of the first; by zero: the first
        nothing = (y == 0) | (y == -1) if dtype.kind == "i" else y == 0
        found = np.fmod(x, np.where(nothing, dtype.type(1), y))
        return np.where(y == 0, x, found).astype(dtype)

    return remainder, 8


@rule("pow")
def _pow(equation):
    if any(kind(v.aval) != "f" for v in equation.invars):
        raise Unknown("pow")
    return _through_float32(np.power), 20


@rule("integer_pow")
def _integer_pow(equation):
    y = equation.params["y"]
    if kind(equation.invars[0].aval) not in "iufc" or (y < 0 and kind(equation.invars[0].aval) in "iu"):
        raise Unknown("integer_pow")

    def power(x):
        made, factor, n = None, x, abs(y)
        while n:
            if n & 1:
                made = factor if made is None else made * factor
            factor, n = factor * factor if n > 1 else factor, n >> 1
        if made is None:
            return np.ones_like(x)
        return x.dtype.type(1) / made if y < 0 else made

    return power, 4


@rule("round")
def _round(equation):
    if int(equation.params["rounding_method"]) == 1:
        return np.rint

    def away_from_zero(x):
        whole = np.trunc(x)
        return whole + np.where(np.abs(x - whole) >= 0.5, np.copysign(x.dtype.type(1), x), x.dtype.type(0))

    return _through_float32(away_from_zero), 5


def _shift(name, fn):
    def build(equation):
        dtype = equation.outvars[0].aval.dtype
        bits = dtype.itemsize * 8

        def shift(x, by):
            over = (by < 0) | (by >= bits)
            return fn(x, np.where(over, dtype.type(0), by), over, dtype)

        if dtype.kind not in "iu":
            raise Unknown(name)
        return shift, 5

    RULES[name] = build


def _logical_right(x, by, over, dtype):
    unsigned = np.dtype(f"u{dtype.itemsize}")
    return np.where(over, dtype.type(0), (x.view(unsigned) >> by.astype(unsigned)).view(dtype))


def _arithmetic_right(x, by, over, dtype):
    signed = np.dtype(f"i{dtype.itemsize}")
    by = np.where(over, dtype.type(dtype.itemsize * 8 - 1), by).astype(signed)
    return (np.asarray(x).view(signed) >> by).view(dtype)


_shift("shift_left", lambda x, by, over, dtype: np.where(over, dtype.type(0), x << by))
_shift("shift_right_logical", lambda x, by, over, dtype: _logical_right(np.asarray(x), np.asarray(by), over, dtype))
_shift("shift_right_arithmetic", _arithmetic_right)


@rule("complex")
def _complex(equation):
    dtype = equation.outvars[0].aval.dtype

    def join(real, imaginary):
        made = np.empty(np.broadcast_shapes(np.shape(real), np.shape(imaginary)), dtype)
        made.real, made.imag = real, imaginary
        return made

    return join


@rule("select_n")
def _select_n(equation):
    if equation.invars[0].aval.dtype != np.bool_ or len(equation.invars) != 3:
        raise Unknown("select_n")
    return lambda which, no, yes: np.where(which, yes, no)


for _name, _fn in {"eq_to": np.equal, "lt_to": np.less, "le_to": np.less_equal}.items():
    _elementwise(_name, lambda x, y, fn=_fn: fn(in_total_order(np.asarray(x)), in_total_order(np.asarray(y))), "iuf", 4)


@rule("clamp")
def _clamp(equation):
    if kind(equation.invars[1].aval) not in "iuf":
        raise Unknown("clamp")
    return lambda low, x, high: np.minimum(np.maximum(x, low), high)


@rule("convert_element_type")
def _convert(equation):
    source, target = equation.invars[0].aval, equation.outvars[0].aval
    return converter(source.dtype, target.dtype)


def converter(source, target):
    """From one dtype to another as XLA converts: floats beyond the integers saturate, NaN is 0."""
    if source == target:
        return lambda x: x
    if source.kind == "c" and target.kind != "c":
        inner = converter(np.dtype(f"f{source.itemsize // 2}"), target)
        if target.kind == "b":
            return lambda x: x != 0
        return lambda x: inner(np.real(x))
    if target.kind == "b":
        return lambda x: x != 0
    if (source.kind == "f" or source in SHORT_FLOATS) and target.kind in "iu":
        limits = np.iinfo(target)
        if source in SHORT_FLOATS:
            return lambda x: converter(np.dtype(np.float32), target)(x.astype(np.float32))
        low, high = source.type(limits.min), source.type(limits.max)

        def saturate(x):
            inside = (x > low) & (x < high)
            made = np.where(inside, x, source.type(0)).astype(target)
            return np.where(
                inside,
                made,
                np.where(
                    x >= high, target.type(limits.max), np.where(x <= low, target.type(limits.min), target.type(0))
                ),
            )

        return saturate
    return lambda x: x.astype(target)


@rule("bitcast_convert_type")
def _bitcast(equation):
    source, target = equation.invars[0].aval.dtype, equation.outvars[0].aval
    if source.itemsize != target.dtype.itemsize or "b" in (source.kind, target.dtype.kind):
        raise Unknown("bitcast_convert_type")
    return lambda x: np.asarray(x).view(target.dtype)


@rule("reduce_precision")
def _reduce_precision(equation):
    bits = equation.params["exponent_bits"], equation.params["mantissa_bits"]
    dtype = equation.invars[0].aval.dtype
    if dtype == {(8, 23): np.float32, (11, 52): np.float64, (5, 10): np.float16, (8, 7): ml_dtypes.bfloat16}.get(bits):
        return lambda x: x
    short = {(8, 7): ml_dtypes.bfloat16, (8, 23): np.float32}.get(bits)
    if short is None or dtype.kind != "f":
        raise Unknown("reduce_precision")
    return lambda x: x.astype(short).astype(dtype)


@rule("optimization_barrier")
def _barrier(equation):
    return (lambda x: x) if len(equation.outvars) == 1 else lambda *arrays: arrays


@rule("stop_gradient", "copy", "copy_p")
def _same(equation):
    return lambda x: x
