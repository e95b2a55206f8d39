"""The training script of PyTorch cookbooks, whole: every trick is a switch, and a run that was stopped goes on as if it had not been.

    python cookbook_training.py                                      plain training
    python cookbook_training.py --mixup 0.4 --label-smoothing 0.1    mixed pictures, softer labels
    python cookbook_training.py --freeze 2 --backbone-lr 0.1         the head first, then all, the body ten times slower
    python cookbook_training.py --accumulate 4 --clip 1              steps of four batches, gradients cut to norm 1
    python cookbook_training.py --epochs 8 --resume                  go on from the last checkpoint

It runs under PyTorch, and under jtorch by `python -m jtorch cookbook_training.py`, and prints the same numbers. The data are pictures of three shapes, drawn here.
"""

import argparse
import os
import random
import shutil

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

CLASSES = ("square", "cross", "stripes")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--workers", type=int, default=0, help="processes that prepare batches")
    parser.add_argument("--optimizer", choices=["sgd", "adam", "adamw"], default="sgd")
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--weight-decay", type=float, default=1e-4, help="of weights; biases and norms have none")
    parser.add_argument("--backbone-lr", type=float, default=1.0, help="factor of the rate for everything but the head")
    parser.add_argument("--freeze", type=int, default=0, metavar="EPOCHS", help="train the head alone for so long")
    parser.add_argument(
        "--schedule", choices=["multistep", "cosine", "plateau", "onecycle", "warmup"], default="multistep"
    )
    parser.add_argument("--label-smoothing", type=float, default=0.0)
    parser.add_argument("--mixup", type=float, default=0.0, metavar="ALPHA")
    parser.add_argument("--accumulate", type=int, default=1, metavar="BATCHES", help="batches for one step")
    parser.add_argument("--clip", type=float, default=0.0, metavar="NORM", help="cut the norm of gradients (0: not)")
    parser.add_argument("--average", action="store_true", help="validate with an average of the weights (EMA)")
    parser.add_argument("--seed", type=int, default=118)
    parser.add_argument("--checkpoint-dir", default="out/cookbook")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --checkpoint-dir")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)


class Shapes(Dataset):
    """Pictures of 12 x 12 points with noise; training pictures are also flipped at random."""

    def __init__(self, size, seed, train):
        draw = np.random.RandomState(seed)
        self.train = train
        self.labels = draw.randint(0, len(CLASSES), size)
        self.images = draw.normal(0, 0.6, (size, 1, 12, 12)).astype(np.float32)
        for image, label in zip(self.images, self.labels, strict=True):
            top, left = draw.randint(0, 6, 2)
            part = image[0, top : top + 6, left : left + 6]
            if label == 0:
                part[[0, -1], :] += 1
                part[:, [0, -1]] += 1
            elif label == 1:
                part[2:4, :] += 1
                part[:, 2:4] += 1
            else:
                part[::2, :] += 1

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = torch.from_numpy(self.images[index])
        if self.train and torch.rand(()).item() < 0.5:
            image = image.flip(-1)
        return {"data": image, "target": int(self.labels[index])}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        )  # fmt: skip
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(64, len(CLASSES))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.constant_(module.bias, 0)

    def forward(self, x):
        return self.fc(self.dropout(self.backbone(x)))


def parameter_groups(model, args):
    """Rates by layer and decay by kind: four groups, body and head, with and without decay."""
    groups = []
    for part, rate in ((model.backbone, args.lr * args.backbone_lr), (model.fc, args.lr)):
        decayed = [p for p in part.parameters() if p.dim() > 1]
        others = [p for p in part.parameters() if p.dim() <= 1]
        groups.append({"params": decayed, "lr": rate, "weight_decay": args.weight_decay})
        groups.append({"params": others, "lr": rate, "weight_decay": 0.0})
    return groups


def make_optimizer(model, args):
    groups = parameter_groups(model, args)
    if args.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=args.lr, momentum=0.9, nesterov=True)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[args.optimizer](groups, lr=args.lr)


def make_scheduler(optimizer, args, steps_per_epoch):
    """The schedule, and whether it is asked every step or every epoch."""
    schedules = torch.optim.lr_scheduler
    if args.schedule == "multistep":
        return schedules.MultiStepLR(optimizer, milestones=[args.epochs // 2, args.epochs * 3 // 4], gamma=0.1), False
    if args.schedule == "cosine":
        return schedules.CosineAnnealingLR(optimizer, T_max=args.epochs), False
    if args.schedule == "plateau":
        return schedules.ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=0), False
    rates = [group["lr"] for group in optimizer.param_groups]
    if args.schedule == "onecycle":
        return schedules.OneCycleLR(optimizer, max_lr=rates, total_steps=args.epochs * steps_per_epoch), True
    warm = schedules.LinearLR(optimizer, start_factor=0.1, total_iters=steps_per_epoch)
    rest = schedules.ExponentialLR(optimizer, gamma=0.98)
    return schedules.SequentialLR(optimizer, [warm, rest], milestones=[steps_per_epoch]), True


def mixed(data, target, alpha):
    """Mixup: a picture is a mean of two, and its loss the mean of theirs."""
    weight = torch.distributions.beta.Beta(alpha, alpha).sample([]).item()
    index = torch.randperm(data.size(0)).to(data.device)
    return weight * data + (1 - weight) * data[index], target[index], weight


def train(model, average, loader, criterion, optimizer, scheduler, by_step, epoch, args):
    model.train()
    if epoch < args.freeze:
        model.backbone.eval()  # running statistics of a frozen body stay as they are
    total, correct, norm = 0.0, 0, 0.0
    optimizer.zero_grad()
    for number, batch in enumerate(loader):
        data, target = batch["data"].to(args.device), batch["target"].to(args.device)
        if args.mixup:
            data, other, weight = mixed(data, target, args.mixup)
            score = model(data)
            loss = weight * criterion(score, target) + (1 - weight) * criterion(score, other)
        else:
            score = model(data)
            loss = criterion(score, target)
        (loss / args.accumulate).backward()
        total += loss.item() * data.size(0)
        correct += torch.sum(torch.argmax(score, dim=1) == target).item()
        if (number + 1) % args.accumulate == 0 or number + 1 == len(loader):
            if args.clip:
                norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=args.clip).item()
            optimizer.step()
            optimizer.zero_grad()
            if average is not None:
                average.update_parameters(model)
            if by_step:
                scheduler.step()
    rates = ", ".join(f"{group['lr']:.5f}" for group in optimizer.param_groups[::2])
    text = f"Epoch: {epoch} \tTraining Loss: {total / len(loader.dataset):.4f}, Accuracy: {correct / len(loader.dataset):.3f}, lr: {rates}"
    print(text + (f", norm: {norm:.3f}" if args.clip else ""))


@torch.no_grad()
def validate(model, loader, epoch, args):
    model.eval()
    total, correct = 0.0, 0
    confusion = torch.zeros(len(CLASSES), len(CLASSES), dtype=torch.long)
    for batch in loader:
        data, target = batch["data"].to(args.device), batch["target"].to(args.device)
        score = model(data)
        total += F.cross_entropy(score, target, reduction="sum").item()
        prediction = score.argmax(1)
        correct += (prediction == target).sum().item()
        confusion.index_put_((target.cpu(), prediction.cpu()), torch.ones_like(target).cpu(), accumulate=True)
    accuracy = correct / len(loader.dataset)
    print(
        f"Epoch: {epoch} \tValidation Loss: {total / len(loader.dataset):.4f}, Accuracy: {accuracy:.3f}, by class: {confusion.diag().tolist()}"
    )
    return accuracy


def save_checkpoint(state, is_best, folder):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "checkpoint.pth.tar")
    torch.save(state, path)
    if is_best:
        shutil.copy(path, os.path.join(folder, "model_best.pth.tar"))


def main():
    args = parse_arguments()
    set_seed(args.seed)
    train_loader = DataLoader(Shapes(200, 0, True), batch_size=args.batch_size, shuffle=True, num_workers=args.workers)
    valid_loader = DataLoader(Shapes(90, 1, False), batch_size=args.batch_size, shuffle=False)
    model = Net().to(args.device)
    print(f"{sum(p.numel() for p in model.parameters())} parameters")
    criterion = nn.CrossEntropyLoss(label_smoothing=args.label_smoothing)
    optimizer = make_optimizer(model, args)
    steps = -(-len(train_loader) // args.accumulate)
    scheduler, by_step = make_scheduler(optimizer, args, steps)
    average = None
    if args.average:
        average = torch.optim.swa_utils.AveragedModel(
            model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9), use_buffers=True
        )

    start, best = 0, 0.0
    if args.resume:
        path = os.path.join(args.checkpoint_dir, "checkpoint.pth.tar")
        if os.path.isfile(path):
            checkpoint = torch.load(path, map_location=args.device)
            start, best = checkpoint["epoch"], checkpoint["best_prec"]
            model.load_state_dict(checkpoint["state_dict"])
            optimizer.load_state_dict(checkpoint["optimizer"])
            scheduler.load_state_dict(checkpoint["scheduler"])
            if average is not None:
                average.load_state_dict(checkpoint["average"])
            torch.set_rng_state(checkpoint["random"].cpu())
            print(f"=> loaded checkpoint (epoch {start}) best: {best:.3f}")
        else:
            print(f"=> no checkpoint found at '{path}'")

    for epoch in range(start, args.epochs):
        for parameter in model.backbone.parameters():
            parameter.requires_grad_(epoch >= args.freeze)
        train(model, average, train_loader, criterion, optimizer, scheduler, by_step, epoch, args)
        accuracy = validate(model if average is None else average, valid_loader, epoch, args)
        if args.schedule == "plateau":
            scheduler.step(accuracy)
        elif not by_step:
            scheduler.step()
        is_best = accuracy > best
        best = max(best, accuracy)
        state = {
            "epoch": epoch + 1,
            "state_dict": model.state_dict(),
            "best_prec": best,
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "average": average.state_dict() if average is not None else None,
            "random": torch.get_rng_state(),
        }
        save_checkpoint(state, is_best, args.checkpoint_dir)
    print(f"best: {best:.3f}")


if __name__ == "__main__":
    main()
