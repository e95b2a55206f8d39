"""torch._dynamo._trace_wrapped_higher_order_op: indexing by mapped numbers."""

import contextlib


class TransformGetItemToIndex(contextlib.nullcontext):
    """A block in which `x[i]` may have the numbers that `vmap` maps over as indices: they may be anywhere."""

    def __init__(self):
        super().__init__()
