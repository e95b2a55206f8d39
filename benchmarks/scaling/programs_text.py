"""What a compiled program does, read from its text: collectives and products, each as often as the loops around it run."""

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

KINDS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
_BYTES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8, "f64": 8}
_SHAPE = re.compile(r"\b([a-z]+\d+|pred)\[([\d,]*)\]")
_INSTRUCTION = re.compile(r"^\s*(?:ROOT )?%?([\w.-]+) = (.*)$")
_CALLED = re.compile(r"(?:calls|to_apply|body|condition)=%?([\w.-]+)")
_TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"\}')


@dataclass(frozen=True)
class Collective:
    """One in the program: bytes of what it gives a device, the number of devices that take part, how often it runs."""

    kind: str
    bytes: int
    devices: int
    times: int


def shape_bytes(text: str) -> int:
    """Bytes of all arrays in a type."""
    return sum(_BYTES[kind] * math.prod(map(int, filter(None, dims.split(",")))) for kind, dims in _SHAPE.findall(text))


def _split_type(rest: str) -> tuple[str, str]:
    """The type of an instruction, and what follows it; tuples have parentheses around theirs."""
    if not rest.startswith("("):
        kind, _, operation = rest.partition(" ")
        return kind, operation
    depth = 0
    for i, letter in enumerate(rest):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return rest[: i + 1], rest[i + 2 :]
    raise ValueError(f"a type without its end: {rest[:80]}")


class ProgramText:
    """The text of a compiled program (`compiled.as_text()`)."""

    def __init__(self, text: str):
        self.computations: dict[str, list[tuple[str, str, str]]] = {}
        self.entry = ""
        current: list = []
        for line in text.splitlines():
            if line.endswith("{") and " = " not in line.split("(")[0]:
                name = line.removeprefix("ENTRY ").split()[0].split("(")[0].lstrip("%")
                current = self.computations[name] = []
                self.entry = name if line.startswith("ENTRY") else self.entry
            elif match := _INSTRUCTION.match(line):
                current.append((match[1], *_split_type(match[2])))
        self.times = self._times()

    def _times(self) -> dict[str, int]:
        """How often each computation runs."""
        calls: dict[str, Counter] = defaultdict(Counter)
        for name, instructions in self.computations.items():
            for _, _, operation in instructions:
                trips = int(found[1]) if operation.startswith("while(") and (found := _TRIPS.search(operation)) else 1
                for called in _CALLED.findall(operation):
                    calls[name][called] += trips

        times: Counter = Counter()

        def count(name: str, factor: int) -> None:
            times[name] += factor
            for called, number in calls[name].items():
                count(called, factor * number)

        count(self.entry, 1)
        return times

    def collectives(self) -> list[Collective]:
        """All collectives; one over several arrays counts as one. Those of a single device are none."""
        found = []
        for name, instructions in self.computations.items():
            for _, kind, operation in instructions:
                word = operation.split("(")[0].removesuffix("-start")
                if word in KINDS and self.times[name]:
                    devices = _group(operation)
                    if devices > 1:
                        found.append(Collective(word, shape_bytes(kind), devices, self.times[name]))
        return found

    def volume(self) -> dict[str, int]:
        """Bytes that collectives of each kind give a device in a step."""
        total: Counter = Counter()
        for each in self.collectives():
            total[each.kind] += each.bytes * each.times
        return dict(total)

    def product_flops(self) -> int:
        """Floating point operations of matrix products: two for each number multiplied."""
        total = 0
        for name, instructions in self.computations.items():
            types = {result: kind for result, kind, _ in instructions}
            for _, kind, operation in instructions:
                if operation.startswith("dot(") and self.times[name]:
                    left = types[re.search(r"dot\(%?([\w.-]+)", operation)[1]]
                    dims = [int(d) for d in _SHAPE.search(left)[2].split(",") if d]
                    contracted = re.search(r"lhs_contracting_dims=\{([\d,]*)\}", operation)[1]
                    result = math.prod(int(d) for d in _SHAPE.search(kind)[2].split(",") if d)
                    total += 2 * result * math.prod(dims[int(i)] for i in contracted.split(",") if i) * self.times[name]
        return total


def _group(operation: str) -> int:
    """Devices of one group: written as `{{0,1},{2,3}}`, as `[4,2]<=[8]`, or as axes of a mesh."""
    if found := re.search(r"replica_groups=\{\{([\d,]*)\}", operation):
        return found[1].count(",") + 1
    if found := re.search(r"replica_groups=\[(\d+),(\d+)\]", operation):
        return int(found[2])
    if found := re.search(r"replica_groups=mesh\[([^\]]*)\].*?\{('[^}]*)\}", operation):
        sizes = {name: int(size) for name, size in re.findall(r"'([^']+)'=(\d+)", found[1])}
        return math.prod(_axis(axis, sizes) for axis in re.findall(r"'([^']+)'(:\(\d+\)\d+)?", found[2]))
    if found := re.search(r"source_target_pairs=\{([^=]*)\}", operation):
        return found[1].count("{") + 1
    raise ValueError(f"a collective whose groups are written in another way: {operation[:200]}")


def _axis(axis: tuple[str, str], sizes: dict[str, int]) -> int:
    """An axis, or the part of it that is written as `'a':(1)2`."""
    name, part = axis
    return int(part.rpartition(")")[2]) if part else sizes[name]
