"""Where what workers print goes: through, to files, or both."""

import enum
import os
import subprocess
import sys
import threading
from typing import IO


class Std(enum.IntFlag):
    """Streams of a worker."""

    NONE, OUT, ERR, ALL = 0, 1, 2, 3


def streams_by_rank(text: str, count: int) -> list[Std]:
    """What `-r 3` (of all) or `-r 0:1,1:2` (by local rank) means for each worker."""
    try:
        if ":" not in text:
            return [Std(int(text))] * count
        chosen = {int(rank): int(kind) for rank, kind in (part.split(":") for part in text.split(","))}
        return [Std(chosen.get(rank, 0)) for rank in range(count)]
    except ValueError:
        raise ValueError(f"value: <{text}> has to be 0, 1, 2 or 3, or like <rank>:<0..3>,<rank>:<0..3>") from None


class Output:
    """The two streams of one worker: passed on, written to `folder`, or both (`tee`), line by line behind the worker's name."""

    def __init__(self, folder: str, name: str, redirected: Std, tee: Std, shown: bool):
        self._folder, self._name, self._redirected, self._tee, self._shown = folder, name, redirected, tee, shown
        self._files: list[IO] = []
        self._threads: list[threading.Thread] = []

    def _target(self, stream: Std, file_name: str):
        """What Popen takes for a stream."""
        if stream in self._tee:
            return subprocess.PIPE
        if stream in self._redirected:
            file = open(os.path.join(self._folder, file_name), "wb")  # noqa: SIM115 - the worker writes to it
            self._files.append(file)
            return file
        return None if self._shown else subprocess.DEVNULL

    def start(self, command: list[str], env: dict[str, str]) -> subprocess.Popen:
        """Start the worker."""
        process = subprocess.Popen(
            command, env=env, stdout=self._target(Std.OUT, "stdout.log"), stderr=self._target(Std.ERR, "stderr.log")
        )
        for source, name, target in (
            (process.stdout, "stdout.log", sys.stdout),
            (process.stderr, "stderr.log", sys.stderr),
        ):
            if source is not None:
                thread = threading.Thread(target=self._copy, args=(source, name, target), daemon=True)
                thread.start()
                self._threads.append(thread)
        return process

    def _copy(self, source: IO, file_name: str, target: IO) -> None:
        with open(os.path.join(self._folder, file_name), "wb") as file, source:
            for line in source:
                file.write(line)
                file.flush()
                if self._shown:
                    target.write(f"[{self._name}]:{line.decode(errors='replace')}")
                    target.flush()

    def close(self) -> None:
        """Wait for what is still to be copied, after the worker has ended."""
        for thread in self._threads:
            thread.join(5)
        for file in self._files:
            file.close()
