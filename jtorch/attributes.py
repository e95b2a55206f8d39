"""What users put on a tensor, apart from the tensor's own state: `tensor.__dict__`.

In torch a tensor's own state is out of Python's sight, and programs rely on that: `Parameter(data, **parameter.__dict__)` makes a parameter
with what was added to another one.
"""

from collections.abc import MutableMapping


class HasState:
    """The base of tensors: an object whose state Python keeps, and whose `__dict__` a subclass may redefine."""


# All that Python keeps of a tensor, its own state and users' attributes: a dict.
state_of = vars(HasState)["__dict__"].__get__


class Attributes(MutableMapping):
    """The entries of a tensor's state that users put there; what is written here is written there."""

    __slots__ = ("_hidden", "_state")

    def __init__(self, state: dict, hidden: frozenset):
        self._state, self._hidden = state, hidden

    def __getitem__(self, name):
        if name in self._hidden:
            raise KeyError(name)
        return self._state[name]

    def __setitem__(self, name, value):
        if name in self._hidden:
            raise KeyError(f"{name} is a tensor's own state")
        self._state[name] = value

    def __delitem__(self, name):
        if name in self._hidden:
            raise KeyError(name)
        del self._state[name]

    def __iter__(self):
        return iter([name for name in self._state if name not in self._hidden])

    def __len__(self):
        return sum(name not in self._hidden for name in self._state)

    def copy(self) -> dict:
        return dict(self)

    __copy__ = copy

    def __reduce__(self):
        return dict, (self.copy(),)

    def __repr__(self):
        return repr(self.copy())
