"""Detectors of small backbones: losses, gradients and detections as torchvision's from equal seeds.

torchvision's kernels for nms and roi_align do not load beside torch's CPU build: numpy and its own Python version stand in.
"""

from __future__ import annotations

import functools
from unittest import mock

import numpy as np
import pytest

import jtorch
from jtorch.vision import models

from .model_cases import state_of
from .reference import load_torchvision
from .region_definitions import suppressed

KINDS = ("FasterRCNN", "MaskRCNN", "KeypointRCNN", "RetinaNet", "FCOS", "SSD", "SSDlite")
SIZES = ((70, 90), (60, 64))
# What torchvision gives in training: the sum of the losses from this file's seeds.
RECORDED = {
    "FasterRCNN": 1.99174,
    "MaskRCNN": 10.0495,
    "KeypointRCNN": 10.4168,
    "RetinaNet": 1.8426,
    "FCOS": 2.81467,
    "SSD": 19.1125,
    "SSDlite": 10.1856,
}


def build(torch, m, kind: str):
    torch.manual_seed(3)
    detection = m.detection
    if kind == "SSD":
        return ssd(detection, m._utils.IntermediateLayerGetter(small_resnet(m), {"layer2": "0", "layer4": "1"}), 2)
    if kind == "SSDlite":
        return ssdlite(m)
    backbone = detection.backbone_utils._resnet_fpn_extractor(small_resnet(m), 5)
    if kind == "FCOS":
        strides = ((4,), (8,), (16,), (32,), (64,))
        anchors = detection.anchor_utils.AnchorGenerator(strides, ((1.0,),) * 5)
        return detection.FCOS(
            backbone, 4, 64, 96, anchor_generator=anchors, score_thresh=0.0715, detections_per_img=6, topk_candidates=20
        )
    anchors = detection.anchor_utils.AnchorGenerator(((8,), (16,), (32,), (64,), (96,)), ((0.5, 1.0, 2.0),) * 5)
    if kind == "RetinaNet":
        return detection.RetinaNet(
            backbone, 4, 64, 96, anchor_generator=anchors, score_thresh=0.009, detections_per_img=6, topk_candidates=20
        )
    return getattr(detection, kind)(
        backbone,
        4,
        min_size=64,
        max_size=96,
        rpn_pre_nms_top_n_train=60,
        rpn_pre_nms_top_n_test=60,
        rpn_post_nms_top_n_train=30,
        rpn_post_nms_top_n_test=20,
        rpn_batch_size_per_image=32,
        rpn_anchor_generator=anchors,
        box_batch_size_per_image=16,
        box_detections_per_img=6,
        box_score_thresh=0.2,
    )


def small_resnet(m):
    return m.ResNet(m.resnet.BasicBlock, [1, 1, 1, 1])


def ssd(detection, backbone, maps: int, **kwargs):
    anchors = detection.anchor_utils.DefaultBoxGenerator([[2], [2, 3], [2], [3], [2], [2]][:maps], 0.3, 0.9)
    return detection.ssd.SSD(
        backbone, anchors, (96, 64), 4, score_thresh=0.3, detections_per_img=6, topk_candidates=20, **kwargs
    )


def ssdlite(m):
    """Groups are normalized: a batch of two has too few values on the smallest maps for equal roundings to matter little."""
    lite, norm_layer = m.detection.ssdlite, functools.partial(m.mobilenetv3.nn.GroupNorm, 4)
    row = functools.partial(m.mobilenetv3.InvertedResidualConfig, dilation=1, width_mult=1.0)
    rows = [row(8, 3, 8, 8, True, "RE", 2), row(8, 3, 24, 16, False, "RE", 1), row(16, 5, 48, 24, True, "HS", 2)]
    net = m.MobileNetV3(rows, 16, norm_layer=norm_layer)
    widths, ratios = [48, 144, 512, 256, 256, 128], [4, 6, 4, 4, 4, 4]
    head = lite.SSDLiteHead(widths, ratios, 4, norm_layer)
    return ssd(m.detection, lite._mobilenet_extractor(net, 4, norm_layer), 6, head=head)


def given(torch) -> tuple[list, list]:
    """Two pictures, with two and one objects."""
    random = np.random.RandomState(0)
    boxes = ([[5.0, 5, 40, 50], [30, 20, 80, 60]], [[10.0, 8, 50, 40]])
    pictures = [torch.from_numpy(random.rand(3, *size).astype(np.float32)) for size in SIZES]
    targets = [
        {
            "boxes": torch.tensor(of_one),
            "labels": torch.tensor([1, 3][: len(of_one)]),
            "masks": torch.from_numpy((random.rand(len(of_one), *size) > 0.5).astype(np.uint8)),
            "keypoints": torch.tensor([points_in(box) for box in of_one]),
        }
        for of_one, size in zip(boxes, SIZES, strict=True)
    ]
    return pictures, targets


def points_in(box: list[float]) -> list[list[float]]:
    """Seventeen points on the box's diagonal, the last of them on its corner, every fourth not visible."""
    x1, y1, x2, y2 = box
    return [[x1 + (x2 - x1) * i / 16, y1 + (y2 - y1) * i / 16, float(i % 4 > 0 or i == 16)] for i in range(17)]


def trained(torch, model) -> dict[str, float]:
    """The losses, and the sum of the gradients' absolute values."""
    torch.manual_seed(5)
    losses = model.train()(*given(torch))
    sum(losses.values()).backward()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    return {name: loss.item() for name, loss in losses.items()} | {
        "gradient": sum(g.abs().sum().item() for g in gradients)
    }


def detected(torch, model) -> list[dict[str, np.ndarray]]:
    with torch.no_grad():
        return [{name: value.numpy() for name, value in found.items()} for found in model.eval()(given(torch)[0])]


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_and_detections(kind):
    model = build(jtorch, models, kind)
    losses = trained(jtorch, model)
    np.testing.assert_allclose(sum(losses.values()) - losses["gradient"], RECORDED[kind], rtol=1e-3)
    for found, size in zip(detected(jtorch, model), SIZES, strict=True):
        assert found["boxes"].shape == (len(found["scores"]), 4)
        assert (found["boxes"] >= 0).all() and (found["boxes"] <= [*size[::-1], *size[::-1]]).all()
        assert (np.diff(found["scores"]) <= 0).all() and (found["scores"] > 0.009).all()
        assert set(found["labels"]) <= {0, 1, 2, 3}
        if kind == "MaskRCNN":
            assert found["masks"].shape == (len(found["scores"]), 1, *size)
            assert found["masks"].min() >= 0 and found["masks"].max() <= 1


def stand_ins(torch, torchvision) -> list:
    from torchvision.models.detection import roi_heads  # the function and its module have one name elsewhere
    from torchvision.ops import boxes, poolers

    plain = __import__("sys").modules["torchvision.ops.roi_align"]._roi_align.__wrapped__

    def align(input, rois, output_size, spatial_scale=1.0, sampling_ratio=-1, aligned=False):
        return plain(input, rois, spatial_scale, *output_size, sampling_ratio, aligned)

    def nms(boxes, scores, threshold):
        return torch.tensor(suppressed(boxes.numpy(), scores.numpy(), threshold), dtype=torch.int64)

    return [
        mock.patch.object(boxes, "nms", nms),
        mock.patch.object(poolers, "roi_align", align),
        mock.patch.object(roi_heads, "roi_align", align),
    ]


@pytest.mark.reference
@pytest.mark.parametrize("kind", KINDS)
def test_equals_torchvision(kind):
    torch, torchvision = load_torchvision()
    theirs, ours = build(torch, torchvision.models, kind), build(jtorch, models, kind)
    assert repr(ours) == repr(theirs)
    expected = state_of(theirs)
    assert list(ours.state_dict()) == list(expected)
    for name, value in ours.state_dict().items():
        np.testing.assert_allclose(value.numpy(), expected[name], rtol=1e-5, atol=1e-6, err_msg=name)
        value.copy_(jtorch.from_numpy(expected[name]))
    first, second, third = stand_ins(torch, torchvision)
    with first, second, third:
        losses, found = trained(torch, theirs), detected(torch, theirs)
    mine = trained(jtorch, ours)
    assert list(mine) == list(losses)
    np.testing.assert_allclose(list(mine.values()), list(losses.values()), rtol=1e-4)
    for a, b in zip(detected(jtorch, ours), found, strict=True):
        assert list(a) == list(b)
        for name in b:
            np.testing.assert_allclose(a[name], b[name], rtol=1e-3, atol=1e-3, err_msg=name)


def test_a_batch_is_made_by_programs_of_its_own():
    """What the network computes then depends on the sizes of batches alone, and is not compiled anew for each picture's."""
    transform = models.detection.transform.GeneralizedRCNNTransform(
        8, 8, [0.5] * 3, [0.5] * 3, fixed_size=(8, 8)
    ).eval()
    flushes = jtorch.engine.statistics()["flushes"]
    batch, _ = transform([jtorch.zeros(3, 5, 7)])
    assert batch.tensors.shape == (1, 3, 32, 32)
    assert jtorch.engine.statistics()["flushes"] == flushes + 1


def test_errors():
    model = models.detection.MaskRCNN(_plain(), 2).train()
    with pytest.raises(AssertionError, match="targets should not be none when in training mode"):
        model([jtorch.zeros(3, 8, 8)])
    with pytest.raises(AssertionError, match="Found invalid box .* for target at index 0"):
        model([jtorch.zeros(3, 8, 8)], [{"boxes": jtorch.tensor([[2.0, 2, 2, 4]]), "labels": jtorch.ones(1).long()}])
    with pytest.raises(ValueError, match="num_classes should not be None when box_predictor is not specified"):
        models.detection.FasterRCNN(_plain())
    with pytest.raises(ValueError, match="backbone should contain an attribute out_channels"):
        models.detection.FasterRCNN(jtorch.nn.Identity(), 2)


def _plain():
    backbone = jtorch.nn.Conv2d(3, 4, 1)
    backbone.out_channels = 4
    return backbone
