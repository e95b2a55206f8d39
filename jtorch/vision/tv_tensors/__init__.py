"""Tensors that know what they are: images, videos, masks, boxes and key points, for `transforms.v2`."""

from ._bounding_boxes import BoundingBoxes, BoundingBoxFormat, is_rotated_bounding_format
from ._keypoints import KeyPoints
from ._pictures import Image, Mask, Video
from ._tv_tensor import TVTensor, set_return_type, wrap

__all__ = [
    "BoundingBoxFormat",
    "BoundingBoxes",
    "Image",
    "KeyPoints",
    "Mask",
    "TVTensor",
    "Video",
    "is_rotated_bounding_format",
    "set_return_type",
    "wrap",
]
