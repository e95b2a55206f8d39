"""The model of docs/scaling.md, against programs that XLA compiled: a few here, the others as they are written down."""

import json
import sys

import pytest

from benchmarks.scaling.__main__ import RESULTS
from benchmarks.scaling.programs_text import ProgramText
from benchmarks.scaling.sizes import SIZES, Layout
from benchmarks.scaling.tables import checked, predicted
from compat_tests.distributed.launch import start

DOCUMENT = RESULTS.parent.parent.parent / "docs" / "scaling.md"


def holds(row: dict, tolerance: float) -> None:
    expected = predicted(row)
    about = (row["size"], row["layout"])
    assert row["arguments"] == pytest.approx(expected["arguments"], rel=0.01), about
    assert row["product_flops"] == pytest.approx(expected["product_flops"], rel=0.01), about
    for kind, count in expected["volume"].items():
        assert row["volume"].get(kind, 0) == pytest.approx(count, rel=tolerance), (kind, *about)
    others = sum(count for kind, count in row["volume"].items() if kind not in expected["volume"])
    assert others < 0.05 * sum(row["volume"].values()), about


# What the model predicts of a program's collectives: data parallel, FSDP, tensor parallel, and the last two together.
COMPILED = {
    ("benchmark", Layout(data=8)): {"all-reduce"},
    ("benchmark", Layout(shard=8, checkpoint=True)): {"all-gather", "all-reduce"},
    ("small-gated", Layout(tensor=8)): {"all-reduce"},
    ("small-gated", Layout(shard=2, tensor=4, checkpoint=True)): {"all-gather", "all-reduce"},
}


@pytest.mark.parametrize("size, layout", COMPILED, ids=str)
def test_steps_compiled_for_eight_devices(size, layout):
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "jtorch", "-m", "benchmarks.scaling.step", size, json.dumps(layout.__dict__), "16"]
    ((status, output),) = start([command], 300, flags)
    assert status == 0, output
    row = {"size": size, "layout": layout.__dict__, "sequences": 16, **json.loads(output.splitlines()[-1])}
    volume = row["volume"]
    assert {kind for kind, count in volume.items() if count > 0.05 * sum(volume.values())} == COMPILED[size, layout]
    holds(row, 0.13 if layout.shard > 1 and layout.tensor > 1 else 0.005)


@pytest.mark.parametrize(
    "row", json.loads(RESULTS.read_text()), ids=lambda row: f"{row['size']} {Layout(**row['layout'])}"
)
def test_as_written_down(row):
    holds(row, 0.13)


def test_the_page_has_these_figures():
    assert checked(json.loads(RESULTS.read_text())) in DOCUMENT.read_text(), "python -m benchmarks.scaling --tables"


def test_loops_count():
    text = ProgramText("""
%body (p: (s32[], f32[8])) -> (s32[], f32[8]) {
  %x = f32[8]{0} get-tuple-element(%p), index=1
  %g = (f32[16]{0}, /*index=1*/bf16[4]{0}) all-gather(%x, %y), replica_groups=mesh['a'=4,'b'=2], device_ids=([2,4]T(1,0)) {'b'}, dimensions={0}
  %l = f32[8,5]{1,0} parameter(1)
  ROOT %d = f32[8,3]{1,0} dot(%l, %r), lhs_contracting_dims={1}, rhs_contracting_dims={0}
}

ENTRY %main (a: f32[8]) -> f32[8] {
  %alone = f32[8]{0} all-reduce(%a), replica_groups={{0},{1}}, to_apply=%sum
  ROOT %w = (s32[], f32[8]) while(%t), condition=%c, body=%body, backend_config={"known_trip_count":{"n":"5"}}
}
""")
    (gather,) = text.collectives()
    assert (gather.kind, gather.bytes, gather.devices, gather.times) == ("all-gather", 72, 2, 5)
    assert text.product_flops() == 5 * 2 * 24 * 5


def test_parameters():
    from benchmarks.scaling.predictions import parameters

    assert parameters(SIZES["70b"]) == 68_976_648_192  # as Llama 2's files have it
    assert parameters(SIZES["benchmark"]) == 867_072
