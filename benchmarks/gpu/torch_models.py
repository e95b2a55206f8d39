"""GPT-2 (Radford et al., 2019), ResNet-50 (He et al., 2016) and a U-Net (Ronneberger et al., 2015) as PyTorch users write them; run unmodified under torch and jtorch.

Each is a function of its sizes and the device that gives `step(data, label)`, under autocast to bfloat16.
"""

import torch
import torch.nn.functional as F
from torch import nn

from ..workloads.models import GPT


def _trainer(model, optimizer, device):
    model.to(device).train()
    optimizer = optimizer(model.parameters())

    def step(data, label):
        optimizer.zero_grad()
        with torch.autocast(device, dtype=torch.bfloat16):
            loss = F.cross_entropy(model(data), label)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def gpt2(device, words, length, width, heads, layers, **_):
    """The 124M model has 12 layers of 768, 12 heads and 1024 positions; AdamW."""
    torch.manual_seed(0)
    step = _trainer(
        GPT(words, length, width, heads, layers),
        lambda p: torch.optim.AdamW(p, lr=3e-4, capturable=device != "cpu"),
        device,
    )
    return lambda tokens, following: step(tokens, following.flatten())


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != 4 * width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        return F.relu(self.bn3(self.conv3(out)) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, width, blocks, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        layers, inputs = [], width
        for i, count in enumerate(blocks):
            for j in range(count):
                layers.append(Bottleneck(inputs, width << i, 2 if i and not j else 1))
                inputs = 4 * (width << i)
        self.layers, self.fc = nn.Sequential(*layers), nn.Linear(inputs, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self.fc(F.adaptive_avg_pool2d(self.layers(x), 1).flatten(1))


def resnet50(device, width, blocks, classes, **_):
    """SGD with momentum and weight decay."""
    torch.manual_seed(0)
    return _trainer(
        ResNet(width, blocks, classes), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-4), device
    )


def _double(inputs, outputs):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
    )  # fmt: skip


class UNet(nn.Module):
    def __init__(self, width, depth, classes):
        super().__init__()
        widths = [width << i for i in range(depth)]
        self.down = nn.ModuleList(_double(i, o) for i, o in zip([3, *widths], widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in widths[-2::-1])
        self.merge = nn.ModuleList(_double(2 * w, w) for w in widths[-2::-1])
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        kept = []
        for i, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if i else x)
            kept.append(x)
        kept.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([kept.pop(), up(x)], 1))
        return self.head(x)


def unet(device, width, depth, classes, **_):
    """Adam, one label a pixel."""
    torch.manual_seed(0)
    return _trainer(
        UNet(width, depth, classes), lambda p: torch.optim.Adam(p, lr=1e-3, capturable=device != "cpu"), device
    )


WORKLOADS = {"gpt2": gpt2, "resnet50": resnet50, "unet": unet}
