"""The model: what a training step costs each device, by formulas over a size and a layout.

Bytes of a collective are those of the array it gives a device, as in a program's text. The model knows two kinds of compiler: `reduce_scatter` says
whether the gradients of divided parameters are summed into their parts at once, or summed whole and cut (XLA on CPUs); `merged` whether the gradients
that several matrices give their common input are added before they are summed among devices, or after (XLA on CPUs).
"""

from collections import Counter
from dataclasses import dataclass

from benchmarks.scaling.sizes import Layout, Size


@dataclass(frozen=True)
class Numbers:
    """Bytes of one number of each kind. The optimizer is Adam: two moments, and a copy of the parameters in float32 where they are shorter."""

    parameter: int = 4
    gradient: int = 4
    state: int = 8
    activation: int = 4


FLOAT32 = Numbers()
MIXED = Numbers(parameter=2, gradient=2, state=12, activation=2)


def layer_matrices(size: Size) -> dict[str, int]:
    """Numbers in the matrices of one layer."""
    w, h = size.width, size.hidden
    if not size.gated:
        return {"qkv": 3 * w * w, "proj": w * w, "fc": w * h, "out": h * w}
    keys = w * w * size.groups // size.heads
    return {"q": w * w, "k": keys, "v": keys, "o": w * w, "gate": w * h, "up": w * h, "down": h * w}


def layer_vectors(size: Size) -> int:
    """Numbers in the biases and norms of one layer."""
    return 2 * size.width if size.gated else 9 * size.width + size.hidden


def end_parameters(size: Size) -> tuple[int, int]:
    """Numbers before the first layer and after the last, the norm with them."""
    first = size.words * size.width + (0 if size.gated else size.length * size.width)
    return first, size.words * size.width + (size.width if size.gated else 2 * size.width)


def parameters(size: Size) -> int:
    return size.layers * (sum(layer_matrices(size).values()) + layer_vectors(size)) + sum(end_parameters(size))


def _held(size: Size, layout: Layout) -> float:
    """Parameters of which a device has a part after `tensor` and `pipe`, before `shard`."""
    layers = size.layers * (sum(layer_matrices(size).values()) / layout.tensor + layer_vectors(size)) / layout.pipe
    return layers + sum(end_parameters(size)) / layout.tensor


@dataclass(frozen=True)
class Memory:
    """Bytes of each device."""

    parameters: float
    state: float
    gradients: float
    activations: float
    gathered: float

    @property
    def total(self) -> float:
        return self.parameters + self.state + self.gradients + self.activations + self.gathered


def saved_per_token(size: Size, layout: Layout, numbers: Numbers, flash: bool) -> float:
    """Bytes that a layer keeps of each token for the backward pass, without checkpoints.

    Inputs of norms, matrices and products (after Korthikanti et al., 2022, section 4.1, without dropout); the attention's weights if it is not computed in parts
    (Dao et al., 2022). What lies inside of the parts of `tensor` is divided, what lies between them is not.
    """
    w, h, t = size.width, size.hidden, layout.tensor
    keys = w * max(size.groups, 1) // size.heads if size.gated else w
    between = 4 * w  # inputs of two norms, and what these give
    inside = (w + 2 * keys + w) + (
        4 * h if size.gated else 2 * h
    )  # q, k, v and what attention gives; gate, silu, up, product
    weights = 0 if flash else size.heads * size.length
    return numbers.activation * (between + (inside + weights) / t)


def memory(size: Size, layout: Layout, sequences: int, numbers: Numbers = MIXED, flash: bool = True) -> Memory:
    """What a device holds at the end of the forward pass, and the gradients of the backward one. `sequences` are those of the whole step."""
    held = _held(size, layout)
    part = held / layout.shard
    full = part if layout.zero == 3 else held
    tokens = sequences / layout.replicas * size.length
    layers = size.layers / layout.pipe
    inner = saved_per_token(size, layout, numbers, flash)
    at_once = tokens / layout.microbatches
    if layout.checkpoint:
        kept = layers * tokens * size.width * numbers.activation + at_once * inner
    else:
        kept = layers * tokens * inner
    logits = 2 * at_once * size.words * 4 / layout.tensor  # with their gradient, in float32
    one_layer = sum(layer_matrices(size).values()) / layout.tensor
    gathered = 2 * one_layer * numbers.parameter if layout.zero == 3 and layout.shard > 1 else 0
    return Memory(full * numbers.parameter, part * numbers.state, full * numbers.gradient, kept + logits, gathered)


def flops(size: Size, layout: Layout, sequences: int, causal: bool = True, flash: bool = True) -> float:
    """Floating point operations of the matrix products, of each device: 2 for a parameter and token forward and 4 backward.

    Attention has 2 products of length x length for each head forward and 4 backward, and if it is computed in parts another one there; half of each is needed
    if `causal`. With checkpoints a layer's forward pass is done again, all but its last product.
    """
    tokens = sequences * size.length / layout.replicas
    matrices = sum(layer_matrices(size).values())
    last = layer_matrices(size)["down" if size.gated else "out"]
    attention = (2 + 4 + flash + 2 * layout.checkpoint) * 2 * size.length * size.width / (2 if causal else 1)
    layer = 2 * (3 * matrices + layout.checkpoint * (matrices - last)) + attention
    # Stages work also while nothing has come to them yet, on zeros.
    ticks = 1 + (layout.pipe - 1) / layout.microbatches
    head = 3 * 2 * size.words * size.width
    return tokens * (size.layers / layout.pipe * layer * ticks + head) / layout.tensor


@dataclass(frozen=True)
class Compiler:
    reduce_scatter: bool = True
    merged: bool = True


IDEAL, CPU = Compiler(), Compiler(reduce_scatter=False, merged=False)


def collectives(
    size: Size, layout: Layout, sequences: int, numbers: Numbers = MIXED, compiler: Compiler = IDEAL
) -> list[tuple[str, float, int]]:
    """What a device is given in a step: kind, bytes, and the number of devices that take part."""
    found: list[tuple[str, float, int]] = []
    held, ends = _held(size, layout), sum(end_parameters(size)) / layout.tensor
    ticks = layout.microbatches + layout.pipe - 1
    if layout.replicas > 1:
        gradients = held * numbers.gradient
        if layout.pipe > 1 and not compiler.merged:
            found.append(("all-reduce", ((held - ends) * ticks + ends) * numbers.gradient, layout.replicas))
        elif layout.shard == 1 or not compiler.reduce_scatter:
            found.append(("all-reduce", gradients, layout.replicas))
        else:
            found.append(("reduce-scatter", gradients / layout.shard, layout.shard))
            found.append(("all-reduce", gradients / layout.shard, layout.data))
    if layout.shard > 1:
        # For the forward and the backward pass of each microbatch; or for the next step.
        passes = 2 * (ticks if layout.pipe > 1 else 1) if layout.zero == 3 else 1
        found.append(("all-gather", (passes * (held - ends) + ends) * numbers.parameter, layout.shard))
    one = sequences / layout.replicas / layout.microbatches * size.length * size.width * numbers.activation
    if layout.tensor > 1:
        backward = 2 if compiler.merged else 5  # inputs of q, k, v and of gate, up
        layer = 2 + backward + layout.checkpoint  # of the layer computed again, the last sum is not needed
        summed = one * (size.layers / layout.pipe * layer * ticks + 2 * layout.microbatches)
        found.append(("all-reduce", summed, layout.tensor))
    if layout.pipe > 1:
        # Forward and backward; and in XLA's program what enters and leaves, which it moves by permutations and sums.
        found.append(("collective-permute", (2 if compiler.merged else 5) * ticks * one, layout.pipe))
        if not compiler.merged:
            found.append(("all-reduce", 2 * ticks * one, layout.pipe))
    return [each for each in found if each[2] > 1]


def volume(
    size: Size, layout: Layout, sequences: int, numbers: Numbers = MIXED, compiler: Compiler = IDEAL
) -> dict[str, float]:
    """Bytes that the collectives of a step give a device, by kind."""
    total: Counter = Counter()
    for kind, count, _ in collectives(size, layout, sequences, numbers, compiler):
        total[kind] += count
    return dict(total)


def received(kind: str, count: float, devices: int) -> float:
    """Bytes that a device receives so that it is given `count`, by rings (Patarasuk and Yuan, 2009): an all-reduce sends everything twice."""
    others = (devices - 1) / devices
    share = {"all-reduce": 2 * others, "reduce-scatter": devices - 1, "collective-permute": 1}
    return share.get(kind, others) * count


def bubble(layout: Layout) -> float:
    """The part of a step in which a stage has nothing to do (Huang et al., 2019, section 2.3)."""
    return (layout.pipe - 1) / (layout.microbatches + layout.pipe - 1)
