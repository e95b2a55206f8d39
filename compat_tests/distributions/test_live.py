"""Distributions, divergences, transforms and constraints beside PyTorch's, in float32 and float64: values, gradients, errors."""

import re

import pytest

from compat_tests.distributions import maps, pairs, rows

pytestmark = pytest.mark.reference
TOLERANCES = {"float32": (1e-5, 2e-5), "float64": (1e-8, 1e-8)}


@pytest.fixture(params=["float32", "float64"])
def compare(request):
    """Compare what `observe` sees of a row in both libraries."""
    import torch
    import torch.distributions

    import jtorch
    import jtorch.distributions

    def compare(observe, *row):
        expected, actual = (observe(library, *row, dtype=request.param) for library in (torch, jtorch))
        found = rows.differences(row[0], expected, actual, TOLERANCES[request.param])
        assert not found, "\n".join(found)

    return compare


@pytest.mark.parametrize("row", rows.ROWS)
def test_distribution(compare, row):
    compare(rows.observe, row)


@pytest.mark.parametrize(("p", "q"), pairs.PAIRS)
def test_divergence(compare, p, q):
    compare(pairs.observe, p, q)


def test_the_same_divergences_are_registered():
    import torch

    import jtorch

    assert pairs.registered(torch) == pairs.registered(jtorch) == set(pairs.PAIRS)


@pytest.mark.parametrize("row", maps.TRANSFORMS)
def test_transform(compare, row):
    compare(maps.observe_transform, row)


@pytest.mark.parametrize("row", maps.CONSTRAINTS)
def test_constraint(compare, row):
    compare(maps.observe_constraint, row)


def test_every_name_is_tried():
    """Each distribution and transform of torch has a row; those that have none are bases."""
    import torch

    tried = " ".join([*rows.ROWS, *maps.TRANSFORMS])
    classes = {name for name in torch.distributions.__all__ if isinstance(getattr(torch.distributions, name), type)}
    assert {name for name in classes if not re.search(rf"\b{name}\(", tried)} == {
        "Distribution",
        "ExponentialFamily",
        "Transform",
    }


def test_the_same_names_are_public():
    import torch

    import jtorch

    for module in ("", ".constraints", ".transforms", ".utils", ".kl", ".constraint_registry", ".relaxed_bernoulli"):
        ours, theirs = (eval(f"library.distributions{module}", {"library": library}) for library in (jtorch, torch))
        assert set(theirs.__all__) <= set(dir(ours)), module
