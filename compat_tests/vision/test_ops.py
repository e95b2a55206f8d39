"""`torchvision.ops`: regions and suppression by their definitions, the rest by torchvision where torch is installed."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest

import jtorch
from jtorch.vision import ops
from jtorch.vision.ops import feature_pyramid_network as pyramids

from .reference import load_torchvision
from .region_definitions import aligned, deformed, suppressed, turned_overlap, windowed

SIZE = (2, 3)
ROIS = np.array([[0, 1.0, 1.0, 8.0, 7.0], [1, 0.5, 2.0, 12.5, 9.5], [1, 3.0, 3.0, 3.0, 3.5], [0, 7.0, 5.0, 30.0, 14.0]])
PICTURES = np.random.RandomState(0).randn(2, 12, 9, 11)

POOLINGS = {
    "roi_align": (lambda x, r: ops.roi_align(x, r, SIZE, 0.75), lambda x, r: aligned(x, r, SIZE, 0.75, -1, 0, 1)),
    "roi_align with a ratio": (lambda x, r: ops.roi_align(x, r, SIZE, 1.0, 2), lambda x, r: aligned(x, r, SIZE, 1, 2, 0, 1)),
    "roi_align aligned": (
        lambda x, r: ops.RoIAlign(SIZE, 0.5, 2, aligned=True)(x, r),
        lambda x, r: aligned(x, r, SIZE, 0.5, 2, 0.5, -np.inf),
    ),
    "ps_roi_align": (lambda x, r: ops.ps_roi_align(x, r, SIZE, 0.75, 2), lambda x, r: aligned(x, r, SIZE, 0.75, 2, 0.5, -np.inf, True)),
    "ps_roi_align without a ratio": (
        lambda x, r: ops.PSRoIAlign(SIZE, 0.75, -1)(x, r)[:2],
        lambda x, r: aligned(x, r[:2], SIZE, 0.75, -1, 0.5, -np.inf, True),
    ),
    "roi_pool": (lambda x, r: ops.RoIPool(SIZE, 0.75)(x, r), lambda x, r: windowed(x, r, SIZE, 0.75, np.max, 1, 0)),
    "ps_roi_pool": (lambda x, r: ops.PSRoIPool(SIZE, 1.0)(x, r), lambda x, r: windowed(x, r, SIZE, 1, np.mean, 0, 1, True)),
}  # fmt: skip


@pytest.mark.parametrize("name", POOLINGS)
def test_pooling_by_its_definition(name):
    """Each is homogeneous in the input: its gradient times the input is the result itself."""
    pool, define = POOLINGS[name]
    x = jtorch.tensor(PICTURES, requires_grad=True)
    found = pool(x, jtorch.tensor(ROIS))
    np.testing.assert_allclose(found.detach().numpy(), define(PICTURES, ROIS), rtol=1e-9, atol=1e-12)
    weights = jtorch.tensor(np.random.RandomState(1).randn(*found.shape))
    (found * weights).sum().backward()
    np.testing.assert_allclose((x.grad * x).sum().item(), (found * weights).sum().item(), rtol=1e-9)


def test_regions_have_no_gradient_and_may_be_none():
    x = jtorch.tensor(PICTURES, requires_grad=True)
    boxes = [jtorch.zeros(0, 4, dtype=jtorch.float64, requires_grad=True)] * 2
    for pool in (ops.roi_align, ops.roi_pool, ops.ps_roi_align, ops.ps_roi_pool):
        found = pool(x, boxes, 2)
        assert found.shape == (0, 12 if "ps" not in pool.__name__ else 3, 2, 2)
    found.sum().backward()
    assert boxes[0].grad is None
    with pytest.raises(AssertionError, match="The boxes tensor shape is not correct as Tensor"):
        ops.roi_align(x, jtorch.zeros(3, 4), 2)
    with pytest.raises(RuntimeError, match="input channels must be a multiple of pooling height"):
        ops.ps_roi_pool(x, jtorch.zeros(3, 5), 5)


def test_maximum_goes_to_the_first_of_equals():
    x = jtorch.ones(1, 1, 3, 3, requires_grad=True)
    ops.roi_pool(x, [jtorch.tensor([[0.0, 0.0, 2.0, 2.0]])], 1).sum().backward()
    assert x.grad.flatten().tolist() == [1.0] + [0.0] * 8


def test_levels_of_a_pyramid():
    """Regions come from the map of their level, whether read by one operation or map by map."""
    random = np.random.RandomState(2)
    maps = OrderedDict((name, jtorch.tensor(random.randn(2, 3, n, n))) for name, n in (("a", 32), ("b", 16), ("c", 8)))
    boxes = [jtorch.tensor([[0.0, 0, 20, 20], [0, 0, 124, 120]]).double(), jtorch.tensor([[8.0, 8, 70, 60]]).double()]
    rows = np.concatenate([np.insert(b.numpy(), 0, i, 1) for i, b in enumerate(boxes)])
    levels = [0, 2, 1]  # by eq. 1 with a scale of 56 at level 3
    for ratio in (2, -1):
        pool = ops.MultiScaleRoIAlign(["a", "b", "c"], 2, ratio, canonical_scale=56, canonical_level=3)
        found = pool(maps, boxes, [(128, 128), (128, 120)])
        expected = [
            aligned(maps["abc"[level]].numpy(), row[None], (2, 2), 2.0 ** (-2 - level), ratio, 0, 1)[0]
            for row, level in zip(rows, levels, strict=True)
        ]
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9)


def boxes_of(seed: int, count: int) -> np.ndarray:
    random = np.random.RandomState(seed)
    corner = random.rand(count, 2) * 20
    return np.concatenate([corner, corner + 1 + random.rand(count, 2) * 12], 1)


@pytest.mark.parametrize("threshold", [0.2, 0.6])
def test_suppression(threshold):
    boxes, scores = boxes_of(0, 60), np.random.RandomState(1).rand(60)
    kinds = np.arange(60) % 3
    found = ops.nms(jtorch.tensor(boxes), jtorch.tensor(scores), threshold)
    assert found.dtype == jtorch.int64
    assert found.tolist() == suppressed(boxes, scores, threshold)
    kept = [i for kind in range(3) for i in (np.flatnonzero(kinds == kind)[k] for k in suppressed(boxes[kinds == kind], scores[kinds == kind], threshold))]  # fmt: skip
    kept = sorted(kept, key=lambda i: -scores[i])
    assert ops.batched_nms(*map(jtorch.tensor, (boxes, scores, kinds)), threshold).tolist() == kept
    copies = 20  # more than a thousand boxes are compared category by category
    many = [np.concatenate([a] * copies) for a in (boxes, scores)]
    apart = np.concatenate([kinds + 3 * copy for copy in range(copies)])
    assert len(ops.batched_nms(*map(jtorch.tensor, (*many, apart)), threshold)) == copies * len(kept)


def test_suppression_of_nothing():
    assert ops.nms(jtorch.zeros(0, 4), jtorch.zeros(0), 0.5).shape == (0,)
    assert ops.batched_nms(jtorch.zeros(0, 4), jtorch.zeros(0), jtorch.zeros(0), 0.5).shape == (0,)
    with pytest.raises(RuntimeError, match="boxes should have 4 elements in dimension 1, got 5"):
        ops.nms(jtorch.zeros(1, 5), jtorch.zeros(1), 0.5)


@pytest.mark.parametrize(
    ("groups", "parts", "stride", "padding", "dilation"), [(1, 1, 1, 0, 1), (2, 2, (2, 1), (1, 2), (1, 2))]
)
def test_deformable_convolution(groups, parts, stride, padding, dilation):
    random = np.random.RandomState(0)
    layer = ops.DeformConv2d(4, 6, (3, 2), stride, padding, dilation, groups).double()
    settings = [pair if isinstance(pair, tuple) else (pair, pair) for pair in (stride, padding, dilation)]
    out = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in zip((6, 7), (3, 2), *settings, strict=True)]
    x, offset = random.randn(2, 4, 6, 7), random.randn(2, 12 * parts, *out)
    mask = random.rand(2, 6 * parts, *out)
    given = [jtorch.tensor(value, requires_grad=True) for value in (x, offset, mask)]
    found = layer(*given)
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    np.testing.assert_allclose(
        found.detach().numpy(), deformed(x, offset, weight, bias, mask, *settings), rtol=1e-8, atol=1e-10
    )
    found.sum().backward()
    step = 1e-6
    for position, value in enumerate((x, offset, mask)):
        direction = random.randn(*value.shape)
        moved = [jtorch.tensor(v + (step * direction if i == position else 0)) for i, v in enumerate((x, offset, mask))]
        change = (layer(*moved).sum() - found.sum()).item() / step
        np.testing.assert_allclose((given[position].grad.numpy() * direction).sum(), change, rtol=1e-3, atol=1e-3)
    with pytest.raises(RuntimeError, match="offset output dims"):
        layer(given[0], given[1][..., 1:], given[2])


def test_turned_boxes_overlap():
    random = np.random.RandomState(0)
    a, b = (
        np.c_[random.rand(n, 2) * 9 + 50, random.rand(n, 2) * 8 + 0.5, random.randint(-8, 9, n) * 45] for n in (8, 6)
    )
    a[:2], a[2:4, :4], a[4:6, :2], a[6:, 4] = b[:2], b[2:4, :4], b[4:6, :2], [11.3, -77]
    expected = [[turned_overlap(x, y) for y in b] for x in a]
    a, b = jtorch.tensor(a), jtorch.tensor(b)
    found = ops.box_iou(a, b, fmt="cxcywhr")
    assert found.dtype == jtorch.float32
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)
    for fmt in ("xywhr", "xyxyxyxy"):
        x, y = (ops.box_convert(boxes, "cxcywhr", fmt)[None] for boxes in (a, b))
        np.testing.assert_allclose(ops.box_iou(x, y, fmt=fmt).numpy()[0], expected, atol=1e-5)
    empty = jtorch.tensor([[55.0, 55, 0, 4, 3]], requires_grad=True)
    nothing = ops.box_iou(empty, b.float(), fmt="cxcywhr")
    nothing.sum().backward()
    assert not nothing.any() and not empty.grad.any()


# ------------------------------------------------------------------------------------------------ with torchvision

A, B = boxes_of(3, 5).astype(np.float32), boxes_of(4, 5).astype(np.float32)
TURNED = np.array([[10, 12, 4, 6, 30.0], [5, 6, 2, 3, -80]], np.float32)
MASKS = np.random.RandomState(5).rand(3, 5, 6) > 0.8
MASKS[1] = False
UPRIGHT = ("xyxy", "xywh", "cxcywh")
WAYS = [(a, b) for formats in (UPRIGHT, ("cxcywhr", "xywhr", "xyxyxyxy")) for a in formats for b in formats]


def converted(torch, o, boxes, start, end):
    first = "xyxy" if start in UPRIGHT else "cxcywhr"
    there = o.box_convert(torch.tensor(boxes), first, start)
    return o.box_convert(there, start, end), o.box_convert(there.int(), start, end)


def losses(torch, name, o):
    a, b = (torch.tensor(boxes, requires_grad=True) for boxes in (A, B))
    loss = getattr(o, name)
    total = loss(a, b, reduction="sum") + loss(a, b).mean() + loss(a[:0], b[:0], reduction="mean")
    total.backward()
    return loss(a, b), a.grad, b.grad


def focal(torch, o):
    x = torch.tensor(A, requires_grad=True)
    y = (torch.tensor(B) > 10).float()
    o.sigmoid_focal_loss(x, y, alpha=0.3, gamma=1.5, reduction="mean").backward()
    return o.sigmoid_focal_loss(x, y), o.sigmoid_focal_loss(x, y, alpha=-1, reduction="sum"), x.grad


def dropped(torch, o):
    torch.manual_seed(0)
    return o.drop_block2d(torch.ones(2, 3, 7, 8), 0.3, 3), o.DropBlock3d(0.2, 3)(torch.ones(1, 2, 5, 6, 7))


def pyramid(torch, o, extra):
    torch.manual_seed(0)
    module = __import__(o.__name__ + ".feature_pyramid_network", fromlist=["x"])
    block = {"pool": module.LastLevelMaxPool, "p6p7": lambda: module.LastLevelP6P7(6, 5)}[extra]()
    net = o.FeaturePyramidNetwork([4, 6], 5, block, norm_layer=torch.nn.BatchNorm2d if extra == "pool" else None)
    random = np.random.RandomState(0)
    maps = OrderedDict(
        (name, torch.tensor(random.randn(1, c, n, n).astype(np.float32))) for name, c, n in (("a", 4, 9), ("b", 6, 5))
    )
    found = net(maps)
    return " ".join([*found, repr(net), *net.state_dict()]), *found.values(), *net.parameters()


REFERENCE_ROWS = {
    "area": lambda torch, o: [o.box_area(torch.tensor(A), fmt) for fmt in UPRIGHT] + [o.box_area(torch.tensor(A).to(torch.uint8))],
    "iou": lambda torch, o: [o.box_iou(torch.tensor(A), torch.tensor(B), fmt=fmt) for fmt in UPRIGHT],
    "iou of whole numbers": lambda torch, o: [o.box_iou(torch.tensor(A).int(), torch.tensor(B).int())],
    "iou in batches": lambda torch, o: [o.box_iou(torch.tensor(A)[None], torch.tensor(B)[None, :3])],
    "generalized": lambda torch, o: [o.generalized_box_iou(torch.tensor(A), torch.tensor(B))],
    "distance": lambda torch, o: [o.distance_box_iou(torch.tensor(A), torch.tensor(B))],
    "complete": lambda torch, o: [o.complete_box_iou(torch.tensor(A), torch.tensor(B))],
    "clip": lambda torch, o: [o.clip_boxes_to_image(torch.tensor(A), (15, 18)), o.clip_boxes_to_image(torch.tensor(A)[None].int(), (15, 18))],
    "small": lambda torch, o: [o.remove_small_boxes(torch.tensor(A), 6.0)],
    "masks": lambda torch, o: [o.masks_to_boxes(torch.tensor(MASKS)), o.masks_to_boxes(torch.zeros(0, 4, 4))],
    "generalized loss": lambda torch, o: losses(torch, "generalized_box_iou_loss", o),
    "distance loss": lambda torch, o: losses(torch, "distance_box_iou_loss", o),
    "complete loss": lambda torch, o: losses(torch, "complete_box_iou_loss", o),
    "focal loss": focal,
    "drop block": dropped,
    "pyramid": lambda torch, o: pyramid(torch, o, "pool"),
    "pyramid with levels": lambda torch, o: pyramid(torch, o, "p6p7"),
    "reprs": lambda torch, o: [
        " ".join(
            map(
                repr,
                (
                    o.RoIAlign(2, 1.0, 2), o.RoIPool((2, 3), 0.5), o.PSRoIAlign(2, 1.0, -1), o.PSRoIPool(2, 1.0),
                    o.MultiScaleRoIAlign(["0"], 7, 2), o.DropBlock2d(0.1, 3), o.DropBlock3d(0.1, 3, True),
                    o.DeformConv2d(4, 6, 3), o.DeformConv2d(4, 6, (3, 1), 2, (1, 0), 2, 2, False),
                ),
            )
        )
    ],
    "initial weights": lambda torch, o: (torch.manual_seed(1), *o.DeformConv2d(4, 6, 3).parameters())[1:],
} | {
    f"{start} to {end}": lambda torch, o, start=start, end=end: converted(torch, o, A if start in UPRIGHT else TURNED, start, end)
    for start, end in WAYS
}  # fmt: skip


@pytest.mark.reference
@pytest.mark.parametrize("name", REFERENCE_ROWS)
def test_equals_torchvision(name):
    torch, torchvision = load_torchvision()
    found, expected = REFERENCE_ROWS[name](jtorch, ops), REFERENCE_ROWS[name](torch, torchvision.ops)
    for a, b in zip(found, expected, strict=True):
        if isinstance(b, str):
            assert a == b
            continue
        assert str(a.dtype).replace("jtorch", "torch") == str(b.dtype)
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=2e-5, atol=2e-5)


ERRORS = (
    (lambda torch, o: o.box_convert(torch.zeros(1, 4), "xyxy", "x"), ValueError),
    (lambda torch, o: o.box_convert(torch.zeros(1, 4), "xyxy", "xywhr"), NotImplementedError),
    (lambda torch, o: o.box_area(torch.zeros(1, 4), "x"), ValueError),
    (lambda torch, o: o.box_iou(torch.zeros(1, 4), torch.zeros(1, 4), "x"), ValueError),
    (lambda torch, o: o.sigmoid_focal_loss(torch.zeros(1), torch.zeros(1), alpha=2), ValueError),
    (lambda torch, o: o.generalized_box_iou_loss(torch.zeros(1, 4), torch.zeros(1, 4), "x"), ValueError),
    (lambda torch, o: o.drop_block2d(torch.zeros(1, 1, 4, 4), 2.0, 1), ValueError),
    (lambda torch, o: o.drop_block2d(torch.zeros(1, 4, 4), 0.5, 1), ValueError),
    (lambda torch, o: o.drop_block3d(torch.zeros(1, 1, 4, 4, 4), 0.5, 2), ValueError),
    (lambda torch, o: o.DeformConv2d(3, 4, 1, groups=2), ValueError),
    (lambda torch, o: o.FeaturePyramidNetwork([0], 4), ValueError),
    (
        lambda torch, o: o.MultiScaleRoIAlign(["a"], 2, 2)({"a": torch.zeros(1, 1, 2, 2)}, [torch.zeros(1, 4)], []),
        ValueError,
    ),
)


@pytest.mark.parametrize(("call", "kind"), ERRORS)
def test_errors(call, kind):
    with pytest.raises(kind):
        call(jtorch, ops)


@pytest.mark.reference
@pytest.mark.parametrize(("call", "kind"), ERRORS)
def test_errors_are_torchvisions(call, kind):
    torch, torchvision = load_torchvision()
    with pytest.raises(kind) as expected:
        call(torch, torchvision.ops)
    with pytest.raises(kind) as found:
        call(jtorch, ops)
    assert str(found.value) == str(expected.value)


def test_older_pyramids_load():
    new = ops.FeaturePyramidNetwork([4], 5)
    older = {name.replace(".0.0.", ".0."): value for name, value in new.state_dict().items()}
    other = ops.FeaturePyramidNetwork([4], 5)
    other.load_state_dict(older)
    assert other.inner_blocks[0][0].weight.equal(new.inner_blocks[0][0].weight)
    assert isinstance(other, jtorch.nn.Module)
    assert pyramids.ExtraFPNBlock in pyramids.LastLevelP6P7.__mro__
