"""Models that classify videos (N, C, T, H, W): `torchvision.models.video`."""

from .resnet import *
from .s3d import *
