"""A wall in the program: what is behind it is computed anew.

XLA merges equal computations. Activations that a checkpoint computes a second time would be merged with the first ones, and so kept after all.
"""

from jax import lax

from ..dispatch import apply_prim
from ..engine import Prim
from ..tensor import Tensor

_prims: dict = {}


def barrier(tensor: Tensor) -> Tensor:
    """The same tensor, behind a wall."""
    from ..views import _origin

    value = tensor._read()
    prim = _prims.get(value.aval)
    if prim is None:
        prim = _prims[value.aval] = Prim(
            "barrier",
            lambda arrays, numbers: [lax.optimization_barrier(arrays[0])],
            (value.aval,),
            origin=_origin("AliasBackward0"),
        )
    made = apply_prim(prim, [tensor], [value], (), value.place)[0]
    if tensor._strides is not None:
        made._strides = made._storage.strides = tensor._strides if tensor._chain is None else None
    return made
