"""A warm process that runs snippets under PyTorch, or under jtorch in one execution mode.

`Worker` is the near end; `python -m compat_tests.worker torch|jtorch` the far end: one JSON line in (code, repeats),
one out (the observations).
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A mode is how jtorch executes, and how often a snippet is run in one process: whole-trace programs and cached ones are
# reached by repetition.
MODES = {
    "deferred": ("deferred", 1),
    "eager": ("eager", 1),
    "compiled": ("compile", 2),
    "repeated": ("deferred", 4),
}


class Worker:
    """A process with `torch` meaning either library. Starts when first needed; a snippet that hangs or kills it costs
    a restart, and that is its observation."""

    def __init__(self, library: str, mode: str | None = None):
        self.library = library
        self.mode = mode
        execution, self.repeats = MODES[mode] if mode else (None, 1)
        self._environment = dict(os.environ, PYTHONPATH=f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        self._environment.setdefault("OMP_NUM_THREADS", "1")
        if execution:
            self._environment["JTORCH_EXECUTION"] = execution
            self._environment.setdefault("JAX_PLATFORMS", "cpu")
        self._process = None
        self._folder = None

    def observe(self, code: str, timeout: float = 120.0, name: str = "<snippet>") -> list[dict]:
        """The observations of `code`, one per repetition."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        request = json.dumps({"code": code, "repeats": self.repeats, "name": name})
        try:
            self._process.stdin.write(request.encode() + b"\n")
            self._process.stdin.flush()
            return json.loads(self._read_line(timeout))
        except (TimeoutError, EOFError, BrokenPipeError) as error:
            status = self._process.poll()
            self.close()
            message = f"no answer after {timeout:g} s" if isinstance(error, TimeoutError) else f"died, status {status}"
            failure = {"type": "WorkerDied", "message": f"the {self.library} process gave {message}"}
            return [{"stdout": "", "warnings": [], "error": failure}]

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _start(self) -> None:
        self.close()
        self._folder = tempfile.TemporaryDirectory(prefix="snippets-", ignore_cleanup_errors=True)
        self._buffer = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "compat_tests.worker", self.library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self._folder.name,
            env=self._environment,
        )

    def _read_line(self, timeout: float) -> bytes:
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            part = os.read(self._process.stdout.fileno(), 1 << 16)
            if not part:
                self._process.wait()
                raise EOFError
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def load(library: str):
    """Make `import torch` mean `library` in this process, and return it."""
    if library == "jtorch":
        import jtorch.compat

        jtorch.compat.install()
    import torch

    return torch


def main() -> None:
    # Snippets may write to descriptors 0 and 1 (or fork): the conversation moves to copies of its own.
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    load(sys.argv[1])
    from compat_tests import observe

    sys.path[0] = ""
    with contextlib.suppress(KeyboardInterrupt):
        for line in requests:
            request = json.loads(line)
            seen = [observe.run(request["code"], request["name"]) for _ in range(request["repeats"])]
            answers.write(json.dumps(seen).encode() + b"\n")
            answers.flush()


if __name__ == "__main__":
    main()
