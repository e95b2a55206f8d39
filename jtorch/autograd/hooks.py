"""Handles that remove a hook again."""

import weakref
from collections import OrderedDict


def _reference(table):
    """A weak reference where the table allows one, as an OrderedDict does and a dict does not."""
    return weakref.ref(table) if isinstance(table, OrderedDict) else lambda: table


class RemovableHandle:
    """What every `register_*_hook` returns: `remove()` takes the hook out again; also a context manager.

    The handle holds the hook dictionaries weakly, so keeping a handle does not keep a module alive.

    >>> import jtorch as torch
    >>> layer = torch.nn.Identity()
    >>> with layer.register_forward_hook(lambda module, args, output: output + 1):
    ...     print(layer(torch.zeros(1)))
    tensor([1.])
    >>> layer(torch.zeros(1))
    tensor([0.])
    """

    next_id: int = 0

    def __init__(self, hooks_dict, *, extra_dict=None):
        self.hooks_dict_ref = _reference(hooks_dict)
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        extra = [] if extra_dict is None else [extra_dict] if isinstance(extra_dict, dict) else extra_dict
        self.extra_dict_ref = tuple(_reference(table) for table in extra)

    def remove(self):
        for reference in (self.hooks_dict_ref, *self.extra_dict_ref):
            table = reference()
            if table is not None:
                table.pop(self.id, None)

    def __getstate__(self):
        return (self.hooks_dict_ref(), self.id, tuple(reference() for reference in self.extra_dict_ref))

    def __setstate__(self, state):
        hooks_dict, self.id, *rest = state
        # A dictionary that died before pickling comes back as a reference to nothing.
        self.hooks_dict_ref = _reference(OrderedDict() if hooks_dict is None else hooks_dict)
        self.extra_dict_ref = tuple(_reference(table) for table in rest[0]) if rest and rest[0] else ()
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self.remove()
