"""Names beside the tensors that packages written for PyTorch import: checks, marks, registries, older paths."""

import torch

# --- assert that holds
torch._assert(torch.tensor(True), "unseen")
# --- assert
torch._assert(1 > 2, "one is less")
# --- check that holds
[torch._check(True), torch._check_index(True, lambda: "unseen"), torch._check_is_size(3)]
# --- check
torch._check(1 > 2, lambda: "one is less")
# --- check of a tensor
torch._check(torch.tensor(True))
# --- check with a text
torch._check(False, "text")
# --- check index
torch._check_index(False, lambda: "no such index")
# --- check value
torch._check_value(False, lambda: "no such value")
# --- check type
torch._check_type(False, lambda: "no such type")
# --- check not implemented
torch._check_not_implemented(False, lambda: "not there")
# --- check of all elements
torch._check_tensor_all(torch.tensor([True, False]), lambda: "not all")
# --- check of all elements, dtype
torch._check_tensor_all(torch.tensor([1, 0]), lambda: "not all")
# --- _check_tensor_all_with
torch._check_tensor_all_with(ValueError, torch.tensor([True]))
torch._check_tensor_all_with(ValueError, torch.tensor([True, False]), lambda: "not all")
# --- the class of compiled modules, and errors, in torch._dynamo
import torch._dynamo
module = torch.compile(torch.nn.Linear(1, 1), backend="eager")
[isinstance(module, torch._dynamo.eval_frame.OptimizedModule), issubclass(torch._dynamo.exc.Unsupported, RuntimeError), torch.nn.modules.module._EXTRA_STATE_KEY_SUFFIX]
# --- torch is in itself
[torch.torch is torch, torch.torch.Tensor is torch.Tensor]
# --- Future of a type
from typing import Union

[
    Union[torch.Tensor, torch.futures.Future[torch.Tensor]] is not None,
    isinstance(torch.futures.Future(), torch.futures.Future),
]
# --- serialization constants
from torch.serialization import DEFAULT_PROTOCOL, MAP_LOCATION

DEFAULT_PROTOCOL
# --- fx wrap
torch.fx.wrap(3)
# --- nothing is a Proxy or fake
from torch._subclasses.fake_tensor import FakeTensor, is_fake
from torch.fx.experimental.proxy_tensor import get_proxy_mode

x = torch.ones(2)
[isinstance(x, torch.fx.Proxy), isinstance(x, FakeTensor), is_fake(x), get_proxy_mode()]
# --- device states without a device
from torch.utils.checkpoint import get_device_states, set_device_states

states = get_device_states(torch.ones(1), [torch.ones(1)], 3)
[states, set_device_states(*states)]
# --- tensors by device and dtype
from torch.utils._foreach_utils import _device_has_foreach_support, _group_tensors_by_device_and_dtype

a, b = torch.ones(1), torch.ones(2, dtype=torch.float64)
groups = _group_tensors_by_device_and_dtype([[a, b, a], [b, a, a]], with_indices=True)
[
    _device_has_foreach_support(torch.device("cpu")),
    sorted((str(key), [len(t) for t in lists], indices) for key, (lists, indices) in groups.items()),
]
# --- compiled part
[
    torch._C._get_tracing_state(),
    torch._C._get_default_device(),
    torch._C._are_functorch_transforms_active(),
    torch._C._nn._parse_to("cpu", torch.float64)[:2],
]
# --- transforms active
torch.vmap(lambda x: x + int(torch._C._are_functorch_transforms_active()))(torch.zeros(2))


# --- disabled torch function
class Plain(torch.Tensor):
    __torch_function__ = torch._C._disabled_torch_function_impl


x = torch.ones(2).as_subclass(Plain)
[type(x).__name__, type(x + 1).__name__, type(x.sum()).__name__]
# --- pytree of a registered class
from torch.utils._pytree import register_pytree_node, tree_flatten, tree_map


class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b


register_pytree_node(Pair, lambda pair: ([pair.a, pair.b], None), lambda children, context: Pair(*children))
made = tree_map(lambda x: x + 1, [Pair(1, (2, 3)), 4])
[tree_flatten([Pair(1, (2, 3)), 4])[0], made[0].a, made[0].b, made[1]]
# --- pytree of dictionaries
from torch.utils._pytree import _dict_flatten, _dict_flatten_with_keys, _dict_unflatten, MappingKey

[_dict_flatten({"a": 1}), _dict_flatten_with_keys({"a": 1}), _dict_unflatten([1], ["a"]), str(MappingKey("a"))]
# --- pytree registry
from torch.utils._pytree import SUPPORTED_NODES, _get_node_type
from collections import namedtuple

Point = namedtuple("Point", "x y")
node = SUPPORTED_NODES[_get_node_type(Point(1, 2))]
[
    node.flatten_fn(Point(1, 2))[0],
    _get_node_type(Point(1, 2)) is namedtuple,
    node.unflatten_fn([3, 4], Point),
    int in SUPPORTED_NODES,
]
# --- text of the elements
from torch._tensor_str import PRINT_OPTS, _tensor_str

[_tensor_str(torch.tensor([[1.0, 2.5], [3.0, 4.0]]), indent=0), PRINT_OPTS.threshold]
# --- divergences of a class without torch's base
from torch.distributions import register_kl


class Own:
    pass


register_kl(Own, Own)(lambda p, q: 3) is not None
# --- divergence of no class
from torch.distributions import register_kl

register_kl(torch.distributions.Normal, torch.distributions.Normal) is not None
# --- hub names
from torch.hub import HASH_REGEX, urlparse

[HASH_REGEX.search("resnet-abc123.pth").group(1), urlparse("https://a.b/c.pth").path]
# --- records of a file
import io

file = io.BytesIO()
torch.save(torch.ones(2), file)
reader = torch.PyTorchFileReader(io.BytesIO(file.getvalue()))
[
    reader.has_record("data/0"),
    reader.has_record("data/1"),
    len(reader.get_record("data/0")),
    sorted(reader.get_all_records())[:2],
]
# --- copies under the names of kernels
x = torch.arange(6.0).view(2, 3)
[
    torch.ops.aten._to_copy.default(x, dtype=torch.int64),
    torch.ops.aten.alias.default(x),
    torch.ops.aten.index.Tensor(x, [None, torch.tensor([2, 0])]),
]
# --- sparse products that reduce
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    m = torch.tensor([[1.0, 0.0, 2.0], [0.0, 0.0, 0.0]]).to_sparse_csr()
[torch.ops.aten._sparse_mm_reduce_impl(m, torch.arange(6.0).view(3, 2), reduce)[0] for reduce in ("sum", "mean")]
# --- marks of TorchScript
from torch.jit.annotations import Dict, List, Optional, Tuple

issubclass(torch.jit.TracerWarning, Warning)
# --- mark_static_address
import torch._dynamo

torch._dynamo.mark_static_address(torch.ones(1))
# --- default timeout
from torch.distributed.constants import default_pg_timeout

default_pg_timeout
# --- indexing with mapped numbers
from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex

x = torch.tensor([5.0, 6.0, 7.0])
with TransformGetItemToIndex():
    made = torch.vmap(lambda i: x[i] * 2)(torch.tensor([2, 0]))
made
# --- indexing a table with mapped numbers
from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex

x = torch.arange(6).view(2, 3)
with TransformGetItemToIndex():
    made = torch.vmap(torch.vmap(lambda i, j: x[i, j], (None, 0)), (0, None))(
        torch.tensor([1, 0]), torch.tensor([2, 0])
    )
made
# --- flex attention
import warnings
from torch.nn.attention.flex_attention import AuxRequest, and_masks, create_block_mask, flex_attention

torch.manual_seed(0)
q, k, v, slope = torch.randn(2, 4, 6, 8), torch.randn(2, 2, 5, 8), torch.randn(2, 2, 5, 8), torch.randn(4)
mask = create_block_mask(lambda b, h, i, j: (i >= j) & (i > 0), None, None, 6, 5, device="cpu")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    out, aux = flex_attention(
        q, k, v, lambda s, b, h, i, j: s + slope[h] * (i - j), mask, enable_gqa=True, return_aux=AuxRequest(lse=True)
    )
[out.sum((0, 2, 3)), aux.lse[0, 0], out[0, 0, 0]]
# --- flex attention of unequal heads
import warnings
from torch.nn.attention.flex_attention import flex_attention

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    flex_attention(torch.ones(1, 4, 2, 2), torch.ones(1, 2, 2, 2), torch.ones(1, 2, 2, 2))
# --- block masks
from torch.nn.attention.flex_attention import and_masks, create_block_mask, create_mask, or_masks

mask = create_block_mask(
    and_masks(lambda b, h, i, j: i >= j, lambda b, h, i, j: i - j < 70), 2, 1, 300, 300, device="cpu", BLOCK_SIZE=64
)
small = create_mask(or_masks(lambda b, h, i, j: i == j, lambda b, h, i, j: h == 1), 1, 2, 3, 3, device="cpu")
[
    mask.shape,
    mask.sparsity(),
    mask.to_dense()[0],
    mask.kv_num_blocks[1],
    mask.kv_indices[0, 0, 2],
    mask.full_kv_num_blocks[0],
    mask.seq_lengths,
    mask.BLOCK_SIZE,
    small,
]


# --- custom operation
@torch.library.custom_op("compat_example::scaled", mutates_args=())
def scaled(x: torch.Tensor, factor: float) -> torch.Tensor:
    return x * factor


scaled.register_fake(lambda x, factor: torch.empty_like(x))


def setup_context(ctx, inputs, output):
    ctx.factor = inputs[1]


torch.library.register_autograd(
    "compat_example::scaled", lambda ctx, grad: (grad * ctx.factor, None), setup_context=setup_context
)
x = torch.ones(2, requires_grad=True)
torch.ops.compat_example.scaled(x, 3.0).sum().backward()
[scaled(x.detach(), 2.0), x.grad]
# --- floating-point operations by module
from torch.utils.flop_counter import FlopCounterMode
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.at = torch.nn.Linear(6, 8), torch.nn.MultiheadAttention(8, 2, batch_first=True)
        self.c = torch.nn.Conv2d(1, 3, 3)
    def forward(self, x):
        h, _ = self.at(*[self.a(x)] * 3)
        return self.c(h[:, None]).sum() + (h @ h.mT).sum() + torch.einsum("bij,bkj->bik", h, h).sum()
with FlopCounterMode(display=False) as counter:
    made = Net()(torch.ones(2, 5, 6))
forward = counter.get_total_flops(), sorted((name, sorted((str(kind), n) for kind, n in counts.items())) for name, counts in counter.get_flop_counts().items())
with FlopCounterMode(display=False) as counter:
    Net()(torch.ones(2, 5, 6)).backward()
[forward, counter.get_total_flops(), sorted((str(kind), n) for kind, n in counter.get_flop_counts()["Global"].items())]
# --- classes that libraries name when they are imported
[isinstance(torch.jit.script(torch.nn.Linear(1, 1)), torch.nn.Module), isinstance(torch.ScriptModule, type), torch.ScriptFunction is torch.jit.ScriptFunction, isinstance(torch.autograd.profiler.emit_nvtx, type)]
