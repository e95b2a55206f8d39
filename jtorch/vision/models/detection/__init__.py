"""Models that find objects: `torchvision.models.detection`, the R-CNN family of it and RetinaNet."""

from .faster_rcnn import *
from .keypoint_rcnn import *
from .mask_rcnn import *
from .retinanet import *
