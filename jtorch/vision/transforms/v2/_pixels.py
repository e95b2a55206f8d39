"""Transforms of images as numbers and as kinds of picture, and of videos in time."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import PIL.Image

import jtorch
from jtorch import Tensor
from jtorch.vision import tv_tensors
from jtorch.vision.transforms import transforms as v1

from .. import functional as F_v1
from .._arguments import height_and_width, require_sequence
from .._draws import drawn_between, drawn_integer
from .._pixels import drawn_rectangle, erasing_value, linear_transformation, require_erasing, require_linear
from . import functional as F
from ._arguments import has_any, is_pure_tensor, numbers_pair, query_chw
from ._geometry import warn_of_passing
from ._transform import Applied, RandomApplyTransform, Transform


class Identity(Transform):
    """Nothing."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return inpt


class Lambda(Transform):
    """A function of one input, for inputs of some types (default: all)."""

    _transformed_types = (object,)

    def __init__(self, lambd: Callable[[Any], Any], *types: type):
        super().__init__()
        self.lambd = lambd
        self.types = types or self._transformed_types

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return self.lambd(inpt) if isinstance(inpt, self.types) else inpt

    def extra_repr(self) -> str:
        name = getattr(self.lambd, "__name__", None)
        return ", ".join([*([name] if name else []), f"types={[kind.__name__ for kind in self.types]}"])


class _OnTensors(Transform):
    def check_inputs(self, flat_inputs: list[Any]) -> None:
        if has_any(flat_inputs, PIL.Image.Image):
            raise TypeError(f"{type(self).__name__}() does not support PIL images.")


class LinearTransformation(_OnTensors):
    """(image - mean_vector) @ transformation_matrix, of the image as one vector: whitening, for instance."""

    _v1_transform_cls = v1.LinearTransformation
    _transformed_types = (is_pure_tensor, tv_tensors.Image, tv_tensors.Video)

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor):
        super().__init__()
        require_linear(transformation_matrix, mean_vector)
        self.transformation_matrix = transformation_matrix
        self.mean_vector = mean_vector

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        output = linear_transformation(inpt.as_subclass(Tensor), self.transformation_matrix, self.mean_vector)
        return output if is_pure_tensor(inpt) else tv_tensors.wrap(output, like=inpt)


class Normalize(_OnTensors, Applied):
    """(image - mean) / std channel by channel, for floats (..., C, H, W)."""

    _v1_transform_cls = v1.Normalize
    function = F.normalize
    arguments = ("mean", "std", "inplace")

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False):
        super().__init__()
        self.mean = list(mean)
        self.std = list(std)
        self.inplace = inplace


class GaussianBlur(Applied):
    """Blur by a Gaussian of `kernel_size` (x, y) pixels and a random deviation from `sigma` (min, max)."""

    _v1_transform_cls = v1.GaussianBlur
    function = F.gaussian_blur
    arguments = ("kernel_size",)

    def __init__(self, kernel_size: int | Sequence[int], sigma: float | Sequence[float] = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = height_and_width(kernel_size, "Kernel size should be a tuple/list of two integers")
        if any(size <= 0 or size % 2 == 0 for size in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        self.sigma = numbers_pair(sigma, "sigma")
        if not 0.0 < self.sigma[0] <= self.sigma[1]:
            raise ValueError(f"sigma values should be positive and of the form (min, max). Got {self.sigma}")

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"sigma": [drawn_between(*self.sigma)] * 2}


class GaussianNoise(Applied):
    """Add normal noise; `mean` and `sigma` are for levels in 0..1, to which `clip` cuts the result."""

    function = F.gaussian_noise
    arguments = ("mean", "sigma", "clip")

    def __init__(self, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> None:
        super().__init__()
        self.mean = mean
        self.sigma = sigma
        self.clip = clip


class ToDtype(Transform):
    """In another dtype; `scale` takes the levels of images and videos to its range (0..1 for floats).

    `dtype` may be a dict from types of input to dtypes (None: as it is), with "others" for all that are not in it.
    """

    _transformed_types = (Tensor,)

    def __init__(self, dtype: Any, scale: bool = False) -> None:
        super().__init__()
        if not isinstance(dtype, (dict, jtorch.dtype)):
            raise ValueError(f"dtype must be a dict or a torch.dtype, got {type(dtype)} instead")
        pictures = (tv_tensors.Image, tv_tensors.Video)
        if isinstance(dtype, dict) and Tensor in dtype and any(kind in dtype for kind in pictures):
            warnings.warn(
                "Got `dtype` values for `torch.Tensor` and either `tv_tensors.Image` or `tv_tensors.Video`. "
                "Note that a plain `torch.Tensor` will *not* be transformed by this (or any other transformation) "
                "in case a `tv_tensors.Image` or `tv_tensors.Video` is present in the input.",
                stacklevel=2,
            )
        self.dtype = dtype
        self.scale = scale

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        is_picture = is_pure_tensor(inpt) or isinstance(inpt, (tv_tensors.Image, tv_tensors.Video))
        if not isinstance(self.dtype, dict):
            if not is_picture:
                return inpt
            dtype = self.dtype
        elif type(inpt) in self.dtype or "others" in self.dtype:
            dtype = self.dtype.get(type(inpt), self.dtype.get("others"))
        else:
            raise ValueError(
                f"No dtype was specified for type {type(inpt)}. If you only need to convert the dtype of images or "
                "videos, you can just pass e.g. dtype=torch.float32. If you're passing a dict as dtype, you can use "
                '"others" as a catch-all key e.g. dtype={tv_tensors.Mask: torch.int64, "others": None} to '
                "pass-through the rest of the inputs."
            )
        if dtype is not None:
            return self._call_kernel(F.to_dtype, inpt, dtype=dtype, scale=self.scale)
        if self.scale and is_picture:
            warnings.warn(
                "scale was set to True but no dtype was specified for images or videos: no scaling will be done.",
                stacklevel=2,
            )
        return inpt


class ConvertImageDtype(Transform):
    """In another dtype, levels taken to its range."""

    _v1_transform_cls = v1.ConvertImageDtype

    def __init__(self, dtype: Any = jtorch.float32) -> None:
        super().__init__()
        self.dtype = dtype

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return self._call_kernel(F.to_dtype, inpt, dtype=self.dtype, scale=True)


class RandomErasing(RandomApplyTransform):
    """Overwrite a random rectangle with probability `p`, by `value`: a number, one per channel, or "random" noise."""

    _v1_transform_cls = v1.RandomErasing

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0.0,
        inplace: bool = False,
    ):
        super().__init__(p=p)
        require_erasing(scale, ratio, value)
        self.scale = scale
        self.ratio = ratio
        self.value = erasing_value(value)
        self.inplace = inplace

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        shape = query_chw(flat_inputs)
        if self.value is not None and len(self.value) not in (1, shape[0]):
            raise ValueError(
                f"If value is a sequence, it should have either a single value or {shape[0]} (number of inpt channels)"
            )
        drawn = drawn_rectangle(shape, self.scale, self.ratio, self.value)
        return {} if drawn is None else dict(zip("ijhwv", drawn, strict=True))

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if not params:
            return inpt
        warn_of_passing(self, inpt)
        return self._call_kernel(F.erase, inpt, **params, inplace=self.inplace)


class JPEG(Transform):
    """What is left of 8-bit levels after JPEG, of a quality drawn from `quality` (min, max)."""

    def __init__(self, quality: int | Sequence[int]):
        super().__init__()
        if isinstance(quality, bool):
            raise TypeError("quality can't be bool")
        if isinstance(quality, int):
            quality = [quality, quality]
        else:
            require_sequence(quality, "quality", 2)
        if not (1 <= quality[0] <= quality[1] <= 100 and all(isinstance(bound, int) for bound in quality)):
            raise ValueError(f"quality must be an integer from 1 to 100, got quality ={quality!r}")
        self.quality = quality

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"quality": drawn_integer(self.quality[0], self.quality[1] + 1)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return self._call_kernel(F.jpeg, inpt, quality=params["quality"])


class UniformTemporalSubsample(Applied):
    """`num_samples` frames of a video, evenly spaced."""

    _transformed_types = (Tensor,)
    function = F.uniform_temporal_subsample
    arguments = ("num_samples",)

    def __init__(self, num_samples: int):
        super().__init__()
        self.num_samples = num_samples


class PILToTensor(Transform):
    """PIL images as plain tensors, levels unchanged."""

    _transformed_types = (PIL.Image.Image,)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.pil_to_tensor(inpt)


class ToImage(Transform):
    """Tensors, arrays and PIL images as `tv_tensors.Image`, levels unchanged."""

    _transformed_types = (is_pure_tensor, PIL.Image.Image, np.ndarray)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.to_image(inpt)


class ToPILImage(Transform):
    """Tensors and arrays as PIL images; `mode` is guessed from channels and dtype if None."""

    _transformed_types = (is_pure_tensor, tv_tensors.Image, np.ndarray)

    def __init__(self, mode: str | None = None) -> None:
        super().__init__()
        self.mode = mode

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.to_pil_image(inpt, mode=self.mode)


class ToPureTensor(Transform):
    """All of `tv_tensors` as plain tensors."""

    _transformed_types = (tv_tensors.TVTensor,)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return inpt.as_subclass(Tensor)


class ToTensor(Transform):
    """Deprecated: `ToImage` and `ToDtype(torch.float32, scale=True)` in one."""

    _transformed_types = (PIL.Image.Image, np.ndarray)

    def __init__(self) -> None:
        warnings.warn(
            "The transform `ToTensor()` is deprecated and will be removed in a future release. Instead, please use "
            "`v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])`."
            "Output is equivalent up to float precision.",
            stacklevel=2,
        )
        super().__init__()

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F_v1.to_tensor(inpt)
