"""Random permutations: torch's shuffles, which swap one place after the other, computed by sorting, not in a loop."""

import numpy as np

from jtorch.ops.draws import cast, draw, wide_words
from jtorch.ops.registry import Array, DType

WIDE_FROM = (2**32 - 1) // 20  # from this length on torch shuffles with 64-bit words, and in another way


@draw
def randperm(lib, state: Array, *, n: int, dtype: DType):
    """`torch.randperm(n)`, any dtype that holds n - 1: place i swaps with i + word % (n - i), for i = 0 .. n - 2."""
    if n >= WIDE_FROM:
        words, state = wide_words(lib, state, n)
        sources = (words % lib.np.arange(1, n + 1, dtype=np.uint64)).astype(np.int64)
        return cast(shuffled_inside_out(lib, sources), dtype), state
    words, state = lib.words(state, max(n - 1, 0))
    words = lib.np.concatenate([words, np.zeros(min(n, 1), np.uint32)])
    steps = (words % lib.np.arange(n, 0, -1, dtype=np.uint32)).astype(np.int64)
    return cast(swapped_forward(lib, lib.np.arange(n, dtype=np.int64) + steps), dtype), state


def grouped(lib, targets):
    """Targets sorted, their indices (ascending where targets are equal), and whether the target before is the same."""
    keys = lib.np.sort(targets.astype(np.uint64) << np.uint64(32) | lib.np.arange(targets.size, dtype=np.uint64))
    targets, indices = (keys >> np.uint64(32)).astype(np.int64), (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return targets, indices, lib.np.concatenate([np.zeros(min(keys.size, 1), bool), targets[1:] == targets[:-1]])


def before(lib, array):
    return lib.np.concatenate([array[:1], array[:-1]])


def after(lib, flags):
    return lib.np.concatenate([flags[1:], np.zeros(min(flags.size, 1), bool)])


def chain_ends(lib, parents):
    """The end of each chain i, parents[i], ...; an end is its own parent."""
    return lib.settle(lambda ends: ends[ends], parents)


def swapped_forward(lib, targets):
    """What places 0 .. n-1 hold after swapping places i and targets[i] >= i for i = 0, 1, ... n-1.

    At its own turn place i holds what the last earlier swap with target i found in *its* own place, and so on: the
    start of a chain of swaps. Place i then receives what its target holds: what the last earlier swap with the same
    target found in its own place, or, if there was none, the target's own number.
    """
    n = targets.size
    places = lib.np.arange(n, dtype=np.int64)
    targets, indices, repeated = grouped(lib, targets)
    moved = indices != targets
    last_moved = moved & ~(after(lib, repeated) & after(lib, moved))
    found = chain_ends(lib, lib.scatter(places, lib.np.where(last_moved, targets, n), indices))
    return lib.scatter(places, indices, lib.np.where(repeated, found[before(lib, indices)], targets))


def shuffled_inside_out(lib, sources):
    """What places 0 .. n-1 hold after r[i] = r[sources[i]], r[sources[i]] = i for i = 0 .. n-1, where sources[i] <= i.

    Step i copies the number of the last earlier step with the same source, or, if there was none, what step sources[i]
    copied, and so on. A place that is a source finally holds the last step with that source, another what its step
    copied.
    """
    n = sources.size
    places = lib.np.arange(n, dtype=np.int64)
    sources, indices, repeated = grouped(lib, sources)
    parents = lib.scatter(places, indices, lib.np.where(repeated, indices, sources))
    copies = lib.scatter(places, indices, lib.np.where(repeated, before(lib, indices), indices))
    copied = copies[chain_ends(lib, parents)]
    return lib.scatter(copied, lib.np.where(after(lib, repeated), n, sources), indices)
