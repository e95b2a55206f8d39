"""torch.distributions: what is shared by all families, arguments that are refused, and programs that use them."""

import torch
import torch.distributions as D
from torch.distributions import constraints
torch.manual_seed(0)

# --- module paths
import torch.distributions.normal, torch.distributions.studentT, torch.distributions.utils, torch.distributions.kl
print(torch.distributions.normal.Normal is D.Normal, torch.distributions.transforms.ExpTransform is D.ExpTransform)
print(D.Normal, D.kl.kl_divergence is D.kl_divergence, D.constraint_registry.biject_to is D.biject_to)
sorted(n for n in dir(D) if not n.startswith("_"))
# --- probs and logits
from torch.distributions.utils import broadcast_all, clamp_probs, lazy_property, logits_to_probs, probs_to_logits, tril_matrix_to_vec, vec_to_tril_matrix
p = torch.tensor([0.0, 0.25, 1.0])
print(broadcast_all(1, 2.5), broadcast_all(1, torch.ones(2, dtype=torch.float64)), isinstance(D.Bernoulli.logits, property))
[clamp_probs(p), probs_to_logits(p, is_binary=True), logits_to_probs(torch.zeros(2)), tril_matrix_to_vec(torch.arange(9.).reshape(3, 3), -1), vec_to_tril_matrix(torch.arange(1., 7.)), vec_to_tril_matrix(torch.arange(1., 4.), -1)]
# --- broadcasting what is no number
D.utils.broadcast_all("a", 1)
# --- triangle of no matrix
D.utils.vec_to_tril_matrix(torch.ones(5))
# --- a diagonal outside
D.utils.tril_matrix_to_vec(torch.ones(2, 2), 3)
# --- scale not positive
D.Normal(torch.zeros(2), torch.tensor([1.0, -1.0]))
# --- nan as a parameter
D.Normal(float("nan"), 1.0)
# --- probability above one
D.Bernoulli(1.5)
# --- both probs and logits
D.Categorical(probs=torch.ones(2), logits=torch.ones(2))
# --- neither probs nor logits
D.Bernoulli()
# --- categorical of a number
D.Categorical(torch.tensor(1.0))
# --- negative weights
D.Categorical(torch.tensor([1.0, -1.0]))
# --- geometric of 0
D.Geometric(torch.tensor([0.0, 0.5]))
# --- uniform upside down
D.Uniform(torch.tensor([1.0, 0.0]), 0.5)
# --- covariance that is not positive definite
D.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 2.0], [2.0, 1.0]]))
# --- covariance twice
D.MultivariateNormal(torch.zeros(2), torch.eye(2), torch.eye(2))
# --- low rank that does not fit
D.LowRankMultivariateNormal(torch.zeros(3), torch.ones(2, 1), torch.ones(3))
# --- wishart of few degrees of freedom
D.Wishart(torch.tensor(1.0), torch.eye(2))
# --- lkj of one dimension
D.LKJCholesky(1)
# --- multinomial of counts
D.Multinomial(torch.tensor([1, 2]), torch.ones(2))
# --- mixture of what does not fit
D.MixtureSameFamily(D.Categorical(torch.ones(3)), D.Normal(torch.zeros(2), 1.0))
# --- mixture of no categorical
D.MixtureSameFamily(D.Normal(0.0, 1.0), D.Normal(torch.zeros(2), 1.0))
# --- independent of too many
D.Independent(D.Normal(torch.zeros(2), 1.0), 2)
# --- transforms that are none
D.TransformedDistribution(D.Normal(0.0, 1.0), "exp")
# --- value outside the support
D.Exponential(1.0).log_prob(torch.tensor(-1.0))
# --- value of another shape
D.Normal(torch.zeros(3), 1.0).log_prob(torch.zeros(2))
# --- value that is no tensor
D.Normal(0.0, 1.0).log_prob(0.5)
# --- event of another size
D.Dirichlet(torch.ones(3)).log_prob(torch.full((2,), 0.5))
# --- no validation
d = D.Normal(0.0, -1.0, validate_args=False)
D.Distribution.set_default_validate_args(False)
e = D.Exponential(-1.0)
D.Distribution.set_default_validate_args(True)
[d.log_prob(torch.tensor(0.5)), e.mean, e._validate_args, D.Normal(0.0, 1.0)._validate_args]
# --- set_default_validate_args of something
D.Distribution.set_default_validate_args("yes")
# --- sample_n
D.Normal(torch.zeros(2), 1.0).sample_n(3)
# --- what there is not
for f in (lambda: D.Poisson(1.0).entropy(), lambda: D.Poisson(1.0).rsample(), lambda: D.Beta(1.0, 1.0).cdf(torch.tensor(0.5)), lambda: D.Normal(0.0, 1.0).enumerate_support(), lambda: D.Binomial(torch.tensor([1.0, 2.0]), 0.5).entropy()):
    try: f()
    except NotImplementedError as error: print(repr(error))
# --- a subclass that does not expand
class Mine(D.Normal):
    def __init__(self, a):
        super().__init__(a, 1.0)
try: Mine(0.0).expand((2,))
except NotImplementedError as error: print(error)
class Same(D.Normal): pass
Same(0.0, 1.0).expand((2,))
# --- a distribution of one's own
class Constant(D.Distribution):
    arg_constraints = {"value": constraints.real}
    support = constraints.real
    def __init__(self, value, validate_args=None):
        self.value = torch.as_tensor(value)
        super().__init__(self.value.shape, validate_args=validate_args)
    def rsample(self, sample_shape=torch.Size()):
        return self.value.expand(self._extended_shape(sample_shape))
    def log_prob(self, value):
        return (value == self.value).float().log()
c = Constant([1.0, 2.0])
print(c, c.batch_shape, c.event_shape)
[c.sample((2,)), c.log_prob(torch.tensor([1.0, 1.0])), D.Independent(c, 1).log_prob(torch.tensor([1.0, 2.0]))]
# --- without constraints
class Bare(D.Distribution): pass
print(Bare(validate_args=False).batch_shape)
Bare().mean
# --- copies
import copy, pickle
d = D.MixtureSameFamily(D.Categorical(torch.tensor([0.3, 0.7])), D.Normal(torch.tensor([0.0, 3.0]), 1.0))
t = D.TransformedDistribution(D.Normal(0.0, 1.0), [D.TanhTransform(cache_size=1), D.AffineTransform(1.0, 2.0)])
[copy.deepcopy(d).log_prob(torch.tensor(1.0)), pickle.loads(pickle.dumps(t)).log_prob(torch.tensor(1.5)), pickle.loads(pickle.dumps(D.Beta(2.0, 3.0))).mean]
# --- divergences
print(D.kl_divergence(D.Normal(0.0, 1.0), D.Normal(torch.tensor([0.0, 1.0]), 2.0)))
print(D.kl_divergence(D.Chi2(torch.tensor(2.0)), D.Gamma(torch.tensor(1.0), 1.0)))
D.kl_divergence(D.Normal(0.0, 1.0), D.Poisson(1.0))
# --- divergence of vectors of two lengths
D.kl_divergence(D.MultivariateNormal(torch.zeros(2), torch.eye(2)), D.MultivariateNormal(torch.zeros(3), torch.eye(3)))
# --- a divergence of one's own
class A(D.Normal): pass
class B(A): pass
@D.register_kl(A, D.Normal)
def left(p, q): return "left"
@D.register_kl(D.Normal, A)
def right(p, q): return "right"
print(D.kl_divergence(A(0.0, 1.0), D.Normal(0.0, 1.0)), D.kl_divergence(D.Normal(0.0, 1.0), B(0.0, 1.0)))
D.kl_divergence(B(0.0, 1.0), A(0.0, 1.0))
# --- divergence of transformed
p, q = D.LogNormal(0.0, 1.0), D.LogNormal(1.0, 2.0)
print(D.kl_divergence(p, q), D.kl_divergence(D.Independent(D.Normal(torch.zeros(2), 1.0), 1), D.Independent(D.Normal(torch.ones(2), 1.0), 1)))
D.kl_divergence(D.LogNormal(0.0, 1.0), D.TransformedDistribution(D.Normal(0.0, 1.0), D.SigmoidTransform()))
# --- dtypes
d = D.Gamma(torch.tensor([0.5, 2.0], dtype=torch.float64), 1.0)
[d.sample(), D.Normal(torch.zeros(2, dtype=torch.float64), 1).sample(), D.Categorical(torch.ones(2, dtype=torch.float64)).sample(), D.Uniform(torch.zeros(2, dtype=torch.float64), 1).rsample()]
# --- cached transforms give back the very tensor
t = D.ComposeTransform([D.AffineTransform(0.0, 2.0), D.ExpTransform()], cache_size=1)
x = torch.tensor([0.5, 1.0])
print(t, t.inv(t(x)) is x, D.TanhTransform().inv.inv, D.TanhTransform(cache_size=2) if False else None)
D.TanhTransform(cache_size=2)
# --- registries
class Even(constraints.Constraint):
    def check(self, value): return value % 2 == 0
@D.transform_to.register(Even)
def to_even(constraint): return D.AffineTransform(0.0, 2.0)
print(D.transform_to(Even())(torch.tensor([1.0, 2.0])), Even(), D.biject_to(constraints.interval(-1.0, 3.0)), D.transform_to(constraints.less_than(1.0)))
D.biject_to(Even())
# --- binomial, gamma and Dirichlet numbers
x = torch.tensor([0.5, 2.0, 9.0], requires_grad=True)
y = torch._standard_gamma(x)
y.sum().backward()
[torch.binomial(torch.tensor([10.0, 50.0]), torch.tensor(0.5)), y, x.grad, torch._sample_dirichlet(torch.ones(2, 3)), torch._standard_gamma_grad(torch.tensor([1.0]), torch.tensor([2.0])), torch._dirichlet_grad(torch.tensor([0.5]), torch.tensor([1.0]), torch.tensor([3.0]))]
# --- binomial of integers
torch.binomial(torch.tensor([10]), torch.tensor([0.5]))
# --- gamma numbers in half
torch._standard_gamma(torch.ones(2, dtype=torch.float16))
# --- second gradient of a gamma number
x = torch.tensor([2.0], requires_grad=True)
g, = torch.autograd.grad(torch._standard_gamma(x), x, create_graph=True)
g.backward()
# --- many gamma numbers
D.Gamma(torch.linspace(0.1, 8.0, 40), 1.0).sample()
# --- policy gradient
policy = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(policy.parameters(), 0.1)
for step in range(3):
    m = D.Categorical(logits=policy(torch.ones(4, 3)))
    action = m.sample()
    loss = -(m.log_prob(action) * torch.tensor([1.0, 0.0, -1.0, 2.0])).mean() - 0.01 * m.entropy().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(action, f"{loss.item():.4f}")
policy.weight
# --- variational autoencoder
encoder, decoder = torch.nn.Linear(4, 4), torch.nn.Linear(2, 4)
x = torch.rand(5, 4).round()
mean, log_std = encoder(x).chunk(2, -1)
q = D.Independent(D.Normal(mean, log_std.exp()), 1)
p = D.Independent(D.Normal(torch.zeros(2), torch.ones(2)), 1)
z = q.rsample()
loss = (D.kl_divergence(q, p.expand((5,))) - D.Independent(D.Bernoulli(logits=decoder(z)), 1).log_prob(x)).mean()
loss.backward()
[loss, encoder.weight.grad]
# --- a flow
base = D.Normal(torch.zeros(2), torch.ones(2))
loc = torch.zeros(2, requires_grad=True)
flow = D.TransformedDistribution(base, [D.AffineTransform(loc, 2.0), D.TanhTransform(cache_size=1)])
y = flow.rsample((3,))
flow.log_prob(y).sum().backward()
[y, loc.grad, flow.support, flow.cdf(torch.zeros(2))]
# --- mixup
[torch.distributions.Beta(0.4, 0.4).sample().item(), torch.distributions.beta.Beta(torch.tensor([0.2]), torch.tensor([0.2])).sample()]
