"""What a small convolutional network looks for, and what it sees: its filters, and its feature maps caught by hooks.

    python feature_maps.py

The network learns the digits of data/ for a few epochs. Then forward hooks keep what its layers give for a handful of
digits, and a hook on a tensor the gradient of one of these maps, which backward would not keep.
"""

import argparse
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from contact_sheet import contact_sheet, enlarged, heat
from digits import load_digits


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 7, padding=3)
        self.conv2 = nn.Conv2d(16, 16, 5, padding=2)
        self.fc = nn.Linear(16 * 7 * 7, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--limit", type=int, default=4000, help="digits to learn from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/feature_maps"))
    return parser.parse_args()


def train(model, images, labels, epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(1, epochs + 1):
        total, batches = 0.0, torch.randperm(len(images)).split(100)
        for batch in batches:
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"Epoch {epoch}: loss {total / len(batches):.2f}")


def caught(model, names, images):
    """What the layers of these names give for the images. The hooks are gone afterwards."""
    maps = {}

    def keep(name):
        def hook(module, inputs, output):
            maps[name] = output.detach()

        return hook

    handles = [model.get_submodule(name).register_forward_hook(keep(name)) for name in names]
    with torch.no_grad():
        model(images)
    for handle in handles:
        handle.remove()
    return maps


def influence(model, image, label):
    """The gradient of a digit's score with respect to the map of the first layer: a hook on a tensor that is no leaf."""
    kept = {}

    def forward_hook(module, inputs, output):
        output.register_hook(lambda gradient: kept.update(gradient=gradient))

    handle = model.conv1.register_forward_hook(forward_hook)
    model(image.unsqueeze(0))[0, label].backward()
    handle.remove()
    model.zero_grad()
    return kept["gradient"][0]


def main():
    args = parse_arguments()
    # Training amplifies rounding: in double precision two libraries, or two machines, still print the same.
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(args.seed)
    images, labels = load_digits(train=True)
    chosen = torch.randperm(len(images))[: args.limit]
    model = Net()
    train(model, images[chosen], labels[chosen], args.epochs)

    test_images, test_labels = load_digits(train=False)
    with torch.no_grad():
        accuracy = (model(test_images).argmax(1) == test_labels).float().mean().item()
    print(f"Accuracy on digits not seen: {accuracy:.0%}")

    filters = model.conv1.weight.detach()
    print(f"Filters of conv1: {tuple(filters.shape)}, norms " + " ".join(f"{f.norm().item():.1f}" for f in filters))
    shown = torch.tensor([int((test_labels == digit).nonzero()[3]) for digit in (3, 5, 8)])
    maps = caught(model, ["conv1", "conv2"], test_images[shown])
    for name, values in maps.items():
        print(
            f"Maps of {name}: {tuple(values.shape)}, mean {values.mean().item():.1f}, positive {(values > 0).float().mean().item():.0%}"
        )

    rows = [
        (
            "the 16 filters of the first layer, 7 x 7 (violet: negative, yellow: positive)",
            enlarged([heat(f[0]) for f in filters], 56),
        )
    ]
    for number, index in enumerate(shown.tolist()):
        image, digit = test_images[index], int(test_labels[index])
        gradient = influence(model, image, digit)
        print(
            f"Digit {digit}: gradient of its score at conv1 {tuple(gradient.shape)}, norm {gradient.norm().item():.1f}"
        )
        rows.append(
            (
                f"a {digit}: the digit, and where conv1 would have to change to make it more of a {digit} (all 16 maps added up)",
                enlarged([image, heat(gradient.sum(0))], 56),
            )
        )
        rows.append(
            (
                "    what the filters make of it, after ReLU: conv1, 16 maps of 28 x 28",
                enlarged([heat(one) for one in maps["conv1"][number].relu()], 56),
            )
        )
        rows.append(
            ("    conv2, 16 maps of 14 x 14", enlarged([heat(one) for one in maps["conv2"][number].relu()], 56))
        )
    contact_sheet(args.out / "feature_maps.png", "Filters and feature maps of a network that reads digits", rows)


if __name__ == "__main__":
    main()
