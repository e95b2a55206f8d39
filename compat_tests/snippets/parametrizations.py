"""Parametrized tensors, and the parametrizations and hooks for weight and spectral norm and orthogonal matrices."""
import copy
import pickle

import torch
import torch.nn.utils as U
from torch import nn
from torch.nn.utils import parametrizations as P
from torch.nn.utils import parametrize


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).mT

    def right_inverse(self, x):
        return x.triu()


class Doubled(nn.Module):
    def forward(self, x):
        return 2 * x


class Wide(nn.Module):
    def forward(self, x):
        return x.double()


class FirstRow(nn.Module):
    def forward(self, x):
        return x[:1]

    def right_inverse(self, x):
        return x.repeat(2, 1)


class Product(nn.Module):
    def forward(self, a, b):
        return a @ b

    def right_inverse(self, x):
        return x.clone(), torch.eye(x.shape[-1])


class Returns(nn.Module):
    def __init__(self, value, inverse=None):
        super().__init__()
        self.value, self.inverse = value, inverse

    def forward(self, *x):
        return self.value(*x)

    def right_inverse(self, x):
        if self.inverse is None:
            raise NotImplementedError
        return self.inverse(x)


def refusal(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error)


def linear(*size, **kwargs):
    torch.manual_seed(0)
    return nn.Linear(*size, **kwargs)


def symmetric():
    return parametrize.register_parametrization(linear(3, 3), "weight", Symmetric())


# --- a parametrized weight
m = linear(3, 3)
same = parametrize.register_parametrization(m, "weight", Symmetric()) is m
m.weight.sum().backward()
print(m)
[same, type(m).__name__, type(m).__mro__[1] is nn.Linear, m.weight, list(m.state_dict()), list(dict(m.named_parameters())), m.parametrizations.weight.original.grad]
# --- assigning to it
m = symmetric()
m.weight = torch.arange(9.0).reshape(3, 3)
[m.weight, m.parametrizations.weight.original, m.parametrizations.weight.original.requires_grad, refusal(lambda: setattr(m, "weight", nn.Parameter(torch.ones(3, 3))))]
# --- two of them
m = parametrize.register_parametrization(symmetric(), "weight", Doubled())
print(m)
[m.weight, refusal(lambda: setattr(m, "weight", torch.ones(3, 3)))]
# --- what is refused
calls = [
    lambda: parametrize.register_parametrization(symmetric(), "weight", Wide()), lambda: parametrize.register_parametrization(symmetric(), "weight", FirstRow()), lambda: parametrize.register_parametrization(linear(2, 2), "weight", Wide()), lambda: parametrize.register_parametrization(linear(2, 2), "weight", FirstRow()),
    lambda: parametrize.register_parametrization(linear(2, 2), "foo", Wide()), lambda: parametrize.ParametrizationList([], torch.ones(2)), lambda: parametrize.remove_parametrizations(linear(2, 2), "weight"), lambda: pickle.dumps(symmetric()),
]
parts = [Returns(lambda x: 3), Returns(lambda x: x, lambda x: 3), Returns(lambda x, y: x, lambda x: (x, 3)), Returns(lambda x: x, lambda x: x.double())]
[refusal(c) for c in calls] + [refusal(lambda: parametrize.register_parametrization(made(), "weight", part)) for part in parts for made in (lambda: linear(3, 3), symmetric)]
# --- unsafe
m = parametrize.register_parametrization(linear(2, 2), "weight", FirstRow(), unsafe=True)
[m.weight.shape, m.parametrizations.weight.original.shape, m.parametrizations.weight.unsafe, parametrize.register_parametrization(linear(2, 2), "weight", Wide(), unsafe=True).weight.dtype]
# --- several originals
m = parametrize.register_parametrization(linear(2, 2), "weight", Product())
print(m)
seen = [list(m.state_dict()), m.parametrizations.weight.ntensors, m.parametrizations.weight.is_tensor, m.weight]
m.weight = torch.ones(2, 2)
seen += [m.weight.detach(), refusal(lambda: parametrize.remove_parametrizations(m, "weight", leave_parametrized=False))]
parametrize.remove_parametrizations(m, "weight")
[*seen, type(m).__name__, list(m.state_dict()), m.weight]
# --- cached
m = symmetric()
with parametrize.cached():
    inside = m.weight is m.weight
[inside, m.weight is m.weight]
# --- copies
m = symmetric()
c = copy.deepcopy(m)
[type(c) is type(m), torch.equal(c.weight, m.weight), c.parametrizations.weight.original is m.parametrizations.weight.original]
# --- questions and transfer
m, other = symmetric(), nn.Linear(3, 3)
parametrize.transfer_parametrizations_and_params(m, other)
[parametrize.is_parametrized(m), parametrize.is_parametrized(m, "bias"), parametrize.is_parametrized(nn.ReLU()), parametrize.type_before_parametrizations(m).__name__, parametrize.type_before_parametrizations(nn.ReLU()).__name__, other.parametrizations.weight.original is m.parametrizations.weight.original, torch.equal(other.weight, m.weight), other.load_state_dict(m.state_dict())]
# --- removing
m, kept = symmetric(), symmetric()
value = m.weight.detach().clone()
parametrize.remove_parametrizations(m, "weight")
parametrize.remove_parametrizations(kept, "weight", leave_parametrized=False)
[torch.equal(m.weight, value), m.weight.is_leaf, list(m.state_dict()), hasattr(m, "parametrizations"), type(m).__name__, kept.weight]
# --- a buffer
m = parametrize.register_parametrization(nn.BatchNorm1d(2), "running_mean", Doubled())
[list(m.state_dict()), m.eval().parametrizations.running_mean[0].training, list(dict(m.named_buffers()))]
# --- training a parametrized weight
m = symmetric().double()
optimizer = torch.optim.SGD(m.parameters(), 0.1)
m(torch.ones(1, 3, dtype=torch.float64)).sum().backward()
optimizer.step()
m.weight
# --- weight norm
seen = []
for m, kwargs in ((linear(3, 2), {}), (linear(3, 2), {"dim": None}), (nn.Conv1d(2, 3, 2), {"dim": 2})):
    P.weight_norm(m, **kwargs)
    (m.weight**3).sum().backward()
    seen.append([m.weight, {k: v.shape for k, v in m.state_dict().items()}, [p.grad for p in m.parametrizations.parameters()]])
print(m)
seen
# --- weight norm by a hook
import warnings
m, new = linear(3, 2), P.weight_norm(linear(3, 2))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    U.weight_norm(m)
m(torch.ones(1, 3)).sum().backward()
seen = [[(c.category.__name__, str(c.message)) for c in caught], list(m.state_dict()), m.weight_g.grad, m.weight_v.grad, m.weight.detach(), new.load_state_dict(m.state_dict()), refusal(lambda: U.remove_weight_norm(m, "bias"))]
U.remove_weight_norm(m)
[*seen, list(m.state_dict()), m.weight, len(m._forward_pre_hooks)]
# --- spectral norm
seen = []
for m, kwargs in ((linear(3, 2), {}), (nn.ConvTranspose1d(2, 3, 2), {"n_power_iterations": 3}), (nn.BatchNorm1d(3), {})):
    P.spectral_norm(m, **kwargs)
    seen.append([m.weight.detach(), m.weight.detach(), m.eval().weight.detach(), m.state_dict()])
    (m.weight**3).sum().backward()
    seen.append([p.grad for p in m.parametrizations.parameters()])
print(m)
seen
# --- spectral norm by a hook
m = U.spectral_norm(linear(3, 2))
y = m(torch.ones(1, 3))
y.sum().backward()
state = m.state_dict()
seen = [y, m.weight_orig.grad, state, state._metadata[""], m.eval()(torch.ones(1, 3)), m.load_state_dict(state)]
U.remove_spectral_norm(m)
[*seen, list(m.state_dict()), m.weight, refusal(lambda: U.remove_spectral_norm(m)), len(m._state_dict_hooks), len(m._forward_pre_hooks)]
# --- norms refused
calls = [
    lambda: U.spectral_norm(linear(2, 2), n_power_iterations=0), lambda: P.spectral_norm(linear(2, 2), n_power_iterations=0), lambda: P.spectral_norm(linear(2, 2), dim=2), lambda: P.spectral_norm(linear(2, 2), "foo"), lambda: U.spectral_norm(linear(2, 2), "foo"), lambda: U.spectral_norm(linear(2, 2, bias=False), "bias"),
    lambda: U.spectral_norm(nn.LazyLinear(2)), lambda: U.spectral_norm(U.spectral_norm(linear(2, 2))), lambda: P.orthogonal(linear(2, 2), "foo"), lambda: P.orthogonal(linear(2, 2), "bias"), lambda: P.orthogonal(linear(2, 2), orthogonal_map="foo"), lambda: P.orthogonal(linear(2, 2, dtype=torch.complex64), orthogonal_map="householder"),
]
[refusal(c) for c in calls]
# --- orthogonal
seen = []
for size, kind in (((3, 3), "cayley"), ((2, 4), "householder")):
    m = P.orthogonal(linear(*size, bias=False, dtype=torch.float64), orthogonal_map=kind)
    (m.weight * torch.arange(float(m.weight.numel()), dtype=torch.float64).view(m.weight.shape)).sum().backward()
    q = m.weight.detach()
    seen += [q, m.parametrizations.weight.original.grad, list(m.state_dict())]
    m.weight = q.flip(-1).contiguous()
    seen.append(bool((m.weight - q.flip(-1)).abs().max() < 1e-12))
print(m)
seen
# --- orthogonal by default
m = P.orthogonal(linear(3, 3, bias=False, dtype=torch.float64))
[m.weight.detach(), m.parametrizations.weight.original, refusal(lambda: setattr(P.orthogonal(linear(3, 3), orthogonal_map="cayley", use_trivialization=False), "weight", torch.eye(3)))]
# --- memory format
m = nn.Sequential(nn.Conv2d(8, 4, 3), nn.ConvTranspose2d(1, 3, 2), nn.Conv3d(2, 3, 2), nn.Linear(2, 2))
U.convert_conv2d_weight_memory_format(m, torch.channels_last)
U.convert_conv3d_weight_memory_format(m, torch.channels_last_3d)
[p.stride() for p in m.parameters()]
