"""torchvision.io: image files as tensors, held against Pillow."""

from __future__ import annotations

import io as python_io

import numpy as np
import pytest
from PIL import Image

import jtorch as torch
from jtorch.vision import io
from jtorch.vision.io import ImageReadMode

from .dataset_cases import deep_colours
from .transform_cases import picture


def encoded(image: Image.Image, format: str, **options) -> torch.Tensor:
    file = python_io.BytesIO()
    image.save(file, format, **options)
    return torch.from_numpy(np.frombuffer(file.getvalue(), np.uint8).copy())


def levels(image: Image.Image) -> np.ndarray:
    array = np.array(image)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


@pytest.mark.parametrize("kind", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(
    "channels", [*ImageReadMode, "rgba"], ids=["unchanged", "gray", "gray_alpha", "rgb", "rgb_alpha", "by_name"]
)
def test_decode_png(kind, channels):
    image = picture(kind)
    found = io.decode_png(encoded(image, "PNG"), channels)
    named = ImageReadMode[channels.upper()] if isinstance(channels, str) else channels
    wanted = {0: kind, 1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[named.value]
    np.testing.assert_array_equal(found.numpy(), levels(image.convert(wanted)))


def test_kinds_of_files():
    image = picture("RGB")
    for format, decode in (("JPEG", io.decode_jpeg), ("PNG", io.decode_png), ("WEBP", io.decode_webp)):
        data = encoded(image, format)
        expected = levels(Image.open(python_io.BytesIO(data.numpy().tobytes())))
        for found in (decode(data), io.decode_image(data)):
            np.testing.assert_array_equal(found.numpy(), expected)
    palette = image.convert("P")
    np.testing.assert_array_equal(io.decode_image(encoded(palette, "PNG")).numpy(), levels(palette.convert("RGB")))
    deep = Image.fromarray((np.arange(12).reshape(3, 4) * 5000).astype(np.uint16))
    assert io.decode_png(encoded(deep, "PNG")).dtype == torch.uint16


def test_animated_gif():
    frames = [picture("RGB", seed).convert("P") for seed in range(3)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert io.decode_gif(data).shape == (3, 3, 19, 23)
    assert io.decode_image(encoded(frames[0], "GIF")).shape == (3, 19, 23)


def test_exif_orientation():
    image = picture("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    data = encoded(image, "JPEG", exif=exif)
    assert io.decode_jpeg(data).shape == (3, 19, 23)
    assert io.decode_jpeg(data, apply_exif_orientation=True).shape == (3, 23, 19)


@pytest.mark.parametrize("kind", ["L", "RGB"])
def test_files_and_back(kind, tmp_path):
    image = torch.from_numpy(levels(picture(kind)).copy())
    io.write_png(image, str(tmp_path / "a.png"), compression_level=9)
    assert torch.equal(io.read_image(str(tmp_path / "a.png")), image)
    assert torch.equal(io.decode_image(str(tmp_path / "a.png")), image)
    io.write_jpeg(image, tmp_path / "a.jpg", quality=100)
    np.testing.assert_array_equal(io.read_image(tmp_path / "a.jpg").numpy(), levels(Image.open(tmp_path / "a.jpg")))
    io.write_file(str(tmp_path / "copy"), io.read_file(str(tmp_path / "a.jpg")))
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "a.jpg").read_bytes()


def test_lists():
    image = torch.from_numpy(levels(picture("RGB")).copy())
    one, two = io.encode_jpeg([image, image], quality=50)
    assert torch.equal(one, io.encode_jpeg(image, 50))
    assert [tuple(found.shape) for found in io.decode_jpeg([one, two], mode="gray")] == [(1, 19, 23)] * 2


BYTES = torch.zeros(4, dtype=torch.uint8)
ERRORS = [
    (lambda: io.encode_jpeg(torch.zeros(3, 2, 2, dtype=torch.uint8), 0), ValueError, "Image quality should be a pos"),
    (lambda: io.encode_jpeg([]), ValueError, "encode_jpeg requires at least one input tensor when a list is passed"),
    (lambda: io.encode_jpeg(torch.zeros(3, 2, 2)), RuntimeError, "Input tensor dtype should be uint8"),
    (lambda: io.encode_png(torch.zeros(2, 2, dtype=torch.uint8)), RuntimeError, "Input data should be a 3-dimensional"),
    (
        lambda: io.encode_png(torch.zeros(2, 2, 2, dtype=torch.uint8)),
        RuntimeError,
        "The number of channels should be 1 or 3, got: 2",
    ),
    (
        lambda: io.encode_png(torch.zeros(1, 2, 2, dtype=torch.uint8), 10),
        RuntimeError,
        "Compression level should be between 0 and 9",
    ),
    (lambda: io.decode_jpeg([]), ValueError, "Input list must contain at least one element"),
    (lambda: io.decode_jpeg([3]), ValueError, "All elements of the input list must be tensors."),
    (lambda: io.decode_image(BYTES), RuntimeError, "Unsupported image file."),
    (lambda: io.decode_image(BYTES[:0]), RuntimeError, "Expected a non empty 1-dimensional tensor"),
    (lambda: io.decode_image(BYTES, mode="purple"), KeyError, "'PURPLE'"),
    (lambda: io.decode_heic(BYTES), NotImplementedError, "torchvision.io.decode_heic"),
    (lambda: io.read_file("/no/such/file"), FileNotFoundError, ""),
]


@pytest.mark.parametrize(("call", "error", "text"), ERRORS, ids=[text[:30] for _, _, text in ERRORS])
def test_errors(call, error, text):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value).startswith(text) or error is FileNotFoundError


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_of_16_bits(channels):
    """Pillow keeps eight of them."""
    levels, content = deep_colours(channels=channels)
    data = torch.from_numpy(np.frombuffer(content, np.uint8).copy())
    for mode in ("UNCHANGED", "RGB" if channels == 3 else "RGB_ALPHA"):
        image = io.decode_png(data, mode)
        assert image.dtype == torch.uint16
        np.testing.assert_array_equal(image.numpy(), levels.transpose(2, 0, 1))
    assert io.decode_image(data, "GRAY").dtype == torch.uint8
