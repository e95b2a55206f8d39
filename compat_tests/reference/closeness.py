"""When two results are the same: torch's own tolerances, and for long sums an error no more than twice torch's."""

import torch
from torch.testing._internal.common_device_type import tol, toleranceOverride
from torch.testing._internal.opinfo.core import DecorateInfo

DOUBLE = {
    torch.float16: torch.float64,
    torch.bfloat16: torch.float64,
    torch.float32: torch.float64,
    torch.complex32: torch.complex128,
    torch.complex64: torch.complex128,
}


def tolerance(entry, dtype) -> dict:
    """Keyword arguments for `assert_close`: the widest override that torch's tests have for the entry on the CPU."""
    found = []
    for decorator in entry.decorators:
        if isinstance(decorator, DecorateInfo) and decorator.device_type in (None, "cpu"):
            found += [d for d in decorator.decorators if isinstance(d, toleranceOverride)]
        elif isinstance(decorator, toleranceOverride):
            found.append(decorator)
    overrides = [override.d[dtype] for override in found if dtype in override.d]
    if not overrides:
        return {}
    defaults = torch.testing._comparison.default_tolerances(dtype)
    overrides.append(tol(defaults[1], defaults[0]))
    return {"atol": max(o.atol for o in overrides), "rtol": max(o.rtol for o in overrides)}


def leaves(value) -> list:
    """The tensors and numbers of a nested result, in order."""
    if isinstance(value, (tuple, list)):
        return [leaf for item in value for leaf in leaves(item)]
    if isinstance(value, dict):
        return [leaf for key in value for leaf in leaves(value[key])]
    return [value]


def difference(got, expected, tolerances, exact_reference=None) -> str | None:
    """What differs in value, dtype or shape, in one line; None where nothing does.

    `exact_reference()` gives the expected leaves computed in float64; it is asked only when the tolerances do not suffice.
    """
    got, expected = leaves(got), leaves(expected)
    if len(got) != len(expected):
        return f"{len(got)} results where torch has {len(expected)}"
    exact = None
    for position, (g, e) in enumerate(zip(got, expected, strict=True)):
        where = f"result {position}: " if len(expected) > 1 else ""
        found = _leaf_difference(g, e, tolerances)
        if found is None:
            continue
        if exact_reference is not None and isinstance(e, torch.Tensor) and e.dtype in DOUBLE and "close" in found:
            if exact is None:
                try:
                    exact = leaves(exact_reference())
                except Exception:  # torch cannot compute this one in float64: the tolerances stand alone
                    exact = []
            if len(exact) == len(expected) and _as_exact_as(g, e, exact[position]):
                continue
        return where + found
    return None


def _leaf_difference(got, expected, tolerances):
    if isinstance(expected, torch.Tensor):
        if not isinstance(got, torch.Tensor):
            return f"{type(got).__name__} where torch has a tensor"
        if got.dtype != expected.dtype:
            return f"dtype {got.dtype} where torch has {expected.dtype}"
        if got.shape != expected.shape:
            return f"shape {list(got.shape)} where torch has {list(expected.shape)}"
        if got.layout != expected.layout:
            return f"layout {got.layout} where torch has {expected.layout}"
        try:
            torch.testing.assert_close(got, expected.detach(), equal_nan=True, check_stride=False, **tolerances)
        except AssertionError as error:
            text = " ".join(str(error).split())
            return f"{text[:160]} (got {_short(got)}, torch {_short(expected)})"
        return None
    if isinstance(expected, (float, complex)) and isinstance(got, (float, complex)):
        return None if _numbers_close(got, expected) else f"{got!r} where torch has {expected!r}: not close"
    if isinstance(expected, (torch.dtype, torch.device, torch.layout)):
        expected = str(expected)
    if type(got) is not type(expected) or got != expected:
        return f"{got!r} where torch has {expected!r}"
    return None


def _short(tensor) -> str:
    text = " ".join(str(tensor.detach().reshape(-1)[:4].tolist()).split())
    return text[:80]


def _numbers_close(got, expected):
    try:
        torch.testing.assert_close(torch.tensor(got), torch.tensor(expected), equal_nan=True)
    except AssertionError:
        return False
    return True


def _as_exact_as(got, expected, exact) -> bool:
    """Whether the error against float64 is at most twice torch's (or twice one rounding of the largest value)."""
    if not isinstance(exact, torch.Tensor) or exact.dtype not in (torch.float64, torch.complex128):
        return False
    if exact.shape != got.shape or not exact.numel():
        return False
    finite = torch.isfinite(exact.abs())
    ours, theirs = (t.detach().to(exact.dtype) for t in (got, expected))
    usual = torch.isfinite(theirs.abs())
    if not torch.equal(torch.isfinite(ours.abs()), usual):
        return False
    if not torch.allclose(ours[~usual], theirs[~usual], equal_nan=True):
        return False
    finite &= usual
    if not finite.any():
        return False
    worst = (ours - exact)[finite].abs().max()
    allowed = max((theirs - exact)[finite].abs().max(), torch.finfo(got.dtype).eps * exact[finite].abs().max())
    return bool(worst <= 2 * allowed)


def stride_difference(got, expected) -> str | None:
    """The first tensor whose strides differ in a dimension of more than one element."""
    for position, (g, e) in enumerate(zip(leaves(got), leaves(expected), strict=False)):
        if not (isinstance(g, torch.Tensor) and isinstance(e, torch.Tensor)) or e.layout != torch.strided:
            continue
        if e.numel() < 2 or g.shape != e.shape or g.layout != torch.strided:
            continue
        pairs = [(a, b) for n, a, b in zip(e.shape, g.stride(), e.stride(), strict=True) if n > 1]
        if any(a != b for a, b in pairs) and not any(b == 0 for _, b in pairs):
            return f"result {position}: strides {g.stride()} where torch has {e.stride()} for {list(e.shape)}"
    return None
