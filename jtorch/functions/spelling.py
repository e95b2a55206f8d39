"""Keywords with which one overload of a torch function names what another names otherwise: `tensor.split(split_size=2)`."""

import functools


def also_called(**spellings: str):
    """Let callers write these keywords for the parameters they stand for."""

    def decorate(fn):
        @functools.wraps(fn)
        def call(*args, **kwargs):
            if kwargs:
                kwargs = {spellings.get(word, word): value for word, value in kwargs.items()}
            return fn(*args, **kwargs)

        call.spellings = spellings
        return call

    return decorate
