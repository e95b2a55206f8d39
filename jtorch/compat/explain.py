"""`python -m jtorch --explain SCRIPT`: what each line of a program cost in compilations, waiting for values, and unfinished work that ended there."""

import contextlib
import os
import sys
from collections import Counter, defaultdict

from jtorch import engine
from jtorch.engine import Settings

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LIBRARIES = (_PACKAGE, "<frozen", os.path.dirname(os.__file__))
WHAT = {
    "look": "looked at a value",
    "end": "ended a step",
    "full": "cut a long recording",
    "compile": "compiled",
}


class Report:
    """What happened, by the user's line that it happened at."""

    def __init__(self):
        self.lines = defaultdict(lambda: {"count": Counter(), "seconds": Counter(), "remarks": []})

    def __call__(self, what: str, seconds: float, remark: str) -> None:
        line = self.lines[_user_line()]
        line["count"][what] += 1
        line["seconds"][what] += seconds
        if what == "compile":
            line["remarks"].append((seconds, remark))

    def text(self) -> str:
        """The report, the most expensive lines first."""
        statistics = engine.statistics()
        parts = [
            "",
            "what ran: "
            + ", ".join(
                f"{statistics[key]} {key.replace('_', ' ')}"
                for key in (
                    "ops_recorded",
                    "flushes",
                    "programs_compiled",
                    "programs_run",
                    "ops_compiled",
                    "ops_interpreted",
                )
            )
            + f"; at most {_peak():.0f} MiB of memory",
        ]
        total = {
            line: sum(found["seconds"][what] for what in ("look", "end", "full")) or found["seconds"]["compile"]
            for line, found in self.lines.items()
        }
        for line in sorted(total, key=lambda line: total[line], reverse=True):
            found = self.lines[line]
            said = [
                f"{WHAT[what]} {count} times, {found['seconds'][what]:.3f} s" for what, count in found["count"].items()
            ]
            parts.append(f"{line}: " + "; ".join(said))
            remarks = sorted(found["remarks"], reverse=True)
            parts += [f"    {seconds:.3f} s: {remark}" for seconds, remark in remarks[:5]]
            if len(remarks) > 5:
                parts.append(f"    and {len(remarks) - 5} more, {sum(seconds for seconds, _ in remarks[5:]):.3f} s")
        parts.append(
            "Looking at a value waits for all that it depends on and ends the program there: keep losses as tensors and look at them now and then. Times of lines that looked, or"
            " ended a step, include the compilations that fell there."
        )
        return "\n".join(parts)


@contextlib.contextmanager
def explaining():
    """Collect, and print the report on standard error at the end, also of a program that fails."""
    report = Settings.reporter = Report()
    try:
        yield
    finally:
        engine.cut()
        Settings.reporter = None
        print(report.text(), file=sys.stderr)


def _user_line() -> str:
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_LIBRARIES) and "site-packages" not in file:
            return f"{os.path.relpath(file) if os.path.isabs(file) else file}:{frame.f_lineno}"
        frame = frame.f_back
    return "at the end"


def _peak() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
