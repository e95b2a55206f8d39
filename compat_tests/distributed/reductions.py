"""Every collective with every dtype that gloo knows (it has no int16) and every reduction, over all processes and over two of three."""

PROCESSES = 3

_DTYPES = "float32 float64 float16 bfloat16 int64 int32 int8 uint8 bool complex64 complex128".split()
_VALUES = """
x = torch.tensor([[1, 0, 3, 2], [2, 5, 1, 7], [3, 1, 1, 6]][rank]).to(torch.{dtype})
group = [None, dist.new_group([0, 2])][{some}]
"""
_COLLECTIVES = {
    "all_reduce": "dist.all_reduce(x, op=op, group=group)\nx",
    "reduce": "dist.reduce(x, 2, op=op, group=group)\nx if rank == 2 else None",
    "reduce_scatter": "out = torch.zeros(2, dtype=x.dtype)\ndist.reduce_scatter(out, [x[:2], x[1:3], x[2:]][: dist.get_world_size(group)], op=op, group=group)\nout",
}
_MOVES = {
    "broadcast": "dist.broadcast(x, 2, group=group)\nx",
    "all_gather": "out = [torch.zeros_like(x) for _ in range(dist.get_world_size(group))]\ndist.all_gather(out, x, group=group)\nout",
    "gather": "out = [torch.zeros_like(x) for _ in range(dist.get_world_size(group))] if rank == 2 else None\ndist.gather(x, out, dst=2, group=group)\nout",
    "scatter": "y = torch.zeros_like(x)\ndist.scatter(y, [x + x, x, x][: dist.get_world_size(group)] if rank == 2 else None, src=2, group=group)\ny",
    "all_to_all_single": "y = torch.zeros_like(x)\nn = dist.get_world_size(group)\nsizes = [4 // n + (i < 4 % n) for i in range(n)]\nmine = sizes[dist.get_rank(group)]\n"
    "z = torch.zeros(mine * n, dtype=x.dtype)\ndist.all_to_all_single(z, x, [mine] * n, sizes, group=group)\nz",
}


def _case(code: str, dtype: str, some: bool, op: str | None) -> str:
    made = _VALUES.format(dtype=dtype, some=int(some)) + (f"op = dist.ReduceOp.{op}\n" if op else "")
    if not some:
        return made + code
    body = code.splitlines()
    inside = "\n".join(f"    {line}" for line in body[:-1])
    return f"{made}found = None\nif rank != 1:\n{inside}\n    found = {body[-1]}\nfound"


CASES = {
    f"{name} {op} {dtype}{' of some' if some else ''}": _case(code, dtype, some, op)
    for name, code in _COLLECTIVES.items()
    for op in ("SUM", "PRODUCT", "MIN", "MAX", "AVG", "BAND", "BOR", "BXOR")
    for dtype in _DTYPES
    for some in (False, True)
    if name == "all_reduce" or dtype in ("float32", "int64", "bfloat16")
} | {
    f"{name} {dtype}{' of some' if some else ''}": _case(code, dtype, some, None)
    for name, code in _MOVES.items()
    for dtype in _DTYPES
    for some in (False, True)
    if name != "gather" or not dtype.startswith("complex")  # which gloo gathers not
}
