"""`Optimizer`: groups, gradients, state dictionaries, hooks, and subclasses that users write."""

import copy
import math
import pickle
import sys

import pytest


def parameter(torch, *values):
    made = torch.nn.Parameter(torch.tensor(values))
    made.grad = torch.ones(len(values))
    return made


def _module(optim):
    """torch.optim.optimizer, which torch does not leave as an attribute."""
    return sys.modules[optim.Optimizer.__module__]


# Groups


def test_groups_take_the_defaults_they_lack(torch):
    a, b = parameter(torch, 1.0), parameter(torch, 2.0)
    optimizer = torch.optim.SGD([a], lr=0.1, momentum=0.9)
    optimizer.add_param_group({"params": b, "lr": 0.0001, "nesterov": True})
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.0001]
    assert list(optimizer.param_groups[1])[:5] == ["params", "lr", "nesterov", "momentum", "dampening"]
    assert optimizer.param_groups[1]["params"][0] is b
    assert optimizer.defaults["lr"] == 0.1


def test_generators_and_names(torch):
    layer = torch.nn.Linear(2, 1)
    named = torch.optim.SGD(layer.named_parameters(), lr=0.1)
    assert named.param_groups[0]["param_names"] == ["weight", "bias"]
    assert len(torch.optim.SGD((p for p in layer.parameters()), lr=0.1).param_groups[0]["params"]) == 2


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda o, p, t: o.SGD([], lr=0.1), ValueError, "optimizer got an empty parameter list"),
        (
            lambda o, p, t: o.SGD(p, lr=0.1),
            TypeError,
            "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
            "torch.FloatTensor",
        ),
        (
            lambda o, p, t: o.SGD([{"params": {p}}], lr=0.1),
            TypeError,
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets",
        ),
        (
            lambda o, p, t: o.SGD([3.0], lr=0.1),
            TypeError,
            "optimizer can only optimize Tensors, but one of the params is float",
        ),
        (lambda o, p, t: o.SGD([p * 2], lr=0.1), ValueError, "can't optimize a non-leaf Tensor"),
        (
            lambda o, p, t: o.SGD([{"params": [p]}, {"params": [p]}], lr=0.1),
            ValueError,
            "some parameters appear in more than one parameter group",
        ),
        (
            lambda o, p, t: o.Optimizer([p], {"lr": _module(o).required}),
            ValueError,
            "parameter group didn't specify a value of required optimization parameter lr",
        ),
        (
            lambda o, p, t: o.SGD([p], lr=0.1).add_param_group([p]),
            TypeError,
            "param_group must be a dict, but got <class 'list'>",
        ),
        (lambda o, p, t: o.SGD([p], lr=-1.0), ValueError, "Invalid learning rate: -1.0"),
        (
            lambda o, p, t: o.SGD([p], lr=0.1, nesterov=True),
            ValueError,
            "Nesterov momentum requires a momentum and zero dampening",
        ),
        (lambda o, p, t: o.Adam([p], betas=(1.0, 0.9)), ValueError, "Invalid beta parameter at index 0: 1.0"),
        (lambda o, p, t: o.Adam([p], eps=-1.0), ValueError, "Invalid epsilon value: -1.0"),
        (
            lambda o, p, t: o.Adam([p], fused=True, foreach=True),
            RuntimeError,
            "`fused` and `foreach` cannot be `True` together.",
        ),
        (
            lambda o, p, t: o.LBFGS([{"params": [p]}, {"params": [t.zeros(1)]}]),
            ValueError,
            "LBFGS doesn't support per-parameter options (parameter groups)",
        ),
        (
            lambda o, p, t: o.Muon([p]),
            ValueError,
            "Muon only supports 2D parameters whereas we found a parameter with size: torch.Size([1])",
        ),
        (
            lambda o, p, t: o.SparseAdam([p]).step(),
            RuntimeError,
            "SparseAdam does not support dense gradients, please consider Adam instead",
        ),
        (lambda o, p, t: o.Optimizer([p], {}).step(), NotImplementedError, ""),
    ],
)
def test_errors(torch, make, kind, text):
    with pytest.raises(kind) as caught:
        make(torch.optim, parameter(torch, 1.0), torch)
    assert str(caught.value).startswith(text)


def test_duplicate_parameters_warn(torch):
    p = parameter(torch, 1.0)
    with pytest.warns(UserWarning, match="optimizer contains a parameter group with duplicate parameters"):
        torch.optim.SGD([p, p], lr=0.1)


# Steps


def test_parameters_without_gradient_stay_and_get_no_state(torch):
    a, b = parameter(torch, 1.0), parameter(torch, 2.0)
    b.grad = None
    optimizer = torch.optim.Adam([a, b], lr=0.1)
    optimizer.step()
    assert b.item() == 2.0
    assert list(optimizer.state_dict()["state"]) == [0]
    assert list(optimizer.state[a]) == ["step", "exp_avg", "exp_avg_sq"]
    assert optimizer.state[a]["step"].dtype == torch.float32


def test_changing_an_option_takes_effect(torch):
    p = parameter(torch, 1.0)
    optimizer = torch.optim.SGD([p], lr=0.1)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.5
    optimizer.step()
    assert p.item() == pytest.approx(0.4)


def test_state_can_be_replaced(torch):
    p = parameter(torch, 1.0)
    optimizer = torch.optim.SGD([p], lr=0.1, momentum=0.9)
    optimizer.step()
    optimizer.state[p]["momentum_buffer"] = torch.tensor([10.0])
    optimizer.step()
    assert optimizer.state[p]["momentum_buffer"].item() == pytest.approx(10.0)
    optimizer.state.clear()
    optimizer.step()
    assert optimizer.state[p]["momentum_buffer"].item() == pytest.approx(1.0)


def test_zero_grad(torch):
    p = parameter(torch, 1.0)
    optimizer = torch.optim.SGD([p], lr=0.1)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0.0]
    optimizer.zero_grad()
    assert p.grad is None


def test_a_closure_is_called_with_gradients_on(torch):
    p = parameter(torch, 1.0)
    optimizer = torch.optim.SGD([p], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * 2).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert optimizer.step(closure).item() == 2.0
    assert p.item() == pytest.approx(0.8)


def test_the_step_is_seen_by_version_counters(torch):
    p = parameter(torch, 1.0)
    loss = (p * p).sum()
    torch.optim.SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_differentiable_step_is_part_of_the_graph(torch):
    start = torch.tensor([1.0], requires_grad=True)
    rate = torch.tensor(0.5, requires_grad=True)
    p = start.clone()
    p.retain_grad()
    (p.grad,) = torch.autograd.grad((p * p).sum(), [p], create_graph=True)
    optimizer = torch.optim.SGD([p], lr=rate, differentiable=True)
    optimizer.step()
    # p = start - rate * 2 start: how the result depends on the learning rate.
    (slope,) = torch.autograd.grad(p.sum(), [rate])
    assert slope.item() == pytest.approx(-2.0)


# Saving and loading


def test_state_dict_layout(torch):
    a, b = parameter(torch, 1.0), parameter(torch, 2.0)
    optimizer = torch.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1, momentum=0.9)
    optimizer.step()
    state = optimizer.state_dict()
    assert [group["params"] for group in state["param_groups"]] == [[0], [1]]
    assert list(state["param_groups"][0])[-1] == "params"
    assert {number: list(entries) for number, entries in state["state"].items()} == {
        0: ["momentum_buffer"],
        1: ["momentum_buffer"],
    }


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda state: pickle.loads(pickle.dumps(state))])
def test_training_goes_on_from_a_state_dict(torch, copied):
    def make():
        p = parameter(torch, 1.0, -2.0)
        return p, torch.optim.Adam([p], lr=0.1, amsgrad=True)

    (p, optimizer), (q, again) = make(), make()
    optimizer.step()
    again.load_state_dict(copied(optimizer.state_dict()))
    q.data.copy_(p.data)
    optimizer.step()
    again.step()
    assert q.tolist() == p.tolist()
    assert again.state[q]["step"].item() == 2


def test_loaded_state_is_cast_to_the_parameter(torch):
    p = parameter(torch, 1.0)
    optimizer = torch.optim.SGD([p], lr=0.1, momentum=0.9)
    optimizer.step()
    q = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    again = torch.optim.SGD([q], lr=0.7, momentum=0.9)
    again.load_state_dict(optimizer.state_dict())
    assert again.state[q]["momentum_buffer"].dtype == torch.float64
    assert again.param_groups[0]["lr"] == 0.1
    assert list(again.param_groups[0])[-1] == "params"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda groups: groups.append(groups[0]), "loaded state dict has a different number of parameter groups"),
        (
            lambda groups: groups[0]["params"].append(1),
            "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
        ),
    ],
)
def test_a_state_dict_must_fit(torch, change, text):
    optimizer = torch.optim.SGD([parameter(torch, 1.0)], lr=0.1)
    state = optimizer.state_dict()
    change(state["param_groups"])
    with pytest.raises(ValueError, match=text):
        optimizer.load_state_dict(state)


def test_an_optimizer_can_be_pickled(torch):
    optimizer = torch.optim.Adam([parameter(torch, 1.0)], lr=0.1)
    optimizer.step()
    again = pickle.loads(pickle.dumps(optimizer))
    (p,) = again.param_groups[0]["params"]
    p.grad = torch.ones(1)
    again.step()
    assert again.state[p]["step"].item() == 2


# Hooks and subclasses


def test_hooks(torch):
    seen = []
    optimizer = torch.optim.SGD([parameter(torch, 1.0)], lr=0.1)
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before"))
    handle = optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 3})
    optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append(state.pop("extra")))
    optimizer.step()
    handle.remove()
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    assert seen == ["before", "after", "before", 3]
    with _module(torch.optim).register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("any")):
        torch.optim.Adam([parameter(torch, 1.0)]).step()
    assert seen[-1] == "any"


def test_an_optimizer_of_ones_own(torch):
    class Halving(torch.optim.Optimizer):
        def __init__(self, params, factor=0.5):
            super().__init__(params, {"factor": factor})

        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p]["count"] = self.state[p].get("count", 0) + 1
                    p.mul_(group["factor"])

    p = parameter(torch, 4.0)
    optimizer = Halving([p])
    scheduler = torch.optim.lr_scheduler
    with pytest.raises(KeyError):
        scheduler.StepLR(optimizer, 1)
    calls = []
    optimizer.register_step_post_hook(lambda o, args, kwargs: calls.append(1))
    optimizer.step()
    optimizer.step()
    assert (p.item(), optimizer.state[p]["count"], len(calls)) == (1.0, 2, 2)
    assert repr(optimizer) == "Halving (\nParameter Group 0\n    factor: 0.5\n)"


def test_a_subclass_of_sgd_that_prepares_gradients(torch):
    class Clipped(torch.optim.SGD):
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    p.grad.clamp_(max=0.5)
            return super().step(closure)

    p = parameter(torch, 1.0)
    Clipped([p], lr=1.0).step()
    assert p.item() == pytest.approx(0.5)


def test_bfloat16_moves_in_steps_it_can_hold(torch):
    p = torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16))
    p.grad = torch.full((3,), 0.3, dtype=torch.bfloat16)
    optimizer = torch.optim.Adam([p], lr=0.1)
    optimizer.step()
    assert p.dtype == torch.bfloat16
    assert math.isclose(p[0].item(), 0.9, rel_tol=4e-3)
