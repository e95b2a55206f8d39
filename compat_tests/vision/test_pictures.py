"""make_grid and save_image equal torchvision's, which are recorded here as sums of what they give."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import jtorch
from jtorch.vision.utils import make_grid, save_image

from .reference import load_torchvision

BATCH = np.random.RandomState(0).uniform(-0.5, 1.5, (5, 3, 4, 6)).astype(np.float32)

# (input, arguments)
GRIDS = [
    (BATCH, {}),
    (BATCH, {"nrow": 2, "padding": 3, "pad_value": 0.25}),
    (BATCH, {"nrow": 2, "padding": 0}),
    (BATCH, {"normalize": True, "nrow": 3}),
    (BATCH, {"normalize": True, "scale_each": True}),
    (BATCH, {"normalize": True, "value_range": (0.0, 1.0)}),
    (BATCH[:, :1], {"nrow": 4}),
    (BATCH[:1], {}),
    (BATCH[0], {}),
    (BATCH[0, 0], {}),
    (list(BATCH), {"nrow": 3}),
    ((BATCH * 100).astype(np.uint8), {"pad_value": 200}),
]


def as_tensors(torch, images):
    return [torch.from_numpy(i.copy()) for i in images] if isinstance(images, list) else torch.from_numpy(images.copy())


def plain_grid(images, nrow=8, padding=2, normalize=False, value_range=None, scale_each=False, pad_value=0.0):
    """The definition, in numpy."""
    images = np.stack(images) if isinstance(images, list) else images
    images = images[(None,) * (4 - images.ndim)]
    if images.shape[1] == 1:
        images = np.repeat(images, 3, axis=1)
    if normalize:
        parts = images if scale_each else images[None]
        scaled = []
        for part in parts:
            low, high = value_range or (float(part.min()), float(part.max()))
            scaled.append((part.clip(low, high) - np.float32(low)) / np.float32(max(high - low, 1e-5)))
        images = np.stack(scaled) if scale_each else scaled[0]
    count, channels, height, width = images.shape
    if count == 1:
        return images[0]
    columns = min(nrow, count)
    rows = -(-count // columns)
    size = (channels, rows * (height + padding) + padding, columns * (width + padding) + padding)
    grid = np.full(size, pad_value, images.dtype)
    for k, image in enumerate(images):
        top, left = k // columns * (height + padding) + padding, k % columns * (width + padding) + padding
        grid[:, top : top + height, left : left + width] = image
    return grid


@pytest.mark.parametrize(("images", "arguments"), GRIDS)
def test_grid(images, arguments):
    grid = make_grid(as_tensors(jtorch, images), **arguments)
    np.testing.assert_allclose(grid.numpy(), plain_grid(images, **arguments), rtol=0, atol=1e-6, strict=True)


@pytest.mark.reference
@pytest.mark.parametrize(("images", "arguments"), GRIDS)
def test_grid_equals_torchvision(images, arguments):
    torch, torchvision = load_torchvision()
    expected = torchvision.utils.make_grid(as_tensors(torch, images), **arguments)
    np.testing.assert_allclose(plain_grid(images, **arguments), expected.numpy(), rtol=0, atol=1e-6, strict=True)


def test_grid_leaves_its_input_and_the_graph_alone():
    images = jtorch.from_numpy(BATCH.copy()).requires_grad_()
    grid = make_grid(images, normalize=True)
    assert not grid.requires_grad
    np.testing.assert_array_equal(images.detach().numpy(), BATCH)


def test_errors():
    with pytest.raises(TypeError, match="tensor or list of tensors expected, got <class 'numpy.ndarray'>"):
        make_grid(BATCH)
    with pytest.raises(TypeError, match="tensor or list of tensors expected, got a list containing <class 'int'>"):
        make_grid([1])
    with pytest.raises(TypeError, match="value_range has to be a tuple"):
        make_grid(jtorch.zeros(2, 3, 4, 4), normalize=True, value_range=[0, 1])


@pytest.mark.parametrize("target", ["path", "file"])
def test_save_image(tmp_path, target):
    images = jtorch.from_numpy(BATCH.copy())
    if target == "path":
        save_image(images, tmp_path / "grid.png", nrow=2)
        saved = Image.open(tmp_path / "grid.png")
    else:
        buffer = io.BytesIO()
        save_image(images, buffer, format="png", nrow=2)
        saved = Image.open(buffer)
    levels = np.clip(plain_grid(BATCH, nrow=2) * np.float32(255) + np.float32(0.5), 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(np.array(saved).transpose(2, 0, 1), levels)
    np.testing.assert_array_equal(images.numpy(), BATCH)
