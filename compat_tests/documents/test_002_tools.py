"""Tools that the documents name (profilers, TensorBoard, TorchScript), and claims about speed, memory and devices that can be held to something."""

import importlib.util
import os
import subprocess
import sys

import pytest

from compat_tests.documents.rows import Row, check, parametrize

ROWS = [
    Row("D20", "002:1640-1644: the older profiler, with the flag use_cuda",
        """
        with torch.autograd.profiler.profile(enabled=True, use_cuda=False) as profile:
            (torch.ones(3) * 2).sum().item()
        print([word in str(profile) for word in ("Self CPU", "CPU total", "# of Calls", "Self CPU time total")])
        with torch.autograd.profiler.profile(enabled=False) as profile:
            torch.ones(3)
        """, "[True, True, True, True]"),
    Row("D19", "003: from torch.cuda.amp import autocast",
        """
        import warnings
        from torch.cuda.amp import autocast
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            autocast()
        print(caught[0].category.__name__, str(caught[0].message))
        """, "FutureWarning `torch.cuda.amp.autocast(args...)` is deprecated. Please use `torch.amp.autocast('cuda', args...)` instead."),
    Row("BEH-87", "003:4304-4355, 002:1608: half precision, as a decorator of forward and as a block",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.linear = nn.Linear(2, 2)
            @torch.autocast("cpu", dtype=torch.bfloat16)
            def forward(self, x):
                return self.linear(x)
        net = Net()
        print(net(torch.ones(1, 2)).dtype, net.linear(torch.ones(1, 2)).dtype)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            print(net.linear(torch.ones(1, 2)).dtype, net.linear.weight.dtype)
        third = torch.ones(1) / 3
        print(abs(third.half().float() - third).item() > 0, third.half().element_size(), third.element_size())
        """,
        """
        torch.bfloat16 torch.float32
        torch.bfloat16 torch.float32
        True 2 4
        """),
    Row("BEH-84", "002:1182-1192, 1624: switches of cudnn",
        """
        print(torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic)
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = True, True
        print(torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic)
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, False
        """,
        """
        False False
        True True
        """),
    Row("D24", "002:100: volatile is gone",
        """
        from torch.autograd import Variable
        print(Variable(torch.ones(1), volatile=True).volatile)
        """, "False", warns=("volatile was removed and now has no effect. Use `with torch.no_grad():` instead.", "Variable.volatile is always False")),
    Row("BEH-30", "003:556: an edit of .data reaches the tensor and not the graph",
        """
        x = torch.ones(1, requires_grad=True)
        y = x * x
        x.data *= 3
        y.backward()
        print(x, x.grad)
        """, "tensor([3.], requires_grad=True) tensor([6.])"),
    Row("BEH-33", "002:1618: a frozen parameter has no gradient, what is before it has; detach() cuts",
        """
        first, second = nn.Linear(1, 1), nn.Linear(1, 1)
        second.requires_grad_(False)
        second(first(torch.ones(1))).sum().backward()
        print(first.weight.grad is None, second.weight.grad is None)
        first.zero_grad()
        print(second(first(torch.ones(1)).detach()).requires_grad)
        """,
        """
        False True
        False
        """),
    Row("BEH-72", "003:2376: step of the base class", "optim.Optimizer([torch.ones(1)], {}).step()", raises="NotImplementedError: "),
    Row("BEH-73", "003:2386-2424: add_param_group checks what it is given",
        """
        w = nn.Parameter(torch.ones(1))
        optimizer = optim.SGD([w], lr=0.1)
        for group in ([w], {"params": {w}}, {"params": [1]}, {"params": [w * 2]}, {"params": [w]}):
            try:
                optimizer.add_param_group(group)
            except (TypeError, ValueError) as error:
                print(type(error).__name__, str(error)[:39])
        """,
        """
        TypeError param_group must be a dict, but got <cl
        TypeError optimizer parameters need to be organiz
        TypeError optimizer can only optimize Tensors, bu
        ValueError can't optimize a non-leaf Tensor
        ValueError some parameters appear in more than one
        """),
    Row("BEH-77", "003:4013: a rate that is assigned takes effect",
        """
        w = nn.Parameter(torch.zeros(1))
        optimizer = optim.SGD([w], lr=1.0)
        for rate in (1.0, 0.1):
            for param_group in optimizer.param_groups:
                param_group['lr'] = rate
            optimizer.zero_grad()
            w.sum().backward()
            optimizer.step()
            print(w.item())
        """,
        """
        -1.0
        -1.100000023841858
        """),
    Row("BEH-89", "002:1602, 1626: inplace=True writes into its input; del frees",
        """
        import weakref
        x = torch.tensor([-1., 1.])
        y = nn.ReLU(inplace=True)(x)
        print(y is x, y.data_ptr() == x.data_ptr(), x)
        gone = weakref.ref(x)
        del x, y
        print(gone())
        """,
        """
        True True tensor([0., 1.])
        None
        """),
    Row("BEH-110", "002:1769-1771: tensors have numpy's operations, and numpy in forward cuts the graph",
        """
        x = torch.ones(2, requires_grad=True)
        print(torch.sin(x).requires_grad, torch.from_numpy(np.sin(x.detach().numpy())).requires_grad)
        np.sin(x.numpy())
        """, "True False", raises="RuntimeError: Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."),
    Row("BEH-111", "002:1612, 1616: one operation for a loop of them, memory taken once",
        """
        x = torch.arange(6.).view(3, 2)
        looped = torch.empty(3)
        for i in range(3):
            looped[i] = (x[i] * x[i]).sum()
        print(torch.equal(looped, (x * x).sum(1)), torch.equal(looped, torch.stack([row.dot(row) for row in x])))
        """, "True True"),
    Row("BEH-112", "002:1636, 1634: a column and a flat vector broadcast to a matrix; shapes are asserted",
        """
        column, flat = torch.ones(3, 1), torch.ones(3)
        print((column - flat).shape, (column - flat.view(-1, 1)).shape)
        assert column.size() == (3, 1)
        """, "torch.Size([3, 3]) torch.Size([3, 1])"),
    Row("BEH-107", "003:4110-4124: where weights are kept, and that a half download leaves nothing",
        """
        import contextlib, io, os, pathlib, tempfile
        from torch.utils import model_zoo
        for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
            os.environ.pop(name, None)
        print(torch.hub.get_dir() == os.path.expanduser("~/.cache/torch/hub"))
        with tempfile.TemporaryDirectory() as folder:
            torch.save({"w": torch.ones(1)}, f"{folder}/net.pth")
            url = pathlib.Path(folder, "net.pth").as_uri()
            with contextlib.redirect_stdout(io.StringIO()) as said:
                state = model_zoo.load_url(url, model_dir=f"{folder}/cache", progress=False)
            print(said.getvalue() == f'Downloading: "{url}" to {folder}/cache/net.pth\\n', state, os.listdir(f"{folder}/cache"))
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    model_zoo.load_url(url + "s", model_dir=f"{folder}/cache", progress=False)
            except OSError as error:
                print(os.listdir(f"{folder}/cache"))
        """,
        """
        True
        True {'w': tensor([1.])} ['net.pth']
        ['net.pth']
        """),
    Row("ERR-12", "003:3030: pooling warns of nothing", "print(nn.MaxPool2d(2)(torch.ones(1, 1, 2, 2)))", "tensor([[[[1.]]]])"),
    Row("PAT-23", "002:928-933: the files of a project import each other",
        """
        import importlib, pathlib, sys, tempfile
        with tempfile.TemporaryDirectory() as folder:
            files = {
                "layers": "from torch import nn\\nclass Twice(nn.Module):\\n    def forward(self, x):\\n        return 2 * x\\n",
                "networks": "from layers import Twice\\nfrom torch import nn\\nnet = nn.Sequential(Twice(), Twice())\\n",
                "losses": "import torch.nn.functional as F\\ncriterion = F.mse_loss\\n",
            }
            for name, text in files.items():
                pathlib.Path(folder, name + ".py").write_text(text)
            sys.path.insert(0, folder)
            import losses, networks
            print(losses.criterion(networks.net(torch.ones(2)), torch.zeros(2)), networks.net)
            sys.path.remove(folder)
        """,
        """
        tensor(16.) Sequential(
          (0): Twice()
          (1): Twice()
        )
        """),
    Row("tracing", "002:1756: torch.jit.trace, script, save and load",
        """
        import io, warnings
        warnings.simplefilter("ignore")
        net = nn.Sequential(nn.Linear(2, 2), nn.ReLU()).eval()
        traced = torch.jit.trace(net, torch.rand(1, 2))
        @torch.jit.script
        def double(x):
            return x * 2
        x = torch.rand(1, 2)
        print(torch.allclose(traced(x), net(x)), double(torch.ones(1)), isinstance(traced, torch.jit.ScriptModule))
        print(list(traced.state_dict()), traced.original_name)
        """,
        """
        True tensor([2.]) True
        ['0.weight', '0.bias'] Sequential
        """),
]  # fmt: skip


@parametrize(ROWS)
def test(worker, row):
    check(worker, row)


def run(folder, script: str, *arguments: str, **environment: str):
    """Run a script in a folder, as `python -m jtorch ARGUMENTS`."""
    (folder / "main.py").write_text(script, encoding="utf-8")
    command = [sys.executable, "-m", "jtorch", *(arguments or ("main.py",))]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )


@pytest.mark.jtorch_only
def test_d20_bottleneck(tmp_path):
    """002:1649. Today's torch has no bottleneck any more."""
    script = "import sys, torch\nprint('args', sys.argv[1:])\n(torch.ones(3) * 2).sum().item()\nsys.exit(0)\n"
    done = run(tmp_path, script, "-m", "torch.utils.bottleneck", "main.py", "--lr", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("args ['--lr', '1']") == 2
    for title in ("Environment Summary", "cProfile output", "autograd profiler output"):
        assert title in done.stdout


NOISE = """
import torch
from torch.utils.data import DataLoader, Dataset
class Noise(Dataset):
    def __len__(self):
        return 4
    def __getitem__(self, i):
        return torch.rand(())
if __name__ == "__main__":
    torch.manual_seed(0)
    for epoch in range(2):
        print(torch.cat(list(DataLoader(Noise(), num_workers=2, worker_init_fn=lambda i: None))))
"""


def test_beh_97_augmentation_in_workers(tmp_path, request):
    """003:4610-4612: each worker, and each epoch, has random numbers of its own; PyTorch's."""
    launcher = () if request.config.getoption("--reference") else ("-m", "jtorch")
    (tmp_path / "main.py").write_text(NOISE, encoding="utf-8")
    command = [sys.executable, *launcher, "main.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.stdout == "tensor([0.7821, 0.6938, 0.0536, 0.2980])\ntensor([0.6428, 0.0631, 0.8767, 0.1480])\n", (
        done.stderr
    )


# What a machine with one GPU prints, where the CPU stands in for it.
ON_A_GPU = """
import numpy as np, torch
torch.cuda.set_device(0)
y = torch.from_numpy(np.ones(5))
print(y.cuda()); print(y.to('cuda:{}'.format(0)).device, y.cuda().get_device(), torch.cuda.current_device())
x = torch.zeros(10, 4, dtype=torch.float64, device='cuda')
print(x[:2]); print(hasattr(y, 'gpu'), y.cuda().is_cuda, y.cuda().cpu().is_cuda, type(y.float().cuda().type()), y.float().cuda().type())
torch.cuda.empty_cache()
losses = [torch.ones((), device='cuda') for _ in range(3)]
print(torch.stack(losses).sum().cpu())
try:
    y.cuda().numpy()
except TypeError as error:
    print(error)
try:
    y + torch.ones(5, device='cuda')
except RuntimeError as error:
    print(error)
"""


@pytest.mark.jtorch_only
def test_ref_04_fmt_06_beh_81_82_86_88_on_a_gpu(tmp_path):
    """002:18-31, 227-231: REF-04, FMT-06, BEH-81, BEH-82, BEH-86, BEH-88."""
    done = run(tmp_path, ON_A_GPU, JTORCH_CUDA="cpu", JAX_PLATFORMS="cpu")
    assert done.stdout == (
        "tensor([1., 1., 1., 1., 1.], device='cuda:0', dtype=torch.float64)\n"
        "cuda:0 0 0\n"
        "tensor([[0., 0., 0., 0.],\n        [0., 0., 0., 0.]], device='cuda:0', dtype=torch.float64)\n"
        "False True False <class 'str'> torch.cuda.FloatTensor\n"
        "tensor(3.)\n"
        "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.\n"
        "Expected all tensors to be on the same device, but found at least two devices, cpu and cuda:0! (add); move one with .to(device)\n"
    ), done.stderr


TENSORBOARD = """
import numpy as np, torch
import torchvision.utils as vutils
from tensorboardX import SummaryWriter
writer = SummaryWriter('runs/document')
for n_iter in range(3):
    dummy_s1 = torch.rand(1)
    writer.add_scalar('data/scalar1', dummy_s1[0], n_iter)
x = vutils.make_grid(torch.rand(4, 3, 8, 8), normalize=True, scale_each=True)
writer.add_image('Image', x, n_iter)
for i in range(2):
    writer.add_scalars('run_14h', {'xsinx': i * np.sin(i), 'xcosx': i * np.cos(i)}, i)
writer.add_graph(torch.nn.Linear(3, 2), torch.rand(1, 3))
writer.close()
print('written')
"""


@pytest.mark.jtorch_only
@pytest.mark.skipif(importlib.util.find_spec("tensorboardX") is None, reason="needs tensorboardX")
def test_tensorboardx_of_the_cookbook(tmp_path):
    """002:1857-1891: the library itself, under the launcher."""
    done = run(tmp_path, TENSORBOARD)
    assert done.stdout == "written\n", done.stderr
    assert sorted(path.name for path in (tmp_path / "runs/document/run_14h").iterdir()) == ["xcosx", "xsinx"]
