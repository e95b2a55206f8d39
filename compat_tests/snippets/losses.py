"""Losses: values, reductions, weights, gradients."""
import torch
import torch.nn.functional as F
from torch import nn

logits = torch.tensor([[1.0, 2.0, 0.5], [0.1, -1.0, 3.0]], requires_grad=True)
labels = torch.tensor([1, 2])
a = torch.tensor([[0.2, 0.8], [0.6, 0.5]], requires_grad=True)
b = torch.tensor([[0.0, 1.0], [1.0, 1.0]])

# --- cross_entropy
loss = F.cross_entropy(logits, labels)
loss.backward()
[loss, logits.grad]
# --- cross_entropy reductions
[nn.CrossEntropyLoss(reduction=r)(logits, labels) for r in ("none", "sum", "mean")]
# --- cross_entropy weights and ignore_index
[F.cross_entropy(logits, labels, weight=torch.tensor([1.0, 2.0, 3.0])), F.cross_entropy(logits, torch.tensor([1, -100])), F.cross_entropy(logits, labels, ignore_index=2), F.cross_entropy(logits, labels, label_smoothing=0.1)]
# --- cross_entropy of probabilities
F.cross_entropy(logits, torch.tensor([[0.0, 1.0, 0.0], [0.1, 0.2, 0.7]]))
# --- cross_entropy of images
F.cross_entropy(torch.arange(12.0).view(1, 3, 2, 2) / 10, torch.tensor([[[0, 1], [2, 0]]]))
# --- cross_entropy unbatched
F.cross_entropy(logits[0], torch.tensor(1))
# --- all ignored is nan
F.cross_entropy(logits, torch.tensor([-100, -100]))
# --- nll_loss
y = F.log_softmax(logits, 1)
loss = F.nll_loss(y, labels)
loss.backward()
[loss, logits.grad, nn.NLLLoss(reduction="none")(y, labels), F.nll_loss(y, labels, weight=torch.tensor([1.0, 2.0, 3.0]))]
# --- cross entropy is log_softmax and nll
torch.allclose(F.cross_entropy(logits, labels), F.nll_loss(F.log_softmax(logits, 1), labels))
# --- mse_loss
loss = F.mse_loss(a, b)
loss.backward()
[loss, a.grad, F.mse_loss(a, b, reduction="sum"), nn.MSELoss(reduction="none")(a, b)]
# --- mse_loss size warning
F.mse_loss(torch.ones(2, 1), torch.zeros(2))
# --- l1_loss
loss = F.l1_loss(a, b)
loss.backward()
[loss, a.grad, F.l1_loss(a, b, reduction="none")]
# --- l1_loss at zero
t = torch.zeros(2, requires_grad=True)
F.l1_loss(t, torch.zeros(2)).backward()
t.grad
# --- smooth_l1 and huber
t = torch.tensor([-3.0, -0.5, 0.0, 0.5, 3.0], requires_grad=True)
z = torch.zeros(5)
[F.smooth_l1_loss(t, z, reduction="none"), F.smooth_l1_loss(t, z, beta=2.0), F.huber_loss(t, z, delta=0.5, reduction="none"), torch.autograd.grad(F.smooth_l1_loss(t, z), t), torch.autograd.grad(F.huber_loss(t, z), t)]
# --- bce_loss
loss = F.binary_cross_entropy(a, b)
loss.backward()
[loss, a.grad, F.binary_cross_entropy(a, b, reduction="none"), F.binary_cross_entropy(a, b, weight=torch.tensor([1.0, 2.0]))]
# --- bce_loss at the ends
F.binary_cross_entropy(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 1.0]), reduction="none")
# --- bce_with_logits
loss = F.binary_cross_entropy_with_logits(logits, torch.ones(2, 3))
loss.backward()
[loss, logits.grad, F.binary_cross_entropy_with_logits(logits, torch.zeros(2, 3), pos_weight=torch.tensor([1.0, 2.0, 3.0])), F.binary_cross_entropy_with_logits(torch.tensor([1000.0, -1000.0]), torch.tensor([0.0, 0.0]), reduction="none")]
# --- kl_div
p = torch.tensor([[0.9, 0.05, 0.05], [0.1, 0.7, 0.2]])
q = torch.log(torch.tensor([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]]))
[F.kl_div(q, p, reduction=r) for r in ("sum", "batchmean", "none")] + [F.kl_div(q, p.log(), reduction="sum", log_target=True)]
# --- kl_div of mean warns
nn.KLDivLoss()(torch.tensor([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]]), torch.tensor([[0.9, 0.05, 0.05], [0.1, 0.7, 0.2]]))
# --- poisson_nll
[F.poisson_nll_loss(a, b), F.poisson_nll_loss(a, b, log_input=False), F.poisson_nll_loss(a, b * 3, full=True), nn.PoissonNLLLoss(reduction="none")(a, b)]
# --- gaussian_nll
F.gaussian_nll_loss(a, b, torch.full((2, 2), 0.5))
# --- margin_ranking
[nn.MarginRankingLoss()(a[0], a[1], torch.tensor([1.0, -1.0])), F.margin_ranking_loss(a[0], a[1], torch.tensor([1.0, -1.0]), margin=0.5)]
# --- multi-label losses
[nn.MultiLabelMarginLoss()(torch.tensor([[0.9, 0.2, 0.4, 0.8]]), torch.tensor([[3, 0, -1, 1]])), nn.MultiLabelSoftMarginLoss()(a, b), nn.SoftMarginLoss()(torch.tensor([[0.3, 0.7], [0.5, 0.5]]), torch.tensor([[-1.0, 1.0], [1.0, -1.0]])), nn.MultiMarginLoss()(torch.tensor([[0.3, 0.7], [0.5, 0.5]]), torch.tensor([0, 1]))]
# --- triplet
g = torch.arange(6.0).view(2, 3)
[nn.TripletMarginLoss()(g, g + 1, g - 2), F.triplet_margin_loss(g, g + 1, g - 2, margin=0.5, swap=True), nn.TripletMarginLoss(p=1)(g, g + 1, g * 2)]
# --- hinge and cosine embedding
[nn.HingeEmbeddingLoss()(torch.tensor([[1.0, 0.8, 0.5]]), torch.tensor([[1, 1, -1]])), nn.CosineEmbeddingLoss()(torch.tensor([[0.3, 0.5, 0.7]] * 2), torch.tensor([[0.1, 0.3, 0.5]] * 2), torch.tensor([1.0, -1.0]))]
# --- ctc
torch.manual_seed(0)
lp = torch.randn(5, 2, 4).log_softmax(2).requires_grad_()
loss = F.ctc_loss(lp, torch.tensor([[1, 2], [3, 1]]), torch.tensor([5, 5]), torch.tensor([2, 1]))
loss.backward()
[loss, lp.grad[0], F.ctc_loss(lp, torch.tensor([1, 2, 3]), (5, 4), (2, 1), reduction="none")]
# --- old flags
[nn.MSELoss(size_average=False)(a, b), nn.MSELoss(reduce=False)(a, b)]
# --- old flags both
F.l1_loss(a, b, size_average=True, reduce=True)
# --- grad_fn names of losses
i = torch.tensor([1.0, -1.0])
[nn.L1Loss()(a, b), nn.MSELoss()(a, b), nn.SmoothL1Loss()(a, b), nn.BCELoss()(a, b), nn.CrossEntropyLoss()(logits, labels), nn.PoissonNLLLoss()(a, b), nn.MarginRankingLoss()(a[0], a[1], i), nn.TripletMarginLoss()(a, b, b), nn.HuberLoss()(a, b), nn.BCEWithLogitsLoss()(a, b), nn.HingeEmbeddingLoss()(a, b), nn.SoftMarginLoss()(a, b)]
# --- loss of float64
F.mse_loss(a.double(), b.double())
# --- loss backward through both
t = torch.tensor([1.0], requires_grad=True)
u = torch.tensor([3.0], requires_grad=True)
F.mse_loss(t, u).backward()
F.smooth_l1_loss(t, u).backward()
[t.grad, u.grad]
# --- loss second order
t = torch.tensor([1.0, 2.0], requires_grad=True)
(g,) = torch.autograd.grad(F.mse_loss(t, torch.zeros(2)), t, create_graph=True)
torch.autograd.grad(g.sum(), t)
# --- cross_entropy second order
(g,) = torch.autograd.grad(F.cross_entropy(logits, labels), logits, create_graph=True)
torch.autograd.grad(g.pow(2).sum(), logits)
