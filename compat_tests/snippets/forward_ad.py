"""Forward mode: dual tensors, levels, and the settings and bases of autograd that older code names."""
import torch
import torch.autograd.forward_ad as fwAD

# --- a tangent
import warnings
warnings.simplefilter("ignore")  # torch's first use of its scripted decompositions
with fwAD.dual_level():
    x = fwAD.make_dual(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.5]))
    y = (x.sin() * x).sum()
    r = fwAD.unpack_dual(y)
[r.primal, r.tangent, type(r).__name__, r._fields]
# --- two inputs and a constant
with fwAD.dual_level():
    a = fwAD.make_dual(torch.tensor([1.0, 2.0]), torch.ones(2))
    b = fwAD.make_dual(torch.tensor([3.0, 4.0]), torch.tensor([0.0, 2.0]))
    r = [fwAD.unpack_dual(a * b).tangent, fwAD.unpack_dual(a).tangent, fwAD.unpack_dual(torch.ones(2)).tangent, fwAD.unpack_dual(a @ b + 1).tangent]
r
# --- a module
torch.manual_seed(0)
m = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
with fwAD.dual_level():
    r = fwAD.unpack_dual(m(fwAD.make_dual(torch.ones(1, 3), torch.tensor([[1.0, 0.0, 2.0]])))).tangent.detach()
r
# --- reverse over forward
x = torch.tensor([1.0, 2.0], requires_grad=True)
with fwAD.dual_level():
    y = (fwAD.make_dual(x, torch.ones(2)) ** 3).sum()
    t = fwAD.unpack_dual(y).tangent
    (g,) = torch.autograd.grad(t, x)
[t.detach(), g]
# --- outside a level
[fwAD.unpack_dual(torch.ones(2)).tangent]
# --- make_dual outside a level
fwAD.make_dual(torch.ones(2), torch.ones(2))
# --- sizes that differ
with fwAD.dual_level():
    fwAD.make_dual(torch.ones(2), torch.ones(3))
# --- integers
with fwAD.dual_level():
    fwAD.make_dual(torch.ones(2, dtype=torch.int64), torch.ones(2))
# --- integer tangent
with fwAD.dual_level():
    fwAD.make_dual(torch.ones(2), torch.ones(2, dtype=torch.int64))
# --- nested levels
with fwAD.dual_level():
    with fwAD.dual_level():
        pass
# --- exit without a level
fwAD.exit_dual_level()
# --- enter and exit
[fwAD.enter_dual_level(), fwAD.exit_dual_level()]
# --- settings
with torch.autograd.set_multithreading_enabled(False), torch.autograd.enforce_grad_layout_policy(False):
    x = torch.ones(2, requires_grad=True)
    (x * 2).sum().backward()
x.grad
# --- modules of modes
from torch.autograd.grad_mode import no_grad, set_grad_enabled
from torch.autograd.anomaly_mode import detect_anomaly
[no_grad is torch.no_grad, detect_anomaly is torch.autograd.detect_anomaly]
# --- Function without jvp
torch.autograd.Function.jvp(None)
# --- Function without vmap
torch.autograd.Function.vmap(None, None)
# --- ctx is a FunctionCtx
from torch.autograd.function import Function, FunctionCtx, InplaceFunction, once_differentiable

class F(Function):
    @staticmethod
    def forward(ctx, x):
        print(isinstance(ctx, FunctionCtx))
        ctx.save_for_backward(x)
        return x * 2
    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        return g * 2

x = torch.ones(1, requires_grad=True)
F.apply(x).backward()
[x.grad, issubclass(InplaceFunction, Function)]
