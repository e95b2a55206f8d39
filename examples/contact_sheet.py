"""Rows of pictures with a line of text over each, as photographers print them: what these examples show their results with."""

import torch
from PIL import Image, ImageDraw, ImageFont
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import make_grid

MARGIN, TEXT = 12, 15


def contact_sheet(path, title, rows):
    """Write a picture of `rows`, pairs of a line of text and a list of images (C, H, W) in 0..1, and say so.

    The images of a row have one size and 1 or 3 channels.
    """
    strips = [(text, _strip(images)) for text, images in rows]
    width = max(strip.width for _, strip in strips) + 2 * MARGIN
    height = 2 * MARGIN + 28 + sum(strip.height + TEXT + 12 for _, strip in strips)
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN), title, fill="black", font=ImageFont.load_default(19))
    top = MARGIN + 32
    for text, strip in strips:
        draw.text((MARGIN, top), text, fill=(70, 70, 70), font=ImageFont.load_default(TEXT - 2))
        sheet.paste(strip, (MARGIN, top + TEXT + 4))
        top += strip.height + TEXT + 12
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
    print(f"Picture: {path.name}, {title[0].lower()}{title[1:]}")


def _strip(images):
    images = [image.float().expand(3, -1, -1) for image in images]
    # Of a single image make_grid makes no grid.
    grid = make_grid(images, nrow=len(images), padding=3, pad_value=1.0) if len(images) > 1 else images[0]
    return to_pil_image(grid)


def enlarged(images, width):
    """Square images with each point repeated, up to `width` points."""
    return [
        image.repeat_interleave(width // image.shape[-1], -1).repeat_interleave(width // image.shape[-1], -2)
        for image in images
    ]


def framed(image, color, width=2):
    """`image` with a frame of `color`, three numbers in 0..1."""
    image = image.expand(3, -1, -1).clone()
    for edge in (image[:, :width], image[:, -width:], image[:, :, :width], image[:, :, -width:]):
        edge.copy_(torch.tensor(color).view(3, 1, 1).expand_as(edge))
    return image


# Ten points of a perceptual scale from dark violet over green to yellow: matplotlib's viridis, sampled.
_SCALE = [(68, 1, 84), (72, 40, 120), (62, 74, 137), (49, 104, 142), (38, 130, 142), (31, 158, 137), (53, 183, 121), (110, 206, 88), (181, 222, 43), (253, 231, 37)]  # fmt: skip


def heat(values):
    """A map (H, W) in false colours, from its smallest value in violet to its largest in yellow."""
    colors = torch.tensor(_SCALE, dtype=torch.float32) / 255
    low, high = values.min(), values.max()
    place = (values - low) / (high - low).clamp(min=1e-8) * (len(_SCALE) - 1)
    below = place.floor().long().clamp(max=len(_SCALE) - 2)
    share = (place - below).unsqueeze(-1)
    return (colors[below] * (1 - share) + colors[below + 1] * share).permute(2, 0, 1)
