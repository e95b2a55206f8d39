"""`__torch_function__`: of objects that are no tensors, of subclasses, and of blocks."""

import torch
import torch.nn.functional as F
from torch.overrides import BaseTorchFunctionMode, TorchFunctionMode, has_torch_function


class Duck:
    """No tensor; decides about functions all the same."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return func.__name__, [t.__name__ for t in types], len(args)


class Duckling(Duck):
    pass


class Shy:
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return NotImplemented


class Heard(TorchFunctionMode):
    def __init__(self, heard):
        super().__init__()
        self.heard = heard

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.heard.append(func.__name__)
        return func(*args, **(kwargs or {}))


x = torch.ones(2, 2)
# --- functions
d = Duck()
[
    torch.add(d, 1),
    torch.matmul(x, d),
    torch.sum(d),
    torch.where(d, x, x),
    torch.reshape(d, (2, 2)),
    torch.split(d, 2),
    torch.dropout(d, 0.5, True),
]
# --- lists
[torch.cat([x, Duck()]), torch.stack([Duck(), x])]
# --- einsum with a list of operands
torch.einsum("ij,jk", (x, Duck()))[::2]
# --- functions with several results
[torch.topk(Duck(), 2), torch.max(Duck(), 1)]
# --- layers as functions
[F.relu(Duck())[:2], F.conv2d(Duck(), x), torch.nn.Linear(2, 2)(Duck())]
# --- operators
d = Duck()
[x + d, x - d, x * d, x / d, x @ d, x < d, x == d, x.mul(d)]
# --- the most derived class first
torch.add(Duck(), Duckling())
# --- all decline
torch.add(Shy(), 1)


# --- subclass
class Loud(torch.Tensor):
    names = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.names.append((func.__name__, [t.__name__ for t in types]))
        return super().__torch_function__(func, types, args, kwargs or {})


s = x.as_subclass(Loud)
kinds = [type(r).__name__ for r in (s + 1, torch.matmul(s, x), F.relu(s), torch.stack([s, x]), F.linear(x, s))]
[kinds, Loud.names]


# --- subclasses that do not know each other
class One(torch.Tensor):
    pass


class Other(torch.Tensor):
    pass


torch.add(x.as_subclass(One), x.as_subclass(Other))
# --- block
heard = []
with Heard(heard):
    F.relu(torch.zeros(2) + 1)
    torch.linalg.norm(x)
torch.ones(1) + 1
heard
# --- blocks within blocks
outer, inner = [], []
with Heard(outer), Heard(inner), BaseTorchFunctionMode():
    torch.matmul(x, x)
    asked = has_torch_function((x,))
[outer, inner, asked, has_torch_function((x,)), has_torch_function((Duck(),))]
# --- dtype that can only be named
[
    torch.complex32 is torch.chalf,
    torch.complex32.to_real(),
    torch.promote_types(torch.chalf, torch.float32),
    torch.float64 in (torch.chalf,),
    torch.chalf.itemsize,
]
# --- assert of a tensor
torch._assert_async(torch.tensor(0), "it is zero")
# --- assert of several
torch._assert_async(torch.tensor([1, 1]))
# --- blocks in which nobody decides
heard, there = [], []
with Heard(heard):
    with torch._C.DisableTorchFunction():
        F.relu(torch.ones(2))
        there.append(has_torch_function((x,)))
    with torch._C.DisableTorchFunctionSubclass():
        F.relu(torch.ones(2))
with torch._C.DisableTorchFunctionSubclass():
    there.append(has_torch_function((Duck(),)))
[heard, there, has_torch_function((Duck(),))]
