"""Transforms of short frames of a signal, and back: stft, istft."""

import warnings

from ..dispatch import apply
from ..ops import frames, padding
from ..ops.kinds import SCALAR_NAMES
from . import fft, views
from .composite import composite, operation

_pad = operation("constant_pad_nd")
_PADDINGS = {"reflect": padding.reflection_pad, "replicate": padding.replication_pad, "circular": padding.circular_pad}


_said: set[str] = set()


def _warn_once(message):
    if message not in _said:
        _said.add(message)
        warnings.warn(message, UserWarning, stacklevel=4)


def _warn_rectangular(consequence):
    _warn_once(
        f"A window was not provided. A rectangular window will be applied{consequence}To suppress this warning and use a rectangular window, "
        "explicitly set `window=torch.ones(n_fft, device=<device>)`."
    )


def _padded(input, width, mode):
    """Both ends of the signal padded."""
    batched = input.reshape((1,) * (3 - input.dim()) + tuple(input.shape))
    if mode == "constant":
        padded = _pad(batched, (width, width), 0.0)
    elif mode in _PADDINGS:
        (padded,) = apply(_PADDINGS[mode], (batched, (width, width)))
    else:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    return padded.reshape((*input.shape[:-1], padded.shape[-1]))


def _in_the_middle(window, n_fft):
    """A window in the middle of a frame."""
    missing = n_fft - window.shape[0]
    return _pad(window, (missing // 2, missing - missing // 2), 0.0) if missing else window


def _title(name, input, given, **settings):
    """The call, as torch's errors show it."""
    shown = {k: int(v) if isinstance(v, bool) else v for k, v in settings.items()}
    if given is not None:
        shown["window"] = f"{_kind(given)}{{{list(given.shape)}}}"
    return f"{name}({_kind(input)}{list(input.shape)}, {', '.join(f'{k}={v}' for k, v in shown.items())})"


def _kind(tensor):
    if tensor.is_complex():
        return f"CPU{SCALAR_NAMES[tensor.dtype.name]}Type"
    return f"torch.{tensor.dtype.tensor_type}"


@composite("stft")
def stft(
    input,
    n_fft: int,
    hop_length=None,
    win_length=None,
    window=None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided=None,
    return_complex=None,
    align_to_window=None,
):
    """Spectra of frames of `n_fft` samples, one every `hop_length` (n_fft // 4): (..., frequencies, frames).

    Frames are multiplied with `window` (of `win_length`, in the middle of a frame). With `center` the signal is padded so that frame t
    is centred at sample t * hop_length. Real signals have `onesided` spectra.

    >>> import jtorch as torch
    >>> torch.stft(torch.zeros(2, 100), 16, window=torch.hann_window(16), return_complex=True).shape
    torch.Size([2, 9, 26])
    """
    hop_length = n_fft // 4 if hop_length is None else hop_length
    win_length = n_fft if win_length is None else win_length
    if center:
        if align_to_window is not None:
            raise RuntimeError("stft align_to_window should only be set when center = false")
        input = _padded(input, n_fft // 2, pad_mode)
    if window is None:
        _warn_rectangular(
            ",which is known to cause spectral leakage. Other windows such as torch.hann_window or torch.hamming_window are recommended to "
            "reduce spectral leakage."
        )
    title = _title(
        "stft", input, window, n_fft=n_fft, hop_length=hop_length, win_length=win_length, window=None, normalized=normalized, onesided=onesided,
        return_complex=return_complex, align_to_window=align_to_window,
    )  # fmt: skip
    is_complex = input.is_complex() or (window is not None and window.is_complex())
    if return_complex is None:
        if not is_complex:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will further require that return_complex=True "
                "in a future PyTorch release."
            )
        return_complex = True
    elif not return_complex:
        _warn_once(
            "stft with return_complex=False is deprecated. In a future pytorch release, stft will return complex tensors for all inputs, and "
            "return_complex=False will raise an error.\nNote: you can still call torch.view_as_real on the complex output to recover the "
            "old return format."
        )
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(f"{title} : expected a tensor of floating point or complex values")
    if input.dim() not in (1, 2):
        raise RuntimeError(f"{title} : expected a 1D or 2D tensor")
    if not center and align_to_window and win_length < n_fft:
        before = (n_fft - win_length) // 2
        input = _pad(input, (before, n_fft - win_length - before), 0.0)
    length = input.shape[-1]
    if not 0 < n_fft <= length:
        raise RuntimeError(f"{title} : expected 0 < n_fft < {length}, but got n_fft={n_fft}")
    if hop_length <= 0:
        raise RuntimeError(f"{title} : expected hop_length > 0, but got hop_length={hop_length}")
    if not 0 < win_length <= n_fft:
        raise RuntimeError(f"{title} : expected 0 < win_length <= n_fft, but got win_length={win_length}")
    if window is not None and window.shape != (win_length,):
        raise RuntimeError(
            f"{title} : expected a 1D window tensor of size equal to win_length={win_length}, but got window with size {list(window.shape)}"
        )
    if onesided and is_complex:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    parts = input.unfold(-1, n_fft, hop_length)
    if window is not None:
        parts = parts * _in_the_middle(window, n_fft)
    elif win_length < n_fft:
        parts = parts * _in_the_middle(input.new_ones(win_length), n_fft)
    norm = "ortho" if normalized else None
    onesided = not is_complex if onesided is None else onesided
    spectra = (fft.rfft if onesided and not is_complex else fft.fft)(parts, norm=norm).transpose(-2, -1)
    return spectra if return_complex else views.view_as_real(spectra)


@composite("istft")
def istft(
    input,
    n_fft: int,
    hop_length=None,
    win_length=None,
    window=None,
    center: bool = True,
    normalized: bool = False,
    onesided=None,
    length=None,
    return_complex: bool = False,
):
    """The signal whose `stft` is nearest to the given spectra (Griffin and Lim 1984, equation 6).

    Frames are added where they overlap, and divided by what the squares of the windows add up to, which must not vanish.

    >>> import jtorch as torch
    >>> x, window = torch.arange(40.0), torch.hann_window(16)
    >>> spectra = torch.stft(x, 16, window=window, return_complex=True)
    >>> torch.istft(spectra, 16, window=window).allclose(x, atol=1e-4)
    True
    """
    hop_length = n_fft // 4 if hop_length is None else hop_length
    win_length = n_fft if win_length is None else win_length
    if window is None:
        _warn_rectangular(".Please provide the same window used by stft to make the inversion lossless.")
    title = _title(
        "istft", input, window, n_fft=n_fft, hop_length=hop_length, win_length=win_length, window=None, center=center, normalized=normalized,
        onesided=onesided, length=length, return_complex=return_complex,
    )  # fmt: skip
    if not input.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    if not input.numel():
        raise RuntimeError(f"{title} : input tensor cannot be empty.")
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"{title} : expected a tensor with 3 or 4 dimensions, but got {input.dim() + 1}"
        )  # of pairs of reals
    if onesided is None:
        onesided = input.shape[-2] != n_fft
    wanted, words = (
        (n_fft // 2 + 1, "n_fft / 2 + 1 when onesided=True") if onesided else (n_fft, "n_fft when onesided=False")
    )
    if input.shape[-2] != wanted:
        raise RuntimeError(
            f"{title} : expected the frequency dimension (3rd to the last) of the input tensor to match {words}, but got {input.shape[-2]}"
        )
    if not 0 < hop_length <= win_length:
        raise RuntimeError(f"{title} : expected 0 < hop_length <= win_length")
    if not 0 < win_length <= n_fft:
        raise RuntimeError(f"{title} : expected 0 < win_length <= n_fft")
    if window is not None and window.shape != (win_length,):
        raise RuntimeError(f"{title} : Invalid window shape. window has to be 1D and length of `win_length`")
    if window is not None and window.is_complex() and not return_complex:
        raise RuntimeError("Complex windows are incompatible with return_complex=False")
    if return_complex and onesided:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    window = input.new_ones(win_length, dtype=input.dtype.to_real()) if window is None else window
    window = _in_the_middle(window, n_fft)
    norm = "ortho" if normalized else None
    parts = input.transpose(-2, -1)
    if return_complex:
        parts = fft.ifft(parts, norm=norm)
    else:
        parts = fft.irfft(parts.narrow(-1, 0, n_fft // 2 + 1), n=n_fft, norm=norm)
    count = parts.shape[-2]
    signal = apply(frames.overlap_add, (parts * window, hop_length))[0]
    weight = apply(frames.overlap_add, ((window * window).expand(count, n_fft), hop_length))[0]
    start = n_fft // 2 if center else 0
    full = signal.shape[-1]
    end = start + length if length is not None else full - start
    signal, weight = (x[..., start : min(end, full)] for x in (signal, weight))
    signal = signal / apply(frames.nowhere_zero, (weight, f"{title} window overlap add min: 1"))[0]
    if end > full:
        _warn_once(
            "The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. Please check your "
            "center and hop_length settings."
        )
        signal = _pad(signal, (0, end - full), 0.0)
    return signal
