"""The transforms as objects to compose: `torchvision.transforms`.

The random ones draw from the same generators in the same order as torchvision's, so that a seed gives the same crops
and flips: torch's CPU generator nearly everywhere, Python's `random` in `RandomChoice` and `RandomOrder`.
"""

from __future__ import annotations

import numbers
import random
import warnings
from collections.abc import Callable, Sequence

import jtorch
from jtorch.nn import Module
from jtorch.tensor import Tensor

from . import functional as F
from ._arguments import height_and_width, translated
from ._color import (
    ColorJitter,
    Grayscale,
    RandomAdjustSharpness,
    RandomAutocontrast,
    RandomEqualize,
    RandomGrayscale,
    RandomInvert,
    RandomPosterize,
    RandomSolarize,
)
from ._draws import drawn_below, drawn_integer, drawn_window
from ._geometry import ElasticTransform, FiveCrop, RandomAffine, RandomPerspective, RandomRotation, TenCrop
from ._pixels import GaussianBlur, LinearTransformation, RandomErasing
from .functional import InterpolationMode

__all__ = [
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "ConvertImageDtype",
    "ElasticTransform",
    "FiveCrop",
    "GaussianBlur",
    "Grayscale",
    "InterpolationMode",
    "Lambda",
    "LinearTransformation",
    "Normalize",
    "PILToTensor",
    "Pad",
    "RandomAdjustSharpness",
    "RandomAffine",
    "RandomApply",
    "RandomAutocontrast",
    "RandomChoice",
    "RandomCrop",
    "RandomEqualize",
    "RandomErasing",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomInvert",
    "RandomOrder",
    "RandomPerspective",
    "RandomPosterize",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSolarize",
    "RandomVerticalFlip",
    "Resize",
    "TenCrop",
    "ToPILImage",
    "ToTensor",
]


def _list_of(transforms: Sequence, *first_lines: str) -> str:
    return "".join(f"\n    {line}" for line in (*first_lines, *transforms)) + "\n"


class Compose:
    """One transform after the other.

    >>> from PIL import Image
    >>> from jtorch.vision import transforms
    >>> pipeline = transforms.Compose([transforms.CenterCrop(10), transforms.ToTensor()])
    >>> pipeline
    Compose(
        CenterCrop(size=(10, 10))
        ToTensor()
    )
    >>> pipeline(Image.new("L", (28, 28))).shape
    torch.Size([1, 10, 10])
    """

    def __init__(self, transforms: Sequence[Callable]):
        self.transforms = transforms

    def __call__(self, img):
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({_list_of(self.transforms)})"


class ToTensor:
    """A PIL image or an array (H, W, C) to a tensor (C, H, W); 8-bit levels become floats in 0..1.

    Other dtypes keep their values. Not for target masks, whose levels are class numbers: see `PILToTensor`.
    """

    def __call__(self, pic) -> Tensor:
        return F.to_tensor(pic)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}()"


class PILToTensor:
    """A PIL image to a tensor (C, H, W) of the same dtype and values."""

    def __call__(self, pic) -> Tensor:
        return F.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}()"


class ConvertImageDtype(Module):
    """A tensor image to another dtype, values scaled to its range (0..1 for floats)."""

    def __init__(self, dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return F.convert_image_dtype(image, self.dtype)


class ToPILImage:
    """A tensor (C, H, W) or an array (H, W, C) to a PIL image; `mode` is guessed from channels and dtype if None."""

    def __init__(self, mode: str | None = None):
        self.mode = mode

    def __call__(self, pic):
        return F.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({'' if self.mode is None else f'mode={self.mode}'})"


class Normalize(Module):
    """(image - mean) / std channel by channel, for float tensors (..., C, H, W).

    >>> import jtorch as torch
    >>> from jtorch.vision import transforms
    >>> transforms.Normalize(mean=[0.5], std=[0.25])(torch.ones(1, 1, 2))
    tensor([[[2., 2.]]])
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False):
        super().__init__()
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Tensor) -> Tensor:
        return F.normalize(tensor, self.mean, self.std, self.inplace)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(mean={self.mean}, std={self.std})"


class Resize(Module):
    """Resize to `size`: (height, width), or one number for the smaller edge, the aspect ratio being kept.

    With one number `max_size` bounds the longer edge. `antialias` concerns tensors in the bilinear and bicubic modes;
    PIL images are always smoothed in these.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ):
        super().__init__()
        if not isinstance(size, (int, Sequence)):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        self.size = size
        self.max_size = max_size
        self.interpolation = translated(interpolation)
        self.antialias = antialias

    def forward(self, img):
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(size={self.size}, interpolation={self.interpolation.value}, "
            f"max_size={self.max_size}, antialias={self.antialias})"
        )


class CenterCrop(Module):
    """The middle of an image, padded with 0 where the image is smaller. `size`: one number or (height, width)."""

    def __init__(self, size: int | Sequence[int]):
        super().__init__()
        self.size = height_and_width(size)

    def forward(self, img):
        return F.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(size={self.size})"


class Pad(Module):
    """Pad by `padding` pixels: one number, (left and right, top and bottom), or (left, top, right, bottom).

    `padding_mode`: constant (with `fill`), edge, reflect, or symmetric, which repeats the edge pixel.
    """

    def __init__(self, padding: int | Sequence[int], fill=0, padding_mode: str = "constant"):
        super().__init__()
        if not isinstance(padding, (numbers.Number, tuple, list)):
            raise TypeError("Got inappropriate padding arg")
        if not isinstance(fill, (numbers.Number, tuple, list)):
            raise TypeError("Got inappropriate fill arg")
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
        if isinstance(padding, Sequence) and len(padding) not in (1, 2, 4):
            raise ValueError(
                f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple"
            )
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img):
        return F.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class Lambda:
    """Any function of one image. A lambda cannot be pickled to data workers everywhere; a named function can."""

    def __init__(self, lambd: Callable):
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img):
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}()"


class RandomTransforms:
    """Base class of a list of transforms with a random element in how they are called."""

    def __init__(self, transforms: Sequence[Callable]):
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence")
        self.transforms = transforms

    def __call__(self, *args, **kwargs):
        raise NotImplementedError(f"{self.__class__.__name__} does not say how to call its transforms: define __call__")

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({_list_of(self.transforms)})"


class RandomApply(Module):
    """All of the transforms in turn with probability `p`, else none."""

    def __init__(self, transforms: Sequence[Callable], p: float = 0.5):
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img):
        if self.p < jtorch.rand(1).numpy()[0]:
            return img
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({_list_of(self.transforms, f'p={self.p}')})"


class RandomOrder(RandomTransforms):
    """All of the transforms, in an order drawn anew each time."""

    def __call__(self, img):
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for i in order:
            img = self.transforms[i](img)
        return img


class RandomChoice(RandomTransforms):
    """One of the transforms, drawn each time with the weights `p`."""

    def __init__(self, transforms: Sequence[Callable], p: Sequence[float] | None = None):
        super().__init__(transforms)
        if p is not None and not isinstance(p, Sequence):
            raise TypeError("Argument p should be a sequence")
        self.p = p

    def __call__(self, *args):
        return random.choices(self.transforms, weights=self.p)[0](*args)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"


class RandomCrop(Module):
    """A window of `size` at a random place, after padding by `padding`.

    `pad_if_needed` pads an image that is smaller than the window, on both sides.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill=0,
        padding_mode: str = "constant",
    ):
        super().__init__()
        self.size = tuple(height_and_width(size))
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    @staticmethod
    def get_params(img, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a random window."""
        _, height, width = F.get_dimensions(img)
        crop_height, crop_width = output_size
        if height < crop_height or width < crop_width:
            raise ValueError(
                f"Required crop size {(crop_height, crop_width)} is larger than input image size {(height, width)}"
            )
        if (height, width) == (crop_height, crop_width):
            return 0, 0, height, width
        top = drawn_integer(0, height - crop_height + 1)
        left = drawn_integer(0, width - crop_width + 1)
        return top, left, crop_height, crop_width

    def forward(self, img):
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        if self.pad_if_needed:
            _, height, width = F.get_dimensions(img)
            if width < self.size[1]:
                img = F.pad(img, [self.size[1] - width, 0], self.fill, self.padding_mode)
            if height < self.size[0]:
                img = F.pad(img, [0, self.size[0] - height], self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(size={self.size}, padding={self.padding})"


class RandomHorizontalFlip(Module):
    """Mirror left and right with probability `p`."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def forward(self, img):
        return F.hflip(img) if drawn_below(self.p) else img

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(p={self.p})"


class RandomVerticalFlip(Module):
    """Mirror top and bottom with probability `p`."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def forward(self, img):
        return F.vflip(img) if drawn_below(self.p) else img

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(p={self.p})"


class RandomResizedCrop(Module):
    """A window of random area and aspect ratio, resized to `size` (Szegedy et al. 2014, arXiv:1409.4842, section 6).

    `scale` bounds the window's share of the image's area, `ratio` its width over its height.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ):
        super().__init__()
        self.size = height_and_width(size)
        if not isinstance(scale, Sequence):
            raise TypeError("Scale should be a sequence")
        if not isinstance(ratio, Sequence):
            raise TypeError("Ratio should be a sequence")
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=2)
        self.interpolation = translated(interpolation)
        self.antialias = antialias
        self.scale = scale
        self.ratio = ratio

    @staticmethod
    def get_params(img, scale: Sequence[float], ratio: Sequence[float]) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a random window, or of the middle if ten draws do not fit the image."""
        _, height, width = F.get_dimensions(img)
        return drawn_window(height, width, scale, ratio)

    def forward(self, img):
        top, left, height, width = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, top, left, height, width, self.size, self.interpolation, antialias=self.antialias)

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(v, 4) for v in pair) for pair in (self.scale, self.ratio))
        return (
            f"{self.__class__.__name__}(size={self.size}, scale={scale}, ratio={ratio}, "
            f"interpolation={self.interpolation.value}, antialias={self.antialias})"
        )


class Scale(Resize):
    """An old name of `Resize`, which later releases of torchvision no longer have, with the warning it used to give."""

    def __init__(self, *args, **kwargs):
        _warn_of_renaming("Scale", "Resize")
        super().__init__(*args, **kwargs)


class RandomSizedCrop(RandomResizedCrop):
    """An old name of `RandomResizedCrop`, which later releases of torchvision no longer have, with its warning."""

    def __init__(self, *args, **kwargs):
        _warn_of_renaming("RandomSizedCrop", "RandomResizedCrop")
        super().__init__(*args, **kwargs)


def _warn_of_renaming(old: str, new: str) -> None:
    warnings.warn(
        f"The use of the transforms.{old} transform is deprecated, please use transforms.{new} instead.", stacklevel=3
    )
