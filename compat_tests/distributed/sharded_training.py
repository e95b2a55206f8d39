"""Training whose parameters, optimizer state or layers are spread over four processes: the parameters afterwards, whole.

Each row is run under torch as it stands, and what torch got is what it must give; and each compares itself with one process on the whole batch.
"""

PROCESSES = 4

_SETTING = """
import importlib
of = lambda name: importlib.import_module(f"{torch.__name__}.distributed.{name}")
F = nn.functional
generator = torch.Generator().manual_seed(5)
X = torch.randn(8, 5, generator=generator, dtype=torch.float64).to(dtype)
Y = torch.randn(8, 3, generator=generator, dtype=torch.float64).to(dtype)
mine = slice(8 // world * rank, 8 // world * (rank + 1))
def model():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(5, 6), nn.Sequential(nn.Tanh(), nn.Linear(6, 6), nn.LayerNorm(6)), nn.Linear(6, 3)).to(dtype)
def whole(t):
    return t.full_tensor() if hasattr(t, "full_tensor") else t
def values(net):
    return torch.cat([whole(p).detach().flatten().double() for p in net.parameters()])
def train(net, optimizer, x, y, steps=3, clip=None):
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(net(x), y).backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(net.parameters(), clip)
        optimizer.step()
def adam(net):
    return torch.optim.AdamW(net.parameters(), lr=0.05)
def sgd(net):
    return torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
def same(found, make, **options):
    alone = model()
    train(alone, make(alone), X, Y, **options)
    off = (values(alone) - found).abs().max().item()
    if off > (1e-10 if dtype is torch.float64 else 1e-5):
        raise AssertionError(f"off by {off} from one process")
    return found.tolist()
"""


def _case(code: str, dtype: str = "float64") -> str:
    return f"dtype = torch.{dtype}\n{_SETTING}\n{code}"


CASES = {
    "fully_shard": _case("""
net = model()
of("fsdp").fully_shard(net[1])
of("fsdp").fully_shard(net)
optimizer = adam(net)
train(net, optimizer, X[mine], Y[mine], clip=0.5)
state = of("checkpoint.state_dict").get_state_dict(net, optimizer)
of("checkpoint").save({"model": state[0], "optimizer": state[1], "epoch": 3}, checkpoint_id=folder + "/checkpoint")
same(values(net), adam, clip=0.5)
"""),
    "fully_shard, float32, gradients collected": _case(
        """
net = of("fsdp").fully_shard(model(), mesh=dist.device_mesh.init_device_mesh("cpu", (2, 2), mesh_dim_names=("a", "b")))
optimizer = sgd(net)
for _ in range(2):
    optimizer.zero_grad()
    net.set_requires_gradient_sync(False)
    F.mse_loss(net(X[mine][:1]), Y[mine][:1]).div(2).backward()
    net.set_requires_gradient_sync(True)
    F.mse_loss(net(X[mine][1:]), Y[mine][1:]).div(2).backward()
    optimizer.step()
same(values(net), sgd, steps=2)
""",
        "float32",
    ),
    "FullyShardedDataParallel": _case("""
fsdp, wrapper = of("fsdp"), of("algorithms._checkpoint.checkpoint_wrapper")
net = model()
wrapper.apply_activation_checkpointing(net, check_fn=lambda m: isinstance(m, nn.Linear))
net = fsdp.FullyShardedDataParallel(net, auto_wrap_policy=of("fsdp.wrap").ModuleWrapPolicy({nn.Sequential}), use_orig_params=True, device_id=torch.device("cpu"))
train(net, sgd(net), X[mine], Y[mine])
state = net.state_dict()
found = torch.cat([state[name].flatten() for name in ("0.weight", "0.bias", "1.1.weight", "1.1.bias", "1.2.weight", "1.2.bias", "2.weight", "2.bias")])
same(found, sgd)
"""),
    "tensor parallel within data parallel": _case("""
tensor, parallel = of("tensor"), of("tensor.parallel")
mesh = dist.device_mesh.init_device_mesh("cpu", (2, 2), mesh_dim_names=("data", "tensor"))
plan = {"0": parallel.ColwiseParallel(output_layouts=tensor.Replicate()), "1.1": parallel.ColwiseParallel(output_layouts=tensor.Replicate()), "2": parallel.RowwiseParallel(input_layouts=tensor.Replicate())}
net = parallel.parallelize_module(model(), mesh["tensor"], plan)
of("fsdp").fully_shard(net, mesh=mesh["data"])
place = rank // 2
train(net, sgd(net), X[4 * place : 4 * place + 4], Y[4 * place : 4 * place + 4])
same(values(net), sgd)
"""),
    "ZeroRedundancyOptimizer": _case("""
net = model()
spread = nn.parallel.DistributedDataParallel(net)
optimizer = of("optim").ZeroRedundancyOptimizer(spread.parameters(), torch.optim.AdamW, lr=0.05)
train(spread, optimizer, X[mine], Y[mine])
optimizer.consolidate_state_dict(1)
if rank == 1: assert sorted(optimizer.state_dict()["state"]) == list(range(8))
same(values(net), adam)
"""),
    "pipeline": _case("""
pipelining = of("pipelining")
parts = list(model())
part = nn.Sequential(*[parts[:1], [parts[1][0], parts[1][1]], [parts[1][2]], parts[2:]][rank])
schedule = pipelining.Schedule1F1B(pipelining.PipelineStage(part, rank, world, torch.device("cpu")), 4, loss_fn=F.mse_loss)
optimizer = sgd(part)
for _ in range(3):
    optimizer.zero_grad()
    losses = []
    schedule.step(*([X] if rank == 0 else []), target=Y if rank == 3 else None, losses=losses)
    optimizer.step()
found = [None] * world
dist.all_gather_object(found, values(part).tolist())
same(torch.tensor(sum(found, []), dtype=torch.float64), sgd)
"""),
}
