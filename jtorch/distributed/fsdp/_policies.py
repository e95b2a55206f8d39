"""What `fully_shard` computes and communicates in, and where shards are kept."""

from dataclasses import dataclass

__all__ = ["CPUOffloadPolicy", "MixedPrecisionPolicy", "OffloadPolicy"]


@dataclass(frozen=True)
class MixedPrecisionPolicy:
    """Dtypes of a module: parameters and inputs in `param_dtype`, the reduction of gradients in `reduce_dtype`, results in `output_dtype`. None leaves them."""

    param_dtype: object = None
    reduce_dtype: object = None
    output_dtype: object = None
    cast_forward_inputs: bool = True


@dataclass
class OffloadPolicy:
    """Shards stay on the device that computes."""


@dataclass
class CPUOffloadPolicy(OffloadPolicy):
    """Shards in the memory of the host: refused, since XLA's CPU devices are there anyway and others are not served yet."""

    pin_memory: bool = True

    def __post_init__(self):
        raise NotImplementedError("CPUOffloadPolicy: shards are not moved off the device; use OffloadPolicy()")
