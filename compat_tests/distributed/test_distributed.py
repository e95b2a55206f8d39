"""Many processes: tables of cases against what torch's gloo did, and what happens when a process dies."""

import json
import sys
import textwrap
from datetime import timedelta

import pytest

from compat_tests.distributed.launch import job, start
from compat_tests.distributed.record import RECORDED


@pytest.mark.parametrize("table", ["collectives"])
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
