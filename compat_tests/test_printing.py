"""Tensors print as in PyTorch: recorded texts of random tensors, and the options."""

import json
import time

import pytest

from compat_tests import printing_cases

RECORDED = json.loads(printing_cases.RECORDED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("part", range(9))
def test_recorded_texts(torch, part):
    for seed, text in RECORDED[part::9]:
        case = printing_cases.case(seed)
        assert printing_cases.printed(torch, case) == text, case


@pytest.mark.reference
def test_random_tensors_print_alike():
    import torch as pytorch

    import jtorch

    for seed in range(1000, 1300):
        case = printing_cases.case(seed)
        assert printing_cases.printed(jtorch, case) == printing_cases.printed(pytorch, case), case


def test_a_nested_block_is_separated_by_an_empty_line(torch):
    assert repr(torch.arange(4.0).reshape(2, 1, 2)) == "tensor([[[0., 1.]],\n\n        [[2., 3.]]])"


def test_a_long_line_moves_its_suffix_down(torch):
    x = torch.arange(16, dtype=torch.float64).reshape(1, 16) / 7
    lines = repr(x.requires_grad_()).split("\n")
    assert lines[-1] == "       dtype=torch.float64, requires_grad=True)"
    assert all(len(line) <= 80 for line in lines)


def test_options_are_read_back_and_restored(torch):
    printing = pytest.importorskip(f"{torch.__name__}.{'_tensor_str' if torch.__name__ == 'torch' else 'printing'}")
    before = printing.get_printoptions()
    with printing.printoptions(precision=2, sci_mode=True):
        assert repr(torch.tensor([1.5])) == "tensor([1.50e+00])"
    assert printing.get_printoptions() == before
    torch.set_printoptions(threshold=5)
    assert repr(torch.arange(10)) == "tensor([0, 1, 2,  ..., 7, 8, 9])"
    torch.set_printoptions(profile="default")
    assert repr(torch.arange(10)) == "tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])"


def test_a_parameter_says_so(torch):
    assert repr(torch.nn.Parameter(torch.zeros(1))) == "Parameter containing:\ntensor([0.], requires_grad=True)"


@pytest.mark.jtorch_only
def test_a_thousand_elements_take_a_few_milliseconds(torch):
    x = torch.arange(1000.0) / 7
    repr(x)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        repr(x)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.005
