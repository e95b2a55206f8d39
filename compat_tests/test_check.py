"""`python -m jtorch check`: which names of torch a program uses, and which of them are reported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jtorch.compat import check, sources, usage

pytestmark = pytest.mark.jtorch_only

ROOT = Path(__file__).resolve().parent.parent


def used(source):
    return [(use.path, use.line, use.how) for use in usage.read(source).uses if use.how != "member"]


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("import torch\ntorch.abs", "torch torch.abs"),
        ("import torch.nn as nn\nnn.Linear", "torch.nn torch.nn.Linear"),
        ("import torch.nn\ntorch.nn.Linear", "torch.nn torch.nn.Linear"),
        ("from torch.nn import functional as F\nF.relu", "torch.nn.functional torch.nn.functional.relu"),
        ("from torchvision import transforms as T\nT.Resize", "torchvision.transforms torchvision.transforms.Resize"),
        ("from torch.nn import *\nLinear.forward", "torch.nn torch.nn.Linear.forward"),
        ("import torch\nnn = torch.nn\nnn.Linear", "torch torch.nn torch.nn.Linear"),
        ("import torch\nnn, F = torch.nn, 3\nnn.Linear\nF.x", "torch torch.nn torch.nn.Linear"),
        ("import torch\nif (nn := torch.nn):\n nn.Linear", "torch torch.nn torch.nn.Linear"),
        ("import importlib\nt = importlib.import_module('torch.nn')\nt.Linear", "torch.nn.Linear"),
        ("import torch\ngetattr(torch, 'abs')", "torch torch.abs"),
        # not torch's
        ("import torch\ntorch = 3\ntorch.abs", "torch"),
        ("import torch\ndef f(torch):\n torch.abs", "torch"),
        ("import torch\n[torch.x for torch in y]", "torch"),
        ("import numpy as torch\ntorch.abs", ""),
        ("from .torch import nn\nnn.Linear", ""),
        ("from mypackage.torch import nn\nnn.Linear", ""),
        # order and scopes
        ("def f():\n torch.abs\nimport torch", "torch.abs torch"),
        ("import torch\nclass A:\n torch = 3\n def f(self):\n  torch.abs", "torch torch.abs"),
        ("import torch\nf = lambda x: torch.abs(x)", "torch torch.abs torch.abs"),
        ("try:\n import torch\nexcept ImportError:\n torch = None\ntorch.abs", "torch torch.abs"),
        (
            "import torch\n@torch.no_grad()\ndef f(x: torch.Tensor): ...",
            "torch torch.no_grad torch.no_grad torch.Tensor",
        ),
    ],
)
def test_names_are_followed(source, paths):
    assert [path for path, _, _ in used(source)] == paths.split()


def test_places_and_keywords():
    uses = usage.read("import torch\n\nx = torch.add(1,\n  2, alpha=3)").uses
    assert [(use.path, use.line, use.column, use.how, use.keywords) for use in uses] == [
        ("torch", 1, 1, "import", ()),
        ("torch.add", 3, 5, "call", ("alpha",)),
        ("torch.add", 3, 5, "name", ()),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "try:\n from torch.x import y\nexcept ImportError:\n y = None",
        "import torch\ntry:\n torch.nonsense\nexcept (AttributeError, KeyError): pass",
        "import torch\nif hasattr(torch, 'nonsense'):\n torch.nonsense",
        "import torch\ngetattr(torch, 'nonsense', None)",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n from torch.x import y",
    ],
)
def test_programs_that_are_prepared(source):
    problems, _ = check.check_source(sources.Source("a.py", source))
    assert [problem.guarded for problem in problems] == [True]
    assert check.Answer(problems).summary()["absent"] == 0


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch\ntorch.abs(1)", []),
        ("import torch\ntorch.nonsense", ["2:1 absent torch.nonsense"]),
        ("import torch.nonsense", ["1:1 absent torch.nonsense"]),
        ("from torch.nonsense import x", ["1:1 absent torch.nonsense.x"]),
        ("import torch\ntorch.quantize_per_tensor(1)", ["2:1 absent torch.quantize_per_tensor"]),
        ("import torch\ntorch.mm(a, b, out_dtype=1)", ["2:1 partial torch.mm(out_dtype=)"]),
        ("import torch\ntorch.mm(a, b, colour=1)", []),  # torch does not take it either
        ("import torch\ntorch.float32.nonsense\ntorch.backends.cudnn.benchmark = True", []),
        ("import torch\ntorch.Tensor.nonsense", ["2:1 absent torch.Tensor.nonsense"]),
        ("import torch\nx.q_scale()", ["2:3 absent torch.Tensor.q_scale"]),
        ("import torch\nclass A:\n def q_scale(self): ...\nA().q_scale()", []),
        ("import other\nother.q_scale()", []),
        ("import torch\nx.values()\nx.index(3)", []),  # what much else has too, says nothing
        ("import torch\ntorch.nonsense; torch.nonsense", ["2:1 absent torch.nonsense"]),
        ("def (", ["1:5 error syntax"]),
    ],
)
def test_problems(source, expected):
    problems, _ = check.check_source(sources.Source("a.py", source))
    assert [f"{p.line}:{p.column} {p.status} {p.name}" for p in problems] == expected


def test_a_way_out_is_shown():
    problem, *_ = check.check_source(sources.Source("a.py", "import torch\ntorch.qint8"))[0]
    assert str(problem).startswith("a.py:2:1: absent: torch.qint8: torch's quantized tensors")
    assert "instead: " in str(problem)


def test_files_folders_notebooks_and_packages(tmp_path):
    (tmp_path / "good.py").write_text("import torch\ntorch.abs")
    (tmp_path / "sub" / ".hidden").mkdir(parents=True)
    (tmp_path / "sub" / ".hidden" / "no.py").write_text("import torch\ntorch.nonsense")
    cells = [
        {"cell_type": "markdown", "source": ["import torch.nonsense"]},
        {
            "cell_type": "code",
            "source": ["%matplotlib inline\n", "import torch\n", "!ls\n", "torch.nonsense?\n", "x = torch.nonsense"],
        },
        {"cell_type": "code", "source": "%%bash\nimport nothing of python"},
    ]
    (tmp_path / "sub" / "book.ipynb").write_text(json.dumps({"cells": cells}))
    answer = check.check([str(tmp_path)])
    assert [str(problem).rpartition("book")[2] for problem in answer.problems] == [
        ".ipynb:cell 2:5:5: absent: torch.nonsense: jtorch does not have it, and it is not one of torch's public names"
    ]
    assert answer.files == 2
    assert check.check(["jtorch.compat.names"]).files == 1
    assert check.check(["json"]).files > 1
    with pytest.raises(FileNotFoundError, match="no file, folder or installed package 'no_such_thing'"):
        check.check(["no_such_thing"])
    (tmp_path / "broken.ipynb").write_text("{}")
    assert check.check([str(tmp_path / "broken.ipynb")]).summary()["errors"] == 1


def test_command(tmp_path, capsys):
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("import torch\ntorch.abs")
    bad.write_text("import torch\ntorch.nonsense")
    assert check.main([str(good)]) == 0
    assert capsys.readouterr().out == "1 file, 2 names of torch: 0 absent, 0 partial\n"
    assert check.main([str(good), str(bad), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["summary"] == {"files": 2, "names": 3, "partial": 0, "absent": 1, "errors": 0}
    assert answer["problems"][0]["name"] == "torch.nonsense"
    assert check.main(["no_such_thing"]) == 2


def test_on_the_command_line(tmp_path):
    """`python -m jtorch check FILE`; a script of that name is run as `./check`."""
    (tmp_path / "check").write_text("import sys; print('run', sys.argv[1:])")

    def run(*arguments):
        result = subprocess.run(
            [sys.executable, "-m", "jtorch", *arguments],
            capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": ""},
        )  # fmt: skip
        return result.returncode, result.stdout.strip(), result.stderr

    assert run("./check", "a") == (0, "run ['a']", "")
    assert run("check", "check")[:2] == (0, "1 file, 0 names of torch: 0 absent, 0 partial")


@pytest.mark.parametrize(
    ("code", "guarded"),
    [
        ('if hasattr(torch, "xpu") and torch.xpu.is_available():\n    torch.xpu.empty_cache()', [True, True]),
        ('x = torch.xpu.device_count() if hasattr(torch, "xpu") else 0', [True]),
        ('hasattr(torch, "xpu") or torch.xpu.device_count()', [False]),
        ('if hasattr(torch, "xpu"):\n    pass\ntorch.xpu.empty_cache()', [False]),
    ],
)
def test_names_that_were_asked_for(code, guarded):
    uses = usage.read(f"import torch\n{code}").uses
    assert [use.guarded for use in uses if use.how == "call" and "xpu" in use.path] == guarded


def test_slips_methods_that_raise_and_names_that_answer_to_everything():
    source = sources.Source(
        "program.py", "import torch\nfrom functorch import vmap\ntorch.nn.Relu()\nx.chalf()\ntorch.ops.aten.add(x, x)\n"
    )
    found, _ = check.check_source(source)
    assert [(p.status, p.name, p.instead) for p in found] == [
        ("absent", "torch.nn.Relu", "torch.nn.ReLU"),
        ("partial", "torch.Tensor.chalf", "torch.Tensor.cfloat"),
    ]
