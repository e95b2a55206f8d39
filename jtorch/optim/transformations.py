"""optax's gradient transformations as optimizers."""

import functools

import jax

import jtorch
from jtorch.optim.optimizer import Optimizer

__all__ = ["Optax"]


class Optax(Optimizer):
    """An optax transformation as an optimizer: `Optax(params, optax.lion(1e-4))`.

    The transformation sees each group as a list of arrays, a parameter without a gradient as one whose gradient is zero. A group may bring its own
    "transformation". Hyperparameters of `optax.inject_hyperparams` stand in the group under their names ("learning_rate" as "lr"), where they can be
    changed, by schedulers too. `state_dict` holds the transformation's arrays, and not the transformation.

    >>> import optax, jtorch as torch
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.Optax([weight], optax.sgd(0.5))
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> weight.data
    tensor([0.5000, 0.5000])
    """

    def __init__(self, params, transformation):
        for method in ("init", "update"):
            if not callable(getattr(transformation, method, None)):
                raise TypeError(
                    f"Optax takes a gradient transformation, such as optax.adam(1e-3), got {type(transformation).__name__}"
                )
        self._transformations = []
        self._trees = []
        self._default = transformation
        super().__init__(params, {})

    def add_param_group(self, param_group):
        """Add a group; its "transformation" is the optimizer's if it has none."""
        transformation = param_group.pop("transformation", self._default) if isinstance(param_group, dict) else None
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        self._transformations.append(transformation)
        with jax.enable_x64(True):
            state = transformation.init(_arrays(group["params"]))
        leaves, tree = jax.tree.flatten(state)
        self._trees.append(tree)
        self.state.setdefault("transformations", []).append(_tensors(leaves))
        for name, value in getattr(state, "hyperparams", {}).items():
            group.setdefault(_ALIASES.get(name, name), float(value))

    def step(self, closure=None):
        """Update the parameters; `closure` computes the loss anew and is returned."""
        loss = None
        if closure is not None:
            with jtorch.enable_grad():
                loss = closure()
        with jtorch.no_grad(), jax.enable_x64(True):
            for number, group in enumerate(self.param_groups):
                self._move(number, group)
        return loss

    def _move(self, number, group):
        state = jax.tree.unflatten(self._trees[number], _arrays(self.state["transformations"][number]))
        hyperparameters = getattr(state, "hyperparams", None)
        if hyperparameters is not None:
            given = {
                name: jax.numpy.asarray(group[_ALIASES.get(name, name)], array.dtype)
                for name, array in hyperparameters.items()
            }
            state = state._replace(hyperparams=given)
        params = group["params"]
        grads = [jtorch.zeros_like(p) if p.grad is None else p.grad for p in params]
        moved, state = _update(self._transformations[number].update, _arrays(grads), state, _arrays(params))
        for param, array in zip(params, moved, strict=True):
            param.copy_(jtorch.from_jax(array))
        self.state["transformations"][number] = _tensors(jax.tree.leaves(state))


# optax's names of hyperparameters that torch's schedulers know under another one.
_ALIASES = {"learning_rate": "lr"}


@functools.partial(jax.jit, static_argnums=0)
def _update(update, grads, state, params):
    import optax

    updates, state = update(grads, state, params)
    return optax.apply_updates(params, updates), state


def _arrays(tensors) -> list:
    return [jtorch.to_jax(tensor.detach()) for tensor in tensors]


def _tensors(arrays) -> list:
    return [jtorch.from_jax(array) if isinstance(array, jax.Array) else jtorch.tensor(array) for array in arrays]
