"""Optimizers and schedulers: steps, state, groups, representation."""
import torch
from torch import nn, optim


def run(make, steps=4):
    """Parameters after a few steps on a quadratic with a constant part."""
    p = nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
    q = nn.Parameter(torch.tensor([[0.5]]))
    optimizer = make([p, q])
    for _ in range(steps):
        optimizer.zero_grad()
        ((p**2).sum() * 0.5 + p.sum() + (q * 3).sum() ** 2).backward()
        optimizer.step()
    return [p, q]


# --- sgd
run(lambda p: optim.SGD(p, lr=0.1))
# --- sgd momentum
[run(lambda p: optim.SGD(p, lr=0.01, momentum=0.9)), run(lambda p: optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True)), run(lambda p: optim.SGD(p, lr=0.01, momentum=0.9, dampening=0.1, weight_decay=0.1)), run(lambda p: optim.SGD(p, lr=0.01, maximize=True))]
# --- adam
[run(lambda p: optim.Adam(p, lr=0.1)), run(lambda p: optim.Adam(p, lr=0.1, weight_decay=0.1)), run(lambda p: optim.Adam(p, lr=0.1, amsgrad=True)), run(lambda p: optim.Adam(p, betas=(0.8, 0.9), eps=1e-3))]
# --- adamw
[run(lambda p: optim.AdamW(p, lr=0.1)), run(lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.5))]
# --- rmsprop
[run(lambda p: optim.RMSprop(p, lr=0.01)), run(lambda p: optim.RMSprop(p, lr=0.01, momentum=0.9, centered=True))]
# --- adagrad adadelta adamax
[run(lambda p: optim.Adagrad(p, lr=0.1)), run(lambda p: optim.Adadelta(p)), run(lambda p: optim.Adamax(p, lr=0.1))]
# --- nadam radam asgd rprop
[run(lambda p: optim.NAdam(p, lr=0.1)), run(lambda p: optim.RAdam(p, lr=0.1)), run(lambda p: optim.ASGD(p, lr=0.1)), run(lambda p: optim.Rprop(p, lr=0.1))]
# --- lbfgs
p = nn.Parameter(torch.tensor([3.0, -1.0]))
o = optim.LBFGS([p], lr=0.5)
def closure():
    o.zero_grad()
    loss = (p**4).sum() + p.sum()
    loss.backward()
    return loss
print(o.step(closure))
p
# --- repr
p = nn.Parameter(torch.ones(1))
print(optim.SGD([p], lr=0.1), optim.Adam([p]), optim.AdamW([p]))
# --- defaults and groups
p = nn.Parameter(torch.ones(1))
o = optim.SGD([p], lr=0.1, momentum=0.9)
[o.defaults, {k: v for k, v in o.param_groups[0].items() if k != "params"}, o.state, o.param_groups[0]["params"][0] is p]
# --- adam groups
o = optim.Adam([nn.Parameter(torch.ones(1))])
[{k: v for k, v in o.param_groups[0].items() if k != "params"}, o.defaults]
# --- state of sgd
p = nn.Parameter(torch.ones(2))
o = optim.SGD([p], lr=0.1, momentum=0.9)
p.grad = torch.ones(2)
o.step()
[o.state[p], o.state_dict(), p]
# --- state of adam
p = nn.Parameter(torch.ones(2))
o = optim.Adam([p], lr=0.1)
p.grad = torch.tensor([1.0, 2.0])
o.step()
[o.state[p], o.state_dict()]
# --- state_dict of two groups
a, b = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
o = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
o.state_dict()
# --- load_state_dict
def make():
    p = nn.Parameter(torch.ones(2))
    return p, optim.SGD([p], lr=0.1, momentum=0.9)
p, o = make()
p.grad = torch.ones(2)
o.step()
q, r = make()
q.data.copy_(p.data)
r.load_state_dict(o.state_dict())
for w, k in ((p, o), (q, r)):
    w.grad = torch.ones(2)
    k.step()
[p, q, r.state[q]["momentum_buffer"] is o.state[p]["momentum_buffer"]]
# --- add_param_group
a, b = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
o = optim.SGD([a], lr=0.1, momentum=0.9)
o.add_param_group({"params": b, "lr": 0.0001, "nesterov": True})
[list(o.param_groups[1]), o.param_groups[1]["params"][0] is b, o.param_groups[1]["momentum"]]
# --- zero_grad
p = nn.Parameter(torch.ones(1))
o = optim.SGD([p], lr=0.1)
p.grad = torch.ones(1)
o.zero_grad(set_to_none=False)
a = p.grad.clone()
o.zero_grad()
[a, p.grad]
# --- step without gradients
p = nn.Parameter(torch.ones(1))
o = optim.Adam([p], lr=0.1)
o.step()
[p, len(o.state)]
# --- learning rate changed by hand
p = nn.Parameter(torch.zeros(1))
o = optim.SGD([p], lr=1.0)
seen = []
for epoch in range(4):
    for g in o.param_groups:
        g["lr"] = 0.1 ** (epoch // 2)
    p.grad = torch.ones(1)
    o.step()
    seen.append(p.item())
seen
# --- closure
p = nn.Parameter(torch.tensor([2.0]))
o = optim.SGD([p], lr=0.1)
def closure():
    o.zero_grad()
    loss = (p**2).sum()
    loss.backward()
    return loss
[o.step(closure), o.step(closure), p]
# --- tensor learning rate
p = nn.Parameter(torch.ones(2))
o = optim.SGD([p], lr=torch.tensor(0.1))
p.grad = torch.ones(2)
o.step()
p
# --- generators and named parameters
m = nn.Linear(1, 1)
o = optim.SGD(m.parameters(), lr=0.1)
k = optim.SGD(m.named_parameters(), lr=0.1)
[len(o.param_groups[0]["params"]), k.param_groups[0]["param_names"]]
# --- shared data stays shared
p = nn.Parameter(torch.ones(2))
d = p.data
o = optim.SGD([p], lr=0.5)
p.grad = torch.ones(2)
o.step()
[d, p.grad]
# --- sgd of double and of views
w = torch.ones(2, 2, dtype=torch.float64, requires_grad=True)
o = optim.SGD([w], lr=0.1, momentum=0.5)
for _ in range(2):
    o.zero_grad()
    (w.t()[0] * 2).sum().backward()
    o.step()
w
# --- StepLR MultiStepLR ExponentialLR
def rates(make, n=6):
    o = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
    s = make(o)
    out = []
    for _ in range(n):
        out.append(o.param_groups[0]["lr"])
        o.step()
        s.step()
    return out
S = optim.lr_scheduler
[rates(lambda o: S.StepLR(o, 2, 0.5)), rates(lambda o: S.MultiStepLR(o, [2, 4], 0.1)), rates(lambda o: S.ExponentialLR(o, 0.9)), rates(lambda o: S.LambdaLR(o, lambda t: t / 10)), rates(lambda o: S.CosineAnnealingLR(o, 4)), rates(lambda o: S.LinearLR(o, 0.5, total_iters=3)), rates(lambda o: S.ConstantLR(o)), rates(lambda o: S.PolynomialLR(o, 4)), rates(lambda o: S.MultiplicativeLR(o, lambda t: 0.5)), rates(lambda o: S.CosineAnnealingWarmRestarts(o, 2)), rates(lambda o: S.OneCycleLR(o, 2.0, total_steps=7)), rates(lambda o: S.CyclicLR(o, 0.1, 1.0, step_size_up=2, cycle_momentum=False))]
# --- ReduceLROnPlateau
o = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
s = optim.lr_scheduler.ReduceLROnPlateau(o, mode="max", patience=1, factor=0.5)
out = []
for v in (1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0):
    s.step(v)
    out.append(o.param_groups[0]["lr"])
[out, s.get_last_lr()]
# --- scheduler state
o = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
s = optim.lr_scheduler.StepLR(o, 2)
o.step()
s.step()
[s.state_dict(), s.get_last_lr(), o.param_groups[0]["initial_lr"]]
# --- scheduler before optimizer warns
o = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
s = optim.lr_scheduler.StepLR(o, 2)
s.step()
o.param_groups[0]["lr"]
# --- chained schedulers
S = optim.lr_scheduler
o = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
s = S.SequentialLR(o, [S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)], [2])
out = []
for _ in range(5):
    out.append(o.param_groups[0]["lr"])
    o.step()
    s.step()
out
# --- optimizer hooks
p = nn.Parameter(torch.ones(1))
o = optim.SGD([p], lr=0.1)
log = []
o.register_step_pre_hook(lambda *a: log.append("pre"))
o.register_step_post_hook(lambda *a: log.append("post"))
p.grad = torch.ones(1)
o.step()
log
# --- training of an mlp with adam
torch.manual_seed(0)
m = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
o = optim.Adam(m.parameters(), lr=0.05)
x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
losses = []
for step in range(12):
    o.zero_grad()
    loss = ((m(x) - y) ** 2).mean()
    loss.backward()
    o.step()
    losses.append(loss.item())
losses
# --- gradient accumulation
p = nn.Parameter(torch.ones(2))
o = optim.SGD([p], lr=0.1)
for i in range(4):
    (p * (i + 1)).sum().backward()
    if i % 2:
        o.step()
        o.zero_grad()
p
# --- ema by hand
p = nn.Parameter(torch.ones(2))
o = optim.SGD([p], lr=0.5)
ema = p.detach().clone()
for _ in range(3):
    o.zero_grad()
    (p**2).sum().backward()
    o.step()
    with torch.no_grad():
        ema.mul_(0.9).add_(p, alpha=0.1)
[ema, p]
# --- hand-written gradient descent
w = torch.tensor([1.0, 1.0], requires_grad=True)
for _ in range(5):
    loss = ((w - 3) ** 2).sum()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad.zero_()
[w, loss]
