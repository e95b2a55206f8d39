"""Random programs of views, writes and gradients do the same under PyTorch and under jtorch."""

import pytest

from compat_tests.compare import compare
from compat_tests.random_programs import program


@pytest.mark.reference
@pytest.mark.parametrize("seed", range(80))
def test_program(seed):
    result = compare(program(seed), modes=["deferred", "eager"])
    if not result.equal:
        pytest.fail(f"{result.code}\n{result.report()}", pytrace=False)
