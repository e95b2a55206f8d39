"""Scripts of the long note, run as a user runs them: `python -m jtorch script.py arguments`."""

import subprocess
import sys

import pytest

DEMO = """
import argparse
import torch
parser = argparse.ArgumentParser()
parser.add_argument('-o', '--output', action='store_true', help="shows output")
parser.add_argument('--lr', type=float, default=3e-5, help='select the learning rate, default=1e-3')
parser.add_argument('--batch_size', type=int, required=True, help='input batch size')
args = parser.parse_args()
if args.output:
    print("This is some output")
    print(f"learning rate:{args.lr} ")
"""

POSITIONAL = """
import argparse
import torch
parser = argparse.ArgumentParser()
parser.add_argument('name')
parser.add_argument('age')
args = parser.parse_args()
print(f'{args.name} is {args.age} years old')
"""

CONFIG = """
import argparse

def get_options(parser=argparse.ArgumentParser()):
    parser.add_argument('--workers', type=int, default=0, help='number of data loading workers')
    parser.add_argument('--batch_size', type=int, default=4, help='input batch size, default=64')
    parser.add_argument('--niter', type=int, default=10, help='number of epochs to train for, default=10')
    parser.add_argument('--lr', type=float, default=3e-5, help='select the learning rate, default=1e-3')
    parser.add_argument('--seed', type=int, default=118, help="random seed")
    parser.add_argument('--cuda', action='store_true', default=True, help='enables cuda')
    parser.add_argument('--checkpoint_path', type=str, default='', help='Path to load a previous trained model')
    parser.add_argument('--output', action='store_true', default=True, help="shows output")
    opt = parser.parse_args()
    if opt.output:
        print(f'num_workers: {opt.workers}')
        print(f'batch_size: {opt.batch_size}')
        print(f'epochs (niters) : {opt.niter}')
        print(f'learning rate : {opt.lr}')
        print(f'manual_seed: {opt.seed}')
        print(f'cuda enable: {opt.cuda}')
        print(f'checkpoint_path: {opt.checkpoint_path}')
    return opt

if __name__ == '__main__':
    opt = get_options()
"""
CONFIGURED = (
    "num_workers: 0\nbatch_size: 4\nepochs (niters) : 10\nlearning rate : 3e-05\nmanual_seed: 118\n"
    "cuda enable: True\ncheckpoint_path: \n"
)

TRAIN = """
import random
import numpy as np
import torch
import config
opt = config.get_options()

def set_seed(seed):
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    random.seed(seed)
    np.random.seed(seed)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True

if __name__ == '__main__':
    set_seed(opt.seed)
    print(torch.rand(2))
    print(__name__, torch.Tensor)
"""


@pytest.fixture
def run(request, tmp_path):
    """Run a script in a folder of its own, as `python script.py` by PyTorch or `python -m jtorch script.py`."""
    launcher = [] if request.config.getoption("--reference") else ["-m", "jtorch"]

    def run(files: dict[str, str], *arguments: str):
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        command = [sys.executable, *launcher, *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    return run


def test_ref_80_demo(run):
    """003:4640-4671. The document prints 3e-4 and forgets -o: argparse's float prints as 0.0003."""
    done = run({"demo.py": DEMO}, "demo.py", "--lr", "3e-4", "--batch_size", "32", "-o")
    assert done.stdout == "This is some output\nlearning rate:0.0003 \n", done.stderr


def test_ref_80_without_the_flag(run):
    done = run({"demo.py": DEMO}, "demo.py", "--lr", "3e-4", "--batch_size", "32")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_ref_80_required_argument(run):
    done = run({"demo.py": DEMO}, "demo.py")
    assert done.returncode == 2
    assert "demo.py: error: the following arguments are required: --batch_size" in done.stderr


def test_ref_81_positional(run):
    """003:4690-4691."""
    done = run({"positional_arg.py": POSITIONAL}, "positional_arg.py", "Peter", "23")
    assert done.stdout == "Peter is 23 years old\n", done.stderr


def test_ref_82_config(run):
    """003:4738-4747."""
    done = run({"config.py": CONFIG}, "config.py")
    assert done.stdout == CONFIGURED, done.stderr


def test_pat_17_train_imports_config(run):
    """003:4696-4782."""
    done = run({"config.py": CONFIG, "train.py": TRAIN}, "train.py")
    expected = CONFIGURED + "tensor([0.3188, 0.2087])\n__main__ <class 'torch.Tensor'>\n"
    assert done.stdout == expected, done.stderr
