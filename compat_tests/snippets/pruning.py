"""Pruning: every method alone and after another, what modules hold meanwhile, removal, refusals."""
import torch
from torch import nn
from torch.nn.utils import prune


def linear():
    torch.manual_seed(3)
    return nn.Linear(4, 3)


def refusal(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error)


ways = {
    "identity": lambda m: prune.identity(m, "weight"), "random": lambda m: prune.random_unstructured(m, "weight", 0.3), "smallest": lambda m: prune.l1_unstructured(m, "weight", 0.5),
    "random rows": lambda m: prune.random_structured(m, "weight", 0.5, 0), "smallest columns": lambda m: prune.ln_structured(m, "weight", 1, 2, 1), "smallest rows": lambda m: prune.ln_structured(m, "weight", 0.67, 1, -2),
    "mask": lambda m: prune.custom_from_mask(m, "weight", torch.arange(12).reshape(3, 4) % 3), "scores": lambda m: prune.l1_unstructured(m, "weight", 2, importance_scores=torch.arange(12.0).reshape(3, 4)),
}

# --- each method
seen = []
for way in ways.values():
    m = linear()
    seen.append([way(m) is m, m.weight.detach(), m.weight_mask, list(m.state_dict()), [n for n, _ in m.named_parameters()], prune.is_pruned(m)])
seen
# --- gradients
m = prune.l1_unstructured(linear(), "weight", 0.5)
m(torch.ones(1, 4)).sum().backward()
m.weight_orig.grad
# --- one after another
seen = []
for first, second in (("smallest", "smallest"), ("smallest", "smallest columns"), ("smallest columns", "random"), ("mask", "random rows")):
    m = linear()
    ways[first](m)
    ways[second](m)
    (hook,) = m._forward_pre_hooks.values()
    seen.append([m.weight_mask, type(hook).__name__, [type(part).__name__ for part in hook]])
seen
# --- removing
m = prune.l1_unstructured(linear(), "bias", 0.5)
masked = m.bias.detach().clone()
prune.remove(m, "bias")
[torch.equal(m.bias, masked), list(m.state_dict()), isinstance(m.bias, nn.Parameter), prune.is_pruned(m), refusal(lambda: prune.remove(m, "bias"))]
# --- nothing and everything
[prune.ln_structured(linear(), "weight", 0, 2, 0).weight_mask, prune.l1_unstructured(linear(), "weight", 0.0).weight_mask, prune.l1_unstructured(linear(), "weight", 1.0).weight.detach()]
# --- several parameters together
net = nn.Sequential(linear(), nn.ReLU(), nn.Linear(3, 2))
prune.l1_unstructured(net[0], "weight", 3)
prune.global_unstructured([(net[0], "weight"), (net[2], "weight"), (net[2], "bias")], prune.L1Unstructured, amount=7)
seen = [dict(net.named_buffers())]
prune.global_unstructured(((net[0], "weight"), (net[2], "weight")), prune.L1Unstructured, importance_scores={(net[2], "weight"): torch.zeros(2, 3)}, amount=0.3)
[*seen, dict(net.named_buffers())]
# --- tensors
p = prune.L1Unstructured(3)
[p.prune(torch.arange(6.0)), p.prune(torch.arange(6.0), default_mask=torch.tensor([1.0, 0, 1, 1, 1, 1]), importance_scores=-torch.arange(6.0)), refusal(lambda: p.prune(torch.arange(6.0), importance_scores=torch.ones(2)))]
# --- refusals
calls = [
    lambda: prune.l1_unstructured(linear(), "weight", -1), lambda: prune.l1_unstructured(linear(), "weight", 1.5), lambda: prune.l1_unstructured(linear(), "weight", "a"), lambda: prune.l1_unstructured(linear(), "weight", 100), lambda: prune.ln_structured(linear(), "bias", 1, 2, 0), lambda: prune.ln_structured(linear(), "weight", 1, 2, 5),
    lambda: prune.ln_structured(linear(), "weight", 1, 2, -3), lambda: prune.random_structured(linear(), "weight", 9, 0), lambda: prune.custom_from_mask(linear(), "weight", torch.ones(2)), lambda: prune.l1_unstructured(linear(), "foo", 1), lambda: prune.l1_unstructured(linear(), "weight", 1, importance_scores=torch.ones(2)),
    lambda: prune.global_unstructured(3, prune.L1Unstructured), lambda: prune.global_unstructured([(linear(), "weight")], prune.L1Unstructured, importance_scores=3, amount=1), lambda: prune.BasePruningMethod(),
]
[refusal(c) for c in calls]
# --- after a refusal
m = linear()
refusal(lambda: prune.l1_unstructured(m, "weight", 100))
list(m.state_dict())
# --- a method of one's own
class EveryOther(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        mask = default_mask.clone()
        mask.view(-1)[::2] = 0
        return mask


class Strange(EveryOther):
    PRUNING_TYPE = "strange"


m = linear()
EveryOther.apply(m, "bias")
[m.bias, refusal(lambda: Strange.apply(m, "bias"))]
