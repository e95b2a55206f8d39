"""A side of a comparison: a process of its own that does what it is told and answers in JSON, one line each."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Side:
    """`torch`, `torch.compile`, `jtorch`, `captured` (jtorch.capture) or `flax`; calls are methods of `worker.Worker`."""

    def __init__(self, name: str, cache: str | None = None, **environment: str):
        self.name = name
        # Programs compiled by earlier runs decide nothing, except where that is what is measured.
        self._own_cache = None if cache else tempfile.TemporaryDirectory()
        environment = {**os.environ, "XDG_CACHE_HOME": cache or self._own_cache.name, **environment}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def __getattr__(self, method):
        def call(*args):
            self._process.stdin.write(json.dumps([method, args]) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            if not answer:
                raise RuntimeError(f"the {self.name} side ended while running {method}{args}")
            return json.loads(answer)

        return call

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        if self._own_cache:
            self._own_cache.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
