"""How the cross entropy of a linear layer is cut into pieces."""

import dataclasses

import jtorch

__all__ = ["LinearCrossEntropyOptions"]

# (device, dtype) -> acc_policy and chunking_method that "auto" stands for.
_AUTO = {
    ("cuda", "float16"): ("compact", "aspect_ratio:2"),
    ("cuda", "bfloat16"): ("compact", "aspect_ratio:2"),
    ("cpu", "float16"): ("accurate", "aspect_ratio"),
    ("cpu", "bfloat16"): ("accurate", "aspect_ratio"),
}
_AUTO_ELSEWHERE = ("compact", "aspect_ratio:2")
_HALVES = ("float16", "bfloat16")


@dataclasses.dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """How many samples `linear_cross_entropy` takes at a time, so that the logits of all of them never exist at once.

    `batch_chunk_size` says it directly; `chunking_method` "aspect_ratio:N" chooses the size at which a piece's logits take about as
    much memory as the input, over N. Fields as in torch. `acc_policy` and `allow_retain_graph` choose what torch keeps for backward;
    here backward computes each piece again, in `acc_dtype`, and may always be repeated.

    >>> import jtorch as torch
    >>> torch.nn.LinearCrossEntropyOptions(batch_chunk_size=64).batch_chunk_size
    64
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: "jtorch.dtype | None" = None

    def __post_init__(self):
        if self.acc_policy not in ("auto", "accurate", "balanced", "compact"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        if self.chunking_method not in (None, "auto") and not self._pieces(self.chunking_method):
            raise ValueError(f"invalid chunking_method: {self.chunking_method!r}")
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if self.acc_dtype not in (None, jtorch.float16, jtorch.bfloat16, jtorch.float32, jtorch.float64):
            raise ValueError(
                "acc_dtype must be one of {None, torch.float16, torch.bfloat16, torch.float32, torch.float64}, got "
                f"{self.acc_dtype!r}. Pass acc_dtype=None to let the op pick automatically."
            )

    @staticmethod
    def _pieces(method):
        """The N of "aspect_ratio:N"; 0 for what is no such method."""
        name, colon, factor = method.partition(":")
        if not colon:
            factor = "1"
        return int(factor) if name == "aspect_ratio" and factor.isdigit() else 0

    def _adjust(self, num_batches, in_features, num_classes, dtype, device=None):
        """The same options for one call, with every choice made."""
        kind = (None if device is None else device.type, str(dtype).removeprefix("torch."))
        policy, method = _AUTO.get(kind, _AUTO_ELSEWHERE)
        if self.acc_policy != "auto":
            policy = self.acc_policy
        if self.chunking_method != "auto":
            method = self.chunking_method
        elif self.batch_chunk_size is not None:
            method = None
        size = num_batches if self.batch_chunk_size is None else min(self.batch_chunk_size, num_batches)
        if method is not None:
            # The power of two at which size * classes is no less than batches * features.
            fitting = -(-num_batches // -(-num_classes // in_features))
            size = min((1 << (fitting - 1).bit_length()) // self._pieces(method), num_batches)
            if self.batch_chunk_size not in (None, size):
                raise ValueError(
                    f"batch_chunk_size (={self.batch_chunk_size}) and chunking_method ('{method}') give different chunk "
                    f"sizes ({self.batch_chunk_size} vs {size}); pass only one."
                )
        wide = self.acc_policy == "auto" and device is not None and kind[1] in _HALVES
        return dataclasses.replace(
            self,
            acc_policy=policy,
            chunking_method=method,
            batch_chunk_size=max(1, size),
            acc_dtype=self.acc_dtype or (jtorch.float32 if wide else dtype),
        )
