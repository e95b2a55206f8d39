"""DistributedDataParallel: what two processes do."""

PROCESSES = 2

_MODEL = """
torch.manual_seed(rank)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.BatchNorm1d(4), nn.Linear(4, 2)).double()
ddp = nn.parallel.DistributedDataParallel(net)
torch.manual_seed(0)
x = torch.randn(8, 3, dtype=torch.float64)[rank * 4 : rank * 4 + 4]
def rounded(tensors): return [[round(v, 9) + 0.0 for v in t.detach().flatten().tolist()] for t in tensors]
"""

_BRANCHES = """
class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(2, 1), nn.Linear(2, 1), nn.Linear(2, 1)
    def forward(self, x, which):
        return self.a(x) if which == 0 else self.b(x)
torch.manual_seed(0)
net = Branches()
x = torch.ones(1, 2)
"""

CASES = {
    "parameters are those of rank 0": _MODEL + "rounded(net.parameters())",
    "gradients": _MODEL + "ddp(x).pow(2).sum().backward()\nrounded(p.grad for p in net.parameters())",
    "buffers follow rank 0": _MODEL + "ddp(x); ddp(x)\nrounded([net[2].running_mean])",
    "keys": _MODEL + "list(ddp.state_dict()), repr(ddp), [n for n, _ in ddp.named_modules()]",
    "no_sync": _MODEL
    + """
with ddp.no_sync():
    ddp(x).sum().backward()
local = rounded([net[0].weight.grad])
ddp(x).pow(2).sum().backward()
local, rounded(p.grad for p in net.parameters())""",
    "accumulation": _MODEL
    + """
for part in x.chunk(2): ddp(part).pow(2).sum().backward()
rounded(p.grad for p in net.parameters())""",
    "small buckets": _MODEL
    + """
ddp = nn.parallel.DistributedDataParallel(net, bucket_cap_mb=0.00001)
ddp(x).pow(2).sum().backward()
rounded(p.grad for p in net.parameters())""",
    "frozen parameters": _MODEL
    + """
net[0].weight.requires_grad_(False)
ddp = nn.parallel.DistributedDataParallel(net)
ddp(x).pow(2).sum().backward()
[p.grad is None for p in net.parameters()]""",
    "no_grad": _MODEL
    + """
with torch.no_grad(): y = ddp(x)
y.requires_grad, y.shape""",
    "a step of SGD": _MODEL
    + """
optimizer = torch.optim.SGD(ddp.parameters(), lr=0.1, momentum=0.9)
for _ in range(3):
    optimizer.zero_grad()
    loss = ddp(x).pow(2).mean()
    if rank == 0: loss.item()
    loss.backward()
    optimizer.step()
rounded(net.parameters())""",
    "clipping": _MODEL
    + """
ddp(x).pow(2).sum().backward()
round(torch.nn.utils.clip_grad_norm_(ddp.parameters(), 1.0).item(), 8)""",
    "a hook": _MODEL
    + """
seen = []
def hook(state, bucket):
    seen.append((state, bucket.index(), bucket.is_last(), bucket.buffer().numel(), [tuple(p.shape) for p in bucket.parameters()], len(bucket.gradients())))
    return dist.all_reduce(bucket.buffer() * 2, async_op=True).get_future().then(lambda future: future.value()[0])
ddp.register_comm_hook("state", hook)
ddp(x).pow(2).sum().backward()
seen, rounded(p.grad for p in net.parameters())""",
    "fp16 compressed": _BRANCHES
    + """
from importlib import import_module
hooks = import_module(dist.__name__ + ".algorithms.ddp_comm_hooks.default_hooks")
ddp = nn.parallel.DistributedDataParallel(net.a)
ddp.register_comm_hook(None, hooks.fp16_compress_hook)
ddp(x * (rank + 1)).sum().backward()
net.a.weight.grad""",
    "fp16 around a hook": _BRANCHES
    + """
from importlib import import_module
hooks = import_module(dist.__name__ + ".algorithms.ddp_comm_hooks.default_hooks")
ddp = nn.parallel.DistributedDataParallel(net.a)
ddp.register_comm_hook(None, hooks.fp16_compress_wrapper(hooks.allreduce_hook))
ddp(x * (rank + 1)).sum().backward()
net.a.weight.grad""",
    "unused parameters": _BRANCHES
    + """
ddp = nn.parallel.DistributedDataParallel(net, find_unused_parameters=True)
ddp(x * (rank + 1), rank).sum().backward()
net.a.weight.grad, net.b.weight.grad, net.c.weight.grad""",
    "unused parameters, unforeseen": _BRANCHES
    + """
ddp = nn.parallel.DistributedDataParallel(net)
ddp(x, 0).sum().backward()
ddp(x, 0)""",
    "join": _BRANCHES
    + """
ddp = nn.parallel.DistributedDataParallel(net.a)
optimizer = torch.optim.SGD(ddp.parameters(), lr=0.5)
with ddp.join():
    for i in range(2 + rank):
        optimizer.zero_grad()
        ddp(x * (i + 1)).sum().backward()
        optimizer.step()
net.a.weight""",
    "join, divided by those that are there": _BRANCHES
    + """
ddp = nn.parallel.DistributedDataParallel(net.a)
with ddp.join(divide_by_initial_world_size=False):
    for i in range(3 - rank):
        ddp.zero_grad()
        ddp(x * (i + 1)).sum().backward()
        grad = net.a.weight.grad.clone()
grad""",
    "nothing to train": "nn.parallel.DistributedDataParallel(nn.ReLU())",
    "a device on the CPU": """
try:
    nn.parallel.DistributedDataParallel(nn.Linear(1, 1), device_ids=[0])
except ValueError as error:
    message = str(error)[:60]
message""",
    "samplers": """
from importlib import import_module
data = import_module(torch.__name__ + ".utils.data")
sampler = data.DistributedSampler(range(7), seed=3)
sampler.set_epoch(2)
list(sampler), len(sampler)""",
}
