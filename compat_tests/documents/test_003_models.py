"""Models of torchvision that the documents print, change, save and load, on one device and on several."""

import os
import subprocess
import sys

import pytest

from compat_tests.documents.rows import Row, check, parametrize

ROWS = [
    Row("REF-68", "003:3426-3456: resnet50 as it prints, its beginning and its end; today's torch shows the bias of a batch norm, too",
        """
        import torchvision.models as models
        lines = str(models.resnet50()).splitlines()
        print("\\n".join([*lines[:18], "..............", *lines[-3:]]))
        """, """
        ResNet(
          (conv1): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)
          (bn1): BatchNorm2d(64, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
          (relu): ReLU(inplace=True)
          (maxpool): MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False)
          (layer1): Sequential(
            (0): Bottleneck(
              (conv1): Conv2d(64, 64, kernel_size=(1, 1), stride=(1, 1), bias=False)
              (bn1): BatchNorm2d(64, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
              (conv2): Conv2d(64, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
              (bn2): BatchNorm2d(64, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
              (conv3): Conv2d(64, 256, kernel_size=(1, 1), stride=(1, 1), bias=False)
              (bn3): BatchNorm2d(256, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
              (relu): ReLU(inplace=True)
              (downsample): Sequential(
                (0): Conv2d(64, 256, kernel_size=(1, 1), stride=(1, 1), bias=False)
                (1): BatchNorm2d(256, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
              )
        ..............
          (avgpool): AdaptiveAvgPool2d(output_size=(1, 1))
          (fc): Linear(in_features=2048, out_features=1000, bias=True)
        )
        """),
    Row("PAT-13 classifier", "003:3464-3480: another head",
        """
        from collections import OrderedDict
        import torchvision.models as models
        net = models.resnet50()
        net.fc = nn.Sequential(OrderedDict([('fc1', nn.Linear(2048, 128)), ('relu1', nn.ReLU()), ('dropout1', nn.Dropout(0.5)),
                                            ('fc2', nn.Linear(128, 10)), ('output', nn.Softmax(dim=1))]))
        print(list(net.state_dict())[-4:], net.fc[0], sum(p.numel() for p in net.parameters()))
        """, """
        ['fc.fc1.weight', 'fc.fc1.bias', 'fc.fc2.weight', 'fc.fc2.bias'] Linear(in_features=2048, out_features=128, bias=True) 23771594
        """),
    Row("PAT-13 inputs and outputs", "003:3484-3571: a variable more going in, a layer more coming out; on the smaller resnet18",
        """
        import torchvision.models as models
        class Model(nn.Module):
            def __init__(self, net):
                super(Model, self).__init__()
                self.net = net
                self.relu = nn.ReLU()
                self.dropout = nn.Dropout(0.5)
                self.fc_add = nn.Linear(1001, 10, bias=True)
                self.output = nn.Softmax(dim=1)
            def forward(self, x, add_variable):
                x1000 = self.net(x)
                x = torch.cat((self.dropout(self.relu(x1000)), add_variable.unsqueeze(1)), 1)
                return self.output(self.fc_add(x)), x1000
        out10, out1000 = Model(models.resnet18()).eval()(torch.randn(2, 3, 32, 32), torch.randn(2))
        print(out10.shape, out1000.shape, torch.allclose(out10.sum(1), torch.ones(2)))
        """, "torch.Size([2, 10]) torch.Size([2, 1000]) True"),
    Row("D10", "002, 003: pretrained=True, from the cache where downloads are kept",
        """
        import os, tempfile, warnings
        import torchvision.models as models
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, "checkpoints"))
            kept = torch.hub.get_dir()
            torch.hub.set_dir(folder)
            source = models.squeezenet1_1()
            torch.save(source.state_dict(), os.path.join(folder, "checkpoints", "squeezenet1_1-b8a52dc0.pth"))
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                old = models.squeezenet1_1(pretrained=True)
            new = models.squeezenet1_1(weights=models.SqueezeNet1_1_Weights.DEFAULT)
            torch.hub.set_dir(kept)
        for w in caught: print(str(w.message)[:43])
        print([torch.equal(a, b) and torch.equal(a, c) for a, b, c in zip(source.parameters(), old.parameters(), new.parameters())].count(False))
        """, """
        The parameter 'pretrained' is deprecated si
        Arguments other than a weight enum or `None
        0
        """),
    Row("BEH-101", "002:1274, 000:133: DataParallel holds the model, and puts module. before its names",
        """
        model = nn.Linear(2, 3)
        wrapped = torch.nn.DataParallel(model)
        print(wrapped.module == model, list(wrapped.state_dict()), list(wrapped.module.state_dict()))
        """, "True ['module.weight', 'module.bias'] ['weight', 'bias']"),
    Row("D16", "000:372: DistributedSampler, with shuffle, seed and drop_last since",
        """
        from torch.utils.data.distributed import DistributedSampler
        data = list(range(10))
        for rank in range(3):
            sampler = DistributedSampler(data, num_replicas=3, rank=rank, shuffle=False)
            print(len(sampler), list(sampler), list(DistributedSampler(data, num_replicas=3, rank=rank, shuffle=False, drop_last=True)))
        sampler = DistributedSampler(data, num_replicas=3, rank=0, seed=7)
        first = list(sampler)
        sampler.set_epoch(1)
        print(first, list(sampler))
        """, """
        4 [0, 3, 6, 9] [0, 3, 6]
        4 [1, 4, 7, 0] [1, 4, 7]
        4 [2, 5, 8, 1] [2, 5, 8]
        [5, 4, 9, 2] [3, 1, 4, 9]
        """),
]  # fmt: skip


@parametrize(ROWS)
def test(worker, row):
    check(worker, row)


def run(folder, script: str, *arguments: str, **environment: str):
    """The printed lines of a script under jtorch."""
    (folder / "main.py").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "jtorch", "main.py", *arguments], cwd=folder, capture_output=True, text=True,
        timeout=120, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


SAVE_AND_LOAD = """
import os
import torch
from torch import nn
from torchvision import models

model = models.resnet18().cuda()
weights = model.state_dict()

def same(other):
    return all(torch.equal(a.cpu(), b.cpu()) for a, b in zip(weights.values(), other.state_dict().values(), strict=True))

# 1: saved by one, loaded by one
torch.save(model, "model.pt")
loaded_model = torch.load("model.pt", weights_only=False)
loaded_model.cuda()
torch.save(model.state_dict(), "weights.pt")
loaded_dict = torch.load("weights.pt")
by_name = models.resnet18()
by_name.load_state_dict(loaded_dict)
by_name.cuda()
print(same(loaded_model), same(by_name), next(by_name.parameters()).device)

# 2: saved by one, loaded by several
loaded_model = nn.DataParallel(torch.load("model.pt", weights_only=False)).cuda()
by_name = nn.DataParallel(by_name).cuda()
print(same(loaded_model.module), same(by_name.module), by_name.device_ids)

# 3: saved by several, loaded by one
several = nn.DataParallel(model, device_ids=[2, 3, 0]).to("cuda:2")
torch.save(several, "model.pt")
loaded_model = torch.load("model.pt", weights_only=False).module
torch.save(several.state_dict(), "weights.pt")
loaded_dict = torch.load("weights.pt", map_location="cpu")
print(list(loaded_dict)[0])
by_name = models.resnet18()
by_name.load_state_dict({k.replace("module.", ""): v for k, v in loaded_dict.items()})
print(same(loaded_model.cuda()), same(by_name.cuda()))
prefixed = nn.DataParallel(models.resnet18()).cuda()
prefixed.load_state_dict(loaded_dict)
print(same(prefixed.module.cuda()))

# 4: saved by several, loaded by several: the whole model knows its devices
loaded_model = torch.load("model.pt", weights_only=False)
print(loaded_model.device_ids, same(loaded_model.module), same(nn.DataParallel(by_name).cuda().module))
"""
DEVICES = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JTORCH_CUDA": "cpu"}


@pytest.mark.jtorch_only
def test_pat_14_beh_104_on_one_device_and_several(tmp_path):
    """003:3630-3848, on four simulated devices."""
    assert run(tmp_path, SAVE_AND_LOAD, **DEVICES) == [
        "True True cuda:0", "True True [0, 1, 2, 3]", "module.conv1.weight", "True True", "True", "[2, 3, 0] True True",
    ]  # fmt: skip


NORMALIZED = """
import torch
from torch import nn
net = nn.DataParallel(nn.BatchNorm1d(2, affine=False), [0, 1]).cuda()
x = torch.arange(16.0).view(8, 2).square().cuda()
alone = nn.BatchNorm1d(2, affine=False).cuda()
halves = torch.cat([alone(x[:4]), alone(x[4:])])
print(torch.allclose(net(x), halves), torch.allclose(net(x), alone(x)))
"""


@pytest.mark.jtorch_only
def test_beh_120_each_replica_has_its_own_statistics(tmp_path):
    """002:1538."""
    assert run(tmp_path, NORMALIZED, **DEVICES) == ["True False"]


DISTRIBUTED = """
import argparse
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

def work(rank, args, whole):
    dist.init_process_group(args.backend, init_method=args.init_method, world_size=args.world_size, rank=rank)
    part = whole.chunk(args.world_size)[rank]
    norm = nn.SyncBatchNorm.convert_sync_batchnorm(nn.BatchNorm1d(2, affine=False))
    expected = nn.BatchNorm1d(2, affine=False)(whole).chunk(args.world_size)[rank]
    close = torch.tensor([float(torch.allclose(norm(part), expected, atol=1e-5))])
    dist.all_reduce(close)
    if rank == 0:
        print(dist.get_backend(), type(norm).__name__, close.item())
    dist.destroy_process_group()

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument('--backend', type=str, default='nccl', help='Name of the backend to use.')
    parser.add_argument('-i', '--init-method', type=str, default='env://', help='URL specifying how to initialize the package.')
    parser.add_argument('-ws', '--world-size', type=int, default=1, help='Number of processes participating in the job.')
    parser.add_argument('-r', '--rank', type=int, default=0, help='Rank of the current process.')
    args = parser.parse_args()
    mp.spawn(work, args=(args, torch.arange(16.0).view(8, 2).square()), nprocs=args.world_size)
"""


@pytest.mark.jtorch_only
def test_pat_21_beh_120_arguments_of_a_distributed_run(tmp_path):
    """002:1669-1680, with statistics of all processes (002:1538)."""
    arguments = ["--backend", "gloo", "--init-method", f"file://{tmp_path}/store", "--world-size", "2"]
    assert run(tmp_path, DISTRIBUTED, *arguments) == ["gloo SyncBatchNorm 2.0"]
