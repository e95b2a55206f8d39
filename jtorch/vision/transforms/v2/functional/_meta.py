"""Sizes of what is transformed."""

from __future__ import annotations

from jtorch import Tensor

from ... import _functional_pil as F_pil
from ._registry import called, functional, register


@functional
def get_dimensions(inpt):
    """[channels, height, width]."""


def get_dimensions_image(image: Tensor) -> list[int]:
    if image.ndim < 2:
        raise TypeError(f"Input tensor should have at least two dimensions, but got {image.ndim}")
    return [1, *image.shape] if image.ndim == 2 else list(image.shape[-3:])


get_dimensions_video = called(get_dimensions_image, "video")
register(get_dimensions, image=get_dimensions_image, pil=F_pil.get_dimensions)


@functional
def get_num_channels(inpt):
    """The number of channels."""


def get_num_channels_image(image: Tensor) -> int:
    return get_dimensions_image(image)[0]


get_num_channels_video = called(get_num_channels_image, "video")
register(get_num_channels, image=get_num_channels_image, pil=F_pil.get_image_num_channels)
get_image_num_channels = get_num_channels


@functional
def get_size(inpt):
    """[height, width]; of boxes and key points that of their image."""


def get_size_image(image: Tensor) -> list[int]:
    return get_dimensions_image(image)[1:]


def get_size_bounding_boxes(bounding_box) -> list[int]:
    return list(bounding_box.canvas_size)


get_size_video = called(get_size_image, "video")
get_size_mask = called(get_size_image, "mask")
get_size_keypoints = called(get_size_bounding_boxes, "keypoints")


def _get_size_of(canvas: Tensor, canvas_size) -> list[int]:
    return list(canvas_size)


register(
    get_size,
    image=get_size_image,
    pil=lambda image: F_pil.get_dimensions(image)[1:],
    mask=get_size_image,
    boxes=_get_size_of,
    keypoints=_get_size_of,
)


@functional
def get_num_frames(inpt):
    """The number of frames of a video."""


def get_num_frames_video(video: Tensor) -> int:
    return video.shape[-4]


register(get_num_frames, video=get_num_frames_video)
