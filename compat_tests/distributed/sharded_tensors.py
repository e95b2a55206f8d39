"""DTensors of two processes: what they print, how they lie after operations, their values, gradients and errors. Numbers are whole, so that they are exact."""

PROCESSES = 2

_SETTING = """
import importlib
of = lambda name: importlib.import_module(f"{torch.__name__}.distributed.{name}")
tensor = of("tensor")
Shard, Replicate, Partial, DTensor, distribute_tensor = tensor.Shard, tensor.Replicate, tensor.Partial, tensor.DTensor, tensor.distribute_tensor
F = nn.functional
mesh = dist.device_mesh.init_device_mesh("cpu", (2,))
x = distribute_tensor(torch.arange(12.).reshape(4, 3), mesh, [Shard(0)])
w = distribute_tensor(torch.arange(6.).reshape(2, 3), mesh, [Replicate()])
def lies(t): return [str(p) for p in t.placements], tuple(t.shape), t.full_tensor().tolist()
"""

_ROWS = {
    "repr": "repr(x), repr(mesh), repr(Partial()), x.placements, x.shape, x.stride(), str(x._spec)",
    "pointwise": "lies(x * 2 + 1), lies(-x), lies(x + w.sum())",
    "reductions": "lies(x.sum(0)), lies(x.sum(1)), lies(x.mean()), lies(x.sum())",
    "products": "lies(x @ w.t()), lies(F.linear(x, w)), lies(x.t() @ x)",
    "columns and rows": """
a = distribute_tensor(torch.arange(8.).reshape(2, 4), mesh, [Shard(1)])
b = distribute_tensor(torch.arange(12.).reshape(4, 3), mesh, [Shard(0)])
lies(a @ b)""",
    "views": "lies(x.t()), lies(x.view(2, 6)), lies(x.reshape(12)), lies(x[:, 1:]), lies(x.unsqueeze(1))",
    "uneven": """
u = distribute_tensor(torch.arange(3.), mesh, [Shard(0)])
u.to_local(), lies(u + u), lies(u.redistribute(placements=[Replicate()]))""",
    "redistribute": """
lies(x.redistribute(mesh, [Shard(1)])), x.redistribute(mesh, [Shard(1)]).to_local(), lies(x.sum(0).redistribute(mesh, [Shard(0)]))""",
    "from_local": """
local = torch.full((2, 2), float(rank + 1), requires_grad=True)
d = DTensor.from_local(local, mesh, [Shard(0)])
(d * 3).sum().redistribute(placements=[Replicate()]).to_local().backward()
lies(d.detach()), local.grad""",
    "gradients": """
p = nn.Parameter(distribute_tensor(torch.arange(6.).reshape(2, 3), mesh, [Replicate()]))
q = distribute_tensor(torch.arange(12.).reshape(4, 3), mesh, [Shard(0)]).requires_grad_()
F.linear(q, p).sum().backward()
p.grad.full_tensor(), q.grad.full_tensor()""",
    "embedding": """
table = nn.Parameter(distribute_tensor(torch.arange(8.).reshape(4, 2), mesh, [Shard(0)]))
found = F.embedding(distribute_tensor(torch.tensor([3, 0, 1, 3]), mesh, [Replicate()]), table)
values = found.full_tensor()
values.sum().backward()
values, table.grad.full_tensor()""",
    "in place": "lies(x.add_(distribute_tensor(torch.ones(4, 3), mesh, [Shard(0)])).mul_(2))",
    "alike": "lies(torch.zeros_like(x)), lies(torch.full_like(x, 2)), x.new_zeros is not None",
    "made": "lies(tensor.zeros(3, 2, device_mesh=mesh, placements=[Shard(0)])), lies(tensor.full((2, 2), 7., device_mesh=mesh, placements=[Replicate()]))",
    "mixed with a plain tensor": "x + torch.ones(4, 3)",
    "mixed with a plain number": "lies(x + torch.tensor(2.))",
    "a dimension that is not there": "distribute_tensor(torch.ones(3), mesh, [Shard(1)])",
    "too many placements": "distribute_tensor(torch.ones(3), mesh, [Shard(0), Shard(0)])",
    "a parameter": "type(nn.Parameter(x)).__name__, isinstance(nn.Parameter(x), nn.Parameter), nn.Parameter(x).requires_grad",
    "distribute_module": """
net = tensor.distribute_module(nn.Linear(3, 2), mesh)
net.weight.placements, list(net.state_dict())""",
    "norms": "nn.utils.clip_grad_norm_([p for p in [nn.Parameter(x)] if setattr(p, 'grad', x) is None], 1.0).full_tensor().item() > 22.4",
    "sequence parallel, with a loss over parts of the classes": """
parallel = of("tensor.parallel")
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.norm, self.up, self.down, self.head = nn.Embedding(6, 4), nn.LayerNorm(4), nn.Linear(4, 8), nn.Linear(8, 4), nn.Linear(4, 6)
    def forward(self, t):
        x = self.words(t)
        return self.head(x + self.down(torch.tanh(self.up(self.norm(x)))))
torch.manual_seed(1)
net, alone = Net().double(), Net().double()
alone.load_state_dict(net.state_dict())
plan = {
    "words": parallel.RowwiseParallel(input_layouts=Replicate(), output_layouts=Shard(1), use_local_output=False), "norm": parallel.SequenceParallel(),
    "up": parallel.ColwiseParallel(), "down": parallel.RowwiseParallel(output_layouts=Shard(1), use_local_output=False),
    "head": parallel.ColwiseParallel(input_layouts=Shard(1), output_layouts=Shard(-1), use_local_output=False),
}
net = parallel.parallelize_module(net, mesh, plan)
t = torch.tensor([[0, 5, 2, 1], [3, 3, 4, 0]])
optimizer, its = torch.optim.AdamW(net.parameters(), lr=0.05), torch.optim.AdamW(alone.parameters(), lr=0.05)
for _ in range(2):
    optimizer.zero_grad(), its.zero_grad()
    with parallel.loss_parallel():
        F.cross_entropy(net(t).flatten(0, 1), distribute_tensor(t.flatten(), mesh, [Replicate()])).backward()
    F.cross_entropy(alone(t).flatten(0, 1), t.flatten()).backward()
    optimizer.step(), its.step()
max((p.full_tensor() - q).abs().max().item() for p, q in zip(net.parameters(), alone.parameters())) < 1e-10""",
    "a checkpoint of four processes": """
torch.manual_seed(8)
net = nn.Sequential(nn.Linear(5, 6), nn.Sequential(nn.Tanh(), nn.Linear(6, 6), nn.LayerNorm(6)), nn.Linear(6, 3)).double()
of("fsdp").fully_shard(net)
optimizer = torch.optim.AdamW(net.parameters(), lr=0.05)
names = of("checkpoint.state_dict")
model, state = names.get_state_dict(net, optimizer)
loaded = {"model": model, "optimizer": state, "epoch": 0}
of("checkpoint").load(loaded, checkpoint_id=folder + "/checkpoint")
names.set_state_dict(net, optimizer, model_state_dict=loaded["model"], optim_state_dict=loaded["optimizer"])
loaded["epoch"], [round(p.full_tensor().sum().item(), 9) for p in net.parameters()], [round(optimizer.state[p]["exp_avg_sq"].full_tensor().sum().item(), 9) for p in net.parameters()], [optimizer.state[p]["step"].item() for p in net.parameters()]""",
}

CASES = {name: _SETTING + code for name, code in _ROWS.items()}
