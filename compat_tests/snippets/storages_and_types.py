"""Casts of storages, names for annotations, tensors and optimizers that are swapped."""
import torch

# --- casts of a typed storage
import warnings
warnings.simplefilter("ignore")  # TypedStorage is deprecated: torch says so once
s = torch.FloatStorage([1.0, 2.5, 3.0])
[s.int().tolist(), s.double().dtype, s.half().dtype, s.bool().tolist(), s.complex_float().dtype, s.byte().tolist(), s.long().size()]
# --- casts of bytes
import warnings
warnings.simplefilter("ignore")  # TypedStorage is deprecated: torch says so once
u = torch.tensor([1, 2], dtype=torch.uint8).untyped_storage()
[u.float().tolist(), u.int().dtype, u.get_device(), u.is_shared()]
# --- copy_ between dtypes
import warnings
warnings.simplefilter("ignore")  # TypedStorage is deprecated: torch says so once
s = torch.FloatStorage([1.0, 2.0])
s.copy_(torch.IntStorage([3, 4]))
[s.tolist(), s.get_device(), s.pickle_storage_type(), s.is_pinned()]
# --- annotations
from torch.types import Device, FileLike, Number
[isinstance(3, Number), isinstance("cpu", Device), torch.device(device="cpu"), torch.device(type="cuda", index=1)]
# --- dlpack
from torch.utils.dlpack import DLDeviceType, from_dlpack
[DLDeviceType.kDLCUDA == 2, DLDeviceType(1).name, from_dlpack(torch.ones(2))]
# --- swap_tensors
a, b = torch.zeros(1), torch.nn.Parameter(torch.ones(2))
a.mark = "a"
torch.utils.swap_tensors(a, b)
[a, b, type(a).__name__, type(b).__name__, b.mark, a.requires_grad]
# --- set_module
def f(): pass
torch.utils.set_module(f, "somewhere")
f.__module__
# --- an optimizer on other tensors
p = torch.nn.Parameter(torch.ones(2))
o = torch.optim.SGD([p], lr=0.1, momentum=0.9)
p.sum().backward()
o.step()
q = torch.nn.Parameter(torch.full((2,), 5.0))
q.grad = torch.ones(2)
with torch.optim.swap_in_optimizer_params_and_state(o, {"w": q}, o.state_dict()):
    o.step()
[p, q, o.param_groups[0]["params"][0] is p]
