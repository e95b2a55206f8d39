"""Features of several layers of a network at once, in three ways that agree, and what they are good for.

    python feature_extraction.py

A small ResNet of torchvision learns the digits of data/ for some steps. Its features then come from
torchvision's create_feature_extractor, from forward hooks, and from a module that runs the children one after the other.
With the last ones the nearest neighbours of a digit are found, beside those that points alone would find.
"""

import argparse
import collections
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from contact_sheet import contact_sheet, enlarged, framed, heat
from digits import load_digits
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.models.resnet import BasicBlock, ResNet

LAYERS = ("relu", "layer1", "layer2", "layer3", "avgpool")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=40, help="to learn the digits in")
    parser.add_argument("--neighbours", type=int, default=8)
    parser.add_argument("--pictures", type=int, default=1000, help="to find neighbours among")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/feature_extraction"))
    return parser.parse_args()


def train(model, steps):
    images, labels = load_digits(train=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    total = 0.0
    for batch in torch.randperm(len(images))[: steps * 50].split(50):
        loss = F.cross_entropy(model(images[batch].expand(-1, 3, -1, -1)), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"Learnt the digits in {steps} steps: mean loss {total / steps:.2f}")


class FeatureExtractor(nn.Module):
    """The outputs of some of a model's children, which are run one after the other."""

    def __init__(self, pretrained_model, layers_to_extract):
        super().__init__()
        self._model = pretrained_model
        self._model.eval()
        self._layers_to_extract = set(layers_to_extract)

    def forward(self, x):
        with torch.no_grad():
            representation = []
            for name, layer in self._model.named_children():
                x = layer(x)
                if name in self._layers_to_extract:
                    representation.append(x)
            return representation


def hooked_features(model, names, images):
    features = {}
    handles = [
        getattr(model, name).register_forward_hook(lambda module, inputs, output, name=name: features.update({name: output}))
        for name in names
    ]  # fmt: skip
    model(images)
    for handle in handles:
        handle.remove()
    return [features[name] for name in names]


def nearest(vectors, query, count):
    """The indices of the `count` rows most alike, by the angle between them."""
    unit = F.normalize(vectors, dim=1)
    return (unit @ unit[query]).argsort(descending=True, stable=True)[1 : count + 1]


@torch.no_grad()
def main():
    args = parse_arguments()
    # Training amplifies rounding: in double precision two libraries, or two machines, still print the same.
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(args.seed)
    model = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=10)
    with torch.enable_grad():
        train(model, args.steps)
    model.eval()

    images, labels = load_digits(train=False)
    chosen = torch.arange(0, len(images), len(images) // args.pictures)
    images, labels = images[chosen], labels[chosen]
    colored = images.expand(-1, 3, -1, -1)

    queries = [int((labels == digit).nonzero()[1]) for digit in (4, 8, 9)]
    extractor = create_feature_extractor(model, return_nodes=list(LAYERS))
    extracted = list(extractor(colored[queries]).values())
    hooked = hooked_features(model, LAYERS, colored[queries])
    body = nn.Sequential(collections.OrderedDict(list(model.named_children())[:-1]))
    stepped = FeatureExtractor(body, LAYERS)(colored[queries])
    for name, one, other, third in zip(LAYERS, extracted, hooked, stepped, strict=True):
        same = torch.equal(one, other) and torch.allclose(one, third, atol=1e-5)
        print(f"{name}: {tuple(one.shape[1:])}, mean {one.mean().item():.1f}, the three ways agree: {same}")

    vectors = torch.cat([extractor(part)["avgpool"].flatten(1) for part in colored.split(250)])
    rows = []
    for number, index in enumerate(queries):
        maps = [heat(features[number].mean(0)) for features in extracted[:-1]]
        rows.append(
            (
                f"a {labels[index].item()}, and the mean maps of {', '.join(LAYERS[:-1])}",
                enlarged([colored[index], *maps], 84),
            )
        )
    for index in queries:
        for text, space in (("features of avgpool", vectors), ("points", images.flatten(1))):
            found = nearest(space, index, args.neighbours)
            right = (labels[found] == labels[index]).sum().item()
            print(f"Nearest to a {labels[index].item()} by {text}: {right} of {args.neighbours} are one too")
            shown = [colored[index]]
            for one in found.tolist():
                shown.append(
                    framed(colored[one], (0.2, 0.75, 0.3) if labels[one] == labels[index] else (0.9, 0.2, 0.2))
                )
            rows.append(
                (
                    f"a {labels[index].item()} and its nearest by {text}: {right} of {args.neighbours} are one too",
                    enlarged(shown, 84),
                )
            )
    share = [
        sum(int((labels[nearest(space, query, 5)] == labels[query]).sum()) for query in range(0, len(labels), 10))
        / (5 * len(range(0, len(labels), 10)))
        for space in (vectors, images.flatten(1))
    ]
    print(
        f"Of the five nearest of every tenth digit are of its kind: by features {share[0]:.0%}, by points {share[1]:.0%}"
    )
    contact_sheet(args.out / "neighbours.png", "Features of several layers, and the nearest neighbours they give", rows)


if __name__ == "__main__":
    main()
