"""What goes wrong with a checkpoint."""


class CheckpointException(BaseException):
    """Saving or loading failed, with the error of each process in `failures`. As in torch it is no `Exception`."""

    def __init__(self, msg: str, failures: dict):
        super().__init__(msg, failures)
        self._failures = failures

    @property
    def failures(self) -> dict:
        return self._failures

    def __str__(self):
        lines = [f"CheckpointException ranks:{self._failures.keys()}"]
        return "\n".join([*lines, *(f"{type(e).__name__}: {e} (RANK {rank})" for rank, e in self._failures.items())])
