"""Which kernel a function of `v2.functional` has for which kind of input.

A function such as `resize` is only a signature and a docstring: `@functional` makes it look its kernel up by the type of
its first argument. A kernel takes the arguments it has names for. Those for boxes and key points work on plain tensors:
the registry fills in `format`, `canvas_size` and `clamping_mode` from the input, and gives the result (or the first of
(result, canvas size)) the input's class again.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import PIL.Image

from jtorch import Tensor
from jtorch.vision import tv_tensors
from jtorch.vision.tv_tensors import BoundingBoxes, Image, KeyPoints, Mask, TVTensor, Video

KERNELS: dict[Callable, dict[type, Callable]] = {}
METADATA = ("format", "canvas_size", "clamping_mode")


def is_pure_tensor(inpt: Any) -> bool:
    """Whether it is a tensor and not one of `tv_tensors`."""
    return isinstance(inpt, Tensor) and not isinstance(inpt, TVTensor)


def functional(signature: Callable) -> Callable:
    """A function that calls the kernel for its first argument; `signature` is never run."""
    parameters = inspect.signature(signature)

    @functools.wraps(signature)
    def call(inpt, *args, **kwargs):
        bound = parameters.bind(inpt, *args, **kwargs)
        bound.apply_defaults()
        keywords = dict(list(bound.arguments.items())[1:])
        return get_kernel(call, type(inpt))(inpt, **keywords)

    KERNELS[call] = {}
    return call


def get_kernel(function: Callable, input_type: type, *, allow_passthrough: bool = False) -> Callable:
    """The kernel for a type or the first of its base classes that has one; kinds of `TVTensor` end there."""
    kernels = KERNELS.get(function)
    if not kernels:
        raise ValueError(f"No kernel registered for functional {function.__name__}.")
    for kind in input_type.__mro__:
        if kind in kernels:
            return kernels[kind]
        if kind is TVTensor:
            break
    if allow_passthrough:
        return lambda inpt, *args, **kwargs: inpt
    raise TypeError(
        f"Functional F.{function.__name__} supports inputs of type {kernels.keys()}, but got {input_type} instead."
    )


def register(
    function: Callable,
    *,
    image: Callable | None = None,
    video: Callable | bool | None = None,
    pil: Callable | None = None,
    mask: Callable | None = None,
    boxes: Callable | None = None,
    keypoints: Callable | None = None,
) -> None:
    """Enter the kernels of a function. That of images serves plain tensors, and videos unless `video` is False."""
    by_type = {
        Tensor: image or video,
        Image: image,
        Video: image if video is None else video or None,
        PIL.Image.Image: pil,
        Mask: mask,
        BoundingBoxes: boxes,
        KeyPoints: keypoints,
    }
    for kind, kernel in by_type.items():
        if kernel is not None:
            KERNELS[function][kind] = _adapted(function, kernel, issubclass(kind, TVTensor))


def _adapted(function: Callable, kernel: Callable, wraps: bool) -> Callable:
    """`kernel` as the function is called: by position or name, with arguments that it has no use for."""
    takes = set(list(inspect.signature(kernel).parameters)[1:])
    metadata = [name for name in METADATA if name in takes]
    order = list(inspect.signature(function).parameters)[1:]

    def call(inpt, *args, **kwargs):
        given = dict(zip(order, args, strict=False)) | kwargs
        given = {name: value for name, value in given.items() if name in takes}
        if not wraps:
            return kernel(inpt, **given)
        given |= {name: getattr(inpt, name) for name in metadata if hasattr(inpt, name)}
        return _wrapped(kernel(inpt.as_subclass(Tensor), **given), inpt)

    return call


def _wrapped(output, like: TVTensor):
    if isinstance(output, tuple) and len(output) == 2 and isinstance(output[1], tuple):
        return tv_tensors.wrap(output[0], like=like, canvas_size=output[1])
    if isinstance(output, tuple):
        return tuple(tv_tensors.wrap(part, like=like) for part in output)
    return tv_tensors.wrap(output, like=like) if isinstance(output, Tensor) else output


def register_kernel(functional: Callable | str, tv_tensor_cls: type) -> Callable:
    """Decorator of a kernel for a subclass of `TVTensor` of one's own. It gets the input itself.

    >>> import jtorch as torch
    >>> from jtorch.vision import tv_tensors
    >>> from jtorch.vision.transforms.v2 import functional as F
    >>> class Depth(tv_tensors.TVTensor):
    ...     pass
    >>> @F.register_kernel(F.hflip, Depth)
    ... def flip_depth(depth):
    ...     return tv_tensors.wrap(depth.flip(-1), like=depth)
    >>> F.hflip(torch.tensor([[1, 2]]).as_subclass(Depth))
    Depth([[2, 1]])
    """
    if isinstance(functional, str):
        from jtorch.vision.transforms.v2 import functional as namespace

        if not hasattr(namespace, functional):
            raise ValueError(
                f"Could not find functional with name '{functional}' in torchvision.transforms.v2.functional."
            )
        functional = getattr(namespace, functional)
    if functional not in KERNELS:
        raise ValueError(
            "Kernels can only be registered on functionals from the torchvision.transforms.v2.functional namespace, "
            f"but got {functional}."
        )
    if not (isinstance(tv_tensor_cls, type) and issubclass(tv_tensor_cls, TVTensor)):
        raise ValueError(
            "Kernels can only be registered for subclasses of torchvision.tv_tensors.TVTensor, "
            f"but got {tv_tensor_cls}."
        )
    if tv_tensor_cls in (TVTensor, Image, Video, Mask, BoundingBoxes, KeyPoints):
        raise ValueError(f"Kernels cannot be registered for the builtin tv_tensor classes, but got {tv_tensor_cls}")
    if tv_tensor_cls in KERNELS[functional]:
        raise ValueError(f"Functional {functional} already has a kernel registered for type {tv_tensor_cls}.")

    def decorator(kernel: Callable) -> Callable:
        KERNELS[functional][tv_tensor_cls] = kernel
        return kernel

    return decorator


def on_masks(kernel: Callable, **fixed: Any) -> Callable:
    """A kernel of images as one of masks, which need no channels; `fixed` arguments are no longer asked for."""
    own = inspect.signature(kernel)
    kept = [p for p in own.parameters.values() if p.name not in fixed]

    @functools.wraps(kernel)
    def call(mask, *args, **kwargs):
        given = dict(zip([p.name for p in kept[1:]], args, strict=False)) | kwargs | fixed
        return kernel(mask.unsqueeze(0), **given).squeeze(0) if mask.ndim < 3 else kernel(mask, **given)

    call.__signature__ = own.replace(parameters=[kept[0].replace(name="mask"), *kept[1:]])  # type: ignore[attr-defined]
    call.__name__ = call.__qualname__ = kernel.__name__.replace("_image", "_mask")
    return call


def called(kernel: Callable, kind: str) -> Callable:
    """A kernel of images under the name of another kind of input: its first parameter is `kind`."""
    own = inspect.signature(kernel)
    first, *rest = own.parameters.values()

    @functools.wraps(kernel)
    def call(*args, **kwargs):
        return kernel(kwargs.pop(kind), *args, **kwargs) if kind in kwargs else kernel(*args, **kwargs)

    call.__signature__ = own.replace(parameters=[first.replace(name=kind), *rest])  # type: ignore[attr-defined]
    call.__name__ = call.__qualname__ = kernel.__name__.replace("_image", f"_{kind}")
    return call
