"""torch.futures: results that another thread, or a later line, will set."""

import concurrent.futures
from typing import Generic, TypeVar

T = TypeVar("T")


class Future(Generic[T]):
    """A result that is not there yet.

    >>> import jtorch as torch
    >>> future = torch.futures.Future()
    >>> doubled = future.then(lambda done: 2 * done.value())
    >>> future.set_result(21); doubled.wait()
    42
    """

    def __init__(self, *, devices=None):
        for device in devices or ():
            import jtorch

            if jtorch.device(device).index is None:
                raise ValueError(f"Expected devices to have indices, got {device}")
        self._done: concurrent.futures.Future = concurrent.futures.Future()

    def done(self) -> bool:
        """Whether the result, or an error, is there."""
        return self._done.done()

    def wait(self):
        """The result, once it is there; an error is raised."""
        return self._done.result()

    def value(self):
        """The result, which must be there."""
        if not self.done():
            raise RuntimeError("Future.value() was called before the result is there; Future.wait() waits for it")
        return self._done.result()

    def set_result(self, result) -> None:
        """Give the result, and call back."""
        self._set(self._done.set_result, result)

    def set_exception(self, result: BaseException) -> None:
        """Let `wait` and `value` raise this error."""
        if not isinstance(result, Exception):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._set(self._done.set_exception, result)

    def _set(self, give, result):
        try:
            give(result)
        except concurrent.futures.InvalidStateError:
            raise RuntimeError(
                "Attempting to mark a completed Future as complete again. Note that a Future can only be marked completed once."
            ) from None

    def then(self, callback) -> "Future":
        """The future of `callback(self)`, called once the result is there."""
        following = type(self)()

        def run(future):
            try:
                following.set_result(callback(future))
            except Exception as error:
                message = f"Got the following error when running the callback: {type(error).__name__}: {error}"
                following.set_exception(RuntimeError(message))

        self.add_done_callback(run)
        return following

    def add_done_callback(self, callback) -> None:
        """Call `callback(self)` once the result is there; now, if it is."""
        self._done.add_done_callback(lambda _: callback(self))

    def __repr__(self):
        return f"<torch.Future object at {id(self):#x}>"


Future.__module__ = "torch"


def fork(func, *args, **kwargs) -> Future:
    """Run a function, at once; an error waits for whoever waits for the result."""
    made = Future()
    try:
        made.set_result(func(*args, **kwargs))
    except Exception as error:
        made.set_exception(error)
    return made


def wait(input: Future):
    """The result of `fork`."""
    return input.wait()


def collect_all(futures: list[Future]) -> Future:
    """The future of the list itself, there once all results are."""
    made, missing = Future(), len(futures)
    if not missing:
        made.set_result(futures)

    def count(_):
        nonlocal missing
        missing -= 1
        if not missing:
            made.set_result(futures)

    for future in futures:
        future.add_done_callback(count)
    return made


def wait_all(futures: list[Future]) -> list:
    """All results, once they are there.

    >>> import jtorch as torch
    >>> torch.futures.wait_all([torch.fork(len, "ab")])
    [2]
    """
    return [future.wait() for future in collect_all(futures).wait()]
