"""Sequences of different lengths: padded, or packed without padding.

A `PackedSequence` holds the first elements of all sequences, then the second ones, and so on, with how many sequences
are still running at each time.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import jtorch

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class PackedSequence_(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


class PackedSequence(PackedSequence_):
    """Packed data, batch sizes (on the CPU), and how the batch was sorted; made by `pack_padded_sequence`.

    >>> import jtorch as torch
    >>> from jtorch.nn.utils.rnn import pack_sequence
    >>> pack_sequence([torch.tensor([1, 2, 3]), torch.tensor([4])])[:2]
    (tensor([1, 4, 2, 3]), tensor([2, 1, 1]))
    """

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            # Both in one pair, as old pickles have it.
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be created manually. "
                "They should be instantiated by functions like pack_sequence and pack_padded_sequences in "
                "nn.utils.rnn. https://pytorch.org/docs/stable/nn.html#torch.nn.utils.rnn.pack_sequence"
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _with_data(self, data, move):
        moved = [None if index is None else move(index) for index in (self.sorted_indices, self.unsorted_indices)]
        return type(self)(data, self.batch_sizes, *moved)

    def to(self, *args, **kwargs):
        """Move or cast the data; the indices move with it and keep their dtype."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        return self._with_data(data, lambda index: index.to(data.device))

    def cuda(self, *args, **kwargs):
        """Move to an accelerator."""
        data = self.data.cuda(*args, **kwargs)
        return self if data is self.data else self._with_data(data, lambda index: index.to(data.device))

    def cpu(self, *args, **kwargs):
        """Move to the CPU."""
        return self.to("cpu")

    def pin_memory(self):
        """Move the data to pinned memory."""
        return self._with_data(self.data.pin_memory(), lambda index: index.pin_memory())

    def double(self):
        """Cast the data to float64."""
        return self.to(dtype=jtorch.double)

    def float(self):
        """Cast the data to float32."""
        return self.to(dtype=jtorch.float)

    def half(self):
        """Cast the data to float16."""
        return self.to(dtype=jtorch.half)

    def long(self):
        """Cast the data to int64."""
        return self.to(dtype=jtorch.long)

    def int(self):
        """Cast the data to int32."""
        return self.to(dtype=jtorch.int)

    def short(self):
        """Cast the data to int16."""
        return self.to(dtype=jtorch.short)

    def char(self):
        """Cast the data to int8."""
        return self.to(dtype=jtorch.int8)

    def byte(self):
        """Cast the data to uint8."""
        return self.to(dtype=jtorch.uint8)

    @property
    def is_cuda(self):
        """Whether the data is on an accelerator."""
        return self.data.is_cuda

    def is_pinned(self):
        """Whether the data is in pinned memory."""
        return self.data.is_pinned()


def invert_permutation(permutation):
    """The permutation that undoes one given as indices; None for None."""
    if permutation is None:
        return None
    positions = jtorch.arange(0, permutation.numel(), device=permutation.device)
    return jtorch.empty_like(permutation).scatter_(0, permutation, positions)


def _positions(lengths, batch):
    """Where each packed element stands: (time, sequence) pairs in packed order, and how many run at each time."""
    times, sequences, running = [], [], []
    for time in range(max(lengths, default=0)):
        # Sorted by length, those still running come first.
        alive = sum(length > time for length in lengths)
        times += [time] * alive
        sequences += range(alive)
        running.append(alive)
    return times, sequences, running


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    """Pack a padded batch (T, B, ...), or (B, T, ...) with `batch_first`, whose sequences have the given lengths.

    They must come in order of decreasing length unless `enforce_sorted=False`.
    """
    if not isinstance(lengths, jtorch.Tensor):
        lengths = jtorch.as_tensor(lengths, dtype=jtorch.int64, device="cpu")
    if lengths.device.type != "cpu":
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {lengths.dim()}D {lengths.device} "
            f"{_scalar_name(lengths)} tensor"
        )
    lengths = lengths.to(dtype=jtorch.int64)
    sorted_indices = None
    if not enforce_sorted:
        lengths, sorted_indices = jtorch.sort(lengths, descending=True)
        sorted_indices = sorted_indices.to(input.device)
        input = input.index_select(0 if batch_first else 1, sorted_indices)
    if batch_first:
        input = input.transpose(0, 1)
    longest, batch = input.size(0), input.size(1)
    sizes = lengths.tolist()
    if lengths.dim() != 1 or len(sizes) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {lengths.numel()} (batch_size={batch})"
        )
    if any(a < b for a, b in zip(sizes, sizes[1:], strict=False)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you "
            "do not need ONNX exportability."
        )
    if sizes and sizes[-1] <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if sizes and sizes[0] > longest:
        raise RuntimeError(f"Expected the longest of `lengths` to be at most {longest}, but got {sizes[0]}")
    times, sequences, running = _positions(sizes, batch)
    places = [t * batch + b for t, b in zip(times, sequences, strict=True)]
    flat = input.reshape(longest * batch, *input.shape[2:])
    data = flat.index_select(0, jtorch.tensor(places, dtype=jtorch.int64, device=input.device))
    return PackedSequence(data, jtorch.tensor(running, dtype=jtorch.int64, device="cpu"), sorted_indices, None)


def _scalar_name(tensor):
    return tensor.type().rpartition(".")[2].removesuffix("Tensor")


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    """The padded batch and the lengths that `pack_padded_sequence` was given.

    `total_length` pads further than the longest sequence.
    """
    running = sequence.batch_sizes.tolist()
    longest = len(running)
    if total_length is not None:
        if total_length < longest:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {longest}"
            )
        longest = total_length
    batch = running[0]
    sizes = [sum(alive > b for alive in running) for b in range(batch)]
    times, sequences, _ = _positions(sizes, batch)
    index = jtorch.tensor([t * batch + b for t, b in zip(times, sequences, strict=True)], dtype=jtorch.int64)
    data = sequence.data
    padded = data.new_full((longest * batch, *data.shape[1:]), padding_value)
    padded = padded.index_copy(0, index.to(data.device), data).view(longest, batch, *data.shape[1:])
    lengths = jtorch.tensor(sizes, dtype=jtorch.int64, device="cpu")
    if batch_first:
        padded = padded.transpose(0, 1)
    order = sequence.unsorted_indices
    if order is not None:
        return padded.index_select(0 if batch_first else 1, order), lengths[order.cpu()]
    return padded, lengths


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    """Stack sequences of different lengths (L, *), padding the shorter ones: (T, B, *), or (B, T, *).

    >>> import jtorch as torch
    >>> torch.nn.utils.rnn.pad_sequence([torch.ones(3), torch.ones(1)], batch_first=True)
    tensor([[1., 1., 1.],
            [1., 0., 0.]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    sequences = tuple(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    longest = max(sequence.size(0) for sequence in sequences)
    trailing = tuple(sequences[0].shape[1:])
    padded = []
    for sequence in sequences:
        missing = longest - sequence.size(0)
        if missing:
            filler = sequence.new_full((missing, *trailing), padding_value)
            sequence = jtorch.cat((filler, sequence) if padding_side == "left" else (sequence, filler))
        padded.append(sequence)
    return jtorch.stack(padded, 0 if batch_first else 1)


def unpad_sequence(padded_sequences, lengths, batch_first=False):
    """The sequences that `pad_sequence` was given."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [sequence[:length] for sequence, length in zip(padded_sequences, lengths.tolist(), strict=True)]


def pack_sequence(sequences, enforce_sorted=True):
    """Pack sequences of different lengths."""
    lengths = jtorch.as_tensor([sequence.size(0) for sequence in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences):
    """The sequences that `pack_sequence` was given."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
