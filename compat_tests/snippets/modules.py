"""Modules: registration, reprs, state_dict, hooks, containers, modes."""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 3)
        self.act = nn.ReLU()
        self.fc2 = nn.Linear(3, 1, bias=False)
        self.register_buffer("steps", torch.zeros(1))

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


# --- repr
print(Net())
# --- repr of layers
for m in (nn.Linear(2, 3), nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(4, 8, (3, 5), stride=2, groups=2, bias=False, dilation=2, padding_mode="zeros"), nn.BatchNorm2d(3), nn.Dropout(), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.AvgPool2d(3, 2), nn.Embedding(3, 4, padding_idx=0), nn.LSTM(2, 3, num_layers=2, batch_first=True), nn.Softmax(dim=1), nn.LeakyReLU(0.2), nn.Flatten(), nn.AdaptiveAvgPool2d((1, 1)), nn.ConvTranspose2d(2, 1, 2, stride=2), nn.LayerNorm(3), nn.GroupNorm(1, 2), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), nn.Identity(), nn.Sigmoid(), nn.GELU(), nn.CrossEntropyLoss(), nn.MSELoss(), nn.PReLU(), nn.ELU(), nn.Softplus(), nn.ZeroPad2d(1), nn.Unflatten(1, (1, 2)), nn.Bilinear(1, 2, 3), nn.GRU(1, 2), nn.RNNCell(1, 2), nn.Conv1d(1, 1, 3, padding="same"), nn.InstanceNorm2d(2), nn.PixelShuffle(2), nn.AlphaDropout(0.2), nn.Dropout2d(), nn.Hardtanh(), nn.LogSoftmax(1), nn.Tanh(), nn.SiLU(), nn.MultiheadAttention(4, 2)):
    print(m)
# --- repr of containers
print(nn.Sequential(), nn.ModuleList([nn.Linear(1, 1)] * 3), nn.ModuleDict({"a": nn.ReLU(), "b": nn.Linear(1, 2)}), nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.ReLU())))
# --- repr of parameter containers
print(nn.ParameterList([nn.Parameter(torch.ones(2))]), nn.ParameterDict({"w": nn.Parameter(torch.ones(1, 2))}))
# --- extra_repr
class M(nn.Module):
    def extra_repr(self):
        return "size=3"
class O(nn.Module):
    def __init__(self):
        super().__init__()
        self.m = M()
    def extra_repr(self):
        return "kind=outer"
print(M(), O())
# --- names
m = Net()
[[n for n, _ in m.named_parameters()], [n for n, _ in m.named_buffers()], [n for n, _ in m.named_modules()], [n for n, _ in m.named_children()], len(list(m.modules())), len(list(m.parameters()))]
# --- state_dict keys
m = Net()
s = m.state_dict()
[type(s).__name__, list(s), {k: v.shape for k, v in s.items()}, s._metadata["fc1"]]
# --- state_dict with prefix
m = Net()
[list(m.state_dict(prefix="net.")), list(m.fc1.state_dict())]
# --- load_state_dict
a, b = Net(), Net()
r = b.load_state_dict(a.state_dict())
print(r)
[torch.equal(a.fc1.weight, b.fc1.weight), a.fc1.weight is b.fc1.weight]
# --- load_state_dict not strict
m = Net()
s = m.state_dict()
del s["fc1.bias"]
s["other"] = torch.zeros(1)
r = m.load_state_dict(s, strict=False)
[r.missing_keys, r.unexpected_keys, r]
# --- forward of seeded net
m = Net()
m(torch.tensor([[1.0, 2.0], [0.5, -1.0]]))
# --- call and forward
m = Net()
x = torch.ones(1, 2)
torch.equal(m(x), m.forward(x))
# --- train and eval
m = nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.5), nn.BatchNorm1d(1))
m.eval()
a = [k.training for k in m.modules()]
m.train()
m[1].eval()
[a, [k.training for k in m.modules()], m.train(False) is m]
# --- requires_grad_ of a module
m = Net().requires_grad_(False)
m.fc2.weight.requires_grad = True
[p.requires_grad for p in m.parameters()]
# --- zero_grad
m = nn.Linear(2, 1)
m(torch.ones(1, 2)).sum().backward()
a = m.weight.grad.clone()
m.zero_grad()
b = m.weight.grad
m(torch.ones(1, 2)).sum().backward()
m.zero_grad(set_to_none=False)
[a, b, m.weight.grad]
# --- parameter attributes
p = nn.Parameter(torch.ones(2))
[type(p), isinstance(p, torch.Tensor), p.requires_grad, nn.Parameter(torch.ones(1), requires_grad=False).requires_grad, type(p * 2), type(p.data), p.is_leaf]
# --- parameter shares its tensor
t = torch.zeros(2)
p = nn.Parameter(t)
t[0] = 4
p
# --- assigning attributes
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.p1 = nn.Parameter(torch.ones(1))
        print(list(self._parameters))
        self.p2 = nn.Parameter(torch.ones(1))
        self.plain = torch.ones(1)
        self.register_buffer("kept", torch.ones(1))
        self.register_buffer("dropped", torch.ones(1), persistent=False)
        self.register_parameter("none", None)
m = M()
[list(m._parameters), list(m._buffers), list(m.state_dict()), m.none, m._non_persistent_buffers_set, [n for n, _ in m.named_parameters()]]
# --- reassigning and deleting
m = nn.Linear(1, 1)
m.weight = nn.Parameter(torch.full((1, 1), 3.0))
del m.bias
m.bias = None
[m(torch.ones(1, 1)), list(m.state_dict())]
# --- replacing a child
m = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
m[1] = nn.Tanh()
m.add_module("last", nn.Identity())
print(m)
# --- buffer assignment
m = nn.Module()
m.register_buffer("b", torch.zeros(1))
m.b = torch.ones(2)
[m._buffers, "b" in dict(m.named_buffers())]
# --- Sequential as a list
m = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))
[len(m), m[0], m[-1], m[:2], [type(k).__name__ for k in m]]
# --- Sequential append extend insert
m = nn.Sequential(nn.ReLU())
m.append(nn.Tanh())
m.insert(0, nn.Sigmoid())
m.extend([nn.Identity()])
print(m)
# --- Sequential of OrderedDict
from collections import OrderedDict
m = nn.Sequential(OrderedDict([("fc", nn.Linear(1, 1)), ("act", nn.ReLU())]))
[m.fc is m[0], m]
# --- ModuleList
m = nn.ModuleList([nn.Linear(1, 1)])
m.append(nn.ReLU())
m.extend([nn.Tanh()])
m.insert(1, nn.Identity())
[len(m), m[-1], m[1:3], [n for n, _ in m.named_parameters()], m]
# --- ModuleDict
m = nn.ModuleDict({"a": nn.ReLU()})
m["b"] = nn.Tanh()
m.update({"c": nn.Identity()})
[list(m.keys()), m.a, "b" in m, m.pop("b"), len(m), list(m.items())]
# --- ParameterList and ParameterDict
l = nn.ParameterList([nn.Parameter(torch.ones(1)) for _ in range(2)])
l.append(nn.Parameter(torch.zeros(1)))
d = nn.ParameterDict({"a": nn.Parameter(torch.ones(1))})
d.update({"b": nn.Parameter(torch.zeros(1))})
[len(l), l[2], list(d.keys()), d["b"], len(list(l.parameters()))]
# --- apply
m = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
seen = []
m.apply(lambda k: seen.append(type(k).__name__))
seen
# --- shared parameters are listed once
m = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
m[1].weight = m[0].weight
[len(list(m.parameters())), len(m.state_dict()), [n for n, _ in m.named_parameters()], [n for n, _ in m.named_parameters(remove_duplicate=False)]]
# --- get_submodule and get_parameter
m = nn.Sequential(nn.Sequential(nn.Linear(1, 2)))
[m.get_submodule("0.0"), m.get_parameter("0.0.bias").shape, m.get_submodule("") is m]
# --- forward hooks
m = nn.Linear(1, 1)
log = []
h = m.register_forward_hook(lambda mod, i, o: log.append((type(mod).__name__, len(i), o.shape)))
m.register_forward_pre_hook(lambda mod, i: (i[0] * 0,))
m.register_forward_hook(lambda mod, i, o: o * 0 + 5)
y = m(torch.ones(1, 1))
h.remove()
m(torch.ones(1, 1))
[y, log]
# --- forward hook with kwargs
m = Net()
seen = []
m.register_forward_hook(lambda mod, a, k, o: seen.append((len(a), list(k))), with_kwargs=True)
m(x=torch.ones(1, 2))
seen
# --- full backward hook
m = nn.Linear(2, 1, bias=False)
m.weight.data.fill_(2)
seen = []
m.register_full_backward_hook(lambda mod, gi, go: seen.append((gi, go)))
x = torch.ones(1, 2, requires_grad=True)
m(x).sum().backward()
seen
# --- full backward hook changes gradients
m = nn.Linear(2, 1, bias=False)
m.weight.data.fill_(2)
m.register_full_backward_hook(lambda mod, gi, go: (gi[0] * 10,))
x = torch.ones(1, 2, requires_grad=True)
m(x).sum().backward()
[x.grad, m.weight.grad]
# --- backward pre hook
m = nn.Linear(1, 1, bias=False)
m.weight.data.fill_(3)
m.register_full_backward_pre_hook(lambda mod, go: (go[0] * 2,))
x = torch.ones(1, 1, requires_grad=True)
m(x).backward()
[x.grad, m.weight.grad]
# --- state_dict hooks
m = nn.Linear(1, 1)
m._register_state_dict_hook(lambda mod, s, p, l: s.update(extra=torch.zeros(1)))
list(m.state_dict())
# --- to and dtype
m = nn.Linear(1, 1).double()
a = m.weight.dtype
m.to(torch.float32)
b = m.half().weight.dtype
[a, m.float().weight.dtype, b, next(m.parameters()).device]
# --- to keeps parameter objects
m = nn.Linear(1, 1)
w = m.weight
m.double()
[w is m.weight, w.dtype]
# --- to does not convert integer buffers
m = nn.BatchNorm1d(2).double()
[m.running_mean.dtype, m.num_batches_tracked.dtype]
# --- type and share_memory
[type(nn.Linear(1, 1)).__module__, nn.Linear.__module__, type(nn.Linear(1, 1)).__name__, nn.Linear(1, 1)._get_name()]
# --- _apply order and children
m = Net()
[list(m._modules), list(dict(m.named_children())), m._parameters, type(m._modules).__name__]
# --- training loop of a module
torch.manual_seed(1)
m = nn.Linear(2, 1)
o = torch.optim.SGD(m.parameters(), lr=0.1)
x, y = torch.tensor([[1.0, 2.0], [3.0, -1.0]]), torch.tensor([[1.0], [0.0]])
losses = []
for _ in range(5):
    o.zero_grad()
    loss = nn.functional.mse_loss(m(x), y)
    loss.backward()
    o.step()
    losses.append(loss.item())
[losses, m.weight, m.bias]
# --- parameters_to_vector
from torch.nn.utils import parameters_to_vector, vector_to_parameters
m = nn.Linear(2, 1)
vector_to_parameters(torch.arange(3.0), m.parameters())
[parameters_to_vector(m.parameters()), m.weight]
# --- clip_grad_norm
m = nn.Linear(2, 1)
(m(torch.ones(1, 2)) * 10).sum().backward()
n = nn.utils.clip_grad_norm_(m.parameters(), 1.0)
[n, m.weight.grad, m.bias.grad]
# --- clip_grad_value
m = nn.Linear(2, 1)
(m(torch.ones(1, 2)) * 10).sum().backward()
nn.utils.clip_grad_value_(m.parameters(), 0.5)
[m.weight.grad, m.bias.grad]
# --- register_module and dir
m = nn.Module()
m.register_module("a", nn.ReLU())
m.b = nn.Tanh()
["a" in dir(m), m.a, list(m._modules), hasattr(m, "c")]
# --- init functions constants
w = torch.empty(2, 3)
[nn.init.constant_(w, 0.3).clone(), nn.init.ones_(w).clone(), nn.init.zeros_(w).clone(), nn.init.eye_(w).clone(), nn.init.dirac_(torch.empty(2, 2, 3)), w.requires_grad]
# --- calculate_gain
[nn.init.calculate_gain(n) for n in ("linear", "conv2d", "sigmoid", "tanh", "relu", "selu")] + [nn.init.calculate_gain("leaky_relu", 0.01), nn.init.calculate_gain("leaky_relu")]
# --- init of parameters
m = nn.Linear(2, 2)
nn.init.constant_(m.weight, 2.0)
[m.weight, m.weight.grad_fn, nn.init.zeros_(m.bias) is m.bias]
# --- BatchNorm statistics
m = nn.BatchNorm1d(2)
y = m(torch.tensor([[1.0, 2.0], [3.0, 6.0]]))
[y, m.running_mean, m.running_var, m.num_batches_tracked, m.eval()(torch.tensor([[1.0, 2.0]]))]
# --- lazy linear
m = nn.LazyLinear(2)
m(torch.ones(1, 3))
[m, m.weight.shape]
