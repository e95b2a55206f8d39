"""What a captured function must not mistake: itself, gradients that come and go, arguments that share memory, state that changes places, Python that changes."""

import argparse
import collections
import copy
import dataclasses
import sys
import types

import numpy as np
import pytest

import jtorch as torch
from jtorch import nn

X = torch.tensor([1.0, 2.0, 3.0])


@pytest.fixture(autouse=True)
def deferred():
    before = torch.set_execution("deferred")
    yield
    torch.set_execution(before)


class Holder:
    pass


def same(make, calls=9):
    """`make()` gives a step and a look at its state: captured, both stay equal to the plain ones at each call."""
    (plain, look), (step, look_captured) = make(), make()
    captured = torch.capture(step)
    for i in range(calls):
        x = X * (i + 1)
        expected, got = plain(x), captured(x)
        if isinstance(expected, torch.Tensor):
            np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), rtol=1e-5)
        for a, b in zip(look(), look_captured(), strict=True):
            np.testing.assert_allclose(b.detach().numpy(), a.detach().numpy(), rtol=1e-5, err_msg=f"call {i}")
    return captured


def test_a_function_that_reaches_itself_is_captured():
    class Trainer:
        def __init__(self):
            self.w = torch.ones(3, requires_grad=True)
            self.optimizer = torch.optim.SGD([self.w], lr=0.1)
            self.step = torch.capture(self._step)

        def _step(self, x):
            self.optimizer.zero_grad()
            loss = (self.w * x).sum()
            loss.backward()
            self.optimizer.step()
            return loss.detach()

    trainer = Trainer()
    for _ in range(8):
        trainer.step(X)
    assert trainer.step.recorded == 1 and trainer.step.bindings
    twin = copy.deepcopy(trainer)
    twin.step(X)
    np.testing.assert_allclose((twin.w - trainer.w).detach().numpy(), -0.1 * X.numpy(), rtol=1e-5)


def test_captured_functions_call_captured_functions():
    inner = torch.capture(lambda x: x * 2)
    outer = torch.capture(lambda x: inner(x) + 1)
    for _ in range(6):
        assert outer(X).tolist() == [3.0, 5.0, 7.0]
    assert outer.bindings


def test_windows_of_accumulation():
    def make():
        w = torch.ones(3, requires_grad=True)
        return (lambda x: (w * x).sum().backward()), w

    plain, a = make()
    step, b = make()
    captured = torch.capture(step)
    for window in range(5):
        for w, f in ((a, plain), (b, captured)):
            w.grad = None if window % 2 else torch.zeros(3)
            f(X)
            f(X)
            w.grad = w.grad * 0.5
            f(X)
        assert a.grad.tolist() == b.grad.tolist()


def test_an_optimizers_step_alone():
    w = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=1.0)
    update = torch.capture(optimizer.step)
    for i in range(1, 7):
        optimizer.zero_grad()
        (w * i).sum().backward()
        update()
    assert w.tolist() == [-21.0] * 3


def test_an_argument_that_was_state_once():
    state = torch.ones(3) * 10
    f = torch.capture(lambda x: x * 2 + state * 0)
    for _ in range(4):
        assert f(state).tolist() == [20.0] * 3
    for _ in range(4):
        assert f(X).tolist() == [2.0, 4.0, 6.0]
    assert f(state).tolist() == [20.0] * 3


def swapped():
    s = Holder()
    s.a, s.b = torch.zeros(3), torch.ones(3)

    def step(x):
        s.a, s.b = s.b, s.a
        s.a.add_(x)

    return step, lambda: (s.a, s.b)


def moved_on():
    s = Holder()
    s.current = s.previous = torch.zeros(3)

    def step(x):
        s.previous = s.current
        s.current = s.current * 0.5 + x

    return step, lambda: (s.current, s.previous)


def rotated():
    s = Holder()
    s.a, s.b, s.c = torch.zeros(3), torch.ones(3), torch.ones(3) * 2

    def step(x):
        s.a, s.b, s.c = s.b, s.c, s.a + x

    return step, lambda: (s.a, s.b, s.c)


def crossed_tuple():
    s = Holder()
    s.h = (torch.zeros(3), torch.ones(3))

    def step(x):
        s.h = (s.h[1], x + s.h[0] * 0.5)

    return step, lambda: s.h


def window():
    h = collections.deque([torch.zeros(3), torch.ones(3)], maxlen=2)
    return (lambda x: h.append(x + h[0])), lambda: list(h)


def one_for_two():
    s = Holder()
    s.a, s.b = torch.zeros(3), torch.zeros(3)

    def step(x):
        t = s.a + x
        s.a = t
        s.b = t

    return step, lambda: (s.a, s.b)


@pytest.mark.parametrize(
    "make", [swapped, moved_on, rotated, crossed_tuple, window, one_for_two], ids=lambda f: f.__name__
)
def test_state_that_changes_places(make):
    same(make)


def test_gradients_that_change_places():
    a, b = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)

    def step():
        a.grad, b.grad = b.grad, a.grad

    f = torch.capture(step)
    a.grad, b.grad = torch.zeros(3), torch.ones(3)
    for i in range(6):
        f()
        assert a.grad.tolist() == [float(i % 2 == 0)] * 3 and b.grad.tolist() == [float(i % 2)] * 3


def test_views_as_arguments_share_memory():
    f = torch.capture(lambda a, b: (a.add_(1), a * b)[1])
    state = torch.zeros(3)
    g = torch.capture(lambda b: (state.add_(1), b * 2)[1])
    for i in range(5):
        x = torch.tensor([1.0, 2.0, 3.0])
        assert f(x, x[:]).tolist() == [4.0, 9.0, 16.0]
        assert f(x, torch.ones(3)).tolist() == [3.0, 4.0, 5.0]
        assert f(x, x).tolist() == [16.0, 25.0, 36.0]
        assert g(state[:]).tolist() == [2.0 * (i + 1)] * 3


def test_containers_that_are_given_are_not_changed_silently():
    def step(d):
        d["y"] = d["x"] * 2

    f = torch.capture(step)
    for call in range(4):
        d = {"x": X}
        if call < 2:
            f(d)
            assert d["y"].tolist() == [2.0, 4.0, 6.0]
        else:
            with pytest.raises(torch.CaptureError, match="changes a dict that it is given"):
                f(d)
            assert list(d) == ["x"]


@dataclasses.dataclass
class Batch:
    x: torch.Tensor
    name: str = "some"


def test_batches_as_objects():
    f = torch.capture(lambda batch: batch.x * len(batch.name))
    for i in range(6):
        assert f(Batch(X * i)).tolist() == [4.0 * i, 8.0 * i, 12.0 * i]
    assert f.recorded == 1 and f(Batch(X, "a")).tolist() == X.tolist()
    g = torch.capture(lambda batch: batch["x"] + 1)
    for i in range(6):
        assert g(collections.UserDict(x=X * i)).tolist() == [i + 1.0, 2 * i + 1.0, 3 * i + 1.0]
    assert g.recorded == 1


# Python state: (how the function reads a number, how it changes)


@dataclasses.dataclass(slots=True)
class Slotted:
    scale: float = 1.0


class Base:
    scale = 1.0


class Derived(Base):
    pass


class Table(dict):
    def value(self):
        return self["scale"] * FACTOR


FACTOR = 1.0
SLOTTED, DERIVED, EMPTY, SPACE, TABLE = Slotted(), Derived(), Base(), argparse.Namespace(scale=1.0), Table(scale=1.0)
USER = collections.UserDict(scale=1.0)
CHOSEN = {"one"}
ORDER = {"a": 1.0, "b": 3.0}
PARAMETER = torch.ones(3)
PARAMETER.gain = 1.0
KEY = "le"
SAVED = nn.Linear(2, 2)


def imported(x):
    import captured_configuration

    return x * captured_configuration.SCALE


def matched(x):
    match SPACE:
        case argparse.Namespace(scale=scale):
            return x * scale


def change_factor():
    global FACTOR
    FACTOR += 1


def add_to_state():
    SAVED.register_state_dict_post_hook(lambda module, state, prefix, metadata: state.update({f"more{len(state)}": X}))


READS = {
    "slots": (lambda x: x * SLOTTED.scale, lambda: setattr(SLOTTED, "scale", SLOTTED.scale + 1)),
    "imported": (imported, lambda: setattr(sys.modules["captured_configuration"], "SCALE", 5.0)),
    "made up": (lambda x: x * getattr(SPACE, f"sca{KEY}"), lambda: setattr(SPACE, "scale", SPACE.scale + 1)),
    "matched": (matched, lambda: setattr(SPACE, "scale", SPACE.scale + 1)),
    "of a tensor": (lambda x: x * PARAMETER.gain, lambda: setattr(PARAMETER, "gain", PARAMETER.gain + 1)),
    "shadowed in the class": (lambda x: x * DERIVED.scale, lambda: setattr(Derived, "scale", 7.0)),
    "shadowed in the object": (lambda x: x * EMPTY.scale, lambda: setattr(EMPTY, "scale", 7.0)),
    "set": (lambda x: x * (2.0 if "one" in CHOSEN else 3.0), lambda: (CHOSEN.clear(), CHOSEN.add("two"))),
    "order": (lambda x: x * next(iter(ORDER.values())), lambda: ORDER.update({"a": ORDER.pop("a")})),
    "method of a dict": (lambda x: x * TABLE.value(), change_factor),
    "hook of state_dict": (lambda x: x * len(SAVED.state_dict()), add_to_state),
    "user dict": (lambda x: x * USER["scale"], lambda: USER.update(scale=4.0)),
}


@pytest.mark.parametrize("name", READS)
def test_python_that_changes_is_noticed(name):
    sys.modules.setdefault("captured_configuration", types.ModuleType("captured_configuration")).SCALE = 1.0
    read, change = READS[name]
    f = torch.capture(read)
    for _ in range(3):
        for _ in range(4):
            assert f(X).tolist() == read(X).tolist()
        change()


def test_global_hooks():
    layer = nn.Linear(3, 3)
    f = torch.capture(lambda x: layer(x).detach())
    for _ in range(4):
        before = f(X)
    handle = nn.modules.module.register_module_forward_hook(lambda module, args, out: out + 1)
    try:
        for _ in range(4):
            np.testing.assert_allclose(f(X).numpy(), before.numpy() + 1, rtol=1e-6)
    finally:
        handle.remove()
    np.testing.assert_allclose(f(X).numpy(), before.numpy(), rtol=1e-6)


def test_a_view_of_a_parameter_is_returned():
    w = torch.tensor([2.0, 3.0], requires_grad=True)
    f = torch.capture(lambda x: (w[0:1], (w * x).sum()))
    for _ in range(5):
        part, total = f(torch.ones(2))
        (g,) = torch.autograd.grad(part.sum() * 3 + total, w)
        assert part.tolist() == [2.0] and g.tolist() == [4.0, 1.0]


def test_numbers_that_are_not():
    holder = Holder()
    holder.fill = float("nan")
    f = torch.capture(lambda x: x + holder.fill)
    for _ in range(4):
        assert f(X).isnan().all()


def test_iterators_are_refused():
    with pytest.raises(torch.CaptureError, match="an iterator .generator. was given"):
        torch.capture(lambda xs: sum(xs))(x for x in [X])


def test_blocks_that_decide_about_functions_see_the_calls():
    seen = []

    class Seen(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            seen.append(func.__name__)
            return func(*args, **(kwargs or {}))

    step = torch.capture(lambda x: torch.relu(x) + 1)
    x = torch.ones(2)
    for _ in range(4):
        step(x)
    with Seen():
        step(x)
    assert seen == ["relu", "add"]
