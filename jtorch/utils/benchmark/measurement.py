"""What a Timer measured."""

import math
from collections import defaultdict
from dataclasses import dataclass, fields

import numpy as np

_UNITS = {"ns": "nanosecond", "us": "microsecond", "ms": "millisecond", "s": "second"}


def select_unit(t: float) -> tuple[str, float]:
    """The unit a time reads best in, and its length in seconds."""
    unit = {-3: "ns", -2: "us", -1: "ms"}.get(int(math.floor(math.log10(t) / 3)) if t > 0 else 0, "s")
    return unit, {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}[unit]


def unit_to_english(u: str) -> str:
    return _UNITS[u]


def trim_sigfig(x: float, n: int) -> float:
    """A number with `n` significant figures."""
    if x != int(x) or x != 0:
        magnitude = int(math.ceil(math.log10(abs(x))))
        scale = 10.0 ** (magnitude - n)
        return float(round(x / scale) * scale)
    return 0.0


@dataclass(frozen=True)
class TaskSpec:
    """What was measured: the statement and the words that describe it."""

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        if self.label is not None:
            return self.label + (f": {self.sub_label}" if self.sub_label else "")
        if "\n" not in self.stmt:
            return self.stmt + (f": {self.sub_label}" if self.sub_label else "")
        return f"stmt:{f' ({self.sub_label})' if self.sub_label else ''}\n" + "\n".join(
            "  " + line for line in self.stmt.splitlines()
        )

    def setup_str(self) -> str:
        if self.setup == "pass" or not self.setup:
            return ""
        if "\n" not in self.setup:
            return f"setup: {self.setup}"
        return "setup:\n" + "\n".join("  " + line for line in self.setup.splitlines())

    def summarize(self) -> str:
        """Title, description and setup, a line each."""
        return "\n".join(line for line in (self.title, self.description or "", self.setup_str()) if line)


_TASK = frozenset(field.name for field in fields(TaskSpec))


@dataclass(repr=False)
class Measurement:
    """Times of a statement. `raw_times` are of `number_per_run` runs each, in seconds; the statistics are of one run."""

    number_per_run: int
    raw_times: list
    task_spec: TaskSpec
    metadata: dict | None = None

    def __getattr__(self, name):
        if name in _TASK:
            return getattr(self.task_spec, name)
        raise AttributeError(name)

    @property
    def times(self) -> list[float]:
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def median(self) -> float:
        return float(np.median(self.times))

    @property
    def mean(self) -> float:
        return float(np.mean(self.times))

    @property
    def iqr(self) -> float:
        """Distance between the quartiles."""
        low, high = np.quantile(self.times, (0.25, 0.75))
        return float(high - low)

    @property
    def significant_figures(self) -> int:
        """How many figures of the median mean something, by the spread of the middle half."""
        ordered = sorted(self.times)
        middle = ordered[len(ordered) // 4 : math.ceil(3 * len(ordered) / 4)]
        interval = max(1.645 * float(np.std(middle)) / math.sqrt(len(middle)), 25e-9)
        return min(max(math.floor(math.log10(self.median / interval)), 1), 4)

    @property
    def _warnings(self) -> list[str]:
        spread = self.iqr / self.median if self.median else 0.0
        if spread < 0.1:
            return []
        meaning = (
            "This suggests significant environmental influence."
            if spread >= 0.25
            else "This could indicate system fluctuation."
        )
        return [
            f"  WARNING: Interquartile range is {spread * 100:.1f}% of the median measurement.\n           {meaning}"
        ]

    @property
    def has_warnings(self) -> bool:
        return bool(self._warnings)

    def meets_confidence(self, threshold: float = 0.1) -> bool:
        return self.iqr / self.median < threshold

    @property
    def title(self) -> str:
        return self.task_spec.title

    @property
    def as_row_name(self) -> str:
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    def __repr__(self):
        count, (unit, scale) = len(self.raw_times), select_unit(self.median)
        lines = [object.__repr__(self), self.task_spec.summarize()]
        lines.append(f"  {'Median: ' if count > 1 else ''}{self.median / scale:.2f} {unit}")
        if count >= 4:
            low, high = np.quantile(self.times, (0.25, 0.75))
            lines.append(f"  IQR:    {self.iqr / scale:.2f} {unit} ({low / scale:.2f} to {high / scale:.2f})")
        threads = self.task_spec.num_threads
        lines.append(
            f"  {count} measurement{'s' if count > 1 else ''}, {self.number_per_run} runs {'per measurement,' if count > 1 else ','} "
            f"{threads} thread{'s' if threads > 1 else ''}"
        )
        return "\n".join([*lines, *self._warnings])

    @staticmethod
    def merge(measurements) -> list["Measurement"]:
        """Repeated measurements of one task as one."""
        groups = defaultdict(list)
        for measurement in measurements:
            groups[measurement.task_spec] += measurement.times
        return [Measurement(1, times, task) for task, times in groups.items()]
