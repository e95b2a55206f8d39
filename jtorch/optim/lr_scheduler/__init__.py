"""Learning rate schedules: call `scheduler.step()` after `optimizer.step()`, once per epoch or per batch.

Most compute the next rate from the present one, so that several can be chained and a rate changed by hand is kept.
"""

from jtorch.optim.lr_scheduler.combined import ChainedScheduler, SequentialLR
from jtorch.optim.lr_scheduler.cyclic import CyclicLR, OneCycleLR
from jtorch.optim.lr_scheduler.decay import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from jtorch.optim.lr_scheduler.plateau import ReduceLROnPlateau
from jtorch.optim.lr_scheduler.scheduler import EPOCH_DEPRECATION_WARNING as EPOCH_DEPRECATION_WARNING
from jtorch.optim.lr_scheduler.scheduler import LRScheduler
from jtorch.optim.lr_scheduler.scheduler import _LRScheduler as _LRScheduler

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
