"""Two hosts: `python -m compat_tests.distributed.two_hosts` starts training on both by the launcher, kills a worker, and looks at what follows.

The hosts are network namespaces with addresses of their own where this machine lets us make them, else two agents on the loopback interface.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from compat_tests.distributed.launch import ROOT, free_port

SCRIPT = Path(__file__).with_name("resumed.py")


@dataclass(frozen=True)
class Host:
    address: str
    prefix: tuple[str, ...] = ()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextlib.contextmanager
def hosts(loopback: bool = False):
    """Two hosts: namespaces joined by a pair of virtual interfaces."""
    names = [f"jtorch-{os.getpid()}-{i}" for i in range(2)]
    found = [Host(f"10.77.0.{i + 1}", ("ip", "netns", "exec", name)) for i, name in enumerate(names)]
    made = []
    try:
        try:
            if loopback:
                raise OSError("not wanted")
            for name in names:
                _ip("netns", "add", name)
                made.append(name)
            _ip("-n", names[0], "link", "add", "jt0", "type", "veth", "peer", "name", "jt0", "netns", names[1])
            for name, host in zip(names, found, strict=True):
                _ip("-n", name, "address", "add", f"{host.address}/24", "dev", "jt0")
                _ip("-n", name, "link", "set", "jt0", "up")
                _ip("-n", name, "link", "set", "lo", "up")
        except (OSError, subprocess.CalledProcessError):
            found = [Host("127.0.0.1"), Host("127.0.0.1")]
        yield found
    finally:
        for name in made:
            _ip("netns", "delete", name)


@dataclass
class Outcome:
    """How the agents of the two hosts ended, what they and their workers printed, and seconds from the kill to the end of the last."""

    statuses: list[int]
    outputs: list[str]
    seconds: float | None


def train(
    both: list[Host], folder: Path, *arguments: str, restarts: int = 0, workers: int = 2, timeout: float = 120
) -> Outcome:
    """Start an agent on each host, and wait for both."""
    folder.mkdir()
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TMPDIR": str(folder)}
    processes = []
    for node, host in enumerate(both):
        command = [
            *host.prefix, sys.executable, "-m", "jtorch.distributed.run", "--nnodes=2", f"--node-rank={node}", f"--nproc-per-node={workers}",
            f"--master-addr={both[0].address}", f"--master-port={port}", f"--max-restarts={restarts}", str(SCRIPT), str(folder), *arguments,
        ]  # fmt: skip
        output = open(folder / f"host-{node}.txt", "w")  # noqa: SIM115 - the agent writes to it
        processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT))
        output.close()
    try:
        end = time.monotonic() + timeout
        statuses = [process.wait(max(end - time.monotonic(), 0)) for process in processes]
        ended = time.time()
    finally:
        for process in processes:
            if process.poll() is None:
                process.terminate()
                process.wait(40)
    killed = folder / "killed"
    seconds = ended - float(killed.read_text()) if killed.exists() else None
    return Outcome(statuses, [(folder / f"host-{node}.txt").read_text() for node in range(2)], seconds)


def parameters(folder: Path) -> set[str]:
    """What the ranks ended with: one text if they agree."""
    return {path.read_text() for path in folder.glob("parameters-*.txt")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loopback", action="store_true", help="two agents on one host")
    args = parser.parse_args()
    with hosts(args.loopback) as both, tempfile.TemporaryDirectory() as place:
        print("hosts:", ", ".join(host.address for host in both))
        undisturbed = train(both, Path(place) / "undisturbed")
        print("undisturbed: exit", undisturbed.statuses)
        stopped = train(both, Path(place) / "stopped", "3", "7")
        print(f"rank 3 killed before step 7: exit {stopped.statuses}, {stopped.seconds:.1f} s after the kill")
        print(*stopped.outputs, sep="\n")
        resumed = train(both, Path(place) / "resumed", "3", "7", restarts=1)
        print(f"the same with --max-restarts=1: exit {resumed.statuses}")
        print(*resumed.outputs, sep="\n")
        same = parameters(Path(place) / "undisturbed") == parameters(Path(place) / "resumed")
        print("parameters as if nothing had happened:", same)
        sys.exit(not same or any(undisturbed.statuses) or not all(stopped.statuses) or any(resumed.statuses))


if __name__ == "__main__":
    main()
