"""Idioms of whole programs, each in small: what public code does and tests of single operations do not think of."""
import numpy as np
import torch

# --- old constructors take any sequence
from array import array
from collections import deque
[torch.LongTensor(range(3)), torch.Tensor(range(2)), torch.FloatTensor(deque([1, 2])), torch.LongTensor(array("i", [3, 4])), torch.ones(1).new(bytearray(b"ab")), torch.LongTensor(np.arange(3))]
# --- Tensor of an integer tensor keeps its dtype
[torch.Tensor(torch.tensor([1, 2])), torch.Tensor(torch.tensor(3))]
# --- LongTensor of text
torch.LongTensor("12")
# --- Tensor of bytes
torch.Tensor(b"12")
# --- tensor of bytes
torch.tensor(b"12")
# --- LongTensor of a generator
torch.LongTensor(i for i in range(2))
# --- LongTensor of a set
torch.LongTensor({1, 2})
# --- numpy of a parameter under no_grad
w = torch.ones(2, requires_grad=True)
with torch.no_grad():
    a, b, c = w.numpy(), np.asarray(w), (w * 2).numpy()
with torch.inference_mode():
    d = w.numpy()
d[0] = 5
[a, b, c, d, w, np.shares_memory(a, d)]
# --- from_dlpack of a parameter
torch.from_dlpack(torch.ones(2, requires_grad=True))
# --- a number of a tensor that requires grad warns once
x = torch.tensor(2.0, requires_grad=True)
torch.set_warn_always(True)
"%.1f" % x
torch.set_warn_always(False)
[int(x), bool(x), x.item(), x.tolist(), f"{x:.1f}"]
# --- a list of tensors that require grad warns once
x = torch.tensor(2.0, requires_grad=True)
torch.set_warn_always(True)
t = torch.tensor([x, 1.0])
torch.set_warn_always(False)
t
# --- a number under no_grad does not warn
x = torch.tensor(2.0, requires_grad=True)
torch.set_warn_always(True)
with torch.no_grad():
    print("%.1f" % x, complex(x), torch.tensor([x]))
torch.set_warn_always(False)
