"""Every layer prints, is initialised, computes and differentiates as PyTorch's."""

import json
import warnings

import pytest

from compat_tests.nn.layer_rows import ROWS, differences, observe
from compat_tests.nn.record import FILE

RECORDED = json.loads(FILE.read_text())


@pytest.mark.parametrize("row", ROWS)
def test_layer(torch, row):
    assert row in RECORDED, "run python -m compat_tests.nn.record"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = observe(torch, row)
    found = differences(RECORDED[row], seen)
    assert not found, "\n".join(found)


@pytest.mark.reference
@pytest.mark.parametrize("row", ROWS)
def test_recorded_is_what_pytorch_does(row):
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not differences(RECORDED[row], observe(torch, row))
