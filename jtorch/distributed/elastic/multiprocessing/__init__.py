"""Processes under torchrun, where their output goes, and their errors."""

from dataclasses import dataclass

from jtorch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure, record
from jtorch.distributed.worker_output import Std

__all__ = ["ChildFailedError", "DefaultLogsSpecs", "ProcessFailure", "Std", "record"]


@dataclass
class DefaultLogsSpecs:
    """Where the streams of workers go: to files under `log_dir`, there and through (`tee`), or through; one `Std` for all, or one by local rank."""

    log_dir: str | None = None
    redirects: Std | dict[int, Std] = Std.NONE
    tee: Std | dict[int, Std] = Std.NONE
    local_ranks_filter: set[int] | None = None

    @property
    def root_log_dir(self) -> str | None:
        return self.log_dir

    @staticmethod
    def text(streams: Std | dict[int, Std]) -> str:
        """As an option of torchrun."""
        if isinstance(streams, dict):
            return ",".join(f"{rank}:{int(kind)}" for rank, kind in streams.items()) or "0"
        return str(int(streams))
