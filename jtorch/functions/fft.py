"""Discrete Fourier transforms: torch.fft, over the three transforms of `ops/fft.py`."""

from .. import creation, dtypes
from ..dispatch import wrap_dim
from ..ops.kinds import SCALAR_NAMES
from .composite import composite, operation
from .rearranging import roll

_c2c, _r2c, _c2r = (operation(f"transform.fft_{kind}") for kind in ("c2c", "r2c", "c2r"))
_pad = operation("constant_pad_nd")


# --- what the transforms have in common ----------------------------------------------------------------------------


def _promoted(input, complex_wanted=False):
    """Integers as floats of the default dtype; complex where a transform needs it."""
    dtype = input.dtype
    if not (dtype.is_floating_point or dtype.is_complex):
        dtype = dtypes.default_dtype()
    if dtype.to_real() not in (dtypes.float32, dtypes.float64):
        raise RuntimeError(f"Unsupported dtype {SCALAR_NAMES[dtype.name]}")
    return input.to(dtype.to_complex() if complex_wanted else dtype)


def _real(name, input):
    if input.is_complex():
        raise RuntimeError(f"{name} expects a real input tensor, but got {SCALAR_NAMES[input.dtype.name]}")
    return _promoted(input)


def _scaling(norm, forward: bool):
    """Numpy's word for which transform is scaled; the other one where the computed transform is the opposite of the one meant."""
    if norm not in (None, "backward", "forward", "ortho"):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    norm = norm or "backward"
    return norm if forward or norm == "ortho" else "forward" if norm == "backward" else "backward"


def _dim(input, dim: int) -> int:
    if not input.dim():
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return wrap_dim(dim, input.dim())


def _size(n: int) -> int:
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return n


def _resized(x, dims, sizes):
    """Cropped, or filled up with zeros at the ends, to the given sizes along `dims`."""
    widths = [0] * (2 * x.dim())
    for dim, size in zip(dims, sizes, strict=True):
        if x.shape[dim] > size:
            x = x.narrow(dim, 0, size)
        widths[2 * (x.dim() - 1 - dim) + 1] = size - x.shape[dim]
    return _pad(x, tuple(widths), 0.0) if any(widths) else x


def _plan(input, s, dim):
    """Dimensions to transform and the sizes asked for: `s` alone means the last dimensions, neither means all."""
    ndim = input.dim()
    s = (s,) if isinstance(s, int) else s
    dim = (dim,) if isinstance(dim, int) else dim
    if dim is not None:
        dims = tuple(_dim(input, d) for d in dim)
        if len(set(dims)) < len(dims):
            raise RuntimeError("FFT dims must be unique")
        if s is not None and len(s) != len(dims):
            raise RuntimeError("When given, dim and shape arguments must have the same length")
    if s is None:
        dims = tuple(range(ndim)) if dim is None else dims
        sizes = [input.shape[d] for d in dims]
    else:
        if len(s) > ndim:
            raise RuntimeError(f"Got shape with {len(s)} values but input tensor only has {ndim} dimensions.")
        dims = tuple(range(ndim - len(s), ndim)) if dim is None else dims
        sizes = [input.shape[d] if n == -1 else n for n, d in zip(s, dims, strict=True)]
    for n in sizes:
        _size(n)
    return dims, sizes


def _half_plan(name, input, s, dim):
    """The same for transforms of half an array: also the size of the whole last dimension."""
    dims, sizes = _plan(input, s, dim)
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
    last = (s,) if isinstance(s, int) else s
    size = _size(2 * (input.shape[dims[-1]] - 1) if last is None or last[-1] == -1 else last[-1])
    return dims, [*sizes[:-1], size // 2 + 1], size


def _along(input, n, dim, norm, forward):
    """One-dimensional transform of real or complex numbers to complex ones."""
    x = _promoted(input)
    dim = _dim(input, dim)
    x = _resized(x, (dim,), (_size(x.shape[dim] if n is None else n),))
    if x.is_complex():
        return _c2c(x, dims=(dim,), norm=_scaling(norm, True), forward=forward)
    y = _r2c(x, dims=(dim,), norm=_scaling(norm, forward), onesided=False)
    return y if forward else y.conj()


def _along_all(input, s, dim, norm, forward):
    dims, sizes = _plan(input, s, dim)
    x = _resized(_promoted(input, complex_wanted=True), dims, sizes)
    return _c2c(x, dims=dims, norm=_scaling(norm, True), forward=forward) if dims else x.clone()


# --- one dimension -------------------------------------------------------------------------------------------------


@composite("fft.fft", variants="function out")
def fft(input, n=None, dim=-1, norm=None):
    """The transform along a dimension, cropped or filled up with zeros to size `n`. `norm`: "backward", "ortho" or "forward".

    >>> import jtorch as torch
    >>> torch.fft.fft(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """
    return _along(input, n, dim, norm, True)


@composite("fft.ifft", variants="function out")
def ifft(input, n=None, dim=-1, norm=None):
    """The inverse of `fft`."""
    return _along(input, n, dim, norm, False)


@composite("fft.rfft", variants="function out")
def rfft(input, n=None, dim=-1, norm=None):
    """The transform of real numbers: its first half, the rest being the conjugates of that.

    >>> import jtorch as torch
    >>> torch.fft.rfft(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j])
    """
    x = _real("rfft", input)
    dim = _dim(input, dim)
    x = _resized(x, (dim,), (_size(x.shape[dim] if n is None else n),))
    return _r2c(x, dims=(dim,), norm=_scaling(norm, True), onesided=True)


@composite("fft.irfft", variants="function out")
def irfft(input, n=None, dim=-1, norm=None):
    """The inverse of `rfft`: `n` real numbers, an even number of them if it is not given."""
    x = _promoted(input, complex_wanted=True)
    dim = _dim(input, dim)
    n = _size(2 * (x.shape[dim] - 1) if n is None else n)
    return _c2r(_resized(x, (dim,), (n // 2 + 1,)), dims=(dim,), norm=_scaling(norm, True), size=n)


@composite("fft.hfft", variants="function out")
def hfft(input, n=None, dim=-1, norm=None):
    """The transform of a symmetric signal, given by its first half: `n` real numbers."""
    x = _promoted(input, complex_wanted=True)
    dim = _dim(input, dim)
    n = _size(2 * (x.shape[dim] - 1) if n is None else n)
    return _c2r(_resized(x, (dim,), (n // 2 + 1,)).conj(), dims=(dim,), norm=_scaling(norm, False), size=n)


@composite("fft.ihfft", variants="function out")
def ihfft(input, n=None, dim=-1, norm=None):
    """The inverse of `hfft`: the first half of a symmetric signal."""
    x = _real("ihfft", input)
    dim = _dim(input, dim)
    x = _resized(x, (dim,), (_size(x.shape[dim] if n is None else n),))
    return _r2c(x, dims=(dim,), norm=_scaling(norm, False), onesided=True).conj()


# --- several dimensions --------------------------------------------------------------------------------------------


@composite("fft.fftn", variants="function out")
def fftn(input, s=None, dim=None, norm=None):
    """The transform along several dimensions, all by default, each cropped or filled up to its size in `s`."""
    return _along_all(input, s, dim, norm, True)


@composite("fft.ifftn", variants="function out")
def ifftn(input, s=None, dim=None, norm=None):
    """The inverse of `fftn`."""
    return _along_all(input, s, dim, norm, False)


@composite("fft.rfftn", variants="function out")
def rfftn(input, s=None, dim=None, norm=None):
    """The transform of real numbers along several dimensions: half of it along the last one."""
    if input.is_complex():
        raise RuntimeError(f"rfftn expects a real-valued input tensor, but got {SCALAR_NAMES[input.dtype.name]}")
    dims, sizes = _plan(input, s, dim)
    if not dims:
        raise RuntimeError("rfftn must transform at least one axis")
    return _r2c(_resized(_promoted(input), dims, sizes), dims=dims, norm=_scaling(norm, True), onesided=True)


@composite("fft.irfftn", variants="function out")
def irfftn(input, s=None, dim=None, norm=None):
    """The inverse of `rfftn`."""
    dims, sizes, size = _half_plan("irfftn", input, s, dim)
    x = _resized(_promoted(input, complex_wanted=True), dims, sizes)
    return _c2r(x, dims=dims, norm=_scaling(norm, True), size=size)


@composite("fft.hfftn", variants="function out")
def hfftn(input, s=None, dim=None, norm=None):
    """The transform of a symmetric signal along several dimensions, given by one half along the last one."""
    dims, sizes, size = _half_plan("hfftn", input, s, dim)
    x = _resized(_promoted(input, complex_wanted=True), dims, sizes)
    if len(dims) > 1:
        x = _c2c(x, dims=dims[:-1], norm=_scaling(norm, True), forward=True)
    return _c2r(x.conj(), dims=dims[-1:], norm=_scaling(norm, False), size=size)


@composite("fft.ihfftn", variants="function out")
def ihfftn(input, s=None, dim=None, norm=None):
    """The inverse of `hfftn`."""
    if input.is_complex():
        raise RuntimeError(f"Only supports floating-point dtypes, but found: {SCALAR_NAMES[input.dtype.name]}")
    dims, sizes = _plan(input, s, dim)
    if not dims:
        raise RuntimeError("ihfftn must transform at least one axis")
    x = _resized(_promoted(input), dims, sizes)
    x = _r2c(x, dims=dims[-1:], norm=_scaling(norm, False), onesided=True).conj()
    return _c2c(x, dims=dims[:-1], norm=_scaling(norm, True), forward=False) if len(dims) > 1 else x


# --- two dimensions ------------------------------------------------------------------------------------------------


@composite("fft.fft2", variants="function out")
def fft2(input, s=None, dim=(-2, -1), norm=None):
    """`fftn` along two dimensions, the last ones by default."""
    return fftn(input, s, dim, norm)


@composite("fft.ifft2", variants="function out")
def ifft2(input, s=None, dim=(-2, -1), norm=None):
    """`ifftn` along two dimensions, the last ones by default."""
    return ifftn(input, s, dim, norm)


@composite("fft.rfft2", variants="function out")
def rfft2(input, s=None, dim=(-2, -1), norm=None):
    """`rfftn` along two dimensions, the last ones by default."""
    return rfftn(input, s, dim, norm)


@composite("fft.irfft2", variants="function out")
def irfft2(input, s=None, dim=(-2, -1), norm=None):
    """`irfftn` along two dimensions, the last ones by default."""
    return irfftn(input, s, dim, norm)


@composite("fft.hfft2", variants="function out")
def hfft2(input, s=None, dim=(-2, -1), norm=None):
    """`hfftn` along two dimensions, the last ones by default."""
    return hfftn(input, s, dim, norm)


@composite("fft.ihfft2", variants="function out")
def ihfft2(input, s=None, dim=(-2, -1), norm=None):
    """`ihfftn` along two dimensions, the last ones by default."""
    return ihfftn(input, s, dim, norm)


# --- frequencies ---------------------------------------------------------------------------------------------------


def _frequencies(name, whole, n, d, out, dtype, layout, device, requires_grad):
    """Whole numbers over n * d."""
    dtype = dtype or dtypes.default_dtype()
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(f"{name} requires a floating point or complex dtype")
    made = creation.tensor([*whole], dtype=dtype, device=device) * (1.0 / (n * d))
    return creation._given_out(out, made.requires_grad_(requires_grad), name)


@composite("fft.fftfreq", variants="function")
def fftfreq(n, d=1.0, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    """The frequencies of `fft`'s results for `n` samples at distances `d`.

    >>> import jtorch as torch
    >>> torch.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    whole = [*range((n + 1) // 2), *range(-(n // 2), 0)]
    return _frequencies("fftfreq", whole, n, d, out, dtype, layout, device, requires_grad)


@composite("fft.rfftfreq", variants="function")
def rfftfreq(n, d=1.0, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    """The frequencies of `rfft`'s results for `n` samples at distances `d`."""
    return _frequencies("rfftfreq", range(n // 2 + 1), n, d, out, dtype, layout, device, requires_grad)


def _shifted(input, dim, inverse):
    dims = range(input.dim()) if dim is None else (dim,) if isinstance(dim, int) else dim
    sizes = [input.shape[_dim(input, d)] for d in dims]
    return roll(input, [-(n // 2) if inverse else n // 2 for n in sizes], tuple(dims)) if sizes else input.clone()


@composite("fft.fftshift", variants="function")
def fftshift(input, dim=None):
    """Frequency 0 in the middle, where `fft` has it first."""
    return _shifted(input, dim, inverse=False)


@composite("fft.ifftshift", variants="function")
def ifftshift(input, dim=None):
    """The inverse of `fftshift`."""
    return _shifted(input, dim, inverse=True)
