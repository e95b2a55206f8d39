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


RNG = np.random.RandomState(0)
LEVELS = RNG.randint(0, 255, (3, 40, 50)).astype(np.uint8)
BOXES = np.float32([[5, 6, 40, 30], [20, 10, 45, 35]])
TURNED = np.float32([[10, 10, 45, 16, 41, 35, 5, 29]])
MASKS = RNG.uniform(0, 1, (3, 40, 50)) > 0.6
POINTS = RNG.uniform(0, 40, (2, 4, 2)).astype(np.float32)
SHOWN = RNG.uniform(0, 1, (2, 4)) > 0.3
FLOW = RNG.uniform(-2, 2, (2, 2, 10, 12)).astype(np.float32)

# (function, arrays that become tensors, arguments)
DRAWINGS = [
    ("draw_bounding_boxes", (LEVELS, BOXES), {"labels": ["a", "bc"], "width": 2}),
    (
        "draw_bounding_boxes",
        (LEVELS, BOXES),
        {
            "labels": ["a", None],
            "fill": True,
            "fill_labels": True,
            "colors": ["red", (0, 9, 200)],
            "label_background_colors": "blue",
        },
    ),
    ("draw_bounding_boxes", (LEVELS[:1] / np.float32(255), BOXES), {"colors": "#ff00ff"}),
    ("draw_bounding_boxes", (LEVELS, TURNED), {"width": 2}),
    ("draw_bounding_boxes", (LEVELS, TURNED), {"fill": True, "colors": (1, 2, 3)}),
    ("draw_segmentation_masks", (LEVELS, MASKS), {"alpha": 0.5}),
    ("draw_segmentation_masks", (LEVELS, MASKS[0]), {"colors": "green"}),
    ("draw_segmentation_masks", (LEVELS / np.float32(255), MASKS), {"colors": ["red", "green", (1, 2, 3)]}),
    ("draw_keypoints", (LEVELS, POINTS), {"connectivity": [(0, 1), (2, 3)], "colors": "red", "visibility": SHOWN}),
    ("draw_keypoints", (LEVELS / np.float32(255), POINTS), {"colors": (1, 200, 3), "radius": 3}),
    ("flow_to_image", (FLOW,), {}),
    ("flow_to_image", (FLOW[0],), {}),
]

# What torchvision gives: sums with weights that tell places apart, of the levels in 0..255.
DRAWN = [
    1878366002,
    1963487956,
    2350838544,
    2101230207,
    1872798787,
    1629959446,
    1801412362,
    1021871604,
    2398069920,
    2147591923,
    47331665,
    11426568,
]


def drawn(torch, utils, name, arrays, arguments) -> np.ndarray:
    tensors = [torch.from_numpy(array.copy()) for array in arrays]
    arguments = {k: torch.from_numpy(v.copy()) if isinstance(v, np.ndarray) else v for k, v in arguments.items()}
    values = getattr(utils, name)(*tensors, **arguments).numpy()
    return np.rint(values * (255 if values.dtype.kind == "f" else 1)).astype(np.uint8)


def weighed(values: np.ndarray) -> int:
    places = np.arange(values.size) % 8191
    return int((values.ravel().astype(np.int64) * places).sum())


@pytest.mark.parametrize("number", range(len(DRAWINGS)), ids=[f"{row[0]}{n}" for n, row in enumerate(DRAWINGS)])
def test_drawings(number):
    assert weighed(drawn(jtorch, jtorch.vision.utils, *DRAWINGS[number])) == DRAWN[number]


@pytest.mark.reference
def test_drawings_equal_torchvisions():
    torch, torchvision = load_torchvision()
    for row, expected in zip(DRAWINGS, DRAWN, strict=True):
        theirs = drawn(torch, torchvision.utils, *row)
        np.testing.assert_array_equal(drawn(jtorch, jtorch.vision.utils, *row), theirs)
        assert weighed(theirs) == expected


DRAWING_ERRORS = [
    (lambda t, u: u.draw_bounding_boxes([1], t.ones(1, 4)), TypeError, "Tensor expected, got <class 'list'>"),
    (
        lambda t, u: u.draw_bounding_boxes(t.ones(3, 4, 4, dtype=t.int64), t.ones(1, 4)),
        ValueError,
        "The image dtype must be uint8 or float, got torch.int64",
    ),
    (
        lambda t, u: u.draw_bounding_boxes(t.ones(1, 3, 4, 4), t.ones(1, 4)),
        ValueError,
        "Pass individual images, not batches",
    ),
    (
        lambda t, u: u.draw_bounding_boxes(t.ones(2, 4, 4), t.ones(1, 4)),
        ValueError,
        "Only grayscale and RGB images are supported",
    ),
    (
        lambda t, u: u.draw_bounding_boxes(t.ones(3, 4, 4), t.tensor([[3, 3, 1, 1]])),
        ValueError,
        "Boxes need to be in (xmin, ymin, xmax, ymax) format.",
    ),
    (
        lambda t, u: u.draw_bounding_boxes(t.ones(3, 4, 4), t.ones(1, 4), labels=["a", "b"]),
        ValueError,
        "Number of boxes (1) and labels (2) mismatch. Please specify labels for each box.",
    ),
    (
        lambda t, u: u.draw_bounding_boxes(t.ones(3, 4, 4), t.ones(2, 4), colors=["red"]),
        ValueError,
        "Number of colors must be equal or larger than the number of objects, but got 1 < 2.",
    ),
    (
        lambda t, u: u.draw_bounding_boxes(t.ones(3, 4, 4), t.ones(2, 4), colors=(1, 2)),
        ValueError,
        "If passed as tuple, colors should be an RGB triplet, but got (1, 2).",
    ),
    (
        lambda t, u: u.draw_segmentation_masks(t.ones(1, 4, 4), t.ones(4, 4, dtype=t.bool)),
        ValueError,
        "Pass an RGB image. Other Image formats are not supported",
    ),
    (
        lambda t, u: u.draw_segmentation_masks(t.ones(3, 4, 4), t.ones(4, 4)),
        ValueError,
        "The masks must be of dtype bool. Got torch.float32",
    ),
    (
        lambda t, u: u.draw_segmentation_masks(t.ones(3, 4, 4), t.ones(4, 5, dtype=t.bool)),
        ValueError,
        "The image and the masks must have the same height and width",
    ),
    (
        lambda t, u: u.draw_keypoints(t.ones(3, 4, 4), t.ones(1, 2)),
        ValueError,
        "keypoints must be of shape (num_instances, K, 2)",
    ),
    (
        lambda t, u: u.draw_keypoints(t.ones(3, 4, 4), t.ones(1, 2, 2), visibility=t.ones(3)),
        ValueError,
        "visibility must be of shape (num_instances, K). Got ndim=1",
    ),
    (
        lambda t, u: u.flow_to_image(t.ones(2, 4, 4, dtype=t.float64)),
        ValueError,
        "Flow should be of dtype torch.float, got torch.float64.",
    ),
    (
        lambda t, u: u.flow_to_image(t.ones(3, 4, 4)),
        ValueError,
        "Input flow should have shape (2, H, W) or (N, 2, H, W), got torch.Size([3, 4, 4]).",
    ),
]


@pytest.mark.parametrize("library", ["jtorch", pytest.param("torchvision", marks=pytest.mark.reference)])
@pytest.mark.parametrize(("call", "error", "text"), DRAWING_ERRORS, ids=[text[:40] for _, _, text in DRAWING_ERRORS])
def test_drawing_errors(call, error, text, library):
    torch, vision = (jtorch, jtorch.vision) if library == "jtorch" else load_torchvision()
    with pytest.raises(error) as raised:
        call(torch, vision.utils)
    assert str(raised.value).startswith(text)


def test_nothing_to_draw_warns():
    image = jtorch.ones(3, 4, 4)
    with pytest.warns(UserWarning, match="boxes doesn't contain any box"):
        assert jtorch.vision.utils.draw_bounding_boxes(image, jtorch.ones(0, 4)) is image
    with pytest.warns(UserWarning, match="masks doesn't contain any mask"):
        assert jtorch.vision.utils.draw_segmentation_masks(image, jtorch.ones(0, 4, 4, dtype=jtorch.bool)) is image
