"""Teach a network that knows the digits 0 to 4 the digits 5 to 9, from a hundred pictures.

    python fine_tuning.py

A small ResNet of torchvision learns 0 to 4 from 2,000 pictures; its weights are saved. Then three networks learn 5 to 9
from twenty pictures of each: one from scratch; one whose body has the saved weights and is frozen, so that only the new
head learns; one whose body has the saved weights and learns too, ten times slower than the head.
"""

import argparse
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from contact_sheet import contact_sheet, enlarged, framed
from digits import load_digits
from PIL import Image, ImageDraw, ImageFont
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.transforms.functional import to_tensor


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--pretraining-steps", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--pictures", type=int, default=20, help="of each new digit to learn from")
    parser.add_argument("--test-pictures", type=int, default=100, help="to test with")
    parser.add_argument("--lr", type=float, default=0.02, help="learning rate of the head")
    parser.add_argument("--body-lr", type=float, default=0.1, help="factor of the learning rate of a body that learns")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/fine_tuning"))
    return parser.parse_args()


def resnet10(num_classes):
    """ResNet-18 with one block for two."""
    return ResNet(BasicBlock, [1, 1, 1, 1], num_classes=num_classes)


def train_epoch(model, optimizer, images, labels, batch_size):
    total, batches = 0.0, torch.randperm(len(images)).split(batch_size)
    for batch in batches:
        loss = F.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(batches)


@torch.no_grad()
def predict(model, images):
    model.eval()
    return torch.cat([model(part) for part in images.split(250)]).argmax(1)


def networks(weights, args):
    """(name, network, optimizer), one after the other. All heads begin with the same numbers."""
    for name in ("from scratch", "frozen body", "two rates"):
        torch.manual_seed(args.seed + 1)
        model = resnet10(num_classes=5)
        if name != "from scratch":
            model.load_state_dict(torch.load(weights))
            model.fc = nn.Linear(model.fc.in_features, 5)
        if name == "frozen body":
            for parameter in model.parameters():
                parameter.requires_grad = False
            for parameter in model.fc.parameters():
                parameter.requires_grad = True
            parameters = model.fc.parameters()
        elif name == "two rates":
            head = list(map(id, model.fc.parameters()))
            body = (parameter for parameter in model.parameters() if id(parameter) not in head)
            parameters = [{"params": body, "lr": args.lr * args.body_lr}, {"params": model.fc.parameters()}]
        else:
            parameters = model.parameters()
        yield name, model, torch.optim.SGD(parameters, lr=args.lr, momentum=0.9, weight_decay=1e-4)


def main():
    args = parse_arguments()
    # Training amplifies rounding: in double precision two libraries, or two machines, still print the same.
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(args.seed)
    images, labels = load_digits(train=True)
    images = images.expand(-1, 3, -1, -1)
    old = labels < 5
    model = resnet10(num_classes=5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    chosen = torch.randperm(int(old.sum()))[: args.pretraining_steps * 50]
    loss = train_epoch(model, optimizer, images[old][chosen], labels[old][chosen], 50)
    args.out.mkdir(parents=True, exist_ok=True)
    weights = args.out / "digits_0_to_4.pth"
    torch.save(model.state_dict(), weights)
    print(f"Learnt 0 to 4 in {args.pretraining_steps} steps: mean loss {loss:.2f}")

    few = torch.cat([(labels == digit).nonzero().flatten()[: args.pictures] for digit in range(5, 10)])
    few_images, few_labels = images[few], labels[few] - 5
    test_images, test_labels = load_digits(train=False)
    unseen = (test_labels >= 5).nonzero().flatten()[: args.test_pictures]
    test_images, test_labels = test_images[unseen].expand(-1, 3, -1, -1), test_labels[unseen] - 5
    print(f"Now 5 to 9 from {len(few_images)} pictures, tested with {len(test_images)}")

    curves, predictions = {}, {}
    for name, model, optimizer in networks(weights, args):
        learning = sum(p.numel() for p in model.parameters() if p.requires_grad)
        print(f"{name}: {learning} numbers learn, rates {[group['lr'] for group in optimizer.param_groups]}")
        curves[name] = []
        for epoch in range(1, args.epochs + 1):
            # The statistics of a frozen body are frozen too.
            model.train(name != "frozen body")
            loss = train_epoch(model, optimizer, few_images, few_labels, 25)
            predictions[name] = predict(model, test_images)
            curves[name].append((predictions[name] == test_labels).float().mean().item())
            print(f"  epoch {epoch}: loss {loss:.2f}, accuracy {curves[name][-1]:.0%}")
    draw(args.out / "fine_tuning.png", curves, test_images, test_labels, predictions)


def draw(path, curves, images, labels, predictions):
    """The accuracies, and what each network took for something else."""
    rows = [(f"accuracy on digits not seen, by epoch 1 to {len(next(iter(curves.values())))}", [chart(curves)])]
    for name, predicted in predictions.items():
        wrong = (predicted != labels).nonzero().flatten()[:15].tolist()
        right = (predicted == labels).nonzero().flatten()[: 15 - len(wrong)].tolist()
        text = " ".join(str(int(predicted[index]) + 5) for index in wrong)
        shown = [framed(images[index], (0.9, 0.2, 0.2)) for index in wrong] + [images[index] for index in right]
        missed = int((predicted != labels).sum())
        rows.append(
            (
                f"{name}: {missed} of {len(labels)} wrong; the first, in red, taken for {text or 'nothing'}",
                enlarged(shown, 56),
            )
        )
    contact_sheet(path, "A network that knows 0 to 4 learns 5 to 9", rows)


def chart(curves, width=880, height=250):
    picture = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    left, right, top, bottom = 48, width - 120, 10, height - 14
    for percent in (0, 25, 50, 75, 100):
        y = bottom - (bottom - top) * percent / 100
        draw.line((left, y, right, y), fill=(215, 215, 215))
        draw.text((2, y - 9), f"{percent}%", fill="black", font=font)
    ends = []
    for (name, values), color in zip(curves.items(), ("gray", "steelblue", "darkorange"), strict=True):
        step = (right - left) / max(len(values) - 1, 1)
        points = [(left + i * step, bottom - (bottom - top) * value) for i, value in enumerate(values)]
        draw.line(points, fill=color, width=3)
        for x, y in points:
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=color)
        ends.append((points[-1][1], name, color))
    lowest = top - 18
    for y, name, color in sorted(ends):
        lowest = max(y - 9, lowest + 18)  # names that would lie over one another move down
        draw.text((right + 12, lowest), name, fill=color, font=font)
    return to_tensor(picture)


if __name__ == "__main__":
    main()
