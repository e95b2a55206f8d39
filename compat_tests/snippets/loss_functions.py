"""Losses in detail: gradients of every operand, second gradients, all reductions, names of nodes, refusals."""
import torch
import torch.nn.functional as F
from torch import nn


def numbers(*shape, by=1.7, dtype=torch.float32):
    n = 1
    for s in shape:
        n *= s
    return torch.sin(torch.arange(n, dtype=torch.float64) * by).to(dtype).view(shape).requires_grad_()


def all_reductions(loss, *xs):
    seen = []
    for reduction in ("none", "mean", "sum"):
        y = loss(*xs, reduction=reduction)
        wanted = [x for x in xs if x.requires_grad]
        weight = torch.cos(torch.arange(float(y.numel()), dtype=y.dtype).view(y.shape))
        seen.append([y, *(g.contiguous() for g in torch.autograd.grad((y * weight).sum(), wanted))])
    return seen


def second(loss, *xs):
    wanted = [x for x in xs if x.requires_grad]
    grads = torch.autograd.grad(loss(*xs), wanted, create_graph=True)
    total = sum((g * g).sum() for g in grads)
    return [g.contiguous() for g in torch.autograd.grad(total, wanted)]


def refusal(call):
    try:
        out = call()
        out.tolist()
        return out
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0]

a, b = numbers(3, 4), numbers(3, 4, by=0.6)
a64, b64 = numbers(3, 4, dtype=torch.float64), numbers(3, 4, by=0.6, dtype=torch.float64)
labels = torch.tensor([1, 3, 0])
o, t = torch.ones, torch.tensor

# --- mse l1 smooth_l1 huber
[all_reductions(f, a, b) for f in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss)] + [all_reductions(lambda x, y, reduction: F.smooth_l1_loss(x, y, beta=0.3, reduction=reduction), a, b), all_reductions(lambda x, y, reduction: F.huber_loss(x, y, delta=0.3, reduction=reduction), a, b), F.smooth_l1_loss(a, b, beta=0.0), F.smooth_l1_loss(a, b, beta=0)]
# --- mse and others second gradients
[second(f, a64, b64) for f in (F.mse_loss, F.smooth_l1_loss, F.huber_loss, lambda x, y: F.l1_loss(x, y).square())]
# --- mse and others weighted
w = numbers(3, 4, by=0.2).abs().detach()
[all_reductions(lambda x, y, reduction: f(x, y, reduction=reduction, weight=w), a, b) for f in (F.mse_loss, F.l1_loss, F.huber_loss)]
# --- mse of integers and of mixed dtypes
[refusal(c) for c in (lambda: F.mse_loss(t([1, 2]), t([2, 2])), lambda: F.mse_loss(a, b.double()), lambda: F.mse_loss(a, t([1, 2, 3, 4]).expand(3, 4)), lambda: F.l1_loss(t([1, 2]), t([2, 4])), lambda: F.l1_loss(t([1, 2]), t([2, 4]), reduction="sum"), lambda: F.smooth_l1_loss(t([1, 2]), t([2, 4])), lambda: F.smooth_l1_loss(a, b.double()))]
# --- mse of broadcast sizes
[F.mse_loss(a, b[:1]), F.l1_loss(a, b[:, :1]), F.huber_loss(a, b[0]), F.smooth_l1_loss(a, b[0])]
# --- l1 and others where equal
x = torch.zeros(3, requires_grad=True)
[torch.autograd.grad(f(x, torch.zeros(3)), x) for f in (F.l1_loss, F.mse_loss, F.smooth_l1_loss, F.huber_loss)]
# --- smooth_l1 at the joint
x = t([-1.0, 1.0, 0.5], requires_grad=True)
[torch.autograd.grad(f(x, torch.zeros(3), reduction="sum"), x) for f in (F.smooth_l1_loss, F.huber_loss)]
# --- refusals of differences
calls = [
    lambda: F.mse_loss(a, b[:2]), lambda: F.l1_loss(o(2), o(3)), lambda: F.smooth_l1_loss(a, b, beta=-1), lambda: F.huber_loss(a, b, delta=0), lambda: F.mse_loss(a, b, reduction="foo"), lambda: F.huber_loss(a, b, reduction="foo"), lambda: F.mse_loss(a, 1.0),
    lambda: F.smooth_l1_loss(a, b[:2]), lambda: F.huber_loss(a, b[:2]), lambda: F.mse_loss(a, b, weight=o(2)),
]
import warnings
warnings.simplefilter("ignore")
[refusal(c) for c in calls]
# --- cross_entropy
w = t([0.5, 2.0, 1.0, 0.1])
[all_reductions(lambda x, reduction: F.cross_entropy(x, labels, reduction=reduction, **k), a) for k in ({}, {"weight": w}, {"ignore_index": 3}, {"label_smoothing": 0.1}, {"label_smoothing": 0.1, "weight": w}, {"label_smoothing": 0.2, "ignore_index": 3}, {"label_smoothing": 0.2, "ignore_index": 3, "weight": w})]
# --- cross_entropy of probabilities
p = F.softmax(b.detach(), 1).requires_grad_()
w = t([0.5, 2.0, 1.0, 0.1])
[all_reductions(lambda x, y, reduction: F.cross_entropy(x, y, reduction=reduction, **k), a, p) for k in ({}, {"weight": w}, {"label_smoothing": 0.1}, {"label_smoothing": 0.1, "weight": w})]
# --- cross_entropy of images
x = numbers(2, 3, 2, 2)
y = t([[[0, 1], [2, 0]], [[1, 1], [-100, 2]]])
[all_reductions(lambda x, reduction: F.cross_entropy(x, y, reduction=reduction, **k), x) for k in ({}, {"weight": t([1.0, 2.0, 3.0])}, {"label_smoothing": 0.1})] + [F.cross_entropy(x, x.softmax(1).detach())]
# --- cross_entropy unbatched
[all_reductions(lambda x, reduction: F.cross_entropy(x, t(1), reduction=reduction, **k), numbers(4)) for k in ({}, {"label_smoothing": 0.1}, {"weight": t([1.0, 2.0, 3.0, 4.0])})] + [F.cross_entropy(numbers(4), o(4) / 4), F.cross_entropy(numbers(4), t(1), ignore_index=1, reduction="sum")]
# --- cross_entropy second gradients
w = t([0.5, 2.0, 1.0, 0.1], dtype=torch.float64)
[second(lambda x: F.cross_entropy(x, labels), a64), second(lambda x: F.cross_entropy(x, labels, weight=w, label_smoothing=0.1), a64), second(lambda x, y: F.cross_entropy(x, y.softmax(1)), a64, b64)]
# --- cross_entropy of floats doubles and halves
[F.cross_entropy(a64, labels), F.cross_entropy(a.detach().half(), labels), F.cross_entropy(a.detach().bfloat16(), labels), F.cross_entropy(a, labels.byte())]
# --- cross_entropy of nothing
[F.cross_entropy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)), F.cross_entropy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64), reduction="sum"), F.cross_entropy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64), reduction="none")]
# --- cross_entropy refusals
calls = [
    lambda: F.cross_entropy(a, t([1, 2])), lambda: F.cross_entropy(a, t([1, 4, 0])), lambda: F.cross_entropy(a, t([1, -1, 0])), lambda: F.cross_entropy(a, t([1.0, 2.0, 0.0])), lambda: F.cross_entropy(a, labels, weight=o(3)), lambda: F.cross_entropy(a, labels.int()), lambda: F.cross_entropy(a, labels.view(3, 1)),
    lambda: F.cross_entropy(a, labels, label_smoothing=1.5), lambda: F.cross_entropy(a, labels, label_smoothing=-0.5), lambda: F.cross_entropy(a, labels, reduction="foo"), lambda: F.cross_entropy(numbers(4), labels), lambda: F.cross_entropy(numbers(2, 3, 4), torch.zeros(2, 5).long()), lambda: F.cross_entropy(t(1.0), t(0)),
    lambda: F.cross_entropy(a, b.softmax(1), ignore_index=0), lambda: F.cross_entropy(a, labels, weight=o(4).double()), lambda: F.cross_entropy(torch.zeros(3, 4).long(), labels), lambda: F.cross_entropy(numbers(2, 3, 4), torch.zeros(2).long()), lambda: F.cross_entropy(a, o(3, 4).long()), lambda: F.cross_entropy(a, o(3, 5)), lambda: F.cross_entropy(a, b, weight=o(3)),
]
[refusal(c) for c in calls]
# --- nll_loss
y = F.log_softmax(a.detach(), 1).requires_grad_()
w = t([0.5, 2.0, 1.0, 0.1])
[all_reductions(lambda x, reduction: F.nll_loss(x, labels, reduction=reduction, **k), y) for k in ({}, {"weight": w}, {"ignore_index": 3}, {"weight": w, "ignore_index": 1})] + [all_reductions(lambda x, reduction: F.nll_loss(x, t([[0, 1], [2, 0]]), reduction=reduction), numbers(2, 3, 2)), all_reductions(lambda x, reduction: F.nll_loss(x, t([[[0, 1]], [[2, 0]]]), reduction=reduction), numbers(2, 3, 1, 2)), all_reductions(lambda x, reduction: F.nll_loss(x, t([[[[0, 1]]], [[[2, 0]]]]), reduction=reduction), numbers(2, 3, 1, 1, 2)), F.nll_loss(numbers(3), t(1)), F.nll_loss(numbers(3), t([1]))]
# --- nll_loss refusals
calls = [
    lambda: F.nll_loss(a, t([1, 2])), lambda: F.nll_loss(a, t([1, 4, 0])), lambda: F.nll_loss(a, labels, weight=o(3)), lambda: F.nll_loss(a, labels.float()), lambda: F.nll_loss(numbers(3), t([1, 2])), lambda: F.nll_loss(t(1.0), t(0)), lambda: F.nll_loss(numbers(2, 3, 2), torch.zeros(2).long()),
    lambda: F.nll_loss(numbers(2, 3, 2, 2), torch.zeros(2, 2, 3).long()), lambda: F.nll_loss(a, torch.zeros(3, 1).long()), lambda: F.nll_loss(a, labels, reduction="foo"), lambda: F.nll_loss(numbers(2, 3, 2, 2), torch.zeros(2, 2).long()),
]
[refusal(c) for c in calls]
# --- layers with two-dimensional names
m = nn.NLLLoss2d()
m(numbers(2, 3, 1, 2), t([[[0, 1]], [[2, 0]]]))
# --- binary_cross_entropy
p, y = torch.sigmoid(a.detach()).requires_grad_(), torch.sigmoid(b.detach() * 3).requires_grad_()
w = numbers(4, by=0.3).abs().detach()
[all_reductions(F.binary_cross_entropy, p, y), all_reductions(lambda x, y, reduction: F.binary_cross_entropy(x, y, weight=w, reduction=reduction), p, y), second(lambda x: F.binary_cross_entropy(x, torch.sigmoid(b64.detach() * 3), reduction="sum"), torch.sigmoid(a64.detach()).requires_grad_())]
# --- binary_cross_entropy at the ends
x = t([0.0, 1.0, 0.0, 1.0], requires_grad=True)
y = F.binary_cross_entropy(x, t([0.0, 1.0, 1.0, 0.0]), reduction="none")
[y, torch.autograd.grad(y.sum(), x)]
# --- binary_cross_entropy_with_logits
y = torch.sigmoid(b.detach() * 3).requires_grad_()
w, p = numbers(4, by=0.3).abs().detach(), numbers(4, by=0.9).abs().detach()
[all_reductions(lambda x, y, reduction: F.binary_cross_entropy_with_logits(x, y, reduction=reduction, **k), a, y) for k in ({}, {"weight": w}, {"pos_weight": p}, {"weight": w, "pos_weight": p})] + [second(lambda x: F.binary_cross_entropy_with_logits(x, y.detach().double()), a64), F.binary_cross_entropy_with_logits(t([100.0, -100.0, 0.0]), t([0.0, 1.0, 1.0]), reduction="none")]
# --- binary_cross_entropy refusals
p = torch.sigmoid(a.detach())
calls = [
    lambda: F.binary_cross_entropy(p, o(3)), lambda: F.binary_cross_entropy(p, o(3, 4).long()), lambda: F.binary_cross_entropy(p + 1, o(3, 4)), lambda: F.binary_cross_entropy(p, o(3, 4).double()), lambda: F.binary_cross_entropy(p, o(3, 4), weight=o(3)), lambda: F.binary_cross_entropy_with_logits(a, o(3)), lambda: F.binary_cross_entropy_with_logits(a, o(3, 4).long()),
    lambda: F.binary_cross_entropy(p, o(3, 4), reduction="foo"), lambda: F.binary_cross_entropy_with_logits(a, o(3, 4), pos_weight=o(3)), lambda: F.binary_cross_entropy_with_logits(a, o(3, 4).double()), lambda: F.binary_cross_entropy(o(2).long(), o(2).long()), lambda: F.binary_cross_entropy(p, o(3, 4) * 2), lambda: F.binary_cross_entropy_with_logits(a, o(3, 4), weight=o(3)),
]
[refusal(c) for c in calls]
# --- kl_div
q, p = F.log_softmax(a.detach(), 1).requires_grad_(), F.softmax(b.detach(), 1).requires_grad_()
lp = F.log_softmax(b.detach(), 1).requires_grad_()
[all_reductions(F.kl_div, q, p), all_reductions(lambda x, y, reduction: F.kl_div(x, y, reduction=reduction, log_target=True), q, lp), F.kl_div(q, p, reduction="batchmean"), F.kl_div(q, t([[0.0, 0.5, 0.5, 0.0]] * 3), reduction="none"), second(lambda x, y: F.kl_div(x, y, reduction="sum"), a64, b64.softmax(1).detach().requires_grad_())]
# --- poisson and gaussian
y = (b.detach().abs() * 3).requires_grad_()
v = (b.detach().abs() + 0.1).requires_grad_()
[all_reductions(lambda x, y, reduction: F.poisson_nll_loss(x, y, reduction=reduction, **k), a, y) for k in ({}, {"full": True})] + [all_reductions(lambda x, y, reduction: F.poisson_nll_loss(x, y, log_input=False, reduction=reduction), a.detach().abs().requires_grad_(), y)] + [all_reductions(lambda x, y, v, reduction: F.gaussian_nll_loss(x, y, v, reduction=reduction, **k), a, b, v) for k in ({}, {"full": True}, {"eps": 0.5})] + [F.gaussian_nll_loss(a, b, 0.5), F.gaussian_nll_loss(a, b, o(3)), F.gaussian_nll_loss(a, b, o(3, 1) * 2)]
# --- poisson and gaussian refusals
[refusal(c) for c in (lambda: F.gaussian_nll_loss(a, b, -o(3, 4)), lambda: F.gaussian_nll_loss(a, b, -1.0), lambda: F.gaussian_nll_loss(a, b, o(2)), lambda: F.gaussian_nll_loss(a, b, o(3, 4), reduction="foo"), lambda: F.poisson_nll_loss(a, b, reduction="foo"), lambda: F.gaussian_nll_loss(a, b, o(5, 4)))]
# --- margins
s = torch.where(b.detach() > 0, 1.0, -1.0)
i = t([1.0, -1.0, 1.0])
[all_reductions(lambda x, y, reduction: F.margin_ranking_loss(x, y, s, margin=0.3, reduction=reduction), a, b), all_reductions(lambda x, reduction: F.hinge_embedding_loss(x, s, margin=0.5, reduction=reduction), a), all_reductions(lambda x, y, reduction: F.cosine_embedding_loss(x, y, i, margin=0.1, reduction=reduction), a, b), all_reductions(lambda x, reduction: F.soft_margin_loss(x, s, reduction=reduction), a), F.cosine_embedding_loss(a[0], b[0], t(1)), F.margin_ranking_loss(a[0], b[0], s[0])]
# --- margins where equal
x = torch.zeros(2, requires_grad=True)
[torch.autograd.grad(F.margin_ranking_loss(x, torch.zeros(2), o(2)), x), torch.autograd.grad(F.hinge_embedding_loss(x, -o(2), margin=0.0), x)]
# --- margins of classes
w = t([0.5, 2.0, 1.0, 0.1])
multi = t([[3, 0, -1, 1], [2, -1, 0, 0], [0, 1, 2, 3]])
y = (b.detach() > 0).float()
[all_reductions(lambda x, reduction: F.multi_margin_loss(x, labels, reduction=reduction, **k), a) for k in ({}, {"p": 2}, {"margin": 0.4}, {"weight": w}, {"p": 2, "weight": w})] + [all_reductions(lambda x, reduction: F.multilabel_margin_loss(x, multi, reduction=reduction), a), all_reductions(lambda x, reduction: F.multilabel_soft_margin_loss(x, y, reduction=reduction), a), all_reductions(lambda x, reduction: F.multilabel_soft_margin_loss(x, y, weight=w, reduction=reduction), a), F.multi_margin_loss(a[0], t(1)), F.multilabel_margin_loss(a[0], multi[0])]
# --- margins second gradients
s = torch.where(b.detach() > 0, 1.0, -1.0).double()
[second(lambda x: F.soft_margin_loss(x, s), a64), second(lambda x: F.multilabel_soft_margin_loss(x, (s > 0).double()), a64), second(lambda x, y: F.cosine_embedding_loss(x, y, s[:, 0]), a64, b64)]
# --- margin refusals
calls = [
    lambda: F.multi_margin_loss(a, labels, p=3), lambda: F.multi_margin_loss(a, labels, weight=o(3)), lambda: F.multi_margin_loss(a, t([1, 2])), lambda: F.multi_margin_loss(a, t([1, 2, 5])), lambda: F.multilabel_margin_loss(a, t([[0, 1]])), lambda: F.margin_ranking_loss(a, b[0], o(3, 4)), lambda: F.cosine_embedding_loss(a, b, o(3, 4)),
    lambda: F.cosine_embedding_loss(a[0], b, o(3)), lambda: F.triplet_margin_loss(a, b, a, margin=-1), lambda: F.soft_margin_loss(a, o(3)), lambda: F.hinge_embedding_loss(a, o(2)), lambda: F.multilabel_soft_margin_loss(a, o(2, 4)), lambda: F.multilabel_margin_loss(a, t([[9, 0, 0, 0]] * 3)), lambda: F.multi_margin_loss(a, labels, weight=o(2, 2)), lambda: F.cosine_embedding_loss(a, b, o(2)),
    lambda: F.triplet_margin_loss(a, b[0], a), lambda: F.triplet_margin_with_distance_loss(a, b, a[0]), lambda: F.triplet_margin_with_distance_loss(a, b, a, margin=-1),
]
[refusal(c) for c in calls]
# --- triplets
c = numbers(3, 4, by=0.3)
[all_reductions(lambda x, y, z, reduction: F.triplet_margin_loss(x, y, z, reduction=reduction, **k), a, b, c) for k in ({}, {"p": 1, "margin": 0.5}, {"swap": True}, {"p": 3, "eps": 1e-3})] + [all_reductions(lambda x, y, z, reduction: F.triplet_margin_with_distance_loss(x, y, z, reduction=reduction, **k), a, b, c) for k in ({}, {"distance_function": lambda x, y: (x - y).abs().sum(-1), "swap": True})] + [F.triplet_margin_loss(a[0], b[0], c[0]), nn.TripletMarginWithDistanceLoss(margin=0.2)(a, b, c)]
# --- ctc of padded targets
x = numbers(6, 3, 5).log_softmax(2).detach().requires_grad_()
y, n, m = t([[1, 2, 2], [3, 1, 4], [4, 0, 0]]), t([6, 5, 3]), t([3, 2, 1])
[all_reductions(lambda x, reduction: F.ctc_loss(x, y, n, m, reduction=reduction, **k), x) for k in ({}, {"zero_infinity": True})]
# --- ctc of joined targets
x = numbers(6, 3, 5).log_softmax(2).detach().requires_grad_()
[all_reductions(lambda x, reduction: F.ctc_loss(x, t([1, 2, 2, 3, 1, 4]), (6, 5, 3), (3, 2, 1), reduction=reduction), x), F.ctc_loss(x, t([1, 2, 2, 3, 1, 4], dtype=torch.int32), t([6, 5, 3], dtype=torch.int32), t([3, 2, 1], dtype=torch.int32)), F.ctc_loss(x, t([0, 2, 2, 3, 1, 0]), (6, 5, 3), (3, 2, 1), blank=4)]
# --- ctc that cannot be aligned
x = numbers(3, 2, 4).log_softmax(2).detach().requires_grad_()
y = t([[1, 1, 1], [1, 2, 3]])
[all_reductions(lambda x, reduction: F.ctc_loss(x, y, (3, 3), (3, 3), reduction=reduction, zero_infinity=True), x), F.ctc_loss(x, y, (3, 3), (3, 3), reduction="none"), torch.autograd.grad(F.ctc_loss(x, y, (3, 3), (3, 3), reduction="sum"), x)[0].isnan().any()]
# --- ctc of empty targets and one sample
x = numbers(4, 2, 3).log_softmax(2).detach().requires_grad_()
[all_reductions(lambda x, reduction: F.ctc_loss(x, t([[1], [0]]), (4, 3), (1, 0), reduction=reduction), x), F.ctc_loss(x[:, 0], t([1]), t(4), t(1)), F.ctc_loss(x[:, 0], t([1]), (4,), (1,), reduction="none"), nn.CTCLoss()(x, t([[1], [2]]), t([4, 4]), t([1, 1])), F.ctc_loss(x.double(), t([[1], [2]]), (4, 4), (1, 1))]
# --- ctc through softmax
x = numbers(6, 3, 5, dtype=torch.float64)
torch.autograd.grad(F.ctc_loss(x.log_softmax(2), t([[1, 2, 2], [3, 1, 4], [4, 1, 1]]), (6, 5, 3), (3, 2, 1)), x)[0]
# --- ctc refusals
x = numbers(4, 2, 3).log_softmax(2)
calls = [
    lambda: F.ctc_loss(x, t([[1], [2]]), (5, 4), (1, 1)), lambda: F.ctc_loss(x, t([[1], [2]]), (4,), (1, 1)), lambda: F.ctc_loss(x, t([[1], [2]]), (4, 4), (2, 1)), lambda: F.ctc_loss(x, t([1, 2]), (4, 4), (2, 1)), lambda: F.ctc_loss(x, t([[1], [2]]), (4, 4), (1, 1), blank=3), lambda: F.ctc_loss(x, t([[1.0], [2.0]]), (4, 4), (1, 1)),
    lambda: F.ctc_loss(x, t([[1], [2]]), (4, 4), (1, -1)), lambda: F.ctc_loss(x, t([[1], [2]]), (4, 4), (1, 1), reduction="foo"), lambda: F.ctc_loss(x.long(), t([[1], [2]]), (4, 4), (1, 1)), lambda: F.ctc_loss(x, t([[1], [2]]), (4, 4), (1,)), lambda: F.ctc_loss(x, t([[1], [2]]), t([4.0, 4.0]), t([1, 1])),
]
[refusal(c) for c in calls]
