"""torch.profiler: profiles of training loops, step by step; what is measured, and how, stands in `jtorch.autograd.profiler`."""

import json
import os
import socket
import time
from enum import Enum

from jtorch.autograd.profiler import EventList, Recorder, _note, averages, record_function

__all__ = [
    "ProfilerAction", "ProfilerActivity", "kineto_available", "profile", "record_function", "schedule", "supported_activities",
    "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(Enum):
    """What to measure. Times are the host's, whichever are asked for."""

    CPU = 0
    XPU = 1
    CUDA = 2
    MTIA = 3


class ProfilerAction(Enum):
    """What to do with a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities() -> set:
    return {ProfilerActivity.CPU, ProfilerActivity.CUDA}


def kineto_available() -> bool:
    return False


def schedule(*, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0):
    """Which steps to record: skip `skip_first`, then in turns `wait`, `warmup` and `active` steps, `repeat` times (0: on and on)."""
    if wait < 0 or warmup < 0 or active <= 0 or repeat < 0 or skip_first < 0:
        raise AssertionError("Invalid profiler schedule arguments")

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        if step < skip_first:
            return ProfilerAction.NONE
        step -= skip_first
        if skip_first_wait:
            step += wait
        turn = wait + warmup + active
        if repeat and step // turn >= repeat:
            return ProfilerAction.NONE
        position = step % turn
        if position < wait:
            return ProfilerAction.NONE
        if position < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if position < turn - 1 else ProfilerAction.RECORD_AND_SAVE

    return action


def tensorboard_trace_handler(dir_name: str, worker_name: str | None = None, use_gzip: bool = False):
    """For `on_trace_ready`: write each profile to a folder, in Chrome's format."""
    os.makedirs(dir_name, exist_ok=True)

    def handler(prof) -> None:
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        name = f"{worker}.{time.time_ns()}.pt.trace.json" + (".gz" if use_gzip else "")
        prof.export_chrome_trace(os.path.join(dir_name, name))

    return handler


_RECORDING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


class profile:
    """Measure code, or steps of a loop by a `schedule`; `on_trace_ready(prof)` is called when a round of steps is complete.

    >>> import jtorch as torch
    >>> with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as prof:
    ...     _ = (torch.ones(3) * 2).sum().item()
    >>> "Self CPU time total" in prof.key_averages().table(sort_by="cpu_time_total", row_limit=5)
    True
    """

    def __init__(self, *, activities=None, schedule=None, on_trace_ready=None, record_shapes=False, profile_memory=False, with_stack=False, with_flops=False, with_modules=False, **_):  # fmt: skip
        self.activities = set(activities) if activities else supported_activities()
        self.schedule, self.on_trace_ready = schedule, on_trace_ready
        self.step_num = 0
        self._recorder = Recorder()
        self._metadata: dict = {}
        self._action = ProfilerAction.NONE
        self._step_start = 0.0

    def start(self) -> None:
        self._enter(self.schedule(0) if self.schedule else ProfilerAction.RECORD_AND_SAVE)

    def _enter(self, action) -> None:
        if action in _RECORDING and self._action not in _RECORDING:
            self._recorder = Recorder()
            self._recorder.start()
        self._action, self._step_start = action, time.perf_counter()

    def _leave(self, save: bool, number: int) -> None:
        if self._action not in _RECORDING:
            return
        if self.schedule:
            _note(f"ProfilerStep#{number}", self._step_start, time.perf_counter(), "user_annotation")
        if save:
            self._recorder.stop()
            self._action = ProfilerAction.NONE
            if self.on_trace_ready:
                self.on_trace_ready(self)

    def step(self) -> None:
        """The next step begins."""
        if self.schedule is None:
            return
        self.step_num += 1
        self._leave(self._action is ProfilerAction.RECORD_AND_SAVE, self.step_num - 1)
        self._enter(self.schedule(self.step_num))

    def stop(self) -> None:
        self._leave(True, self.step_num)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop()
        return False

    def events(self) -> EventList:
        """All ranges."""
        return self._recorder.events

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, **_) -> EventList:
        """The ranges by name."""
        return averages(self._recorder.events)

    def add_metadata(self, key: str, value: str) -> None:
        """A text that goes into the trace file."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """A value in JSON that goes into the trace file."""
        self._metadata[key] = json.loads(value)

    def export_chrome_trace(self, path, **_) -> None:
        """Write the ranges for chrome://tracing and Perfetto."""
        self._recorder.events.export_chrome_trace(path, self._metadata)

    def export_stacks(self, path, metric: str = "self_cpu_time_total"):
        raise NotImplementedError(
            "torch.profiler.profile.export_stacks: call stacks are not recorded; use export_chrome_trace, or cProfile"
        )
