"""Namespaces beside the tensors: devices, backends, settings, annotations, predicates."""
import torch

# --- cuda without a device
[torch.cuda.is_available(), torch.cuda.device_count(), torch.cuda.is_initialized(), torch.cuda.is_bf16_supported(), torch.cuda.get_arch_list()]
# --- cuda current_device raises
torch.cuda.current_device()
# --- cuda get_device_name raises
torch.cuda.get_device_name(0)
# --- cuda synchronize raises
torch.cuda.synchronize()
# --- cuda memory counts are zero
torch.cuda.empty_cache()
[torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated(), torch.cuda.memory_reserved("cuda:0"), torch.cuda.memory_stats()]
# --- cuda memory_cached was renamed
torch.cuda.memory_cached()
# --- cuda seeds are accepted
torch.cuda.manual_seed(1)
torch.cuda.manual_seed_all(1)
[torch.cuda.get_rng_state_all(), torch.cuda.seed(), torch.cuda.set_rng_state(torch.get_rng_state())]
# --- cuda get_rng_state raises
torch.cuda.get_rng_state()
# --- cuda Event raises
torch.cuda.Event(enable_timing=True)
# --- cuda Stream raises
torch.cuda.Stream()
# --- cuda stream None
with torch.cuda.stream(None):
    print(torch.ones(1))
# --- cuda device of a CPU tensor
with torch.cuda.device_of(torch.ones(1)):
    print(torch.cuda.device("cuda:3").idx, torch.cuda.device(2).idx)
# --- cuda device wants cuda
torch.cuda.device("cpu")
# --- cuda OutOfMemoryError
[torch.cuda.OutOfMemoryError, torch.OutOfMemoryError is torch.cuda.OutOfMemoryError, issubclass(torch.OutOfMemoryError, RuntimeError)]
# --- cuda tensor types
[torch.cuda.FloatTensor, isinstance(torch.ones(1), torch.cuda.FloatTensor), isinstance(torch.ones(1), torch.FloatTensor)]
# --- accelerator
[torch.accelerator.is_available(), torch.accelerator.device_count(), torch.accelerator.current_accelerator()]
# --- accelerator synchronize raises
torch.accelerator.synchronize()
# --- device module
[torch.get_device_module("cuda") is torch.cuda, torch.get_device_module() is torch.cpu, torch.cpu.is_available(), torch.cpu.device_count()]
# --- versions compare by number
[torch.__version__ >= "2.4", torch.__version__ > (1, 10), torch.__version__ < "2.14.0a0", torch.__version__ == "2.9", torch.__version__.split("+")[0], torch.version.cuda, torch.version.hip]
# --- torch_version
from torch.torch_version import TorchVersion
[TorchVersion("1.10.0a") > "1.2", TorchVersion("1.10.0a") < (1, 10), TorchVersion("2.0.0") == "2.0", TorchVersion("2.1.0.dev1") < "2.1", TorchVersion("parrot") > "bird"]
# --- cudnn switches
torch.backends.cudnn.benchmark = True
torch.backends.cudnn.deterministic = True
result = [torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic, torch.backends.cudnn.enabled, torch.backends.cudnn.allow_tf32]
torch.backends.cudnn.benchmark = torch.backends.cudnn.deterministic = False
[result, torch.backends.cudnn.is_available(), torch.backends.cudnn.version()]
# --- cudnn switch of a wrong type
torch.backends.cudnn.benchmark = 1
# --- cudnn flags
with torch.backends.cudnn.flags(enabled=False, deterministic=True):
    print(torch.backends.cudnn.enabled, torch.backends.cudnn.deterministic)
[torch.backends.cudnn.enabled, torch.backends.cudnn.deterministic]
# --- matmul precision
before = torch.get_float32_matmul_precision()
torch.backends.cuda.matmul.allow_tf32 = True
after = [torch.get_float32_matmul_precision()]
torch.set_float32_matmul_precision("highest")
[before, after, torch.backends.cuda.matmul.allow_tf32]
# --- matmul precision of a wrong type
torch.set_float32_matmul_precision(1)
# --- matmul precision unknown
torch.set_float32_matmul_precision("bad")
# --- unknown matmul attribute
torch.backends.cuda.matmul.nonsense
# --- other backends
[torch.backends.mps.is_available(), torch.backends.mps.is_built(), torch.backends.cuda.is_built(), torch.backends.opt_einsum.is_available(), torch.backends.cuda.flash_sdp_enabled()]
# --- deterministic algorithms
torch.use_deterministic_algorithms(True, warn_only=True)
result = [torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled(), torch.get_deterministic_debug_mode()]
torch.set_deterministic_debug_mode("default")
[result, torch.are_deterministic_algorithms_enabled(), torch.ones(2) + 1]
# --- deterministic algorithms of a wrong type
torch.use_deterministic_algorithms(1)
# --- deterministic debug mode unknown
torch.set_deterministic_debug_mode("bad")
# --- threads
torch.set_num_threads(1)
torch.get_num_threads()
# --- threads of zero
torch.set_num_threads(0)
# --- threads of a wrong type
torch.set_num_threads("a")
# --- jit annotations
@torch.jit.ignore
def f(x):
    return x + 1
@torch.jit.unused
def g(x):
    return x + 2
@torch.jit.ignore(drop=True)
def h(x):
    return x + 3
class M(torch.nn.Module):
    n: torch.jit.Final[int]
    def __init__(self):
        super().__init__()
        self.n = 2
    @torch.jit.export
    def forward(self, x):
        return x * self.n if not torch.jit.is_scripting() else x
[f(1), g(1), h(1), M()(torch.ones(1)), torch.jit.is_tracing(), torch.jit.annotate(int, 3)]
# --- jit isinstance
from typing import Dict, List, Optional, Tuple
[torch.jit.isinstance([1], List[int]), torch.jit.isinstance([1, "a"], List[int]), torch.jit.isinstance({"a": 1}, Dict[str, int]), torch.jit.isinstance((1, 2.0), Tuple[int, float]), torch.jit.isinstance(1, (int, str))]
# --- jit ignore of a number
torch.jit.ignore(3)
# --- jit script and trace compute the same
import warnings
warnings.simplefilter("ignore")
@torch.jit.script
def f(x, n: int):
    if n > 1:
        return x * n
    return x - n
lin = torch.nn.Linear(2, 2)
[f(torch.ones(2), 3), f(torch.ones(2), 1), list(torch.jit.script(lin).state_dict()), torch.equal(torch.jit.trace(lin, torch.ones(1, 2))(torch.ones(3, 2)), lin(torch.ones(3, 2)))]
# --- compile a function
@torch.compile(backend="eager")
def f(x):
    "doc"
    return torch.sin(x) * 2
x = torch.tensor([1.0, 2.0], requires_grad=True)
f(x).sum().backward()
[f.__name__, f.__doc__, f(x), x.grad]
# --- compile a module
m = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
c = torch.compile(m, backend="eager")
c.foo = 5
print(c)
[list(c.state_dict()), c._orig_mod is m, isinstance(c, torch.nn.Module), isinstance(c, torch.nn.Sequential), len(c), m.foo, c.eval().training, m.training, [n for n, _ in c.named_parameters()], torch.equal(c(torch.ones(1, 2)), m(torch.ones(1, 2)))]
# --- compile arguments
g = lambda x: x
[torch.compile(g, disable=True) is g, torch.compiler.is_compiling(), torch.compiler.allow_in_graph(g) is g]
# --- compile mode and options
torch.compile(lambda x: x, mode="default", options={"a": 1})
# --- compile mode unknown
import warnings
warnings.simplefilter("ignore")
torch.compile(lambda x: x, mode="bad")
# --- compile a number
torch.compile(3, backend="eager")
# --- compile backend unknown
import warnings
warnings.simplefilter("ignore")
torch.compile(lambda x: x, backend="bad")(torch.ones(1))
# --- compiled module is missing an attribute
torch.compile(torch.nn.Linear(1, 1), backend="eager").nonsense
# --- typename and is_tensor
[torch.typename(torch.ones(1)), torch.typename(3), torch.typename(torch.nn.Linear(1, 1)), torch.is_tensor(torch.ones(1)), torch.is_tensor([1]), torch.is_storage(torch.ones(1).untyped_storage())]
# --- predicates
x = torch.ones(2, 3)
[torch.is_floating_point(x), torch.is_complex(x), torch.is_nonzero(torch.tensor([0.0])), torch.numel(x), torch.is_same_size(x, x.t()), torch.is_inference(x), torch.is_conj(x), torch.is_signed(x), torch.get_device(x), torch.is_distributed(x)]
# --- is_floating_point of a number
torch.is_floating_point(3)
# --- is_nonzero of several
torch.is_nonzero(torch.ones(2))
# --- result_type
i = torch.ones(2, dtype=torch.int32)
[torch.result_type(i, 1.5), torch.result_type(1, 2.5), torch.result_type(i, torch.tensor(1.5, dtype=torch.float64)), torch.result_type(i, True), torch.result_type(torch.ones(1, dtype=torch.uint8), torch.ones(1, dtype=torch.int8))]
# --- broadcast_shapes
[torch.broadcast_shapes((3, 1), (1, 4)), torch.broadcast_shapes(3, (2, 1)), torch.broadcast_shapes(), torch.functional.broadcast_shapes((5,))]
# --- broadcast_shapes mismatch
torch.broadcast_shapes((3,), (4,))
# --- broadcast_shapes negative
torch.broadcast_shapes((-1,), (4,))
# --- broadcast_tensors
a, b = torch.broadcast_tensors(torch.arange(3.0).view(3, 1), torch.ones(1, 4))
[a, b, a.stride()]
# --- broadcast_tensors mismatch
torch.broadcast_tensors(torch.ones(3), torch.ones(4))
# --- equal and allclose
x = torch.ones(2)
[torch.equal(x, torch.ones(2)), torch.equal(x, torch.ones(3)), x.equal(torch.zeros(2)), torch.allclose(x, x + 1e-7), torch.allclose(torch.tensor([float("nan")]), torch.tensor([float("nan")]), equal_nan=True)]
# --- softmax and log_softmax
x = torch.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
[torch.softmax(x, 0), x.softmax(-1), torch.log_softmax(x, dim=1), x.log_softmax(0), torch.softmax(torch.tensor([1, 2]), 0, dtype=torch.float64)]
# --- softmax of integers
torch.softmax(torch.ones(3, dtype=torch.int64), 0)
# --- softmax of a wrong dimension
torch.ones(3).softmax(2)
# --- functions also in torch
x = torch.tensor([-1.0, 0.5, 2.0])
[torch.selu(x), torch.celu(x), torch.threshold(x, 1.0, 0.0), torch.layer_norm(x, (3,)), torch.max_pool1d(x[None], 2), torch.conv1d(x[None, None], torch.ones(1, 1, 2)), torch.dropout(x, 0.5, False)]
# --- foreach
a, b = [torch.ones(2), torch.full((3,), 2.0)], [torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0, 5.0])]
torch._foreach_add_(a, b)
torch._foreach_mul_(a, 2.0)
torch._foreach_addcmul_(a, b, b, value=0.5)
[a, torch._foreach_sqrt(a), torch._foreach_neg(b), torch._foreach_norm(b), torch._foreach_mul(a, [1.0, 2.0]), torch._foreach_maximum(b, 3.0), torch._foreach_add(a, b, alpha=2)]
# --- foreach of an empty list
torch._foreach_add_([], 1.0)
# --- foreach of unequal lists
torch._foreach_add_([torch.ones(1)], [torch.ones(1), torch.ones(1)])
# --- default device
before = torch.get_default_device()
torch.set_default_device("cpu")
with torch.device("cpu"):
    print(torch.ones(1).device)
[before, torch.get_default_device()]
# --- multiprocessing names
import torch.multiprocessing as mp
[mp.get_all_sharing_strategies() >= {"file_system"}, issubclass(mp.ProcessRaisedException, Exception), mp.get_context("spawn").get_start_method(), callable(mp.Process), mp.current_process().name]
# --- hub folder
import torch.hub
torch.hub.set_dir("/tmp/hub-folder")
torch.hub.get_dir()
# --- printing options
torch.set_printoptions(precision=2, sci_mode=False)
torch.tensor([1.23456, 100000.0])
