"""Training steps as PyTorch users write them; the same file runs under torch and under jtorch.

Every workload is a function of the batches (a list of pairs of numpy arrays) that gives `step(i)`: one training step on batch i, whose loss it returns
as a Python number.
"""

import torch
from torch import nn


def _trainer(model, optimizer, batches):
    batches = [(torch.tensor(x), torch.tensor(y)) for x, y in batches]
    criterion = nn.CrossEntropyLoss()
    model.train()

    def step(i):
        data, label = batches[i % len(batches)]
        optimizer.zero_grad()
        loss = criterion(model(data), label)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def mlp(batches):
    """784-256-10, SGD with momentum."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    return _trainer(model, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9), batches)


def deep(batches):
    """19 hidden layers of 64, Adam: many small operations, so that what is measured is the cost of an operation."""
    torch.manual_seed(0)
    hidden = [layer for _ in range(19) for layer in (nn.Linear(64, 64), nn.ReLU())]
    model = nn.Sequential(*hidden, nn.Linear(64, 10))
    return _trainer(model, torch.optim.Adam(model.parameters(), lr=1e-3), batches)


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


def cnn(batches):
    """Net, Adam."""
    torch.manual_seed(0)
    model = Net()
    return _trainer(model, torch.optim.Adam(model.parameters(), lr=1e-3), batches)


WORKLOADS = {"mlp": mlp, "deep": deep, "cnn": cnn}
