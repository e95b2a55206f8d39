"""Random numbers after a seed. Left out: bernoulli_(p), dropout, exponential_ and what is made of them (multinomial without
replacement), which PyTorch draws from another stream on some processors."""
import torch

torch.manual_seed(7)

# --- rand
[torch.rand(3), torch.rand(2, 2)]
# --- rand of double and half
[torch.rand(3, dtype=torch.float64), torch.rand(3, dtype=torch.float16), torch.rand(3, dtype=torch.bfloat16)]
# --- randn few
[torch.randn(3), torch.randn(2)]
# --- randn sixteen
torch.randn(16)
# --- randn seventeen
torch.randn(17)
# --- randn forty in rows
torch.randn(5, 8)
# --- randn odd then few
[torch.randn(1), torch.randn(5), torch.randn(20), torch.randn(1)]
# --- randn double
[torch.randn(3, dtype=torch.float64), torch.randn(20, dtype=torch.float64)]
# --- randint
[torch.randint(10, (5,)), torch.randint(3, 9, (2, 2)), torch.randint(low=0, high=2, size=(4,)), torch.randint(5, (3,), dtype=torch.int32)]
# --- randint large
torch.randint(0, 2**40, (3,))
# --- randperm
[torch.randperm(10), torch.randperm(1), torch.randperm(0), torch.randperm(40)]
# --- like
x = torch.zeros(2, 2)
[torch.rand_like(x), torch.randn_like(x), torch.randint_like(x, 5), torch.randn_like(x, dtype=torch.float64)]
# --- normal
[torch.normal(0.0, 1.0, (3,)), torch.normal(torch.arange(1.0, 4.0), 0.5), torch.normal(mean=torch.arange(1.0, 11.0), std=torch.arange(1, 0, -0.1)), torch.normal(2.0, torch.ones(3)), torch.normal(torch.zeros(4))]
# --- normal_
[torch.empty(3).normal_(), torch.empty(20).normal_(2, 3), torch.empty(2, 2).normal_(mean=1, std=0.1)]
# --- uniform_
[torch.empty(3).uniform_(), torch.empty(3).uniform_(-2, 2), torch.empty(2, dtype=torch.float64).uniform_(0, 1)]
# --- random_
[torch.empty(3, dtype=torch.int64).random_(10), torch.empty(3).random_(0, 5), torch.empty(3, dtype=torch.uint8).random_(), torch.empty(3, dtype=torch.int64).random_()]
# --- bernoulli of a tensor
[torch.bernoulli(torch.full((5,), 0.5)), torch.bernoulli(torch.tensor([0.0, 1.0, 0.3]))]
# --- multinomial
[torch.multinomial(torch.tensor([0.1, 0.2, 0.7]), 5, replacement=True), torch.multinomial(torch.tensor([[1.0, 2.0], [3.0, 1.0]]), 4, replacement=True)]
# --- in-place draws on a view
x = torch.zeros(2, 3)
x[:, 1].uniform_()
x.t()[0].normal_()
x
# --- seed again
a = torch.rand(2)
torch.manual_seed(7)
[torch.equal(a, torch.rand(2)), torch.initial_seed()]
# --- state
torch.rand(3)
state = torch.get_rng_state()
a = torch.randn(3)
torch.set_rng_state(state)
[torch.equal(a, torch.randn(3)), state.shape, state.dtype]
# --- state bytes
[torch.get_rng_state()[:40], torch.randn(1), torch.get_rng_state()[-60:]]
# --- generator
g = torch.Generator()
g.manual_seed(3)
[torch.rand(2, generator=g), torch.randperm(5, generator=g), torch.randn(2, generator=g), g.initial_seed(), torch.rand(1), torch.randint(5, (2,), generator=g)]
# --- generators are independent
g = torch.Generator().manual_seed(0)
a = torch.rand(2)
torch.rand(100, generator=g)
b = torch.rand(2)
torch.manual_seed(7)
torch.equal(torch.rand(4), torch.cat([a, b]))
# --- generator state
g = torch.Generator().manual_seed(1)
s = g.get_state()
a = torch.rand(2, generator=g)
g.set_state(s)
torch.equal(a, torch.rand(2, generator=g))
# --- fork_rng
with torch.random.fork_rng():
    torch.rand(5)
torch.rand(2)
# --- init xavier
w = torch.empty(3, 4)
[torch.nn.init.xavier_uniform_(w).clone(), torch.nn.init.xavier_normal_(w).clone()]
# --- init kaiming
w = torch.empty(3, 4)
[torch.nn.init.kaiming_uniform_(w, a=0.1).clone(), torch.nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu").clone()]
# --- init others
w = torch.empty(2, 3)
[torch.nn.init.uniform_(w, -1, 1).clone(), torch.nn.init.normal_(w, 1, 2).clone(), torch.nn.init.trunc_normal_(w).clone(), torch.nn.init.sparse_(torch.empty(4, 2), 0.5)]
# --- init orthogonal
w = torch.nn.init.orthogonal_(torch.empty(3, 3))
[w @ w.t(), w.abs().sum()]
# --- linear weights
m = torch.nn.Linear(3, 2)
[m.weight, m.bias]
# --- conv weights
m = torch.nn.Conv2d(1, 2, 2)
[m.weight, m.bias]
# --- several layers
m = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
[p.detach() for p in m.parameters()]
# --- embedding and recurrent weights
[torch.nn.Embedding(3, 2).weight, torch.nn.Embedding(3, 2, padding_idx=1).weight, torch.nn.LSTM(2, 1).weight_ih_l0, torch.nn.GRUCell(1, 1).bias_hh]
# --- random_split
from torch.utils.data import random_split
a, b = random_split(range(6), [4, 2])
[list(a), list(b), list(a.indices)]
# --- shuffled loader
from torch.utils.data import DataLoader
[batch for batch in DataLoader(list(range(6)), batch_size=4, shuffle=True)]
# --- samplers
from torch.utils.data import RandomSampler, SubsetRandomSampler, WeightedRandomSampler
[list(RandomSampler(range(5))), list(SubsetRandomSampler([3, 5, 7])), list(WeightedRandomSampler([0.1, 0.9], 4)), list(RandomSampler(range(3), replacement=True, num_samples=4))]
# --- stream across kinds
[torch.rand(1), torch.randint(10, (1,)), torch.randn(1), torch.randperm(3), torch.rand(1), torch.randn(16)[:2], torch.rand(1)]
# --- inside no_grad and views
with torch.no_grad():
    x = torch.rand(2, 2)
    x[0] = torch.rand(2)
x
# --- large draws
x = torch.randn(1000)
y = torch.rand(1000)
[x[[0, 15, 16, 500, 999]], y[[0, 623, 624, 999]], torch.rand(1)]
# --- distributions
from torch.distributions import Categorical, Normal, Uniform
[Normal(0.0, 1.0).sample((3,)), Normal(torch.tensor([0.0, 1.0]), 2.0).log_prob(torch.tensor([1.0, 1.0])), Categorical(torch.tensor([0.2, 0.8])).sample((4,)), Uniform(0.0, 2.0).sample()]
# --- normal numbers like a tensor that is not contiguous
x = torch.zeros(5, 6).t()
image = torch.zeros(1, 2, 3, 4).to(memory_format=torch.channels_last)
[torch.randn_like(x), torch.randn_like(image).sum(1), torch.randn_like(x[:2]), torch.rand(1)]
# --- drawn like a tensor, in a memory format
image = torch.zeros(1, 2, 3, 4).to(memory_format=torch.channels_last)
kept, plain = torch.randn_like(image), torch.randn_like(image, memory_format=torch.contiguous_format)
turned = torch.rand_like(plain, memory_format=torch.channels_last)
[kept.stride(), plain.stride(), turned.stride(), plain[0, 0], turned[0, 0], torch.randint_like(image, 9, memory_format=torch.contiguous_format)]
