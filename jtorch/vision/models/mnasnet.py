"""MNASNet: blocks found by a search for speed on a phone (Tan et al. 2019, https://arxiv.org/abs/1807.11626)."""

import warnings

from jtorch import nn
from jtorch.tensor import Tensor

from ._declare import declare
from ._initialize import drawn, he_by_outputs, initialize, ones_and_zeros

__all__ = [
    "MNASNet",
    "MNASNet0_5_Weights",
    "MNASNet0_75_Weights",
    "MNASNet1_0_Weights",
    "MNASNet1_3_Weights",
    "mnasnet0_5",
    "mnasnet0_75",
    "mnasnet1_0",
    "mnasnet1_3",
]

# TensorFlow's momentum is the weight of the old statistics, torch's that of the new ones.
_BN_MOMENTUM = 1 - 0.9997

# The paper's figure 7: kernel, stride, expansion and repeats of the stages.
_STAGES = ((3, 2, 3, 3), (5, 2, 3, 3), (5, 2, 6, 3), (3, 1, 6, 2), (5, 2, 6, 4), (3, 1, 6, 1))


class _InvertedResidual(nn.Module):
    def __init__(
        self,
        in_ch: int,
        out_ch: int,
        kernel_size: int,
        stride: int,
        expansion_factor: int,
        bn_momentum: float = 0.1,
    ) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        if kernel_size not in (3, 5):
            raise ValueError(f"kernel_size should be 3 or 5 instead of {kernel_size}")
        width = in_ch * expansion_factor
        self.apply_residual = in_ch == out_ch and stride == 1
        self.layers = nn.Sequential(
            nn.Conv2d(in_ch, width, 1, bias=False),
            nn.BatchNorm2d(width, momentum=bn_momentum),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, kernel_size, padding=kernel_size // 2, stride=stride, groups=width, bias=False),
            nn.BatchNorm2d(width, momentum=bn_momentum),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, out_ch, 1, bias=False),
            nn.BatchNorm2d(out_ch, momentum=bn_momentum),
        )

    def forward(self, input: Tensor) -> Tensor:
        return self.layers(input) + input if self.apply_residual else self.layers(input)


def _stack(
    in_ch: int, out_ch: int, kernel_size: int, stride: int, exp_factor: int, repeats: int, bn_momentum: float
) -> nn.Sequential:
    if repeats < 1:
        raise ValueError(f"repeats should be >= 1, instead got {repeats}")
    blocks = [_InvertedResidual(in_ch, out_ch, kernel_size, stride, exp_factor, bn_momentum)]
    blocks += [_InvertedResidual(out_ch, out_ch, kernel_size, 1, exp_factor, bn_momentum) for _ in range(1, repeats)]
    return nn.Sequential(*blocks)


def _round_to_multiple_of(val: float, divisor: int, round_up_bias: float = 0.9) -> int:
    """The nearest multiple, or the next one if that is less than `round_up_bias` of the value.

    >>> _round_to_multiple_of(82, 8), _round_to_multiple_of(83, 8), _round_to_multiple_of(11, 8)
    (80, 80, 16)
    """
    if not 0.0 < round_up_bias < 1.0:
        raise ValueError(f"round_up_bias should be greater than 0.0 and smaller than 1.0 instead of {round_up_bias}")
    nearest = max(divisor, int(val + divisor / 2) // divisor * divisor)
    return nearest if nearest >= round_up_bias * val else nearest + divisor


def _get_depths(alpha: float) -> list[int]:
    return [_round_to_multiple_of(depth * alpha, 8) for depth in (32, 16, 24, 40, 80, 96, 192, 320)]


def _stem(first: int, second: int) -> list[nn.Module]:
    return [
        nn.Conv2d(3, first, 3, padding=1, stride=2, bias=False),
        nn.BatchNorm2d(first, momentum=_BN_MOMENTUM),
        nn.ReLU(inplace=True),
        nn.Conv2d(first, first, 3, padding=1, stride=1, groups=first, bias=False),
        nn.BatchNorm2d(first, momentum=_BN_MOMENTUM),
        nn.ReLU(inplace=True),
        nn.Conv2d(first, second, 1, padding=0, stride=1, bias=False),
        nn.BatchNorm2d(second, momentum=_BN_MOMENTUM),
    ]


class MNASNet(nn.Module):
    """All widths are multiplied by `alpha`.

    Version 1 of the class did not multiply those of the stem. A state of that version turns the model into one.
    """

    _version = 2

    def __init__(self, alpha: float, num_classes: int = 1000, dropout: float = 0.2) -> None:
        super().__init__()
        if alpha <= 0.0:
            raise ValueError(f"alpha should be greater than 0.0 instead of {alpha}")
        self.alpha = alpha
        self.num_classes = num_classes
        depths = _get_depths(alpha)
        stem = _stem(*depths[:2])
        stages = [_stack(depths[i + 1], depths[i + 2], *stage, _BN_MOMENTUM) for i, stage in enumerate(_STAGES)]
        self.layers = nn.Sequential(
            *stem,
            *stages,
            nn.Conv2d(depths[-1], 1280, 1, padding=0, stride=1, bias=False),
            nn.BatchNorm2d(1280, momentum=_BN_MOMENTUM),
            nn.ReLU(inplace=True),
        )
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(1280, num_classes))
        rules = {
            nn.Conv2d: he_by_outputs(),
            nn.BatchNorm2d: ones_and_zeros,
            nn.Linear: drawn(nn.init.kaiming_uniform_, mode="fan_out", nonlinearity="sigmoid"),
        }
        initialize(self, rules)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.layers(x).mean([2, 3]))

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        version = local_metadata.get("version", None)
        if version not in (1, 2):
            raise ValueError(f"version should be set to 1 or 2 instead of {version}")
        if version == 1 and self.alpha != 1.0:
            for i, layer in enumerate(
                [*_stem(32, 16), _stack(16, _get_depths(self.alpha)[2], *_STAGES[0], _BN_MOMENTUM)]
            ):
                self.layers[i] = layer
            self._version = 1
            warnings.warn(
                "A new version of MNASNet model has been implemented. Your checkpoint was saved using the previous "
                "version. This checkpoint will load and work as before, but you may want to upgrade by training a "
                "newer model or transfer learning from an updated ImageNet checkpoint.",
                UserWarning,
                stacklevel=2,
            )
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)


MNASNet0_5_Weights, mnasnet0_5 = declare("MNASNet0_5", MNASNet, 0.5)
MNASNet0_75_Weights, mnasnet0_75 = declare("MNASNet0_75", MNASNet, 0.75)
MNASNet1_0_Weights, mnasnet1_0 = declare("MNASNet1_0", MNASNet, 1.0)
MNASNet1_3_Weights, mnasnet1_3 = declare("MNASNet1_3", MNASNet, 1.3)
