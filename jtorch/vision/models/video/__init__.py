"""Models that classify videos (N, C, T, H, W): `torchvision.models.video`."""

from .mvit import *
from .resnet import *
from .s3d import *
from .swin_transformer import *
