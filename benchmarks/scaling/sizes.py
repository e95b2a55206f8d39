"""Models and layouts: what is trained, and how it is divided among devices."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """A decoder. `gated` ones have three matrices in the feed-forward part, rotary positions, no biases, and fewer `groups` of keys than heads."""

    name: str
    layers: int
    width: int
    heads: int
    words: int
    length: int
    hidden: int
    groups: int = 0
    gated: bool = False


SIZES = {
    size.name: size
    for size in (
        Size("benchmark", layers=4, width=128, heads=4, words=256, length=64, hidden=512),
        # GPT-2 XL (Radford et al., 2019, table 2). 50257 words are rounded up to a multiple of 64; the head has weights of its own.
        Size("gpt2-1.5b", layers=48, width=1600, heads=25, words=50304, length=1024, hidden=6400),
        # A small one with the shape of the next, for tests.
        Size("small-gated", layers=4, width=128, heads=8, words=256, length=64, hidden=512, groups=8, gated=True),
        # Llama 2 70B (Touvron et al., 2023, table 1 and appendix A.2.1).
        Size("70b", layers=80, width=8192, heads=64, words=32000, length=4096, hidden=28672, groups=8, gated=True),
    )
}


@dataclass(frozen=True)
class Layout:
    """How a step is divided among `data * shard * tensor * pipe` devices.

    The batch is divided among data x shard; every device of a `shard` group keeps a part of the parameters (`zero` 3) or of the optimizer's state
    alone (`zero` 1). `tensor` divides each layer, `pipe` the layers, whose batch then goes through in `microbatches`. `checkpoint` keeps the input of
    each layer alone, and computes the layer once more in the backward pass.
    """

    data: int = 1
    shard: int = 1
    tensor: int = 1
    pipe: int = 1
    zero: int = 3
    checkpoint: bool = False
    microbatches: int = 1

    @property
    def devices(self) -> int:
        return self.data * self.shard * self.tensor * self.pipe

    @property
    def replicas(self) -> int:
        """Devices that see different sequences."""
        return self.data * self.shard

    def __str__(self):
        names = {"data": "data", "shard": "FSDP" if self.zero == 3 else "ZeRO-1", "tensor": "tensor", "pipe": "pipe"}
        parts = [f"{name} {getattr(self, axis)}" for axis, name in names.items() if getattr(self, axis) > 1]
        if self.pipe > 1:
            parts.append(f"{self.microbatches} microbatches")
        return ", ".join(parts or ["one device"]) + (", checkpointed" if self.checkpoint else "")
