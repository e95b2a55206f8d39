"""Bad input: what PyTorch raises. Held by test_errors.py."""
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# --- matmul shapes
torch.ones(2, 3) @ torch.ones(2, 3)
# --- matmul vector
torch.ones(2, 3) @ torch.ones(2)
# --- dot shapes
torch.dot(torch.ones(2), torch.ones(3))
# --- dot of a matrix
torch.dot(torch.ones(2, 2), torch.ones(2))
# --- mm of vectors
torch.mm(torch.ones(2), torch.ones(2))
# --- mv shapes
torch.mv(torch.ones(2, 3), torch.ones(2))
# --- bmm shapes
torch.bmm(torch.ones(2, 3, 4), torch.ones(2, 3, 4))
# --- bmm of matrices
torch.bmm(torch.ones(3, 4), torch.ones(4, 3))
# --- batched matmul shapes
torch.ones(2, 3, 4) @ torch.ones(2, 3, 4)
# --- matmul dtypes
torch.ones(2, 2) @ torch.ones(2, 2, dtype=torch.float64)
# --- matmul of 0-dim
torch.matmul(torch.tensor(1.0), torch.ones(2))
# --- addmm shapes
torch.addmm(torch.ones(3), torch.ones(2, 3), torch.ones(3, 2))
# --- add shapes
torch.ones(2, 3) + torch.ones(2)
# --- add shapes named
torch.add(torch.ones(4), torch.ones(3))
# --- cat shapes
torch.cat([torch.ones(2, 3), torch.ones(2, 4)])
# --- cat dims
torch.cat([torch.ones(2, 3), torch.ones(2)])
# --- cat of nothing
torch.cat([])
# --- cat of 0-dim
torch.cat([torch.tensor(1), torch.tensor(2)])
# --- cat of a tensor
torch.cat(torch.ones(2), 0)
# --- stack shapes
torch.stack([torch.ones(2), torch.ones(3)])
# --- stack of nothing
torch.stack([])
# --- linear shapes
nn.Linear(3, 2)(torch.ones(1, 4))
# --- linear dtype
nn.Linear(3, 2)(torch.ones(1, 3, dtype=torch.float64))
# --- linear of ints
nn.Linear(3, 2)(torch.ones(1, 3, dtype=torch.long))
# --- conv channels
nn.Conv2d(3, 4, 3)(torch.ones(1, 1, 8, 8))
# --- conv dims
nn.Conv2d(1, 1, 3)(torch.ones(8, 8))
# --- conv kernel too big
nn.Conv2d(1, 1, 5)(torch.ones(1, 1, 3, 3))
# --- conv groups
nn.Conv2d(3, 4, 3, groups=2)
# --- conv dtype
nn.Conv2d(1, 1, 3)(torch.ones(1, 1, 4, 4, dtype=torch.float64))
# --- max_pool too small
F.max_pool2d(torch.ones(1, 1, 1, 1), 2)
# --- batch_norm one value
nn.BatchNorm1d(2)(torch.ones(1, 2))
# --- batch_norm dims
nn.BatchNorm2d(2)(torch.ones(1, 2))
# --- batch_norm channels
nn.BatchNorm1d(3)(torch.ones(4, 2))
# --- layer_norm shape
nn.LayerNorm(3)(torch.ones(2, 4))
# --- embedding float index
nn.Embedding(3, 2)(torch.ones(2))
# --- embedding out of range
nn.Embedding(3, 2)(torch.tensor([3]))
# --- embedding padding_idx
nn.Embedding(3, 2, padding_idx=5)
# --- label out of range
F.cross_entropy(torch.zeros(2, 10), torch.tensor([1, 10]))
# --- label negative
F.cross_entropy(torch.zeros(2, 3), torch.tensor([1, -1]))
# --- label batch
F.cross_entropy(torch.zeros(2, 3), torch.tensor([1, 1, 1]))
# --- label dtype
F.cross_entropy(torch.zeros(2, 3), torch.tensor([1.0, 2.0]))
# --- label int32
F.nll_loss(torch.zeros(2, 3), torch.tensor([1, 2], dtype=torch.int32))
# --- bce shapes
F.binary_cross_entropy(torch.ones(2), torch.ones(3))
# --- bce range
F.binary_cross_entropy(torch.tensor([1.5]), torch.tensor([1.0]))
# --- bce logits shapes
F.binary_cross_entropy_with_logits(torch.ones(2), torch.ones(2, 1))
# --- mse shapes
F.mse_loss(torch.ones(2), torch.ones(3), reduction="mean")
# --- reduction name
F.l1_loss(torch.ones(2), torch.ones(2), reduction="average")
# --- dropout probability
nn.Dropout(1.5)
# --- dropout function probability
F.dropout(torch.ones(2), p=-0.5)
# --- in place on a leaf
x = torch.ones(2, requires_grad=True)
x.add_(1)
# --- augmented on a leaf
x = torch.ones(2, requires_grad=True)
x += 1
# --- in place on a view of a leaf
x = torch.ones(2, requires_grad=True)
x[0] = 1
# --- in place on an inplace view of a leaf
x = torch.ones(2, requires_grad=True)
x.view(2).mul_(2)
# --- second backward
x = torch.ones(2, requires_grad=True)
y = (x * x).sum()
y.backward()
y.backward()
# --- backward of a non-scalar
x = torch.ones(2, requires_grad=True)
(x * 2).backward()
# --- backward without graph
torch.ones(()).backward()
# --- backward gradient shape
x = torch.ones(2, requires_grad=True)
(x * 2).backward(torch.ones(3))
# --- grad of unused
a = torch.ones(1, requires_grad=True)
b = torch.ones(1, requires_grad=True)
torch.autograd.grad(a * 2, b)
# --- grad of what requires none
a = torch.ones(1, requires_grad=True)
torch.autograd.grad(a * 2, torch.ones(1))
# --- version of a saved tensor
a = torch.ones(2, requires_grad=True)
b = torch.ones(2)
y = a * b
b.add_(1)
y.sum().backward()
# --- version of a saved result
a = torch.ones(2, requires_grad=True)
y = a.exp()
y.add_(1)
y.sum().backward()
# --- version of a matrix
a = torch.ones(2, 2, requires_grad=True)
b = torch.ones(2, 2)
y = a @ b
b.zero_()
y.sum().backward()
# --- requires_grad of ints
torch.ones(2, dtype=torch.long, requires_grad=True)
# --- requires_grad_ of ints
torch.tensor([1, 2]).requires_grad_()
# --- requires_grad of a non-leaf
x = torch.ones(2, requires_grad=True) * 2
x.requires_grad = False
# --- retain_grad of no graph
torch.ones(2).retain_grad()
# --- hook of no graph
torch.ones(2).register_hook(print)
# --- grad shape
x = torch.ones(2, requires_grad=True)
x.grad = torch.ones(3)
# --- grad dtype
x = torch.ones(2, requires_grad=True)
x.grad = torch.ones(2, dtype=torch.float64)
# --- grad is no tensor
x = torch.ones(2, requires_grad=True)
x.grad = 1.0
# --- view of two unbound outputs
x = torch.ones(2, 2, requires_grad=True) * 1
a, b = x.unbind(0)
a.add_(1)
# --- view made in no_grad
x = torch.ones(2, requires_grad=True) * 1
with torch.no_grad():
    v = x[:1]
v.add_(torch.ones(1, requires_grad=True))
# --- inference tensor in place
with torch.inference_mode():
    x = torch.ones(2)
x.add_(1)
# --- inference tensor saved
with torch.inference_mode():
    x = torch.ones(2)
torch.ones(2, requires_grad=True) * x
# --- load_state_dict unknown key
nn.Linear(1, 1).load_state_dict({"weight": torch.zeros(1, 1), "bias": torch.zeros(1), "other": torch.zeros(1)})
# --- load_state_dict missing key
nn.Linear(1, 1).load_state_dict({"weight": torch.zeros(1, 1)})
# --- load_state_dict shapes
nn.Linear(2, 1).load_state_dict({"weight": torch.zeros(1, 3), "bias": torch.zeros(1)})
# --- load_state_dict of several
nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1)).load_state_dict({"0.weight": torch.zeros(1, 1), "a.b": torch.zeros(1)})
# --- load_state_dict of a list
nn.Linear(1, 1).load_state_dict([1, 2])
# --- view of a transposed
torch.ones(2, 3).t().view(6)
# --- view size
torch.ones(2, 3).view(4)
# --- view two unknowns
torch.ones(2, 3).view(-1, -1)
# --- view indivisible
torch.ones(2, 3).view(4, -1)
# --- view negative size
torch.ones(4).view(-2, 2)
# --- reshape size
torch.ones(2, 3).reshape(5)
# --- expand size
torch.ones(2, 3).expand(4, 3)
# --- expand fewer dims
torch.ones(2, 3).expand(3)
# --- index out of range
torch.ones(3)[3]
# --- negative index out of range
torch.ones(2, 3)[0, -4]
# --- too many indices
torch.ones(2)[0, 0]
# --- index of a scalar
torch.tensor(1)[0]
# --- index tensor out of range
torch.ones(3)[torch.tensor([0, 5])]
# --- index tensor dtype
torch.ones(3)[torch.tensor([0.5])]
# --- index with a float
torch.ones(3)[1.5]
# --- index with a string
torch.ones(3)["a"]
# --- mask shape
torch.ones(3)[torch.tensor([True, False])]
# --- index shapes
torch.ones(3, 3)[torch.tensor([0, 1]), torch.tensor([0, 1, 2])]
# --- negative step
torch.ones(3)[::-1]
# --- assign shape
x = torch.ones(3)
x[:2] = torch.ones(3)
# --- assign mask shape
x = torch.ones(3)
x[x > 0] = torch.ones(2)
# --- assign a list
x = torch.ones(3)
x[0] = [1, 2]
# --- dim out of range
torch.ones(2, 3).sum(2)
# --- negative dim out of range
torch.ones(2, 3).max(-3)
# --- transpose dim
torch.ones(2, 3).transpose(0, 2)
# --- permute dims
torch.ones(2, 3).permute(0, 0)
# --- permute count
torch.ones(2, 3).permute(0)
# --- t of three dimensions
torch.ones(1, 2, 3).t()
# --- squeeze dim
torch.ones(1, 2).squeeze(3)
# --- unsqueeze dim
torch.ones(2).unsqueeze(3)
# --- size dim
torch.ones(2).size(1)
# --- select index
torch.ones(2, 3).select(1, 3)
# --- narrow length
torch.ones(3).narrow(0, 1, 3)
# --- split sizes
torch.ones(4).split([1, 2])
# --- chunk of zero
torch.ones(4).chunk(0)
# --- unfold size
torch.ones(3).unfold(0, 4, 1)
# --- gather dtype
torch.gather(torch.ones(3), 0, torch.tensor([0.0]))
# --- gather out of range
torch.gather(torch.ones(3), 0, torch.tensor([3]))
# --- gather dims
torch.gather(torch.ones(3, 3), 0, torch.tensor([0]))
# --- scatter out of range
torch.zeros(3).scatter_(0, torch.tensor([3]), 1.0)
# --- scatter dtype
torch.zeros(3).scatter_(0, torch.tensor([0]), torch.ones(1, dtype=torch.float64))
# --- index_select out of range
torch.index_select(torch.ones(3), 0, torch.tensor([3]))
# --- take out of range
torch.take(torch.ones(3), torch.tensor([3]))
# --- topk k
torch.ones(3).topk(4)
# --- kthvalue k
torch.ones(3).kthvalue(4)
# --- unknown device
torch.ones(2, device="gpu")
# --- unknown device object
torch.device("tpu9x")
# --- device index
torch.device("cuda", -1)
# --- device word
torch.ones(2).to("nowhere")
# --- item of many
torch.ones(2).item()
# --- float of many
float(torch.ones(2))
# --- int of many
int(torch.ones(2, 2))
# --- bool of many
bool(torch.ones(2))
# --- bool of none
bool(torch.ones(0))
# --- if of a comparison
if torch.ones(2) == torch.ones(2):
    pass
# --- index of a float
[1, 2][torch.tensor(1.0)]
# --- len of 0-dim
len(torch.tensor(1))
# --- iterate 0-dim
list(torch.tensor(1))
# --- numpy of a graph
torch.ones(2, requires_grad=True).numpy()
# --- array of a graph
np.asarray(torch.ones(2, requires_grad=True) * 2)
# --- numpy of bfloat16
torch.ones(2, dtype=torch.bfloat16).numpy()
# --- from_numpy of a list
torch.from_numpy([1, 2])
# --- from_numpy negative stride
torch.from_numpy(np.arange(3)[::-1])
# --- from_numpy of strings
torch.from_numpy(np.array(["a"]))
# --- from_numpy of objects
torch.from_numpy(np.array([None]))
# --- from_numpy uint128
torch.from_numpy(np.array([1 + 1j], dtype=np.clongdouble))
# --- tensor of strings
torch.tensor(["a"])
# --- tensor of a string
torch.tensor("a")
# --- tensor of none
torch.tensor(None)
# --- tensor ragged
torch.tensor([[1, 2], [3]])
# --- tensor depth
torch.tensor([[1], 2])
# --- tensor of a dict
torch.tensor([{}])
# --- tensor of long tensors
torch.tensor([torch.ones(2), torch.ones(2)])
# --- tensor overflow
torch.tensor([2**64])
# --- zeros negative
torch.zeros(-1)
# --- zeros of a float
torch.zeros(2.5)
# --- zeros of a string
torch.zeros("2")
# --- arange bounds
torch.arange(5, 0)
# --- arange step
torch.arange(0, 5, 0)
# --- linspace steps
torch.linspace(0, 1, -1)
# --- full without a value
torch.full((2,))
# --- eye negative
torch.eye(-1)
# --- dtype of a string
torch.ones(2, dtype="float32")
# --- set_default_dtype int
torch.set_default_dtype(torch.int64)
# --- in place broadcast
torch.ones(2).add_(torch.ones(3, 2))
# --- in place result type
torch.ones(2, dtype=torch.long).add_(1.5)
# --- in place division of ints
x = torch.tensor([1, 2])
x /= 2
# --- in place bool
torch.tensor([True]).add_(1)
# --- in place complex
torch.ones(2).mul_(1j)
# --- in place on an expanded
torch.zeros(1).expand(3).add_(1)
# --- in place on overlapping memory
x = torch.zeros(4)
x[1:].add_(x[:-1])
# --- copy_ shape
torch.zeros(2).copy_(torch.ones(3))
# --- fill_ with many
torch.zeros(2).fill_(torch.ones(2))
# --- out dtype
torch.add(torch.ones(2), 1, out=torch.ones(2, dtype=torch.long))
# --- out of a graph
torch.add(torch.ones(2, requires_grad=True), 1, out=torch.ones(2))
# --- masked_fill dtype
torch.zeros(2).masked_fill(torch.tensor([1, 0]), 1)
# --- masked_fill value
torch.zeros(2).masked_fill_(torch.tensor([True, False]), torch.ones(2))
# --- where shapes
torch.where(torch.tensor([True, False]), torch.ones(3), torch.ones(3))
# --- where dtype
torch.where(torch.tensor([1.0, 0.0]), torch.ones(2), torch.ones(2))
# --- bitwise of floats
torch.ones(2) & torch.ones(2)
# --- invert floats
~torch.ones(2)
# --- subtract bools
torch.tensor([True]) - torch.tensor([True])
# --- negate bools
-torch.tensor([True])
# --- mean of ints
torch.tensor([1, 2]).mean()
# --- std of ints
torch.tensor([1, 2]).std()
# --- softmax of ints
torch.softmax(torch.tensor([1, 2]), 0)
# --- norm of ints
torch.tensor([1, 2]).norm()
# --- max of nothing
torch.ones(0).max()
# --- argmax of nothing
torch.ones(0).argmax()
# --- max over an empty dim
torch.ones(2, 0).max(1)
# --- integer to negative powers
torch.tensor([2]) ** -1
# --- integer division by zero
torch.tensor([1]) // 0
# --- remainder by zero
torch.tensor([1]) % 0
# --- add a string
torch.ones(2) + "a"
# --- add none
torch.ones(2) + None
# --- add a list
torch.ones(2) + [1, 2]
# --- multiply by an array of objects
torch.add("a", torch.ones(2))
# --- compare with none
torch.ones(2) > None
# --- unknown attribute
torch.ones(2).foo
# --- unknown function
torch.foo
# --- unknown keyword
torch.ones(2).sum(dimension=0)
# --- missing argument
torch.ones(2).view()
# --- clamp without bounds
torch.ones(2).clamp()
# --- randint bounds
torch.randint(5, 5, (2,))
# --- randperm negative
torch.randperm(-1)
# --- multinomial negative
torch.multinomial(torch.tensor([-1.0, 2.0]), 1)
# --- multinomial too many
torch.multinomial(torch.tensor([1.0, 2.0]), 3)
# --- bernoulli range
torch.bernoulli(torch.tensor([1.5]))
# --- normal std
torch.normal(0.0, -1.0, (2,))
# --- uniform bounds
torch.empty(2).uniform_(2, 1)
# --- inverse of singular
torch.inverse(torch.zeros(2, 2))
# --- inverse of a rectangle
torch.inverse(torch.ones(2, 3))
# --- cholesky of indefinite
torch.linalg.cholesky(torch.tensor([[1.0, 2.0], [2.0, 1.0]]))
# --- trace of a vector
torch.trace(torch.ones(2))
# --- einsum subscripts
torch.einsum("ij,jk->ik", torch.ones(2, 3), torch.ones(2, 3))
# --- cross size
torch.cross(torch.ones(2), torch.ones(2), dim=0)
# --- repeat fewer dims
torch.ones(2, 3).repeat(2)
# --- flatten dims
torch.ones(2, 3).flatten(1, 0)
# --- one_hot range
F.one_hot(torch.tensor([3]), 3)
# --- one_hot dtype
F.one_hot(torch.tensor([1.0]))
# --- pad mode
F.pad(torch.ones(1, 2), (1, 1), mode="mirror")
# --- reflect pad too big
F.pad(torch.ones(1, 1, 2), (2, 2), mode="reflect")
# --- interpolate both
F.interpolate(torch.ones(1, 1, 2, 2), size=3, scale_factor=2)
# --- interpolate mode
F.interpolate(torch.ones(1, 1, 2, 2), size=3, mode="trilinear")
# --- lstm input
nn.LSTM(3, 2)(torch.ones(4, 1, 2))
# --- lstm hidden
nn.LSTM(3, 2)(torch.ones(4, 1, 3), (torch.ones(1, 2, 2), torch.ones(1, 2, 2)))
# --- multihead heads
nn.MultiheadAttention(5, 2)
# --- module without forward
class M(nn.Module):
    pass
M()(1)
# --- module before init
class M(nn.Module):
    def __init__(self):
        self.a = nn.Linear(1, 1)
M()
# --- module attribute
nn.Linear(1, 1).nothing
# --- parameter assignment
m = nn.Linear(1, 1)
m.weight = torch.ones(1, 1)
# --- module assignment
m = nn.Sequential(nn.Linear(1, 1))
m[0] = 3
# --- register_parameter type
nn.Module().register_parameter("p", torch.ones(1))
# --- register_buffer twice
m = nn.Linear(1, 1)
m.register_buffer("weight", torch.ones(1))
# --- register_buffer dot
nn.Module().register_buffer("a.b", torch.ones(1))
# --- add_module type
nn.Module().add_module("a", 3)
# --- Sequential index
nn.Sequential(nn.ReLU())[3]
# --- Sequential of a list
nn.Sequential([nn.ReLU()])
# --- ModuleDict key
nn.ModuleDict({"a": nn.ReLU()})["b"]
# --- get_submodule
nn.Sequential(nn.ReLU()).get_submodule("1")
# --- optimizer of nothing
torch.optim.SGD([], lr=0.1)
# --- optimizer of a tensor
torch.optim.SGD(torch.ones(1, requires_grad=True), lr=0.1)
# --- optimizer lr
torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=-1)
# --- optimizer nesterov
torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1, nesterov=True)
# --- adam betas
torch.optim.Adam([torch.ones(1, requires_grad=True)], betas=(1.5, 0.9))
# --- adam eps
torch.optim.Adam([torch.ones(1, requires_grad=True)], eps=-1)
# --- optimizer keyword
torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1, momentun=0.9)
# --- scheduler of no optimizer
torch.optim.lr_scheduler.StepLR(3, 1)
# --- loader batch size
torch.utils.data.DataLoader([1, 2], batch_size=0)
# --- loader shuffle and sampler
torch.utils.data.DataLoader([1, 2], shuffle=True, sampler=torch.utils.data.SequentialSampler([1, 2]))
# --- TensorDataset sizes
torch.utils.data.TensorDataset(torch.ones(2), torch.ones(3))
# --- random_split lengths
torch.utils.data.random_split(range(3), [1, 1])
# --- collate sizes
next(iter(torch.utils.data.DataLoader([torch.ones(1), torch.ones(2)], batch_size=2)))
# --- collate type
next(iter(torch.utils.data.DataLoader([object(), object()], batch_size=2)))
# --- load of no file
torch.load("missing.pt")
# --- custom Function without backward
class Bad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
Bad.apply(torch.ones(1, requires_grad=True)).backward()
# --- custom Function gradients count
class Bad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        return x * y

    @staticmethod
    def backward(ctx, g):
        return g
Bad.apply(torch.ones(1, requires_grad=True), torch.ones(1)).backward()
# --- custom Function gradient shape
class Bad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return torch.ones(3)
Bad.apply(torch.ones(2, requires_grad=True)).sum().backward()
# --- custom Function called
class Bad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x
Bad()(torch.ones(1))
# --- gradcheck fails
class Bad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 3
torch.autograd.gradcheck(Bad.apply, torch.ones(1, dtype=torch.float64, requires_grad=True))
# --- calculate_gain name
nn.init.calculate_gain("nothing")
# --- init of a vector
nn.init.xavier_uniform_(torch.empty(3))
# --- broadcast_to
torch.broadcast_to(torch.ones(3), (2, 2))
# --- meshgrid dims
torch.meshgrid(torch.ones(2, 2), indexing="ij")
# --- as_strided negative
torch.ones(4).as_strided((2,), (-1,))
# --- as_strided storage
torch.ones(4).as_strided((3,), (2,))
# --- complex of ints
torch.complex(torch.tensor([1]), torch.tensor([2]))
# --- imag of reals
torch.ones(2).imag
# --- view_as_complex
torch.view_as_complex(torch.ones(3))
# --- deepcopy of a graph tensor
import copy
copy.deepcopy(torch.ones(1, requires_grad=True) * 2)
# --- resize_ of a graph tensor
torch.ones(2, requires_grad=True).resize_(3)
# --- detach_ of a view
x = torch.ones(2, requires_grad=True) * 1
x[0].detach_()
# --- manual_seed type
torch.manual_seed("a")
# --- generator state
torch.set_rng_state(torch.zeros(3, dtype=torch.uint8))
# --- hashing a Size by item
torch.Size([1.5])
# --- searchsorted and dims
torch.bucketize(torch.ones(2), torch.ones(2, 2))
# --- histc bounds
torch.histc(torch.ones(2), bins=2, min=3, max=1)
# --- bincount negative
torch.bincount(torch.tensor([-1]))
# --- repeat_interleave negative
torch.repeat_interleave(torch.ones(2), torch.tensor([-1, 1]))
# --- unflatten sizes
torch.ones(4).unflatten(0, (3, 2))
# --- diagonal dims
torch.ones(2).diagonal()
# --- tril of a vector
torch.ones(2).tril()
# --- lerp dtypes
torch.lerp(torch.ones(2), torch.ones(2, dtype=torch.float64), 0.5)
# --- promote of linear bias
F.linear(torch.ones(1, 2), torch.ones(3, 2), torch.ones(2))
# --- scaled_dot_product shapes
F.scaled_dot_product_attention(torch.ones(1, 2, 3), torch.ones(1, 2, 4), torch.ones(1, 2, 4))
# --- cosine embedding target
F.cosine_embedding_loss(torch.ones(2, 3), torch.ones(2, 3), torch.ones(1, 2))
# --- nll dims
F.nll_loss(torch.zeros(3), torch.tensor([1, 2]))
# --- print options profile
torch.set_printoptions(precision="a")
print(torch.ones(1) / 3)
# --- no such dtype
torch.float8
# --- one less a mask
1 - torch.tensor([True, False])
# --- a mask less a number
torch.tensor([True, False]) - 1
# --- a tensor less a mask
torch.ones(2) - torch.tensor([True, False])
# --- a mask less a mask
torch.tensor([True]) - torch.tensor([True])
# --- minus a mask
-torch.tensor([True, False])
# --- a tensor less True
torch.ones(2) - True
# --- sixty-five dimensions
torch.zeros(1).reshape([1] * 65).sum(0)
# --- narrow from a vector
torch.zeros(3, 2).narrow(0, torch.tensor([1]), 1)
# --- roll of a number along a dimension
torch.roll(torch.tensor(1.0), 1, 0)
# --- gradient along a dimension twice
torch.gradient(torch.zeros(3, 3), dim=(1, -1))
# --- arange in whole steps of a half
torch.arange(0, 4, 0.5, out=torch.empty(0, dtype=torch.int64))
# --- histogramdd with bins for other points
torch.histogramdd(torch.zeros(5, 2), [1, 1, 1])
# --- conv with a weight of other dimensions
torch.nn.functional.conv2d(torch.zeros(1, 1, 4, 3), torch.zeros(1, 2, 2), padding="same")
# --- conv with a dilation below one
torch.nn.functional.conv2d(torch.zeros(1, 1, 4, 3), torch.zeros(1, 1, 2, 2), dilation=-1)
# --- conv with a bias of another size
torch.nn.functional.conv2d(torch.zeros(1, 1, 4, 3), torch.zeros(1, 1, 2, 2), torch.zeros(3))
# --- conv in no groups
torch.nn.functional.conv1d(torch.zeros(1, 1, 4), torch.zeros(1, 1, 2), groups=0)
# --- conv in groups that do not divide
torch.nn.functional.conv1d(torch.zeros(1, 2, 4), torch.zeros(3, 1, 2), groups=2)
# --- conv with same padding and strides
torch.nn.functional.conv1d(torch.zeros(1, 1, 4), torch.zeros(1, 1, 2), padding="same", stride=2)
# --- a transposed conv that leaves nothing
torch.nn.functional.conv_transpose1d(torch.zeros(1, 1, 4), torch.zeros(1, 1, 2), padding=9)
# --- layer_norm with a weight of another shape
torch.nn.functional.layer_norm(torch.zeros(2, 3), (3,), torch.zeros(2))
# --- rms_norm with a weight of another shape
torch.nn.functional.rms_norm(torch.zeros(1, 2, 3), (1, 2, 3), torch.zeros(1, 2))
# --- group_norm with a weight for other channels
torch.nn.functional.group_norm(torch.zeros(1, 2, 3), 2, torch.zeros(3))
# --- an adaptive pool of too few dimensions
torch.nn.functional.adaptive_avg_pool2d(torch.zeros(2, 2), (2, 2))
# --- rrelu from high to low
torch.nn.functional.rrelu(torch.zeros(2), 0.3, 0.1)
# --- embedding in a number
torch.nn.functional.embedding(torch.tensor([0]), torch.tensor(1.0))
# --- multi_margin_loss of no classes
torch.nn.functional.multi_margin_loss(torch.zeros(5, 0), torch.zeros(5, dtype=torch.int64))
# --- multilabel_margin_loss with float labels
torch.nn.functional.multilabel_margin_loss(torch.zeros(2, 3), torch.zeros(2, 3))
# --- a reflected operator of a number
torch.Tensor.__radd__(2, torch.tensor([1]))
# --- two numbers to compare
torch.eq(2, 3)
# --- two numbers of which either may be one
torch.xlogy(2, 3)
# --- two numbers to a special function
torch.special.zeta(2, 3)
# --- a text to compare with
torch.eq(torch.ones(2), "a")
# --- a number to transform
torch.fft.fft(3)
# --- a text for a number
torch.add(torch.ones(2), torch.ones(2), alpha="a")
# --- nothing for a number
torch.addmv(torch.ones(2), torch.ones(2, 2), torch.ones(2), beta=None)
# --- a text for a flag
torch.linalg.cholesky(torch.eye(2), upper="a")
# --- nothing for a flag
torch.argmax(torch.eye(2), dim=0, keepdim=None)
# --- nothing for a tensor
torch.cdist(None, torch.ones(2, 2))
# --- a text for the second tensor
torch.cdist(torch.ones(2, 2), "a")
# --- a text for an order
torch.cdist(torch.ones(2, 2), torch.ones(2, 2), "a")
# --- a number among tensors
torch.cartesian_prod(torch.ones(2), 1)
# --- an array for a tensor
torch.squeeze(np.ones(3))
# --- a list for a tensor
torch.unsqueeze([1.0, 2.0], 0)
# --- nothing to reshape
torch.reshape(None, (2,))
# --- copy_ of a tensor with more dimensions
torch.zeros(3).copy_(torch.zeros(1, 3))
# --- copy_ of a longer tensor
torch.zeros(1, 3).copy_(torch.zeros(3, 1))
# --- copy_ of a matrix into a vector
torch.zeros(3).copy_(torch.zeros(2, 2))
