"""The launcher as a function: workers that run a function, or a command, under the agent of `torch.distributed.run`."""

import multiprocessing.spawn
import os
import pickle
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jtorch.distributed import run
from jtorch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from jtorch.distributed.elastic.multiprocessing.errors import ChildFailedError

__all__ = ["ChildFailedError", "LaunchConfig", "elastic_launch", "launch_agent"]

_ENTRY = Path(__file__).with_name("_worker.py")


@dataclass
class LaunchConfig:
    """How many workers to start, and where nodes meet: the options of torchrun under their names here.

    `rdzv_backend` is 'static' or 'c10d'; with neither it is 'static' for one node. `start_method` is always that of fresh processes.
    """

    min_nodes: int
    max_nodes: int
    nproc_per_node: int
    logs_specs: DefaultLogsSpecs | None = None
    run_id: str = ""
    role: str = "default_role"
    rdzv_endpoint: str = ""
    rdzv_backend: str = "etcd"
    rdzv_configs: dict[str, Any] = field(default_factory=dict)
    rdzv_timeout: int = -1
    max_restarts: int = 3
    monitor_interval: float = 0.1
    start_method: str = "spawn"
    log_line_prefix_template: str | None = None
    metrics_cfg: dict[str, str] = field(default_factory=dict)
    local_addr: str | None = None
    event_log_handler: str = "null"
    numa_options: Any = None
    signals_to_handle: str = "SIGTERM,SIGINT,SIGHUP,SIGQUIT"
    duplicate_stdout_filters: list[str] | None = None
    duplicate_stderr_filters: list[str] | None = None

    def __post_init__(self):
        self.rdzv_configs = {"timeout": 900 if self.rdzv_timeout == -1 else self.rdzv_timeout, **self.rdzv_configs}
        if self.logs_specs is None:
            self.logs_specs = DefaultLogsSpecs()


class elastic_launch:
    """`elastic_launch(config, function)(*args)` runs the function in all workers, and returns what it returned by rank, of this node's workers.

    The function and its arguments are pickled: it has to be importable, as with `multiprocessing`. A command in its place gets the arguments as text.
    Raises `ChildFailedError` when workers fail and no restart is left.
    """

    def __init__(self, config: LaunchConfig, entrypoint):
        self._config, self._entrypoint = config, entrypoint

    def __call__(self, *args) -> dict[int, Any]:
        return launch_agent(self._config, self._entrypoint, list(args))


def launch_agent(config: LaunchConfig, entrypoint, args: list) -> dict[int, Any]:
    """Start workers and wait for them; what `elastic_launch` calls."""
    with tempfile.TemporaryDirectory() as folder:
        if callable(entrypoint):
            payload = os.path.join(folder, "payload.pickle")
            with open(payload, "wb") as file:
                about = multiprocessing.spawn.get_preparation_data("worker")
                pickle.dump(
                    {key: value for key, value in about.items() if key != "authkey"}, file
                )  # that one is secret
                pickle.dump((entrypoint, tuple(args)), file)
            command = [sys.executable, "-u", str(_ENTRY), payload]
            name = getattr(entrypoint, "__qualname__", type(entrypoint).__name__)
        else:
            command, name = [entrypoint, *map(str, args)], str(entrypoint)
        ranks = run.start(_options(config), command, name)
        if not callable(entrypoint):
            return dict.fromkeys(ranks)
        return {rank: pickle.loads(Path(folder, f"result.{rank}").read_bytes()) for rank in ranks}


def _options(config: LaunchConfig):
    """The same as options of torchrun."""
    one = config.max_nodes == 1
    if config.rdzv_backend not in ("static", "c10d") and not one:
        raise ValueError(
            f"The rendezvous backend '{config.rdzv_backend}' is not registered: jtorch has static and c10d"
        )
    settings = dict(config.rdzv_configs)
    node_rank = settings.pop("rank", 0)
    specs = config.logs_specs or DefaultLogsSpecs()
    filters = specs.local_ranks_filter or ()
    options = [
        f"--nnodes={config.min_nodes}:{config.max_nodes}", f"--nproc-per-node={config.nproc_per_node}", f"--max-restarts={config.max_restarts}",
        f"--monitor-interval={config.monitor_interval}", f"--role={config.role}", f"--rdzv-conf={','.join(f'{k}={v}' for k, v in settings.items())}",
        f"--local-ranks-filter={','.join(map(str, filters))}", f"--redirects={specs.text(specs.redirects)}", f"--tee={specs.text(specs.tee)}",
    ]  # fmt: skip
    options += [f"--log-dir={specs.root_log_dir}"] if specs.root_log_dir else []
    options += [f"--rdzv-id={config.run_id}"] if config.run_id else []
    if one and config.rdzv_backend != "c10d":
        options += ["--standalone"]
    else:
        options += [f"--rdzv-backend={config.rdzv_backend}", f"--rdzv-endpoint={config.rdzv_endpoint}", f"--node-rank={node_rank}"]  # fmt: skip
    return run.parse_args([*options, "worker"])
