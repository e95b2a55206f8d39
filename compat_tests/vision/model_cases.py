"""Small members of each family of models, and what is observed of a model: for jtorch and for torchvision alike."""

from __future__ import annotations

import hashlib
import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

RECORDED = Path(__file__).with_name("models_recorded.json")
# Members are built whole and compared live: their classifiers alone have more weights than all that is below.
LARGE = (("alexnet", 64), ("vgg11_bn", 64), ("mnasnet0_5", 64), ("googlenet", 64), ("inception_v3", 299))


@dataclass(frozen=True)
class Case:
    """`make(models)` builds the model; its pictures are `size` pixels wide, or its videos, of so many `frames`.

    A model of optical flow takes two pictures, and as many steps as `updates`.

    Where few values are normalized in a deep model one rounding in float32 grows to 1e-3: such a case computes in float64.
    """

    name: str
    make: Callable[[Any], Any]
    size: int = 32
    frames: int = 0
    dtype: type = np.float32
    updates: int = 0


CASES = (
    Case("resnet", lambda m: m.ResNet(m.resnet.BasicBlock, [1, 1, 1, 1], num_classes=5, zero_init_residual=True)),
    Case(
        "resnext",
        lambda m: m.ResNet(
            m.resnet.Bottleneck,
            [1, 2, 1, 2],
            num_classes=5,
            groups=2,
            width_per_group=8,
            replace_stride_with_dilation=[False, True, True],
        ),
    ),
    Case("densenet", lambda m: m.DenseNet(4, (2, 2), 8, bn_size=2, drop_rate=0.3, num_classes=5)),
    Case("squeezenet", lambda m: m.squeezenet1_1(num_classes=5)),
    Case(
        "mobilenetv2",
        lambda m: m.MobileNetV2(5, 0.25, inverted_residual_setting=[[1, 16, 1, 1], [6, 24, 2, 2]]),
    ),
    Case(
        "mobilenetv3",
        lambda m: m.MobileNetV3(
            m.mobilenetv3._mobilenet_v3_conf("mobilenet_v3_small", 0.5, True, True)[0][1:5], 16, num_classes=5
        ),
    ),
    Case(
        "efficientnet",
        lambda m: m.EfficientNet(
            [
                m.efficientnet.FusedMBConvConfig(4, 3, 2, 8, 16, 1),
                m.efficientnet.MBConvConfig(6, 5, 2, 32, 32, 1, 0.5, 1.5),
            ],
            0.2,
            0.5,
            num_classes=5,
        ),
    ),
    Case(
        "convnext",
        lambda m: m.ConvNeXt(
            [m.convnext.CNBlockConfig(8, 12, 1), m.convnext.CNBlockConfig(12, None, 2)], 0.5, 0.1, num_classes=5
        ),
    ),
    Case(
        "vision_transformer",
        lambda m: m.VisionTransformer(32, 8, 2, 2, 16, 24, dropout=0.1, num_classes=5, representation_size=8),
    ),
    Case(
        "vision_transformer with a stem",
        lambda m: m.VisionTransformer(
            32, 8, 1, 2, 16, 24, num_classes=5, conv_stem_configs=[m.vision_transformer.ConvStemConfig(4, 3, 8)]
        ),
    ),
    Case("swin", lambda m: m.SwinTransformer([4, 4], 8, [2, 2], [2, 2], [3, 3], 2.0, num_classes=5)),
    Case(
        "swin v2",
        lambda m: m.SwinTransformer(
            [4, 4],
            8,
            [2, 1],
            [2, 2],
            [3, 3],
            2.0,
            num_classes=5,
            block=m.swin_transformer.SwinTransformerBlockV2,
            downsample_layer=m.swin_transformer.PatchMergingV2,
        ),
    ),
    Case(
        "regnet",
        lambda m: m.RegNet(
            m.regnet.BlockParams.from_init_params(4, 16, 12.0, 2.1, 8, se_ratio=0.25), num_classes=5, stem_width=8
        ),
    ),
    Case("shufflenetv2", lambda m: m.ShuffleNetV2([1, 2, 1], [8, 12, 16, 16, 24], num_classes=5)),
    Case(
        "maxvit",
        lambda m: m.MaxVit((32, 32), 8, 2, [8, 12], [1, 1], 4, 0.2, num_classes=5),
    ),
    Case(
        "fcn",
        lambda m: m.segmentation.FCN(_cut(m), m.segmentation.fcn.FCNHead(512, 5), m.segmentation.fcn.FCNHead(256, 5)),
        size=64,
        dtype=np.float64,
    ),
    Case(
        "deeplabv3",
        lambda m: m.segmentation.deeplabv3._deeplabv3_mobilenetv3(_mobilenet(m), 5, True),
        size=64,
    ),
    Case("lraspp", lambda m: m.segmentation.lraspp._lraspp_mobilenetv3(_mobilenet(m), 5), size=64),
    Case(
        "video resnet",
        lambda m: m.video.VideoResNet(
            m.video.resnet.BasicBlock,
            [
                m.video.resnet.Conv2Plus1D,
                m.video.resnet.Conv3DNoTemporal,
                m.video.resnet.Conv3DNoTemporal,
                m.video.resnet.Conv3DSimple,
            ],
            [1, 1, 1, 1],
            m.video.resnet.R2Plus1dStem,
            num_classes=5,
        ),
        frames=4,
    ),
    Case(
        "video resnet of bottlenecks",
        lambda m: m.video.VideoResNet(
            m.video.resnet.Bottleneck,
            [m.video.resnet.Conv3DNoTemporal] * 4,
            [1, 1, 1, 1],
            m.video.resnet.BasicStem,
            num_classes=5,
        ),
        frames=2,
    ),
    Case("s3d's features", lambda m: m.video.S3D(5).features, size=64, frames=16, dtype=np.float64),
    Case("mvit", lambda m: _mvit(m, [], False, False, False), frames=4),
    Case("mvit v2", lambda m: _mvit(m, [1, 1, 1], True, True, True), frames=4),
    Case(
        "swin of videos",  # with a window that is padded, then one that is cut
        lambda m: m.video.SwinTransformer3d([2, 4, 4], 8, [2, 2], [2, 2], [3, 5, 3], 2.0, num_classes=5),
        frames=8,
    ),
    Case("raft", lambda m: _raft(m), updates=2),
    Case("raft of bottlenecks", lambda m: _raft(m, m.optical_flow.raft.BottleneckBlock), updates=2),
)


def _mvit(m, stride_q: list[int], second: bool, relative: bool, projected: bool) -> Any:
    """V1's or V2's way: with `stride_q` also queries are pooled that keep their resolution."""
    block = m.video.mvit.MSBlockConfig
    widths = [8, 16, 16] if projected else [16, 16, 16]
    before = [8, widths[0], 16]
    kernel = [3, 3, 3] if stride_q else []
    settings = [
        block(1, before[0], widths[0], kernel, [3, 3, 3], stride_q, [1, 4, 4]),
        block(2, before[1], widths[1], [3, 3, 3], [3, 3, 3], [1, 2, 2], [1, 2, 2]),
        block(2, before[2], widths[2], kernel, [], stride_q, []),
    ]
    return m.video.MViT(
        (32, 32),
        4,
        settings,
        residual_pool=second,
        residual_with_cls_embed=not projected,
        rel_pos_embed=relative,
        proj_after_attn=projected,
        attention_dropout=0.1,
        stochastic_depth_prob=0.2,
        num_classes=5,
    )


def _raft(m, block: Any = None) -> Any:
    """The large model's parts, or with `block` the small one's, for pictures of 32 x 32 (it normalizes at least 16 values)."""
    raft = m.optical_flow.raft
    sizes = {"block": block or raft.ResidualBlock, "layers": (8, 8, 8, 12, 16)}
    instances = raft.nn.InstanceNorm2d
    gates = {"kernel_size": (3,), "padding": (1,)} if block else {}
    corr_block = raft.CorrBlock(num_levels=2, radius=1)
    motion = raft.MotionEncoder(
        in_channels_corr=corr_block.out_channels,
        corr_layers=(8,) if block else (8, 6),
        flow_layers=(8, 4),
        out_channels=10,
    )
    return raft.RAFT(
        feature_encoder=raft.FeatureEncoder(**sizes, norm_layer=instances),
        context_encoder=raft.FeatureEncoder(**sizes, **({"norm_layer": None} if block else {})),
        corr_block=corr_block,
        update_block=raft.UpdateBlock(
            motion_encoder=motion,
            recurrent_block=raft.RecurrentBlock(input_size=10 + 8, hidden_size=8, **gates),
            flow_head=raft.FlowHead(in_channels=8, hidden_size=8),
        ),
        mask_predictor=None if block else raft.MaskPredictor(in_channels=8, hidden_size=8),
    )


def _cut(m) -> Any:
    net = m.ResNet(m.resnet.BasicBlock, [1, 1, 1, 1])
    return m._utils.IntermediateLayerGetter(net, {"layer4": "out", "layer3": "aux"})


def _mobilenet(m) -> Any:
    return m.MobileNetV3(
        m.mobilenetv3._mobilenet_v3_conf("mobilenet_v3_small", 0.5, False, False)[0][:5], 16, num_classes=5
    )


@contextmanager
def undrawn(torch) -> Iterator[None]:
    """Layers as they come from `empty`: to draw a billion numbers takes longer than to compare their names."""
    places = [(torch.Tensor, "uniform_"), (torch.Tensor, "normal_"), (torch.nn.init, "trunc_normal_")]
    with ExitStack() as patches:
        for owner, name in places:
            patches.enter_context(mock.patch.object(owner, name, lambda tensor, *args, **kwargs: tensor))
        yield


def layout(model) -> list:
    """[digest of the names, shapes and dtypes of the state, digest of the repr, number of parameters]"""
    rows = [f"{name} {tuple(value.shape)} {value.dtype}" for name, value in model.state_dict().items()]
    return [digest("\n".join(rows)), digest(repr(model)), sum(parameter.numel() for parameter in model.parameters())]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def build(torch, make: Callable[[], Any]) -> Any:
    """The model with the weights that a seed gives."""
    torch.manual_seed(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return make()


def state_of(model) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in model.state_dict().items()}


def outputs(
    torch, model, size: int, dtype: type = np.float32, frames: int = 0, updates: int = 0
) -> dict[str, np.ndarray]:
    """Outputs in training; outputs in evaluation, which show the statistics that training left."""
    shape = (2, 3, frames, size, size) if frames else (2, 3, size, size)
    pictures = np.random.RandomState(0).randn(*shape).astype(dtype)
    seen = {}
    for mode in ("train", "eval"):
        getattr(model, mode)()
        pair = (torch.from_numpy(pictures), torch.from_numpy(pictures[:, :, ::-1].copy()))
        given = model(*pair, num_flow_updates=updates) if updates else model(pair[0])
        given = (
            list(given.values()) if isinstance(given, dict) else given if isinstance(given, tuple | list) else [given]
        )
        rows = [output.detach().numpy().reshape(2, -1) for output in given]
        seen[mode] = np.concatenate([some(row) for row in rows], axis=1)
    return seen


def some(row: np.ndarray) -> np.ndarray:
    """All of a few numbers, about sixty of many."""
    return row if row.shape[1] < 1000 else row[:, :: row.shape[1] // 61]


def observe(torch, case: Case, models) -> dict[str, np.ndarray]:
    """The outputs, and for each weight the sum of its absolute values."""
    model = build(torch, lambda: case.make(models))
    weights = [float(np.abs(value.astype(np.float64)).sum()) for value in state_of(model).values()]
    if case.dtype is np.float64:
        model = model.double()
    return {"weights": np.array(weights)} | outputs(torch, model, case.size, case.dtype, case.frames, case.updates)


def untrained(models, name: str) -> Any:
    """A registered model without weights, also of its backbone."""
    parameters = inspect.signature(models.get_model_builder(name)).parameters
    return models.get_model(name, **({"weights_backbone": None} if "weights_backbone" in parameters else {}))


def packages(models) -> list:
    """Where models are: those that classify pictures, and the packages of others."""
    return [models, models.segmentation, models.video, models.detection, models.optical_flow]
