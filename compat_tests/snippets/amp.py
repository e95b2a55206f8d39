"""Mixed precision: autocast on the CPU, gradient scaling, and what both say where there is no GPU."""
import torch
import torch.nn.functional as F

torch.manual_seed(0)
x = torch.tensor([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]], requires_grad=True)
w = torch.tensor([[0.1, 0.2, 0.3], [1.0, -1.0, 0.5]], requires_grad=True)

# --- products take bfloat16
with torch.autocast("cpu"):
    a = x @ w.t()
    b = F.linear(x, w, torch.ones(2))
    c = torch.mv(x, torch.ones(3))
    d = torch.matmul(x, torch.ones(3))
    e = torch.einsum("ij,kj->ik", x, w)
    f = torch.bmm(x[None], w.t()[None])
    g = torch.addmm(torch.ones(2), x, w.t())
    h = x * w
    k = torch.matmul(torch.ones(3), torch.ones(3))
[t.dtype for t in (a, b, c, d, e, f, g, h, k)]
# --- what follows keeps its dtype
with torch.autocast("cpu"):
    a = x @ w.t()
    out = [torch.relu(a), torch.softmax(a, 1), a.sum(), a.mean(), a + 1, a.exp(), torch.cat([a, x[:, :2]]), a * x[:, :2], torch.stack([a, a])]
[t.dtype for t in out]
# --- losses take float32
t = torch.tensor([0, 1])
with torch.autocast("cpu"):
    a = x @ w.t()
    out = [F.cross_entropy(a, t), F.mse_loss(a, torch.ones(2, 2)), F.l1_loss(a, torch.ones(2, 2).bfloat16()), F.nll_loss(a, t), F.binary_cross_entropy_with_logits(a, torch.ones(2, 2)), F.smooth_l1_loss(a, torch.ones(2, 2)), F.kl_div(a, torch.ones(2, 2), reduction="sum")]
[(v.dtype, v.detach()) for v in out]
# --- gradients come back in float32
with torch.autocast("cpu"):
    loss = F.cross_entropy(F.linear(x, w), torch.tensor([0, 1]))
loss.backward()
[loss.detach(), x.grad, w.grad, x.grad.dtype]
# --- one cast of a parameter
with torch.autocast("cpu"):
    a = F.linear(x, w)
    b = F.linear(x * 2, w)
(a.sum() + b.sum()).float().backward()
w.grad
# --- the cast shows in the graph
with torch.autocast("cpu"):
    y = torch.mm(x, w.t())
[y.grad_fn.name(), [n[0].name() for n in y.grad_fn.next_functions]]
# --- a small network
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.LayerNorm(4), torch.nn.Linear(4, 2))
with torch.autocast("cpu", dtype=torch.bfloat16):
    out = net(x)
    loss = F.cross_entropy(out, torch.tensor([0, 1]))
loss.backward()
[out.dtype, loss.dtype, [p.grad.dtype for p in net.parameters()]]
# --- convolutions
net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.ReLU(), torch.nn.MaxPool2d(2))
with torch.autocast("cpu"):
    out = net(torch.ones(1, 1, 6, 6))
[out.dtype, net[1].running_mean.dtype]
# --- float64 and integers are left alone
with torch.autocast("cpu"):
    out = [torch.mm(x.double(), w.t().double()), torch.mm(torch.ones(2, 2, dtype=torch.int64), torch.ones(2, 2, dtype=torch.int64))]
[t.dtype for t in out]
# --- in place is left alone
y = torch.zeros(2, 2)
with torch.autocast("cpu"):
    y.addmm_(torch.ones(2, 3), torch.ones(3, 2))
y.dtype
# --- nested and disabled
with torch.autocast("cpu"):
    a = x @ w.t()
    with torch.autocast("cpu", enabled=False):
        b = x @ w.t()
        c = a.float() @ torch.ones(2, 2)
    with torch.autocast("cpu", dtype=torch.float16):
        d = torch.mm(torch.ones(2, 2), torch.ones(2, 2))
[t.dtype for t in (a, b, c, d)] + [torch.is_autocast_enabled("cpu")]
# --- as a decorator
@torch.autocast("cpu")
def f(a, b):
    "doc"
    return a @ b
[f(x, w.t()).dtype, f.__doc__, torch.is_autocast_enabled("cpu")]
# --- what is enabled
out = [torch.is_autocast_enabled(), torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu"), torch.get_autocast_dtype("cuda"), torch.is_autocast_cache_enabled()]
with torch.autocast("cpu", cache_enabled=False):
    out += [torch.is_autocast_enabled("cpu"), torch.is_autocast_cache_enabled(), torch.is_autocast_enabled()]
out
# --- cuda autocast without a GPU
with torch.autocast("cuda"):
    y = x @ w.t()
[y.dtype, torch.is_autocast_enabled()]
# --- cuda.amp.autocast
with torch.cuda.amp.autocast():
    y = x @ w.t()
y.dtype
# --- a dtype autocast does not know
with torch.autocast("cpu", dtype=torch.float32):
    print((x @ w.t()).dtype)
# --- a device autocast does not know
torch.autocast("quantum")
# --- a device that is no string
torch.autocast(3)
# --- a decorator without a function
torch.autocast("cpu")(3)
# --- autocast availability
[torch.amp.is_autocast_available("cpu"), torch.amp.is_autocast_available("cuda"), torch.amp.is_autocast_available("quantum")]
# --- custom_fwd and custom_bwd
class F1(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a @ a
    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        return g @ a.t() + a.t() @ g
z = torch.ones(2, 2, requires_grad=True)
with torch.autocast("cpu"):
    y = F1.apply(z)
y.sum().backward()
[y.dtype, z.grad]
# --- scaler on the CPU
p = torch.tensor([1.0, 2.0], requires_grad=True)
opt = torch.optim.SGD([p], lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2)
seen = []
for factor in (1.0, float("inf"), 1.0, 1.0, 1.0):
    opt.zero_grad()
    scaler.scale((p * factor).sum()).backward()
    scaler.step(opt)
    scaler.update()
    seen.append((p.detach().clone(), scaler.get_scale()))
[seen, scaler.state_dict()]
# --- scaler unscales once
p = torch.tensor([1.0], requires_grad=True)
opt = torch.optim.SGD([p], lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
scaler.scale(p.sum()).backward()
before = p.grad.clone()
scaler.unscale_(opt)
torch.nn.utils.clip_grad_norm_([p], 0.5)
scaler.step(opt)
scaler.update()
[before, p.grad, p.detach()]
# --- scaler unscales twice
p = torch.tensor([1.0], requires_grad=True)
opt = torch.optim.SGD([p], lr=0.1)
scaler = torch.amp.GradScaler("cpu")
scaler.scale(p.sum()).backward()
scaler.unscale_(opt)
scaler.unscale_(opt)
# --- scaler steps twice
p = torch.tensor([1.0], requires_grad=True)
opt = torch.optim.SGD([p], lr=0.1)
scaler = torch.amp.GradScaler("cpu")
scaler.scale(p.sum()).backward()
scaler.step(opt)
scaler.step(opt)
# --- scaler steps before scaling
p = torch.tensor([1.0], requires_grad=True)
torch.amp.GradScaler("cpu").step(torch.optim.SGD([p], lr=0.1))
# --- scaler of lists, state and pickling
import pickle
scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
a, (b,) = scaler.scale([torch.ones(1), (torch.ones(1),)])
other = torch.amp.GradScaler("cpu")
other.load_state_dict(scaler.state_dict())
scaler.update(16.0)
again = pickle.loads(pickle.dumps(scaler))
[a, b, other.get_scale(), scaler.get_scale(), again.get_scale(), scaler.get_growth_factor(), scaler.get_backoff_factor(), scaler.get_growth_interval(), scaler.is_enabled()]
# --- scaler growth factor
torch.amp.GradScaler("cpu", growth_factor=1.0)
# --- scaler without a GPU is off
scaler = torch.cuda.amp.GradScaler(enabled=True)
p = torch.tensor([1.0], requires_grad=True)
opt = torch.optim.SGD([p], lr=0.1)
loss = p.sum()
print(scaler.scale(loss) is loss)
loss.backward()
scaler.unscale_(opt)
scaler.step(opt)
scaler.update()
[p, scaler.state_dict(), scaler.is_enabled(), scaler.get_scale()]
# --- scaler for cuda without a GPU
torch.amp.GradScaler("cuda").is_enabled()
# --- recurrent layers and cells
torch.manual_seed(0)
x = torch.randn(2, 3, 4)
made = []
with torch.autocast("cpu", dtype=torch.bfloat16):
    for layer in (torch.nn.LSTM(4, 5), torch.nn.GRU(4, 5), torch.nn.RNN(4, 5)):
        for given in (x, x.bfloat16()):
            out, hidden = layer(given)
            out.float().sum().backward()
            made.append((out.dtype, hidden[0].dtype, layer.weight_ih_l0.grad.dtype))
    for cell in (torch.nn.LSTMCell(4, 5), torch.nn.GRUCell(4, 5), torch.nn.RNNCell(4, 5)):
        made += [torch.stack(list(cell(given))).dtype for given in (x[0], x[0].bfloat16())]
made
