"""Shapes and dtypes of all nodes, found by running a graph."""

from typing import NamedTuple

import jtorch
from jtorch.fx.interpreter import Interpreter
from jtorch.fx.node import map_aggregate

__all__ = ["ShapeProp", "TensorMetadata"]


class TensorMetadata(NamedTuple):
    """What a graph's passes want to know of a tensor."""

    shape: jtorch.Size
    dtype: jtorch.dtype
    requires_grad: bool
    stride: tuple[int, ...]
    memory_format: jtorch.memory_format | None
    is_quantized: bool
    qparams: dict


def _metadata(tensor) -> TensorMetadata:
    formats = (jtorch.contiguous_format, jtorch.channels_last, jtorch.channels_last_3d)
    layout = next((f for f in formats if tensor.is_contiguous(memory_format=f)), None)
    return TensorMetadata(tensor.shape, tensor.dtype, tensor.requires_grad, tensor.stride(), layout, False, {})


class ShapeProp(Interpreter):
    """Runs a module and leaves `meta["tensor_meta"]` and `meta["type"]` at each node."""

    def run_node(self, n):
        result = super().run_node(n)
        found = []

        def note(value):
            if isinstance(value, jtorch.Tensor):
                found.append(value)
                return _metadata(value)
            return value

        meta = map_aggregate(result, note)
        if found:
            n.meta["tensor_meta"] = meta
        n.meta["type"] = type(result)
        return result

    def propagate(self, *args):
        return super().run(*args)
