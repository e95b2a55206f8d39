"""Making tensors: factories, conversion from Python and numpy, dtypes they take."""
import numpy as np
import torch

# --- tensor of ints
torch.tensor([5, 5, 3])
# --- tensor of mixed numbers
torch.tensor([5.5, 3])
# --- tensor of bools
torch.tensor([True, False])
# --- tensor of bool and int
torch.tensor([True, 2])
# --- tensor of a nested tuple
torch.tensor(((1, 2), (3, 4)))
# --- tensor scalar
[torch.tensor(3), torch.tensor(3.5), torch.tensor(True), torch.tensor(1 + 2j)]
# --- tensor empty list
torch.tensor([])
# --- tensor of empty rows
torch.tensor([[], []])
# --- tensor of 0-dim tensors
torch.tensor([torch.tensor(1.5), torch.tensor(2)])
# --- tensor of a list of numpy arrays
torch.tensor(np.stack([np.arange(3), np.ones(3)]))
# --- tensor of a numpy scalar
[torch.tensor(np.float64(1.5)), torch.tensor(np.int32(4)), torch.tensor(np.float16(2))]
# --- tensor of a numpy array copies
a = np.ones(3)
t = torch.tensor(a)
a[0] = 5
t
# --- tensor from a tensor warns
torch.tensor(torch.ones(2))
# --- tensor with dtype
torch.tensor([1.9, -1.9, 0.0], dtype=torch.int32)
# --- tensor float to bool
torch.tensor([0.0, 0.1, -2.0], dtype=torch.bool)
# --- tensor requires grad
torch.tensor([1.0, 2.0], requires_grad=True)
# --- as_tensor of tensor is same object
t = torch.ones(2)
[torch.as_tensor(t) is t, torch.as_tensor(t, dtype=torch.float32) is t, torch.as_tensor(t, dtype=torch.float64) is t]
# --- as_tensor shares numpy memory
a = np.zeros(3, dtype=np.float32)
t = torch.as_tensor(a)
a[1] = 7
t
# --- from_numpy dtypes
[torch.from_numpy(np.ones(2, dtype=d)).dtype for d in ("f2", "f4", "f8", "u1", "i1", "i2", "i4", "i8", "?", "c8", "c16")]
# --- from_numpy shares both ways
a = np.zeros(3)
t = torch.from_numpy(a)
a[0] = 1
t[1] = 2
print(a)
t
# --- from_numpy keeps strides
a = np.arange(6, dtype=np.float32).reshape(2, 3)
t = torch.from_numpy(a.T)
print(t.stride(), t.is_contiguous())
t
# --- from_numpy 0-dim
torch.from_numpy(np.array(3.0))
# --- zeros varargs and tuple
[torch.zeros(2, 3), torch.zeros((2, 3)), torch.zeros([2]), torch.zeros(torch.Size([1, 2])), torch.zeros(())]
# --- zeros size keyword
torch.zeros(size=(2, 2), dtype=torch.long)
# --- ones with requires_grad
torch.ones(2, 2, requires_grad=True)
# --- eye rectangular
[torch.eye(3), torch.eye(2, 4), torch.eye(3, 2, dtype=torch.int64), torch.eye(0)]
# --- full dtypes
[torch.full((2,), 1), torch.full((2,), 1.5), torch.full((2,), True), torch.full((2,), 1j), torch.full((1,), 3, dtype=torch.float16)]
# --- full keywords
torch.full(size=(2, 3), fill_value=0.1)
# --- arange forms
[torch.arange(5), torch.arange(2, 10, 2), torch.arange(1.0, 4.0), torch.arange(0, 1, 0.25), torch.arange(5, dtype=torch.float32)]
# --- arange descending
[torch.arange(5, 0, -2), torch.arange(1, 0, -0.1), torch.arange(3, 3)]
# --- arange keywords
torch.arange(start=1, end=7, step=3)
# --- arange length is a ceiling
[len(torch.arange(0, 1, 0.1)), len(torch.arange(0.0, 0.3, 0.1)), len(torch.arange(1, 2.5, 0.5))]
# --- arange of a 0-dim tensor
torch.arange(torch.tensor(4))
# --- linspace
[torch.linspace(2, 10, 6), torch.linspace(0, 1, 1), torch.linspace(3, -3, 4), torch.linspace(0, 1, 0)]
# --- linspace halves
torch.linspace(0, 1, 11)
# --- linspace int dtype
torch.linspace(0, 10, 5, dtype=torch.int64)
# --- logspace
[torch.logspace(0, 2, 3), torch.logspace(0, 3, 4, base=2)]
# --- zeros_like ones_like full_like
x = torch.ones(2, 3, dtype=torch.int16)
[torch.zeros_like(x), torch.ones_like(x, dtype=torch.float32), torch.full_like(x, 7)]
# --- like keeps strides
x = torch.ones(2, 3).t()
[torch.zeros_like(x).stride(), torch.empty_like(x).stride(), torch.ones_like(x[:, :1].expand(3, 4)).stride()]
# --- new constructors
x = torch.ones(2, dtype=torch.float64)
[x.new_zeros(2, 2), x.new_ones((3,)), x.new_full((2,), 3), x.new_tensor([1, 2]), x.new_ones(2, dtype=torch.int32), x.new_empty(3).shape]
# --- legacy Tensor constructors
[torch.Tensor([1, 2]), torch.Tensor(2, 3).shape, torch.Tensor().shape, torch.Tensor((2, 3)), torch.Tensor([[1, 2], [3, 4]])]
# --- legacy typed constructors
[torch.FloatTensor([1, 2]), torch.LongTensor([1, 2]), torch.DoubleTensor([1]), torch.ByteTensor([255]), torch.BoolTensor([True]), torch.HalfTensor([1]), torch.IntTensor([3]), torch.ShortTensor([3]), torch.CharTensor([-3])]
# --- legacy constructor of numpy and of a 0-dim tensor in a list
[torch.FloatTensor(np.ones((2, 2))), torch.Tensor([[torch.tensor(2.0)]])]
# --- LongTensor truncates
torch.LongTensor([1, 2, 3]).dtype
# --- zeros out
out = torch.empty(2, 3)
r = torch.zeros(2, 3, out=out)
r is out
# --- zeros out resizes
out_t = torch.tensor([1])
t = torch.zeros((3, 3), out=out_t)
print(t is out_t, out_t.dtype)
out_t
# --- default dtype
torch.set_default_dtype(torch.float64)
[torch.tensor([1.5]), torch.ones(1), torch.tensor([1]), torch.get_default_dtype(), torch.arange(2.0), torch.tensor(1j).dtype]
# --- default tensor type
torch.set_default_tensor_type("torch.DoubleTensor")
torch.zeros(2)
# --- tril_indices and cartesian_prod
[torch.tril_indices(3, 3), torch.triu_indices(2, 3, 1), torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4]))]
# --- meshgrid
torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij")
# --- meshgrid xy
torch.meshgrid(torch.arange(2), torch.arange(3), indexing="xy")
# --- complex tensors
a = torch.complex(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
[a, a.real, a.imag, a.abs(), a.angle(), a.conj().resolve_conj(), torch.view_as_real(a)]
# --- polar
torch.polar(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 3.141592653589793 / 2]))
# --- one_hot
torch.nn.functional.one_hot(torch.tensor([0, 2, 1]), num_classes=4)
# --- clone is independent and keeps strides
x = torch.arange(6).view(2, 3).t()
y = x.clone()
y[0, 0] = 9
[x[0, 0].item(), y.stride()]
# --- is_tensor and types
[torch.is_tensor(torch.ones(1)), torch.is_tensor([1]), type(torch.ones(1)), torch.ones(1).type(), torch.ones(1).long().type(), torch.typename(torch.ones(1))]
# --- size methods
x = torch.zeros(2, 3, 4)
[x.size(), x.size(1), x.size(-1), x.shape[1:], x.dim(), x.ndim, x.numel(), x.nelement(), len(x), x.element_size(), x.nbytes]
# --- Size is a tuple
s = torch.zeros(2, 3).size()
[isinstance(s, tuple), s == (2, 3), s + (1,), (1, 1) + s, s.numel(), list(s), s[0:1], hash(s) == hash((2, 3)), s * 2]
# --- device attributes
x = torch.zeros(1)
[x.device, x.is_cuda, x.device.type, x.device.index, torch.device("cuda:1"), torch.device("cpu", 0), torch.device("cpu") == x.device, x.layout, x.get_device()]
# --- frombuffer
torch.frombuffer(bytearray(b"\x01\x00\x02\x00"), dtype=torch.int16)
# --- asarray
a = np.zeros(2)
t = torch.asarray(a)
t[0] = 1
[a, torch.asarray([1, 2], dtype=torch.float32), torch.asarray(3)]
# --- numpy functions on tensors
[np.asarray(torch.ones(2)), np.sum(torch.arange(4).numpy()), np.array([torch.tensor(1), torch.tensor(2)])]
# --- scalar conversions
t = torch.tensor(3)
[int(t), float(t), bool(t), t.item(), [10, 20, 30, 40][t], f"{torch.tensor(2.5):.3f}", "%d" % t, complex(torch.tensor(1.5)), range(t)]
# --- tolist
[torch.arange(4).view(2, 2).tolist(), torch.tensor(1.5).tolist(), torch.tensor([]).tolist(), torch.tensor([True]).tolist()]
# --- vander diag_embed block_diag
[torch.vander(torch.tensor([1, 2, 3])), torch.diag_embed(torch.tensor([1, 2])), torch.block_diag(torch.ones(1, 2), torch.zeros(2, 1))]
# --- integers evenly spaced, and their powers
[torch.linspace(4.3, -3, 50, dtype=torch.int64), torch.linspace(0, 7, 50, dtype=torch.int32), torch.linspace(-3, 7, 16, dtype=torch.int16),
 torch.logspace(0, 1.2, 2, dtype=torch.int64), torch.logspace(0, 1.2, 4, dtype=torch.int32), torch.logspace(0, -3, 1, dtype=torch.int64),
 torch.logspace(0, 4, 9, 2.0, dtype=torch.uint8)]
