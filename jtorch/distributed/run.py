"""torchrun: `python -m jtorch.distributed.run --nproc-per-node 2 train.py`, or `python -m jtorch -m torch.distributed.run ...`.

Starts workers that find RANK, WORLD_SIZE, MASTER_ADDR and the rest in their environment, so that `init_process_group()` joins them; starts all of them
again, up to `--max-restarts` times, when one fails, and with another number of nodes when one comes or is lost (`--nnodes=1:4`). In the workers, as under `python -m jtorch`, torch means jtorch.
"""

import argparse
import os
import sys
import uuid
from datetime import timedelta

from jtorch.distributed.agent import Agent, WorkerSpec
from jtorch.distributed.elastic.multiprocessing.errors import ChildFailedError
from jtorch.distributed.rounds import Terms
from jtorch.distributed.store import DistNetworkError
from jtorch.distributed.tcp_store import TCPStore
from jtorch.distributed.worker_output import streams_by_rank


def get_args_parser() -> argparse.ArgumentParser:
    """The options of torchrun. Each can be set in the environment as well: `--nnodes` by PET_NNODES."""
    parser = argparse.ArgumentParser(prog="torchrun", description="Start the processes of a job.")

    def option(*names: str, default=None, **settings) -> None:
        spellings = [*names, *[f"--{name[2:].replace('-', '_')}" for name in names if "-" in name[2:]]]
        name = names[-1].removeprefix("--").replace("-", "_") if names[-1].startswith("--") else names[0].strip("-")
        found = os.environ.get(f"PET_{name.upper()}")
        if settings.get("action") == "store_true":
            default = found == "1"
        elif found is not None:
            default = settings.get("type", str)(found)
        parser.add_argument(*spellings, default=default, **settings)

    option("--nnodes", default="1:1", help="number of nodes, or <least>:<most> (c10d)")
    option("--nproc-per-node", default="1", help="workers on this node: a number, auto, cpu or gpu")
    option("--rdzv-backend", default="static", help="static (nodes are numbered by --node-rank) or c10d (as they come)")
    option("--rdzv-endpoint", default="", help="host:port of the node that keeps the store")
    option("--rdzv-id", default="none", help="a name of the job")
    option(
        "--rdzv-conf",
        default="",
        help="<key>=<value>,...: join_timeout, last_call_timeout, keep_alive_interval, keep_alive_max_attempt, is_host",
    )
    option("--standalone", action="store_true", help="one node, and a port that is free")
    option("--max-restarts", default=0, type=int, help="how often all workers are started again when one fails")
    option("--monitor-interval", default=0.1, type=float, help="seconds between looks at the workers")
    option("--start-method", default="spawn", choices=["spawn", "fork", "forkserver"], help="taken for compatibility")
    option("--event-log-handler", default="null", help="taken for compatibility")
    option("--role", default="default", help="a name of the workers")
    option("-m", "--module", action="store_true", help="the script is a module")
    option("--no-python", action="store_true", help="the script is a command of its own")
    option("--run-path", action="store_true", help="the script is run by its absolute path")
    option("--log-dir", help="folder of the logs")
    option(
        "-r",
        "--redirects",
        default="0",
        help="what goes to files: 1 stdout, 2 stderr, 3 both; or by local rank, 0:1,1:2",
    )
    option("-t", "--tee", default="0", help="what goes to files and is shown as well")
    option("--local-ranks-filter", default="", help="local ranks whose output is shown, separated by commas")
    option("--node-rank", default=0, type=int, help="number of this node (static)")
    option("--master-addr", default="127.0.0.1", help="address of node 0 (static)")
    option("--master-port", type=int, help="port of node 0 (static); 29500")
    option("--local-addr", help="address of this node")
    parser.add_argument("training_script", help="the script, module or command")
    parser.add_argument("training_script_args", nargs=argparse.REMAINDER, help="its arguments")
    return parser


def parse_args(args=None) -> argparse.Namespace:
    return get_args_parser().parse_args(args)


def worker_count(text: str) -> int:
    """What `--nproc-per-node` means on this machine."""
    if text in ("auto", "gpu", "cpu"):
        import jtorch

        gpus = jtorch.cuda.device_count() if text != "cpu" else 0
        if text == "gpu" and not gpus:
            raise ValueError("Cuda is not available.")
        return gpus or os.cpu_count() or 1
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"Unsupported nproc_per_node value: {text}") from None


def _command(args) -> list[str]:
    script = args.training_script
    if args.no_python:
        return [script]
    if args.run_path and not os.path.isabs(script):
        raise ValueError(f"--run-path takes an absolute path, got {script!r}")
    return [sys.executable, "-u", "-m", "jtorch", *(["-m"] if args.module else []), script]


def _nodes(text: str) -> tuple[int, int]:
    """The least and the most nodes that `--nnodes` names."""
    parts = text.split(":")
    if len(parts) > 2:
        raise RuntimeError(f'nnodes={text} is not in "MIN:MAX" format')
    least, most = int(parts[0]), int(parts[-1])
    if least < 1:
        raise ValueError(f"The minimum number of rendezvous nodes ({least}) must be greater than zero.")
    if most < least:
        raise ValueError(
            f"The maximum number of rendezvous nodes ({most}) must be greater than or equal to the minimum number of rendezvous nodes ({least})."
        )
    return least, most


def _terms(args, settings: dict[str, str]) -> Terms:
    least, most = _nodes(args.nnodes)
    if least != most and args.rdzv_backend == "static" and not args.standalone:
        raise ValueError(
            f"--nnodes={args.nnodes}: a number of nodes that changes takes --rdzv-backend=c10d, as static ones are numbered"
        )
    silence = float(settings.get("keep_alive_interval", 5)) * float(settings.get("keep_alive_max_attempt", 3))
    return Terms(least, most, _join_timeout(settings), float(settings.get("last_call_timeout", 30)), silence)


def _join_timeout(settings: dict[str, str]) -> float:
    return float(settings.get("join_timeout") or settings.get("timeout") or 600)


def _endpoint(text: str, port: int) -> tuple[str, int]:
    host, _, given = text.rpartition(":") if ":" in text else (text, "", "")
    return host or "127.0.0.1", int(given) if given else port


def _store(args, nodes: int, settings: dict[str, str]) -> tuple[TCPStore, int | None]:
    """The store the agents meet at, kept by the first of them; and this node's number, where it is known."""
    timeout = timedelta(seconds=_join_timeout(settings))
    if args.standalone or (
        nodes == 1 and args.rdzv_backend == "static" and args.master_port is None and not args.rdzv_endpoint
    ):
        args.rdzv_id = str(uuid.uuid4())
        return TCPStore("localhost", 0, is_master=True, timeout=timeout), 0
    if args.rdzv_backend == "static":
        host, port = args.master_addr, 29500 if args.master_port is None else args.master_port
        if args.rdzv_endpoint:
            host, port = _endpoint(args.rdzv_endpoint, port)
        return TCPStore(
            host, port, is_master=args.node_rank == 0, timeout=timeout, wait_for_workers=False
        ), args.node_rank
    if args.rdzv_backend != "c10d":
        raise ValueError(f"The rendezvous backend '{args.rdzv_backend}' is not registered: jtorch has static and c10d")
    host, port = _endpoint(args.rdzv_endpoint, 29400)
    is_host = settings.get("is_host")
    if is_host is not None:
        here = is_host.lower() in ("1", "true", "t", "yes", "y")
        return TCPStore(host, port, is_master=here, timeout=timeout, wait_for_workers=False), None
    try:
        return TCPStore(host, port, is_master=host in _own_names(), timeout=timeout, wait_for_workers=False), None
    except DistNetworkError:  # another agent of this machine keeps it
        return TCPStore(host, port, timeout=timeout, wait_for_workers=False), None


def _own_names() -> set[str]:
    import socket

    return {"localhost", "127.0.0.1", "::1", "0.0.0.0", socket.gethostname(), socket.getfqdn()}


def run(args, numbered: bool = False) -> None:
    """Do what the options say; returns when all workers have succeeded. `numbered` workers are given `--local-rank=N`."""
    start(args, _command(args), args.training_script, args.training_script_args, numbered)


def start(args, command: list[str], name: str, arguments: list[str] | None = None, numbered: bool = False) -> range:
    """Run a command in workers as the options say, whatever their script is; returns the ranks of this node's."""
    settings: dict[str, str] = dict(part.split("=", 1) for part in args.rdzv_conf.split(",") if part)
    terms, workers = _terms(args, settings), worker_count(args.nproc_per_node)
    if workers < 1:
        raise ValueError(f"expected a worker at least, got --nproc-per-node={workers}")
    store, node_rank = _store(args, terms.most, settings)
    shown = {int(rank) for rank in args.local_ranks_filter.split(",") if rank} or set(range(workers))
    spec = WorkerSpec(
        command, arguments or [], numbered, name, terms, node_rank, workers, args.rdzv_id, args.role, args.max_restarts,
        args.monitor_interval, args.log_dir, streams_by_rank(args.redirects, workers), streams_by_rank(args.tee, workers), shown,
    )  # fmt: skip
    try:
        return Agent(spec, store).run()
    finally:
        store.close()


def main(args=None) -> None:
    """The command line."""
    try:
        run(parse_args(args))
    except ChildFailedError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
