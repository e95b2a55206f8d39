"""What torch refuses to draw: bounds, parameters and dtypes of random operations, checked before anything is drawn.

The functions take Python numbers and numpy dtypes and raise torch's error; they bear the names of the draws they guard.
`VALUE_CHECKS` are the checks of tensors, by name of the draw and in the form of `Op.check`.
"""

import functools
import warnings
from collections.abc import Callable

import numpy as np

from jtorch.ops.draws import REDUCED
from jtorch.ops.kinds import SCALAR_NAMES

SMALLEST, LARGEST = -(2**63), 2**63 - 1
WIDE_SPAN = 2**28  # from this many integers on torch draws 64-bit words

# How torch's messages name a dtype: its own name, and C++'s.
NAMES = {
    "float32": ("Float", "float"),
    "float64": ("Double", "double"),
    "float16": ("Half", "c10::Half"),
    "bfloat16": ("BFloat16", "c10::BFloat16"),
    "uint8": ("Byte", "unsigned char"),
    "int8": ("Char", "signed char"),
    "int16": ("Short", "short int"),
    "int32": ("Int", "int"),
    "int64": ("Long", "long int"),
    "uint16": ("UInt16", "short unsigned int"),
    "uint32": ("UInt32", "unsigned int"),
    "uint64": ("UInt64", "long unsigned int"),
    "bool": ("Bool", "bool"),
    "complex64": ("ComplexFloat", "c10::complex<float>"),
    "complex128": ("ComplexDouble", "c10::complex<double>"),
}
MANTISSA = {"float32": 24, "float64": 53, "float16": 11, "bfloat16": 8}
FLOATING = tuple(MANTISSA)
COMPLEX = ("complex64", "complex128")
UNSIGNED = ("uint16", "uint32", "uint64")  # newer dtypes, which most kernels do not know


def require(condition, message: str, help: str):
    if not condition:
        raise RuntimeError(f"{message}\n{help}")


def require_kernel(kernel: str, dtype, *kinds: str):
    """A dtype among `kinds`, or the error of a kernel that does not know it."""
    if dtype.name not in kinds:
        raise NotImplementedError(
            f"\"{kernel}\" not implemented for '{SCALAR_NAMES[dtype.name]}'\nThe dtypes that can be drawn: {', '.join(kinds)}."
        )


@functools.cache
def largest_value(dtype) -> float:
    return {
        "float32": float(np.finfo(np.float32).max),
        "float16": 65504.0,
        "bfloat16": float.fromhex("0x1.fep127"),
    }.get(dtype.name, float(np.finfo(np.float64).max))


def real_name(dtype) -> str:
    return {"complex64": "float32", "complex128": "float64"}.get(dtype.name, dtype.name)


@functools.cache
def _filled_uniformly(dtype):
    """The dtype of the numbers in a tensor that `uniform_` fills."""
    require_kernel("check_uniform_bounds", dtype, *FLOATING, *COMPLEX)
    return np.dtype(real_name(dtype)) if dtype.name in COMPLEX else dtype


def uniform(low: float, high: float, dtype):
    dtype = _filled_uniformly(dtype)
    limit = largest_value(dtype)
    if -limit <= low <= high <= limit and high - low <= limit:
        return
    name, cpp_name = NAMES[dtype.name]
    for word, bound in (("from", low), ("to", high)):
        require(-limit <= bound <= limit, f"{word} is out of bounds for {cpp_name}", "Take bounds the dtype can hold.")
    require(
        low <= high,
        f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}",
        "The lower bound comes first.",
    )
    require(
        high - low <= limit,
        f"uniform_ expects to-from <= std::numeric_limits<{name}>::max(), but found to={high:g} and from={low:g} which "
        "result in to-from to exceed the limit",
        "Draw from a smaller range and scale.",
    )


def normal(std: float, dtype):
    require(std >= 0, f"normal expects std >= 0.0, but found std {std:g}", "A standard deviation is not negative.")
    require_kernel("normal_kernel_cpu", dtype, *FLOATING, *COMPLEX)


def log_normal(std: float, dtype):
    require(
        std > 0, f"log_normal_ expects std > 0.0, but found std={std:g}", "Take a standard deviation greater than 0."
    )
    require_kernel("log_normal_cpu", dtype, *FLOATING)


def exponential(rate: float, dtype):
    require(
        rate > 0,
        f"exponential_ expects lambda > 0.0, but found lambda={rate:g}",
        "The rate is the inverse of the mean.",
    )
    require_continuous("Exponential", dtype, NAMES[dtype.name][0])


def cauchy(sigma: float, dtype):
    require(sigma > 0, f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}", "Take a scale greater than 0.")
    require_continuous("Cauchy", dtype, NAMES[dtype.name][1])


def require_continuous(distribution: str, dtype, shown: str):
    require(
        dtype.name in FLOATING,
        f"{distribution} distribution is a continuous probability distribution. dtype must be a floating point but you "
        f"specified {shown}",
        "Draw in a floating dtype and convert.",
    )


def geometric(p: float, dtype):
    require(0 < p < 1, f"geometric_ expects p to be in (0, 1), but got p={p:g}", "p is the probability of success.")
    require_kernel("geometric_cpu", dtype, *FLOATING, "uint8", "int8", "int16", "int32", "int64")


def bernoulli(p: float, dtype):
    require(0 <= p <= 1, f"bernoulli_ expects p to be in [0, 1], but got p={p:g}", "p is the probability of a 1.")
    require_kernel("bernoulli_scalar_cpu_", dtype, *FLOATING, "uint8", "int8", "int16", "int32", "int64", "bool")


def bernoulli_tensor(p_dtype, dtype):
    require_kernel("bernoulli_tensor_cpu_self_", dtype, *FLOATING, "uint8", "int8", "int16", "int32", "int64", "bool")
    require_kernel("bernoulli_tensor_cpu_p_", p_dtype, *FLOATING)


def random(dtype):
    require_kernel("random_kernel_cpu", dtype, *FLOATING, "uint8", "int8", "int16", "int32", "int64", "bool")


def random_full_range(dtype):
    known = ("float32", "float64", "bfloat16", "uint8", "int8", "int16", "int32", "int64")
    require_kernel("random_full_64_bits_range_kernel_cpu", dtype, *known)
    require(
        dtype.name in ("int64", "float64", "float32", "bfloat16"),
        "random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16",
        "Give a range that the dtype can hold.",
    )


def random_range(low: int, high: int | None, dtype) -> tuple[int, int, bool] | None:
    """`base`, `span` and `wide` of `random_from_to` for the integers low .. high - 1, or up to the dtype's largest.

    None stands for `random_full_range`: low is -2**63 and there is no high. In a floating dtype the bounds move inwards to
    numbers that the dtype holds, with torch's warning where it cannot hold all of them.
    """
    if high is None and low == SMALLEST:
        random_full_range(dtype)
        return None
    name = dtype.name
    if high is not None:
        at_least = "Give a lower bound below the upper one, which is excluded."
        require(low < high, f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}", at_least)
        if name in FLOATING:
            low, high = first_not_below(low, dtype), last_not_above(high, dtype)
            require(
                low < high,
                "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got "
                f"from={low} >= to={high}",
                at_least,
            )
        last = high - 1
    elif name in FLOATING:
        last = 2 ** MANTISSA[name]
        low = first_not_below(low, dtype)
        require(
            low < last,
            "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got "
            f"from={low} > to_inc={last}",
            "Give a lower bound that the dtype's mantissa holds.",
        )
    elif name in COMPLEX:
        raise RuntimeError(
            "random_from_to_impl handles only integral, floating-point and boolean types\nDraw the parts separately."
        )
    else:
        # As a signed number the largest uint64 is -1, so torch refuses this dtype here.
        last = 1 if name == "bool" else -1 if name == "uint64" else int(np.iinfo(dtype).max)
    check_bounds(low, last, dtype)
    span = last - low + 1
    return low, span - 2**64 if span > LARGEST else span, span >= WIDE_SPAN


def check_bounds(low: int, last: int, dtype):
    name = dtype.name
    require(
        name not in COMPLEX,
        "check_random_bounds handles only integral, floating-point and boolean types",
        "Draw the parts separately.",
    )
    if name in FLOATING:
        limits = -largest_value(dtype), largest_value(dtype)
    elif name == "bool":
        limits = 0, 1
    else:
        limits = int(np.iinfo(dtype).min), min(int(np.iinfo(dtype).max), LARGEST)
    for word, bound in (("from", low), ("to - 1", last)):
        require(
            limits[0] <= bound <= limits[1],
            f"{word} is out of bounds for {NAMES[name][1]}",
            "Take bounds that the dtype can hold.",
        )
    for word, bound in (("from", low), ("to - 1", last)):
        if name in FLOATING and abs(bound) > 2 ** (digits := MANTISSA[name]):
            warnings.warn(
                f"{word} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision limitations {NAMES[name][1]} can "
                "support discrete uniform distribution only within this range. This warning will become an error in "
                "version 1.7 release, please fix the code in advance",
                UserWarning,
                stacklevel=4,
            )


def rounded(number: int, dtype) -> int:
    """The number as `dtype` holds it; what it cannot hold is the smallest integer, as a conversion on a CPU gives."""
    with np.errstate(over="ignore"):
        held = float(np.float32(number).astype(dtype)) if dtype in REDUCED else float(dtype.type(number))
    return int(held) if SMALLEST <= held <= LARGEST else SMALLEST


def first_not_below(low: int, dtype) -> int:
    if (held := rounded(low + 1, dtype)) < low:
        return held + spacing(low + 1, dtype)
    return low


def last_not_above(high: int, dtype) -> int:
    if (held := rounded(high - 1, dtype)) >= high:
        return held - spacing(high - 1, dtype)
    return high


def spacing(number: int, dtype) -> int:
    """Distance of neighbouring numbers of a floating dtype around an integer that is larger than its mantissa holds."""
    return 2 ** (abs(number).bit_length() - MANTISSA[dtype.name])


def randperm(n: int, dtype):
    name = dtype.name
    require(n >= 0, f"Trying to create tensor with negative dimension {n}: [{n}]", "n is the number of elements.")
    if name in FLOATING:
        most = 2 ** MANTISSA[name] + 1
        shown = most if name in ("float16", "bfloat16") else f"2^{MANTISSA[name]}+1"
        require(
            n <= most,
            f"n cannot be greater than {shown} for {NAMES[name][0]} type.",
            "Take an integer dtype, or int64.",
        )
    elif name not in (*COMPLEX, "bool", *UNSIGNED):
        require(
            n - 1 <= int(np.iinfo(dtype).max),
            f"value cannot be converted to type {name}_t without overflow",
            "Take a wider integer dtype.",
        )
    require_kernel("randperm", dtype, *FLOATING, "uint8", "int8", "int16", "int32", "int64")


def multinomial(shape: tuple[int, ...], num_samples: int, replacement: bool, dtype):
    require(0 < len(shape) <= 2, "prob_dist must be 1 or 2 dim", "A row of weights, or several rows.")
    require(
        dtype.name in FLOATING,
        f"multinomial only supports floating-point dtypes for input, got: {NAMES[dtype.name][0]}",
        "Convert the weights to a floating dtype.",
    )
    require(num_samples > 0, "cannot sample n_sample <= 0 samples", "Ask for one sample at least.")
    require(
        replacement or num_samples <= shape[-1],
        "cannot sample n_sample > prob_dist.size(-1) samples without replacement",
        "Ask for fewer samples, or give replacement=True.",
    )
    require(shape[-1] <= 2**24, "number of categories cannot exceed 2^24", "Split the categories.")


def poisson(dtype):
    require_kernel("poisson_cpu", dtype, *FLOATING)


def standard_gamma(dtype):
    require_kernel("gamma_cpu", dtype, "float32", "float64")


def dirichlet(dtype):
    require_kernel("dirichlet", dtype, "float32", "float64")


def binomial(count_dtype, prob_dtype):
    for word, dtype in (("count", count_dtype), ("prob", prob_dtype)):
        if dtype.name not in FLOATING:
            raise ValueError(
                f"binomial only supports floating-point dtypes for {word}, got: {NAMES[dtype.name][0]}\nConvert it to float32."
            )
    require_kernel("binomial_cpu", count_dtype, "float32", "float64")
    require(
        prob_dtype == count_dtype,
        f"Found dtype {NAMES[prob_dtype.name][0]} but expected {NAMES[count_dtype.name][0]}",
        "Convert one of them with .to(dtype).",
    )


# ---------------------------------------------------------------------------------------------- values of tensors


def bernoulli_tensor_values(xp, *, p):
    message = (
        "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If so, "
        "please report an enhancement request to PyTorch.)\nProbabilities are numbers from 0 to 1."
    )
    return ~xp.all((p >= 0) & (p <= 1)), RuntimeError, message


def normal_std_values(xp, *, std):
    message = "normal expects all elements of std >= 0.0\nStandard deviations are not negative."
    return ~xp.all(std >= 0), RuntimeError, message


def multinomial_values(xp, *, p, num_samples, replacement):
    proper = xp.all((p >= 0) & (p < xp.inf))

    def message():
        if np.all((p >= 0) & (p < np.inf)):
            return "invalid multinomial distribution (sum of probabilities <= 0)\nEach row needs a positive weight."
        if replacement and num_samples > 1:
            wrong = p[~((p >= 0) & (p < np.inf))].reshape(-1)[0]
            found = "= infinity or NaN" if wrong > 0 else "< 0"
            return f"invalid multinomial distribution (encountering probability entry {found})\nWeights are finite and not negative."
        return "probability tensor contains either `inf`, `nan` or element < 0\nWeights are finite and not negative."

    return ~(proper & xp.all(xp.sum(p, axis=-1) > 0)), RuntimeError, message


def poisson_values(xp, *, rate):
    message = "invalid Poisson rate, expected rate to be non-negative\nRates are numbers from 0 on."
    return ~xp.all(rate >= 0), RuntimeError, message


VALUE_CHECKS: dict[str, Callable] = {
    "bernoulli_tensor": bernoulli_tensor_values,
    "normal_std": normal_std_values,
    "multinomial": multinomial_values,
    "poisson": poisson_values,
}
