"""Grad mode: whether operations are recorded for backward. Per thread, as a context manager, a decorator or a setting."""

import functools
import inspect
import threading


class _State(threading.local):
    grad = True
    inference = False
    anomaly = False
    check_nan = True
    forward_cut_depth = 0
    autocast = None  # what casts operands, inside an enabled `torch.autocast`
    modes = ()  # the blocks that decide about functions, the innermost last: `torch.overrides.TorchFunctionMode`
    plain = 0  # how many blocks treat subclasses as plain tensors: `DisableTorchFunctionSubclass`
    saved_hooks = None  # hooks on what is saved for backward
    saved_hooks_disabled = None  # or the error that setting some raises
    backward_pass = None  # the one that runs now
    capturing = False  # inside a function that `jtorch.capture` records
    vmap = None  # the innermost level of `vmap`, which decides about random numbers


STATE = _State()


def is_grad_enabled() -> bool:
    """Whether operations are recorded for backward now."""
    return STATE.grad


def is_inference_mode_enabled() -> bool:
    return STATE.inference


class _Mode:
    """A context manager that is also a decorator, for functions and generator functions."""

    def __call__(self, fn):
        if inspect.isclass(fn):
            fn.__init__ = self(fn.__init__)
            return fn
        if inspect.isgeneratorfunction(fn):

            @functools.wraps(fn)
            def generator(*args, **kwargs):
                made = fn(*args, **kwargs)
                sent = None
                while True:
                    with self.clone():
                        try:
                            item = made.send(sent)
                        except StopIteration as stop:
                            return stop.value
                    sent = yield item

            return generator

        @functools.wraps(fn)
        def decorated(*args, **kwargs):
            with self.clone():
                return fn(*args, **kwargs)

        return decorated

    def clone(self):
        return type(self)()

    def __enter__(self):
        self._previous = (STATE.grad, STATE.inference)
        self._set()

    def __exit__(self, *exc):
        STATE.grad, STATE.inference = self._previous


class no_grad(_Mode):
    """Results of operations inside do not require grad. Context manager and decorator.

    >>> import jtorch as torch
    >>> x = torch.ones(1, requires_grad=True)
    >>> with torch.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def __new__(cls, orig_func=None):
        made = super().__new__(cls)
        return made if orig_func is None else made(orig_func)

    def _set(self):
        STATE.grad = False


class enable_grad(_Mode):
    """Turn recording back on inside a `no_grad` block."""

    def __new__(cls, orig_func=None):
        made = super().__new__(cls)
        return made if orig_func is None else made(orig_func)

    def _set(self):
        STATE.grad = True


class set_grad_enabled(_Mode):
    """Turn recording on or off: at once as a function, and undone at exit as a context manager."""

    def __init__(self, mode: bool):
        self.mode = bool(mode)
        self._previous = (STATE.grad, STATE.inference)
        STATE.grad = self.mode

    def __call__(self, fn):
        STATE.grad = self._previous[0]  # used as a decorator: nothing changes until the call
        return super().__call__(fn)

    def clone(self):
        return type(self)(self.mode)

    def __enter__(self):
        STATE.grad = self.mode


class inference_mode(_Mode):
    """`no_grad` whose tensors may never be used in recording later."""

    def __new__(cls, mode=True):
        made = super().__new__(cls)
        made.mode = True
        return made if isinstance(mode, bool) else made(mode)

    def __init__(self, mode=True):
        if isinstance(mode, bool):
            self.mode = mode

    def clone(self):
        return type(self)(self.mode)

    def _set(self):
        STATE.inference = self.mode
        if self.mode:
            STATE.grad = False


class _Setting:
    """A setting that is made at once, and undone at the end of a `with` block."""

    _now = True

    def __init__(self, enable: bool):
        kind = type(self)
        self._previous, kind._now = kind._now, bool(enable)

    def __enter__(self):
        return None

    def __exit__(self, *exc):
        type(self)._now = self._previous

    def clone(self):
        return type(self)(type(self)._now)


class set_multithreading_enabled(_Setting):
    """Whether backward may use threads of its own. It never does: kept for code that sets it."""

    def __init__(self, mode: bool):
        super().__init__(mode)


class enforce_grad_layout_policy(_Setting):
    """Whether gradients get the strides of their parameters when they are kept. They do in any case: kept for code that sets it."""

    def __init__(self, enable: bool = True):
        super().__init__(enable)
