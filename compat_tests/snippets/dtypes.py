"""Dtypes: conversion, promotion, integer and floating arithmetic."""
import torch

# --- promotion table of dtypes
names = "uint8 int8 int16 int32 int64 bool float16 bfloat16 float32 float64 complex64 complex128".split()
dtypes = [getattr(torch, n) for n in names]
for a in dtypes:
    print(*[str(torch.promote_types(a, b)).removeprefix("torch.") for b in dtypes])
# --- promotion of tensors with tensors
names = "uint8 int8 int32 int64 bool float16 bfloat16 float32 float64 complex64".split()
for a in names:
    x = torch.ones(2, dtype=getattr(torch, a))
    print(*[str((x + torch.ones(2, dtype=getattr(torch, b))).dtype).removeprefix("torch.") for b in names])
# --- promotion with a 0-dim tensor
names = "uint8 int64 bool float16 float32 float64".split()
for a in names:
    x = torch.ones(2, dtype=getattr(torch, a))
    print(*[str((x + torch.ones((), dtype=getattr(torch, b))).dtype).removeprefix("torch.") for b in names])
# --- promotion with Python numbers
for name in "uint8 int64 bool float32 float64 complex64".split():
    x = torch.ones(2, dtype=getattr(torch, name))
    print(name, (x + 1).dtype, (x * 1.5).dtype, (x * True).dtype, (x * 1j).dtype)
# --- promotion of halves with Python numbers
for name in "float16 bfloat16".split():
    x = torch.ones(2, dtype=getattr(torch, name))
    print(name, (x + 1).dtype, (x * 1.5).dtype, (x * True).dtype)
# --- result_type and can_cast
[torch.result_type(torch.tensor([1]), 1.5), torch.result_type(torch.tensor(1), torch.tensor([1], dtype=torch.int8)), torch.can_cast(torch.float32, torch.int32), torch.can_cast(torch.int32, torch.float16)]
# --- default dtype decides int and float number
torch.set_default_dtype(torch.float64)
[(torch.tensor([1]) * 1.5).dtype, (torch.tensor([1]) / 2).dtype]
# --- true division of ints
[torch.tensor([7, -7]) / 2, torch.tensor(1) / torch.tensor(3), torch.tensor([True]) / torch.tensor([True])]
# --- floor division
[torch.tensor([7, -7]) // 2, torch.tensor([7, -7]) // -2, torch.tensor([7.5, -7.5]) // 2, 7 // torch.tensor([2, -2])]
# --- remainder and fmod
[torch.tensor([7, -7]) % 3, torch.tensor([7, -7]) % -3, torch.tensor([5.5, -5.5]) % 2, torch.fmod(torch.tensor([7.0, -7.0]), 3), torch.remainder(torch.tensor([7, -7]), torch.tensor([3, 3]))]
# --- div rounding modes
x = torch.tensor([7.0, -7.0])
[torch.div(x, 2, rounding_mode="trunc"), torch.div(x, 2, rounding_mode="floor"), torch.div(torch.tensor([7, -7]), 2, rounding_mode="trunc")]
# --- integer overflow wraps
[torch.tensor([255], dtype=torch.uint8) + 1, torch.tensor([127], dtype=torch.int8) + 1, torch.tensor([-128], dtype=torch.int8) - 1, torch.tensor([2**31 - 1], dtype=torch.int32) * 2, -torch.tensor([1], dtype=torch.uint8)]
# --- 64-bit integers are real
[torch.tensor(2**62) + 1, torch.tensor([2**53 + 1]).item(), torch.tensor([3000000000]), torch.tensor([2**40]).sum()]
# --- 64-bit floats are real
[torch.tensor([1e300], dtype=torch.float64) * 10, torch.tensor([0.1], dtype=torch.float64).item(), torch.ones(3, dtype=torch.float64).sum() / 3]
# --- pow of ints
[torch.tensor([2, 3]) ** 2, torch.tensor([2, -3]) ** 3, torch.tensor([2.0]) ** -1, 2 ** torch.tensor([1, 2, 3]), torch.tensor([2, 3]) ** 0.5, torch.pow(torch.tensor([2]), torch.tensor([10]))]
# --- float to int truncates
[torch.tensor([1.9, -1.9, 2.5]).int(), torch.tensor([1.9]).long(), torch.tensor([300.0]).to(torch.int16)]
# --- conversion methods
x = torch.tensor([0.0, 1.5, 2.0])
[x.double(), x.half(), x.bfloat16(), x.int(), x.long(), x.short(), x.char(), x.byte(), x.bool(), x.to(torch.complex64), x.float() is x]
# --- type with strings and types
x = torch.tensor([1, 2])
[x.type(torch.float64), x.type("torch.FloatTensor"), x.type(torch.DoubleTensor), x.type_as(torch.ones(1)), x.type()]
# --- to forms
x = torch.ones(2)
[x.to("cpu") is x, x.to(torch.float32) is x, x.to(torch.float64), x.to("cpu", torch.int32), x.to(torch.ones(1, dtype=torch.int8)), x.to(torch.float32, copy=True) is x, x.to(device="cpu", dtype=torch.half)]
# --- half arithmetic
x = torch.tensor([0.1, 1000.0, 65504.0], dtype=torch.float16)
[x + 1, x * 2, x.sum(dtype=torch.float32), x / 3]
# --- bfloat16 arithmetic
x = torch.tensor([0.1, 1000.0, 3.0], dtype=torch.bfloat16)
[x + 1, x / 3, x.exp()[2]]
# --- integer into float functions
x = torch.tensor([0, 1, 4])
[x.sqrt(), x.exp(), x.sin(), torch.sigmoid(x), x.float().log(), torch.tanh(x), torch.atan2(x, x + 1)]
# --- bool operations
a = torch.tensor([True, True, False])
b = torch.tensor([True, False, False])
[a & b, a | b, a ^ b, ~a, a + b, a * b, a.sum(), a == b, a.int() - b.int(), a.float().mean(), a.any(), a.all()]
# --- bitwise and shifts
a = torch.tensor([5, 6])
[a & 3, a | 8, a ^ 1, ~a, a << 2, a >> 1, 1 << a, torch.bitwise_not(a.to(torch.uint8))]
# --- logical functions
a = torch.tensor([0.0, 2.0])
[torch.logical_not(a), torch.logical_and(a, torch.tensor([1, 1])), torch.logical_xor(a, a), torch.logical_or(a, a)]
# --- comparison gives bool
a = torch.tensor([1, 2, 3])
[a > 2, a >= 2.0, a == torch.tensor([1.0, 5.0, 3.0]), a != 2, 2 < a, torch.eq(a, a), a.lt(2), (a == a).dtype]
# --- comparison of int64 with float
torch.tensor([2**53 + 1]) == torch.tensor([float(2**53)], dtype=torch.float64)
# --- equal of tensors and other things
[torch.equal(torch.ones(2), torch.ones(2)), torch.ones(2) == None, torch.ones(2) != "a", torch.ones(1) in [torch.ones(1)]]  # noqa: E711
# --- finfo and iinfo
f = torch.finfo(torch.float32)
i = torch.iinfo(torch.int16)
[f.eps, f.max, f.tiny, f.min, f.bits, i.max, i.min, i.bits, torch.finfo(torch.bfloat16).eps, torch.finfo(torch.float16).max]
# --- finfo repr
print(torch.finfo(torch.float32), torch.iinfo(torch.uint8))
# --- dtype attributes
[torch.float32.is_floating_point, torch.complex64.is_complex, torch.int8.is_signed, torch.uint8.is_signed, torch.float16.itemsize, torch.float is torch.float32, torch.long is torch.int64, repr(torch.half), torch.complex64.to_real(), torch.float64.to_complex()]
# --- is_floating_point and is_complex
[torch.is_floating_point(torch.ones(1)), torch.ones(1).is_complex(), torch.ones(1).int().is_floating_point(), torch.ones(1).is_signed()]
# --- reductions of ints give int64
x = torch.tensor([1, 2, 3], dtype=torch.int32)
[x.sum(), x.prod(), x.cumsum(0), x.max(), x.bool().sum(), x.sum(dtype=torch.float32), x.to(torch.uint8).sum()]
# --- cat promotes
torch.cat([torch.ones(1, dtype=torch.int32), torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.bool)])
# --- stack promotes
torch.stack([torch.ones(1, dtype=torch.int64), torch.ones(1)])
# --- where promotes
[torch.where(torch.tensor([True, False]), torch.tensor([1, 2]), torch.tensor([1.5, 2.5])), torch.where(torch.tensor([True, False]), 1, 2.0), torch.where(torch.tensor([True]), torch.tensor([1]), 2.5)]
# --- inf and nan
x = torch.tensor([float("nan"), float("inf"), -float("inf"), 1.0])
[x.isnan(), x.isinf(), x.isfinite(), x == x, torch.nan_to_num(x), x.max(), x.sum(), torch.isneginf(x), torch.isposinf(x)]
# --- division by zero
[torch.tensor([1.0, -1.0, 0.0]) / 0, torch.tensor([1, 2]) / 0, torch.fmod(torch.tensor([1.0]), 0)]
# --- rounding functions
x = torch.tensor([0.5, 1.5, 2.5, -0.5, -1.7])
[x.round(), x.floor(), x.ceil(), x.trunc(), x.frac(), torch.round(torch.tensor([1.2345]), decimals=2), x.sign(), x.sgn()]
# --- complex arithmetic
a = torch.tensor([1 + 2j, 3 - 1j])
[a * a, a / 2, a.conj() * a, a.abs(), a.sum(), a.exp(), a == a, a * 1.5, a ** 2]
# --- complex128 promotes
torch.tensor([1 + 1j], dtype=torch.complex128) * torch.tensor([2.0], dtype=torch.float32)
# --- reversed operators
x = torch.tensor([1.0, 2.0])
[1 - x, 1 / x, 2 ** x, 5 % torch.tensor([3, 4]), 3 + x, 3 * x, 7 // x, -x, +x, abs(-x)]
# --- add with alpha
[torch.add(torch.ones(2), torch.ones(2), alpha=3), torch.ones(2).sub(torch.ones(2), alpha=2), torch.tensor([1, 2]).add(1, alpha=2), torch.rsub(torch.ones(2), 3)]
# --- numpy scalar operands
import numpy as np
x = torch.ones(2)
[(x + np.float64(1.5)).dtype, (x * np.int64(2)).dtype, (torch.tensor([1]) + np.int32(1)).dtype]
# --- dtype numpy names
[torch.ones(1, dtype=d).numpy().dtype.name for d in (torch.float16, torch.float64, torch.uint8, torch.int64, torch.bool, torch.complex64)]
# --- numbers alone are a tensor to these
[torch.add(2, 3.5), torch.add(2, 3, alpha=4), torch.mul(True, False), torch.div(7, 2), torch.div(7, 2, rounding_mode="floor"), torch.sub(2, 1j), torch.floor_divide(7, 2)]
# --- floating point of 8 bits: what a number becomes
x = torch.tensor([1.0, -0.3, 500.0, 1e6, float("inf"), float("nan"), 1e-9])
kinds = (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz)
[[(x.to(d), x.to(d).float(), x.half().to(d).tolist(), torch.tensor([3, 300]).to(d)) for d in kinds], x[:4].to(torch.float8_e8m0fnu).tolist()]
# --- floating point of 8 bits: properties
kinds = (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu)
[(d, d.itemsize, d.is_floating_point, d.is_signed, d.abbr, torch.finfo(d), torch.zeros(2, dtype=d).type()) for d in kinds]
# --- floating point of 8 bits: moved and written to
x = torch.arange(6.0).to(torch.float8_e4m3fn)
y = x.clone()
y[0] = 500.0
y[1:3].fill_(-1.5)
z = torch.zeros(6, dtype=torch.float8_e4m3fn).copy_(torch.arange(6) * 100)
[x.view(2, 3).t(), torch.cat([x, y]), x[torch.tensor([2, 1])], x.view(torch.uint8), y, z, torch.full((2,), 400.0, dtype=torch.float8_e4m3fn),
 torch.tensor([448.0, 449.0], dtype=torch.float8_e4m3fn), x == y, x * x, torch.where(x == y, x, y), x[1].item(), x.abs().any(), x.sum(dtype=torch.float32)]
# --- floating point of 8 bits: gradients pass a cast
w = torch.ones(3, requires_grad=True)
(w.to(torch.float8_e5m2).float() * 2).sum().backward()
[w.grad, w.to(torch.float8_e5m2).requires_grad]
# --- floating point of 8 bits: what is refused
x = torch.ones(2, dtype=torch.float8_e4m3fn)
def refused(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error).partition("\n")[0][:50]
[
    refused(lambda: torch.promote_types(torch.float8_e4m3fn, torch.float32)),
    refused(lambda: torch.ones(2) + x),
    refused(lambda: x.numpy())[1][:40],
    refused(lambda: torch.set_default_dtype(torch.float8_e5m2)),
    refused(lambda: torch.full((2,), 500.0, dtype=x.dtype)),
    [refused(call)[0] for call in (lambda: x + x, lambda: x.sum(), lambda: -x, lambda: x.exp(), lambda: torch.rand(2, dtype=x.dtype), lambda: x.max())],
    torch.result_type(x, 1), torch.can_cast(x.dtype, torch.int32), torch.can_cast(torch.float64, x.dtype),
]
# --- floating point of 8 bits: saved, loaded and copied
import copy, io
x = torch.arange(4.0).to(torch.float8_e5m2)
file = io.BytesIO()
torch.save({"x": x}, file)
file.seek(0)
torch.testing.assert_close(copy.deepcopy(x), x)
torch.load(file)
# --- products of matrices in 8 bits
from torch.nn.functional import ScalingType, scaled_mm
def refused(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error).partition("\n")[0][:50]
a = (torch.arange(16 * 32).reshape(16, 32) % 7 - 3.0).to(torch.float8_e4m3fn)
b = (torch.arange(16 * 32).reshape(16, 32) % 5 - 2.0).to(torch.float8_e4m3fn).t()
half, whole, rows = torch.tensor(0.5), ScalingType.TensorWise, ScalingType.RowWise
by_row, by_column = torch.arange(1.0, 17).reshape(16, 1), torch.arange(1.0, 17).reshape(1, 16) / 4
bias = torch.arange(16.0).to(torch.bfloat16)
[
    scaled_mm(a, b, half, whole, half, whole),
    scaled_mm(a, b, [half], [whole], half, whole, bias=bias, output_dtype=torch.float32),
    scaled_mm(a, b, by_row, rows, by_column, rows, output_dtype=torch.float32),
    scaled_mm(a, b, half, whole, half, whole, output_dtype=None),
    [refused(call) for call in (
        lambda: scaled_mm(a, b, by_row.t(), rows, by_column, rows), lambda: scaled_mm(a, b.t(), half, whole, half, whole),
        lambda: scaled_mm(a.float(), b, half, whole, half, whole), lambda: scaled_mm(a[0], b, half, whole, half, whole),
    )],
]
# --- Python's types where a dtype is asked for
x = torch.tensor([0.5, 2.0])
print([torch.tensor(1, dtype=float), torch.tensor([1.5], dtype=int), torch.zeros(1, dtype=complex), torch.ones_like(x, dtype=bool), torch.full((1,), 2, dtype=float)])
print([torch.arange(2, dtype=float), torch.as_tensor([1], dtype=float), torch.linspace(0, 1, 2, dtype=float), x.new_tensor([1], dtype=int), torch.tril_indices(1, 1, dtype=int).dtype])
print([x.to(int), x.to(dtype=bool), x.to("cpu", float), x.sum(dtype=float), x.cumsum(0, dtype=float), torch.softmax(x, 0, dtype=float).dtype, x.view(int)])
print([torch.randn(1, dtype=float).dtype, torch.randint(3, (1,), dtype=float).dtype, torch.rand_like(x, dtype=float).dtype, torch.nn.Linear(1, 1).to(float).weight.dtype])
[torch.finfo(float).bits, torch.iinfo(int).bits, torch.can_cast(float, int), torch.promote_types(float, int)]
# --- a type of Python that is no dtype
torch.ones(2).to(str)
