"""`Module`: registration, hooks, state dictionaries, traversal, moving, printing."""

import contextlib
import copy
import pickle
import threading

import pytest


def net(torch):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.Linear(3, 4)
            self.b = torch.nn.Linear(4, 2)
            self.register_buffer("saved", torch.ones(2))
            self.register_buffer("unsaved", torch.zeros(1), persistent=False)
            self.register_parameter("absent", None)

        def forward(self, x, scale=1.0, fail=False):
            if fail:
                raise ValueError("asked to fail")
            return self.b(self.a(x).clamp(min=0)) * scale + self.saved

    return Net()


@contextlib.contextmanager
def raises(kind, text):
    """An error of exactly this class whose first words are these; help may follow."""
    with pytest.raises(kind) as caught:
        yield caught
    assert caught.type is kind
    assert caught.value.args[0].startswith(text)


# Registration


def test_assignment_registers_parameters_modules_and_buffers(torch):
    module = torch.nn.Module()
    module.p = torch.nn.Parameter(torch.ones(1))
    module.m = torch.nn.ReLU()
    module.t = torch.ones(1)
    module.q = torch.nn.Buffer(torch.zeros(1), persistent=False)
    assert list(module._parameters) == ["p"]
    assert list(module._modules) == ["m"]
    assert list(module._buffers) == ["q"]
    assert module._non_persistent_buffers_set == {"q"}
    assert list(module.state_dict()) == ["p"]


def test_what_a_registered_name_can_become(torch):
    module = torch.nn.Module()
    module.x = 3
    module.x = torch.nn.Parameter(torch.ones(1))
    assert "x" not in module.__dict__
    with raises(TypeError, "cannot assign 'torch.nn.modules.activation.ReLU' as parameter 'x'"):
        module.x = torch.nn.ReLU()
    del module.x
    module.x = torch.nn.ReLU()
    assert list(module._parameters) == []
    assert list(module._modules) == ["x"]
    module.x = None
    assert repr(module) == "Module(\n  (x): None\n)"
    del module.x
    assert not hasattr(module, "x")


@pytest.mark.parametrize(
    ("change", "kind", "text"),
    [
        (
            lambda m, t: setattr(m, "a", 3),
            TypeError,
            "cannot assign 'int' as child module 'a' (torch.nn.Module or None expected)",
        ),
        (
            lambda m, t: setattr(m, "saved", 3),
            TypeError,
            "cannot assign 'int' as buffer 'saved' (torch.nn.Buffer, torch.Tensor or None expected)",
        ),
        (
            lambda m, t: setattr(m, "absent", t.ones(1)),
            TypeError,
            "cannot assign 'torch.FloatTensor' as parameter 'absent' (torch.nn.Parameter or None expected)",
        ),
        (lambda m, t: m.register_parameter("a.b", None), KeyError, 'parameter name can\'t contain "."'),
        (lambda m, t: m.register_parameter("", None), KeyError, 'parameter name can\'t be empty string ""'),
        (lambda m, t: m.register_buffer("a", t.ones(1)), KeyError, "attribute 'a' already exists"),
        (lambda m, t: m.register_buffer(3, None), TypeError, "buffer name should be a string. Got int"),
        (
            lambda m, t: m.register_parameter("q", t.ones(1)),
            TypeError,
            "cannot assign 'torch.FloatTensor' object to parameter 'q' (torch.nn.Parameter or None required)",
        ),
        (lambda m, t: m.add_module("q", 3), TypeError, "int is not a Module subclass"),
        (lambda m, t: m.missing, AttributeError, "'Net' object has no attribute 'missing'"),
        (lambda m, t: m.get_submodule("a.z"), AttributeError, "Linear has no attribute `z`"),
        (lambda m, t: m.get_parameter("saved"), AttributeError, "`saved` is not an nn.Parameter"),
        (lambda m, t: m.get_buffer("a.weight"), AttributeError, "`weight` is not a buffer"),
        (lambda m, t: m.train(1), ValueError, "training mode is expected to be boolean"),
        (
            lambda m, t: m.to(t.int32),
            TypeError,
            "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.int32",
        ),
        (
            lambda m, t: t.nn.Module()(1),
            NotImplementedError,
            'Module [Module] is missing the required "forward" function',
        ),
        (
            lambda m, t: t.nn.Module(3),
            TypeError,
            "Module.__init__() takes 1 positional argument but 2 were given",
        ),
        (
            lambda m, t: t.nn.Module(a=3),
            TypeError,
            "Module.__init__() got an unexpected keyword argument 'a'",
        ),
        (lambda m, t: m.load_state_dict(3), TypeError, "Expected state_dict to be dict-like, got <class 'int'>."),
    ],
)
def test_errors(torch, change, kind, text):
    with raises(kind, text):
        change(net(torch), torch)


def test_assigning_before_init_raises(torch):
    class Early(torch.nn.Module):
        def __init__(self):
            self.w = torch.nn.Parameter(torch.ones(1))

    class EarlyModule(torch.nn.Module):
        def __init__(self):
            self.w = torch.nn.ReLU()

    with raises(AttributeError, "cannot assign parameters before Module.__init__() call"):
        Early()
    with raises(AttributeError, "cannot assign module before Module.__init__() call"):
        EarlyModule()


# Traversal


def test_shared_modules_and_parameters_come_once(torch):
    shared = torch.nn.Linear(2, 2)
    both = torch.nn.ModuleDict({"x": shared, "y": shared})
    assert [name for name, _ in both.named_parameters()] == ["x.weight", "x.bias"]
    names = [name for name, _ in both.named_parameters(remove_duplicate=False)]
    assert names == ["x.weight", "x.bias", "y.weight", "y.bias"]
    assert [name for name, _ in both.named_modules()] == ["", "x"]
    assert list(both.state_dict()) == names


def test_apply_visits_children_first(torch):
    seen = []
    net(torch).apply(lambda module: seen.append(type(module).__name__))
    assert seen == ["Linear", "Linear", "Net"]


def test_paths(torch):
    model = net(torch)
    assert model.get_submodule("") is model
    assert model.get_submodule("a") is model.a
    assert model.get_parameter("a.weight") is model.a.weight
    assert model.get_buffer("saved") is model.saved
    model.set_submodule("a", torch.nn.Identity())
    assert isinstance(model.a, torch.nn.Identity)


# State


def test_state_dict_shares_memory_and_carries_versions(torch):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    state = model.state_dict()
    assert list(state)[:2] == ["0.weight", "0.bias"]
    assert not state["0.weight"].requires_grad
    assert dict(state._metadata) == {"": {"version": 1}, "0": {"version": 1}, "1": {"version": 2}}
    state["0.weight"].zero_()
    assert model[0].weight.abs().sum().item() == 0
    assert model.state_dict(keep_vars=True)["0.weight"] is model[0].weight
    assert list(model.state_dict(prefix="p."))[0] == "p.0.weight"


def test_load_state_dict_reports_everything_at_once(torch):
    model = net(torch)
    with raises(RuntimeError, "Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: ") as caught:
        model.load_state_dict({"a.weight": torch.ones(4, 3), "zz": torch.ones(1), "b.bias": torch.ones(3)})
    text = str(caught.value)
    assert 'Missing key(s) in state_dict: "saved", "a.bias", "b.weight". ' in text
    assert 'Unexpected key(s) in state_dict: "zz". ' in text
    assert (
        "size mismatch for b.bias: copying a param with shape torch.Size([3]) from checkpoint, "
        "the shape in current model is torch.Size([2])." in text
    )
    # What matched was loaded all the same.
    assert model.a.weight.sum().item() == 12


def test_load_state_dict_not_strict_returns_the_keys(torch):
    model = net(torch)
    keys = model.load_state_dict({"a.weight": torch.ones(4, 3), "zz": torch.ones(1)}, strict=False)
    assert keys.missing_keys == ["saved", "a.bias", "b.weight", "b.bias"]
    assert keys.unexpected_keys == ["zz"]
    assert repr(model.load_state_dict(model.state_dict())) == "<All keys matched successfully>"


def test_load_state_dict_assign_takes_the_tensors(torch):
    model, weight = torch.nn.Linear(2, 1, bias=False), torch.ones(1, 2)
    model.load_state_dict({"weight": weight}, assign=True)
    assert model.weight.data_ptr() == weight.data_ptr()
    assert model.weight.requires_grad


def test_extra_state(torch):
    loaded = []

    class Extra(torch.nn.Module):
        def get_extra_state(self):
            return {"epoch": 3}

        def set_extra_state(self, state):
            loaded.append(state)

    module = Extra()
    assert module.state_dict() == {"_extra_state": {"epoch": 3}}
    module.load_state_dict(module.state_dict())
    assert loaded == [{"epoch": 3}]
    with raises(RuntimeError, "Error(s) in loading state_dict for Extra:"):
        module.load_state_dict({})


def test_copies_and_pickles(torch):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin[0].weight is not model[0].weight
        assert isinstance(twin[0].weight, torch.nn.Parameter)
        assert twin[0].weight.tolist() == model[0].weight.tolist()
        assert repr(twin) == repr(model)


# Hooks


def test_forward_hooks_see_and_change_arguments_and_results(torch):
    model, seen = net(torch), []
    x = torch.ones(1, 3)
    plain = model(x)
    handles = [
        model.register_forward_pre_hook(lambda m, args: seen.append(len(args))),
        model.register_forward_pre_hook(lambda m, args, kwargs: (args, {**kwargs, "scale": 2.0}), with_kwargs=True),
        model.register_forward_hook(lambda m, args, out: out + 1),
        model.register_forward_hook(
            lambda m, args, kwargs, out: seen.append(sorted(kwargs)), with_kwargs=True, prepend=True
        ),
    ]
    changed = model(x)
    assert seen == [1, ["scale"]]
    assert torch.allclose(changed, (plain - model.saved) * 2 + model.saved + 1)
    for handle in handles:
        handle.remove()
    assert torch.equal(model(x), plain)


def test_always_called_hooks_run_after_an_error(torch):
    model, seen = net(torch), []
    model.register_forward_hook(lambda m, args, out: seen.append("plain"))
    model.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    with pytest.raises(ValueError, match="asked to fail"):
        model(torch.ones(1, 3), fail=True)
    assert seen == [None]


def test_backward_hooks_see_and_change_gradients(torch):
    layer, seen = torch.nn.Linear(2, 1, bias=False), []
    torch.nn.init.constant_(layer.weight, 3.0)
    layer.register_full_backward_pre_hook(lambda m, grad_output: (grad_output[0] * 2,))
    layer.register_full_backward_hook(
        lambda m, grad_input, grad_output: seen.append((grad_input[0].tolist(), grad_output[0].tolist()))
    )
    layer.register_full_backward_hook(lambda m, grad_input, grad_output: (grad_input[0] + 1,))
    x = torch.ones(1, 2, requires_grad=True)
    layer(x).sum().backward()
    assert seen == [([[6.0, 6.0]], [[2.0]])]
    assert x.grad.tolist() == [[7.0, 7.0]]
    assert layer.weight.grad.tolist() == [[2.0, 2.0]]


def test_backward_hook_without_input_gradients_warns(torch):
    layer, seen = torch.nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append(grad_input))
    with pytest.warns(UserWarning, match="Full backward hook is firing when gradients are computed"):
        layer(torch.ones(1, 2)).sum().backward()
    assert seen == [(None,)]


def test_global_hooks(torch):
    from_module = torch.nn.modules.module
    seen = []
    with from_module.register_module_forward_hook(lambda m, args, out: seen.append(type(m).__name__)):
        torch.nn.Sequential(torch.nn.ReLU())(torch.ones(1))
    torch.nn.ReLU()(torch.ones(1))
    assert seen == ["ReLU", "Sequential"]


def test_state_dict_hooks(torch):
    layer, seen = torch.nn.Linear(1, 1), []
    layer.register_state_dict_pre_hook(lambda m, prefix, keep_vars: seen.append("before"))
    layer.register_state_dict_post_hook(lambda m, state, prefix, metadata: seen.append(list(state)))
    layer.register_load_state_dict_pre_hook(lambda m, state, *rest: state.pop("extra", None))
    layer.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
    layer.state_dict()
    assert seen == ["before", ["weight", "bias"]]
    keys = layer.load_state_dict({"weight": torch.ones(1, 1), "extra": 3})
    assert repr(keys) == "<All keys matched successfully>"


# Modes, devices, dtypes


def test_casting_keeps_parameters_and_gradients(torch):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    weight = model[0].weight
    model(torch.ones(3, 2)).sum().backward()
    model.double()
    assert model[0].weight is weight
    assert weight.dtype == torch.float64
    assert weight.grad.dtype == torch.float64
    assert model[1].running_mean.dtype == torch.float64
    assert model[1].num_batches_tracked.dtype == torch.int64
    assert model.to(torch.float16) is model
    assert weight.dtype == torch.float16


def test_train_eval_freeze_and_zero_grad(torch):
    model = net(torch)
    assert [m.training for m in model.eval().modules()] == [False] * 3
    model.train()
    model(torch.ones(1, 3)).sum().backward()
    model.zero_grad(set_to_none=False)
    assert model.b.bias.grad.tolist() == [0.0, 0.0]
    model.zero_grad()
    assert model.b.bias.grad is None
    model.requires_grad_(False)
    assert not any(p.requires_grad for p in model.parameters())


# Parameters


def test_parameters(torch):
    data = torch.ones(2)
    parameter = torch.nn.Parameter(data)
    assert repr(parameter) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    assert isinstance(parameter, torch.Tensor)
    assert not isinstance(data, torch.nn.Parameter)
    data.zero_()
    assert parameter.tolist() == [0.0, 0.0]
    for plain in (parameter.data, parameter.detach(), parameter + 1):
        assert type(plain) is torch.Tensor
    for twin in (copy.deepcopy(parameter), pickle.loads(pickle.dumps(parameter))):
        assert type(twin) is torch.nn.Parameter
        assert twin.requires_grad
    with torch.no_grad():
        assert torch.nn.Parameter(torch.ones(1)).requires_grad


def test_lazy_modules_learn_their_sizes(torch):
    model = torch.nn.Sequential(torch.nn.LazyLinear(3), torch.nn.LazyBatchNorm1d())
    assert repr(model[0].weight) == "<UninitializedParameter>"
    with raises(RuntimeError, "Can't access the shape of an uninitialized parameter or buffer."):
        _ = model[0].weight.shape
    model(torch.ones(4, 5))
    assert repr(model[0]) == "Linear(in_features=5, out_features=3, bias=True)"
    assert type(model[1]) is torch.nn.BatchNorm1d
    assert model[1].running_mean.shape == (3,)


# The engine


@pytest.mark.jtorch_only
def test_the_outermost_call_without_gradients_ends_a_program(torch):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    x = torch.ones(1, 2)

    def flushes(call):
        call()
        before = torch.engine.statistics()["flushes"]
        call()
        return torch.engine.statistics()["flushes"] - before

    def evaluate():
        with torch.no_grad():
            model(x)

    assert flushes(evaluate) == 1
    assert flushes(lambda: model(x)) == 0

    # Also in a thread of its own, and after an error.
    def fail():
        with torch.no_grad(), pytest.raises(RuntimeError):
            model(torch.ones(1, 3))

    fail()
    counted = []
    thread = threading.Thread(target=lambda: counted.append(flushes(evaluate)))
    thread.start()
    thread.join()
    assert counted == [1]
    assert flushes(evaluate) == 1
