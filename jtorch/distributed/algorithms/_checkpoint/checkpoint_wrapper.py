"""Modules whose activations are computed anew in backward."""

import functools
from enum import Enum, auto

import jtorch
from jtorch.distributed.wrapped_names import hide_in_state_dict, without
from jtorch.utils.checkpoint import checkpoint

__all__ = [
    "ActivationWrapper", "CheckpointImpl", "CheckpointWrapper", "OffloadWrapper", "apply_activation_checkpointing", "checkpoint_wrapper", "offload_wrapper",
]  # fmt: skip

_CHECKPOINT_WRAPPED_MODULE = "_checkpoint_wrapped_module"


class CheckpointImpl(Enum):
    """By a graph within the graph, or by places for what is saved."""

    REENTRANT = auto()
    NO_REENTRANT = auto()


class ActivationWrapper(jtorch.nn.Module):
    """Holds a module as `_checkpoint_wrapped_module`; names and attributes are those of the module."""

    def __init__(self, mod):
        super().__init__()
        self._checkpoint_wrapped_module = mod
        hide_in_state_dict(self, _CHECKPOINT_WRAPPED_MODULE)

    def forward(self, *args, **kwargs):
        raise ValueError("Subclasses should implement forward().")

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self._checkpoint_wrapped_module, name)

    def __getitem__(self, key):
        return self._checkpoint_wrapped_module[key]

    def named_parameters(self, *args, **kwargs):
        for name, parameter in super().named_parameters(*args, **kwargs):
            yield without(name, _CHECKPOINT_WRAPPED_MODULE), parameter


class CheckpointWrapper(ActivationWrapper):
    """A module that is run under `torch.utils.checkpoint.checkpoint`, or a function like it."""

    def __init__(self, mod, checkpoint_impl=CheckpointImpl.NO_REENTRANT, checkpoint_fn=None, **checkpoint_fn_kwargs):
        super().__init__(mod)
        self.checkpoint_impl = checkpoint_impl
        if checkpoint_fn is None:
            checkpoint_fn = functools.partial(checkpoint, use_reentrant=checkpoint_impl is CheckpointImpl.REENTRANT)
        self.checkpoint_fn = functools.partial(checkpoint_fn, **checkpoint_fn_kwargs)

    def forward(self, *args, **kwargs):
        if self.checkpoint_impl is CheckpointImpl.REENTRANT and kwargs:
            names = tuple(kwargs)

            def run(*given):
                return self._checkpoint_wrapped_module(
                    *given[: len(args)], **dict(zip(names, given[len(args) :], strict=True))
                )

            return self.checkpoint_fn(run, *args, *kwargs.values())
        return self.checkpoint_fn(self._checkpoint_wrapped_module, *args, **kwargs)


class OffloadWrapper(ActivationWrapper):
    """What backward needs is kept in the memory of the host meanwhile."""

    def forward(self, *args, **kwargs):
        with jtorch.autograd.graph.save_on_cpu(pin_memory=True):
            return self._checkpoint_wrapped_module(*args, **kwargs)


def offload_wrapper(module):
    """A module whose saved activations wait in the memory of the host."""
    return OffloadWrapper(module)


def checkpoint_wrapper(module, checkpoint_impl=CheckpointImpl.NO_REENTRANT, checkpoint_fn=None, **checkpoint_fn_kwargs):
    """A module whose activations are computed anew in backward.

    >>> import jtorch as torch
    >>> from jtorch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
    >>> net = checkpoint_wrapper(torch.nn.Linear(2, 1)); list(net.state_dict())
    ['weight', 'bias']
    """
    return CheckpointWrapper(module, checkpoint_impl, checkpoint_fn, **checkpoint_fn_kwargs)


def apply_activation_checkpointing(
    model, checkpoint_wrapper_fn=checkpoint_wrapper, check_fn=lambda _: True, auto_wrap_policy=None
) -> None:
    """Wrap the submodules for which `check_fn(module)` holds, or that the policy chooses, in place."""
    from jtorch.distributed.fsdp.wrap import lambda_auto_wrap_policy, wrap_submodules

    policy = auto_wrap_policy or functools.partial(lambda_auto_wrap_policy, lambda_fn=check_fn)
    wrap_submodules(model, policy, lambda module, options: checkpoint_wrapper_fn(module, **options), ActivationWrapper)
