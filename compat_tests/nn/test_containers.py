"""Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict."""

import collections
import re

import pytest


def error_of(call):
    with pytest.raises(Exception) as caught:  # noqa: B017  the class is part of the result
        call()
    return f"{type(caught.value).__name__}: {caught.value}"


def names(module):
    return list(module._modules)


def test_sequential_is_a_list_of_layers(torch):
    nn = torch.nn
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    assert repr(model[1:]) == ("Sequential(\n  (1): ReLU()\n  (2): Linear(in_features=2, out_features=1, bias=True)\n)")
    assert repr(model[-1]) == "Linear(in_features=2, out_features=1, bias=True)"
    model.append(nn.Tanh()).insert(1, nn.Sigmoid())
    assert [type(layer).__name__ for layer in model] == ["Linear", "Sigmoid", "ReLU", "Linear", "Tanh"]
    del model[0]
    assert names(model) == ["0", "1", "2", "3"]
    assert len(model + model) == 8
    assert len(model * 2) == 8
    assert repr(model.pop(0)) == "Sigmoid()"
    model[0] = nn.ELU()
    assert repr(model[0]) == "ELU(alpha=1.0)"
    named = nn.Sequential(collections.OrderedDict(first=nn.ReLU(), last=nn.Tanh()))
    assert repr(named) == "Sequential(\n  (first): ReLU()\n  (last): Tanh()\n)"


def test_sequential_refuses(torch):
    nn = torch.nn
    model = nn.Sequential(nn.ReLU())
    assert error_of(lambda: model[10]) == "IndexError: index 10 is out of range"
    assert error_of(lambda: nn.Sequential([nn.ReLU()])) == "TypeError: list is not a Module subclass"
    assert error_of(lambda: model * 0).startswith("ValueError: Non-positive multiplication factor 0 for")
    assert error_of(lambda: model.insert(50, nn.ReLU())) == "IndexError: Index out of range: 50"
    assert error_of(lambda: model + 3).startswith("ValueError: add operator supports only objects of Sequential")


def test_module_list(torch):
    nn = torch.nn
    layers = nn.ModuleList([nn.Linear(1, 1) for _ in range(3)] + [nn.ReLU()])
    assert repr(layers) == (
        "ModuleList(\n  (0-2): 3 x Linear(in_features=1, out_features=1, bias=True)\n  (3): ReLU()\n)"
    )
    layers.insert(0, nn.Tanh())
    assert repr(layers[::4]) == "ModuleList(\n  (0): Tanh()\n  (1): ReLU()\n)"
    del layers[1]
    assert list(layers.state_dict()) == ["1.weight", "1.bias", "2.weight", "2.bias"]
    layers += [nn.ELU()]
    assert len(layers + [nn.ReLU()]) == 6
    assert error_of(lambda: nn.ModuleList(3)).endswith("should be called with an iterable, but got int")
    with pytest.raises(NotImplementedError, match=re.escape('Module [ModuleList] is missing the required "forward"')):
        layers(torch.ones(1))


def test_module_dict(torch):
    nn = torch.nn
    layers = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Tanh()})
    layers.update([("c", nn.ELU())])
    assert list(layers) == ["b", "a", "c"]
    assert "a" in layers
    assert repr(layers.pop("b")) == "ReLU()"
    assert repr(layers.a) == "Tanh()"
    assert error_of(lambda: nn.ModuleDict([(1, 2, 3)])) == (
        "ValueError: ModuleDict update sequence element #0 has length 3; 2 is required"
    )


def test_parameter_list(torch):
    nn = torch.nn
    values = nn.ParameterList([torch.ones(2, 3), torch.zeros(1), "kept"])
    assert repr(values) == (
        "ParameterList(\n"
        "    (0): Parameter containing: [torch.float32 of size 2x3]\n"
        "    (1): Parameter containing: [torch.float32 of size 1]\n"
        "    (2): Object of type: str\n"
        ")"
    )
    assert [name for name, _ in values.named_parameters()] == ["0", "1"]
    values[0] = torch.ones(4)
    assert isinstance(values[0], nn.Parameter)
    assert len(values[1:]) == 2
    assert error_of(values).startswith("RuntimeError: ParameterList should not be called.")


def test_parameter_dict(torch):
    nn = torch.nn
    values = nn.ParameterDict({"b": torch.ones(2), "a": nn.Parameter(torch.ones(1))})
    # A plain dict is taken in sorted order, as torch does.
    assert list(values.keys()) == ["a", "b"]
    assert "Parameter containing: [torch.FloatTensor of size 2]" in repr(values)
    values |= {"z": torch.ones(1)}
    assert values.popitem()[0] == "z"
    assert values.get("missing", 3) == 3
    assert values.setdefault("n", 4) == 4
    assert list(values.copy().keys()) == ["a", "b", "n"]
    assert list(values.state_dict()) == ["a", "b"]
    assert error_of(lambda: nn.ParameterDict({1: torch.ones(1)})).startswith(
        "TypeError: Index given to ParameterDict cannot be used as a key as it is not a string (type is 'int')."
    )
