"""Training steps as PyTorch users write them; the same file runs under torch and under jtorch.

Every workload is a function without arguments that gives `step(data, label)`: one training step on a batch of tensors, whose loss it returns.
"""

import torch
import torch.nn.functional as F
from torch import nn


def _trainer(model, optimizer):
    criterion = nn.CrossEntropyLoss()
    model.train()

    def step(data, label):
        optimizer.zero_grad()
        loss = criterion(model(data), label)
        loss.backward()
        optimizer.step()
        return loss

    return step


def mlp():
    """784-256-10, SGD with momentum."""
    model = MODELS["mlp"]()
    return _trainer(model, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9))


def deep():
    """19 hidden layers of 64, Adam: many small operations, so that what is measured is the cost of an operation."""
    model = MODELS["deep"]()
    return _trainer(model, torch.optim.Adam(model.parameters(), lr=1e-3))


class Net(nn.Module):
    """The FashionMNIST network of examples/fashion_mnist.py."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 32, 5),
            nn.ReLU(),
            nn.MaxPool2d(2, stride=2),
            nn.Dropout(0.3),
            nn.Conv2d(32, 64, 5),
            nn.ReLU(),
            nn.MaxPool2d(2, stride=2),
            nn.Dropout(0.3),
        )
        self.fc = nn.Sequential(nn.Linear(64 * 4 * 4, 512), nn.ReLU(), nn.Linear(512, 10))

    def forward(self, x):
        x = self.conv(x)
        x = x.view(-1, 64 * 4 * 4)
        return self.fc(x)


def cnn():
    """Net, Adam."""
    model = MODELS["cnn"]()
    return _trainer(model, torch.optim.Adam(model.parameters(), lr=1e-3))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


class ResNet18(nn.Module):
    """ResNet-18 for small images (He et al., 2016, section 4.2): no pooling at the start."""

    def __init__(self, width=32):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        blocks, inputs = [], width
        for i, factor in enumerate((1, 2, 4, 8)):
            for stride in (1 if i == 0 else 2, 1):
                blocks.append(BasicBlock(inputs, width * factor, stride))
                inputs = width * factor
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(inputs, 10)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn1(self.conv1(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def resnet():
    """ResNet-18 at half width, SGD with momentum and weight decay."""
    model = MODELS["resnet"]()
    return _trainer(model, torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc, self.out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = self.qkv(self.ln_1(x)).split(width, dim=2)
        q, k, v = (t.view(batch, length, self.heads, width // self.heads).transpose(1, 2) for t in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).contiguous().view(batch, length, width))
        return x + self.out(F.gelu(self.fc(self.ln_2(x)), approximate="tanh"))


class GPT(nn.Module):
    """A decoder in the manner of GPT-2 (Radford et al., 2019)."""

    def __init__(self, words=256, length=64, width=128, heads=4, layers=4):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(words, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_f, self.head = nn.LayerNorm(width), nn.Linear(width, words, bias=False)

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x)).flatten(0, 1)


def _texts(model, optimizer):
    step = _trainer(model, optimizer)
    return lambda tokens, following: step(tokens, following.flatten())


def gpt():
    """4 layers of 128, 4 heads, AdamW."""
    model = MODELS["gpt"]()
    return _texts(model, torch.optim.AdamW(model.parameters(), lr=3e-4))


def decoder(depth, length):
    """The same of another depth and length."""
    model = GPT(length=length, layers=depth)
    return _texts(model, torch.optim.AdamW(model.parameters(), lr=3e-4))


class LanguageModel(nn.Module):
    def __init__(self, words=1000, width=256):
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.lstm = nn.LSTM(width, width, num_layers=2, batch_first=True)
        self.head = nn.Linear(width, words)

    def forward(self, tokens):
        return self.head(self.lstm(self.embedding(tokens))[0]).flatten(0, 1)


def lstm():
    """2 layers of 256, SGD."""
    model = MODELS["lstm"]()
    return _texts(model, torch.optim.SGD(model.parameters(), lr=1.0))


def _seeded(make):
    def model():
        torch.manual_seed(0)
        return make()

    return model


def _deep():
    hidden = [layer for _ in range(19) for layer in (nn.Linear(64, 64), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(64, 10))


MODELS = {
    "mlp": _seeded(lambda: nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))),
    "deep": _seeded(_deep),
    "cnn": _seeded(Net),
    "resnet": _seeded(ResNet18),
    "gpt": _seeded(GPT),
    "lstm": _seeded(LanguageModel),
}
WORKLOADS = {"mlp": mlp, "deep": deep, "cnn": cnn, "resnet": resnet, "gpt": gpt, "lstm": lstm}
