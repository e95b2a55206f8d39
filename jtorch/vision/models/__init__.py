"""Models that classify pictures, by name or by function, and their published weights: `torchvision.models`."""

from ._api import Weights, WeightsEnum, get_model, get_model_builder, get_model_weights, get_weight, list_models
from .alexnet import *
from .densenet import *
from .mobilenet import *
from .resnet import *
from .squeezenet import *
from .vgg import *
