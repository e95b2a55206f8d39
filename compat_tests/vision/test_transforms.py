"""Transforms give torchvision's results: pictures, tensors, and how many random numbers were drawn for them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import jtorch
import jtorch.vision.transforms
from jtorch.vision import transforms
from jtorch.vision.transforms import v2

from .reference import load_torchvision
from .transform_cases import CASES, RECORDED, TENSORS, Case, Library, digest, far_apart, run, sketch

JTORCH = Library(jtorch, jtorch.vision.transforms)

rows = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def assert_close(values: np.ndarray, expected: np.ndarray, case: Case) -> None:
    assert values.dtype == expected.dtype
    assert values.shape == expected.shape
    far = far_apart(values, expected, values.dtype, case)
    assert far.mean() <= case.outliers, f"{far.sum()} of {far.size} values are too far apart"


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
            expected_mode, expected_after, expected_shape, expected = about[key]
            assert mode == expected_mode, key
            assert after == expected_after, f"{key}: another number of random numbers was drawn"
            assert list(values.shape) == expected_shape, key
            if case.exact:
                assert digest(values) == expected, key
            else:
                far = far_apart(sketch(values) / 2, recorded["sketches"][expected] / 2, values.dtype, case)
                assert far.mean() <= 8 * case.outliers, f"{key}: {far.sum()} of {far.size} sums are too far apart"


on_tensors = pytest.mark.parametrize(
    "case", [case for case in CASES if set(case.kinds) & set(TENSORS)], ids=lambda case: case.name
)


@on_tensors
def test_operations_on_tensors_equal_the_host_path(case: Case, monkeypatch):
    """Where an image does not lie on the host, the same functions record operations: the results are the same."""
    tensors = [kind for kind in case.kinds if kind in TENSORS]
    on_host = [run(case, kind, seed, JTORCH) for kind in tensors for seed in case.seeds]
    for module in ("_functional_tensor", "_tensor_geometry", "_tensor_image"):
        monkeypatch.setattr(f"jtorch.vision.transforms.{module}.host_array", lambda img: None)
    recorded = [run(case, kind, seed, JTORCH) for kind in tensors for seed in case.seeds]
    for (mode, values, after), (expected_mode, expected_values, expected_after) in zip(recorded, on_host, strict=True):
        assert (mode, after) == (expected_mode, expected_after)
        assert_close(values, expected_values, case)


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
                assert_close(values, expected_values, case)


def test_levels_become_torchvisions_floats():
    """To the last bit: the older transforms divide by 255, the newer ones multiply by a rounded 1 / 255."""
    levels = jtorch.arange(256).to(jtorch.uint8).reshape(1, 16, 16)
    values = levels.numpy().astype(np.float32)
    for image in (levels, levels + 0):
        older = transforms.functional.convert_image_dtype(image)
        newer = v2.functional.to_dtype(image, jtorch.float32, scale=True)
        np.testing.assert_array_equal(older.numpy(), values / np.float32(255))
        np.testing.assert_array_equal(newer.numpy(), values * np.float32(1 / 255))
