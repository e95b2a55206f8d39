"""Transforms give torchvision's results: pictures, tensors, and how many random numbers were drawn for them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import jtorch
import jtorch.vision.transforms

from .reference import load_torchvision
from .transform_cases import CASES, RECORDED, TENSORS, Case, Library, digest, run

JTORCH = Library(jtorch, jtorch.vision.transforms)

rows = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def assert_close(values: np.ndarray, expected: np.ndarray, levels: int) -> None:
    """Within that many levels of uint8, within 1e-5 of floats in 0..1, within a step of float16."""
    assert values.dtype == expected.dtype
    assert values.shape == expected.shape
    if values.dtype == np.uint8:
        np.testing.assert_allclose(values.astype(int), expected.astype(int), rtol=0, atol=levels)
    else:
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-3 if values.dtype == np.float16 else 1e-5)


@pytest.fixture(scope="module")
def recorded():
    with np.load(RECORDED) as file:
        return dict(file)


@rows
def test_equals_what_torchvision_gave(case: Case, recorded):
    about = json.loads(str(recorded["about"]))
    for kind in case.kinds:
        for seed in case.seeds:
            key = f"{case.name} {kind} {seed}"
            mode, values, after = run(case, kind, seed, JTORCH)
            expected_mode, expected_after, expected_digest = about[key]
            assert mode == expected_mode, key
            assert after == expected_after, f"{key}: another number of random numbers was drawn"
            if case.exact:
                assert digest(values) == expected_digest, key
            else:
                assert_close(values, recorded[key], case.levels)


on_tensors = pytest.mark.parametrize(
    "case", [case for case in CASES if set(case.kinds) & set(TENSORS)], ids=lambda case: case.name
)


@on_tensors
def test_operations_on_tensors_equal_the_host_path(case: Case, monkeypatch):
    """Where an image does not lie on the host, the same functions record operations: the results are the same."""
    tensors = [kind for kind in case.kinds if kind in TENSORS]
    on_host = [run(case, kind, seed, JTORCH) for kind in tensors for seed in case.seeds]
    monkeypatch.setattr("jtorch.vision.transforms._functional_tensor.host_array", lambda img: None)
    recorded = [run(case, kind, seed, JTORCH) for kind in tensors for seed in case.seeds]
    for (mode, values, after), (expected_mode, expected_values, expected_after) in zip(recorded, on_host, strict=True):
        assert (mode, after) == (expected_mode, expected_after)
        assert_close(values, expected_values, case.levels)


@pytest.mark.reference
@rows
def test_equals_torchvision(case: Case):
    torch, torchvision = load_torchvision()
    theirs = Library(torch, torchvision.transforms)
    for kind in case.kinds:
        for seed in range(100, 120 if case.random else 101):
            mode, values, after = run(case, kind, seed, JTORCH)
            expected_mode, expected_values, expected_after = run(case, kind, seed, theirs)
            assert mode == expected_mode
            assert after == expected_after, "another number of random numbers was drawn"
            if case.exact:
                np.testing.assert_array_equal(values, expected_values, strict=True)
            else:
                assert_close(values, expected_values, case.levels)
