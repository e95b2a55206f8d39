"""torch.nn.attention.flex_attention: attention whose scores and mask are given by functions of positions.

Dong et al., "Flex Attention: A Programming Model for Generating Optimized Attention Kernels", arXiv:2412.05496. The functions are evaluated for all
positions at once (`torch.vmap`), and XLA fuses them with the products: a `BlockMask` saves no work here, it carries its `mask_mod`.
"""

import functools
import math
from typing import NamedTuple

import jtorch

__all__ = [
    "AuxOutput", "AuxRequest", "BlockMask", "and_masks", "create_block_mask", "create_mask", "flex_attention", "noop_mask", "or_masks",
]  # fmt: skip

_DEFAULT_SPARSE_BLOCK_SIZE = 128


class AuxRequest(NamedTuple):
    """What `flex_attention` shall give beside its result."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What was asked for by an `AuxRequest`."""

    lse: object = None
    max_scores: object = None


def noop_mask(batch, head, token_q, token_kv):
    """The mask that hides nothing."""
    return batch.new_ones(size=(), dtype=jtorch.bool)


def and_masks(*mask_mods):
    """The mask of positions that all masks show."""
    return _joined(mask_mods, jtorch.logical_and, True)


def or_masks(*mask_mods):
    """The mask of positions that some mask shows."""
    return _joined(mask_mods, jtorch.logical_or, False)


def _joined(mask_mods, join, empty):
    if not all(callable(mod) for mod in mask_mods):
        raise RuntimeError(f"All inputs should be callable mask_mods: {mask_mods}")

    def mask(b, h, q_idx, kv_idx):
        result = b.new_full((), empty, dtype=jtorch.bool)
        for mod in mask_mods:
            result = join(result, mod(b, h, q_idx, kv_idx))
        return result

    return mask


def _over_positions(function, *scores):
    """The function for each batch, head, query and key, and for the scores of these four dimensions where it takes one."""
    given = (0,) * len(scores)
    for dims in ((None, None, None, 0), (None, None, 0, None), (None, 0, None, None), (0, None, None, None)):
        function = jtorch.vmap(function, in_dims=(*given, *dims))
    return functools.partial(function, *scores)


def _positions(*sizes, device):
    return [jtorch.arange(size, device=device) for size in sizes]


def create_mask(mod_fn, B, H, Q_LEN, KV_LEN, device="cpu"):
    """The mask, of shape (B, H, Q_LEN, KV_LEN), of a function of batch, head, query and key.

    >>> import jtorch as torch
    >>> create_mask(lambda b, h, q, k: q >= k, 1, 1, 2, 3)[0, 0].tolist()
    [[True, False, False], [True, True, False]]
    """
    positions = _positions(B or 1, H or 1, Q_LEN, KV_LEN, device=device)
    if mod_fn is noop_mask:
        return jtorch.ones(*map(len, positions), dtype=jtorch.bool, device=device)
    with jtorch.no_grad():
        return _over_positions(mod_fn)(*positions)


class BlockMask:
    """A mask by its function, and which blocks of it hide everything, something or nothing.

    `kv_num_blocks` counts for each row of blocks those that are partly hidden, `kv_indices` lists them first; `full_kv_num_blocks` and
    `full_kv_indices` are those that hide nothing.
    """

    def __init__(
        self, seq_lengths, kv_num_blocks, kv_indices, full_kv_num_blocks, full_kv_indices, BLOCK_SIZE, mask_mod
    ):
        self.seq_lengths, self.BLOCK_SIZE, self.mask_mod = seq_lengths, BLOCK_SIZE, mask_mod
        self.kv_num_blocks, self.kv_indices = kv_num_blocks, kv_indices
        self.full_kv_num_blocks, self.full_kv_indices = full_kv_num_blocks, full_kv_indices

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.kv_indices.shape[:-2], *self.seq_lengths)

    def numel(self) -> int:
        return math.prod(self.shape)

    def sparsity(self) -> float:
        """How much of the mask lies in blocks that hide everything, in percent; blocks at the end count whole."""
        counted = self.kv_num_blocks.sum() + (0 if self.full_kv_num_blocks is None else self.full_kv_num_blocks.sum())
        return 100 * (1 - int(counted) * math.prod(self.BLOCK_SIZE) / self.numel())

    def to_dense(self):
        """Whether each block shows anything: int32 of shape (B, H, blocks of queries, blocks of keys)."""
        dense = _shown(self.kv_num_blocks, self.kv_indices)
        if self.full_kv_num_blocks is not None:
            dense = dense | _shown(self.full_kv_num_blocks, self.full_kv_indices)
        return dense.int()

    def to(self, device) -> "BlockMask":
        moved = [None if t is None else t.to(device) for t in self._tables()]
        return BlockMask(self.seq_lengths, *moved, BLOCK_SIZE=self.BLOCK_SIZE, mask_mod=self.mask_mod)

    def _tables(self):
        return self.kv_num_blocks, self.kv_indices, self.full_kv_num_blocks, self.full_kv_indices

    def __repr__(self) -> str:
        return f"BlockMask(shape={tuple(self.shape)}, sparsity={self.sparsity():.2f}%, block_size={self.BLOCK_SIZE})"


def _shown(counts, indices):
    """The blocks that counts and lists of indices name, as a table of bool."""
    listed = jtorch.arange(indices.shape[-1], device=indices.device) < counts[..., None]
    return jtorch.zeros_like(listed).scatter(-1, indices.long(), listed)


def _listed(shown):
    """Counts and lists of the blocks of a table, those that are shown first, in order."""
    order = jtorch.argsort(shown.int(), dim=-1, descending=True, stable=True)
    return shown.sum(-1).int(), order.int()


def create_block_mask(
    mask_mod,
    B,
    H,
    Q_LEN,
    KV_LEN,
    device=None,
    BLOCK_SIZE=_DEFAULT_SPARSE_BLOCK_SIZE,
    _compile=False,
    separate_full_blocks=True,
) -> BlockMask:
    """The `BlockMask` of a function of batch, head, query and key; B and H of None are 1 and broadcast.

    >>> import jtorch as torch
    >>> create_block_mask(lambda b, h, q, k: q >= k, None, None, 256, 256, device="cpu")
    BlockMask(shape=(1, 1, 256, 256), sparsity=25.00%, block_size=(128, 128))
    """
    rows, columns = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
    device = jtorch.accelerator.current_accelerator() or "cpu" if device is None else device
    mask = create_mask(mask_mod, B, H, Q_LEN, KV_LEN, device)
    mask = jtorch.nn.functional.pad(mask, (0, -KV_LEN % columns, 0, -Q_LEN % rows))
    counts = mask.unflatten(-1, (-1, columns)).unflatten(-3, (-1, rows)).sum((-1, -3))
    full = counts == rows * columns
    partial = (counts > 0) & ~full if separate_full_blocks else counts > 0
    return BlockMask(
        (Q_LEN, KV_LEN),
        *_listed(partial),
        *(_listed(full) if separate_full_blocks else (None, None)),
        BLOCK_SIZE=(rows, columns),
        mask_mod=mask_mod,
    )


def flex_attention(
    query, key, value, score_mod=None, block_mask=None, scale=None, enable_gqa=False, return_lse=False, kernel_options=None, *, return_aux=None
):  # fmt: skip
    """softmax(score_mod(scale * q @ k.T)) @ v, where the mask shows it; rows that show nothing are zero.

    Shapes are (B, Hq, L, E), (B, Hkv, S, E) and (B, Hkv, S, Ev); `score_mod(score, b, h, q_idx, kv_idx)` takes and gives numbers. `kernel_options` are accepted.
    `return_lse` gives the logarithm of the sum of exponentials of each row as well, `return_aux` an `AuxOutput`.

    >>> import jtorch as torch
    >>> x = torch.ones(1, 1, 3, 4)
    >>> flex_attention(x, x, x, score_mod=lambda score, b, h, q, k: score - (q - k).abs()).shape
    torch.Size([1, 1, 3, 4])
    """
    for name, tensor in (("query", query), ("key", key), ("value", value)):
        if tensor.dim() != 4:
            raise NotImplementedError("NYI: query, key, and value must be 4D tensors" + f"; {name} has {tensor.dim()}")
    heads, groups = query.shape[1], key.shape[1]
    if heads != groups and not enable_gqa:
        raise ValueError(
            f"Expect query and key/value to have the same number of heads but got Hq={heads} and Hkv={groups}. "
            "Try setting enable_gqa=True for GQA."
        )
    if heads % groups:
        raise ValueError(
            f"Expect number of query heads to be a multiple of kv heads for GQA but got Hq={heads} and Hkv={groups}."
        )
    if key.shape[0] == 1 or heads != groups:
        key, value = (t.expand(query.shape[0], -1, -1, -1).repeat_interleave(heads // groups, 1) for t in (key, value))
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    working = query.dtype if query.dtype == jtorch.float64 else jtorch.float32
    scores = (query.to(working) @ key.to(working).mT) * scale
    positions = _positions(*scores.shape, device=query.device)
    if score_mod is not None:
        scores = _over_positions(score_mod, scores)(*positions).to(working)
    if block_mask is not None and block_mask.mask_mod is not None and block_mask.mask_mod is not noop_mask:
        shown = _over_positions(block_mask.mask_mod)(*positions)
        scores = scores.masked_fill(~shown, -math.inf)
    highest = scores.detach().amax(-1, keepdim=True)
    highest = highest.masked_fill(highest == -math.inf, 0.0)
    weights = (scores - highest).exp()
    total = weights.sum(-1, keepdim=True)
    result = ((weights / total.masked_fill(total == 0, 1.0)) @ value.to(working)).to(query.dtype)
    lse = (total.log() + highest).squeeze(-1)
    if return_aux is not None:
        return result, AuxOutput(
            lse=lse if return_aux.lse else None, max_scores=scores.amax(-1) if return_aux.max_scores else None
        )
    return (result, lse) if return_lse else result
