"""assert_close: values, shapes, dtypes, devices, of tensors, numbers and containers of them, with messages that say where they differ."""

import collections.abc
import contextlib
import warnings

import numpy as np

import jtorch
from jtorch import dtypes
from jtorch.tensor import Tensor

# Relative and absolute, by dtype; what is exact has (0, 0).
_TOLERANCES = {
    dtypes.float16: (1e-3, 1e-5), dtypes.bfloat16: (1.6e-2, 1e-5), dtypes.float32: (1.3e-6, 1e-5), dtypes.float64: (1e-7, 1e-7),
    dtypes.complex64: (1.3e-6, 1e-5), dtypes.complex128: (1e-7, 1e-7),
}  # fmt: skip
_NUMBERS = (int, float, complex, np.number)


class _Difference(Exception):
    """Two parts differ: the message, and where in the containers they are."""

    def __init__(self, message: str, path: tuple):
        self.message, self.path = message, path


class _Comparison:
    def __init__(self, allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride):
        if (rtol is None) != (atol is None):
            raise ValueError(
                f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {'rtol' if rtol is None else 'atol'}."
            )
        self.allow_subclasses, self.rtol, self.atol, self.equal_nan = allow_subclasses, rtol, atol, equal_nan
        self.check_device, self.check_dtype = check_device, check_dtype
        self.check_layout, self.check_stride = check_layout, check_stride

    def tolerances(self, *kinds) -> tuple[float, float]:
        if self.rtol is not None:
            return self.rtol, self.atol
        found = [_TOLERANCES.get(kind, (0.0, 0.0)) for kind in kinds]
        return max(r for r, _ in found), max(a for _, a in found)

    def compare(self, actual, expected, path=()) -> None:
        if _is_sequence(actual) and _is_sequence(expected):
            if len(actual) != len(expected):
                raise _Difference(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", path)
            for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
                self.compare(a, e, (*path, i))
        elif isinstance(actual, collections.abc.Mapping) and isinstance(expected, collections.abc.Mapping):
            self.compare_mappings(actual, expected, path)
        elif actual is None or expected is None:
            if actual is not expected:
                raise _Difference(f"None mismatch: {actual} is not {expected}", path)
        elif isinstance(actual, (bool, np.bool_)) and isinstance(expected, (bool, np.bool_)):
            if bool(actual) is not bool(expected):
                raise _Difference(f"Booleans mismatch: {bool(actual)} is not {bool(expected)}", path)
        elif isinstance(actual, _NUMBERS) and isinstance(expected, _NUMBERS):
            self.compare_numbers(actual, expected, path)
        else:
            left, right = self.tensors(actual, expected)
            self.compare_tensors(left, right, path)

    def compare_mappings(self, actual, expected, path) -> None:
        missing, extra = expected.keys() - actual.keys(), actual.keys() - expected.keys()
        if missing or extra:
            raise _Difference(
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {sorted(missing)}\nAdditional keys in the actual mapping: {sorted(extra)}",
                path,
            )
        keys = list(actual)
        with contextlib.suppress(TypeError):  # keys that have no order are taken as they come
            keys.sort()
        for key in keys:
            self.compare(actual[key], expected[key], (*path, key))

    def compare_numbers(self, actual, expected, path) -> None:
        actual, expected = (n.item() if isinstance(n, np.number) else n for n in (actual, expected))
        if self.check_dtype and type(actual) is not type(expected):
            raise _Difference(f"The (d)types do not match: {type(actual)} != {type(expected)}.", path)
        kinds = [
            {int: dtypes.int64, float: dtypes.float64, complex: dtypes.complex128}.get(type(n))
            for n in (actual, expected)
        ]
        rtol, atol = self.tolerances(*kinds)
        if actual == expected or self.equal_nan and actual != actual and expected != expected:
            return
        difference = abs(actual - expected)
        if difference == difference and difference != float("inf") and difference <= atol + rtol * abs(expected):
            return
        raise _Difference(_scalar_message(actual, expected, rtol, atol, "Scalars"), path)

    def tensors(self, actual, expected) -> list[Tensor]:
        """Both as tensors; torch's TypeError for what is neither of one type nor tensor-like."""
        related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
        if related and (self.allow_subclasses or type(actual) is type(expected)):
            with contextlib.suppress(
                TypeError, ValueError, RuntimeError
            ):  # what is not tensor-like: the error below says so
                return [x if isinstance(x, Tensor) else jtorch.as_tensor(x) for x in (actual, expected)]
        raise TypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.")

    def compare_tensors(self, actual, expected, path, title="Tensor-likes") -> None:
        checks = [
            ("shape", actual.shape, expected.shape, True),
            ("layout", actual.layout, expected.layout, self.check_layout),
        ]
        if self.check_stride:
            checks.append(("stride()", actual.stride(), expected.stride(), True))
        checks += [
            ("device", actual.device, expected.device, self.check_device),
            ("dtype", actual.dtype, expected.dtype, self.check_dtype),
        ]
        for name, a, e, checked in checks:
            if checked and a != e:
                raise _Difference(f"The values for attribute '{name}' do not match: {a} != {e}.", path)
        if actual.layout is not expected.layout:
            actual, expected = (x if x.layout is dtypes.strided else x.to_dense() for x in (actual, expected))
        if actual.layout is not dtypes.strided:
            self.compare_sparse(actual, expected, path)
            return
        rtol, atol = self.tolerances(actual.dtype, expected.dtype)
        with jtorch.no_grad():
            actual, expected = actual.detach(), expected.detach()
            if actual.device != expected.device:
                actual, expected = actual.cpu(), expected.cpu()
            actual, expected = (x.float() if x.dtype.is_float8 else x for x in (actual, expected))
            if actual.dtype is not expected.dtype:
                common = jtorch.promote_types(actual.dtype, expected.dtype)
                actual, expected = actual.to(common), expected.to(common)
            close = jtorch.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=self.equal_nan)
            if bool(close.all()):
                return
            if not actual.dim():
                message = _scalar_message(actual.item(), expected.item(), rtol, atol, "Scalars")
            else:
                message = _tensor_message(actual, expected, close, rtol, atol, title)
        raise _Difference(message, path)

    def compare_sparse(self, actual, expected, path) -> None:
        """Component by component: COO tensors coalesced, indices exactly."""
        kind = "COO" if actual.is_sparse else str(actual.layout).removeprefix("torch.sparse_").upper()
        if actual._nnz() != expected._nnz():
            raise _Difference(
                f"The number of specified values in sparse {kind} tensors does not match: {actual._nnz()} != {expected._nnz()}",
                path,
            )
        if actual.is_sparse:
            actual, expected = actual.coalesce(), expected.coalesce()
        names = {"COO": ("indices",), "CSR": ("crow_indices", "col_indices"), "CSC": ("ccol_indices", "row_indices")}[
            kind
        ]
        for name in names:
            a, e = (getattr(x, name)() for x in (actual, expected))
            self.compare_tensors(a, e, path, f"Sparse {kind} {name}")
        self.compare_tensors(actual.values(), expected.values(), path, f"Sparse {kind} values")


def _is_sequence(value) -> bool:
    return isinstance(value, collections.abc.Sequence) and not isinstance(value, str)


def _scalar_message(actual, expected, rtol, atol, word) -> str:
    equality = not rtol and not atol
    difference = abs(actual - expected)
    relative = float("inf") if not expected else difference / abs(expected)
    return (
        f"{word} are not {'equal' if equality else 'close'}!\n\nExpected {expected} but got {actual}.\n"
        f"Absolute difference: {difference}{'' if equality else f' (up to {atol} allowed)'}\n"
        f"Relative difference: {relative}{'' if equality else f' (up to {rtol} allowed)'}"
    )


def _tensor_message(actual, expected, close, rtol, atol, title) -> str:
    equality = not rtol and not atol
    shape, total = close.shape, close.numel()
    wrong = int(close.logical_not().sum())
    a, e, close = actual.flatten(), expected.flatten(), close.flatten()
    if a.dtype.priority < 2:
        a, e = a.to(dtypes.int64), e.to(dtypes.int64)
    lines = []
    absolute = (a - e).abs()
    for word, differences, tolerance in (("absolute", absolute, atol), ("relative", absolute / e.abs(), rtol)):
        differences = differences.masked_fill(close, 0)
        largest, position = differences.max(0)
        index = tuple(int(i) for i in np.unravel_index(int(position), tuple(shape)))
        suffix = "" if equality else f" (up to {tolerance} allowed)"
        lines.append(f"Greatest {word} difference: {largest.item()} at index {index}{suffix}")
    return (
        f"{title} are not {'equal' if equality else 'close'}!\n\nMismatched elements: {wrong} / {total} ({wrong / total:.1%})\n"
        + "\n".join(lines)
    )


def assert_close(
    actual,
    expected,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg=None,
) -> None:
    """Raise AssertionError unless |actual - expected| <= atol + rtol * |expected| everywhere, and the attributes agree.

    Tolerances default by dtype (float32: 1.3e-6 and 1e-5). `msg` replaces the message, or makes one of it.

    >>> import jtorch as torch
    >>> torch.testing.assert_close(torch.ones(2) / 3 * 3, torch.ones(2))
    """
    comparison = _Comparison(
        allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride
    )
    try:
        comparison.compare(actual, expected)
    except _Difference as difference:
        message = difference.message
        if difference.path:
            message += f"\n\nThe failure occurred for item {''.join(str([part]) for part in difference.path)}"
        if msg is not None:
            message = msg(message) if callable(msg) else msg
        raise AssertionError(message) from None


def assert_allclose(actual, expected, rtol=None, atol=None, equal_nan=True, msg="") -> None:
    """Deprecated: use `assert_close`."""
    warnings.warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a future release. "
        "Please use `torch.testing.assert_close()` instead. You can find detailed upgrade instructions in "
        "https://github.com/pytorch/pytorch/issues/61844.",
        FutureWarning,
        stacklevel=2,
    )
    if not isinstance(actual, Tensor):
        actual = jtorch.tensor(actual)
    if not isinstance(expected, Tensor):
        expected = jtorch.tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        defaults = {dtypes.float16: (1e-3, 1e-3), dtypes.float32: (1e-4, 1e-5), dtypes.float64: (1e-5, 1e-8)}
        found = [defaults.get(t.dtype, (0.0, 0.0)) for t in (actual, expected)]
        rtol, atol = max(r for r, _ in found), max(a for _, a in found)
    assert_close(
        actual,
        expected,
        rtol=rtol,
        atol=atol,
        equal_nan=equal_nan,
        check_dtype=False,
        check_device=True,
        check_stride=False,
        msg=msg or None,
    )
