"""`jtorch.capture`: a captured step does what the step does, and is never stale."""

import copy
import gc
import random

import numpy as np
import pytest

import jtorch as torch
from jtorch import engine, nn


@pytest.fixture(autouse=True)
def deferred():
    before = torch.set_execution("deferred")
    yield
    torch.set_execution(before)


def programs():
    return engine.statistics()["programs_compiled"]


def close(a, b):
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)


class Twins:
    """A model and its optimizer twice: one is trained by the step as it is, the other one by the captured step, and they must stay equal."""

    def __init__(self, model, optimizer, body=None):
        self.models = [model, copy.deepcopy(model)]
        self.optimizers = [optimizer(m.parameters()) for m in self.models]
        make = body or self.step
        steps = [make(m, o) for m, o in zip(self.models, self.optimizers, strict=True)]
        self.plain, self.captured = steps[0], torch.capture(steps[1])

    @staticmethod
    def step(model, optimizer):
        criterion = nn.CrossEntropyLoss()

        def step(x, y):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return step

    def run(self, *args):
        state = torch.get_rng_state()
        expected = self.plain(*args)
        after = torch.get_rng_state()
        torch.set_rng_state(state)
        got = self.captured(*args)
        assert torch.equal(torch.get_rng_state(), after)
        close(got, expected)
        for (name, a), b in zip(self.models[0].state_dict().items(), self.models[1].state_dict().values(), strict=True):
            np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=1e-4, atol=1e-5, err_msg=name)
        for a, b in zip(self.models[0].parameters(), self.models[1].parameters(), strict=True):
            assert (a.grad is None) == (b.grad is None) and a.requires_grad == b.requires_grad
            if a.grad is not None:
                np.testing.assert_allclose(b.grad.numpy(), a.grad.numpy(), rtol=1e-4, atol=1e-5)

    def both(self, change):
        for model, optimizer in zip(self.models, self.optimizers, strict=True):
            change(model, optimizer)


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))


def batch(n=5):
    return torch.randn(n, 6), torch.randint(0, 3, (n,))


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, amsgrad=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01),
    "nadam": lambda p: torch.optim.NAdam(p, lr=0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_is_the_same(name):
    twins = Twins(net(), OPTIMIZERS[name])
    for _ in range(7):
        twins.run(*batch())
    assert twins.captured.recorded == 1


def test_no_python_runs_and_nothing_is_copied():
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    @torch.capture
    def step(x, y):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(4):
        step(*batch())
    before = programs()
    data = [batch() for _ in range(3)]
    engine.cut()
    ops = engine.statistics()["ops_recorded"]
    for x, y in data:
        step(x, y)
    assert programs() == before and engine.statistics()["ops_recorded"] == ops
    pointers = [p._storage.value.array.unsafe_buffer_pointer() for p in model.parameters()]
    step(*data[0])
    again = [p._storage.value.array.unsafe_buffer_pointer() for p in model.parameters()]
    assert sum(a == b for a, b in zip(pointers, again, strict=True)) >= len(pointers) - 1


def test_short_last_batch():
    twins = Twins(net(), OPTIMIZERS["adam"])
    for _ in range(3):
        for n in (5, 5, 5, 4):
            twins.run(*batch(n))
    assert twins.captured.recorded == 2


# Never stale: each of these changes what the step does


def changed_between(change, body=None, optimizer="sgd", recorded=None):
    twins = Twins(net(), OPTIMIZERS[optimizer], body)
    for _ in range(5):
        twins.run(*batch())
    for _ in range(2):
        twins.both(change)
        for _ in range(4):
            twins.run(*batch())
    if recorded is not None:
        assert twins.captured.recorded == recorded


def test_learning_rate_of_a_scheduler():
    twins = Twins(net(), OPTIMIZERS["adam"])
    schedulers = [torch.optim.lr_scheduler.ExponentialLR(o, 0.7) for o in twins.optimizers]
    for _ in range(9):
        twins.run(*batch())
        for scheduler in schedulers:
            scheduler.step()
    assert twins.captured.recorded == 1


def test_one_cycle_changes_betas_too():
    twins = Twins(net(), OPTIMIZERS["adam"])
    schedulers = [torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=20) for o in twins.optimizers]
    for _ in range(9):
        twins.run(*batch())
        for scheduler in schedulers:
            scheduler.step()
    assert twins.captured.recorded == 1


def test_weight_decay_switched_off():
    changed_between(
        lambda m, o: o.param_groups[0].update(weight_decay=0.0 if o.param_groups[0]["weight_decay"] else 0.1)
    )


def test_eval_and_train():
    changed_between(lambda m, o: m.train(not m.training))


def test_freezing_a_layer():
    changed_between(lambda m, o: m[0].requires_grad_(not m[0].weight.requires_grad))


def test_a_new_hook():
    changed_between(lambda m, o: m[0].register_forward_hook(lambda module, args, out: out * 1.5))


def test_a_tensor_hook():
    changed_between(lambda m, o: m[0].weight.register_hook(lambda grad: grad * 2))


def test_a_replaced_layer():
    def change(model, optimizer):
        torch.manual_seed(3)
        model[4] = nn.Linear(8, 3)

    changed_between(change)


def test_a_replaced_parameter():
    def change(model, optimizer):
        model[0].weight.data = torch.full((8, 6), 0.1)

    changed_between(change, recorded=1)


def test_loaded_state():
    torch.manual_seed(5)
    other = net().state_dict()

    def change(model, optimizer):
        model.load_state_dict(other)
        optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))

    changed_between(change)


def test_a_hyperparameter_of_a_layer():
    changed_between(lambda m, o: setattr(m[3], "p", m[3].p / 2))


def test_gradients_that_accumulate():
    def body(model, optimizer):
        def step(x, y):
            loss = nn.functional.cross_entropy(model(x), y) / 2
            loss.backward()
            return loss

        return step

    twins = Twins(net(), OPTIMIZERS["sgd"], body)
    for i in range(12):
        twins.run(*batch())
        if i % 2:
            for optimizer in twins.optimizers:
                optimizer.step()
                optimizer.zero_grad()


def test_zero_grad_at_the_end():
    def body(model, optimizer):
        def step(x, y):
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            optimizer.step()
            optimizer.zero_grad()
            return loss

        return step

    changed_between(lambda m, o: None, body, recorded=1)


def test_a_closed_over_number():
    factor = 1.0

    def body(model, optimizer):
        def step(x, y):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y) * factor
            loss.backward()
            optimizer.step()
            return loss

        return step

    def change(model, optimizer):
        nonlocal factor
        factor += 0.5

    changed_between(change, body)


SCALE = 1.0


def test_a_global():
    def body(model, optimizer):
        def step(x, y):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y) * SCALE
            loss.backward()
            optimizer.step()
            return loss

        return step

    def change(model, optimizer):
        global SCALE
        SCALE += 0.5

    changed_between(change, body)


def test_autocast_around():
    model = net()
    forward = torch.capture(lambda x: model(x).sum().detach())
    x = torch.randn(4, 6)
    model.eval()
    for _ in range(4):
        plain = forward(x)
    assert plain.dtype is torch.float32
    for _ in range(4):
        with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
            low, expected = forward(x), model(x).sum()
        assert low.dtype is expected.dtype
    close(forward(x), plain)


def test_the_same_tensor_for_two_parameters():
    a, b = torch.ones(3), torch.full((3,), 2.0)
    f = torch.capture(lambda x, y: x.mul_(2) + y)
    for _ in range(4):
        f(a, b)
    assert a.tolist() == [16.0] * 3
    same = torch.ones(3)
    for expected in (4.0, 8.0, 16.0, 32.0):
        assert f(same, same).tolist() == [expected] * 3


def test_state_in_attributes():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.Linear(4, 4)
            self.hidden = None

        def forward(self, x):
            hidden = torch.zeros(4) if self.hidden is None else self.hidden
            self.hidden = torch.tanh(self.cell(x) + hidden).detach()
            return self.hidden.sum()

    torch.manual_seed(0)
    plain = Recurrent()
    other = copy.deepcopy(plain)
    step = torch.capture(other.forward)
    for i in range(8):
        x = torch.randn(4)
        with torch.no_grad():
            close(step(x), plain(x))
        close(other.hidden, plain.hidden)
        if i == 5:
            other.hidden = plain.hidden = None


def test_arguments_that_are_views():
    data = torch.randn(20, 6)
    f = torch.capture(lambda x: (x * 2).sum(1))
    for i in range(6):
        close(f(data[i * 3 : i * 3 + 3]), (data[i * 3 : i * 3 + 3] * 2).sum(1))
        close(f(data[:6].t()), (data[:6].t() * 2).sum(1))
    assert f.recorded == 2


def test_numpy_memory():
    array = np.ones(3, np.float32)
    x = torch.from_numpy(array)
    f = torch.capture(lambda t: t.add_(1) * 2)
    for i in range(6):
        array[0] = 10 * i
        out = f(x)
        assert array.tolist() == [10 * i + 1, i + 2, i + 2] and out.tolist() == [
            2 * (10 * i + 1),
            2 * (i + 2),
            2 * (i + 2),
        ]


def test_results():
    w = torch.ones(2)

    def f(x):
        return {"sum": x.sum(), "parts": [x[:1], (x, w)], "n": 3, "view": w[1:]}

    c = torch.capture(f)
    for _ in range(5):
        x = torch.tensor([1.0, 2.0])
        out = c(x)
        assert out["parts"][1][0] is x and out["parts"][1][1] is w and out["n"] == 3 and out["sum"].item() == 3
        out["view"].add_(1)
    assert w.tolist() == [1.0, 6.0]


def test_an_old_value_can_be_kept():
    weight = torch.ones(2)
    step = torch.capture(lambda x: weight.add_(x))
    kept = []
    for _ in range(6):
        step(torch.ones(2))
        kept.append(weight.clone())
        kept.append(weight * 1)
    assert [k[0].item() for k in kept] == [2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7]


def test_captured_forward_in_a_loop_of_its_own():
    models = [net(), net()]
    optimizers = [OPTIMIZERS["adam"](m.parameters()) for m in models]
    forward = torch.capture(models[1])
    assert isinstance(forward, nn.Module) and list(forward.state_dict()) == [
        "_orig_mod." + k for k in models[0].state_dict()
    ]
    for _ in range(7):
        x, y = batch()
        state = torch.get_rng_state()
        for model, optimizer in zip((models[0], forward), optimizers, strict=True):
            torch.set_rng_state(state)
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        for (name, a), b in zip(models[0].state_dict().items(), models[1].state_dict().values(), strict=True):
            np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=1e-4, atol=1e-5, err_msg=name)
    optimizers[1].zero_grad()
    assert forward(x).grad_fn.name() == "SequentialBackward"


def test_second_derivatives_of_a_captured_function():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    f = torch.capture(lambda x: (x**3 * w**2).sum())
    for _ in range(5):
        x = torch.tensor([2.0, 3.0], requires_grad=True)
        y = f(x * 1)
        (gx, gw) = torch.autograd.grad(y, (x, w), create_graph=True)
        close(gx, 3 * x**2 * w**2)
        close(gw, 2 * w * x**3)
        (gxx,) = torch.autograd.grad(gx.sum(), x)
        close(gxx, 6 * x * w**2)


def test_an_edit_before_backward_is_noticed():
    w = torch.ones(2, requires_grad=True)
    f = torch.capture(lambda x: (x * w).sum())
    for _ in range(4):
        y = f(torch.ones(2, requires_grad=True))
    with torch.no_grad():
        w.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_gradients_of_gradients_inside():
    w = torch.ones(3, requires_grad=True)

    def penalty(x):
        (g,) = torch.autograd.grad(((x * w) ** 2).sum(), x, create_graph=True)
        return (g**2).sum()

    f = torch.capture(penalty)
    for _ in range(5):
        x = torch.randn(3, requires_grad=True)
        (a,), (b,) = torch.autograd.grad(f(x), w), torch.autograd.grad(penalty(x), w)
        close(a, b)


def test_labels_are_checked():
    twins = Twins(net(), OPTIMIZERS["sgd"])
    for _ in range(4):
        twins.run(*batch())
    before = twins.models[1][0].weight.clone()
    with pytest.raises(IndexError, match="Target 7 is out of bounds"):
        twins.captured(torch.randn(5, 6), torch.tensor([0, 1, 7, 0, 0]))
    assert torch.equal(twins.models[1][0].weight, before)
    twins.run(*batch())


# Refusals


def repeat(f, *args):
    for _ in range(4):
        f(*args)


@pytest.mark.parametrize(
    "look",
    [
        lambda x: x.sum().item(),
        lambda x: x.sum() if x.sum() > 0 else x,
        lambda x: repr(x),
        lambda x: x.numpy(),
        lambda x: x[x > 0],
    ],
)
def test_looking_is_refused(look):
    weight = torch.ones(3)

    def f(x):
        weight.mul_(2)
        return look(x)

    with pytest.raises(
        torch.CaptureError, match=r"Python looks at what a tensor contains \(in .*test_capture.py:\d+\)"
    ):
        repeat(torch.capture(f), torch.ones(3))
    assert weight.tolist() == [2.0] * 3  # the call that failed has done nothing


def test_a_counter_is_refused():
    class Model(nn.Module):
        calls = 0

        def forward(self, x):
            self.calls += 1
            return x * self.calls

    with pytest.raises(torch.CaptureError, match=r"it changes .*calls"):
        repeat(torch.capture(Model()), torch.ones(3))


def test_a_growing_list_is_refused():
    losses = []

    def f(x):
        losses.append(x.sum())

    with pytest.raises(torch.CaptureError, match="changes the length of a list .'losses' in .*f"):
        repeat(torch.capture(f), torch.ones(3))


@pytest.mark.parametrize(
    "draw", [lambda: random.random(), lambda: float(np.random.rand()), lambda: torch.from_numpy(np.random.rand(3))]
)
def test_other_random_numbers_are_refused(draw):
    with pytest.raises(torch.CaptureError, match="two calls with equal arguments and state differ"):
        repeat(torch.capture(lambda x: x * draw()), torch.ones(3))


def test_what_keeps_changing_is_refused():
    class State:
        epoch = 0

    state = State()
    f = torch.capture(lambda x: x * state.epoch, max_programs=3)
    with pytest.raises(torch.CaptureError, match="3 different programs"):
        for i in range(40):
            state.epoch = i // 3
            assert f(torch.ones(1)).item() == state.epoch


def test_numpy_arguments_are_refused():
    with pytest.raises(torch.CaptureError, match="from_numpy"):
        torch.capture(lambda x: torch.from_numpy(x))(np.ones(3))


def test_eager_mode_calls_the_function():
    torch.set_execution("eager")
    f = torch.capture(lambda x: x.sum().item())
    for _ in range(4):
        assert f(torch.ones(3)) == 3


def test_nothing_is_kept_alive():
    model = net()
    forward = torch.capture(lambda x: model(x).sum().detach())
    x = torch.randn(4, 6)
    for _ in range(5):
        forward(x)
    gc.collect()
    import weakref

    ref = weakref.ref(x)
    y = torch.randn(4, 6)
    forward(y)
    del x
    gc.collect()
    assert ref() is None


# Decisions and loops inside


def test_cond_takes_a_branch_and_its_gradient():
    w = torch.tensor([2.0, 3.0], requires_grad=True)

    def f(x):
        return torch.cond(x.sum() > 0, lambda x: x * w, lambda x: x - w, (x,)).sum()

    c = torch.capture(f)
    for i in range(6):
        x = torch.tensor([1.0, 2.0]) * (-1) ** i
        (a,), (b,) = torch.autograd.grad(f(x), w), torch.autograd.grad(c(x), w)
        close(c(x), f(x))
        close(a, b)
    assert c.recorded == 1


def test_while_loop_runs_as_often_as_it_must():
    def f(n, x):
        return torch.while_loop(lambda i, x: i > 0, lambda i, x: (i - 1, x * 2 + 1), (n, x))[1]

    c = torch.capture(f)
    for n in (0, 3, 1, 7, 2):
        close(c(torch.tensor(n), torch.ones(2)), f(torch.tensor(n), torch.ones(2)))


@pytest.mark.parametrize("captured", [False, True])
def test_scan_is_a_loop_with_gradients(captured):
    torch.manual_seed(0)
    w = torch.randn(3, 3, requires_grad=True)

    def loop(xs):
        h, rows = torch.zeros(3), []
        for x in xs:
            h = torch.tanh(h @ w + x)
            rows.append(h * 2)
        return h, torch.stack(rows)

    def scanned(xs):
        def step(h, x):
            h = torch.tanh(h @ w + x)
            return h, h * 2

        return torch.scan(step, torch.zeros(3), xs)

    call = torch.capture(scanned) if captured else scanned
    for _ in range(4):
        xs = torch.randn(5, 3)
        (a, rows_a), (b, rows_b) = loop(xs), call(xs)
        close(a, b)
        close(rows_a, rows_b)
        (ga,), (gb,) = torch.autograd.grad(a.sum() + rows_a.sum(), w), torch.autograd.grad(b.sum() + rows_b.sum(), w)
        close(ga, gb)


def test_scan_refuses():
    with pytest.raises(RuntimeError, match="carry that combine_fn returns must be like init"):
        torch.scan(lambda c, x: (torch.cat([c, c]), x), torch.zeros(1), torch.zeros(3))
    with pytest.raises(torch.CaptureError, match="looks at what a tensor contains"):
        torch.scan(lambda c, x: (c + x.item(), x), torch.zeros(()), torch.zeros(3))
    total = torch.zeros(())
    with pytest.raises(RuntimeError, match="writes to a tensor in place"):
        torch.scan(lambda c, x: (c + total.add_(x), x), torch.zeros(()), torch.zeros(3))
