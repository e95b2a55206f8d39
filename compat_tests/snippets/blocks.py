"""Padding, sliding blocks, shuffles, one-hot rows, linear maps and distances: values, gradients, names of nodes, refusals."""
import torch
import torch.nn.functional as F
from torch import nn


def numbers(*shape, by=1.7):
    n = 1
    for s in shape:
        n *= s
    return torch.sin(torch.arange(float(n)) * by).view(shape).requires_grad_()


def with_gradient(y, *xs):
    grads = torch.autograd.grad((y * torch.cos(torch.arange(float(y.numel())).view(y.shape))).sum(), xs)
    return [y, *(g.contiguous() for g in grads)]


def refusal(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0]

o, r = torch.ones, numbers

# --- pad modes
[with_gradient(F.pad(x, (1, 2, 2, 1, 1, 0)[: 2 * n], mode), x) for mode in ("constant", "reflect", "replicate", "circular") for n, x in ((1, r(2, 4)), (1, r(1, 2, 4)), (2, r(2, 3, 4)), (2, r(1, 2, 3, 4)), (3, r(2, 2, 3, 4)), (3, r(1, 2, 2, 3, 4)))]
# --- pad negative
x = r(1, 2, 4, 5)
[with_gradient(F.pad(x, (-1, 1, 2, -1), mode), x) for mode in ("constant", "reflect", "replicate", "circular")]
# --- pad values
[F.pad(o(2), (1, 1), value=2.5), F.pad(torch.arange(3), (1, 2), value=7), F.pad(o(2).bool(), (1, 1)), F.pad(o(2).bool(), (1, 1), value=True), F.pad(torch.arange(3), (1, 1), value=2.5), F.pad(o(2), (1, 1), value=float("inf")), F.pad(o(2, dtype=torch.complex64), (1, 0))]
# --- pad refusals
calls = [
    lambda: F.pad(r(2, 3), (1, 1, 1)), lambda: F.pad(r(2, 3), (1,) * 6), lambda: F.pad(r(2, 3), (1, 1), "foo"), lambda: F.pad(r(2, 3), (1, 1), "reflect", 3.0), lambda: F.pad(r(2, 3), (3, 1), "reflect"), lambda: F.pad(r(2, 3), (-4, 0)), lambda: F.pad(r(2, 3), (-2, -2)),
    lambda: F.pad(r(2, 3), (4, 1), "circular"), lambda: F.pad(r(3), (1, 1), "reflect"), lambda: F.pad(r(1, 1, 2, 3), (1, 1, 2, 1), "reflect"), lambda: F.pad(r(1, 1, 2, 3), (1, 1), "reflect"), lambda: F.pad(r(1, 1, 0, 3), (1,) * 4, "replicate"), lambda: F.pad(r(2, 3), (1, 1.5)), lambda: F.pad(r(2, 3), 1),
    lambda: F.pad(o(2, 3), (1, 1), value="a"), lambda: F.pad(r(2, 3), (-2, -2), "reflect"), lambda: F.pad(r(2, 3), (-2, -2), "replicate"), lambda: F.pad(o(2, 3).long(), (1, 1), "reflect"), lambda: F.pad(o(2, 3).bool(), (1, 1), "reflect"), lambda: F.pad(r(2, 2, 3, 4), (1, 1), "circular"),
    lambda: F.pad(r(2, 3), (0, 0)), lambda: F.pad(r(2, 3), (-3, 0)), lambda: F.pad(r(2, 3), ()), lambda: F.pad(r(2, 3), (1, 1), "replicate", 0.0), lambda: F.pad(r(2, 3), (-2, 0, -3, 1)),
]
[refusal(c) for c in calls]
# --- unfold and fold
x, y = r(2, 2, 5, 6), r(2, 8, 20)
[with_gradient(F.unfold(x, *a), x) for a in ((2,), ((2, 3), 1, (1, 0), (2, 1)), (2, 2, 1, 3))] + [with_gradient(F.fold(y, (5, 6), 2), y), F.fold(y[0], (5, 6), 2), F.fold(F.unfold(x, 3, padding=1, stride=2), (5, 6), 3, padding=1, stride=2), F.unfold(x[0], 2), nn.Unfold(2)(x).shape, nn.Fold((5, 6), 2)(y).sum()]
# --- fold refusals
calls = [
    lambda: F.fold(r(1, 8, 8), (4, 4), 2), lambda: F.fold(r(1, 7, 9), (4, 4), 2), lambda: F.unfold(r(1, 2, 4, 4), 5), lambda: F.fold(r(2), (4, 4), 2), lambda: F.unfold(r(1, 2, 4, 4), (2, 2, 2)), lambda: F.unfold(r(1, 2, 4, 4), 2, stride=0), lambda: F.unfold(r(1, 2, 4, 4), 0),
    lambda: F.unfold(r(1, 2, 4, 4), 2, padding=-1), lambda: F.unfold(r(1, 2, 4, 4), 2, dilation=0), lambda: F.fold(r(1, 8, 9), 4, 2), lambda: F.unfold(o(1, 2, 4, 4).long(), 2),
]
[refusal(c) for c in calls]
# --- shuffles
x, y = r(1, 8, 2, 3), r(1, 2, 4, 6)
[with_gradient(F.pixel_shuffle(x, 2), x), with_gradient(F.pixel_unshuffle(y, 2), y), with_gradient(F.channel_shuffle(x, 4), x), F.pixel_shuffle(x[0], 2), nn.PixelShuffle(2)(x).shape, nn.ChannelShuffle(2)(x)[0, :, 0, 0], torch.pixel_shuffle(x, 2).shape, torch.channel_shuffle(x, 2).shape]
# --- shuffle refusals
calls = [
    lambda: F.pixel_shuffle(r(1, 3, 2, 2), 2), lambda: F.pixel_shuffle(r(1, 3), 2), lambda: F.pixel_unshuffle(r(1, 1, 3, 4), 2), lambda: F.pixel_unshuffle(r(1, 1, 4, 3), 2), lambda: F.channel_shuffle(r(1, 4, 2, 2), 3), lambda: F.channel_shuffle(r(4, 2), 2), lambda: F.pixel_shuffle(r(1, 4, 2, 2), -2),
    lambda: F.pixel_unshuffle(r(1, 4, 2, 2), -2), lambda: F.channel_shuffle(r(1, 4, 2, 2), 0),
]
[refusal(c) for c in calls]
# --- one_hot
t = torch.tensor
calls = [
    lambda: F.one_hot(t([0, 2])), lambda: F.one_hot(t([[0, 2], [1, 0]]), 4), lambda: F.one_hot(t(1), 3), lambda: F.one_hot(t([0.0, 1.0])), lambda: F.one_hot(t([0, 5]), 3), lambda: F.one_hot(t([0, -5]), 3), lambda: F.one_hot(t([0, 5]), -2), lambda: F.one_hot(t([], dtype=torch.int64)),
    lambda: F.one_hot(t([], dtype=torch.int64), 3), lambda: F.one_hot(t([1], dtype=torch.int32)), lambda: F.one_hot(t([1]), 0), lambda: F.one_hot(t([0, -5])),
]
[refusal(c) for c in calls]
# --- linear
[with_gradient(F.linear(x, w, b), x, w, *([] if b is None else [b])) for w in (r(5, 3, by=0.6),) for b in (None, r(5, by=0.3)) for x in (r(3), r(2, 3), r(2, 2, 3), r(1, 2, 2, 3))] + [F.linear(r(2, 3), w, o(1)) for w in (r(5, 3),)]
# --- linear by a vector
[with_gradient(F.linear(x, w), x, w) for x, w in ((r(3), r(3, by=0.6)), (r(2, 3), r(3, by=0.6)), (r(2, 2, 3), r(3, by=0.6)))]
# --- linear refusals
calls = [lambda: F.linear(r(2, 3), r(5, 4)), lambda: F.linear(r(2, 3), r(5, 3), r(4)), lambda: F.linear(r(2, 2, 3), r(5, 4)), lambda: F.linear(r(3), r(5, 4)), lambda: F.linear(r(2, 2, 3), r(5, 3), r(4)), lambda: F.linear(r(2, 3), r(5, 3).double()), lambda: F.linear(o(2, 3).long(), r(5, 3))]
[refusal(c) for c in calls]
# --- bilinear
a, b, w, c = r(2, 3), r(2, 4, by=0.6), r(5, 3, 4, by=0.3), r(5)
[with_gradient(F.bilinear(a, b, w), a, b, w), with_gradient(F.bilinear(a, b, w, c), a, b, w, c), F.bilinear(a[0], b[0], w), F.bilinear(r(2, 2, 3), r(2, 2, 4), w, c), torch.bilinear(a, b, w)]
# --- bilinear refusals
w = r(5, 3, 4)
calls = [lambda: F.bilinear(r(2, 3), r(3, 4), w), lambda: F.bilinear(r(2, 3), r(2, 3), w), lambda: F.bilinear(r(2, 2), r(2, 4), w), lambda: F.bilinear(r(2, 3), r(2, 4), w, r(4)), lambda: F.bilinear(r(2, 3), r(7, 2, 4), w)]
[refusal(c) for c in calls]
# --- distances
a, b = r(2, 3), r(2, 3, by=0.6)
[with_gradient(F.pairwise_distance(a, b, p, keepdim=k), a, b) for p in (2, 1, 3.5, float("inf")) for k in (False, True)] + [with_gradient(F.cosine_similarity(a, b), a, b), with_gradient(F.cosine_similarity(a, b, dim=0), a, b), with_gradient(F.normalize(a), a), with_gradient(F.normalize(a, p=1, dim=0), a), F.pairwise_distance(a, b[0]), F.cosine_similarity(a, b[:1]), F.cosine_similarity(torch.zeros(2), o(2), dim=0), F.normalize(torch.zeros(2, 2)), torch.pairwise_distance(a, b), nn.PairwiseDistance(p=1)(a, b), nn.CosineSimilarity(dim=1)(a, b)]
# --- pdist
a = r(4, 3)
[with_gradient(F.pdist(a, p), a) for p in (2, 1, 3, float("inf"), 0)]
# --- distance refusals
calls = [lambda: F.pairwise_distance(r(2, 3), r(2, 4)), lambda: F.cosine_similarity(r(2, 3), r(2, 4)), lambda: F.cosine_similarity(o(2, 3).long(), o(2, 3).long()), lambda: F.cosine_similarity(r(2, 3), r(2, 3), dim=5), lambda: F.pdist(r(3)), lambda: F.pdist(r(3, 2), -1)]
[refusal(c) for c in calls]
