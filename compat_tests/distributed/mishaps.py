"""What goes differently on one rank: small programs of two processes, each a job of its own. `python -m compat_tests.distributed.mishaps [NAME...]` runs them under torch and jtorch.

A row is the code of all ranks, after `init_process_group` with a timeout of 8 s, and what jtorch's ranks must end with: a part of the output of each.
None may outlast the timeout and what a process needs to start and end.
"""

import subprocess
import sys
import time

from compat_tests.distributed.launch import free_port, start

_HEAD = """
import os, sys, time, signal, threading
from datetime import timedelta
import {library} as torch, {library}.distributed as dist
from torch import nn
import warnings; warnings.simplefilter("ignore")
rank, world, port = int(sys.argv[1]), 2, int(sys.argv[2])
def join(): dist.init_process_group("gloo", f"tcp://127.0.0.1:{{port}}", timedelta(seconds=8), world, rank)
x = torch.ones(2)
def told(error): print("ERROR", type(error).__name__, str(error).replace(chr(10), " ")[:300], flush=True)
def trained(steps, after=lambda i: None):
    torch.manual_seed(rank)
    ddp = nn.parallel.DistributedDataParallel(nn.Linear(2, 1))
    optimizer = torch.optim.SGD(ddp.parameters(), lr=0.1)
    for i in range(steps):
        optimizer.zero_grad()
        loss = ddp(torch.ones(3, 2) * (rank + i)).sum()
        loss.backward()
        optimizer.step()
        after(loss)
    return [round(v, 4) for v in ddp.module.weight.flatten().tolist()]
"""
_CATCH = """
try:
{body}
except Exception as error:
    told(error)
print("END", flush=True)
"""

# name: (code, part of rank 0's output, part of rank 1's)
ROWS = {
    "logging on rank 0": ("join(); trained(5, lambda loss: print(loss.item()) if rank == 0 else None)", "END", "END"),
    "a metric on one rank": ("join(); kept = []; trained(5, lambda loss: kept.append(loss.detach() * 2) if rank else None); print(len(kept))", "0\nEND", "5\nEND"),
    "results nobody uses": ("join(); [dist.all_reduce(torch.ones(2)) for i in range(5)]; dist.all_reduce(torch.ones(2), async_op=True)", "END", "END"),
    "work nobody waits for, then destroyed": ("join(); work = dist.all_reduce(torch.ones(2), async_op=True); dist.barrier(); dist.destroy_process_group()", "END", "END"),
    "computed before joining": ("y = (x @ x).item(); join(); dist.all_reduce(x); print(x.tolist(), y)", "[2.0, 2.0] 2.0", "[2.0, 2.0] 2.0"),
    "one computes much before joining": ("time.sleep(2 * rank); [torch.ones(50, 50) @ torch.ones(50, 50) for i in range(100 * rank)]; join(); dist.all_reduce(x); print(x.tolist())", "[2.0, 2.0]", "[2.0, 2.0]"),
    "early exit of one rank": ("join(); dist.all_reduce(x)\nif rank: sys.exit()\ndist.all_reduce(x)", "ERROR", ""),
    "early exit while another trains": ("join(); trained(2)\nif rank: os._exit(3)\ntrained(2)", "ERROR", ""),
    "an exception on one rank": ("join()\nif rank: raise ValueError('mine')\ndist.all_reduce(x)", "ERROR", "mine"),
    "an exception caught on one rank": ("join()\ntry:\n    if rank: raise ValueError('mine')\nexcept ValueError: pass\ndist.all_reduce(x); print(x.tolist())", "[2.0, 2.0]", "[2.0, 2.0]"),
    "unequal numbers of batches": ("join(); trained(3 + rank)", "END", "ERROR"),
    "collectives in another order": ("join(); a, b = torch.ones(3), torch.ones(5000)\nfor t in (a, b) if rank == 0 else (b, a): dist.all_reduce(t)", "called different collectives: rank 0: all_reduce SUM of 3 float32; rank 1: all_reduce SUM of 5000", "called different collectives: rank 0"),
    "another collective": ("join(); dist.broadcast(x, 0) if rank else dist.all_reduce(x)", "rank 1: broadcast", "rank 0: all_reduce"),
    "another dtype": ("join(); dist.all_reduce(torch.ones(4, dtype=torch.float64 if rank else torch.float32))", "rank 1: all_reduce SUM of 4 float64", "rank 0: all_reduce SUM of 4 float32"),
    "one rank alone in a collective": ("join()\nif rank == 0: dist.all_reduce(x)\nelse: time.sleep(11)", "for all_reduce to complete: rank 1 has not called it", ""),
    "one rank alone in a barrier": ("join()\nif rank == 0: dist.monitored_barrier(timeout=timedelta(seconds=1))\nelse: time.sleep(3)", "Rank 1 failed to pass monitoredBarrier in 1000 ms", "END"),
    "left and joined again": ("for i in range(3):\n    join(); dist.all_reduce(x); dist.destroy_process_group()\nprint(x.tolist())", "[8.0, 8.0]", "[8.0, 8.0]"),
    "one leaves": ("join(); dist.all_reduce(x)\nif rank: dist.destroy_process_group(); time.sleep(3)\nelse: dist.all_reduce(x)", "ERROR", "END"),
    "a group of one used by others": ("join(); group = dist.new_group([0]); dist.all_reduce(x, group=group); dist.all_reduce(x); print(x.tolist())", "[2.0, 2.0]", "[2.0, 2.0]"),
    "a group that one rank does not make": ("join()\nif rank == 0: dist.new_group([0])\ndist.all_reduce(x); print(x.tolist())", "[2.0, 2.0]", "[2.0, 2.0]"),
    "sends nobody receives": ("join()\nif rank == 0: dist.isend(x, 1)\ndist.barrier()", "END", "END"),
    "receives nobody sends": ("join()\nif rank == 0: dist.recv(x, 1)\nelse: time.sleep(11)", "for rank 1 to send", ""),
    "a message of another size": ("join(); dist.send(x, 1) if rank == 0 else dist.recv(torch.ones(3), 0)", "ERROR RuntimeError recv: rank 0 sends", "rank 0 sends"),
    "interrupted": ("join()\nif rank == 0:\n    threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT)).start()\n    try: dist.all_reduce(x)\n    except KeyboardInterrupt: print('INTERRUPTED', flush=True)\nelse: time.sleep(4)", "INTERRUPTED", ""),
    "interrupted in a captured step": (
        "join()\ncapture = getattr(torch, 'capture', lambda f: f)\nw = torch.ones(2)\n@capture\ndef step(y):\n    w.add_(1)\n    dist.all_reduce(y)\n    return y\nfor i in range(4): step(torch.ones(2))\nif rank == 0:\n    threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT)).start()\n    try: step(torch.ones(2))\n    except KeyboardInterrupt: print('INTERRUPTED', w.tolist(), flush=True)\nelse: time.sleep(4)",
        "INTERRUPTED [5.0, 5.0]", ""),
    "killed": ("join(); dist.all_reduce(x)\nif rank: os.kill(os.getpid(), signal.SIGKILL)\ndist.all_reduce(x)", "ERROR", ""),
    "killed while messages are awaited": ("join(); dist.all_reduce(x)\nif rank: os.kill(os.getpid(), signal.SIGKILL)\ndist.recv(x, 1)", "ERROR", ""),
    "killed in a captured step": (
        "join()\ncapture = getattr(torch, 'capture', lambda f: f)\nw = torch.ones(2)\n@capture\ndef step(y):\n    w.add_(1)\n    dist.all_reduce(y)\n    return y\nfor i in range(4): step(torch.ones(2))\nif rank: os.kill(os.getpid(), signal.SIGKILL)\nstep(torch.ones(2))",
        "ERROR DistBackendError all_reduce failed on rank 0", ""),
    "a store waits in vain": ("store = dist.TCPStore('127.0.0.1', port, 2, rank == 0, timedelta(seconds=8))\ntry: store.wait(['never'], timedelta(seconds=1))\nexcept Exception as error: told(error)\nstore.set(f'done{rank}', '1'); store.wait([f'done{1 - rank}']); time.sleep(0.5 - rank / 2)", "wait timeout after 1000ms, keys: /never", "wait timeout after 1000ms"),
    "one never joins": ("dist.init_process_group('gloo', f'tcp://127.0.0.1:{port}', timedelta(seconds=3), world, rank) if rank == 0 else None", "missing: rank 1", "END"),
    "a reduction that one rank looks at at once": ("join(); y = torch.ones(3, requires_grad=True); (y * 2).sum().backward(); dist.all_reduce(y.grad); print(y.grad.tolist()) if rank else None", "END", "[4.0, 4.0, 4.0]"),
}  # fmt: skip


def run(name: str, library: str) -> tuple[list[tuple[int, str]], float]:
    """The exit status and output of each rank, and the seconds it took."""
    indented = "".join(f"    {line}\n" for line in ROWS[name][0].splitlines())
    code = _HEAD.format(library=library) + _CATCH.format(body=indented)
    code = code.replace("from torch import nn", f"from {library} import nn")
    port, begun = str(free_port()), time.monotonic()
    commands = [[sys.executable, "-c", code, str(rank), port] for rank in range(2)]
    return start(commands, 60, {"JTORCH_HEARTBEAT": "3"}), time.monotonic() - begun


def main(names: list[str]) -> None:
    libraries = [name for name in names if name in ("torch", "jtorch")] or ["torch", "jtorch"]
    for name in [name for name in names if name in ROWS] or ROWS:
        print(f"== {name}")
        for library in libraries:
            try:
                ended, seconds = run(name, library)
                for rank, (status, output) in enumerate(ended):
                    print(
                        f"{library:6} {seconds:4.0f} s  rank {rank}: {status:3} {' | '.join(output.strip().splitlines()[-3:])[:260]}",
                        flush=True,
                    )
            except subprocess.TimeoutExpired:
                print(f"{library:6} did not end", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
