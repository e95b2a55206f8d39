"""Coordinates in pixels, reading between them, and flows made eight times as large."""

import jtorch
from jtorch.nn import functional as F
from jtorch.tensor import Tensor


def grid_sample(
    img: Tensor, absolute_grid: Tensor, mode: str = "bilinear", align_corners: bool | None = None
) -> Tensor:
    """`torch.nn.functional.grid_sample` at coordinates (x, y) in pixels; of pictures one pixel high y is as it is there."""
    height, width = img.shape[-2:]
    x, y = absolute_grid.split([1, 1], dim=-1)
    x = 2 * x / (width - 1) - 1
    if height > 1:
        y = 2 * y / (height - 1) - 1
    return F.grid_sample(img, jtorch.cat([x, y], dim=-1), mode=mode, align_corners=align_corners)


def make_coords_grid(batch_size: int, h: int, w: int, device: str = "cpu") -> Tensor:
    """Each pixel's x and y: (batch_size, 2, h, w)"""
    y, x = jtorch.meshgrid(jtorch.arange(h, device=device), jtorch.arange(w, device=device), indexing="ij")
    return jtorch.stack([x, y]).float()[None].repeat(batch_size, 1, 1, 1)


def upsample_flow(flow: Tensor, up_mask: Tensor | None = None, factor: int = 8) -> Tensor:
    """A flow (N, 2, H, W) at `factor` times the resolution, and as many times as long.

    Each pixel is a convex combination of the 3 x 3 around it, by the softmax over the 9 of `up_mask`, (N, 9 * factor *
    factor, H, W): appendix B of the paper. Without a mask it is interpolated.
    """
    n, channels, height, width = flow.shape
    size = (height * factor, width * factor)
    if up_mask is None:
        return factor * F.interpolate(flow, size=size, mode="bilinear", align_corners=True)
    shares = up_mask.view(n, 1, 9, factor, factor, height, width).softmax(dim=2)
    around = F.unfold(factor * flow, kernel_size=3, padding=1).view(n, channels, 9, 1, 1, height, width)
    return (shares * around).sum(dim=2).permute(0, 1, 4, 2, 5, 3).reshape(n, channels, *size)
