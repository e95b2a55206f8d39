"""Cross entropy of a linear layer, whole and a few samples at a time."""
import torch
import torch.nn.functional as F
from torch import nn


def numbers(*shape, by=1.7):
    n = 1
    for size in shape:
        n *= size
    return torch.sin(torch.arange(float(n)) * by).reshape(shape).requires_grad_()


def refusal(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0]


x, w, b, t = numbers(7, 3), numbers(4, 3, by=2.3), numbers(4, by=0.9), torch.tensor([0, 3, 1, -100, 2, 2, 0])
scale = torch.tensor([1.0, 0.5, 2.0, 0.25])
options = nn.LinearCrossEntropyOptions(batch_chunk_size=3, allow_retain_graph=True)

# --- whole
[(loss := F.linear_cross_entropy(x, w, t, linear_bias=b, weight=scale, reduction=r), torch.autograd.grad(loss.sum(), (x, w, b))) for r in ("mean", "sum", "none")]
# --- in pieces
results = []
for reduction in ("mean", "sum", "none"):
    loss = F.linear_cross_entropy(x, w, t, linear_bias=b, weight=scale, reduction=reduction, options=options)
    results.append((loss.detach(), torch.autograd.grad(loss.sum(), (x, w, b))))
results
# --- one sample
[F.linear_cross_entropy(x[0], w, torch.tensor(1), reduction=r, options=o).detach() for r in ("mean", "sum", "none") for o in (None, options)]
# --- a loss for each position
loss = F.linear_cross_entropy(x, numbers(4, 2, 3), torch.tensor([[0, 1], [2, 3], [1, 1], [0, 0], [3, 2], [2, 2], [1, 0]]), linear_bias=numbers(4, 2), label_smoothing=0.1)
[loss, torch.autograd.grad(loss, x)]
# --- probabilities
F.linear_cross_entropy(x, w, numbers(7, 4).detach().softmax(1))
# --- half precision
[F.linear_cross_entropy(x.half(), w.half(), t, options=o).dtype for o in (None, options)]
# --- options are ignored
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    loss = F.linear_cross_entropy(x, w, t, label_smoothing=0.1, options=options)
[loss, [str(c.message) for c in caught]]
# --- nothing to count
[F.linear_cross_entropy(x, w, torch.full((7,), -100), reduction=r, options=options).detach() for r in ("mean", "sum", "none")]
# --- layer
torch.manual_seed(0)
layer = nn.LinearCrossEntropyLoss(3, 4, out_features=(2,), bias=True, weight=scale, ignore_index=3)
target = torch.tensor([[0, 1], [2, 3], [1, 1], [0, 0], [3, 2], [2, 2], [1, 0]])
print(layer, nn.LinearCrossEntropyLoss(3, 4, options=options))
[{k: v for k, v in layer.state_dict().items()}, layer(x, target)]
# --- refusals
calls = [
    lambda: F.linear_cross_entropy(x[None], w, t), lambda: F.linear_cross_entropy(x, w[0], t), lambda: F.linear_cross_entropy(x, w[:, :2], t), lambda: F.linear_cross_entropy(x, w, t, linear_bias=b[:3]),
    lambda: F.linear_cross_entropy(x[0], numbers(4, 2, 3), t), lambda: F.linear_cross_entropy(x, w, numbers(7, 4), ignore_index=1), lambda: F.linear_cross_entropy(x, w, torch.full((7,), 9), options=options),
    lambda: F.linear_cross_entropy(x, w.double(), t, options=options), lambda: F.linear_cross_entropy(x, w, t, reduction="foo"), lambda: F.linear_cross_entropy(x, w, t, options=nn.LinearCrossEntropyOptions(acc_dtype=torch.float64)),
    lambda: nn.LinearCrossEntropyLoss(3, 4, weight=scale[:3]), lambda: nn.LinearCrossEntropyLoss(3, 4, label_smoothing=2.0),
    lambda: nn.LinearCrossEntropyOptions(acc_policy="x"), lambda: nn.LinearCrossEntropyOptions(chunking_method="aspect_ratio:0"), lambda: nn.LinearCrossEntropyOptions(batch_chunk_size=0), lambda: nn.LinearCrossEntropyOptions(acc_dtype=torch.int32),
    lambda: F.linear_cross_entropy(x, w, t, options=nn.LinearCrossEntropyOptions(chunking_method="aspect_ratio", batch_chunk_size=2)),
]
[refusal(c) for c in calls]
# --- options
[nn.LinearCrossEntropyOptions(), nn.LinearCrossEntropyOptions()._adjust(1000, 64, 5000, torch.float32), nn.LinearCrossEntropyOptions(chunking_method="aspect_ratio:4")._adjust(1000, 64, 5000, torch.bfloat16, torch.device("cpu")), nn.LinearCrossEntropyOptions()._adjust(100, 64, 5000, torch.float16, torch.device("cpu"))]
