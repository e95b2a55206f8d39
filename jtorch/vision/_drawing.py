"""Boxes, masks and key points drawn into images, and optical flow as colours."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

import jtorch
from jtorch.tensor import Tensor

Color = str | tuple[int, int, int]
Colors = Color | list[Color] | None


@jtorch.no_grad()
def draw_bounding_boxes(
    image: Tensor,
    boxes: Tensor,
    labels: list[str] | None = None,
    colors: Colors = None,
    fill: bool | None = False,
    width: int = 1,
    font: str | None = None,
    font_size: int | None = None,
    label_colors: Colors = None,
    label_background_colors: Colors = None,
    fill_labels: bool = False,
) -> Tensor:
    """An image (1 or 3, H, W) with boxes (N, 4) as XYXY, or (N, 8) by their corners, in RGB.

    Colours are a name, an RGB triple, or a list of either. `font` is the file of a TrueType font.

    >>> import jtorch as torch
    >>> from jtorch.vision.utils import draw_bounding_boxes
    >>> drawn = draw_bounding_boxes(torch.zeros(1, 4, 6, dtype=torch.uint8), torch.tensor([[1, 1, 4, 2]]), colors="red")
    >>> drawn[0]
    tensor([[  0,   0,   0,   0,   0,   0],
            [  0, 255, 255, 255, 255,   0],
            [  0, 255, 255, 255, 255,   0],
            [  0,   0,   0,   0,   0,   0]], dtype=torch.uint8)
    """
    if not isinstance(image, Tensor):
        raise TypeError(f"Tensor expected, got {type(image)}")
    _require_levels(image)
    if image.size(0) not in (1, 3):
        raise ValueError("Only grayscale and RGB images are supported")
    if boxes.shape[-1] == 4 and bool(((boxes[:, 0] > boxes[:, 2]) | (boxes[:, 1] > boxes[:, 3])).any()):
        raise ValueError(
            "Boxes need to be in (xmin, ymin, xmax, ymax) format. Use torchvision.ops.box_convert to convert them"
        )
    count = boxes.shape[0]
    if count == 0:
        warnings.warn("boxes doesn't contain any box. No box was drawn", stacklevel=2)
        return image
    if labels is not None and len(labels) != count:
        raise ValueError(
            f"Number of boxes ({count}) and labels ({len(labels)}) mismatch. Please specify labels for each box."
        )
    lines = _rgb_of(colors, count)
    texts = _rgb_of(label_colors or "black", count) if label_colors or fill_labels else lines
    plates = _rgb_of(label_background_colors, count) if fill_labels and label_background_colors else lines
    if font is not None:
        letters = ImageFont.truetype(font=font, size=font_size or 10)
    else:
        if font_size is not None:
            warnings.warn("Argument 'font_size' will be ignored since 'font' is not set.", stacklevel=2)
        letters = ImageFont.load_default()

    picture, as_given = _picture(image)
    draw = ImageDraw.Draw(picture, "RGBA") if fill else ImageDraw.Draw(picture)
    for number, box in enumerate(boxes.to(jtorch.int64).tolist()):
        inside = (*lines[number], 100) if fill else None
        rectangle = _turned_rectangle if len(box) > 4 else ImageDraw.ImageDraw.rectangle
        rectangle(draw, box, width=width, outline=lines[number], fill=inside)
        if labels is None or labels[number] is None:
            continue
        corner = (box[0] + width + 1, box[1] + width + 1)
        if fill_labels:
            left, top, right, bottom = draw.textbbox(corner, labels[number], font=letters)
            draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=plates[number])
        draw.text(corner, labels[number], fill=texts[number], font=letters)
    return as_given(picture)


def _require_levels(image: Tensor) -> None:
    if image.dtype != jtorch.uint8 and not image.is_floating_point():
        raise ValueError(f"The image dtype must be uint8 or float, got {image.dtype}")
    if image.dim() != 3:
        raise ValueError("Pass individual images, not batches")


def _require_rgb(image) -> None:
    if not isinstance(image, Tensor):
        raise TypeError(f"The image must be a tensor, got {type(image)}")
    _require_levels(image)
    if image.size(0) != 3:
        raise ValueError("Pass an RGB image. Other Image formats are not supported")


def _picture(image: Tensor):
    """The image as a PIL image in RGB, and the function that makes that a tensor of the image's dtype again."""
    from .transforms.functional import convert_image_dtype, pil_to_tensor, to_pil_image

    levels = convert_image_dtype(image, jtorch.uint8)
    picture = to_pil_image(levels.expand(3, *levels.shape[1:]) if levels.size(0) == 1 else levels)

    def as_given(drawn: Image.Image) -> Tensor:
        return convert_image_dtype(pil_to_tensor(drawn), image.dtype)

    return picture.copy(), as_given


def _rgb_of(colors: Colors, count: int) -> list[tuple[int, int, int]]:
    """A colour for each of `count` objects."""
    if colors is None:
        # Multiples of three large numbers, modulo 255, differ well from one another.
        spread = (2**25 - 1, 2**15 - 1, 2**21 - 1)
        return [(n * spread[0] % 255, n * spread[1] % 255, n * spread[2] % 255) for n in range(count)]
    if isinstance(colors, list):
        if len(colors) < count:
            raise ValueError(
                f"Number of colors must be equal or larger than the number of objects, but got {len(colors)} < {count}."
            )
    elif not isinstance(colors, (tuple, str)):
        raise ValueError(f"colors must be a tuple or a string, or a list thereof, but got {colors}.")
    elif isinstance(colors, tuple) and len(colors) != 3:
        raise ValueError(f"If passed as tuple, colors should be an RGB triplet, but got {colors}.")
    listed = colors if isinstance(colors, list) else [colors] * count
    return [ImageColor.getrgb(color) if isinstance(color, str) else color for color in listed]  # type: ignore[misc]


def _turned_rectangle(draw: ImageDraw.ImageDraw, box: Sequence[int], width: int, outline, fill) -> None:
    """The first side, from the first corner to the second, is dashed, so that the box's direction shows."""
    corners = list(zip(box[::2], box[1::2], strict=True))
    for start, end in _dashes(corners[0], corners[1]):
        draw.line([start, end], fill=outline, width=width)
    for number in (1, 2, 3):
        draw.line((corners[number], corners[(number + 1) % 4]), width=width, fill=outline)
    draw.polygon(box, fill=fill, outline=None, width=0)


def _dashes(start, end, length: float = 5) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Stretches of a line of `length`, with gaps as long between them."""
    (x, y), whole = start, math.dist(start, end)
    angle = math.atan2(end[1] - y, end[0] - x)
    left, is_dash = whole, True
    while left > 0:
        step = min(left, length)
        next_x, next_y = x + math.cos(angle) * step, y + math.sin(angle) * step
        if is_dash:
            yield (x, y), (next_x, next_y)
        x, y, left, is_dash = next_x, next_y, left - step, not is_dash
        # The direction is taken anew from each end, as torchvision does.
        angle = math.atan2(end[1] - y, end[0] - x)


@jtorch.no_grad()
def draw_segmentation_masks(image: Tensor, masks: Tensor, alpha: float = 0.8, colors: Colors = None) -> Tensor:
    """An image (3, H, W) with masks (N, H, W) or (H, W) of bool over it, `alpha` of them and the rest of the image.

    Where masks overlap it is black.
    """
    _require_rgb(image)
    masks = masks[None] if masks.ndim == 2 else masks
    if masks.ndim != 3:
        raise ValueError("masks must be of shape (H, W) or (batch_size, H, W)")
    if masks.dtype != jtorch.bool:
        raise ValueError(f"The masks must be of dtype bool. Got {masks.dtype}")
    if masks.shape[-2:] != image.shape[-2:]:
        raise ValueError("The image and the masks must have the same height and width")
    count = masks.size(0)
    if count == 0:
        warnings.warn("masks doesn't contain any mask. No mask was drawn", stacklevel=2)
        return image
    scale = 255 if image.is_floating_point() else 1
    drawn = image
    for mask, color in zip(masks, _rgb_of(colors, count), strict=False):
        levels = [value / scale if image.is_floating_point() else value for value in color]
        drawn = jtorch.where(mask, jtorch.tensor(levels, dtype=image.dtype, device=image.device)[:, None, None], drawn)
    drawn = jtorch.where(masks.sum(dim=0) > 1, jtorch.zeros_like(drawn), drawn)
    return (image * (1 - alpha) + drawn * alpha).to(image.dtype)


@jtorch.no_grad()
def draw_keypoints(
    image: Tensor,
    keypoints: Tensor,
    connectivity: list[tuple[int, int]] | None = None,
    colors: Color | None = None,
    radius: int = 2,
    width: int = 3,
    visibility: Tensor | None = None,
) -> Tensor:
    """An image (3, H, W) with key points (instances, K, 2) as (x, y), and lines between those `connectivity` pairs.

    `visibility` (instances, K) says which points are drawn.
    """
    _require_rgb(image)
    if keypoints.ndim != 3:
        raise ValueError("keypoints must be of shape (num_instances, K, 2)")
    if visibility is None:
        visibility = jtorch.ones(keypoints.shape[:-1], dtype=jtorch.bool)
    if visibility.ndim == 3:
        visibility = visibility.squeeze(-1)
    if visibility.ndim != 2:
        raise ValueError(f"visibility must be of shape (num_instances, K). Got ndim={visibility.ndim}")
    if visibility.shape != keypoints.shape[:-1]:
        raise ValueError(
            "keypoints and visibility must have the same dimensionality for num_instances and K. "
            f"Got visibility.shape={visibility.shape!r} and keypoints.shape={keypoints.shape!r}"
        )
    picture, as_given = _picture(image)
    draw = ImageDraw.Draw(picture)
    shown_by_instance = visibility.cpu().bool().tolist()
    for points, shown in zip(keypoints.to(jtorch.int64).tolist(), shown_by_instance, strict=True):
        for (x, y), is_shown in zip(points, shown, strict=True):
            if is_shown:
                draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colors, outline=None, width=0)
        for start, end in connectivity or ():
            if shown[start] and shown[end]:
                draw.line((tuple(points[start]), tuple(points[end])), width=width)
    return as_given(picture)


@jtorch.no_grad()
def flow_to_image(flow: Tensor) -> Tensor:
    """Optical flow (2, H, W) or (N, 2, H, W) as colours: the hue is the direction, the saturation the length.

    The colour wheel is that of Baker et al. 2007, "A Database and Evaluation Methodology for Optical Flow".
    """
    if flow.dtype != jtorch.float32:
        raise ValueError(f"Flow should be of dtype torch.float, got {flow.dtype}.")
    batch = flow[None] if flow.ndim == 3 else flow
    if batch.ndim != 4 or batch.shape[1] != 2:
        raise ValueError(f"Input flow should have shape (2, H, W) or (N, 2, H, W), got {flow.shape}.")
    longest = batch.pow(2).sum(dim=1).sqrt().max()
    colored = _direction_colors(batch / (longest + jtorch.finfo(flow.dtype).eps))
    return colored[0] if flow.ndim == 3 else colored


def _direction_colors(flow: Tensor) -> Tensor:
    wheel = jtorch.from_numpy(_color_wheel()).to(flow.device)
    length = flow.pow(2).sum(dim=1).sqrt()
    turn = jtorch.atan2(-flow[:, 1], -flow[:, 0]) / jtorch.pi
    place = (turn + 1) / 2 * (len(wheel) - 1)
    before = place.floor().long()
    after = (before + 1) % len(wheel)
    share = (place - before)[..., None]
    color = (1 - share) * (wheel[before] / 255.0) + share * (wheel[after] / 255.0)
    color = 1 - length[..., None] * (1 - color)
    return (255 * color).floor().to(jtorch.uint8).permute(0, 3, 1, 2)


def _color_wheel() -> np.ndarray:
    """55 colours (R, G, B) in 0..255 around the wheel: from red over yellow, green, cyan, blue, magenta and back.

    Between two of these one channel rises or falls while another stays at 255.
    """
    steps = ((15, 1, 0), (6, 0, 1), (4, 2, 1), (11, 1, 2), (13, 0, 2), (6, 2, 0))  # count, what changes, what is full
    rises = (True, False, True, False, True, False)
    rows = []
    for (count, changing, full), is_rising in zip(steps, rises, strict=True):
        part = np.zeros((count, 3), np.float32)
        ramp = np.floor(255 * np.arange(count, dtype=np.float32) / count)
        part[:, changing] = ramp if is_rising else 255 - ramp
        part[:, full] = 255
        rows.append(part)
    return np.concatenate(rows)
