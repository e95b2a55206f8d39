"""`out=`: dtypes, sizes, layouts, shared memory, gradients."""
import torch

def stored(call):
    try:
        return call()
    except RuntimeError as error:
        return type(error).__name__, str(error).partition("\n")[0]

# --- the given tensor is filled and given back
out = torch.empty(3)
result = torch.add(torch.tensor([1., 2., 3.]), 1, out=out)
[result is out, out]
# --- several results come back named
values, indices = torch.empty(2), torch.empty(2, dtype=torch.int64)
result = torch.max(torch.tensor([[1., 5.], [7., 2.]]), 1, out=(values, indices))
[result.values is values, result.indices is indices, values, indices]
# --- an empty tensor takes the shape, another size warns
import warnings
small, wrong = torch.empty(0), torch.empty(2)
torch.sin(torch.zeros(3), out=small)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    torch.sin(torch.zeros(3), out=wrong)
[small, wrong, [str(w.message)[:60] for w in seen]]
# --- arange says why it resizes
torch.arange(4., out=torch.empty(2))
# --- factories resize in silence
out = torch.empty(2)
[torch.ones(3, out=out), torch.eye(2, out=out), torch.linspace(0, 1, 3, out=out), torch.logspace(0, 1, 2, out=torch.empty(1, dtype=torch.float64))]
# --- strides of the given tensor stay
out = torch.empty(3, 2).t()
torch.mul(torch.ones(2, 3), 2, out=out)
[out, out.stride()]
# --- a wider and a narrower float are fine for elementwise functions
[torch.add(torch.ones(2), 1, out=torch.empty(2, dtype=torch.float64)), torch.exp(torch.zeros(2), out=torch.empty(2, dtype=torch.float16))]
# --- comparisons go into any dtype
[torch.eq(torch.ones(2), 1, out=torch.empty(2)), torch.logical_not(torch.ones(2), out=torch.empty(2, dtype=torch.int64))]
# --- sums are computed in the dtype of the given tensor
x = torch.tensor([[1.5, 2.5], [3.5, 0.]])
[torch.sum(x, 1, out=torch.empty(2, dtype=torch.int64)), torch.cumsum(x, 1, out=torch.empty(2, 2, dtype=torch.int64)), torch.prod(x, 1, out=torch.empty(2, dtype=torch.float64))]
# --- dtypes that do not fit
def refused(f, *args, dtype, **kwargs):
    try:
        f(*args, out=torch.empty(2, 2, dtype=dtype), **kwargs)
    except (RuntimeError, TypeError) as error:
        print(f.__name__, type(error).__name__, error)
x = torch.ones(2, 2)
index = torch.zeros(2, 2, dtype=torch.int64)
refused(torch.add, x, 1, dtype=torch.int64)
refused(torch.abs, x, dtype=torch.float64)
refused(torch.mm, x, x, dtype=torch.float64)
refused(torch.gather, x, 1, index, dtype=torch.float64)
refused(torch.softmax, x, 1, dtype=torch.float64)
refused(torch.where, x > 0, x, x, dtype=torch.float64)
refused(torch.nan_to_num, x, dtype=torch.float64)
refused(torch.signbit, x, dtype=torch.uint8)
refused(torch.complex, x, x, dtype=torch.complex128)
refused(torch.cat, [x[:1], x[1:]], dtype=torch.int64)
refused(torch.amax, x.unsqueeze(0), 0, dtype=torch.float64)
refused(torch.take, x, index, dtype=torch.float64)
refused(torch.argmax, x.unsqueeze(0), 0, dtype=torch.int32)
refused(torch.multinomial, x, 2, dtype=torch.int32)
refused(torch.permute_copy, x, (1, 0), dtype=torch.float64)
refused(torch.cumsum, x, 1, dtype=torch.bool)
# --- factories and the dtype given
try:
    torch.zeros(2, dtype=torch.float64, out=torch.empty(2))
except RuntimeError as error:
    print(error)
torch.zeros(2, out=torch.empty(2, dtype=torch.int32))
# --- several results of a wrong dtype
try:
    torch.sort(torch.ones(2), out=(torch.empty(2, dtype=torch.float64), torch.empty(2, dtype=torch.int64)))
except RuntimeError as error:
    print(error)
# --- an expanded tensor
torch.add(torch.ones(3), 1, out=torch.zeros(1).expand(3))
# --- part of what is read
x = torch.arange(5.)
torch.add(x[:-1], 1, out=x[1:])
# --- part of what a composite reads
x = torch.arange(5.)
torch.div(x[:-1], 2, rounding_mode="floor", out=x[1:])
# --- all of what is read
x = torch.arange(3.)
torch.mul(x, 2, out=x)
x
# --- never an input
x = torch.zeros(3, 3)
torch.index_select(x, 0, torch.tensor([0, 1, 2]), out=x)
# --- softmax may overlap
x = torch.zeros(5)
torch.softmax(x[:-1], 0, out=x[1:])
x
# --- a gradient is wanted
torch.sin(torch.ones(2, requires_grad=True), out=torch.empty(2))
# --- the given tensor requires a gradient
torch.sin(torch.ones(2), out=torch.empty(2, requires_grad=True))
# --- under no_grad both are fine
x, out = torch.ones(2, requires_grad=True), torch.empty(2)
with torch.no_grad():
    torch.sin(x, out=out)
[out.requires_grad, x.grad]
# --- results without a gradient are fine
x = torch.ones(2, requires_grad=True)
[torch.argmax(x, out=torch.empty((), dtype=torch.int64)), torch.gt(x, 0, out=torch.empty(2, dtype=torch.bool))]
# --- writes are seen by backward
x = torch.ones(2, requires_grad=True)
y = torch.ones(2)
z = (x * y).sum()
torch.add(torch.ones(2), 1, out=y)
z.backward()
# --- not a tensor
torch.add(torch.ones(2), 1, out=[torch.empty(2)])
# --- too few tensors
torch.sort(torch.ones(2), out=(torch.empty(2),))
# --- functions of nn.functional
import torch.nn.functional as F
x = torch.tensor([[-1., 2.]])
[F.gelu(x, approximate="tanh", out=torch.empty(0)), F.softplus(x, out=torch.empty(0)), F.logsigmoid(x, out=torch.empty(0)), F.softshrink(x, out=torch.empty(0)), F.hardshrink(x, out=torch.empty(0)), F.linear(x, x, out=torch.empty(0)), F.avg_pool2d(x.view(1, 1, 1, 2), (1, 2), out=torch.empty(0)), F.avg_pool3d(x.view(1, 1, 1, 2), (1, 1, 2), out=torch.empty(0)), torch.polygamma(1, torch.ones(1), out=torch.empty(0))]
# --- copies of views
x = torch.arange(6.).view(2, 3)
[torch.permute_copy(x, (1, 0)).stride(), torch.t_copy(x), torch.expand_copy(x[:1], (2, 3)), torch.diagonal_copy(x), torch.slice_copy(x, 1, 0, 3, 2), torch.narrow_copy(x, 1, 1, 2), torch.as_strided_copy(x, (2,), (3,)), torch.view_copy(x, (3, 2)), torch.unfold_copy(x, 1, 2, 1).stride(), torch.select_copy(x, 1, 0), torch.detach_copy(x)]
# --- copies of views are copies
x = torch.arange(6.).view(2, 3)
for copy in (torch.alias_copy(x), torch.squeeze_copy(x), torch.unsqueeze_copy(x, 0), torch.transpose_copy(x, 0, 1), torch.view_copy(x, (6,)), torch.detach_copy(x)):
    copy.zero_()
x
# --- copies of views into given tensors
x = torch.arange(6.).view(2, 3)
a, b = torch.empty(0), torch.empty(3)
[torch.unbind_copy(x, out=[a, b]), a, b, torch.permute_copy(x, (1, 0), out=torch.empty(0)), torch.split_with_sizes_copy(x, [1, 1], out=[torch.empty(0), torch.empty(0)])]
# --- narrow_copy of no such dimension
torch.zeros(2, 3).narrow_copy(2, 0, 1)
# --- a given tensor of a dtype of its own
double = lambda *size: torch.zeros(size, dtype=torch.float64)
long = lambda *size: torch.zeros(size, dtype=torch.int64)
one = torch.ones(2)
[
    stored(lambda: torch.lerp(one, one, one, out=double(2))),
    stored(lambda: torch.lerp(one, one, 0.5, out=double(2))),
    stored(lambda: torch.inner(one, one, out=double())),
    stored(lambda: torch.all(one, out=torch.zeros((), dtype=torch.int8))),
    stored(lambda: torch.any(one, out=torch.zeros((), dtype=torch.uint8))),
    stored(lambda: torch.nanmean(one, out=long())),
    stored(lambda: torch.linalg.norm(one, out=double())),
    stored(lambda: torch.linalg.multi_dot((torch.ones(2, 2), torch.ones(2, 2)), out=double(2, 2))),
    stored(lambda: torch.ormqr(torch.ones(2, 2), one, torch.ones(2, 2), out=double(2, 2))),
    stored(lambda: torch.cholesky_inverse(torch.eye(2), out=long(2, 2))),
    stored(lambda: torch.fft.ifft(one, out=torch.zeros(2, dtype=torch.complex128))),
    stored(lambda: torch.diff(one, 0, out=double(2))),
]
# --- numbers drawn in the dtype of a given tensor
torch.manual_seed(0)
[
    torch.normal(torch.zeros(3), torch.ones(3), out=torch.empty(3, dtype=torch.float64)),
    torch.normal(torch.zeros(3), 2.0, out=torch.empty(3, dtype=torch.float64)),
]
# --- LAPACK's results where something has to be resized
[
    torch.cholesky_inverse(torch.eye(2), out=torch.empty(0)).stride(),
    torch.cholesky_inverse(torch.eye(2), out=torch.empty(3, 2)).stride(),
]
# --- what may not lie in the memory of the input at all
def stored(call):
    try:
        return call()
    except (RuntimeError, TypeError) as error:
        return type(error).__name__, str(error).partition("\n")[0]
x, position = torch.arange(5.), torch.tensor([0, 1, 2, 3, 4])
[
    stored(lambda: torch.take(x, position, out=x)),
    stored(lambda: torch.masked_select(x, x >= 0, out=x)),
    stored(lambda: torch.kthvalue(x[:1], 1, keepdim=True, out=(x[:1], torch.zeros(1, dtype=torch.int64)))),
]
# --- methods have none
x = torch.ones(3)
[stored(lambda name=name, args=args: getattr(x, name)(*args, out=x)) for name, args in (("multinomial", (2,)), ("bernoulli", ()), ("nonzero", ()))]
# --- of which torch computes another dimension
import warnings
def resized(call, out):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        call(out)
    return out.shape, out.stride(), [str(w.message)[:110] for w in seen]
vector, matrix = torch.ones(3), torch.ones(3, 2)
[
    resized(lambda out: torch.matmul(vector, matrix, out=out), torch.zeros(4)[::2]),
    resized(lambda out: torch.matmul(vector, matrix, out=out), torch.zeros(1, 2)),
    resized(lambda out: torch.mode(matrix, 0, out=(out, torch.zeros(0, dtype=torch.int64))), torch.zeros(3)),
    resized(lambda out: torch.mode(vector[0], out=(out, torch.zeros(0, dtype=torch.int64))), torch.zeros(3)),
]
# --- magnitudes, powers and triangles in a wider dtype
wider = lambda: torch.zeros(2, 2, dtype=torch.float64)
[
    stored(lambda: torch.abs(torch.ones(1, dtype=torch.complex64), out=torch.zeros(1, dtype=torch.float64))),
    stored(lambda: torch.ones(1, dtype=torch.complex64).abs_()),
    stored(lambda: torch.matrix_power(torch.eye(2), 4, out=wider())),
    stored(lambda: torch.matrix_power(torch.eye(2), 3, out=wider())),
    stored(lambda: torch.linalg.cholesky(torch.eye(2), out=wider())),
    stored(lambda: torch.cholesky(torch.eye(2), out=wider())),
    stored(lambda: torch.mvlgamma(torch.tensor([4, 5]), 2, out=torch.zeros(2))),
    torch.mvlgamma(torch.rand(3, 4).t() + 3, 2).stride(),
]
