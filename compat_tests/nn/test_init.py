"""nn.init: PyTorch's numbers for the same seed, and its refusals."""

import math

import pytest

# Call -> what PyTorch 2.13 gives with seed 0: first, last, sum, sum of absolute values; then the next random number.
DRAWN = {
    "uniform_(e(3, 4), -1, 2)": (0.48877, 0.20515, 4.95471, 7.78713, 0.02233),
    "normal_(e(5, 4), 1.0, 0.5)": (0.43708, 1.02687, 23.47035, 23.47035, 0.20813),
    "constant_(e(2, 2), 0.3)": (0.3, 0.3, 1.2, 1.2, 0.49626),
    "ones_(e(2, 2))": (1.0, 1.0, 4.0, 4.0, 0.49626),
    "zeros_(e(2, 2))": (0.0, 0.0, 0.0, 0.0, 0.49626),
    "eye_(e(3, 4))": (1.0, 0.0, 3.0, 3.0, 0.49626),
    "dirac_(e(4, 2, 3, 3), groups=2)": (0.0, 0.0, 4.0, 4.0, 0.49626),
    "xavier_uniform_(e(3, 4, 2), gain=2.0)": (-0.0098, 0.97977, -1.40305, 14.06777, 0.41941),
    "xavier_normal_(e(6, 4))": (-0.50349, -1.03577, 0.11197, 8.49865, 0.5263),
    'kaiming_uniform_(e(3, 4), a=0.2, mode="fan_out")': (-0.01038, -0.27259, -0.96637, 6.13091, 0.02233),
    'kaiming_normal_(e(5, 4, 3, 3), nonlinearity="relu")': (-0.26536, 0.23327, 1.81596, 32.6644, 0.20865),
    "trunc_normal_(e(5, 5), 0.0, 1.0, -1.0, 1.0)": (-0.74255, -0.10231, -1.84866, 11.31268, 0.73659),
    "trunc_normal_(e(5, 5), 0.0, 1.0, 1.0, 2.0)": (1.97037, 1.41941, 35.72411, 35.72411, 0.25877),
    "orthogonal_(e(3, 5), gain=2.0)": (1.04446, -0.17272, -3.3104, 10.83617, 0.17591),
    "orthogonal_(e(5, 3))": (0.79502, -0.75281, -0.89093, 5.9007, 0.17591),
    "sparse_(e(6, 4), sparsity=0.5, std=0.1)": (0.0, -0.2316, 0.10574, 0.82291, 0.72624),
}


@pytest.mark.parametrize("call", DRAWN)
def test_draws(torch, call):
    torch.manual_seed(0)
    values = eval(f"torch.nn.init.{call}", {"torch": torch, "e": torch.empty}).double().flatten()
    seen = [values[0].item(), values[-1].item(), values.sum().item(), values.abs().sum().item(), torch.rand(1).item()]
    assert seen == pytest.approx(DRAWN[call], abs=2e-5)


def test_values_reach_a_parameter_and_are_not_recorded(torch):
    layer = torch.nn.Linear(2, 1)
    assert torch.nn.init.constant_(layer.weight, 0.3) is layer.weight
    assert layer.weight.is_leaf
    torch.nn.init.constant_(layer.weight.data, 0.5)
    assert layer.weight.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("arguments", "gain"),
    [
        (("linear",), 1),
        (("sigmoid",), 1),
        (("tanh",), 5 / 3),
        (("relu",), math.sqrt(2)),
        (("leaky_relu", 0.01), 1.4141428569978354),
        (("selu",), 0.75),
    ],
)
def test_gain(torch, arguments, gain):
    assert torch.nn.init.calculate_gain(*arguments) == gain


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda init, e: init.calculate_gain("mish"), "Unsupported nonlinearity mish"),
        (lambda init, e: init.calculate_gain("leaky_relu", True), "negative_slope True not a valid number"),
        (lambda init, e: init.kaiming_normal_(e(2, 2), mode="x"), "Mode x not supported, please use one of"),
        (lambda init, e: init.xavier_normal_(e(2)), "Fan in and fan out can not be computed for tensor with fewer"),
        (lambda init, e: init.eye_(e(2)), "Only tensors with 2 dimensions are supported"),
        (lambda init, e: init.dirac_(e(2, 2)), "Only tensors with 3, 4, or 5 dimensions are supported"),
        (lambda init, e: init.orthogonal_(e(2)), "Only tensors with 2 or more dimensions are supported"),
    ],
)
def test_errors(torch, call, text):
    with pytest.raises(ValueError, match=text):
        call(torch.nn.init, torch.empty)


def test_old_names_warn(torch):
    with pytest.warns(FutureWarning, match="`nn.init.constant` is now deprecated in favor of `nn.init.constant_`."):
        assert torch.nn.init.constant(torch.empty(1), 2.0).item() == 2.0


def test_zero_elements_warn(torch):
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        torch.nn.init.kaiming_uniform_(torch.empty(0, 3))
