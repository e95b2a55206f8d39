"""Random functions: bounds, dtypes, refusals; dropout and rrelu. Recorded on a processor on which PyTorch draws dropout from its
generator's own stream (on some it draws by MKL)."""

import torch
import torch.nn.functional as F
torch.manual_seed(7)

# --- randint of nothing
torch.randint(5, 5, (2,))
# --- randint beyond the dtype
torch.randint(0, 300, (2,), dtype=torch.uint8)
# --- randint of bools
torch.randint(0, 2, (5,), dtype=torch.bool)
# --- randint of wide ranges
[torch.randint(0, 2**40, (3,)), torch.randint(0, 2**29, (3,)), torch.randint(-5, 2**29, (3,), dtype=torch.float64)]
# --- randint of floats beyond their mantissa
torch.randint(0, 2**30, (3,), dtype=torch.float32)
# --- random_ of a float bound
torch.empty(3).random_(0, 1.5)
# --- random_ up to the dtype's largest
[torch.empty(4, dtype=torch.int64).random_(-2**63, None), torch.empty(4, dtype=torch.int32).random_(5, None), torch.empty(4).random_(3, None), torch.empty(3, dtype=torch.bool).random_()]
# --- random_ of complex
torch.empty(3, dtype=torch.complex64).random_()
# --- bernoulli of integers
torch.bernoulli(torch.tensor([0, 1]))
# --- bernoulli above one
torch.bernoulli(torch.tensor([0.5, 1.5]))
# --- bernoulli_ above one
torch.empty(3).bernoulli_(1.5)
# --- bernoulli_ of an integer tensor
torch.empty(3).bernoulli_(torch.tensor([1, 0, 1]))
# --- randperm negative
torch.randperm(-1)
# --- randperm beyond the dtype
torch.randperm(300, dtype=torch.uint8)
# --- randperm beyond half
torch.randperm(3000, dtype=torch.float16)
# --- randperm of floats
torch.randperm(5, dtype=torch.float32)
# --- generator seed too large
torch.Generator().manual_seed(2**64)
# --- seed too small
torch.manual_seed(-2**63-1)
# --- generator seed of a float
torch.Generator().manual_seed(1.5)
# --- seed of a float
torch.manual_seed(1.5).initial_seed()
# --- normal of tensors
[torch.normal(torch.arange(20.), 0.5), torch.normal(torch.zeros(2,2), torch.ones(2)), torch.normal(torch.zeros(2, 1), torch.ones(3))]
# --- normal of shapes that do not fit
torch.normal(torch.zeros(2, 3), torch.ones(6))
# --- normal of a negative deviation in a tensor
torch.normal(torch.zeros(2), torch.tensor([1., -1.]))
# --- normal of a negative deviation
torch.normal(torch.zeros(2), -1.)
# --- normal of two floats
torch.normal(0., 1.)
# --- normal of integer means
torch.normal(torch.zeros(2, dtype=torch.int64), 1.)
# --- normal of an integer mean
torch.normal(1, torch.ones(3))
# --- normal of a size
[torch.normal(0, 1, (2,3)), torch.normal(0., 1, size=(2,)), torch.normal(mean=0.5, std=torch.arange(1., 6.)), torch.normal(0, 1, size=(2,), dtype=torch.float64)]
# --- multinomial of a negative weight
torch.multinomial(torch.tensor([-1.0, 2.0]), 1)
# --- multinomial of no weight
torch.multinomial(torch.tensor([0.0, 0.0]), 1)
# --- multinomial of too many
torch.multinomial(torch.tensor([1., 2.]), 3)
# --- multinomial of integers
torch.multinomial(torch.tensor([1, 2]), 1)
# --- multinomial of three dimensions
torch.multinomial(torch.ones(1,1,1), 1)
# --- multinomial of no samples
torch.multinomial(torch.ones(3), 0)
# --- poisson of integers
torch.poisson(torch.tensor([1, 2]))
# --- poisson of a negative rate
torch.poisson(torch.tensor([-1.]))
# --- poisson geometric cauchy log_normal exponential
[torch.poisson(torch.tensor([1., 20.])), torch.empty(3).geometric_(0.3), torch.empty(3).cauchy_(), torch.empty(2).log_normal_(), torch.empty(2).exponential_(2)]
# --- normal_ of integers
torch.empty(3, dtype=torch.int64).normal_()
# --- uniform_ of bounds in the wrong order
torch.empty(3).uniform_(2, 1)
# --- exponential_ of integers
torch.empty(3, dtype=torch.int32).exponential_()
# --- exponential_ of a negative rate
torch.empty(3).exponential_(-1)
# --- cauchy_ of integers
torch.empty(3, dtype=torch.int32).cauchy_()
# --- geometric_ above one
torch.empty(3).geometric_(2)
# --- rand of integers
torch.rand(2, dtype=torch.int32)
# --- randn of integers
torch.randn(2, dtype=torch.int64)
# --- rand of complex
torch.rand(2, dtype=torch.complex64)
# --- randn of complex and randint_like
[torch.randn(2, dtype=torch.complex64), torch.randint_like(torch.zeros(3), 5), torch.randint_like(torch.zeros(3, dtype=torch.uint8), 2, 9)]
# --- dropout
[F.dropout(torch.ones(20)), F.dropout(torch.ones(20), 0.1), F.dropout(torch.ones(3, 4).t(), 0.3), F.dropout(torch.ones(4, dtype=torch.float64), 0.3), F.dropout(torch.ones(4, dtype=torch.bfloat16), 0.3)]
# --- dropout of channels and to saturation
[F.alpha_dropout(torch.ones(5), 0.3, True), F.feature_alpha_dropout(torch.ones(2,3,2), 0.3, True), F.dropout1d(torch.ones(2,3,2)), F.dropout1d(torch.ones(3,2)), F.dropout2d(torch.ones(2,3,2,2)), F.dropout3d(torch.ones(2,3,2,2,2)).sum(), F.dropout3d(torch.ones(3,2,2,2)).sum()]
# --- dropout2d of three dimensions
F.dropout2d(torch.ones(2,3,2))
# --- dropout2d of two dimensions
F.dropout2d(torch.ones(2,3))
# --- dropout1d of four dimensions
F.dropout1d(torch.ones(2,3,2,2))
# --- dropout3d of three dimensions
F.dropout3d(torch.ones(2,3,2))
# --- dropout probability above one
F.dropout(torch.ones(3), 1.5)
# --- dropout gradient
x = torch.ones(4, requires_grad=True)
y = F.dropout(x, 0.5)
y.sum().backward()
[y, x.grad]
# --- alpha_dropout gradient
x = torch.ones(4, requires_grad=True)
y = F.alpha_dropout(x, 0.5, True)
y.sum().backward()
[y, x.grad]
# --- dropout in place
x = torch.ones(5)
[F.dropout(x, 0.5, inplace=True), x, F.dropout(x, 1.0), F.dropout(x, 0.0) is x]
# --- rrelu
x = torch.linspace(-2, 2, 6).requires_grad_()
y = F.rrelu(x, training=True)
y.sum().backward()
[y, x.grad, F.rrelu(x), F.rrelu(x.detach().clone(), 0.1, 0.2, True, True)]
# --- dropout of integers
F.dropout(torch.ones(3, dtype=torch.int64))
# --- dropout of channels last
x = torch.ones(2, 3, 4, 4).to(memory_format=torch.channels_last)
y = F.dropout(x)
[y, y.stride()]
# --- dropout layers and functions of torch
m = torch.nn.AlphaDropout(0.3)
[m(torch.ones(3)), torch.nn.FeatureAlphaDropout(0.3)(torch.ones(2,2,3)), torch.dropout(torch.ones(3), 0.5, True), torch.feature_dropout(torch.ones(3,3), 0.5, True), torch.alpha_dropout(torch.ones(3), 0.5, True)]
# --- dropout_ of torch
x = torch.ones(3)
torch.dropout_(x, 0.5, True)
x
