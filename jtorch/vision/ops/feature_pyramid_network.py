"""Maps of several resolutions, each with what the coarser ones know (Lin et al. 2017, https://arxiv.org/abs/1612.03144)."""

from collections import OrderedDict
from collections.abc import Callable

import jtorch.nn.functional as F
from jtorch import nn
from jtorch.tensor import Tensor

from .misc import Conv2dNormActivation

Maps = list[Tensor]


class ExtraFPNBlock(nn.Module):
    """Adds levels to a pyramid: from (its levels, the maps it was made of, the names of those) to (levels, names)."""

    def forward(self, results: Maps, x: Maps, names: list[str]) -> tuple[Maps, list[str]]:
        raise NotImplementedError("a subclass says which levels are added")


class FeaturePyramidNetwork(nn.Module):
    """Maps of falling resolution to maps of `out_channels` each, under the same names.

    >>> import jtorch as torch
    >>> pyramid = FeaturePyramidNetwork([4, 8], 5)
    >>> maps = pyramid(OrderedDict(fine=torch.rand(1, 4, 8, 8), coarse=torch.rand(1, 8, 4, 4)))
    >>> [(name, x.shape) for name, x in maps.items()]
    [('fine', torch.Size([1, 5, 8, 8])), ('coarse', torch.Size([1, 5, 4, 4]))]
    """

    _version = 2

    def __init__(
        self,
        in_channels_list: list[int],
        out_channels: int,
        extra_blocks: ExtraFPNBlock | None = None,
        norm_layer: Callable[..., nn.Module] | None = None,
    ) -> None:
        super().__init__()
        if 0 in in_channels_list:
            raise ValueError("in_channels=0 is currently not supported")
        self.inner_blocks = nn.ModuleList()
        self.layer_blocks = nn.ModuleList()
        for in_channels in in_channels_list:
            for blocks, channels, size in ((self.inner_blocks, in_channels, 1), (self.layer_blocks, out_channels, 3)):
                blocks.append(
                    Conv2dNormActivation(channels, out_channels, size, norm_layer=norm_layer, activation_layer=None)
                )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, a=1)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        if extra_blocks is not None and not isinstance(extra_blocks, ExtraFPNBlock):
            raise TypeError(f"extra_blocks should be of type ExtraFPNBlock not {type(extra_blocks)}")
        self.extra_blocks = extra_blocks

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        # Before version 2 a block was its convolution.
        if (local_metadata.get("version") or 1) < 2:
            for i in range(len(self.inner_blocks)):
                for block in ("inner_blocks", "layer_blocks"):
                    for name in ("weight", "bias"):
                        older = f"{prefix}{block}.{i}.{name}"
                        if older in state_dict:
                            state_dict[f"{prefix}{block}.{i}.0.{name}"] = state_dict.pop(older)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)

    def get_result_from_inner_blocks(self, x: Tensor, idx: int) -> Tensor:
        return self.inner_blocks[idx](x)

    def get_result_from_layer_blocks(self, x: Tensor, idx: int) -> Tensor:
        return self.layer_blocks[idx](x)

    def forward(self, x: dict[str, Tensor]) -> dict[str, Tensor]:
        names, maps = list(x), list(x.values())
        merged = self.get_result_from_inner_blocks(maps[-1], -1)
        results = [self.get_result_from_layer_blocks(merged, -1)]
        for i in reversed(range(len(maps) - 1)):
            lateral = self.get_result_from_inner_blocks(maps[i], i)
            merged = lateral + F.interpolate(merged, size=lateral.shape[-2:], mode="nearest")
            results.insert(0, self.get_result_from_layer_blocks(merged, i))
        if self.extra_blocks is not None:
            results, names = self.extra_blocks(results, maps, names)
        return OrderedDict(zip(names, results, strict=False))


class LastLevelMaxPool(ExtraFPNBlock):
    """One level more: every second element of the last."""

    def forward(self, x: Maps, y: Maps, names: list[str]) -> tuple[Maps, list[str]]:  # type: ignore[override]
        return [*x, F.max_pool2d(x[-1], kernel_size=1, stride=2, padding=0)], [*names, "pool"]


class LastLevelP6P7(ExtraFPNBlock):
    """Two levels more, by strided convolutions: RetinaNet's P6 and P7 (https://arxiv.org/abs/1708.02002)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.p6 = nn.Conv2d(in_channels, out_channels, 3, 2, 1)
        self.p7 = nn.Conv2d(out_channels, out_channels, 3, 2, 1)
        for module in (self.p6, self.p7):
            nn.init.kaiming_uniform_(module.weight, a=1)
            nn.init.zeros_(module.bias)
        self.use_P5 = in_channels == out_channels

    def forward(self, p: Maps, c: Maps, names: list[str]) -> tuple[Maps, list[str]]:  # type: ignore[override]
        p6 = self.p6(p[-1] if self.use_P5 else c[-1])
        return [*p, p6, self.p7(F.relu(p6))], [*names, "p6", "p7"]
