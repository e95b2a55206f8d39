"""Augmentation of pictures as PyTorch users write it; the same file runs under torch with torchvision and under jtorch.

`batch` and `each` are transforms of torchvision, drawn once for a whole batch and anew for each picture. `program` is
the same augmentation of each picture written as operations on the whole batch, as an accelerator wants it: nothing in it
depends on values, so it can be captured.
"""

import math
import sys
import types

import torch

try:
    import torchvision
except RuntimeError:  # the wheel's compiled part wants another build of torch; the Python part does without
    for name in ("_meta_registrations", "_autograd_registrations"):
        sys.modules[f"torchvision.{name}"] = types.ModuleType(name)
    import torchvision
from torchvision import datasets
from torchvision.transforms import v2

SIDE = 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def pictures(count):
    """A batch of uint8 (count, 3, 224, 224)."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, SIDE, SIDE), dtype=torch.uint8, generator=generator)


def _transform():
    return v2.Compose(
        [
            v2.RandomResizedCrop(SIDE),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(0.4, 0.4, 0.4),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )


def batch():
    return _transform()


def each():
    transform = _transform()
    return lambda images: torch.stack([transform(image) for image in images])


def program():
    return augmented


def _between(draw, low, high):
    return low + draw * (high - low)


def _hats(start, length, mirrored):
    """Weights (N, 224, 224) of bilinear interpolation: row i of picture n says of which points its point i is made.

    They resample the stretch of `length` from `start`, both in widths of a picture, to the whole width.
    """
    points = torch.arange(SIDE, device=start.device)
    places = ((points + 0.5) / SIDE).expand(len(start), -1)
    places = torch.where(mirrored[:, None], 1 - places, places)
    low = start[:, None] * SIDE
    source = low + places * length[:, None] * SIDE - 0.5
    source = torch.minimum(torch.maximum(source, low), low + length[:, None] * SIDE - 1)
    return (1 - (source[..., None] - points).abs()).clamp(min=0)


def augmented(images):
    """RandomResizedCrop, RandomHorizontalFlip, ColorJitter of 0.4 and Normalize with draws of its own for each picture.

    A crop is a multiplication by weights from either side, which accelerators do fastest. The frame is cut to
    the picture where torchvision would draw again.
    """
    draw = torch.rand(8, len(images), device=images.device)
    area = _between(draw[0], 0.08, 1.0)
    ratio = _between(draw[1], math.log(3 / 4), math.log(4 / 3)).exp()
    height, width = (area / ratio).sqrt().clamp(max=1), (area * ratio).sqrt().clamp(max=1)
    rows = _hats(draw[2] * (1 - height), height, torch.zeros_like(draw[2], dtype=torch.bool))
    columns = _hats(draw[3] * (1 - width), width, draw[4] < 0.5)
    image = rows[:, None] @ (images.float() / 255) @ columns[:, None].transpose(-1, -2)

    bright, contrast, saturation = (_between(one, 0.6, 1.4).view(-1, 1, 1, 1) for one in draw[5:])
    luma = torch.tensor([0.2989, 0.587, 0.114], device=images.device).view(3, 1, 1)
    image = (image * bright).clamp(0, 1)
    level = (image * luma).sum(1, keepdim=True).mean((-2, -1), keepdim=True)
    image = (image * contrast + level * (1 - contrast)).clamp(0, 1)
    gray = (image * luma).sum(1, keepdim=True)
    image = (image * saturation + gray * (1 - saturation)).clamp(0, 1)
    mean, std = (torch.tensor(v, device=images.device).view(3, 1, 1) for v in (MEAN, STD))
    return (image - mean) / std


WORKLOADS = {"batch": batch, "each": each, "program": program}


def loader(folder, workers):
    """Batches of 32 of the photos in a folder, augmented as PIL images one by one."""
    transform = torchvision.transforms.Compose(
        [
            torchvision.transforms.RandomResizedCrop(SIDE),
            torchvision.transforms.RandomHorizontalFlip(),
            torchvision.transforms.ToTensor(),
            torchvision.transforms.Normalize(MEAN, STD),
        ]
    )
    data = datasets.ImageFolder(folder, transform)
    return torch.utils.data.DataLoader(
        data, batch_size=32, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )
