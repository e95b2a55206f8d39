"""v2's transforms give torchvision's results: images with their boxes, masks and key points."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest

import jtorch
import jtorch.vision.transforms.v2
from jtorch.vision import tv_tensors

from .reference import load_torchvision
from .sample_cases import CASES, RECORDED, V2, Case, far, run, sketched
from .transform_cases import far_apart, picture

JTORCH = V2(jtorch, jtorch.vision.transforms.v2, tv_tensors)

rows = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def recorded():
    with np.load(RECORDED) as file:
        return json.loads(str(file["about"])), file["sketches"]


@rows
def test_equals_what_torchvision_gave(case: Case, recorded):
    about, sketches = recorded
    for kind in case.recorded:
        parts, after = run(case, kind, 0, JTORCH)
        expected_parts, expected_after = about[f"{case.name} {kind}"]
        assert after == expected_after, f"{kind}: another number of random numbers was drawn"
        for part, (text, shape, number) in zip(parts, expected_parts, strict=True):
            assert part.about.replace("jtorch", "torch") == text, kind
            if shape is not None:
                assert list(part.values.shape) == shape, kind
                apart = far_apart(sketched(part) / 2, sketches[number] / 2, part.values.dtype, case)
                if part.is_position:
                    apart = np.abs(sketched(part) - sketches[number]) > 0.1
                assert apart.sum() <= 8 * case.outliers * apart.size, f"{kind}: {text}"


@pytest.mark.reference
@rows
def test_equals_torchvision(case: Case):
    torch, torchvision = load_torchvision()
    theirs = V2(torch, *(importlib.import_module(f"torchvision.{name}") for name in ("transforms.v2", "tv_tensors")))
    for kind in case.kinds:
        for seed in range(100, 102 if case.random else 101):
            parts, after = run(case, kind, seed, JTORCH)
            expected_parts, expected_after = run(case, kind, seed, theirs)
            assert [part.about.replace("jtorch", "torch") for part in parts] == [p.about for p in expected_parts]
            assert after == expected_after, f"{kind} {seed}: another number of random numbers was drawn"
            for part, expected in zip(parts, expected_parts, strict=True):
                if expected.values is not None:
                    assert part.values.shape == expected.values.shape, f"{kind} {seed}"
                    apart = far(part, expected, case)
                    assert apart.sum() <= case.outliers * apart.size, (
                        f"{kind} {seed}: {part.about}: {apart.sum()} of {apart.size}"
                    )


def test_kernels_run_under_vmap():
    """Kernels look at no values, so they can be mapped over a batch and compiled as one program."""
    batch = jtorch.stack([jtorch.from_numpy(picture("uint8", seed)) for seed in range(2)])

    def transform(image):
        return JTORCH.F.gaussian_blur(image, [3, 5])

    expected = [transform(image).numpy() for image in batch]
    np.testing.assert_array_equal(jtorch.vmap(transform)(batch).numpy(), expected)
