"""Models have torchvision's layers, initial weights, outputs and statistics; weights its addresses and facts.

A run without torch compares with what `record_models` wrote down. `pytest -m reference compat_tests/vision/test_models.py`
compares live, and builds whole models.
"""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import sys
import urllib.error
import warnings
from functools import partial

import numpy as np
import pytest

import jtorch
from jtorch.vision import models

from .model_cases import (
    CASES,
    LARGE,
    RECORDED,
    Case,
    build,
    layout,
    observe,
    outputs,
    packages,
    state_of,
    undrawn,
    untrained,
)
from .reference import load_torchvision

# Of how torchvision traces and flattens.
OWN_AFFAIR = ("expand_masks_tracing_scale", "permute_and_flatten")
NAMES = [name for package in packages(models) for name in models.list_models(module=package)]


@pytest.fixture(scope="module")
def recorded():
    return json.loads(RECORDED.read_text())


@pytest.fixture
def without_draws():
    with undrawn(jtorch):
        yield


@pytest.mark.filterwarnings("ignore:The default weight initialization:FutureWarning")
def test_layers_of_every_model(recorded, without_draws):
    wrong = [name for name in NAMES if layout(untrained(models, name)) != recorded["layouts"][name]]
    assert not wrong


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_weights_and_outputs(case: Case, recorded):
    seen = observe(jtorch, case, models)
    expected = recorded["outputs"][case.name]
    np.testing.assert_allclose(seen["weights"], expected["weights"], rtol=1e-5)
    for mode in ("train", "eval"):
        np.testing.assert_allclose(seen[mode], expected[mode], rtol=1e-4, atol=1e-5, err_msg=mode)


def test_weights_are_an_enumeration():
    weights = models.ResNet50_Weights.IMAGENET1K_V2
    assert repr(weights) == str(weights) == "ResNet50_Weights.IMAGENET1K_V2"
    assert models.ResNet50_Weights.DEFAULT is weights
    assert weights.url == "https://download.pytorch.org/models/resnet50-11ad3fa6.pth"
    assert weights.meta["num_params"] == 25557032
    assert weights.meta["min_size"] == (1, 1)
    assert len(weights.meta["categories"]) == 1000
    assert weights.meta["_metrics"]["ImageNet-1K"]["acc@1"] == 80.858
    assert models.get_weight("ResNet50_Weights.IMAGENET1K_V2") is weights
    assert models.get_model_weights("resnet50") is models.get_model_weights(models.resnet50) is models.ResNet50_Weights
    assert copy.deepcopy(weights) is weights
    assert pickle.loads(pickle.dumps(weights)) is weights
    assert copy.deepcopy(weights.value) == weights.value != models.ResNet50_Weights.IMAGENET1K_V1.value


def test_preprocessing():
    preset = models.ResNet50_Weights.DEFAULT.transforms()
    assert repr(preset).splitlines()[1:3] == ["    crop_size=[224]", "    resize_size=[232]"]
    picture = np.random.RandomState(0).randint(0, 256, (3, 240, 260), dtype=np.uint8)
    assert preset(jtorch.from_numpy(picture)).shape == (3, 224, 224)


ERRORS = (
    ("get_model('resnet1')", ValueError, "Unknown model resnet1"),
    ("get_weight('ResNet50')", ValueError, "Invalid weight name provided: 'ResNet50'."),
    ("get_weight('No_Weights.A')", ValueError, "The weight enum 'No_Weights' for the specific method couldn't be retrieved."),
    ("get_weight('ResNet50_Weights.A')", KeyError, "'A'"),
    ("get_model_weights(len)", ValueError, "The method is missing the 'weights' argument."),
    ("resnet18(weights='A')", KeyError, "'A'"),
    (
        "resnet18(weights=m.ResNet50_Weights.DEFAULT)",
        TypeError,
        "Invalid Weight class provided; expected ResNet18_Weights but received ResNet50_Weights.",
    ),
    ("resnet18(weights='DEFAULT', num_classes=3)", ValueError, "The parameter 'num_classes' expected value 1000 but got 3 instead."),
    ("resnext50_32x4d(groups=2)", ValueError, "The parameter 'groups' expected value 32 but got 2 instead."),
    ("resnet18(replace_stride_with_dilation=[True])", ValueError, "replace_stride_with_dilation should be None or a 3-element tuple, got [True]"),
    ("resnet18(replace_stride_with_dilation=[True] * 3)", NotImplementedError, "Dilation > 1 not supported in BasicBlock"),
    ("resnet.BasicBlock(8, 8, groups=2)", ValueError, "BasicBlock only supports groups=1 and base_width=64"),
    ("SqueezeNet('2')", ValueError, "Unsupported SqueezeNet version 2: 1_0 or 1_1 expected"),
    ("mobilenet_v2(inverted_residual_setting=[])", ValueError, "inverted_residual_setting should be non-empty or a 4-element list, got []"),
    ("MobileNetV3([], 8)", ValueError, "The inverted_residual_setting should not be empty"),
    ("MobileNetV3([1], 8)", TypeError, "The inverted_residual_setting should be List[InvertedResidualConfig]"),
    ("EfficientNet([], 0.1)", ValueError, "The inverted_residual_setting should not be empty"),
    ("EfficientNet([1], 0.1)", TypeError, "The inverted_residual_setting should be List[MBConvConfig]"),
    ("efficientnet.MBConv(m.efficientnet.MBConvConfig(1, 3, 3, 8, 8, 1), 0.1, None)", ValueError, "illegal stride value"),
    ("ConvNeXt([])", ValueError, "The block_setting should not be empty"),
    ("ConvNeXt([1])", TypeError, "The block_setting should be List[CNBlockConfig]"),
    ("VisionTransformer(32, 5, 1, 1, 4, 4)", AssertionError, "Input shape indivisible by patch size!"),
    ("vit_b_16(weights='DEFAULT', image_size=32)", ValueError, "The parameter 'image_size' expected value 224 but got 32 instead."),
    ("vit_h_14(pretrained=True)", ValueError, "No weights available for model vit_h_14"),
    ("swin_transformer.ShiftedWindowAttention(4, [2], [1], 2)", ValueError, "window_size and shift_size must be of length 2"),
    ("regnet.BlockParams.from_init_params(4, 15, 1.0, 2.0, 8)", ValueError, "Invalid RegNet settings"),
    ("MNASNet(-1.0)", ValueError, "alpha should be greater than 0.0 instead of -1.0"),
    ("mnasnet._InvertedResidual(4, 4, 4, 1, 2)", ValueError, "kernel_size should be 3 or 5 instead of 4"),
    ("ShuffleNetV2([1], [1])", ValueError, "expected stages_repeats as list of 3 positive ints"),
    ("shufflenetv2.InvertedResidual(4, 8, 1)", ValueError, "Invalid combination of stride 1, inp 4 and oup 8 values. If stride == 1 then inp should be equal to oup // 2 << 1."),
    ("GoogLeNet(blocks=[1], init_weights=False)", ValueError, "blocks length should be 3 instead of 1"),
    ("Inception3(inception_blocks=[1], init_weights=False)", ValueError, "length of inception_blocks should be 7 instead of 1"),
    ("inception_v3(weights='DEFAULT', aux_logits=False)", ValueError, "The parameter 'aux_logits' expected value True but got False instead."),
    ("maxvit_t(input_size=(220, 220))", ValueError, "Input size (55, 55) of block 0 is not divisible by partition size 7. Consider changing the partition size or the input size.\nCurrent configuration yields the following block input sizes: [(55, 55), (28, 28), (14, 14), (7, 7)]."),
    ("maxvit.RelativePositionalMultiHeadAttention(5, 2, 4)", ValueError, "feat_dim: 5 must be divisible by head_dim: 2"),
    ("_utils.IntermediateLayerGetter(m.squeezenet1_1(), {'no': 'x'})", ValueError, "return_layers are not present in model"),
    ("video.MViT((32, 32), 4, [], False, False, False, False)", ValueError, "The configuration parameter can't be empty."),
    ("video.mvit_v2_s(spatial_size=(32, 32), weights='NO')", KeyError, "'NO'"),
    ("video.swin_transformer.ShiftedWindowAttention3d(4, [2], [1], 2)", ValueError, "window_size and shift_size must be of length 2"),
    ("optical_flow.raft.FeatureEncoder(layers=(1, 2))", ValueError, "The expected number of layers is 5, instead got 2"),
    ("optical_flow.raft.MotionEncoder(in_channels_corr=1, flow_layers=(1,))", ValueError, "The expected number of flow_layers is 2, instead got 1"),
    ("optical_flow.raft.MotionEncoder(in_channels_corr=1, corr_layers=())", ValueError, "The number of corr_layers should be 1 or 2, instead got 0"),
    ("optical_flow.raft.RecurrentBlock(input_size=1, hidden_size=1, padding=(1,))", ValueError, "kernel_size should have the same length as padding, instead got len(kernel_size) = 2 and len(padding) = 1"),
    ("optical_flow.raft.RecurrentBlock(input_size=1, hidden_size=1, kernel_size=(), padding=())", ValueError, "kernel_size should either 1 or 2, instead got 0"),
    ("optical_flow.RAFT(feature_encoder=None, context_encoder=None, corr_block=None, update_block=None)", ValueError, "The update_block parameter should expose a 'hidden_state_size' attribute."),
    ("optical_flow.raft_small()(GRID(33, 32), GRID(33, 32))", ValueError, "input image H and W should be divisible by 8, instead got 33 (h) and 32 (w)"),
    ("optical_flow.raft_small()(GRID(32, 32), GRID(32, 40))", ValueError, "input images should have the same shape, instead got (32, 32) != torch.Size([32, 40])"),
    ("optical_flow.raft.CorrBlock().build_pyramid(GRID(16, 8), GRID(16, 8))", ValueError, "Feature maps are too small to be down-sampled by the correlation pyramid. H and W of feature maps should be at least 16; got: torch.Size([16, 8]). Remember that input images to the model are downsampled by 8, so that means their dimensions should be at least 8 * 16 = 128."),
    ("optical_flow.raft.CorrBlock().build_pyramid(GRID(2, 2), GRID(2, 3))", ValueError, "Input feature maps should have the same shape, instead got torch.Size([1, 2, 2, 2]) (fmap1.shape) != torch.Size([1, 2, 2, 3]) (fmap2.shape)"),
)  # fmt: skip


def raises(expression: str, library) -> tuple[type, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            eval(f"m.{expression}", {"m": library, "GRID": partial(library.optical_flow._utils.make_coords_grid, 1)})
    except Exception as error:
        return type(error), str(error)
    return type(None), ""


@pytest.mark.parametrize(("expression", "kind", "message"), ERRORS, ids=[row[0] for row in ERRORS])
def test_errors(expression, kind, message, without_draws):
    assert raises(expression, models) == (kind, message)


OLDER_WAYS = (
    "resnet18(False)",
    "resnet18(pretrained=False)",
    "resnet18(None, True, num_classes=2)",
    "inception_v3()",
    "googlenet(aux_logits=False)",
    "optical_flow.raft_small(None)",
)


def warned(expression: str, library) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        eval(f"m.{expression}", {"m": library})
    return [str(warning.message) for warning in caught]


def test_older_ways_warn(without_draws):
    assert warned(OLDER_WAYS[0], models) == [
        "Using 'weights' as positional parameter(s) is deprecated since 0.13 and may be removed in the future. "
        "Please use keyword parameter(s) instead.",
        "Arguments other than a weight enum or `None` for 'weights' are deprecated since 0.13 and may be removed in the "
        "future. The current behavior is equivalent to passing `weights=None`.",
    ]


class FakeResponse:
    def __init__(self, data: bytes) -> None:
        self.data, self.headers = data, {}

    def read(self, size: int) -> bytes:
        data, self.data = self.data[:size], self.data[size:]
        return data

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        pass


def test_weights_are_fetched_into_the_cache(tmp_path, monkeypatch):
    """As far as the hash, which a made-up file cannot have; one that is there already is trusted, as in torch."""
    monkeypatch.setattr(jtorch.hub, "_chosen_dir", [str(tmp_path)])
    source = models.squeezenet1_1()
    jtorch.save(source.state_dict(), tmp_path / "made_up.pth")
    data = (tmp_path / "made_up.pth").read_bytes()
    asked = []

    def urlopen(request):
        asked.append(request.full_url)
        return FakeResponse(data)

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    with pytest.raises(RuntimeError, match='invalid hash value \\(expected "b8a52dc0"'):
        models.squeezenet1_1(weights="DEFAULT", progress=False)
    assert asked == ["https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth"]

    (tmp_path / "checkpoints" / "squeezenet1_1-b8a52dc0.pth").write_bytes(data)
    loaded = models.squeezenet1_1(weights="IMAGENET1K_V1")
    assert loaded.features[0].weight.equal(source.features[0].weight)
    assert len(asked) == 1


def test_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setattr(jtorch.hub, "_chosen_dir", [str(tmp_path)])

    def urlopen(request):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    with pytest.raises(urllib.error.URLError, match="place the file at .*resnet18-f37072fd.pth by other means"):
        models.ResNet18_Weights.DEFAULT.get_state_dict()


def test_densenet_reads_its_older_keys(tmp_path, monkeypatch, without_draws):
    weights = models.DenseNet121_Weights.DEFAULT
    source = models.densenet121()
    jtorch.nn.init.ones_(source.features.denseblock1.denselayer1.conv1.weight)
    names = (
        (name, f"{kind}{number}", f"{kind}.{number}")
        for name in source.state_dict()
        for kind in ("norm", "conv")
        for number in "12"
    )
    older = {name: name for name in source.state_dict()}
    older |= {name: name.replace(new, old) for name, new, old in names if f".{new}." in name}
    state = {older[name]: value for name, value in source.state_dict().items() if "num_batches" not in name}
    state |= {name: value for name, value in source.state_dict().items() if "num_batches" in name}
    monkeypatch.setattr(jtorch.hub, "load_state_dict_from_url", lambda url, **options: state)
    loaded = models.densenet121(weights=weights)
    assert loaded.features.denseblock1.denselayer1.conv1.weight.min() == 1


@pytest.mark.reference
def test_equals_torchvisions_lists():
    _, torchvision = load_torchvision()
    theirs = torchvision.models
    registered = [(package, name) for package in packages(theirs) for name in theirs.list_models(module=package)]
    assert [name for _, name in registered] == NAMES
    for name in NAMES:
        expected, found = theirs.get_model_weights(name), models.get_model_weights(name)
        assert expected.__name__ == found.__name__
        assert getattr(sys.modules[found.__module__], found.__name__) is found
        assert list(expected.__members__) == list(found.__members__)
        for member in expected.__members__:
            assert (expected[member].name, expected[member].url) == (found[member].name, found[member].url)
            meta = {key: value for key, value in expected[member].meta.items() if key != "_docs"}
            assert repr(sorted(meta.items())) == repr(sorted(found[member].meta.items()))  # a figure may be nan
            assert repr(expected[member].transforms()) == repr(found[member].transforms())


@pytest.mark.reference
@pytest.mark.filterwarnings("ignore:The default weight initialization:FutureWarning")
def test_equals_torchvisions_names(without_draws):
    """Everything that a family's module shows; constructors take the same arguments."""
    _, torchvision = load_torchvision()
    missing = []
    pairs = [
        (module, getattr(ours, name))
        for package, ours in zip(packages(torchvision.models), packages(models), strict=True)
        for name, module in vars(package).items()
        if inspect.ismodule(module)
        and not hasattr(module, "__path__")
        and not name.startswith("_")
        # Feature extraction goes another way than torchvision's, by running; it has tests of its own.
        and name != "feature_extraction"
    ]
    for theirs, ours in pairs:
        family = theirs.__name__
        for name, value in vars(theirs).items():
            if getattr(value, "__module__", None) != theirs.__name__ or name.startswith("_"):
                continue
            found = getattr(ours, name, None)
            if name in OWN_AFFAIR:
                continue
            if found is None:
                missing.append(f"{family}.{name}")
            elif inspect.isclass(value) and issubclass(value, torchvision.models._api.nn.Module):
                expected = list(inspect.signature(value.__init__).parameters)
                if expected != ["self"] and list(inspect.signature(found.__init__).parameters) != expected:
                    missing.append(f"{family}.{name}{expected}")
    assert not missing


@pytest.mark.reference
@pytest.mark.parametrize(("expression", "kind", "message"), ERRORS, ids=[row[0] for row in ERRORS])
def test_torchvisions_errors(expression, kind, message):
    _, torchvision = load_torchvision()
    assert raises(expression, torchvision.models) == (kind, message)


@pytest.mark.reference
@pytest.mark.parametrize("expression", OLDER_WAYS)
def test_torchvisions_warnings(expression, without_draws):
    _, torchvision = load_torchvision()
    assert warned(expression, models) == warned(expression, torchvision.models)


@pytest.mark.reference
@pytest.mark.parametrize(("name", "size"), LARGE)
def test_equals_torchvisions_outputs(name: str, size: int):
    """Initial weights up to rounding; outputs in float64 and of equal weights, since a deep network that normalizes by
    two samples makes of one rounding in a weight some 1e-4 in float32."""
    torch, torchvision = load_torchvision()
    theirs = build(torch, lambda: torchvision.models.get_model(name))
    ours = build(jtorch, lambda: models.get_model(name))
    expected = state_of(theirs)
    for key, value in ours.state_dict().items():
        np.testing.assert_allclose(value.numpy(), expected[key], rtol=1e-5, atol=1e-6, err_msg=key)
        value.copy_(jtorch.from_numpy(expected[key]))
    seen, expected = (
        outputs(library, model.double(), size, np.float64) for library, model in ((jtorch, ours), (torch, theirs))
    )
    for mode in ("train", "eval"):
        np.testing.assert_allclose(seen[mode], expected[mode], rtol=1e-6, atol=1e-9, err_msg=mode)
