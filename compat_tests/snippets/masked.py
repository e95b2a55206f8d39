"""Functions of the elements that a mask marks: torch.masked."""
import torch
from torch import masked

t = torch.tensor([[3.0, -1.0, 2.0], [0.5, 4.0, -2.0]])
mask = torch.tensor([[True, False, True], [False, False, False]])

# --- reductions
[f(t, mask=mask) for f in (masked.sum, masked.prod, masked.amax, masked.amin, masked.mean, masked.logsumexp, masked.norm, masked.var, masked.std)]
# --- along a dimension
[f(t, 1, mask=mask) for f in (masked.sum, masked.prod, masked.amax, masked.amin, masked.mean, masked.logsumexp, masked.var, masked.std, masked.median)]
# --- without a mask
[f(t, (0, 1), keepdim=True) for f in (masked.sum, masked.prod, masked.amax, masked.amin, masked.mean, masked.logsumexp, masked.var, masked.std)]
# --- positions
[masked.argmax(t, 1, mask=mask), masked.argmin(t, mask=mask), masked.argmax(t.int(), 0, mask=mask, keepdim=True)]
# --- cumulative
[masked.cumsum(t, 1, mask=mask), masked.cumprod(t, 0, mask=mask), masked.cumsum(t.int(), 1, mask=mask, dtype=torch.float64)]
# --- normalisations
[f(t, 1, mask=mask) for f in (masked.softmax, masked.log_softmax, masked.softmin)] + [masked.normalize(t, 2, 1, mask=mask), masked.normalize(t, 1, 0)]
# --- norms
[masked.norm(t, ord, 1, mask=mask) for ord in (0, 1, 2, 3.0, float("inf"), -float("inf"))]
# --- two masks
[masked.logaddexp(t, t + 1, input_mask=mask), masked.logaddexp(t, t, input_mask=mask, other_mask=~mask, dtype=torch.float64)]
# --- variances
[masked.var(t, 0, False, mask=mask[:1]), masked.std(t, (0, 1), True, mask=t > 0), masked.var(t.int(), 1), masked.var(t, 1, correction=2)]
# --- dtypes
[masked.sum(t.int(), 1, mask=mask), masked.sum(t > 0, 1, mask=mask), masked.prod(t.to(torch.uint8), mask=mask), masked.amax(t.int(), 1, mask=mask), masked.mean(t, dtype=torch.float64, mask=mask)]
# --- a mask of numbers that broadcasts
masked.sum(t, 1, mask=torch.tensor([0.0, 2.0, 1.0]))
# --- gradients
x = t.clone().requires_grad_()
loss = masked.softmax(x, 1, mask=mask[:1]).pow(2).sum() + masked.var(x, 0, mask=t > 0).nansum() + masked.logsumexp(x, mask=mask)
torch.autograd.grad(loss, x)
# --- nothing counts
[masked.softmax(t, 1, mask=mask), masked.mean(t, 1, mask=mask), masked.median(t, 1, mask=mask)]
# --- mean of integers
masked.mean(t.int())
# --- a dimension twice
masked.sum(t, (0, 0))
# --- a dimension that is not there
masked.amax(t, 2)
# --- too many dimensions in the mask
masked.sum(t, mask=torch.ones(1, 2, 3))
# --- a mask of another shape
masked.sum(t, mask=torch.ones(4))
# --- largest bool
masked.amax(t > 0, 1, mask=mask)
# --- median of integers of which none counts
masked.median(t.int(), 1, mask=mask)
