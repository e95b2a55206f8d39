"""`python -m jtorch` and `jtorch.compat.install`: each test runs programs in processes of their own, as a user does."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from jtorch.compat import launcher

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}


def python(
    *arguments: str, folder: Path, stdin: str | None = None, environment: dict = ENVIRONMENT
) -> subprocess.CompletedProcess:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, input=stdin, env=environment, capture_output=True, text=True, timeout=120
    )


def output(result: subprocess.CompletedProcess) -> str:
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


@pytest.fixture
def write(tmp_path):
    """Write a file below the test's folder; return its path from there."""

    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    return write


# --- names ------------------------------------------------------------------------------------------------------

NAMES = """
import importlib.util
import jtorch
import jtorch.vision
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.utils.data.dataloader
import torchvision
import torchvision.transforms as transforms
from torch import optim
from torch.nn.modules.linear import Linear
from torch.utils.data import DataLoader

assert torch is jtorch
assert nn is torch.nn is jtorch.nn and nn.__spec__.name == nn.__name__ == "jtorch.nn"
assert F is jtorch.nn.functional
assert optim is jtorch.optim
assert Linear is nn.Linear
assert DataLoader is torch.utils.data.dataloader.DataLoader is jtorch.utils.data.DataLoader
assert torchvision is jtorch.vision and transforms is jtorch.vision.transforms
assert importlib.util.find_spec("torch.nn.functional") is not None
assert importlib.util.find_spec("torch.no_such_module") is None
assert callable(torch.tensor)  # the module jtorch.tensor has not come in its way
print(torch.tensor([1.0, 2.0]) + 1)
"""


def test_torch_names_are_jtorch_objects(write, tmp_path):
    assert output(python("-m", "jtorch", write("names.py", NAMES), folder=tmp_path)) == "tensor([2., 3.])\n"


def test_what_is_missing_is_named(write, tmp_path):
    write(
        "missing.py",
        """
import torch
for line in ["import torch.foo.bar", "from torch.foo import bar", "import torchvision.foo", "from torch import foo",
             "from torch.nn import Foo", "torch.foo", "torch.nn.Foo"]:
    try:
        exec(line)
    except (ImportError, AttributeError) as error:
        print(f"{type(error).__name__}: {error}")
""",
    )
    lines = output(python("-m", "jtorch", "missing.py", folder=tmp_path)).splitlines()
    assert lines[:3] == [
        "ModuleNotFoundError: No module named 'torch.foo': jtorch has no torch.foo",
        "ModuleNotFoundError: No module named 'torch.foo': jtorch has no torch.foo",
        "ModuleNotFoundError: No module named 'torchvision.foo': jtorch has no torchvision.foo",
    ]
    for line, kind, name in zip(
        lines[3:], ["ImportError"] * 2 + ["AttributeError"] * 2, ["foo", "Foo"] * 2, strict=True
    ):
        where = (
            ("jtorch/__init__.py", "jtorch/nn/__init__.py") if kind == "ImportError" else ("jtorch has no", "jtorch")
        )
        assert line.startswith(kind) and any(words in line for words in where) and f"'{name}'" in line


# --- the program's surroundings ------------------------------------------------------------------------------------

MAIN = """
import os, pickle, sys
import torch

class Net(torch.nn.Module):
    pass

exec("setting = 3", globals())
assert setting == 3
assert type(pickle.loads(pickle.dumps(Net()))) is Net
main = sys.modules["__main__"]
assert vars(main) is globals() and not hasattr(main, "_run")
print(__name__, __file__, __package__, __spec__ and __spec__.name, sys.argv, sys.path[0], os.getcwd(), sep="\\n")
"""


def test_script(write, tmp_path):
    result = python("-m", "jtorch", write("folder/program.py", MAIN), "--lr", "0.1", "-m", folder=tmp_path)
    program = f"{tmp_path}/folder/program.py"
    arguments = "['folder/program.py', '--lr', '0.1', '-m']"
    assert output(result).splitlines() == [
        "__main__", program, "None", "None", arguments, f"{tmp_path}/folder", str(tmp_path)
    ]  # fmt: skip


def test_module(write, tmp_path):
    write("package/__init__.py", "")
    write("package/program.py", MAIN)
    program = f"{tmp_path}/package/program.py"
    assert output(python("-m", "jtorch", "-m", "package.program", "a", folder=tmp_path)).splitlines() == [
        "__main__", program, "package", "package.program", f"['{program}', 'a']", str(tmp_path), str(tmp_path)
    ]  # fmt: skip


def test_folder_line_and_standard_input(write, tmp_path):
    write("folder/__main__.py", "import sys, torch; print(sys.argv, sys.path[0])")
    assert output(python("-m", "jtorch", "folder", "a", folder=tmp_path)) == f"['folder', 'a'] {tmp_path}/folder\n"
    line = "import sys, torch; print(sys.argv, repr(sys.path[0]))"
    assert output(python("-m", "jtorch", "-c", line, "a", folder=tmp_path)) == "['-c', 'a'] ''\n"
    assert output(python("-m", "jtorch", "-", "a", folder=tmp_path, stdin=line)) == "['-', 'a'] ''\n"


LOGGING = """
import logging
import torch

logging.basicConfig(level=logging.INFO)
logging.info("%s", (torch.ones(2, 2) @ torch.ones(2, 2)).sum().item())
"""


def test_a_log_of_the_script_holds_only_what_it_logs(write, tmp_path):
    anywhere = {name: value for name, value in ENVIRONMENT.items() if name != "JAX_PLATFORMS"}
    result = python("-m", "jtorch", write("log.py", LOGGING), folder=tmp_path, environment=anywhere)
    assert result.stderr == "INFO:root:8.0\n"


def test_command_line_errors(tmp_path, capsys, monkeypatch):
    with pytest.raises(SystemExit) as nothing:
        launcher.main([])
    assert nothing.value.code == 2 and capsys.readouterr().err.startswith("usage: python -m jtorch")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as no_file:
        launcher.main(["absent.py"])
    message = f"can't open file '{tmp_path}/absent.py': [Errno 2] No such file or directory\n"
    assert no_file.value.code == 2 and capsys.readouterr().err.endswith(message)
    no_module = python("-m", "jtorch", "-m", "absent", folder=tmp_path)
    assert no_module.returncode == 1 and no_module.stderr.endswith("No module named absent\n")


# --- how programs end ----------------------------------------------------------------------------------------------

ENDINGS = """
import atexit, os, signal, sys
atexit.register(print, "atexit")
match sys.argv[1]:
    case "error":
        def fail():
            try:
                1 / 0
            except ZeroDivisionError as error:
                raise ValueError("wrong") from error
        fail()
    case "hook":
        sys.excepthook = lambda kind, error, traceback: print(kind.__name__, traceback.tb_frame.f_code.co_filename)
        raise ValueError("wrong")
    case "message":
        sys.exit("the end")
    case "status":
        sys.exit(3)
    case "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
    case "syntax":
        compile("x = = 1", "setting.py", "exec")
"""


@pytest.mark.parametrize("ending", ["error", "hook", "message", "status", "interrupt", "syntax"])
def test_ends_as_under_python(ending, write, tmp_path):
    write("program.py", ENDINGS)
    plain = python("program.py", ending, folder=tmp_path)
    launched = python("-m", "jtorch", "program.py", ending, folder=tmp_path)
    assert (launched.returncode, launched.stdout, launched.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    assert launched.returncode == {"status": 3, "interrupt": -signal.SIGINT}.get(ending, 1)


# --- children --------------------------------------------------------------------------------------------------------

CHILDREN = """
import os, sys
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
import torch

class Net(torch.nn.Module):
    pass

def work(x):
    import jtorch, torch
    assert torch is jtorch
    return Net, float(torch.tensor(x) + 1), os.getpid()

if __name__ == "__main__":
    os.chdir("/")
    sys.path[:] = [folder for folder in sys.path if folder != sys.argv[2]]  # children have to find jtorch all the same
    os.environ.pop("PYTHONPATH")
    context = multiprocessing.get_context(sys.argv[1])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        net, value, pid = pool.submit(work, 1.5).result()
    assert net is Net and value == 2.5 and pid != os.getpid()
    print("done")
"""


@pytest.mark.parametrize("start_method", ["spawn", "forkserver"])
def test_children_see_the_alias(start_method, write, tmp_path):
    program = write("program.py", CHILDREN)
    assert output(python("-m", "jtorch", program, start_method, str(ROOT), folder=tmp_path)) == "done\n"


# --- install and uninstall -------------------------------------------------------------------------------------------

# Stands for the real torch: where a test needs to tell the two apart, any other module of that name will do.
OTHER_TORCH = "import sys\nfrom types import ModuleType\nnn = ModuleType('torch.nn')\nother = True\n"


def test_install_and_uninstall(write, tmp_path):
    write("torch.py", OTHER_TORCH)
    write(
        "program.py",
        """
import multiprocessing.forkserver, multiprocessing.spawn, sys
import jtorch, jtorch.compat
patched = lambda: (multiprocessing.spawn.get_preparation_data, multiprocessing.forkserver.ForkServer.ensure_running)
before, modules, meta_path = patched(), set(sys.modules), list(sys.meta_path)
jtorch.compat.install()
jtorch.compat.install()
import torch, torch.nn.functional, torchvision
assert torch is jtorch and jtorch.compat.installed()
jtorch.compat.uninstall()
jtorch.compat.uninstall()
assert not jtorch.compat.installed()
assert sys.meta_path == meta_path and patched() == before
assert not [name for name in sys.modules if name.split(".")[0] in ("torch", "torchvision")]
import torch
assert torch.other
try:
    jtorch.compat.install()
except RuntimeError as error:
    print(error)
assert sys.meta_path == meta_path and sys.modules["torch"] is torch
""",
    )
    assert output(python("program.py", folder=tmp_path)).startswith(
        f"torch is already imported (from {tmp_path}/torch.py)"
    )


def test_install_for_packages(write, tmp_path):
    write("torch.py", OTHER_TORCH)
    write(
        "ported/__init__.py",
        "import torch\nimport torch.nn.functional as F\nimport torchvision.transforms\nfrom torch.utils.data import DataLoader\n",
    )
    write("ported/layers.py", "from torch import nn\n")
    write("missing_names.py", "import torch.no_such_module\n")
    write("early.py", "from torch import nn\n")
    write("portedtoo.py", "import torch\n")
    write(
        "program.py",
        """
import builtins
plain_import = builtins.__import__
import early, jtorch, jtorch.compat
jtorch.compat.install("ported")
jtorch.compat.install(["missing_names"])
import ported.layers, portedtoo, torch
assert ported.torch is jtorch and ported.F is jtorch.nn.functional and ported.layers.nn is jtorch.nn
assert ported.torchvision is jtorch.vision and ported.DataLoader is jtorch.utils.data.DataLoader
assert torch.other and portedtoo.torch is torch
assert not jtorch.compat.installed()
try:
    import missing_names
except ModuleNotFoundError as error:
    print(error)
try:
    jtorch.compat.install(["early"])
except RuntimeError as error:
    print(error)
jtorch.compat.uninstall()
assert builtins.__import__ is plain_import
""",
    )
    assert output(python("program.py", folder=tmp_path)).splitlines() == [
        "No module named 'torch.no_such_module': jtorch has no torch.no_such_module",
        "early has already imported the real torch.nn. Call jtorch.compat.install(packages=...) before early is imported.",
    ]


def test_explain_says_by_line_what_was_looked_at_and_compiled(write, tmp_path):
    program = """\
        import torch
        x = torch.ones(3)
        for i in range(4):
            y = (x * 2).sum()
            if y > 0:
                print(y.item())
        """
    name = write("program.py", textwrap.dedent(program))
    result = python(
        "-m", "jtorch", "--explain", name, folder=tmp_path, environment={**ENVIRONMENT, "JTORCH_EXECUTION": "compile"}
    )
    assert result.returncode == 0 and result.stdout == "6.0\n" * 4
    line = next(line for line in result.stderr.splitlines() if line.startswith("program.py:5"))
    assert "looked at a value 4 times" in line and "compiled 1 times" in line
    assert "compiled a program of 3 operations" in result.stderr and "ops recorded" in result.stderr
