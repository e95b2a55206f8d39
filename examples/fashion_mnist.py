"""Train a small convolutional network on 28 x 28 pictures of ten kinds, watch it, stop it, go on.

    python fashion_mnist.py                        the digits that lie beside this file
    python fashion_mnist.py --data fashion         Zalando's FashionMNIST, downloaded on first use
    python fashion_mnist.py --data FOLDER          the four IDX files of your own folder, plain or gzip-compressed
    python fashion_mnist.py --epochs 12 --resume   go on from the last checkpoint

Every epoch prints a training and a validation line and writes, under --out, a checkpoint, the curves of loss and
accuracy (curves.png), and a picture of samples with the model's mistakes framed in red (samples.png).
"""

import argparse
import gzip
import os
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from PIL import Image, ImageDraw
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import datasets, transforms
from torchvision.utils import save_image

HERE = pathlib.Path(__file__).resolve().parent


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--data", default="digits", help="digits, fashion, or a folder of IDX files")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=1e-3, help="learning rate of Adam in the first epoch")
    parser.add_argument("--lr-decay", type=float, default=0.85, help="factor of the learning rate after each epoch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, help="use only the first LIMIT training images")
    parser.add_argument("--workers", type=int, default=0, help="processes that prepare batches")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/fashion_mnist"))
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--log-losses", metavar="FILE", help="write the loss of every step to FILE, one per line")
    args = parser.parse_args()
    if args.batch_size < 1:
        parser.error("--batch-size must be at least 1")
    if args.limit is not None and args.limit < args.batch_size:
        parser.error(f"--limit must be at least the batch size, {args.batch_size}: only whole batches are trained on")
    return args


# ---------------------------------------------------------------------------------------------------------------- data


def read_idx(path):
    """The array in an IDX file: two zero bytes, 8 for uint8, the number of dimensions, their lengths, the values."""
    if not path.exists():
        path = path.with_name(path.name + ".gz")
    with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
        content = file.read()
    ndim = content[3]
    shape = np.frombuffer(content, ">u4", count=ndim, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * ndim).reshape(shape)


class IdxDataset(Dataset):
    """The training or the test images of a folder of IDX files."""

    classes = [str(digit) for digit in range(10)]

    def __init__(self, folder, train, transform):
        part = "train" if train else "t10k"
        self.images = read_idx(folder / f"{part}-images-idx3-ubyte")
        self.labels = read_idx(folder / f"{part}-labels-idx1-ubyte")
        self.transform = transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index].reshape(28, 28, 1)
        return self.transform(image), int(self.labels[index])


def load_data(name):
    image_size = 28
    if name == "fashion":
        transform = transforms.Compose([transforms.Resize(image_size), transforms.ToTensor()])
        try:
            return [
                datasets.FashionMNIST(HERE / "data", train=train, download=True, transform=transform)
                for train in (True, False)
            ]
        except RuntimeError as error:
            sys.exit(f"FashionMNIST is not to be had:\n{error}")
    folder = HERE / "data" if name == "digits" else pathlib.Path(name)
    transform = transforms.Compose([transforms.ToPILImage(), transforms.Resize(image_size), transforms.ToTensor()])
    try:
        return [IdxDataset(folder, train, transform) for train in (True, False)]
    except FileNotFoundError as error:
        sys.exit(f"There are no such images: {error}")


# --------------------------------------------------------------------------------------------------------------- model


class Net(nn.Module):
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
        self.fc = nn.Sequential(
            nn.Linear(64 * 4 * 4, 512),
            nn.ReLU(),
            nn.Linear(512, 10),
        )

    def forward(self, x):
        x = self.conv(x)
        x = x.view(-1, 64 * 4 * 4)
        return self.fc(x)


# --------------------------------------------------------------------------------------------- training and validation


def train(epoch, model, loader, criterion, optimizer, device, losses):
    model.train()
    total, count = 0.0, 0
    for data, label in progress(loader, f"Epoch {epoch}"):
        data, label = data.to(device), label.to(device)
        optimizer.zero_grad()
        output = model(data)
        loss = criterion(output, label)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        total += losses[-1] * data.size(0)
        count += data.size(0)
    print(f"Epoch: {epoch} \tTraining Loss: {total / count:.6f}")
    return total / count


def validate(epoch, model, loader, criterion, device):
    model.eval()
    total = 0.0
    gt_labels, pred_labels = [], []
    with torch.no_grad():
        for data, label in loader:
            data, label = data.to(device), label.to(device)
            output = model(data)
            gt_labels.append(label.cpu().numpy())
            pred_labels.append(torch.argmax(output, 1).cpu().numpy())
            total += criterion(output, label).item() * data.size(0)
    gt_labels, pred_labels = np.concatenate(gt_labels), np.concatenate(pred_labels)
    val_loss = total / len(gt_labels)
    accuracy = float(np.mean(gt_labels == pred_labels))
    print(f"Epoch: {epoch} \tValidation Loss: {val_loss:.6f}, Accuracy: {accuracy:6f}")
    return val_loss, accuracy, np.flatnonzero(gt_labels != pred_labels).tolist()


def progress(loader, label):
    """The batches of a loader, with a bar on the terminal while they last."""
    if not sys.stderr.isatty():
        yield from loader
        return
    start = time.time()
    for done, batch in enumerate(loader, start=1):
        yield batch
        filled = 30 * done // len(loader)
        rate = done / (time.time() - start)
        bar = "#" * filled + "." * (30 - filled)
        print(f"\r{label} [{bar}] {done}/{len(loader)}, {rate:.1f} steps/s ", end="", file=sys.stderr, flush=True)
    print("\r\033[K", end="", file=sys.stderr, flush=True)


# --------------------------------------------------------------------------------------------------------- checkpoints


def random_states(device):
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def save_checkpoint(path, model, optimizer, scheduler, epoch, history, device):
    """All that the next epoch depends on. The old file is replaced only when the new one is complete."""
    unfinished = path.with_suffix(".part")
    torch.save(
        {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "epoch": epoch,
            "history": history,
            "random": random_states(device),
        },
        unfinished,
    )
    os.replace(unfinished, path)


def load_checkpoint(path, model, optimizer, scheduler, device):
    if not path.exists():
        sys.exit(f"There is no checkpoint at {path} to resume from.")
    checkpoint = torch.load(path)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    scheduler.load_state_dict(checkpoint["scheduler"])
    torch.set_rng_state(checkpoint["random"]["cpu"])
    if device.type == "cuda" and "cuda" in checkpoint["random"]:
        torch.cuda.set_rng_state(checkpoint["random"]["cuda"], device)
    return checkpoint["epoch"], checkpoint["history"]


# ------------------------------------------------------------------------------------------------------------ pictures


def draw_samples(path, data, mistakes):
    """The first 48 images, then up to 16 that the model takes for something else, framed in red."""
    images = []
    for index, wrong in [(i, False) for i in range(48)] + [(i, True) for i in mistakes[:16]]:
        image = data[index][0].expand(3, 28, 28).clone()
        if wrong:
            for edge in (image[:, :2], image[:, -2:], image[:, :, :2], image[:, :, -2:]):
                edge.copy_(torch.tensor([0.9, 0.1, 0.1]).view(3, 1, 1).expand_as(edge))
        images.append(image)
    save_image(images, path, nrow=16, pad_value=0.5)


def draw_curves(path, history):
    epochs = range(1, len(history["train_loss"]) + 1)
    panels = [
        ("loss", {"training": history["train_loss"], "validation": history["val_loss"]}),
        ("accuracy", {"validation": history["accuracy"]}),
    ]
    try:
        import matplotlib
    except ImportError:
        return draw_curves_plainly(path, epochs, panels)
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for axis, (title, curves) in zip(axes, panels, strict=True):
        for name, values in curves.items():
            axis.plot(epochs, values, marker="o", markersize=3, label=name)
        axis.set(title=title, xlabel="epoch")
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_curves_plainly(path, epochs, panels):
    """The same picture without matplotlib."""
    width, height, margin = 480, 340, 50
    picture = Image.new("RGB", (width * len(panels), height), "white")
    draw = ImageDraw.Draw(picture)
    for panel, (title, curves) in enumerate(panels):
        left, right = panel * width + margin, (panel + 1) * width - margin // 2
        top, bottom = margin, height - margin
        values = [value for curve in curves.values() for value in curve]
        low, high = min(values), max(values)
        high = high if high > low else low + 1
        draw.rectangle((left, top, right, bottom), outline="gray")
        draw.text((left, top - 30), title, fill="black")
        for tick in range(5):
            value = low + (high - low) * tick / 4
            y = bottom - (bottom - top) * tick / 4
            draw.line((left, y, right, y), fill="lightgray")
            draw.text((left - 42, y - 6), f"{value:.3f}", fill="black")
        draw.text((left, bottom + 8), f"epoch 1 to {len(epochs)}", fill="black")
        for number, (name, curve) in enumerate(curves.items()):
            color = ("steelblue", "darkorange")[number]
            step = (right - left) / max(len(curve) - 1, 1)
            points = [
                (left + i * step, bottom - (v - low) / (high - low) * (bottom - top)) for i, v in enumerate(curve)
            ]
            draw.line(points, fill=color, width=3)
            for x, y in points:
                draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=color)
            draw.text((left + 120 + 90 * number, top - 30), name, fill=color)
    picture.save(path)


# ----------------------------------------------------------------------------------------------------------------- main


def main():
    args = parse_arguments()
    device = torch.device(args.device)
    torch.manual_seed(args.seed)
    # A resumed run repeats the uninterrupted one bit for bit, where the device has algorithms that allow it.
    torch.use_deterministic_algorithms(True, warn_only=True)

    train_data, test_data = load_data(args.data)
    if args.limit is not None:
        train_data = Subset(train_data, range(min(args.limit, len(train_data))))
    train_loader = DataLoader(
        train_data, batch_size=args.batch_size, shuffle=True, num_workers=args.workers, drop_last=True
    )
    test_loader = DataLoader(test_data, batch_size=args.batch_size, shuffle=False, num_workers=args.workers)

    model = Net().to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    scheduler = optim.lr_scheduler.ExponentialLR(optimizer, gamma=args.lr_decay)

    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint = args.out / "checkpoint.pth"
    finished, history = 0, {"train_loss": [], "val_loss": [], "accuracy": []}
    if args.resume:
        finished, history = load_checkpoint(checkpoint, model, optimizer, scheduler, device)

    start = time.time()
    for epoch in range(finished + 1, args.epochs + 1):
        losses = []
        train_loss = train(epoch, model, train_loader, criterion, optimizer, device, losses)
        val_loss, accuracy, mistakes = validate(epoch, model, test_loader, criterion, device)
        scheduler.step()

        history["train_loss"].append(train_loss)
        history["val_loss"].append(val_loss)
        history["accuracy"].append(accuracy)
        save_checkpoint(checkpoint, model, optimizer, scheduler, epoch, history, device)
        draw_curves(args.out / "curves.png", history)
        draw_samples(args.out / "samples.png", test_data, mistakes)
        if args.log_losses:
            with open(args.log_losses, "w" if epoch == 1 else "a") as file:
                file.writelines(f"{loss!r}\n" for loss in losses)
    if history["accuracy"]:
        accuracy = history["accuracy"][-1]
        print(f"Accuracy {accuracy:.4f} after {time.time() - start:.1f} s; checkpoint and pictures in {args.out}")


if __name__ == "__main__":
    main()
