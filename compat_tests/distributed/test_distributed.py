"""Many processes: tables of cases against what torch's gloo did, and what happens when a process dies."""

import ast
import json
import socket
import sys
import textwrap
from datetime import timedelta

import pytest

from compat_tests.distributed.launch import job, start
from compat_tests.distributed.record import RECORDED


@pytest.mark.parametrize("table", ["collectives", "data_parallel"])
def test_as_torch(table, tmp_path):
    expected = json.loads(RECORDED.read_text())[table]
    found = job("jtorch", table, tmp_path)
    wrong = [
        f"{name}, rank {rank}:\n   torch {expected[rank][name]}\n  jtorch {result}"
        for rank, results in enumerate(found)
        for name, result in results.items()
        if result != expected[rank].get(name)
    ]
    assert not wrong, "\n".join(wrong)


def test_training_as_one_process(tmp_path):
    (expected, *_) = json.loads(RECORDED.read_text())["training"]
    for results in job("jtorch", "training", tmp_path):
        for name, tolerance in (("float64", 1e-10), ("float32", 1e-5)):
            found, known = ast.literal_eval(results[name]), ast.literal_eval(expected[name])
            assert found == pytest.approx(known, abs=tolerance), name


FAILURES = {
    # name: (what both processes do, what rank 0 must say)
    "a process dies before a collective": (
        """
        dist.all_reduce(x)
        if rank == 1: os._exit(1)
        dist.all_reduce(x)
        """,
        "A process of the group may have ended",
    ),
    "a process dies before a message": (
        """
        if rank == 1: os._exit(1)
        dist.recv(x, 1)
        """,
        "rank 1 gave no sign of life",
    ),
    "a process comes late": (
        """
        group = dist.new_group(timeout=timedelta(seconds=0.3))
        if rank == 1: time.sleep(1.5)
        dist.all_reduce(x, group=group)
        """,
        "Timed out waiting 300ms",
    ),
    "models that differ": (
        """
        torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 2 + rank))
        """,
        "DDP expects same model across all ranks, but parameter weight is ((2, 2)",
    ),
    "a process ends early": (
        """
        dist.all_reduce(x)
        if rank == 1: sys.exit()
        time.sleep(0.5)
        raise ValueError(f"still here with {x.tolist()}")
        """,
        "still here with [2.0, 2.0]",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failures(name, tmp_path):
    body, message = FAILURES[name]
    code = f"""
import os, sys, time
from datetime import timedelta
import jtorch as torch, jtorch.distributed as dist
rank, x = int(sys.argv[1]), torch.ones(2)
dist.init_process_group("gloo", "file://{tmp_path}/store", timedelta(seconds=30), 2, rank)
try:
{textwrap.indent(textwrap.dedent(body), "    ")}
except Exception as error:
    print("FOUND", error)
"""
    finished = start([[sys.executable, "-c", code, str(rank)] for rank in range(2)], 60, {"JTORCH_HEARTBEAT": "1"})
    assert message in finished[0][1], finished
    assert finished[0][0] == 0, finished


def test_a_process_that_does_not_come(tmp_path):
    import jtorch.distributed as dist

    with pytest.raises(
        dist.DistStoreError, match="1 of 2 processes have called init_process_group within 0 s; missing: rank 1"
    ):
        dist.init_process_group("gloo", f"file://{tmp_path}/store", timedelta(seconds=0.1), 2, 0)
    assert not dist.is_initialized()


def test_stores(tmp_path):
    import jtorch.distributed as dist

    for store in (
        dist.HashStore(),
        dist.FileStore(str(tmp_path / "file")),
        dist.TCPStore("127.0.0.1", 0, is_master=True),
    ):
        store = dist.PrefixStore("a", store)
        store.set("key", "one")
        assert store.get("key") == b"one"
        assert [store.add("count", 2), store.add("count", -5)] == [2, -3]
        assert store.compare_set("key", "two", "three") == b"one"
        assert store.compare_set("key", "one", "three") == b"three"
        assert store.compare_set("new", "", "four") == b"four"
        assert store.check(["key", "new"]) and not store.check(["key", "none"])
        assert store.delete_key("new") and not store.delete_key("new")
        assert store.list_keys() == ["count", "key"]
        with pytest.raises(dist.DistStoreError, match="wait timeout after 10ms, keys: /"):
            store.wait(["none"], timedelta(milliseconds=10))


WORKER = """
import os, sys, torch, torch.distributed as dist
for again in range(2):
    if again: dist.destroy_process_group()
    dist.init_process_group("gloo")
rank, attempt = dist.get_rank(), int(os.environ["TORCHELASTIC_RESTART_COUNT"])
x = torch.ones(1) * rank
dist.all_reduce(x)
if "kill" in sys.argv and rank == 1 and attempt < int(sys.argv[-1]): os.kill(os.getpid(), 9)
dist.barrier()
print(f"rank {rank} of {os.environ['WORLD_SIZE']}, {os.environ['LOCAL_RANK']} of {os.environ['LOCAL_WORLD_SIZE']} on {os.environ['GROUP_RANK']}: {x.item()} {attempt}")
dist.destroy_process_group()
"""


def torchrun(tmp_path, *arguments: str, module: str = "jtorch.distributed.run", nodes: int = 1):
    script = tmp_path / "train.py"
    script.write_text(WORKER)
    known = [part.replace("SCRIPT", str(script)) for part in arguments]
    each = [[part.replace("NODE", str(node)) for part in known] for node in range(nodes)]
    return start([[sys.executable, "-m", "jtorch", "-m", module, *args] for args in each], 60)


def test_torchrun_starts_killed_workers_again(tmp_path):
    ((status, output),) = torchrun(tmp_path, "--nproc_per_node=2", "--max-restarts=1", "--redirects=3", f"--log-dir={tmp_path}/logs", "SCRIPT", "kill", "1")  # fmt: skip
    assert status == 0, output
    (log,) = (tmp_path / "logs").glob("*/attempt_1/1/stdout.log")
    assert "rank 1 of 2, 1 of 2 on 0: 1.0 1" in log.read_text()


def test_report_of_failures():
    from jtorch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

    failed = {1: ProcessFailure(1, 77, -9, "", 1, timestamp=5), 0: ProcessFailure(0, 76, 3, "", 0, timestamp=6)}
    report = str(ChildFailedError("train.py", failed))
    assert "train.py FAILED" in report and "Signal 9 (SIGKILL) received by PID 77" in report
    assert (
        report.index("exitcode  : 3 (pid: 76)")
        < report.index("Root Cause")
        < report.index("rank      : 1 (local_rank: 1)")
    )


def test_torchrun_on_two_nodes(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    finished = torchrun(
        tmp_path,
        "--nnodes=2",
        "--node-rank=NODE",
        f"--master-port={port}",
        "SCRIPT",
        module="torch.distributed.run",
        nodes=2,
    )
    assert [status for status, _ in finished] == [0, 0], finished
    assert "rank 0 of 2, 0 of 1 on 0: 1.0 0" in finished[0][1] and "rank 1 of 2, 0 of 1 on 1: 1.0 0" in finished[1][1]


def test_spawn(tmp_path):
    code = f"""
import torch, torch.distributed as dist, torch.multiprocessing as mp
def work(rank, world):
    dist.init_process_group("gloo", init_method="file://{tmp_path}/store", rank=rank, world_size=world)
    x = torch.ones(1) * rank
    dist.all_reduce(x)
    print("rank", rank, x.item(), flush=True)
if __name__ == "__main__":
    torch.ones(2).sum().item()
    mp.spawn(work, args=(2,), nprocs=2)
"""
    script = tmp_path / "train.py"
    script.write_text(code)
    ((status, output),) = start([[sys.executable, "-m", "jtorch", str(script)]], 60)
    assert status == 0 and "rank 0 1.0" in output and "rank 1 1.0" in output, output


def test_several_devices_of_one_process():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JTORCH_CUDA": "cpu"}
    script = "compat_tests/distributed/several_devices.py"
    ((status, output),) = start([[sys.executable, "-W", "ignore", "-m", "jtorch", script]], 60, flags)
    assert status == 0, output
    assert output.splitlines() == [
        "cuda:0",
        "cuda:1",
        "cpu",
        "[('cuda:0', 3, 'cuda:0', 0), ('cuda:1', 3, 'cuda:1', 1), ('cuda:2', 2, 'cuda:2', 2)] torch.Size([8, 2]) [15.0, 51.0, 54.0] 1",
        "[0, 1, 2, 3, 4, 5, 6, 7] cuda:1",
        "False",
        "Caught RuntimeError in replica 0 on device 0.",
        "['cuda:0', 'cuda:1'] tensor([0., 1., 2., 3.]) tensor([2., 4.])",
    ]


def test_apex_and_horovod(tmp_path):
    script = tmp_path / "train.py"
    script.write_text("""
import torch
import horovod.torch as hvd
from apex import amp
from apex.parallel import DistributedDataParallel
hvd.init()
torch.manual_seed(hvd.rank())
model = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
model, optimizer = amp.initialize(model, optimizer)
model = DistributedDataParallel(model)
loss = model(torch.ones(4, 3)).sum() * hvd.rank()
with amp.scale_loss(loss, optimizer) as scaled_loss:
    scaled_loss.backward()
before = model.module.bias.detach().clone()
optimizer.step()
print(f"apex {hvd.rank()} {[round(v, 3) for v in (before - model.module.bias).tolist()]}")  # one string: workers share the stream
net = torch.nn.Linear(1, 1)
hvd.broadcast_parameters(net.state_dict(), root_rank=0)
before = net.weight.detach().clone()
optimizer = hvd.DistributedOptimizer(torch.optim.SGD(net.parameters(), lr=1.0), net.named_parameters(), hvd.Compression.fp16)
(net(torch.ones(1, 1)) * (1 + 2 * hvd.rank())).sum().backward()
optimizer.step()
print(f"hvd {hvd.rank()} {round((before - net.weight).item(), 3)} {hvd.allgather(torch.ones(1 + hvd.rank())).tolist()}")
""")
    ((status, output),) = start(
        [[sys.executable, "-m", "jtorch.distributed.run", "--nproc-per-node=2", str(script)]], 60
    )
    assert status == 0, output
    for rank in range(2):
        assert f"apex {rank} [1.0, 1.0]" in output and f"hvd {rank} 2.0 [1.0, 1.0, 1.0]" in output, output
