"""jtorch against torch's op_db without torch: the recorded samples of every entry, with gradients and errors."""

import itertools
import warnings

import pytest

import jtorch
from compat_tests.reference import goldens
from jtorch.engine import program
from jtorch.engine.settings import XLA_OPTIONS

# Each program runs once on a few numbers: nearly all the time is compilation, which these options halve.
COMPILE_FAST = {
    "xla_cpu_use_fusion_emitters": False,
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
}


@pytest.fixture(autouse=True, scope="module")
def compile_fast():
    XLA_OPTIONS.update(COMPILE_FAST)
    yield
    for name in COMPILE_FAST:
        del XLA_OPTIONS[name]
    program.clear_caches()


@pytest.mark.parametrize("entry", list(goldens.load()))
def test_entry(entry):
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's databases call deprecated functions on purpose
        for mode in ("deferred", "eager"):  # at first sight, in numpy as far as possible; and by XLA
            previous = jtorch.set_execution(mode)
            try:
                for case in goldens.load()[entry]:
                    text = refused(case) if "error" in case else computed(case)
                    if text:
                        found.append(f"{mode}: {text}")
            finally:
                jtorch.set_execution(previous)
    program.clear_caches()
    assert not program.statistics["rules_failed"]
    assert not found, "\n".join(found)


def called(case):
    leaves = []
    args = goldens.decode(jtorch, case["args"], leaves)
    kwargs = goldens.decode(jtorch, case["kwargs"], leaves)
    return goldens.resolve(jtorch, case["call"])(*args, **kwargs), leaves


def computed(case):
    """What differs in results or gradients."""
    title = f"{case['call']} of {dtype_of(case)}"
    result, leaves = called(case)
    close = {name: case[name] for name in ("rtol", "atol") if name in case}
    found = goldens.difference(result, case["result"], case["slack"], **close)
    if found is None and "gradients" in case:
        results = [leaf for leaf in goldens.flat(result) if isinstance(leaf, jtorch.Tensor)]
        outputs = list(itertools.compress(results, case["differentiable"]))
        weights = goldens.decode(jtorch, case["cotangents"], [])
        gradients = jtorch.autograd.grad(outputs, leaves, weights, allow_unused=True)
        # Whether a gradient of nothing is None or zeros is not compared.
        wanted = [
            (g, e)
            for g, e in zip(gradients, case["gradients"], strict=True)
            if e is not None or g is not None and g.any()
        ]
        slack = [s for s, e in zip(case["gradient slack"], case["gradients"], strict=True) if e is not None]
        if any(e is None for _, e in wanted):
            return f"{title}: a gradient where torch has none"
        found = goldens.difference([g for g, _ in wanted], [e for _, e in wanted], slack, **close)
        found = found and f"gradients: {found}"
    return found and f"{title}: {found}"


def refused(case):
    """What differs in the class of an error."""
    try:
        result, _ = called(case)
        str(result)
    except Exception as error:
        classes = [kind.__name__ for kind in type(error).__mro__]
        return None if case["error"] in classes else f"{case['call']}: {error!r} where torch raises {case['error']}"
    return f"{case['call']}: nothing raised where torch raises {case['error']}"


def dtype_of(case) -> str:
    first = case["args"][0]
    return first["tensor"]["dtype"] if isinstance(first, dict) and "tensor" in first else "numbers"
