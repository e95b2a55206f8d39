"""What collectives do: each row is code that all processes of a group run in step, and whose last line is what is compared."""

PROCESSES = 2

_REDUCED = {
    f"all_reduce {op} {dtype}": f"""
x = torch.tensor([1, 0, 3], dtype=torch.{dtype}) + torch.tensor(rank, dtype=torch.{dtype})
dist.all_reduce(x, op=dist.ReduceOp.{op})
x"""
    for op, dtypes in {
        "SUM": "float32 float64 float16 bfloat16 int64 int32 uint8 int8 complex64",
        "PRODUCT": "float32 int64 complex64",
        "MIN": "float32 int8",
        "MAX": "bfloat16 int64 complex64",
        "AVG": "float32 float16 int64 uint8",
        "BAND": "int64 float32",
        "BOR": "uint8 float32",
        "BXOR": "int32",
    }.items()
    for dtype in dtypes.split()
}

CASES = {
    **_REDUCED,
    "all_reduce of truth values": """
x = torch.tensor([True, False, rank == 0, False])
dist.all_reduce(x, dist.ReduceOp.MAX)
x""",
    "all_reduce of a parameter leaves its version": """
p = torch.nn.Parameter(torch.ones(2))
dist.all_reduce(p)
p, p._version""",
    "all_reduce of a view writes through": """
base = torch.arange(6.).reshape(2, 3)
view = base[1]
dist.all_reduce(view)
base, view""",
    "all_reduce of shared memory": """
x = torch.ones(2)
a = x.numpy()
dist.all_reduce(x)
a.tolist()""",
    "all_reduce of a scalar and of nothing": """
x, y = torch.tensor(2.5 + rank), torch.zeros(0)
dist.all_reduce(x)
dist.all_reduce(y)
x, y""",
    "in the middle of a graph": """
p = torch.ones(2, requires_grad=True)
y = (p * (rank + 1)).sum()
if rank == 0: print(y.item())
y.backward()
dist.all_reduce(p.grad)
p.grad""",
    "async_op": """
x = torch.ones(2) * (rank + 1)
work = dist.all_reduce(x, async_op=True)
waited = work.wait()
x, waited, work.is_completed()""",
    "several in flight": """
xs = [torch.ones(3) * (rank + i) for i in range(4)]
works = [dist.all_reduce(x, async_op=True) for x in xs]
[work.wait() for work in reversed(works)]
xs""",
    "all_reduce_coalesced": """
xs = [torch.ones(2) * rank, torch.ones(1)]
dist.all_reduce_coalesced(xs)
xs""",
    "broadcast": """
x = torch.tensor([-0.0, float("nan"), float("inf")], dtype=torch.float64) if rank == 1 else torch.zeros(3, dtype=torch.float64)
dist.broadcast(x, 1)
x, torch.signbit(x)""",
    "broadcast of truth values and of complex numbers": """
x, z = torch.tensor([rank == 0, True]), torch.tensor([1 + 2j * (1 - rank)])
dist.broadcast(x, src=0); dist.broadcast(z, src=0)
x, z""",
    "reduce": """
x = torch.ones(2) * (rank + 1)
dist.reduce(x, 1)
x if rank == 1 else None""",
    "all_gather": """
out = [torch.zeros(2, dtype=torch.int64) for _ in range(world)]
dist.all_gather(out, torch.arange(2) + 10 * rank)
out""",
    "all_gather into views": """
whole = torch.zeros(2, 3)
dist.all_gather([whole[:, 0], whole[:, 2]], torch.ones(2) * (rank + 1))
whole""",
    "all_gather of another size": "dist.all_gather([torch.zeros(3), torch.zeros(3)], torch.ones(2))",
    "all_gather into too few": "dist.all_gather([torch.zeros(2)], torch.ones(2))",
    "all_gather_into_tensor": """
out = torch.zeros(4)
dist.all_gather_into_tensor(out, torch.ones(2) * rank)
out""",
    "gather": """
out = [torch.zeros(2) for _ in range(world)] if rank == 0 else None
dist.gather(torch.ones(2) * rank, out, dst=0)
out""",
    "gather to a list elsewhere": """
None if rank == 0 else dist.gather(torch.ones(2), [torch.zeros(2)] * 2, dst=0)""",
    "scatter": """
x = torch.zeros(2)
dist.scatter(x, [torch.ones(2), torch.ones(2) * 2] if rank == 1 else None, src=1)
x""",
    "reduce_scatter": """
out = torch.zeros(2)
dist.reduce_scatter(out, [torch.ones(2) * (rank + 1 + i) for i in range(world)])
out""",
    "reduce_scatter MAX": """
out = torch.zeros(2)
dist.reduce_scatter(out, [torch.ones(2) * (rank + 1 + i) for i in range(world)], op=dist.ReduceOp.MAX)
out""",
    "reduce_scatter_tensor": """
out = torch.zeros(2)
dist.reduce_scatter_tensor(out, torch.arange(4.) + rank)
out""",
    "all_to_all_single": """
out = torch.zeros(4, dtype=torch.int64)
dist.all_to_all_single(out, torch.arange(4) + 10 * rank)
out""",
    "all_to_all_single by sizes": """
out = torch.zeros(2 if rank == 0 else 4, 2)
dist.all_to_all_single(out, torch.arange(6.).reshape(3, 2) + 10 * rank, [1, 1] if rank == 0 else [2, 2], [1, 2])
out""",
    "all_to_all": """
out = [torch.zeros(2) for _ in range(world)]
dist.all_to_all(out, [torch.ones(2) * (10 * rank + i) for i in range(world)])
out""",
    "barrier": "dist.barrier(), dist.barrier(async_op=True).wait()",
    "monitored_barrier": "dist.monitored_barrier()",
    "send and recv": """
x = torch.arange(3.) + rank
source = dist.send(x, 1) if rank == 0 else dist.recv(x, 0)
x, source""",
    "recv from any": """
x = torch.ones(2) * rank
source = dist.recv(x) if rank == 0 else dist.send(x, 0)
x, source""",
    "tags": """
x, y = torch.ones(2), torch.ones(2) * 2
if rank == 0:
    works = [dist.isend(x, 1, tag=7), dist.isend(y, 1, tag=8)]
else:
    a, b = torch.zeros(2), torch.zeros(2)
    works = [dist.irecv(b, 0, tag=8), dist.irecv(a, 0, tag=7)]
[work.wait() for work in works]
(a, b) if rank else None""",
    "batch_isend_irecv": """
x, y = torch.ones(2) * rank, torch.zeros(2)
works = dist.batch_isend_irecv([dist.P2POp(dist.isend, x, 1 - rank), dist.P2POp(dist.irecv, y, 1 - rank)])
[work.wait() for work in works]
y""",
    "send to oneself": "dist.send(torch.ones(1), rank)",
    "broadcast_object_list": """
found = [{"a": 1}, "b"] if rank == 0 else [None, None]
dist.broadcast_object_list(found, 0)
found""",
    "all_gather_object": """
found = [None] * world
dist.all_gather_object(found, ("rank", rank))
found""",
    "gather_object": """
found = [None] * world if rank == 1 else None
dist.gather_object(rank, found, dst=1)
found""",
    "scatter_object_list": """
found = [None]
dist.scatter_object_list(found, ["a", {"b": 2}] if rank == 0 else None)
found""",
    "a group of one of two": """
group = dist.new_group([1])
x = torch.ones(1)
dist.all_reduce(x, group=group)
dist.get_rank(group), dist.get_world_size(group), x, group == dist.GroupMember.NON_GROUP_MEMBER""",
    "a second group of all": """
group = dist.new_group()
x = torch.ones(2)
dist.all_reduce(x, group=group); dist.all_reduce(x)
dist.get_process_group_ranks(group), dist.get_group_rank(group, 1), dist.get_global_rank(group, 0), x""",
    "gradients through collectives": """
from importlib import import_module
F = import_module(dist.__name__ + ".nn.functional")
x = (torch.arange(4.) + rank).requires_grad_()
found = []
for i, y in enumerate((F.all_reduce(x), F.broadcast(x, 1), torch.cat(F.all_gather(x)), F.reduce(x, 0), torch.cat(F.gather(x, 0)),
          F.scatter(x.chunk(2), 1), F.reduce_scatter(torch.zeros(2), list(x.chunk(2))), torch.cat(F.all_to_all([torch.zeros(2), torch.zeros(2)], list(x.chunk(2)))),
          F.all_to_all_single(torch.zeros(4), x))):
    (y * (torch.arange(len(y)) + 1 + rank)).sum().backward()
    found.append((y.detach() if rank == 0 or i not in (3, 4) else None, x.grad))
    x.grad = None
found""",
    "a mesh of processes": """
mesh = dist.init_device_mesh("cpu", (2, 1), mesh_dim_names=("dp", "tp"))
x = torch.ones(1)
dist.all_reduce(x, group=mesh.get_group("dp"))
dist.all_reduce(x, group=mesh["tp"].get_group())
x, mesh.shape, mesh.size(), mesh.size(1), mesh.ndim, mesh.get_local_rank("dp"), mesh["dp"].size(), tuple(mesh.get_coordinate())""",
    "names": """
dist.get_backend(), dist.get_rank(), dist.get_world_size(), dist.is_initialized(), dist.is_available(), repr(dist.ReduceOp.SUM), dist.group.WORLD.size()""",
    "no tensor": "dist.all_reduce([torch.ones(1)])",
    "twice": 'dist.init_process_group("gloo", store=dist.HashStore(), rank=rank, world_size=2)',
    "a rank that is not": "dist.get_global_rank(dist.group.WORLD, 7)",
    "left": """
dist.barrier()
dist.destroy_process_group()
dist.is_initialized(), dist.group.WORLD""",
    "a collective after that": "dist.all_reduce(torch.ones(1))",
}
