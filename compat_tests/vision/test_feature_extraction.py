"""Outputs of inner layers: nodes have torchvision's names, and an extractor gives what hooks on the model see."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest

import jtorch
from jtorch import nn
from jtorch.vision import models
from jtorch.vision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from .model_cases import undrawn
from .reference import load_torchvision


@pytest.fixture(scope="module")
def resnet():
    """Narrow, with every kind of node of the whole ones."""
    jtorch.manual_seed(0)
    return models.ResNet(models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=5).eval()


PICTURES = np.random.RandomState(0).randn(2, 3, 32, 32).astype(np.float32)

RESNET_NODES = """x conv1 bn1 relu maxpool
layer1.0.conv1 layer1.0.bn1 layer1.0.relu layer1.0.conv2 layer1.0.bn2 layer1.0.add layer1.0.relu_1
layer2.0.conv1 layer2.0.bn1 layer2.0.relu layer2.0.conv2 layer2.0.bn2 layer2.0.downsample.0 layer2.0.downsample.1
layer2.0.add layer2.0.relu_1
layer3.0.conv1 layer3.0.bn1 layer3.0.relu layer3.0.conv2 layer3.0.bn2 layer3.0.downsample.0 layer3.0.downsample.1
layer3.0.add layer3.0.relu_1
layer4.0.conv1 layer4.0.bn1 layer4.0.relu layer4.0.conv2 layer4.0.bn2 layer4.0.downsample.0 layer4.0.downsample.1
layer4.0.add layer4.0.relu_1 avgpool flatten fc""".split()


def test_names(resnet):
    assert get_graph_node_names(resnet) == (RESNET_NODES, RESNET_NODES)


def test_finding_names_computes_nothing(resnet):
    """Statistics, random numbers and modes are as before, though the model ran in training."""
    before = {name: value.numpy().copy() for name, value in resnet.state_dict().items()}
    jtorch.manual_seed(1)
    get_graph_node_names(resnet)
    assert jtorch.rand(1) == (jtorch.manual_seed(1), jtorch.rand(1))[1]
    assert not any(module.training for module in resnet.modules())
    for name, value in resnet.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name], err_msg=name)


def test_outputs(resnet):
    seen = {}

    def watch(name: str):
        def hook(module, args, output):
            seen.setdefault(name, output.numpy().copy())

        return resnet.get_submodule(name).register_forward_hook(hook)

    handles = [watch(name) for name in ("layer1.0.conv2", "layer2", "layer3")]
    with jtorch.no_grad():
        resnet(jtorch.from_numpy(PICTURES))
    for handle in handles:
        handle.remove()
    extractor = create_feature_extractor(
        resnet, {"layer3": "last", "layer2.0.relu_1": "same", "layer1.0.conv2": "inner"}
    )
    assert not extractor.training
    for copied in (extractor, copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
        with jtorch.no_grad():
            outputs = copied(jtorch.from_numpy(PICTURES))
        assert list(outputs) == ["inner", "same", "last"]  # as they are called
        for key, name in (("inner", "layer1.0.conv2"), ("same", "layer2"), ("last", "layer3")):
            np.testing.assert_allclose(outputs[key].numpy(), seen[name], rtol=1e-5, atol=1e-6)


def test_what_an_extractor_is_made_of(resnet):
    extractor = create_feature_extractor(resnet, ["layer2.0.add"])
    assert extractor._get_name() == "ResNet"
    expected = [name for name in resnet.state_dict() if name.startswith(("conv1", "bn1", "layer1", "layer2"))]
    assert list(extractor.state_dict()) == expected
    assert extractor.layer1[0].conv1 is resnet.layer1[0].conv1
    assert hasattr(resnet, "fc")
    assert not hasattr(extractor, "fc")
    outputs = extractor(jtorch.from_numpy(PICTURES))
    outputs["layer2.0.add"].sum().backward()
    assert resnet.conv1.weight.grad is not None
    assert resnet.layer3[0].conv1.weight.grad is None
    resnet.zero_grad()


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.dropped = nn.Dropout(0.5)
        self.last = nn.Linear(3, 2)

    def forward(self, x):
        x = self.first(x) * 2 - 1
        if self.training:
            x = self.dropped(x)
        return self.last(-x).softmax(-1)


EXAMPLE = (jtorch.ones(2, 3),)


def test_training_and_evaluation_differ():
    with pytest.warns(
        UserWarning, match="NOTE: The nodes obtained by tracing the model in eval mode are a subsequence"
    ):
        train, evaluation = get_graph_node_names(Branches(), example_inputs=EXAMPLE)
    assert train == ["x", "first", "mul", "sub", "dropped", "neg", "last", "softmax"]
    assert evaluation == [name for name in train if name != "dropped"]
    extractor = create_feature_extractor(
        Branches(),
        train_return_nodes={"dropped": "out"},
        eval_return_nodes={"sub": "out"},
        suppress_diff_warning=True,
        example_inputs=EXAMPLE,
    )
    assert extractor.training
    jtorch.manual_seed(0)
    assert (extractor(*EXAMPLE)["out"] == 0).any()
    extractor.eval()
    assert not (extractor(*EXAMPLE)["out"] == 0).any()


ERRORS = (
    ({}, ValueError, "Either `return_nodes` or `train_return_nodes` and `eval_return_nodes` together, should be specified"),
    ({"train_return_nodes": ["x"]}, ValueError, "If any of `train_return_nodes` and `eval_return_nodes` are specified, then both should be specified"),
    ({"return_nodes": ["conv"]}, ValueError, "node: 'conv' is not present in model. Hint: use `get_graph_node_names`"),
    ({"return_nodes": ["x"], "concrete_args": {}}, NotImplementedError, "concrete_args is for torch.fx"),
    ({"return_nodes": ["x"], "example_inputs": (jtorch.ones(2),)}, RuntimeError, "ResNet could not be run on"),
)  # fmt: skip


@pytest.mark.parametrize(("arguments", "kind", "message"), ERRORS, ids=[row[2][:30] for row in ERRORS])
def test_errors(resnet, arguments, kind, message):
    with pytest.raises(kind, match=message):
        create_feature_extractor(resnet, **arguments)


def test_layers_of_a_backbone(resnet):
    getter = models._utils.IntermediateLayerGetter(resnet, {"layer1": "early", "layer2": "late"})
    assert list(getter) == ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2"]
    outputs = getter(jtorch.from_numpy(PICTURES))
    assert {name: tuple(output.shape) for name, output in outputs.items()} == {
        "early": (2, 64, 8, 8),
        "late": (2, 128, 4, 4),
    }


# Nodes that only a symbolic trace has: sizes, parameters and parts of tuples. Where there are some, others are numbered otherwise.
WHOLE = ("resnet50", "vgg11_bn", "densenet121", "mobilenet_v3_small", "squeezenet1_0", "efficientnet_v2_s", "regnet_y_400mf", "mnasnet0_5", "googlenet", "inception_v3", "alexnet")  # fmt: skip
LAYERS = ("convnext_tiny", "vit_b_16", "swin_t", "swin_v2_t", "shufflenet_v2_x0_5", "maxvit_t")


@pytest.mark.reference
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", WHOLE + LAYERS)
def test_torchvisions_names(name: str):
    torch, torchvision = load_torchvision()
    extraction = pytest.importorskip("torchvision.models.feature_extraction")
    with undrawn(torch), undrawn(jtorch):
        theirs, ours = torchvision.models.get_model(name), models.get_model(name)
    for mode, seen in zip((True, False), get_graph_node_names(ours), strict=True):
        tracer = extraction.NodePathTracer(**extraction._set_default_tracer_kwargs(None))
        tracer.trace(theirs.train(mode))
        expected = tracer.node_to_qualname
        if name in WHOLE:
            assert seen == list(expected.values())
        layers = [qualname for node, qualname in expected.items() if node.op == "call_module"]
        assert [qualname for qualname in seen if qualname in set(layers)] == layers


@pytest.mark.reference
def test_torchvisions_extractor():
    torch, torchvision = load_torchvision()
    extraction = pytest.importorskip("torchvision.models.feature_extraction")
    nodes = {"layer1": "a", "layer2.0.relu_1": "b", "layer2": "c"}
    results = []
    for library, built, create in (
        (torch, torchvision.models.resnet18, extraction.create_feature_extractor),
        (jtorch, models.resnet18, create_feature_extractor),
    ):
        library.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            extractor = create(built().eval(), nodes)
        outputs = extractor(library.from_numpy(PICTURES))
        results.append((list(extractor.state_dict()), {key: value.detach().numpy() for key, value in outputs.items()}))
    (expected_keys, expected), (keys, seen) = results
    assert keys == expected_keys
    assert list(seen) == list(expected)
    for key in expected:
        np.testing.assert_allclose(seen[key], expected[key], rtol=1e-4, atol=1e-5)
