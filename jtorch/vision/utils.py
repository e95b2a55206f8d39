"""Pictures out of tensors: grids of images, image files, and what is drawn into images (`_drawing.py`)."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

import jtorch
from jtorch.tensor import Tensor

from ._drawing import draw_bounding_boxes, draw_keypoints, draw_segmentation_masks, flow_to_image

__all__ = [
    "_Image_fromarray",
    "draw_bounding_boxes",
    "draw_keypoints",
    "draw_segmentation_masks",
    "flow_to_image",
    "make_grid",
    "save_image",
]


def image_from_array(array: np.ndarray, mode: str) -> Image.Image:
    """An image in `mode` over the bytes of `array`, whatever mode Pillow would have guessed from its dtype and shape.

    `Image.fromarray` differs between Pillow releases in what it does with a mode; `frombuffer` does not. The image
    shares memory with a contiguous array.
    """
    height, width = array.shape[:2]
    pixels = array if array.flags.c_contiguous else array.tobytes()
    return Image.frombuffer(mode, (width, height), pixels, "raw", mode, 0, 1)


def _Image_fromarray(obj: np.ndarray, mode: str) -> Image.Image:
    """`image_from_array` under torchvision's name."""
    return image_from_array(obj, mode)


def make_grid(
    tensor: Tensor | list[Tensor],
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """Lay images of one size out in a grid, `nrow` to a row, `padding` pixels of `pad_value` between them.

    `tensor` is (B, C, H, W), a list of (C, H, W), or one image; one channel becomes three. `normalize` maps
    `value_range` (default: the smallest and largest value, of all images or with `scale_each` of each) to (0, 1).
    Returns (C, rows * (H + padding) + padding, columns * (W + padding) + padding); a single image comes back
    without a border.

    >>> import jtorch as torch
    >>> from jtorch.vision.utils import make_grid
    >>> make_grid(torch.zeros(10, 1, 28, 28), nrow=5).shape
    torch.Size([3, 62, 152])
    """
    if isinstance(tensor, list):
        for image in tensor:
            if not isinstance(image, Tensor):
                raise TypeError(f"tensor or list of tensors expected, got a list containing {type(image)}")
    elif not isinstance(tensor, Tensor):
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")

    with jtorch.no_grad():
        images = _as_batch(tensor)
        if normalize is True:
            images = _normalized(images, value_range, scale_each)
        if images.size(0) == 1:
            return images.squeeze(0)
        return _arranged(images, nrow, padding, pad_value)


def _as_batch(tensor: Tensor | list[Tensor]) -> Tensor:
    images = jtorch.stack(tensor, dim=0) if isinstance(tensor, list) else tensor
    if images.dim() == 2:
        images = images.unsqueeze(0)
    if images.dim() == 3:
        images = images.unsqueeze(0)
    if images.dim() == 4 and images.size(1) == 1:
        images = jtorch.cat((images, images, images), 1)
    return images


def _normalized(images: Tensor, value_range: tuple[float, float] | None, scale_each: bool) -> Tensor:
    if value_range is not None and not isinstance(value_range, tuple):
        raise TypeError("value_range has to be a tuple (min, max) if specified. min and max are numbers")

    def to_unit_range(values: Tensor) -> Tensor:
        low, high = value_range if value_range is not None else (float(values.min()), float(values.max()))
        return values.clamp(min=low, max=high).sub(low).div(max(high - low, 1e-5))

    if scale_each is True:
        return jtorch.stack([to_unit_range(image) for image in images])
    return to_unit_range(images)


def _arranged(images: Tensor, nrow: int, padding: int, pad_value: float) -> Tensor:
    """The images as cells of (H + padding, W + padding), the padding above and to the left, then a closing border."""
    count, channels, height, width = images.shape
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    cell_height, cell_width = height + padding, width + padding

    cells = images.new_full((rows * columns, channels, cell_height, cell_width), pad_value)
    cells[:count, :, padding:, padding:] = images
    table = cells.view(rows, columns, channels, cell_height, cell_width).permute(2, 0, 3, 1, 4)

    grid = images.new_full((channels, rows * cell_height + padding, columns * cell_width + padding), pad_value)
    grid[:, : rows * cell_height, : columns * cell_width] = table.reshape(
        channels, rows * cell_height, columns * cell_width
    )
    return grid


def save_image(tensor: Tensor | list[Tensor], fp, format: str | None = None, **kwargs) -> None:
    """Write images with values in 0..1 to a file, several of them as a grid; `kwargs` are those of `make_grid`.

    `fp` is a path or a file object; `format` is guessed from a path's ending and needed for a file object.

    >>> import io, jtorch as torch
    >>> from jtorch.vision.utils import save_image
    >>> file = io.BytesIO()
    >>> save_image(torch.rand(4, 3, 8, 8), file, format="png")
    >>> file.getvalue()[1:4]
    b'PNG'
    """
    with jtorch.no_grad():
        # Adding a half before the cast to whole levels rounds to the nearest one.
        levels = make_grid(tensor, **kwargs).mul(255).add(0.5).clamp(0, 255)
        array = levels.permute(1, 2, 0).to("cpu", jtorch.uint8).numpy()
    Image.fromarray(array).save(fp, format=format)
