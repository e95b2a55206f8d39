"""Copying, pickling, saving and loading."""
import copy
import io
import pickle

import torch
from torch import nn

# --- copy shares storage
x = torch.zeros(2)
y = copy.copy(x)
y[0] = 1
[x, y is x, type(y)]
# --- deepcopy is independent
x = torch.zeros(2, requires_grad=True)
y = copy.deepcopy(x)
with torch.no_grad():
    y[0] = 1
[x, y, y.requires_grad, y.is_leaf]
# --- deepcopy keeps sharing
x = torch.zeros(4)
d = copy.deepcopy({"a": x, "b": x[:2], "c": x})
d["a"][0] = 5
[d["b"], d["c"] is d["a"], x]
# --- deepcopy keeps strides
x = torch.arange(6).view(2, 3).t()
y = copy.deepcopy(x)
[y.stride(), y]
# --- deepcopy copies grad
x = torch.ones(2, requires_grad=True)
(x * 3).sum().backward()
y = copy.deepcopy(x)
x.grad.zero_()
[y.grad, y.grad is x.grad]
# --- deepcopy of a module
m = nn.Linear(2, 2)
n = copy.deepcopy(m)
with torch.no_grad():
    m.weight.zero_()
[n.weight.abs().sum() > 0, n.weight is m.weight, type(n.weight)]
# --- deepcopy of tied parameters
m = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
m[1].weight = m[0].weight
n = copy.deepcopy(m)
[n[0].weight is n[1].weight, n[0].weight is m[0].weight]
# --- pickle of a tensor
x = torch.arange(6.0).view(2, 3)
y = pickle.loads(pickle.dumps(x))
[y, y.stride(), type(y)]
# --- pickle of dtypes
[pickle.loads(pickle.dumps(torch.ones(2).to(d))) for d in (torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.bool, torch.complex64)]
# --- pickle of a leaf
x = torch.ones(2, requires_grad=True)
y = pickle.loads(pickle.dumps(x))
[y, y.is_leaf]
# --- pickle of a Parameter
p = nn.Parameter(torch.ones(2))
q = pickle.loads(pickle.dumps(p))
[q, type(q)]
# --- pickle keeps strides and offset
x = torch.arange(12).view(3, 4).t()[1:]
y = pickle.loads(pickle.dumps(x))
[y, y.stride(), y.storage_offset()]
# --- pickle keeps sharing within one pickle
x = torch.zeros(3)
a, b = pickle.loads(pickle.dumps((x, x[1:])))
a[1] = 7
b
# --- pickle of dtype size device
[pickle.loads(pickle.dumps(o)) for o in (torch.float32, torch.Size([1, 2]), torch.device("cpu"))]
# --- pickle of a module
m = nn.Linear(2, 1)
n = pickle.loads(pickle.dumps(m))
[torch.equal(n.weight, m.weight), type(n), n]
# --- save and load a tensor
f = io.BytesIO()
torch.save(torch.arange(3), f)
f.seek(0)
torch.load(f)
# --- save and load a dict
f = io.BytesIO()
torch.save({"epoch": 3, "w": torch.ones(2), "list": [1, 2.5, "a", None, True], "nested": {"t": torch.zeros(1)}}, f)
f.seek(0)
torch.load(f)
# --- save and load a state_dict
m = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
f = io.BytesIO()
torch.save(m.state_dict(), f)
f.seek(0)
s = torch.load(f)
n = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
print(n.load_state_dict(s))
[list(s), torch.equal(n[0].weight, m[0].weight), type(s).__name__]
# --- saved views share
x = torch.zeros(4)
f = io.BytesIO()
torch.save([x, x[1:3]], f)
f.seek(0)
a, b = torch.load(f)
a[1] = 9
b
# --- save to a path
torch.save({"a": torch.ones(1)}, "t.pt")
[torch.load("t.pt"), torch.load("t.pt", map_location="cpu"), torch.load("t.pt", map_location=torch.device("cpu"))]
# --- load a whole module without weights_only
f = io.BytesIO()
torch.save(nn.Linear(2, 1), f)
f.seek(0)
torch.load(f, weights_only=False)
# --- load a whole module by default
f = io.BytesIO()
torch.save(nn.Linear(2, 1), f)
f.seek(0)
torch.load(f)
# --- optimizer state survives
p = nn.Parameter(torch.ones(2))
o = torch.optim.Adam([p], lr=0.1)
(p * 2).sum().backward()
o.step()
f = io.BytesIO()
torch.save(o.state_dict(), f)
f.seek(0)
torch.load(f)
# --- generator state survives
state = torch.get_rng_state()
a = torch.rand(3)
torch.set_rng_state(state)
[torch.equal(a, torch.rand(3)), state.dtype, state.shape]
# --- tensor in a set and dict
x, y = torch.ones(1), torch.ones(1)
d = {x: 1, y: 2}
[len(d), d[x], len({x, y, x}), hash(x) == id(x)]
# --- storage copy
x = torch.arange(3)
[list(x.untyped_storage())[:8], x.storage_offset(), len(x.untyped_storage())]
# --- deepcopy of a non-leaf
x = torch.ones(1, requires_grad=True) * 2
copy.deepcopy(x)
# --- clone detach copies
x = torch.ones(2, requires_grad=True)
[x.clone().detach(), x.detach().clone().requires_grad, x.clone().requires_grad]
# --- state_dict shares the parameters
m = nn.Linear(1, 1)
s = m.state_dict()
s["weight"].fill_(5)
[m.weight, s["weight"].requires_grad]
# --- attributes of tensors
x = torch.ones(1)
x.note = "kept"
[x.note, hasattr(x.clone(), "note"), copy.deepcopy(x).note]
# --- subclass of Tensor
class Named(torch.Tensor):
    pass
x = torch.ones(2).as_subclass(Named)
[type(x).__name__, type(x + 1).__name__, type(x.sum()).__name__, isinstance(x, torch.Tensor)]
# --- resize_ again and again
x = torch.arange(3.0)
versions = [x._version]
for size in ((2, 1), (2, 1), (1,), (3, 1), (2,)):
    x.resize_(size)
    versions.append(x._version)
grown = x.resize_(2, 4)
[versions, grown is x, x.shape, x[0, :2], x.stride(), x._version]
# --- what users put on a tensor is its __dict__
p = torch.nn.Parameter(torch.ones(2))
p.tag = "x"
print(p.__dict__, "tag" in dir(p), sorted(vars(p)), dict(torch.ones(1).__dict__))
p.__dict__["count"] = 1
p.__dict__.update(more=2, requires_grad=False)
print(p.count, p.more, p.requires_grad)
p.__dict__ = {"only": 3}
print(p.only, hasattr(p, "tag"), p)
# --- a parameter made with what was put on another one
p = torch.nn.Parameter(torch.ones(2))
kwargs = p.__dict__
kwargs["requires_grad"] = p.requires_grad
torch.nn.Parameter(p.to("meta"), **kwargs)
