"""Autograd functions that modules need and users do not call."""

from jtorch.autograd import Function


class BackwardHookFunction(Function):
    """Identity on any number of tensors; the node that full backward hooks hang on."""

    @staticmethod
    def forward(ctx, *args):
        ctx.mark_non_differentiable(*(arg for arg in args if not arg.requires_grad))
        return args

    @staticmethod
    def backward(ctx, *grads):
        return grads
