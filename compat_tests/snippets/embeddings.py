"""Embeddings and bags of them: values, gradients, refusals."""
import torch
import torch.nn.functional as F
from torch import nn

w = torch.sin(torch.arange(10.0)).view(5, 2).requires_grad_()
i = torch.tensor([1, 2, 4, 0, 1, 1])
t = torch.tensor


def with_gradient(y, *xs):
    grads = torch.autograd.grad((y * torch.cos(torch.arange(float(y.numel())).view(y.shape))).sum(), xs)
    return [y, *(g.contiguous() for g in grads)]


def refusal(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0]

# --- embedding gradients
[with_gradient(F.embedding(i.view(2, 3), w), w), with_gradient(F.embedding(i, w, padding_idx=1), w), with_gradient(F.embedding(i, w, padding_idx=-1), w), with_gradient(F.embedding(i, w, scale_grad_by_freq=True), w), F.embedding(t(1), w), F.embedding(i.int(), w), torch.embedding(w, i)]
# --- embedding renormalised
x = w.detach().clone()
y = F.embedding(t([1, 3]), x, max_norm=0.5, norm_type=1.0)
[x, y]
# --- embedding_bag
o = t([0, 2, 2, 5])
[with_gradient(F.embedding_bag(i, w, o, mode=m), w) for m in ("sum", "mean", "max")] + [with_gradient(F.embedding_bag(i.view(2, 3), w, mode=m), w) for m in ("sum", "mean", "max")]
# --- embedding_bag options
o, s = t([0, 2, 6]), torch.cos(torch.arange(6.0)).requires_grad_()
[with_gradient(F.embedding_bag(i, w, o, mode=m, include_last_offset=True, padding_idx=1), w) for m in ("sum", "mean", "max")] + [with_gradient(F.embedding_bag(i, w, o[:2], mode="sum", per_sample_weights=s), w, s), with_gradient(F.embedding_bag(i.view(3, 2), w, mode="sum", per_sample_weights=s.view(3, 2)), w, s), F.embedding_bag(i[:0], w, t([0, 0])), F.embedding_bag(i.int(), w, o[:2].int())]
# --- embedding_bag renormalised
x = w.detach().clone()
y = F.embedding_bag(t([1, 3]), x, t([0]), max_norm=0.5)
[x, y]
# --- embedding_bag layer
torch.manual_seed(0)
m = nn.EmbeddingBag(4, 2, mode="sum", padding_idx=0)
[m(t([[1, 0], [2, 3]])), m(t([1, 2, 3]), t([0, 1])), torch.embedding_bag(w, i, t([0, 2]))[0]]
# --- embedding refusals
calls = [
    lambda: F.embedding(t([0.0]), w), lambda: F.embedding(t([9]), w), lambda: F.embedding(t([0]), w, padding_idx=9), lambda: F.embedding(t([0]), w[0]), lambda: F.embedding(t([True]), w), lambda: F.embedding(t([1], dtype=torch.uint8), w), lambda: F.embedding(t([1]), torch.ones(2, 2, 2)),
    lambda: F.embedding_bag(i, w, t([1, 2])), lambda: F.embedding_bag(i, w, t([0, 9])), lambda: F.embedding_bag(t([5]), w, t([0])), lambda: F.embedding_bag(t([1, -1]), w, t([0])), lambda: F.embedding_bag(i.view(2, 3), w, t([0])), lambda: F.embedding_bag(i, w), lambda: F.embedding_bag(i, w, t([[0]])),
    lambda: F.embedding_bag(i.float(), w, t([0])), lambda: F.embedding_bag(i, w, t([0]), mode="foo"), lambda: F.embedding_bag(i, w, t([0]), mode="mean", per_sample_weights=torch.ones(6)), lambda: F.embedding_bag(i, w, t([0]), mode="sum", per_sample_weights=torch.ones(3)), lambda: F.embedding_bag(i, w[0], t([0])),
    lambda: F.embedding_bag(i, w, t([0]), mode="max", scale_grad_by_freq=True), lambda: F.embedding_bag(i, w, t([0]), mode="max", sparse=True), lambda: F.embedding_bag(i.view(1, 2, 3), w), lambda: F.embedding_bag(i, w, t([0.0])), lambda: F.embedding_bag(i, w, t([0, 2]), padding_idx=7),
]
[str(refusal(c)).replace("jtorch.tensor.Tensor", "torch.Tensor") for c in calls]
# --- embedding_bag in the old order
F.embedding_bag(w, i, t([0]))
