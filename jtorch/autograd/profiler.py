"""torch.autograd.profiler: how long ranges of code and the programs of the engine take, by the clock of the host.

While a profile is on, every program is waited for, and `record_function` ends programs at its edges, so that time belongs to where it is spent. What runs
as one program is one row ("program of 120 operations"); under `JTORCH_EXECUTION=eager` each operation is a row. For traces of the device use `jax.profiler`.
"""

import functools
import gzip
import json
import os
import threading
import time
from dataclasses import dataclass

from .. import engine

_active: list = []


@dataclass
class FunctionEvent:
    """One range: a program, an operation or a `record_function` block. Times are in microseconds."""

    name: str
    start: float
    end: float
    thread: int
    category: str

    @property
    def cpu_time_total(self) -> float:
        return self.end - self.start


class FunctionEventAvg:
    """All ranges of one name."""

    def __init__(self, key: str):
        self.key, self.count = key, 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.device_time_total = self.self_device_time_total = 0.0

    def add(self, total: float, own: float) -> None:
        self.count += 1
        self.cpu_time_total += total
        self.self_cpu_time_total += own

    @property
    def cpu_time(self) -> float:
        """Mean time of a call."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def cpu_time_str(self) -> str:
        return _time(self.cpu_time)

    @property
    def cpu_time_total_str(self) -> str:
        return _time(self.cpu_time_total)

    @property
    def self_cpu_time_total_str(self) -> str:
        return _time(self.self_cpu_time_total)

    def __repr__(self):
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={_time(self.self_cpu_time_total)} cpu_time={_time(self.cpu_time)} "
            f"count={self.count}>"
        )


def _time(microseconds: float) -> str:
    if microseconds >= 1e6:
        return f"{microseconds / 1e6:.3f}s"
    return f"{microseconds / 1e3:.3f}ms" if microseconds >= 1e3 else f"{microseconds:.3f}us"


class EventList(list):
    """Ranges, or averages of them, with torch's table."""

    _names = {
        "cpu_time": "cpu_time", "cpu_time_total": "cpu_time_total", "self_cpu_time_total": "self_cpu_time_total", "count": "count",
    }  # fmt: skip

    def table(
        self, sort_by=None, row_limit: int = 100, max_src_column_width: int = 75, max_name_column_width: int = 55, **_
    ) -> str:
        """Columns of names, times and calls, `sort_by` one of cpu_time, cpu_time_total, self_cpu_time_total, count."""
        rows = list(self if isinstance(next(iter(self), None), FunctionEventAvg) else averages(self))
        if sort_by is not None:
            field = sort_by.replace("cuda_time", "cpu_time").replace("device_time", "cpu_time")
            rows.sort(key=lambda row: getattr(row, self._names.get(field, "cpu_time_total")), reverse=True)
        whole = sum(row.self_cpu_time_total for row in rows) or 1.0
        header = ("Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "# of Calls")
        body = [
            (
                row.key if len(row.key) <= max_name_column_width else row.key[: max_name_column_width - 3] + "...",
                f"{100 * row.self_cpu_time_total / whole:.2f}%",
                _time(row.self_cpu_time_total),
                f"{100 * row.cpu_time_total / whole:.2f}%",
                _time(row.cpu_time_total),
                _time(row.cpu_time),
                str(row.count),
            )
            for row in (rows if row_limit < 0 else rows[:row_limit])
        ]
        widths = [max(len(line[i]) for line in (header, *body)) for i in range(len(header))]
        rule = "  ".join("-" * width for width in widths)
        lines = [
            rule,
            *("  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)) for line in (header,)),
            rule,
        ]
        lines += ["  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)) for line in body]
        return "\n".join(
            [*lines, rule, f"Self CPU time total: {_time(sum(row.self_cpu_time_total for row in rows))}", ""]
        )

    @property
    def self_cpu_time_total(self) -> float:
        return sum(row.self_cpu_time_total for row in averages(self))

    def export_chrome_trace(self, path, metadata=None) -> None:
        """Write the ranges for chrome://tracing and Perfetto, with entries of `metadata` beside them."""
        events = [
            {
                "ph": "X",
                "cat": e.category,
                "name": e.name,
                "pid": os.getpid(),
                "tid": e.thread,
                "ts": e.start,
                "dur": e.end - e.start,
            }
            for e in self
        ]
        text = json.dumps({"schemaVersion": 1, **(metadata or {}), "traceEvents": events})
        path = os.fspath(path)
        with gzip.open(path, "wt") if path.endswith(".gz") else open(path, "w") as file:
            file.write(text)


def averages(events) -> EventList:
    """Ranges by name, in the order of their first occurrence; a range's own time is what no range inside it takes."""
    found: dict[str, FunctionEventAvg] = {}
    for thread in dict.fromkeys(e.thread for e in events):
        ordered = sorted((e for e in events if e.thread == thread), key=lambda e: (e.start, -e.end))
        inside = [0.0] * len(ordered)
        stack: list[int] = []
        for i, event in enumerate(ordered):
            while stack and ordered[stack[-1]].end <= event.start:
                stack.pop()
            if stack:
                inside[stack[-1]] += event.end - event.start
            stack.append(i)
        for event, covered in zip(ordered, inside, strict=True):
            row = found.setdefault(event.name, FunctionEventAvg(event.name))
            row.add(event.end - event.start, event.end - event.start - covered)
    return EventList(found.values())


class Recorder:
    """Collects ranges between `start` and `stop`."""

    def __init__(self):
        self.events = EventList()

    def start(self) -> None:
        engine.cut()
        _active.append(self)
        engine.Settings.observer = _note

    def stop(self) -> None:
        engine.cut()
        if self in _active:
            _active.remove(self)
        if not _active:
            engine.Settings.observer = None


def _note(name: str, start: float, end: float, category: str = "cpu_op") -> None:
    event = FunctionEvent(name, start * 1e6, end * 1e6, threading.get_ident(), category)
    for recorder in _active:
        recorder.events.append(event)


class record_function:
    """A named range of code, as a context or a decorator; it costs nothing while no profile is on.

    >>> import jtorch as torch
    >>> with torch.profiler.profile() as prof, torch.profiler.record_function("mine"):
    ...     _ = (torch.ones(3) * 2).sum().item()
    >>> [row.key for row in prof.key_averages()][0]
    'mine'
    """

    def __init__(self, name: str, args: str | None = None):
        self.name = name
        self._start = None

    def __enter__(self):
        if _active:
            engine.cut()
            self._start = time.perf_counter()
        return self

    def __exit__(self, *exc):
        if self._start is not None:
            engine.cut()
            _note(self.name, self._start, time.perf_counter(), "user_annotation")
            self._start = None

    def __call__(self, fn):
        @functools.wraps(fn)
        def recorded(*args, **kwargs):
            with record_function(self.name):
                return fn(*args, **kwargs)

        return recorded


class profile:
    """Context that measures what happens inside; `torch.profiler.profile` is the newer one."""

    def __init__(self, enabled: bool = True, **_):
        self.enabled = enabled
        self._recorder = Recorder()

    def __enter__(self):
        if self.enabled:
            self._recorder.start()
        return self

    def __exit__(self, *exc):
        if self.enabled:
            self._recorder.stop()
        return False

    @property
    def function_events(self) -> EventList:
        return self._recorder.events

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, **_) -> EventList:
        """The ranges by name."""
        return averages(self._recorder.events)

    def total_average(self) -> FunctionEventAvg:
        """All ranges as one."""
        whole = FunctionEventAvg("Total")
        for row in self.key_averages():
            whole.count += row.count
            whole.cpu_time_total += row.cpu_time_total
            whole.self_cpu_time_total += row.self_cpu_time_total
        return whole

    @property
    def self_cpu_time_total(self) -> float:
        return self._recorder.events.self_cpu_time_total

    def table(self, sort_by=None, row_limit: int = 100, **options) -> str:
        return self._recorder.events.table(sort_by=sort_by, row_limit=row_limit, **options)

    def export_chrome_trace(self, path) -> None:
        self._recorder.events.export_chrome_trace(path)

    def __repr__(self):
        return repr(self._recorder.events) if _active else self.table()

    def __str__(self):
        return self.table()


class emit_nvtx:
    """Ranges for NVIDIA's profilers, which XLA's programs do not take: entering the block raises."""

    def __init__(self, enabled: bool = True, record_shapes: bool = False):
        self.enabled = enabled

    def __enter__(self):
        if self.enabled:
            raise NotImplementedError(
                "autograd.profiler.emit_nvtx: XLA's programs carry no NVTX ranges; use torch.profiler.profile"
            )
        return self

    def __exit__(self, *error):
        return False
