"""Outputs of inner layers, by name: `torchvision.models.feature_extraction`.

torchvision finds the names by tracing a model with torch.fx, without running it. Here a model is run, on shapes alone,
and what it calls is written down: leaf modules (those of `torch.nn` and `torchvision.ops`) and functions of tensors.
"""

import warnings
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import jax

import jtorch
from jtorch import nn
from jtorch.jax_functions import ModuleFunction

from .. import ops
from ._recording import Done, Recording, recorded

__all__ = ["create_feature_extractor", "get_graph_node_names"]

_LEAVES = tuple(kind for kind in vars(ops).values() if isinstance(kind, type) and issubclass(kind, nn.Module))
_OTHER_BRANCH = (
    "The model took another branch than with the example inputs: pass inputs that take this branch as example_inputs of "
    "create_feature_extractor."
)


def get_graph_node_names(
    model: nn.Module,
    tracer_kwargs: dict[str, Any] | None = None,
    suppress_diff_warning: bool = False,
    concrete_args: dict[str, Any] | None = None,
    *,
    example_inputs: Sequence[Any] | None = None,
) -> tuple[list[str], list[str]]:
    """Names of what a model calls, in order: in training, and in evaluation.

    A leaf module is named by its path (`layer1.0.conv1`), a function by the path of the module that calls it and its own
    name (`layer1.0.add`, `flatten`); repetitions are numbered (`layer1.0.relu`, `layer1.0.relu_1`).

    Differences from torchvision: the model is run abstractly, on `example_inputs` if given, else on two pictures of the
    model's `image_size` or 224 pixels. So branches are those that these inputs take. Nodes for sizes, for parameters
    (`get_attr`) and for parts of a tuple are missing, and so are functions that a program has bound before
    (`from torch.nn.functional import relu`). Of `tracer_kwargs` there is `leaf_modules`.

    >>> import jtorch as torch
    >>> class Twice(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.linear = torch.nn.Linear(3, 3)
    ...     def forward(self, x):
    ...         return torch.relu(self.linear(x) + self.linear(x))
    >>> get_graph_node_names(Twice(), example_inputs=(torch.ones(1, 3),))[0]
    ['x', 'linear', 'linear_1', 'add', 'relu']
    """
    leaves = _leaf_kinds(tracer_kwargs, concrete_args)
    names = {mode: list(_record(model, mode, leaves, example_inputs).nodes) for mode in (True, False)}
    if not suppress_diff_warning:
        _warn_of_differences(names[True], names[False])
    return names[True], names[False]


def create_feature_extractor(
    model: nn.Module,
    return_nodes: list[str] | dict[str, str] | None = None,
    train_return_nodes: list[str] | dict[str, str] | None = None,
    eval_return_nodes: list[str] | dict[str, str] | None = None,
    tracer_kwargs: dict[str, Any] | None = None,
    suppress_diff_warning: bool = False,
    concrete_args: dict[str, Any] | None = None,
    *,
    example_inputs: Sequence[Any] | None = None,
) -> nn.Module:
    """A model that returns a dict of what these nodes of `model` give, and stops after the last of them.

    Nodes are named as by `get_graph_node_names`, which also tells the differences from torchvision; a module that is no
    leaf stands for its last node. The extractor shares the layers of the model; those called after the last node are
    not part of it. `state_dict` has the model's names.

    Raises ValueError for a node that there is not, RuntimeError where the model does not run on the example inputs.

    >>> import jtorch as torch
    >>> from jtorch.vision.models import resnet18
    >>> extractor = create_feature_extractor(resnet18(), {"layer1.0": "early", "layer2": "later"})
    >>> {name: tuple(output.shape) for name, output in extractor(torch.zeros(1, 3, 64, 64)).items()}
    {'early': (1, 64, 16, 16), 'later': (1, 128, 8, 8)}
    """
    wanted = _wanted(return_nodes, train_return_nodes, eval_return_nodes)
    leaves = _leaf_kinds(tracer_kwargs, concrete_args)
    recordings = {mode: _record(model, mode, leaves, example_inputs) for mode in (True, False)}
    if not suppress_diff_warning:
        _warn_of_differences(*(list(recording.nodes) for recording in recordings.values()))
    chosen = {mode: _choose(list(recordings[mode].nodes), wanted[mode]) for mode in (True, False)}
    called = set().union(*(_called_until(recordings[mode].nodes, chosen[mode]) for mode in (True, False)))
    functions = any(not recordings[mode].nodes[node].leaf for mode in (True, False) for node in chosen[mode])
    return FeatureExtractor(model, called, chosen, leaves, functions)


class FeatureExtractor(nn.Module):
    """What `create_feature_extractor` gives."""

    def __init__(
        self,
        model: nn.Module,
        called: set[str],
        chosen: dict[bool, "OrderedDict[str, str]"],
        leaves: tuple[type, ...],
        functions: bool,
    ) -> None:
        super().__init__()
        pruned = _pruned(model, "", called)
        # Not a child: its parameters, buffers and children are this module's own.
        self.__dict__["_model"] = pruned
        for table in ("_parameters", "_buffers", "_non_persistent_buffers_set", "_modules"):
            self.__dict__[table] = pruned.__dict__[table]
        self._chosen = chosen
        self._leaves = leaves
        self._functions = functions
        self.train(model.training)

    def train(self, mode: bool = True) -> "FeatureExtractor":
        self._model.training = mode
        return super().train(mode)

    def _get_name(self) -> str:
        return self._model._get_name()

    def forward(self, *args: Any, **kwargs: Any) -> "OrderedDict[str, Any]":
        chosen = self._chosen[self.training]
        recording = Recording(self._model, self._leaves, wanted=set(chosen))
        try:
            with recorded(recording, self._functions):
                recording.call(self._model.forward, args, kwargs)
        except Done:
            pass
        missing = [node for node in chosen if node not in recording.found]
        if missing:
            raise RuntimeError(f"node: '{missing[0]}' was not reached. {_OTHER_BRANCH}")
        return OrderedDict((key, recording.found[node]) for node, key in chosen.items())


def _leaf_kinds(tracer_kwargs: dict[str, Any] | None, concrete_args: dict[str, Any] | None) -> tuple[type, ...]:
    unknown = set(tracer_kwargs or ()) - {"leaf_modules"}
    if unknown or concrete_args is not None:
        name = f"tracer_kwargs[{min(unknown)!r}]" if unknown else "concrete_args"
        raise NotImplementedError(
            f"torchvision.models.feature_extraction: {name} is for torch.fx, which jtorch does not have: a model is run "
            "here, on example_inputs"
        )
    return (*_LEAVES, *(tracer_kwargs or {}).get("leaf_modules", ()))


def _example(model: nn.Module) -> tuple[jax.ShapeDtypeStruct, ...]:
    """Two pictures: normalization in training wants more than one."""
    size = getattr(model, "image_size", 224)
    height, width = (size, size) if isinstance(size, int) else size
    return (jax.ShapeDtypeStruct((2, 3, height, width), "float32"),)


def _structure(value: Any) -> Any:
    if isinstance(value, jtorch.Tensor):
        return jax.ShapeDtypeStruct(tuple(value.shape), value.dtype.numpy)
    return value


def _record(model: nn.Module, mode: bool, leaves: tuple[type, ...], example_inputs: Sequence[Any] | None) -> Recording:
    """Run the model in a mode on shapes alone: nothing is computed, and no statistics or random numbers move on."""
    inputs = _example(model) if example_inputs is None else tuple(_structure(value) for value in example_inputs)
    state = {name: _structure(value) for name, value in (*model.named_parameters(), *model.named_buffers())}
    recording = Recording(model, leaves)
    before = {module: module.training for module in model.modules()}
    model.train(mode)
    try:
        with recorded(recording, functions=True):
            arrays = [value for value in inputs if isinstance(value, jax.ShapeDtypeStruct)]

            def run(state, key, arrays):
                given = iter(arrays)
                args = [next(given) if isinstance(value, jax.ShapeDtypeStruct) else value for value in inputs]
                ModuleFunction(model).with_state(state, *args, rng=key)

            jax.eval_shape(run, state, jax.random.key(0), arrays)
    except (RuntimeError, ValueError, TypeError, AssertionError, IndexError) as error:
        shapes = ", ".join(str(getattr(value, "shape", value)) for value in inputs)
        raise RuntimeError(
            f"{model._get_name()} could not be run on ({shapes}) to find its nodes: {error}\n"
            "Pass inputs that it takes: example_inputs=(tensor, ...)."
        ) from error
    finally:
        for module, training in before.items():
            module.training = training
    return recording


def _wanted(both: Any, train: Any, evaluation: Any) -> dict[bool, dict[str, str]]:
    if both is None and train is None and evaluation is None:
        raise ValueError(
            "Either `return_nodes` or `train_return_nodes` and `eval_return_nodes` together, should be specified"
        )
    if (train is None) != (evaluation is None):
        raise ValueError(
            "If any of `train_return_nodes` and `eval_return_nodes` are specified, then both should be specified"
        )
    if (both is None) == (train is None):
        raise ValueError("If `train_return_nodes` and `eval_return_nodes` are specified, then both should be specified")

    def by_name(nodes: Any) -> dict[str, str]:
        pairs = nodes.items() if hasattr(nodes, "items") else zip(nodes, nodes, strict=True)
        return {str(node): str(key) for node, key in pairs}

    return {True: by_name(both if train is None else train), False: by_name(both if train is None else evaluation)}


def _choose(nodes: list[str], wanted: dict[str, str]) -> "OrderedDict[str, str]":
    """The last node within each module asked for. As in torchvision a node serves one query only."""
    for query in wanted:
        if not any(node == query or node.startswith(f"{query}.") for node in nodes):
            raise ValueError(
                f"node: '{query}' is not present in model. Hint: use `get_graph_node_names` to make sure the "
                "`return_nodes` you specified are present. It may even be that you need to specify "
                "`train_return_nodes` and `eval_return_nodes` separately."
            )
    left = dict(wanted)
    chosen: OrderedDict[str, str] = OrderedDict()
    for node in reversed(nodes):
        for query in left:
            if node == query or node.startswith(f"{query}."):
                chosen[node] = left.pop(query)
                break
    return OrderedDict(reversed(chosen.items()))


def _called_until(nodes: dict[str, Any], chosen: "OrderedDict[str, str]") -> set[str]:
    """Paths of the leaf modules, and of those that hold them or call functions, until the last node chosen."""
    paths = set()
    names = list(nodes)
    for name in names[: names.index(next(reversed(chosen))) + 1]:
        parts = nodes[name].path.split(".") if nodes[name].path else []
        paths |= {".".join(parts[: i + 1]) for i in range(len(parts))}
    return paths


def _pruned(module: nn.Module, path: str, called: set[str]) -> nn.Module:
    """The module without what is never called. Leaves are shared; what holds them is copied, with its own tensors shared."""
    children = {}
    for name, child in module._modules.items():
        inner = f"{path}.{name}" if path else name
        if child is not None and inner in called:
            children[name] = _pruned(child, inner, called)
    if path and (not children or len(children) == len(module._modules) == 0):
        return module
    copied = module.__class__.__new__(module.__class__)
    copied.__dict__.update(module.__dict__)
    copied.__dict__["_modules"] = children
    # A line such as `self.fc(self.pool(x))` looks at `fc` before it calls `pool`.
    left_out = module._modules.keys() - children.keys()
    copied.__dict__.update((name, LeftOut(name)) for name in left_out if module._modules[name] is not None)
    return copied


class LeftOut:
    """In the place of a layer that the example inputs did not reach."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"'{self.name}' is not part of the extractor. {_OTHER_BRANCH}")


def _warn_of_differences(train: list[str], evaluation: list[str]) -> None:
    if train == evaluation:
        return

    def is_part(nodes: list[str], whole: list[str]) -> bool:
        rest = iter(whole)
        return all(node in rest for node in nodes)

    if is_part(evaluation, train):
        found = "NOTE: The nodes obtained by tracing the model in eval mode are a subsequence of those obtained in train mode. "
    elif is_part(train, evaluation):
        found = "NOTE: The nodes obtained by tracing the model in train mode are a subsequence of those obtained in eval mode. "
    else:
        found = "The nodes obtained by tracing the model in train mode are different to those obtained in eval mode. "
    warnings.warn(
        f"{found}When choosing nodes for feature extraction, you may need to specify output nodes for train and eval mode "
        "separately.",
        stacklevel=3,
    )
