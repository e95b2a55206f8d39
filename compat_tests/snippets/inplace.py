"""In-place operations, versions and out=."""
import torch

# --- arithmetic returns self
x = torch.tensor([1.0, 2.0])
y = x.add_(1).mul_(2).sub_(1).div_(2).pow_(2).neg_()
[y is x, x]
# --- operators in place
x = torch.tensor([1.0, 2.0])
y = x
x += 1
x *= 2
x -= torch.tensor([1.0, 0.0])
x /= 2
x **= 2
[y, y is x]
# --- int operators in place
x = torch.tensor([7, 8])
y = x
x //= 2
x %= 3
x <<= 2
x |= 1
x &= 13
x ^= 5
[y, y is x]
# --- in place keeps dtype
x = torch.tensor([1, 2], dtype=torch.int32)
x += torch.tensor([1, 1], dtype=torch.int64)
x *= True
y = torch.ones(2, dtype=torch.float16)
y += torch.ones(2, dtype=torch.float64)
[x, y]
# --- fill zero copy
x = torch.empty(2, 2)
[x.fill_(3).clone(), x.zero_().clone(), x.copy_(torch.tensor([1, 2])).clone(), x.fill_(torch.tensor(5)).clone()]
# --- unary in place
x = torch.tensor([0.5, 1.0])
[f(x.clone()) for f in (torch.Tensor.exp_, torch.Tensor.log_, torch.Tensor.sqrt_, torch.Tensor.sin_, torch.Tensor.tanh_, torch.Tensor.sigmoid_, torch.Tensor.relu_, torch.Tensor.abs_, torch.Tensor.reciprocal_, torch.Tensor.rsqrt_, torch.Tensor.round_, torch.Tensor.floor_)]
# --- torch functions in place
x = torch.tensor([-1.0, 1.0])
torch.relu_(x)
torch.exp_(x)
x
# --- clamp in place
x = torch.arange(5.0)
[x.clone().clamp_(1, 3), x.clone().clamp_(min=2), x.clone().clamp_(max=torch.tensor(2.0)), x.clone().clip_(1, 2)]
# --- addcmul addcdiv lerp
x = torch.ones(2)
a = torch.tensor([1.0, 2.0])
[x.clone().addcmul_(a, a, value=0.5), x.clone().addcdiv_(a, a + 1, value=2), x.clone().lerp_(a, 0.5), x.clone().add_(a, alpha=10)]
# --- addmm in place
torch.zeros(2, 2).addmm_(torch.ones(2, 3), torch.ones(3, 2), beta=1, alpha=2)
# --- masked and index in place
x = torch.zeros(4)
x.masked_fill_(torch.tensor([True, False, False, True]), 2)
x.index_add_(0, torch.tensor([1, 1]), torch.ones(2))
x.index_fill_(0, torch.tensor([2]), 8)
x.scatter_(0, torch.tensor([0]), 5.0)
x
# --- scatter_add in place
torch.zeros(2, 3).scatter_add_(1, torch.tensor([[0, 0, 2], [1, 1, 1]]), torch.ones(2, 3))
# --- put in place
torch.zeros(2, 3).put_(torch.tensor([0, 4]), torch.tensor([1.0, 2.0]))
# --- triu_ tril_ fill
x = torch.ones(3, 3)
[x.clone().triu_(), x.clone().tril_(-1)]
# --- t_ and squeeze_
x = torch.zeros(1, 2, 3)
x.squeeze_(0)
x.t_()
x.unsqueeze_(0)
[x.shape, x.stride()]
# --- transposed in place metadata
x = torch.arange(6).view(2, 3)
x.transpose_(0, 1)
[x, x.stride()]
# --- version counter
x = torch.zeros(2)
versions = [x._version]
x.add_(1)
versions.append(x._version)
x[0] = 3
versions.append(x._version)
y = x.view(2)
y.mul_(2)
versions += [x._version, y._version]
x.detach().add_(1)
versions.append(x._version)
x.data.add_(1)
versions.append(x._version)
versions
# --- out of arithmetic
out = torch.empty(2)
r = torch.add(torch.ones(2), 2, out=out)
torch.mul(out, out, out=out)
[r is out, out]
# --- out resizes an empty tensor
out = torch.empty(0)
torch.exp(torch.zeros(3), out=out)
out
# --- out of the wrong size warns
out = torch.empty(2)
torch.add(torch.ones(3), 1, out=out)
out
# --- out into a view
x = torch.zeros(2, 3)
torch.add(torch.ones(3), 1, out=x[1])
x
# --- out casts
out = torch.empty(2, dtype=torch.float64)
torch.add(torch.ones(2), 1, out=out)
out
# --- out of a pair
values, indices = torch.empty(0), torch.empty(0, dtype=torch.long)
torch.sort(torch.tensor([3.0, 1.0]), out=(values, indices))
[values, indices]
# --- out of matmul and cat
out = torch.empty(2, 2)
torch.mm(torch.ones(2, 3), torch.ones(3, 2), out=out)
out2 = torch.empty(4)
torch.cat([torch.ones(2), torch.zeros(2)], out=out2)
[out, out2]
# --- out of arange and linspace
out = torch.empty(0)
torch.arange(3, out=out)
out
# --- bool in place
x = torch.tensor([True, False])
x |= torch.tensor([False, False])
x.logical_not_()
x
# --- comparison in place
x = torch.tensor([1.0, 3.0])
x.gt_(2)
x
# --- sequence of writes before reading
x = torch.zeros(5)
for i in range(5):
    x[i] = i * i
y = x.clone()
x += y
x[1:4] = y[:3]
x
# --- writes interleaved with reads
x = torch.zeros(3)
seen = []
for i in range(3):
    x[i] += i + 1
    seen.append(x.sum())
    x *= 2
[seen, x]
# --- value taken before a write
x = torch.ones(2)
a = x + 1
v = x[0]
c = x[0].clone()
x.fill_(7)
[a, v, c]
# --- set to itself
x = torch.arange(4)
x[:] = x
x.copy_(x)
x
# --- foreach
xs = [torch.ones(2), torch.zeros(3)]
torch._foreach_add_(xs, 1)
torch._foreach_mul_(xs, [2.0, 3.0])
[xs, torch._foreach_neg(xs), torch._foreach_sqrt(xs)]
# --- addbmm_ of a broadcast input
x = torch.tensor(1.0)
y = x.addbmm_(torch.ones(2, 2, 3), torch.ones(2, 3, 4), beta=2)
[y is x, x]
# --- cumulative sums of small integers
[(torch.full((3,), 100, dtype=d).cumsum_(0), torch.full((3,), 7, dtype=d).cumprod_(0)) for d in (torch.uint8, torch.int8, torch.int32)]
# --- the factor first, as in older programs
import warnings

a, b, c = torch.ones(2), torch.full((2,), 2.0), torch.full((2,), 3.0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    made = [a.clone().add_(2, b), a.add(2, b), torch.add(a, 2, b), a.sub(2, b), a.clone().addcmul_(2, b, c), a.addcmul(2, b, c), torch.addcdiv(a, 2, b, c), a.clone().addcdiv_(-1, b, c), a.sub(b, alpha=2)]
made
