"""The tables of docs/scaling.md: what was predicted beside what XLA's programs do, and predictions for accelerators."""

from benchmarks.scaling import predictions
from benchmarks.scaling.predictions import CPU, FLOAT32
from benchmarks.scaling.sizes import SIZES, Layout

LONG = 256  # sequences beyond which jtorch computes attention by rows


def predicted(row: dict) -> dict:
    """What the model says of a compiled row, for XLA on CPUs in float32."""
    size, layout, sequences = SIZES[row["size"]], Layout(**row["layout"]), row["sequences"]
    flash = size.length > LONG
    memory = predictions.memory(size, layout, sequences, FLOAT32, flash)
    tokens = 2 * 8 * sequences / layout.replicas * size.length
    return {
        "arguments": memory.parameters + memory.state + tokens,
        "temporary": memory.gradients + memory.activations + memory.gathered,
        "volume": predictions.volume(size, layout, sequences, FLOAT32, CPU),
        "product_flops": predictions.flops(size, layout, sequences, causal=False, flash=flash),
    }


def _ratio(found: float, expected: float) -> str:
    return f"{found / expected:.3f}" if expected else "-"


def _bytes(count: float) -> str:
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count / 1e3:.3g} kB"


def checked(rows: list[dict]) -> str:
    """One line per compiled program: its figure, and in parentheses the ratio to the prediction."""
    kinds = ("all-reduce", "all-gather", "collective-permute")
    lines = [
        "| model, devices | layout | arguments | temporary | products, flop | all-reduce | all-gather | permute | others |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        layout, expected, volume = Layout(**row["layout"]), predicted(row), row["volume"]
        cells = [f"{row['size']}, {layout.devices}", str(layout)]
        cells += [f"{_bytes(row[k])} ({_ratio(row[k], expected[k])})" for k in ("arguments", "temporary")]
        cells.append(f"{row['product_flops']:.3g} ({_ratio(row['product_flops'], expected['product_flops'])})")
        for kind in kinds:
            wanted = expected["volume"].get(kind, 0)
            cells.append(f"{_bytes(volume[kind])} ({_ratio(volume[kind], wanted)})" if kind in volume else "")
        others = [f"{kind} {_bytes(count)}" for kind, count in volume.items() if kind not in kinds]
        lines.append(f"| {' | '.join([*cells, ', '.join(others)])} |")
    return "\n".join(lines)


# (size, layout, sequences): bfloat16 with float32 state
CHOICES = [
    ("gpt2-1.5b", Layout(data=8), 64),
    ("gpt2-1.5b", Layout(shard=8, zero=1), 64),
    ("gpt2-1.5b", Layout(shard=8), 64),
    ("gpt2-1.5b", Layout(shard=8, checkpoint=True), 64),
    ("gpt2-1.5b", Layout(data=512), 4096),
    ("gpt2-1.5b", Layout(data=64, shard=8), 4096),
    ("gpt2-1.5b", Layout(data=8, shard=64), 4096),
    ("70b", Layout(shard=64, checkpoint=True), 64),
    ("70b", Layout(shard=512, checkpoint=True), 512),
    ("70b", Layout(data=8, shard=64, checkpoint=True), 512),
    ("70b", Layout(shard=64, tensor=8, checkpoint=True), 512),
    ("70b", Layout(data=16, tensor=8, pipe=4, microbatches=32, checkpoint=True), 512),
    ("70b", Layout(shard=16, tensor=8, pipe=4, microbatches=32, checkpoint=True), 512),
]
# Of an accelerator: sustained bfloat16 operations a second, bytes a second that it receives inside of a machine of eight, and from other machines.
FLOPS, INSIDE, OUTSIDE, MACHINE = 400e12, 300e9, 50e9, 8


def _received(size, layout: Layout, sequences: int) -> tuple[float, float]:
    """Bytes from the same machine, in which neighbours along the last axis are (`tensor`, else `shard`) if it has as many devices, and from others."""
    inside = outside = 0.0
    near = layout.tensor if layout.tensor > 1 else layout.shard
    for kind, count, devices in predictions.collectives(size, layout, sequences):
        came = predictions.received(kind, count, devices)
        if layout.devices <= MACHINE or devices == near <= MACHINE:
            inside += came
        else:
            outside += came
    return inside, outside


def chosen() -> str:
    """Predictions for accelerators: memory, and seconds of computing and of communication if nothing overlaps."""
    lines = [
        "| model, devices | layout | sequences | parameters, gradients, state | activations | total | received inside | outside | computing | receiving | idle |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, layout, sequences in CHOICES:
        size = SIZES[name]
        memory = predictions.memory(size, layout, sequences)
        static = memory.parameters + memory.state + memory.gradients
        inside, outside = _received(size, layout, sequences)
        work = predictions.flops(size, layout, sequences) / FLOPS
        cells = [
            f"{name}, {layout.devices}", str(layout), str(sequences), _bytes(static), _bytes(memory.activations + memory.gathered),
            _bytes(memory.total), _bytes(inside) if inside else "", _bytes(outside) if outside else "", f"{work:.3g} s",
            f"{inside / INSIDE + outside / OUTSIDE:.3g} s",
            f"{predictions.bubble(layout):.0%}" if layout.pipe > 1 else "",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
