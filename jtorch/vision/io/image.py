"""Reading, writing, encoding and decoding of image files.

An encoded file is a tensor of bytes (N,), an image one of levels (C, H, W). JPEG and PNG are decoded by the same
libraries as torchvision's, from Pillow's build; where a `mode` asks for other channels than the file has, Pillow's
conversion may differ from theirs by a level.
"""

from __future__ import annotations

import io
import os
from enum import Enum

import numpy as np
import PIL.Image
import PIL.ImageOps

import jtorch
from jtorch.tensor import Tensor


class ImageReadMode(Enum):
    """Which channels to decode to."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4
    RGBA = RGB_ALPHA


_PIL_MODES = {
    ImageReadMode.GRAY: "L",
    ImageReadMode.GRAY_ALPHA: "LA",
    ImageReadMode.RGB: "RGB",
    ImageReadMode.RGB_ALPHA: "RGBA",
}
_READ_MODES = {name: mode for mode, name in _PIL_MODES.items()}


def read_file(path: str | os.PathLike) -> Tensor:
    """The bytes of a file: uint8 (N,)."""
    with open(path, "rb") as file:
        return jtorch.from_numpy(np.frombuffer(file.read(), np.uint8).copy())


def write_file(filename: str | os.PathLike, data: Tensor) -> None:
    """Write bytes, uint8 (N,), to a file."""
    content = _bytes_of(data)
    with open(filename, "wb") as file:
        file.write(content)


def _bytes_of(data: Tensor) -> bytes:
    if data.dtype != jtorch.uint8:
        raise RuntimeError("Input tensor dtype should be uint8")
    if data.ndim != 1 or data.numel() == 0:
        raise RuntimeError("Expected a non empty 1-dimensional tensor")
    return data.numpy(force=True).tobytes()


def decode_image(
    input: Tensor | str | os.PathLike,
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> Tensor:
    """The levels (C, H, W) of an encoded image, or of the file of that name: JPEG, PNG, GIF, WebP, whatever it is.

    >>> import jtorch as torch
    >>> from jtorch.vision import io
    >>> picture = torch.arange(12, dtype=torch.uint8).reshape(3, 2, 2)
    >>> torch.equal(io.decode_image(io.encode_png(picture)), picture)
    True
    """
    data = input if isinstance(input, Tensor) else read_file(input)
    return _decoded(data, mode, apply_exif_orientation, ("JPEG", "PNG", "GIF", "WEBP", "AVIF"))


def read_image(
    path: str | os.PathLike,
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> Tensor:
    """The levels (C, H, W) of an image file."""
    return decode_image(read_file(path), mode, apply_exif_orientation)


def decode_png(
    input: Tensor, mode: ImageReadMode | str = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False
) -> Tensor:
    """The levels (C, H, W) of an encoded PNG; uint16 where it has 16 bits in one, three or four channels.

    A `mode` that asks for other channels than it has gives uint8.
    """
    return _decoded(input, mode, apply_exif_orientation, ("PNG",))


def decode_jpeg(
    input: Tensor | list[Tensor],
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    device="cpu",
    apply_exif_orientation: bool = False,
) -> Tensor | list[Tensor]:
    """The levels (C, H, W) of an encoded JPEG, or of each of a list. Decoding is done on the CPU for any device."""
    if isinstance(input, list):
        if not input:
            raise ValueError("Input list must contain at least one element")
        if not all(isinstance(one, Tensor) for one in input):
            raise ValueError("All elements of the input list must be tensors.")
        return [decode_jpeg(one, mode, device, apply_exif_orientation) for one in input]
    if input.device.type != "cpu":
        raise ValueError("Input tensor must be a CPU tensor")
    return _decoded(input, mode, apply_exif_orientation, ("JPEG",)).to(device)


def decode_webp(input: Tensor, mode: ImageReadMode | str = ImageReadMode.UNCHANGED) -> Tensor:
    """The levels (C, H, W) of an encoded WebP."""
    return _decoded(input, mode, False, ("WEBP",))


def decode_gif(input: Tensor) -> Tensor:
    """The levels (3, H, W) of an encoded GIF, or (frames, 3, H, W) if it is animated."""
    with _opened(input, ("GIF",)) as image:
        frames = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(_as_tensor(image.convert("RGB")))
    return frames[0] if len(frames) == 1 else jtorch.stack(frames)


def decode_avif(input: Tensor, mode: ImageReadMode | str = ImageReadMode.UNCHANGED) -> Tensor:
    """The levels (C, H, W) of an encoded AVIF, if Pillow has been built with it."""
    from PIL import features

    if not features.check("avif"):
        raise NotImplementedError(
            "torchvision.io.decode_avif: this Pillow cannot read AVIF; install Pillow 11.3 or newer"
        )
    return _decoded(input, mode, False, ("AVIF",))


def decode_heic(input: Tensor, mode: ImageReadMode | str = ImageReadMode.UNCHANGED) -> Tensor:
    """Not there: Pillow reads no HEIC."""
    raise NotImplementedError(
        "torchvision.io.decode_heic: Pillow reads no HEIC; open the file with pillow-heif and use pil_to_tensor"
    )


def encode_png(input: Tensor, compression_level: int = 6) -> Tensor:
    """An image of 8-bit levels (1 or 3, H, W) as a PNG: uint8 (N,)."""
    if not 0 <= compression_level <= 9:
        raise RuntimeError("Compression level should be between 0 and 9")
    return _encoded(input, "PNG", compress_level=compression_level)


def encode_jpeg(input: Tensor | list[Tensor], quality: int = 75) -> Tensor | list[Tensor]:
    """An image of 8-bit levels (1 or 3, H, W), or each of a list, as a JPEG: uint8 (N,)."""
    if quality < 1 or quality > 100:
        raise ValueError("Image quality should be a positive number between 1 and 100")
    if isinstance(input, list):
        if not input:
            raise ValueError("encode_jpeg requires at least one input tensor when a list is passed")
        return [encode_jpeg(image, quality) for image in input]
    return _encoded(input, "JPEG", quality=quality)


def write_png(input: Tensor, filename: str | os.PathLike, compression_level: int = 6) -> None:
    """Write an image of 8-bit levels (1 or 3, H, W) to a PNG file."""
    write_file(filename, encode_png(input, compression_level))


def write_jpeg(input: Tensor, filename: str | os.PathLike, quality: int = 75) -> None:
    """Write an image of 8-bit levels (1 or 3, H, W) to a JPEG file."""
    write_file(filename, encode_jpeg(input, quality))


def _encoded(image: Tensor, format: str, **options) -> Tensor:
    if image.dtype != jtorch.uint8:
        raise RuntimeError("Input tensor dtype should be uint8")
    if image.ndim != 3:
        raise RuntimeError("Input data should be a 3-dimensional tensor")
    if image.shape[0] not in (1, 3):
        raise RuntimeError(f"The number of channels should be 1 or 3, got: {image.shape[0]}")
    levels = image.permute(1, 2, 0).numpy(force=True)
    file = io.BytesIO()
    picture = PIL.Image.fromarray(np.ascontiguousarray(levels[:, :, 0] if image.shape[0] == 1 else levels))
    picture.save(file, format, **options)
    return jtorch.from_numpy(np.frombuffer(file.getvalue(), np.uint8).copy())


def _opened(data: Tensor, formats: tuple[str, ...]) -> PIL.Image.Image:
    try:
        return PIL.Image.open(io.BytesIO(_bytes_of(data)), formats=formats)
    except PIL.UnidentifiedImageError:
        raise RuntimeError(f"Unsupported image file. Expected one of: {', '.join(formats)}") from None


def _decoded(data: Tensor, mode: ImageReadMode | str, apply_exif_orientation: bool, formats: tuple[str, ...]) -> Tensor:
    mode = ImageReadMode[mode.upper()] if isinstance(mode, str) else mode
    with _opened(data, formats) as image:
        if image.format == "GIF":
            return decode_gif(data)
        if _is_deep_colour(image) and mode in (ImageReadMode.UNCHANGED, _READ_MODES.get(image.mode)):
            return _deep_colour(data, apply_exif_orientation)
        picture = PIL.ImageOps.exif_transpose(image) if apply_exif_orientation else image
        if mode is not ImageReadMode.UNCHANGED:
            picture = picture.convert(_PIL_MODES[mode])
        elif picture.mode in ("P", "PA"):
            picture = picture.convert("RGBA" if "transparency" in picture.info or picture.mode == "PA" else "RGB")
        elif picture.mode == "1":
            picture = picture.convert("L")
        return _as_tensor(picture)


# How Pillow unpacks colours of 16 bits: the upper byte of each level, which comes first in a PNG.
_UPPER_BYTES = ("RGB;16B", "RGBA;16B")


def _is_deep_colour(image: PIL.Image.Image) -> bool:
    return image.format == "PNG" and any(tile.args in _UPPER_BYTES for tile in getattr(image, "tile", ()))


def _deep_colour(data: Tensor, apply_exif_orientation: bool) -> Tensor:
    """All 16 bits: the file is read once more as if the lower byte came first, which Pillow then takes for the upper."""
    planes = []
    for order in ("B", "L"):
        with _opened(data, ("PNG",)) as image:
            image.tile = [tile._replace(args=tile.args[:-1] + order) for tile in image.tile]
            picture = PIL.ImageOps.exif_transpose(image) if apply_exif_orientation else image
            planes.append(np.array(picture).astype(np.uint16).transpose(2, 0, 1))
    upper, lower = planes
    return jtorch.from_numpy(np.ascontiguousarray(upper << 8 | lower))


def _as_tensor(picture: PIL.Image.Image) -> Tensor:
    levels = np.array(picture)
    if levels.dtype == np.int32:  # 16 bits, in older Pillows
        levels = levels.astype(np.uint16)
    planes = levels[None] if levels.ndim == 2 else levels.transpose(2, 0, 1)
    return jtorch.from_numpy(np.ascontiguousarray(planes))
