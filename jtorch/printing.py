"""How tensors print: torch's text, character for character, made from the few elements that are shown."""

import contextlib
import dataclasses
import math

import jax
import numpy as np

from . import dtypes
from .interop import strided_view
from .tensor import Tensor

__all__ = ["format_array", "get_printoptions", "printoptions", "set_printoptions", "tensor_repr"]


@dataclasses.dataclass
class PrintOptions:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}

OPTIONS = PrintOptions()


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Set how tensors print, for the whole process.

    `precision` digits after the point; more than `threshold` elements print as a summary with `edgeitems` at both ends of each
    dimension; `linewidth` characters per line; `profile` is "default", "short" or "full" (no summary); `sci_mode` forces
    scientific notation on or off. As in torch, a call that does not give `sci_mode` sets it back to automatic.

    >>> import jtorch as torch
    >>> torch.set_printoptions(precision=2)
    >>> torch.tensor([1.12345])
    tensor([1.12])
    >>> torch.set_printoptions(profile="default")
    """
    if profile is not None:
        for name, value in PROFILES.get(profile, {}).items():
            setattr(OPTIONS, name, value)
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    for name, value in given.items():
        if value is not None:
            setattr(OPTIONS, name, value)
    OPTIONS.sci_mode = sci_mode


def get_printoptions() -> dict:
    """The options in force, as keyword arguments for `set_printoptions`."""
    return dataclasses.asdict(OPTIONS)


@contextlib.contextmanager
def printoptions(**options):
    """Set print options within a `with` block.

    >>> import jtorch as torch
    >>> from jtorch.printing import printoptions
    >>> with printoptions(sci_mode=True):
    ...     print(torch.tensor([150.0]))
    tensor([1.5000e+02])
    """
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


# Arrays


def format_array(array: np.ndarray, indent: int = 0, shape: tuple[int, ...] | None = None) -> str:
    """The nested-list text of an array, continued lines indented by `indent` columns.

    `shape` is given when `array` holds only the shown corners (see `corners`) of an array of that shape.
    """
    shape = array.shape if shape is None else tuple(shape)
    if math.prod(shape) == 0:
        return "[]"
    summarize = math.prod(shape) > OPTIONS.threshold
    if summarize and array.shape == shape:
        array = array[corners(shape)]
    parts = (array.real, array.imag) if array.dtype.kind == "c" else (array,)
    columns = [Column(part) for part in parts]
    if len(columns) == 1:
        texts, width = columns[0].texts, columns[0].width + 2
    else:
        texts = [_complex_text(re, im) for re, im in zip(columns[0].texts, columns[1].texts, strict=True)]
        width = columns[0].width + columns[1].width + 3
    return _nested(texts, array.shape, shape, indent, width, summarize)


def corners(shape) -> tuple:
    """The index of the elements that a summary of an array of this shape shows."""
    edge = OPTIONS.edgeitems
    if not edge and len(shape) == 1:
        return (slice(None),)  # torch's `x[-0:]`: nothing is shown, yet all elements count for the format
    picks = [np.r_[0:edge, n - edge : n] if n > 2 * edge else np.arange(n) for n in shape]
    return np.ix_(*picks) if picks else ()


class Column:
    """The texts of some numbers, all formatted alike, and the width they are aligned to."""

    def __init__(self, array: np.ndarray):
        values = array.reshape(-1)
        if values.dtype.kind in "biu":
            texts = [str(value) for value in values.tolist()]
            self.width = max(map(len, texts), default=1)
        else:
            texts = self._floats(values.astype(np.float64))
        self.texts = [text.rjust(self.width) for text in texts]

    def _floats(self, values: np.ndarray) -> list[str]:
        counts = np.isfinite(values) & (values != 0)
        sizes = np.abs(values[counts])
        precision, scientific, whole = OPTIONS.precision, False, True
        if sizes.size:
            smallest, largest = float(sizes.min()), float(sizes.max())
            whole = bool((sizes == np.ceil(sizes)).all())
            scientific = OPTIONS.sci_mode
            if scientific is None:
                # The quotient of a huge and a denormal number overflows in float64 and is then surely above 1000.
                scientific = largest > 1.0e8 or smallest < 1.0e-4 or largest / smallest > 1000.0
        if scientific:
            texts = [f"{value:.{precision}e}" for value in values.tolist()]
        elif whole:
            texts = [f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}" for value in values.tolist()]
        else:
            texts = [f"{value:.{precision}f}" for value in values.tolist()]
        self.width = max(
            (len(text) for text, counted in zip(texts, counts.tolist(), strict=True) if counted), default=1
        )
        return texts


def _complex_text(real: str, imaginary: str) -> str:
    imaginary = (imaginary + "j").lstrip()
    return real + (imaginary if imaginary[0] in "+-" else "+" + imaginary)


def _nested(texts, shown, shape, indent, width, summarize) -> str:
    """Texts of the elements in row-major order -> nested brackets. `shown` is the shape of what is there, `shape` of the whole."""
    if not shape:
        return texts[0]
    edge, n = OPTIONS.edgeitems, shape[0]
    cut = summarize and n > 2 * edge
    if len(shape) == 1:
        if cut:
            texts = [*texts[:edge], " ...", *texts[len(texts) - edge :]] if edge else ["..."]
        per_line = max(1, (OPTIONS.linewidth - indent) // width)
        lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    step = math.prod(shown[1:])
    blocks = [
        _nested(texts[i * step : (i + 1) * step], shown[1:], shape[1:], indent + 1, width, summarize)
        for i in range(shown[0])
    ]
    if cut:
        blocks.insert(edge, "...")
    return "[" + ("," + "\n" * (len(shape) - 1) + " " * (indent + 1)).join(blocks) + "]"


# Tensors


def tensor_repr(tensor, *, tensor_contents: str | None = None) -> str:
    """`repr(tensor)`; `tensor_contents` replaces the numbers (for subclasses that show their own)."""
    plain = type(tensor) is Tensor or _is_parameter(type(tensor))
    prefix = "tensor(" if plain else f"{type(tensor).__name__}("
    indent = len(prefix)
    shape = tuple(tensor.shape)
    contents, suffixes = tensor_contents, _device_suffix(tensor.device)
    sparse = tensor.layout is not dtypes.strided
    unknown = tensor.device.type == "meta" or (not sparse and _is_traced(tensor))
    empty = math.prod(shape) == 0 and not sparse
    if sparse:
        from .sparse.showing import contents as sparse_contents
        from .sparse.showing import suffixes as sparse_suffixes

        suffixes += sparse_suffixes(tensor)
        contents = sparse_contents(tensor, indent) if contents is None else contents
    elif unknown or (empty and len(shape) != 1) or (not empty and not OPTIONS.edgeitems):
        suffixes.append(f"size={shape}")
    if not _is_default_dtype(tensor.dtype, has_elements=not (unknown or empty)):
        suffixes.append(f"dtype={tensor.dtype}")
    if contents is None:
        contents = "..." if unknown else "[]" if empty else format_array(shown_elements(tensor), indent, shape)
    if sparse:
        suffixes.append(f"layout={tensor.layout}")
    if tensor.grad_fn is not None:
        suffixes.append(f"grad_fn=<{type(tensor.grad_fn).__name__}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    text = _with_suffixes(prefix + contents, suffixes, indent, new_line=tensor.is_sparse)
    is_parameter = any(_is_parameter(cls) for cls in type(tensor).__mro__) or getattr(tensor, "_is_param", False)
    return f"Parameter({text})" if is_parameter and not plain else text


def _is_parameter(cls) -> bool:
    # Recognised by its name: layers below nn do not import it.
    return cls.__name__ == "Parameter" and cls.__module__.endswith(".nn.parameter")


def _device_suffix(device) -> list[str]:
    return [] if device.type == "cpu" else [f"device='{device}'"]


def _is_default_dtype(dtype, has_elements: bool) -> bool:
    """Whether the dtype can be told from the numbers. Without numbers only the default dtype can."""
    default = dtypes.default_dtype()
    if not has_elements:
        return dtype == default
    default_complex = dtypes.complex128 if default == dtypes.float64 else dtypes.complex64
    return dtype in (default, default_complex, dtypes.int64, dtypes.bool)


def _with_suffixes(text: str, suffixes: list[str], indent: int, new_line: bool = False) -> str:
    parts = [text]
    # Torch's count of the last line: two more than its length where it is the only one, else one more.
    column = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if new_line or column + len(suffix) + 2 > OPTIONS.linewidth:
            new_line = False
            parts.append(",\n" + " " * indent + suffix)
            column = indent + len(suffix)
        else:
            parts.append(", " + suffix)
            column += len(suffix) + 2
    return "".join(parts) + ")"


def _is_traced(tensor) -> bool:
    """Whether the numbers are not known yet because a JAX transformation is running over them."""
    return tensor._storage.value.traced


def shown_elements(tensor) -> np.ndarray:
    """The elements that will be printed, on the host: of a big tensor only the corners are gathered and moved."""
    shape = tuple(tensor.shape)
    if math.prod(shape) <= OPTIONS.threshold:
        return tensor._read().numpy()
    storage = tensor._storage
    if tensor._chain is not None and storage.strides is None and storage.value.place.is_cpu:
        return strided_view(storage.read().numpy(), tensor)[corners(shape)]
    value = tensor._read()
    if value.place.is_cpu:
        return value.numpy()[corners(shape)]
    with jax.enable_x64(True):
        return np.asarray(value.concrete()[corners(shape)])
