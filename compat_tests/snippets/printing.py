"""How tensors print."""
import torch

# --- ints and floats
print(torch.tensor([1, 2, 3]), torch.tensor([1.0, 2.5]), torch.tensor(3), torch.tensor(3.5), torch.tensor(True))
# --- integral floats
print(torch.tensor([1.0, 2.0, -3.0]), torch.tensor([1e6, 2.0]), torch.tensor([123456789.0]))
# --- matrix
print(torch.arange(12).view(3, 4))
# --- negative column
print(torch.tensor([[1.0, -2.0], [-3.5, 4.25]]))
# --- three dimensions
print(torch.arange(12.0).view(2, 3, 2))
# --- four dimensions
print(torch.zeros(2, 2, 1, 2))
# --- dtypes
for d in (torch.float64, torch.float16, torch.bfloat16, torch.int32, torch.int8, torch.uint8, torch.bool, torch.complex64):
    print(torch.ones(2).to(d))
# --- requires_grad and grad_fn
x = torch.ones(2, requires_grad=True)
print(x, x * 2, x.sum(), x.double(), x.detach())
# --- grad_fn with dtype
x = torch.ones(2, dtype=torch.float64, requires_grad=True)
print(x, x + 1)
# --- empty
print(torch.tensor([]), torch.zeros(0, 3), torch.zeros(2, 0, dtype=torch.int64), torch.zeros(0, dtype=torch.bool))
# --- scientific by range
print(torch.tensor([1e-5, 1.0]), torch.tensor([1e5, 0.001]), torch.tensor([1e8, 1.5]), torch.tensor([51.2, 512.0, 0.0512]))
# --- scientific of small numbers
print(torch.tensor([0.00001, 0.00002]), torch.tensor(1e-7), torch.tensor(1e10), torch.tensor(123456.789))
# --- nan and inf
print(torch.tensor([float("nan"), 1.0, float("inf")]), torch.tensor([float("nan")]), torch.tensor([float("inf"), -float("inf")]), torch.tensor(float("nan")))
# --- nan in integral
print(torch.tensor([float("nan"), 1.0, 2.0]), torch.tensor([float("inf"), 100.0]))
# --- long line wraps
print(torch.arange(30))
# --- floats wrap
print(torch.arange(20.0) / 7)
# --- wide matrix wraps
print((torch.arange(40.0) / 3).view(2, 20))
# --- big tensor is summarised
print(torch.arange(2000))
# --- big matrix is summarised
print(torch.arange(2000.0).view(40, 50))
# --- big cube is summarised
print(torch.zeros(20, 20, 20))
# --- summary of a gradient
print((torch.arange(1200.0, requires_grad=True) * 2))
# --- exactly the threshold
print(torch.zeros(1000).size(), str(torch.zeros(1001)))
# --- big dtype suffix on its own line
print(torch.zeros(24, dtype=torch.float64), torch.ones(18, dtype=torch.int32))
# --- parameter
p = torch.nn.Parameter(torch.ones(2))
print(p, [p], p.data)
# --- list and dict of tensors
print([torch.ones(1), torch.zeros(2)], {"a": torch.tensor(1)}, (torch.ones(1),))
# --- print precision
torch.set_printoptions(precision=2)
print(torch.tensor([1.23456, 2.0]))
# --- print options
torch.set_printoptions(precision=3, threshold=5, edgeitems=2, linewidth=40)
print(torch.arange(10.0), torch.arange(12).view(3, 4))
# --- sci_mode
torch.set_printoptions(sci_mode=True)
print(torch.tensor([1.5, 100.0]))
torch.set_printoptions(sci_mode=False)
print(torch.tensor([1e-8, 1.0]))
# --- profiles
torch.set_printoptions(profile="short")
print(torch.tensor([1.23456]))
torch.set_printoptions(profile="full")
print(torch.arange(1005).view(201, 5)[:4], len(str(torch.zeros(1005))))
# --- str repr format
x = torch.tensor([1.5])
print(str(x) == repr(x), f"{x}", "{}".format(torch.tensor(2.5)), f"{torch.tensor(3.14159):.2f}", "%s" % x, f"{torch.tensor(7):05d}")
# --- format of 0-dim
print("{:.4f} {:+.2f} {:,}".format(torch.tensor(1.5), torch.tensor(2.0), torch.tensor(1234567)), f"{torch.tensor(True)}", f"{torch.tensor(2.0, requires_grad=True)}")
# --- complex
print(torch.tensor([1 + 2j, -1.5 - 0.25j]), torch.tensor(1j), torch.tensor([1e-6 + 1j]))
# --- bool matrix
print(torch.tensor([[True, False], [False, True]]))
# --- half
print(torch.tensor([0.1, 2.5], dtype=torch.float16), torch.tensor([0.1], dtype=torch.bfloat16))
# --- size and dtype and device
print(torch.zeros(2, 3).size(), torch.float32, torch.device("cuda:0"), torch.strided, torch.contiguous_format, torch.Size([]), repr(torch.int8), torch.device("cpu"))
# --- types
print(torch.Tensor, torch.nn.Parameter, type(torch.ones(1)), torch.FloatTensor, type(torch.nn.Parameter(torch.ones(1))), torch.nn.Linear)
# --- generator and return types
print(torch.max(torch.tensor([[1, 2]]), 1), torch.topk(torch.tensor([1.0, 2.0]), 1))
# --- expanded and strided
print(torch.tensor([1, 2]).expand(2, 2), torch.arange(6).view(2, 3).t())
# --- negative zero and rounding
print(torch.tensor([-0.0, 0.0]), torch.tensor([0.99999, 1.0]), torch.tensor([2.00005]), torch.tensor([9.99995]))
# --- uint8 and ranges
print(torch.tensor([0, 255], dtype=torch.uint8), torch.tensor([-1000, 1]))
# --- in place shows the grad_fn
x = torch.ones(2, requires_grad=True) * 1
x += 1
y = x[0]
x.relu_()
print(x, y)
# --- tensor after no_grad
x = torch.ones(1, requires_grad=True)
with torch.no_grad():
    print(x, x * 2)
# --- set default dtype
torch.set_default_dtype(torch.float64)
print(torch.ones(1), torch.ones(1, dtype=torch.float32), torch.tensor([1j]))
# --- meta tensor
print(torch.empty(2, 3, device="meta"))
# --- one element matrices
print(torch.tensor([[1]]), torch.tensor([[[0.5]]]), torch.tensor([1e-10]))
# --- grad prints
x = torch.ones(2, 2, requires_grad=True)
(x * 3).mean().backward()
print(x.grad)
# --- repr of a multiple-line grad_fn
x = torch.ones(8, 3, requires_grad=True)
print((x / 3).exp())
