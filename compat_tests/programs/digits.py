"""The classic first script: command line options, a convolutional network, train and test loops, a schedule, a checkpoint."""

import argparse
import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset, random_split


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, 1, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.dropout = nn.Dropout(0.25)
        self.fc = nn.Linear(4 * 25, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn(self.conv1(x))), 2)
        x = self.dropout(torch.flatten(x, 1))
        return F.log_softmax(self.fc(x), dim=1)


def make_data(n, g):
    """Each class lights a place of its own."""
    y = torch.randint(0, 10, (n,), generator=g)
    x = torch.randn(n, 1, 12, 12, generator=g) * 0.3
    for i in range(n):
        r, c = divmod(int(y[i]), 4)
        x[i, 0, r * 4 : r * 4 + 3, c * 3 : c * 3 + 3] += 1.5
    return TensorDataset(x, y)


def train(args, model, loader, optimizer, epoch):
    model.train()
    for batch_idx, (data, target) in enumerate(loader):
        data, target = data.to(args.device), target.to(args.device)
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        if batch_idx % args.log_interval == 0:
            seen, percent = batch_idx * len(data), 100.0 * batch_idx / len(loader)
            print(f"Train Epoch: {epoch} [{seen}/{len(loader.dataset)} ({percent:.0f}%)]\tLoss: {loss.item():.4f}")


def test(args, model, loader):
    model.eval()
    test_loss = correct = 0
    with torch.no_grad():
        for data, target in loader:
            output = model(data.to(args.device))
            test_loss += F.nll_loss(output, target, reduction="sum").item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    print(f"Test set: Average loss: {test_loss / len(loader.dataset):.4f}, Accuracy: {correct}/{len(loader.dataset)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--lr", type=float, default=1.0)
    parser.add_argument("--log-interval", type=int, default=3)
    args = parser.parse_args()
    torch.manual_seed(1)
    args.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    full = make_data(320, torch.Generator().manual_seed(7))
    train_set, test_set = random_split(full, [256, 64], generator=torch.Generator().manual_seed(42))
    train_loader, test_loader = DataLoader(train_set, batch_size=32, shuffle=True), DataLoader(test_set, batch_size=64)
    model = Net().to(args.device)
    print(model)
    optimizer = optim.Adadelta(model.parameters(), lr=args.lr)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
    for epoch in range(1, args.epochs + 1):
        train(args, model, train_loader, optimizer, epoch)
        test(args, model, test_loader)
        scheduler.step()
        print("learning rate", scheduler.get_last_lr())
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "digits.pt")
        torch.save(model.state_dict(), path)
        again = Net()
        print(again.load_state_dict(torch.load(path, weights_only=True)))
    test(args, again, test_loader)


if __name__ == "__main__":
    main()
