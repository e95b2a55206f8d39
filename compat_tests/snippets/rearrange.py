"""torch.func.rearrange, and what func and compiler have besides."""
import torch
from torch.func import rearrange

# --- patterns
x = torch.arange(24).view(2, 3, 4)
for pattern, lengths in [("a b c -> c a b", {}), ("a b c -> (a b) c", {}), ("a b (c d) -> a b c d", {"c": 2}), ("a b (c d) -> (a d) (b c)", {"d": 2}),
                         ("... c -> c ...", {}), ("a ... -> a (...)", {}), ("a b c -> a 1 (b c)", {}), ("a b c -> a (b 1) c", {}), ("... -> ...", {})]:
    y = rearrange(x, pattern, **lengths)
    print(pattern, y.shape, y.flatten()[:9].tolist())
# --- units and scalars
[rearrange(torch.ones(2, 1, 3), "a 1 c -> a c").shape, rearrange(torch.ones(3), "a -> a 1 1").shape]
# --- a list
rearrange([torch.ones(2), torch.zeros(2)], "a b -> b a")
# --- a name on one side
rearrange(torch.ones(2, 3), "a b -> a")
# --- a new name
rearrange(torch.ones(2, 3), "a b -> a b c")
# --- too many names
rearrange(torch.ones(2, 3), "a b c -> a b c")
# --- no arrow
rearrange(torch.ones(2, 3), "a b")
# --- a name twice
rearrange(torch.ones(2, 3), "a a -> a")
# --- an unknown length
rearrange(torch.ones(2, 3), "a b -> b a", c=3)
# --- parentheses
rearrange(torch.ones(2, 3), "(a -> b a")
# --- gradient
x = torch.arange(6.0).view(1, 6).requires_grad_()
(rearrange(x, "1 (a b) -> b a", a=2) * torch.arange(6).view(3, 2)).sum().backward()
x.grad
# --- batch norms without statistics
m = torch.func.replace_all_batch_norm_modules_(torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 2)))
[m[0], m[0].running_mean, list(m.state_dict()), torch.func.debug_unwrap(torch.ones(1))]
# --- default backend
r = [torch.compiler.get_default_backend()]
torch.compiler.set_default_backend("eager")
r.append(torch.compiler.get_default_backend())
torch.compiler.set_default_backend(None)
[*r, torch.compiler.get_default_backend()]
# --- default backend of a wrong type
torch.compiler.set_default_backend(3)
# --- offsets of generators
torch.Generator().get_offset()
# --- states for graphs
torch.Generator().graphsafe_get_state()
