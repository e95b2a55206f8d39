"""Checks that the optimizers' constructors share."""

import jtorch


def check_lr(lr):
    """A learning rate is not negative, and a tensor has one element."""
    if isinstance(lr, jtorch.Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    check("learning rate", lr)


def check(name, value, suffix=""):
    """An option that must not be negative, nor NaN."""
    if not value >= 0.0:
        raise ValueError(f"Invalid {name}{suffix}: {value}")


def check_betas(betas):
    """Decay rates lie in [0, 1)."""
    for i, beta in enumerate(betas[:2]):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


def check_fused(fused, foreach, differentiable):
    """Only one implementation can be asked for. Here all of them are the same one."""
    if fused:
        if differentiable:
            raise RuntimeError("`fused` does not support `differentiable`")
        if foreach:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def restore_options(optimizer, **values):
    """Options that a pickle of an old version lacks get the value that stands for what it did."""
    for group in optimizer.param_groups:
        for name, value in values.items():
            group.setdefault(name, value)


def restore_steps(optimizer, *more):
    """Step counts (and `more` entries) that a pickle of an old version holds as Python numbers become tensors."""
    for group in optimizer.param_groups:
        for param in group["params"]:
            state = optimizer.state.get(param) or {}
            for key in ("step", *more):
                if key in state and not isinstance(state[key], jtorch.Tensor):
                    beside = group.get("capturable") or group.get("fused")
                    state[key] = jtorch.tensor(
                        float(state[key]),
                        dtype=scalar_dtype(group.get("fused")),
                        device=param.device if beside else "cpu",
                    )


def scalar_dtype(fused=False):
    """The dtype of step counts."""
    if not fused and jtorch.get_default_dtype() == jtorch.float64:
        return jtorch.float64
    return jtorch.float32


def new_step(group, param):
    """A step count at zero: on the CPU, or beside the parameter where the group is `capturable` or `fused`."""
    beside = group.get("capturable") or group.get("fused")
    device = param.device if beside else "cpu"
    return jtorch.zeros((), dtype=scalar_dtype(group.get("fused")), device=device)


def zeros(param):
    """Zeros of the parameter's shape, dtype and layout."""
    return jtorch.zeros_like(param, memory_format=jtorch.preserve_format)
