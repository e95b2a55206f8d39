"""Every distribution shows, draws and computes what PyTorch was recorded to."""

import pytest

from compat_tests.distributions.record import recorded
from compat_tests.distributions.rows import ROWS, differences, observe

# Gradients, moments and what else needs many programs are compared by `test_live.py`.
QUICK = ("repr", "shapes", "support", "flags", "sample", "nan", "wrong shape", "expanded")
RECORDED = recorded()


@pytest.mark.parametrize("row", ROWS)
def test_distribution(torch, row):
    assert row in RECORDED, "run python -m compat_tests.distributions.record"
    expected = {name: RECORDED[row][name] for name in QUICK}
    found = differences(row, expected, observe(torch, row, only=QUICK))
    assert not found, "\n".join(found)


def test_checking_bounds_shares_no_memory(torch):
    low, high = torch.zeros(3), torch.ones(3)
    torch.distributions.Uniform(low, high)
    assert low._storage.alias is None and high._storage.alias is None
