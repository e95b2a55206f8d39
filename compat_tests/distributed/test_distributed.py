"""Many processes: tables of cases against what torch's gloo did, and what happens when a process dies."""

import ast
import json
import sys
import textwrap
import threading
import time
from datetime import timedelta

import pytest

from compat_tests.distributed import mishaps
from compat_tests.distributed.launch import free_port, job, start
from compat_tests.distributed.record import RECORDED
from compat_tests.distributed.resumed import alone
from compat_tests.distributed.two_hosts import hosts, parameters, train

TABLES = ("data_parallel", "captured", "collectives")  # in one job; the last cases of the second leave it


def differences(found, expected) -> list[str]:
    """Results of tables, process by process, that are not torch's."""
    return [
        f"{table}, {name}, rank {rank}:\n   torch {expected[table][rank].get(name)}\n  jtorch {result}"
        for rank, tables in enumerate(found)
        for table, results in tables.items()
        for name, result in results.items()
        if result != expected[table][rank].get(name)
    ]


def test_as_torch(tmp_path):
    wrong = differences(job("jtorch", TABLES, tmp_path), json.loads(RECORDED.read_text()))
    assert not wrong, "\n".join(wrong)


@pytest.mark.reference
def test_reductions_as_torch(tmp_path):
    ranks = zip(*(job(library, ("reductions",), tmp_path / library) for library in ("torch", "jtorch")), strict=True)
    for rank, (expected, found) in enumerate(ranks):
        wrong = {
            name: (result, found["reductions"][name])
            for name, result in expected["reductions"].items()
            if result != found["reductions"][name]
        }
        assert not wrong, (rank, wrong)


def test_training_as_one_process(tmp_path):
    """Training by four processes, its data and its parameters spread; then DTensors of two, which read the checkpoint of the four."""
    expected = json.loads(RECORDED.read_text())
    for tables in job("jtorch", ("training", "sharded_training"), tmp_path):
        for table, results in tables.items():
            for name, result in results.items():
                assert result[0] in "([", f"{name}: {result}"
                found, known = ast.literal_eval(result), ast.literal_eval(expected[table][0][name])
                assert found == pytest.approx(known, abs=1e-5 if "float32" in name else 1e-10), name
    wrong = differences(job("jtorch", ("sharded_tensors",), tmp_path), expected)
    assert not wrong, "\n".join(wrong)


# What processes of a job do one after the other, and what rank 0 must say of it.
MISTAKES = [
    (
        """
        group = dist.new_group(timeout=timedelta(seconds=0.3))
        if rank == 1: time.sleep(1.5)
        dist.all_reduce(x, group=group)
        """,
        "Timed out waiting 300ms for all_reduce to complete: rank 1 has not called it",
    ),
    (
        """
        dist.all_reduce(x) if rank == 0 else dist.all_gather([x, x], x)
        """,
        "the processes have called different collectives: rank 0: all_reduce SUM of 2 float32; rank 1: all_gather of 8 uint8",
    ),
    (
        """
        dist.all_reduce(torch.ones(5000 + rank))
        """,
        "rank 0: all_reduce SUM of 5000 float32; rank 1: all_reduce SUM of 5001 float32",
    ),
    (
        """
        ddp = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 2))
        optimizer = torch.optim.SGD(ddp.parameters(), lr=0.1)
        @torch.capture
        def step(x):
            optimizer.zero_grad()
            ddp(x).sum().backward()
            optimizer.step()
        for i in range(4): step(torch.ones(3, 2))
        before = torch.engine.statistics()
        for i in range(3): step(torch.ones(3, 2))
        after = torch.engine.statistics()
        raise ValueError(f"{after['programs_run'] - before['programs_run']} programs, {after['ops_recorded'] - before['ops_recorded']} operations")
        """,
        "3 programs, 0 operations",
    ),
    (
        """
        weights = torch.ones(3)
        @torch.capture
        def step(y):
            weights.add_(1)
            dist.all_reduce(y) if rank == 0 else dist.broadcast(y, 1)
            return y
        try:
            step(torch.ones(2))
        except dist.DistBackendError as error:
            first = str(error)
        weights.fill_(1)
        try:
            step(torch.ones(2))
        except dist.DistBackendError as error:
            raise ValueError(f"again {str(error) == first} {weights.tolist()} {type(error).__name__}: {error}")
        """,
        "again True [1.0, 1.0, 1.0] DistBackendError: the processes have called different collectives: rank 0: all_reduce SUM",
    ),
    (
        """
        @torch.capture
        def step(y):
            dist.all_gather_object([None, None], 1)
            return y
        for i in range(2): step(torch.ones(2))
        """,
        "jtorch.capture: a collective of objects cannot be part of a captured function",
    ),
    (
        """
        w = torch.ones(2, requires_grad=True)
        @torch.capture
        def forward(y):
            dist.all_reduce(y)
            return y * w
        for i in range(3): forward(torch.ones(2))
        """,
        "a function with differentiable results calls a collective; capture the whole step",
    ),
    (
        """
        torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 2 + rank))
        """,
        "DDP expects same model across all ranks, but parameter weight is ((2, 2)",
    ),
    (
        """
        x = torch.ones(2)
        dist.all_reduce(x)
        if rank == 1: sys.exit()
        time.sleep(0.5)
        raise ValueError(f"still here with {x.tolist()}")
        """,
        "still here with [2.0, 2.0]",
    ),
]
DEATHS = [
    (
        """
        group, far = dist.new_group([0, 1, 2]), dist.new_group([0, 1, 3])
        dist.all_reduce(x)
        if rank == 2: os._exit(1)
        dist.all_reduce(x, group=group) if rank != 3 else None
        """,
        "A process of the group may have ended",
    ),
    (
        """
        if rank == 3: os._exit(1)
        dist.recv(x, 3) if rank == 0 else time.sleep(3)
        """,
        "gave no sign of life",
    ),
]


@pytest.mark.parametrize(
    "name", ["unequal numbers of batches", "interrupted in a captured step", "killed in a captured step"]
)
def test_mishaps(name):
    """Some rows; the module runs all."""
    ended, _ = mishaps.run(name, "jtorch")
    for rank, (_, output) in enumerate(ended):
        assert mishaps.ROWS[name][1 + rank] in output, ended


@pytest.mark.parametrize("processes, cases", [(2, MISTAKES), (4, DEATHS)], ids=["mistakes", "deaths"])
def test_failures(processes, cases, tmp_path):
    code = f"""
import os, sys, time
from datetime import timedelta
import jtorch as torch, jtorch.distributed as dist
rank, x = int(sys.argv[1]), torch.ones(2)
dist.init_process_group("gloo", "file://{tmp_path}/store", timedelta(seconds=60), {processes}, rank)
"""
    for body, _ in cases:
        code += f"""
try:
{textwrap.indent(textwrap.dedent(body), "    ")}
except Exception as error:
    print("FOUND", error, flush=True)
"""
    finished = start(
        [[sys.executable, "-c", code, str(rank)] for rank in range(processes)], 300, {"JTORCH_HEARTBEAT": "2"}
    )
    assert finished[0][0] == 0, finished
    for _, message in cases:
        assert message in finished[0][1], finished


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


def test_two_hosts_resume_after_a_kill(tmp_path):
    """As two_hosts.py, in short."""
    import jtorch

    with hosts() as both:
        outcome = train(both, tmp_path / "killed", "1", "5", restarts=1, workers=1, timeout=300)
    assert outcome.statuses == [0, 0], outcome
    for rank, output in enumerate(outcome.outputs):
        assert "rank 1 (local rank 0 of node 1) has ended with signal 9 (SIGKILL): all workers start again" in output
        assert f"rank {rank} of 2 begins at step 0" in output and f"rank {rank} of 2 begins at step 3" in output, output
    (found,) = parameters(tmp_path / "killed")
    assert ast.literal_eval(found) == pytest.approx(alone(jtorch, 2), abs=1e-12)


def test_rounds_of_nodes_that_come_and_go():
    import jtorch.distributed as dist
    from jtorch.distributed.rounds import Rounds, Terms

    store, terms = dist.HashStore(), Terms(1, 2, join_timeout=20, last_call=0.1, silence=0.5)
    first, second = Rounds(store, terms, None, 2), Rounds(store, terms, None, 3)
    one = first.join()
    assert (one.node, one.nodes, one.first, one.world) == (0, 1, 0, 2)
    joined: list = []
    waiting = threading.Thread(target=lambda: joined.append(second.join()))
    waiting.start()
    while not first.someone_waits(one):
        time.sleep(0.01)
    assert first.end(one, "another node has come")["why"] == "another node has come"
    mine = first.join()
    waiting.join()
    assert {mine.node, joined[0].node} == {0, 1} and mine.nodes == joined[0].nodes == 2
    assert mine.world == 5 and {mine.first, joined[0].first} in ({0, 2}, {0, 3})
    while not (lost := first.lost(mine)):  # the second one is silent
        time.sleep(0.05)
    assert lost == [joined[0].node]
    first.end(mine, "a worker has failed", failed=True)
    alone_again = first.join()
    assert (alone_again.nodes, alone_again.restarts) == (1, 1)
    first.succeeded(alone_again)
    assert first.ended(alone_again.number)["over"] and second.join() is None
    with pytest.raises(dist.DistStoreError, match="1 of 2 nodes have joined the job within 0.1 s"):
        Rounds(dist.HashStore(), Terms(2, 2, join_timeout=0.1), None, 1).join()


def test_cookbook(tmp_path):
    """The cookbook's chapter on distributed training as it is written, with its defaults, around a model and data; the other test has apex and horovod."""
    script = tmp_path / "train.py"
    script.write_text("""
import argparse
import os
import torch
import torch.distributed as distributed
import torch.multiprocessing as mp
from torch import nn

train_dataset = torch.utils.data.TensorDataset(torch.arange(24.0).reshape(12, 2) / 24)

def new_model():
    torch.manual_seed(0)
    return nn.Linear(2, 1)

def main_worker(rank, world_size, myargs):
    parser = argparse.ArgumentParser()
    parser.add_argument('--backend', type=str, default='nccl', help='Name of the backend to use.')
    parser.add_argument('-i', '--init-method', type=str, default='env://', help='URL specifying how to initialize the package.')
    parser.add_argument('-ws', '--world-size', type=int, default=1, help='Number of processes participating in the job.')
    parser.add_argument('-r', '--rank', type=int, default=0, help='Rank of the current process.')
    args = parser.parse_args(['-ws', str(world_size), '-r', str(rank)])
    torch.cuda.set_device(rank)
    model = new_model().cuda()
    model(torch.ones(1, 2).cuda()).sum().item()  # computed before the processes are joined
    distributed.init_process_group(
        backend=args.backend,
        init_method=args.init_method,
        world_size=args.world_size,
        rank=args.rank,
    )
    train_sampler = torch.utils.data.distributed.DistributedSampler(train_dataset)
    train_loader = torch.utils.data.DataLoader(train_dataset, batch_size=3, sampler=train_sampler)
    model = nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=myargs)
    for x, in train_loader:
        optimizer.zero_grad()
        loss = model(x.cuda()).sum()
        loss.backward()
        distributed.all_reduce(torch.ones(1).cuda())  # nobody looks at it
        if rank == 0:
            metric = loss.detach() * 2  # kept on one rank
            print("loss", loss.item() * 2 == metric.item())
        optimizer.step()
    print(f"rank {rank} {model.module.weight.device} {[round(v, 4) for v in model.module.weight.flatten().tolist()]}")

if __name__ == '__main__':
    gpus = [0, 1, 2, 3]
    torch.cuda.set_device('cuda:{}'.format(gpus[0]))
    device = torch.device('cuda')
    model = new_model()
    model = nn.DataParallel(model.to(device), device_ids=gpus, output_device=gpus[0])
    (model(train_dataset.tensors[0].cuda()).sum() / 4).backward()
    print("expected", [round(v, 4) for v in (model.module.weight - 0.5 * model.module.weight.grad).flatten().tolist()])
    mp.spawn(main_worker, nprocs=4, args=(4, 0.5))
""")
    flags = {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JTORCH_CUDA": "cpu",
        "MASTER_ADDR": "localhost", "MASTER_PORT": str(free_port()), "NCCL_SOCKET_IFNAME": "lo", "GLOO_SOCKET_IFNAME": "lo",
    }  # fmt: skip
    ((status, output),) = start([[sys.executable, "-W", "ignore", "-m", "jtorch", str(script)]], 300, flags)
    assert status == 0, output
    expected = output.split("expected ")[1].splitlines()[0]
    assert "loss True" in output
    for rank in range(4):
        assert f"rank {rank} cuda:{rank} {expected}" in output, output


def test_several_devices_of_one_process():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JTORCH_CUDA": "cpu"}
    script = "compat_tests/distributed/several_devices.py"
    ((status, output),) = start([[sys.executable, "-W", "ignore", "-m", "jtorch", script]], 300, flags)
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
import os
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
hvd.shutdown()
torch.distributed.init_process_group("gloo")  # for a second time
x = torch.ones(1) * hvd.rank()
torch.distributed.all_reduce(x)
print(f"again {x.item()} of {os.environ['WORLD_SIZE']}, {os.environ['LOCAL_RANK']} of {os.environ['LOCAL_WORLD_SIZE']}")
""")
    ((status, output),) = start(
        [[sys.executable, "-m", "jtorch", "-m", "torch.distributed.run", "--nproc_per_node=2", "--tee=3", f"--log-dir={tmp_path}/logs", str(script)]], 300
    )  # fmt: skip
    assert status == 0, output
    (log,) = (tmp_path / "logs").glob("*/attempt_0/1/stdout.log")
    assert "again 1.0 of 2, 1 of 2" in log.read_text() and "[default0]:again 1.0 of 2, 0 of 2" in output
    for rank in range(2):
        assert f"apex {rank} [1.0, 1.0]" in output and f"hvd {rank} 2.0 [1.0, 1.0, 1.0]" in output, output


def test_functions_under_the_launcher(tmp_path):
    ((status, output),) = start(
        [[sys.executable, "-W", "ignore", "-m", "compat_tests.distributed.launched", str(tmp_path / "saved")]], 300
    )
    assert status == 0, output
    values = "([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 1.0], 3, 190.0, "
    assert f"{{0: {values}0), 1: {values}1)}}" in output, output
    assert "echoed\n" in output and "{0: None, 1: None}" in output, output
    assert "failed 1 ValueError: no luck today" in output, output
