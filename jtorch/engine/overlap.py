"""Writes into part of an array whose new contents are made of that same array, kept apart from what they read.

`x[1:] = x[:-1]` in one program is a slice and a dynamic-update-slice of one buffer. XLA's CPU compiler may fuse the two when a reshape lies between
them and then writes in place over elements that it has yet to read (openxla/xla issue 49176, "reads its own output"): the result is wrong, without an
error. Such writes are compiled as a selection between the old array and the new contents, which no buffer is shared for.
"""

import jax.numpy as jnp


def overlapping(steps, inputs) -> frozenset:
    """Which (prim, operands, first result) of a trace, by position, write what depends on the memory they write to.

    A single element is computed before it is written, so those are left out: loops that fill an array one by one stay cheap.
    """
    if not any(prim.writes_part for prim, _, _ in steps):
        return frozenset()
    made = {}  # slot -> what it depends on, itself included, as a set of bits: inputs first, then steps
    sizes = [{_bytes(value.aval)} for value in inputs]
    found = []
    for position, (prim, operands, first) in enumerate(steps):
        reached = [made[o] if o >= 0 else 1 << (-1 - o) for o in operands]
        if prim.writes_part and prim.in_avals[1].size > 1:
            common = reached[0] & reached[1]
            # Only an array of the same size can be the same memory in another shape.
            if any(common >> k & 1 and _bytes(prim.in_avals[0]) in there for k, there in enumerate(sizes)):
                found.append(position)
        own = 1 << len(sizes)
        sizes.append({_bytes(aval) for aval in prim.out_avals})
        for reach in reached:
            own |= reach
        for k in range(len(prim.out_avals)):
            made[first + k] = own
    return frozenset(found)


def _bytes(aval) -> int:
    return aval.size * aval.dtype.itemsize


def write_apart(prim, arrays, numbers) -> list:
    """What `prim` returns, without a write in place: it writes into zeros, and says by ones where."""
    base, update = arrays
    (where,) = prim((jnp.zeros_like(base), jnp.ones_like(update)), numbers)
    (contents,) = prim((jnp.zeros_like(base), update), numbers)
    return [jnp.where(where.astype(bool), contents, base)]
