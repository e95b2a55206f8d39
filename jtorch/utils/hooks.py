"""Handles that remove hooks, and the machinery behind `Module.register_full_backward_hook`."""

import warnings

import jtorch
from jtorch.autograd.hooks import RemovableHandle

__all__ = ["BackwardHook", "RemovableHandle", "unserializable_hook", "warn_if_has_hooks"]


# torch keeps it here.
RemovableHandle.__module__ = __name__


def unserializable_hook(f):
    """Mark `f` so that pickling a tensor that carries it does not warn."""
    f.__torch_unserializable__ = True
    return f


def warn_if_has_hooks(tensor):
    """Warn about each backward hook of `tensor` that pickling will drop."""
    for hook in (tensor._backward_hooks or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, you can decorate "
                "the function with @torch.utils.hooks.unserializable_hook to suppress this warning",
                stacklevel=2,
            )


class BackwardHook:
    """Calls a module's backward hooks with the gradients of all its inputs and outputs at once.

    Inputs and outputs each pass through one identity node of the graph. The node behind the outputs sees the
    gradients that enter the module (and lets the pre-hooks change them), the node before the inputs sees those that
    leave it. Arguments that are not tensors count as `None`.
    """

    def __init__(self, module, user_hooks, user_pre_hooks):
        self.module = module
        self.user_hooks = user_hooks
        self.user_pre_hooks = user_pre_hooks
        self.grad_outputs = None
        self.input_positions = self.output_positions = None
        self.n_inputs = self.n_outputs = -1

    def setup_input_hook(self, args):
        self.n_inputs = len(args)
        args, self.input_positions = _through_identity_node(args, self._hook_inputs)
        return args

    def setup_output_hook(self, result):
        outputs = result if isinstance(result, tuple) else (result,)
        self.n_outputs = len(outputs)
        outputs, self.output_positions = _through_identity_node(outputs, self._hook_outputs)
        return outputs if isinstance(result, tuple) else outputs[0]

    def _hook_inputs(self, grad_fn):
        def leaving(grad_input, _):
            # Empty in a double backward, where the gradient reaches the inputs without passing the outputs.
            if self.grad_outputs is None:
                return None
            grads = _spread(self.input_positions, grad_input, self.n_inputs)
            for hook in self.user_hooks:
                replaced = hook(self.module, grads, self.grad_outputs)
                if replaced is None:
                    continue
                if len(replaced) != len(grads):
                    raise RuntimeError(
                        "Backward hook returned an invalid number of grad_input, "
                        f"got {len(replaced)}, but expected {len(grads)}"
                    )
                grads = replaced
            self.grad_outputs = None
            return tuple(grads[i] for i in self.input_positions)

        grad_fn.register_hook(leaving)

    def _hook_outputs(self, grad_fn):
        # The node is an identity, so what it passes on is what the module receives: one hook serves as both.
        def entering(_, grad_output):
            grads = _spread(self.output_positions, grad_output, self.n_outputs)
            for hook in self.user_pre_hooks:
                replaced = hook(self.module, grads)
                if replaced is None:
                    continue
                if len(replaced) != self.n_outputs:
                    raise RuntimeError(
                        "Backward pre hook returned an invalid number of grad_output, "
                        f"got {len(replaced)}, but expected {self.n_outputs}"
                    )
                grads = replaced
            if self.input_positions is None:
                self._call_without_inputs(grads)
            else:
                self.grad_outputs = grads
            return tuple(grads[i] for i in self.output_positions)

        grad_fn.register_hook(entering)

    def _call_without_inputs(self, grad_outputs):
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
            "require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html"
            "#torch.nn.Module.register_full_backward_hook for more details.",
            stacklevel=5,
        )
        grad_inputs = (None,) * self.n_inputs
        for hook in self.user_hooks:
            result = hook(self.module, grad_inputs, grad_outputs)
            if result is not None and not (isinstance(result, tuple) and all(item is None for item in result)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None "
                    "for all gradients."
                )


def _spread(positions, values, size):
    spread = [None] * size
    for position, value in zip(positions, values, strict=True):
        spread[position] = value
    return tuple(spread)


def _through_identity_node(args, attach):
    """Pass the tensors of `args` through one identity node, hand its `grad_fn` to `attach`; also their positions."""
    positions = [i for i, arg in enumerate(args) if isinstance(arg, jtorch.Tensor)]
    if not (jtorch.is_grad_enabled() and any(args[i].requires_grad for i in positions)):
        return args, None
    from jtorch.nn.modules._functions import BackwardHookFunction

    passed = BackwardHookFunction.apply(*(args[i] for i in positions))
    attach(next(t.grad_fn for t in passed if t.grad_fn is not None))
    renewed = list(args)
    for position, tensor in zip(positions, passed, strict=True):
        renewed[position] = tensor
    # Named tuples take their fields one by one, a plain tuple takes them as one sequence.
    return (tuple(renewed) if type(args) is tuple else type(args)(*renewed)), positions
