"""Models that find objects: `torchvision.models.detection`, as far as Faster R-CNN and Mask R-CNN."""

from .faster_rcnn import *
from .mask_rcnn import *
