"""Models that say where each pixel of a picture moves to in the next: `torchvision.models.optical_flow`."""

from .raft import *
