"""`JTORCH_LOG=recompiles`: what was compiled, and what differed from the nearest trace already known."""

import logging
import time

import jax

from .settings import Settings

logger = logging.getLogger("jtorch.recompiles")


def wanted() -> frozenset:
    return Settings.log


def recompile(plans, plan, entries, n_inputs: int, needed) -> str:
    """Log one compiled program; what is said of it."""
    steps = [(repr(prim), tuple(operands)) for prim, operands, *_ in entries]
    others = [p for p in plans if p.description is not None]
    text = f"compiled a program of {len(steps)} operations, {n_inputs} inputs, {len(needed)} results"
    if plan.description is not None:
        text += "; the operations are known, other results are held or other inputs may be overwritten"
    elif others:
        nearest = max(others, key=lambda p: _common(p.description, steps))
        where = _common(nearest.description, steps)
        text += f"; nearest known program agrees in the first {where} operations"
        if where < len(steps):
            text += f", then records {steps[where][0]}"
            if where < len(nearest.description):
                text += f" where the known one has {nearest.description[where][0]}"
    plan.description = steps
    if "recompiles" not in Settings.log:
        return text
    if not logger.handlers and not logging.getLogger().handlers:
        logging.basicConfig(format="[jtorch] %(message)s")
    logger.warning(text)
    return text


def observed(name: str, call, *args):
    """Run something to its end and tell the observer how long it took."""
    start = time.perf_counter()
    made = jax.block_until_ready(call(*args))
    Settings.observer(name, start, time.perf_counter())
    return made


class reported:
    """Block that the reporter is told of: what happened, how long it took, and a remark that may be set inside."""

    def __init__(self, what: str, remark: str = ""):
        self.what, self.remark = what, remark

    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, *exc):
        if Settings.reporter is not None:
            Settings.reporter(self.what, time.perf_counter() - self.start, self.remark)


def _common(a, b) -> int:
    count = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        count += 1
    return count
