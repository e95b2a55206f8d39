"""Find the nuclei of cells in a microscope's picture with a U-Net.

    python unet_nuclei.py                    transposed convolutions on the way up
    python unet_nuclei.py --bilinear         bilinear interpolation instead

The data are one fluorescence picture of 512 x 512 points in which experts outlined 125 nuclei (data/README.md). The model
learns from random pieces of the left three quarters, turned and mirrored, and is tested on the right quarter.
"""

import argparse
import pathlib

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from contact_sheet import contact_sheet, heat
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.utils import draw_segmentation_masks

DATA = pathlib.Path(__file__).resolve().parent / "data"


class DoubleConv(nn.Module):
    """Twice: convolution, batch norm, ReLU."""

    def __init__(self, in_channels, out_channels, mid_channels=None):
        super().__init__()
        mid_channels = mid_channels or out_channels
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, mid_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(mid_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    """Half the size, then a double convolution."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(in_channels, out_channels))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    """Twice the size, then a double convolution of that and of what was there on the way down."""

    def __init__(self, in_channels, out_channels, bilinear):
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.conv = DoubleConv(in_channels, out_channels, in_channels // 2)
        else:
            self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, kernel_size=2, stride=2)
            self.conv = DoubleConv(in_channels, out_channels)

    def forward(self, x1, x2):
        x1 = self.up(x1)
        dy, dx = x2.size(2) - x1.size(2), x2.size(3) - x1.size(3)
        x1 = F.pad(x1, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.conv(torch.cat([x2, x1], dim=1))


class OutConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1)

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    """`width` channels at full size, twice as many at each of `depth` halvings (the paper: 64 and 4)."""

    def __init__(self, n_channels, n_classes, width=64, depth=4, bilinear=False):
        super().__init__()
        widths = [width * 2**level for level in range(depth + 1)]
        factor = 2 if bilinear else 1
        self.inc = DoubleConv(n_channels, width)
        self.downs = nn.ModuleList(
            Down(before, after // (factor if level == depth else 1))
            for level, (before, after) in enumerate(zip(widths, widths[1:], strict=False), start=1)
        )
        self.ups = nn.ModuleList(
            Up(widths[level], widths[level - 1] // (factor if level > 1 else 1), bilinear)
            for level in range(depth, 0, -1)
        )
        self.outc = OutConv(width, n_classes)

    def forward(self, x):
        levels = [self.inc(x)]
        for down in self.downs:
            levels.append(down(levels[-1]))
        x = levels.pop()
        for up in self.ups:
            x = up(x, levels.pop())
        return self.outc(x)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--size", type=int, default=96, help="width and height of the pieces to learn from")
    parser.add_argument("--width", type=int, default=8, help="channels at full size")
    parser.add_argument("--depth", type=int, default=3, help="how often the size is halved")
    parser.add_argument("--bilinear", action="store_true")
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/unet_nuclei"))
    return parser.parse_args()


def load_nuclei():
    """(picture (1, 512, 512) of floats (of the default dtype) in 0..1, number of the nucleus at each point (1, 512, 512), 0 for none)."""
    picture, numbers = (
        torch.from_numpy(np.array(Image.open(DATA / f"{name}.png"))) for name in ("nuclei", "nuclei_masks")
    )
    # Nuclei in division are ten times as bright as the others: the root brings them closer together.
    return (picture.to(torch.get_default_dtype()) / 255).sqrt().unsqueeze(0), numbers.unsqueeze(0)


class Pieces(Dataset):
    """As many random pieces of a picture and of its mask, transformed alike."""

    def __init__(self, picture, mask, augment, count):
        self.sample = {"image": tv_tensors.Image(picture), "mask": tv_tensors.Mask(mask)}
        self.augment, self.count = augment, count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        piece = self.augment(self.sample)
        return piece["image"], piece["mask"].to(torch.get_default_dtype())


def dice_loss(logits, target):
    """1 minus twice the overlap over the sum of both areas; as good for few nuclei as for many."""
    p = torch.sigmoid(logits)
    return 1 - (2 * (p * target).sum() + 1) / (p.sum() + target.sum() + 1)


def overlap(predicted, target):
    """Intersection over union."""
    return ((predicted & target).sum() / (predicted | target).sum()).item()


def main():
    args = parse_arguments()
    # Training amplifies rounding: in double precision two libraries, or two machines, still print the same.
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(args.seed)
    picture, numbers = load_nuclei()
    nuclei = numbers > 0
    edge = 384
    print(f"Nuclei: {int(numbers.max())}, on {nuclei.float().mean().item():.1%} of the picture")

    model = UNet(1, 1, args.width, args.depth, args.bilinear).to(args.device)
    print(f"U-Net: {sum(p.numel() for p in model.parameters())} parameters")
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=args.lr, total_steps=args.steps)
    augment = v2.Compose([v2.RandomCrop(args.size), v2.RandomHorizontalFlip(), v2.RandomVerticalFlip()])

    pieces = Pieces(picture[..., :edge], nuclei[..., :edge], augment, args.steps * args.batch_size)

    total = 0.0
    for step, (image, target) in enumerate(DataLoader(pieces, args.batch_size), start=1):
        image, target = image.to(args.device), target.to(args.device)
        logits = model(image)
        loss = F.binary_cross_entropy_with_logits(logits, target) + dice_loss(logits, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        total += loss.item()
        if step % 10 == 0:
            print(f"Step {step}: loss {total / 10:.2f}")
            total = 0.0

    model.eval()
    with torch.no_grad():
        probability = torch.sigmoid(model(picture.unsqueeze(0).to(args.device)))[0].cpu()
    predicted = probability > 0.5
    bright = picture > picture[..., :edge][nuclei[..., :edge]].mean() / 1.5
    for name, part in (("learnt from", slice(None, edge)), ("not seen", slice(edge, None))):
        iou = [overlap(found[..., part], nuclei[..., part]) for found in (predicted, bright)]
        print(f"Intersection over union on the part {name}: {iou[0]:.2f} (by a threshold of brightness: {iou[1]:.2f})")
    found = [
        int((predicted & (numbers == n)).sum() * 2 > (numbers == n).sum()) for n in range(1, int(numbers.max()) + 1)
    ]
    print(f"Nuclei found by more than half: {sum(found)} of {len(found)}")
    draw(args.out / "nuclei.png", picture, nuclei, predicted, probability, edge)


def draw(path, picture, nuclei, predicted, probability, edge):
    gray = (picture * 255).to(torch.uint8).expand(3, -1, -1)
    masks = torch.cat([predicted & nuclei, nuclei & ~predicted, predicted & ~nuclei])
    colors = [(60, 200, 80), (235, 60, 60), (70, 130, 255)]
    judged = draw_segmentation_masks(gray, masks, alpha=0.6, colors=colors).float() / 255
    outlined = draw_segmentation_masks(gray, nuclei, alpha=0.5, colors=[(250, 210, 50)]).float() / 255
    images = [gray.float() / 255, outlined, heat(probability[0]), judged]
    for image in images[1:]:
        image[:, :, edge - 1 : edge + 1] = 1.0
    rows = [
        ("the picture (root of brightness)  |  the nuclei that experts outlined; right of the line is what the model has not seen", images[:2]),
        ("the model's probability of a nucleus  |  found (green), missed (red), too much (blue)", images[2:]),
    ]  # fmt: skip
    contact_sheet(path, "Nuclei of cells, found by a U-Net", rows)


if __name__ == "__main__":
    main()
