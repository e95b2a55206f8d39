"""Models that say the class of each pixel: `torchvision.models.segmentation`."""

from .deeplabv3 import *
from .fcn import *
from .lraspp import *
