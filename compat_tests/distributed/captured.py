"""Training steps under `jtorch.capture`, with the collectives in the program: what two processes do. Under torch, which has no `capture`, steps run as they are."""

PROCESSES = 2

_STEPS = """
import contextlib
capture = getattr(torch, "capture", lambda function: function)
def train(step_of, captured=capture, rank=rank, world=world, short=False):
    torch.manual_seed(3)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2)).double()
    if world > 1:
        net = nn.parallel.DistributedDataParallel(nn.SyncBatchNorm.convert_sync_batchnorm(net) if torch.__name__ == "jtorch" else net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    step = captured(step_of(net, optimizer))
    generator = torch.Generator().manual_seed(5)
    for i in range(7):
        mine = slice(8 // world * rank, 8 // world * rank + 8 // world)
        x = torch.randn(8, 3, generator=generator, dtype=torch.float64)[mine]
        y = torch.randint(2, (8,), generator=generator)[mine]
        if short and i % 3 == 2 and rank == 1: x, y = x[:3], y[:3]
        loss = step(x, y)
        if rank == 0 and i == 3: loss.item()
    return torch.cat([t.detach().flatten().double() for t in net.state_dict().values()])
def plainly(function): return function
def plain(net, optimizer):
    def step(x, y):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss
    return step
def accumulated(net, optimizer):
    def step(x, y):
        optimizer.zero_grad()
        with net.no_sync() if hasattr(net, "no_sync") else contextlib.nullcontext():
            nn.functional.cross_entropy(net(x.flip(1)), y).backward()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss
    return step
def scaled(net, optimizer):
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=3)
    def step(x, y):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.detach()
    return step
def agree(step_of):
    # As the uncaptured run, and as one process on the whole batch. Torch has no synchronized statistics on the CPU.
    found = train(step_of)
    return torch.__name__ == "torch" or (
        (found - train(step_of, plainly)).abs().max().item() < 1e-10 and (found - train(step_of, plainly, 0, 1)).abs().max().item() < 1e-10)
"""

CASES = {
    "a step": _STEPS + "agree(plain)",
    "gradients accumulated": _STEPS + "agree(accumulated)",
    "a scaled loss": _STEPS + "agree(scaled)",
    "batches of other sizes on one process": _STEPS
    + "torch.__name__ == 'torch' or (train(plain, short=True) - train(plain, plainly, short=True)).abs().max().item() < 1e-10",
    "a hook": _STEPS
    + """
net = nn.Linear(2, 1)
with torch.no_grad():
    for p in net.parameters(): p.fill_(0.5)
ddp = nn.parallel.DistributedDataParallel(net)
def hook(state, bucket):
    return dist.all_reduce(bucket.buffer() * 2, async_op=True).get_future().then(lambda future: future.value()[0])
ddp.register_comm_hook(None, hook)
@capture
def step(x):
    ddp.zero_grad()
    ddp(x).sum().backward()
for i in range(4): step(torch.ones(3, 2) * (rank + i))
net.weight.grad, net.bias.grad""",
    "all kinds": """
capture = getattr(torch, "capture", lambda function: function)
@capture
def all_kinds(x):
    summed, mean, given, rows = x.clone(), x.clone(), x * 10, [torch.zeros(4) for _ in range(world)]
    dist.all_reduce(summed)
    dist.all_reduce(mean, dist.ReduceOp.AVG)
    dist.broadcast(given, 1)
    dist.all_gather(rows, x)
    whole = torch.zeros(8)
    dist.all_gather_into_tensor(whole, x + 1)
    part = torch.zeros(2)
    dist.reduce_scatter_tensor(part, x)
    dist.reduce_scatter(part[:1], [x[:1], x[1:2]])
    exchanged = torch.zeros(4)
    dist.all_to_all_single(exchanged, x)
    scattered = torch.zeros(1)
    dist.scatter(scattered, [x[:1], x[1:2]] if rank == 0 else None, 0)
    gathered = [torch.zeros(4) for _ in range(world)]
    dist.gather(x, gathered if rank == 1 else None, 1)
    dist.barrier()
    flags = x > 2
    dist.broadcast(flags, 0)
    half = x.to(torch.bfloat16)
    dist.all_reduce(half, dist.ReduceOp.MAX)
    empty = x[:0].clone()
    dist.all_reduce(empty)
    work = dist.all_reduce(summed, async_op=True)
    return summed * 2 if work.wait() else None, mean, given, rows, whole, part, exchanged, scattered, gathered, flags, half, empty
[all_kinds(torch.arange(4.) + rank * i) for i in range(4)]""",
    "two groups": """
capture = getattr(torch, "capture", lambda function: function)
other, alone = dist.new_group(), [dist.new_group([i]) for i in range(2)][rank]
@capture
def step(x):
    y = x * 2
    dist.all_reduce(y, group=other)
    dist.all_reduce(x)
    dist.all_reduce(y, group=alone)
    return x + y
[step(torch.ones(2) * (rank + i)) for i in range(4)]""",
}
