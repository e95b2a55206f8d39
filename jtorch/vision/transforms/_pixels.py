"""Transforms of tensor images as numbers: erasing, blurring, whitening."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Sequence

import jtorch
from jtorch.nn import Module
from jtorch.tensor import Tensor

from . import functional as F
from ._arguments import height_and_width
from ._draws import drawn_aspect, drawn_below, drawn_between, drawn_integer, log_ratio


class RandomErasing(Module):
    """Overwrite a random rectangle of a tensor image with probability `p` (Zhong et al. 2017, arXiv:1708.04896).

    `scale` bounds the rectangle's share of the area, `ratio` its height over its width. `value` is a number, one for
    each channel, or "random" for normal noise.
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value=0,
        inplace: bool = False,
    ):
        super().__init__()
        require_erasing(scale, ratio, value)
        if p < 0 or p > 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p = p
        self.scale = scale
        self.ratio = ratio
        self.value = value
        self.inplace = inplace

    @staticmethod
    def get_params(img: Tensor, scale, ratio, value: Sequence[float] | None = None):
        """(top, left, height, width, what to write): the image itself if ten draws do not fit."""
        drawn = drawn_rectangle(img.shape[-3:], scale, ratio, value)
        return drawn or (0, 0, *img.shape[-2:], img)

    def forward(self, img: Tensor) -> Tensor:
        if not drawn_below(self.p):
            return img
        value = erasing_value(self.value)
        if value is not None and len(value) not in (1, img.shape[-3]):
            raise ValueError(
                f"If value is a sequence, it should have either a single value or {img.shape[-3]} "
                "(number of input channels)"
            )
        return F.erase(img, *self.get_params(img, self.scale, self.ratio, value), inplace=self.inplace)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(p={self.p}, scale={self.scale}, ratio={self.ratio}, value={self.value}, "
            f"inplace={self.inplace})"
        )


def require_erasing(scale, ratio, value) -> None:
    if not isinstance(value, (numbers.Number, str, tuple, list)):
        raise TypeError("Argument value should be either a number or str or a sequence")
    if isinstance(value, str) and value != "random":
        raise ValueError("If value is str, it should be 'random'")
    if not isinstance(scale, Sequence):
        raise TypeError("Scale should be a sequence")
    if not isinstance(ratio, Sequence):
        raise TypeError("Ratio should be a sequence")
    if scale[0] > scale[1] or ratio[0] > ratio[1]:
        warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=3)
    if scale[0] < 0 or scale[1] > 1:
        raise ValueError("Scale should be between 0 and 1")


def erasing_value(value) -> list[float] | None:
    """The numbers to write, None for noise."""
    if isinstance(value, str):
        return None
    return [float(number) for number in ([value] if isinstance(value, numbers.Number) else value)]


def drawn_rectangle(shape: Sequence[int], scale, ratio, value: Sequence[float] | None):
    """(top, left, height, width, what to write) for an image of (C, H, W); None if ten draws do not fit."""
    channels, height, width = shape
    log_low, log_high = log_ratio(ratio)
    for _ in range(10):
        area = height * width * drawn_between(scale[0], scale[1])
        aspect = drawn_aspect(log_low, log_high)
        tall, wide = int(round(math.sqrt(area * aspect))), int(round(math.sqrt(area / aspect)))
        if tall >= height or wide >= width:
            continue
        if value is None:
            content = jtorch.empty([channels, tall, wide], dtype=jtorch.float32).normal_()
        else:
            content = jtorch.tensor(value)[:, None, None]
        return drawn_integer(0, height - tall + 1), drawn_integer(0, width - wide + 1), tall, wide, content
    return None


class GaussianBlur(Module):
    """Blur by a Gaussian of `kernel_size` (x, y) pixels and a random deviation from `sigma` (min, max)."""

    def __init__(self, kernel_size: int | Sequence[int], sigma: float | Sequence[float] = (0.1, 2.0)):
        super().__init__()
        self.kernel_size = height_and_width(kernel_size, "Kernel size should be a tuple/list of two integers")
        if any(size <= 0 or size % 2 == 0 for size in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, numbers.Number):
            if sigma <= 0:
                raise ValueError("If sigma is a single number, it must be positive.")
            sigma = (sigma, sigma)
        elif not isinstance(sigma, Sequence) or len(sigma) != 2:
            raise ValueError("sigma should be a single number or a list/tuple with length 2.")
        elif not 0.0 < sigma[0] <= sigma[1]:
            raise ValueError("sigma values should be positive and of the form (min, max).")
        self.sigma = sigma

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """The deviation."""
        return drawn_between(sigma_min, sigma_max)

    def forward(self, img):
        sigma = self.get_params(self.sigma[0], self.sigma[1])
        return F.gaussian_blur(img, self.kernel_size, [sigma, sigma])

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(kernel_size={self.kernel_size}, sigma={self.sigma})"


class LinearTransformation(Module):
    """(image - mean_vector) @ transformation_matrix, of the image as one vector: whitening, for instance."""

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor):
        super().__init__()
        require_linear(transformation_matrix, mean_vector)
        self.transformation_matrix = transformation_matrix
        self.mean_vector = mean_vector

    def forward(self, tensor: Tensor) -> Tensor:
        return linear_transformation(tensor, self.transformation_matrix, self.mean_vector)

    def __repr__(self) -> str:
        matrix, mean = self.transformation_matrix.tolist(), self.mean_vector.tolist()
        return f"{self.__class__.__name__}(transformation_matrix={matrix}, mean_vector={mean})"


def require_linear(matrix: Tensor, mean: Tensor) -> None:
    if matrix.size(0) != matrix.size(1):
        raise ValueError(f"transformation_matrix should be square. Got {tuple(matrix.size())} rectangular matrix.")
    if mean.size(0) != matrix.size(0):
        raise ValueError(
            f"mean_vector should have the same length {mean.size(0)} as any one of the dimensions of the "
            f"transformation_matrix [{tuple(matrix.size())}]"
        )
    if matrix.device != mean.device:
        raise ValueError(f"Input tensors should be on the same device. Got {matrix.device} and {mean.device}")
    if matrix.dtype != mean.dtype:
        raise ValueError(f"Input tensors should have the same dtype. Got {matrix.dtype} and {mean.dtype}")


def linear_transformation(image: Tensor, matrix: Tensor, mean: Tensor) -> Tensor:
    channels, height, width = image.shape[-3:]
    length = channels * height * width
    if length != matrix.shape[0]:
        raise ValueError(
            "Input tensor and transformation matrix have incompatible shape."
            f"[{channels} x {height} x {width}] != {matrix.shape[0]}"
        )
    if image.device.type != mean.device.type:
        raise ValueError(
            "Input tensor should be on the same device as transformation matrix and mean vector. "
            f"Got {image.device} vs {mean.device}"
        )
    flat = image.reshape(-1, length) - mean
    return jtorch.mm(flat, matrix.to(flat.dtype)).reshape(image.shape)
