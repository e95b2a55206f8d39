"""Times of statements. The program of every run is ended, and waited for, inside the time that is taken."""

import time
import timeit
from collections.abc import Callable

from jtorch import engine
from jtorch.utils.benchmark.measurement import Measurement, TaskSpec


def timer() -> float:
    """The clock of the host, after everything recorded has run."""
    engine.cut()
    return time.perf_counter()


def _ignore(name: str, start: float, end: float) -> None:
    """While there is an observer the engine computes results that nobody holds, and waits for them."""


class Timer:
    """Measure a statement, as `timeit.Timer` does.

    A run is what a training step is to the engine: first runs compile, and are done before times are taken. `num_threads` is noted: XLA's threads are
    those of the process.

    >>> import jtorch as torch
    >>> from jtorch.utils import benchmark
    >>> x = torch.ones(8)
    >>> benchmark.Timer("x.sum()", globals={"x": x}).timeit(10).number_per_run
    10
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timer,
        globals: dict | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language="python",
    ):
        if not isinstance(stmt, str):
            raise ValueError("Currently only a `str` stmt is supported.")
        if str(language).lower().rpartition(".")[2] not in ("python", "py"):
            raise NotImplementedError(
                "torch.utils.benchmark.Timer(language=Language.CPP): only Python statements are measured"
            )
        if global_setup:
            raise ValueError(
                f"global_setup is C++ only, got `{global_setup}`. Most likely this code can simply be moved to `setup`."
            )
        self._globals = dict(globals or {})
        import jtorch

        self._globals.setdefault("torch", jtorch)
        stmt, setup = _unindented(stmt), _unindented(setup)
        self._task_spec = TaskSpec(stmt, setup, "", label, sub_label, description, env, num_threads)
        self._timeit = timeit.Timer(
            stmt=f"{stmt}\n_end_of_run()", setup=setup, timer=timer, globals=self._globals | {"_end_of_run": engine.cut}
        )

    def _measure(self, number: int) -> float:
        previous, engine.Settings.observer = engine.Settings.observer, engine.Settings.observer or _ignore
        try:
            return self._timeit.timeit(number)
        finally:
            engine.Settings.observer = previous

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """One measurement of `number` runs."""
        self._measure(max(number // 100, 3))
        return Measurement(number, [self._measure(number)], self._task_spec)

    def repeat(self, repeat: int = -1, number: int = -1):
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def autorange(self, callback=None):
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def blocked_autorange(self, callback=None, min_run_time: float = 0.2) -> Measurement:
        """Measurements of blocks of runs, each long enough for the clock, for `min_run_time` seconds in all."""
        self._measure(3)
        number = 1
        while True:
            taken = self._measure(number)
            # Taking the time once costs about a microsecond: at most a thousandth of a block.
            if taken >= max(min_run_time / 1000, 1e-3):
                break
            number *= 10
        times, whole = [], 0.0
        while whole < min_run_time:
            taken = self._measure(number)
            whole += taken
            times.append(taken)
            if callback is not None:
                callback(number, taken)
        return Measurement(number, times, self._task_spec)

    def adaptive_autorange(
        self, threshold: float = 0.1, *, min_run_time: float = 0.01, max_run_time: float = 10.0, callback=None
    ) -> Measurement:
        """As `blocked_autorange`, until the spread is below `threshold` of the median or `max_run_time` has passed."""
        times, whole = [], 0.0
        number = self.blocked_autorange(min_run_time=min_run_time).number_per_run
        while True:
            taken = self._measure(number)
            whole += taken
            times.append(taken)
            if callback is not None:
                callback(number, taken)
            measured = Measurement(number, times, self._task_spec)
            if whole >= max_run_time or (
                len(times) >= 4 and whole >= min_run_time and measured.meets_confidence(threshold)
            ):
                return measured

    def collect_callgrind(self, *args, **kwargs):
        raise NotImplementedError(
            "torch.utils.benchmark.Timer.collect_callgrind: instructions are not counted; use blocked_autorange"
        )


def _unindented(text: str) -> str:
    import textwrap

    return textwrap.dedent(text.removeprefix("\n")).rstrip()
