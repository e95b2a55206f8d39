"""Counting floating-point operations of products and convolutions: `torch.utils.flop_counter`."""

import contextlib
import functools
from collections import defaultdict
from math import prod

import jtorch
from jtorch import engine
from jtorch._ops import OpOverloadPacket
from jtorch.autograd.graph import register_multi_grad_hook
from jtorch.autograd.mode import STATE
from jtorch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from jtorch.utils._pytree import tree_leaves

__all__ = ["FlopCounterMode"]

# Operations by torch's name for what it runs there; those without a bias are plain products.
_PRODUCTS: dict[str, str | None] = {
    "mm": "mm",
    "addmm": "addmm",
    "bmm": "bmm",
    "baddbmm": "baddbmm",
    "_linear_matrix": "addmm",
    "_linear_batch": "addmm",
}
_PRODUCTS |= {"_linear_matrix_plain": "mm", "_linear_batch_plain": "mm", "stack.matmul": None}
_OF_STACKS = ("bmm", "baddbmm")


@functools.cache
def _packet(name):
    """`torch.ops.aten.name`, by which torch's tables are kept; one that cannot be called where jtorch has no such function."""

    def absent(*args, **kwargs):
        raise NotImplementedError(
            f"torch.ops.aten.{name}: jtorch has no such function; use torch.autograd.grad for gradients"
        )

    return getattr(jtorch.ops.aten, name, None) or OpOverloadPacket(name, absent)


def _counted(name, given, made):
    """The name under which torch counts an operation, and its multiplications and additions; None for those it does not count."""
    forward = name.removesuffix("_backward")
    if forward in ("convolution", "convolution_transpose"):
        count = _convolution_gradients if name != forward else _convolution
        return name.replace("_transpose", ""), count(given, made, forward != "convolution")
    if forward not in _PRODUCTS:
        return None
    called = _PRODUCTS[forward] or ("bmm" if len(given[0]) > 2 and len(given[1]) > 2 else "mm")
    if name == forward:
        inner = given[1] if forward in ("addmm", "baddbmm") else given[0]
        return called, 2 * prod(made[0]) * inner[-1]
    grad, called = given[-1], "bmm" if called in _OF_STACKS else "mm"
    wanted = [shape for shape in made if len(shape) > 1]
    if forward.startswith("_linear"):
        return called, sum(2 * prod(grad) * shape[-1] for shape in wanted)
    wanted, flops = wanted[-2:], 0
    for place, shape in enumerate(wanted):
        left = place == 0 if len(wanted) == 2 else shape[-2] == grad[-2]
        flops += 2 * prod(grad) * (shape[-1] if left else shape[-2])
    return called, flops


def _batched(shape, weight):
    return shape if len(shape) == len(weight) else (1, *shape)


def _convolution(given, made, transposed):
    weight = given[1]
    x, out = _batched(given[0], weight), _batched(made[0], weight)
    return 2 * x[0] * prod(weight) * prod((x if transposed else out)[2:])


def _convolution_gradients(given, made, transposed):
    x, weight, grad = given[0], given[1], given[-1]
    x, grad = _batched(x, weight), _batched(grad, weight)
    places = prod((x if transposed else grad)[2:])
    flops = 0
    for shape in made:
        if len(shape) < 2:
            continue
        if shape == weight and not (shape == x and flops == 0 and len(made) > 2):
            flops += 2 * x[0] * x[1] * grad[1] * prod(weight[2:]) * places
        else:
            flops += 2 * x[0] * prod(weight) * places
    return flops


class FlopCounterMode:
    """Counts, by module, the floating-point operations of what runs in the block, backward included; prints a table unless `display=False`.

    As in torch, products of matrices and convolutions count, and a multiplication with its addition counts as two.
    Differences: attention that torch runs as two products (with dropout in training) is not counted, nor are recurrent layers.

    >>> import jtorch as torch
    >>> with torch.utils.flop_counter.FlopCounterMode(display=False) as counter:
    ...     _ = torch.nn.Linear(3, 4)(torch.ones(2, 3))
    >>> counter.get_total_flops()
    48
    """

    def __init__(self, mods=None, depth: int = 2, display: bool = True, custom_mapping: dict | None = None):
        if custom_mapping:
            raise NotImplementedError(
                "FlopCounterMode: custom_mapping is not offered; operations are counted by jtorch's names"
            )
        if mods is not None:
            import warnings

            warnings.warn("mods argument is not needed anymore, you can stop passing it", stacklevel=2)
        self.flop_counts: dict = defaultdict(lambda: defaultdict(int))
        self.depth, self.display = depth, display
        self._blocks = contextlib.ExitStack()

    # Which modules are at work

    def _name(self, module):
        if module not in self._names:
            self._names[module] = type(module).__name__
            for path, child in module.named_modules():
                if path:
                    self._names.setdefault(child, f"{self._names[module]}.{path}")
        return self._names[module]

    def _enter_module(self, module, args):
        name = self._name(module)
        self._parents.add(name)
        tensors = [t for t in tree_leaves(args) if isinstance(t, jtorch.Tensor) and t.requires_grad]
        if jtorch.is_grad_enabled() and tensors:
            register_multi_grad_hook(tensors, lambda grads: self._parents.discard(name))

    def _leave_module(self, module, args, result):
        name = self._name(module)
        self._parents.discard(name)
        tensors = [t for t in tree_leaves(result) if isinstance(t, jtorch.Tensor) and t.requires_grad]
        if jtorch.is_grad_enabled() and tensors:
            register_multi_grad_hook(tensors, lambda grads: self._enter_backward(name))

    def _enter_backward(self, name):
        # A module whose inputs want no gradients is left only when the pass ends.
        STATE.backward_pass.callbacks.append(lambda: self._parents.intersection_update({"Global"}))
        self._parents.add(name)

    def __enter__(self):
        self.flop_counts.clear()
        self._names: dict = {}
        self._parents = {"Global"}
        before = engine.record

        def record(prim, values, numbers, place):
            made = before(prim, values, numbers, place)
            found = _counted(prim.name, [v.aval.shape for v in values], [v.aval.shape for v in made[: prim.visible()]])
            if found is not None:
                for name in self._parents:
                    self.flop_counts[name][_packet(found[0])] += found[1]
            return made

        self._blocks.callback(setattr, engine, "record", before)
        engine.record = record
        for handle in (
            register_module_forward_pre_hook(self._enter_module),
            register_module_forward_hook(self._leave_module),
        ):
            self._blocks.callback(handle.remove)
        return self

    def __exit__(self, *exc):
        self._blocks.close()
        if self.display and exc[0] is None:
            print(self.get_table(self.depth))

    # What was found

    def get_total_flops(self) -> int:
        """All operations."""
        return sum(self.flop_counts["Global"].values())

    def get_flop_counts(self) -> dict:
        """Operations by module ("Global" for all), then by name."""
        return {name: dict(counts) for name, counts in self.flop_counts.items()}

    def get_table(self, depth: int | None = None) -> str:
        """A table by module, down to a depth; needs the package tabulate."""
        import tabulate

        depth = 999999 if (self.depth if depth is None else depth) is None else (self.depth if depth is None else depth)
        total = self.get_total_flops()
        power = max(0, min(4, (len(str(total)) - 2) // 3))

        def row(name, flops):
            return [
                name,
                f"{flops / 1000**power:.3f}{'KMBT'[power - 1] if power else ''}",
                f"{flops / total:.2%}" if total else "0%",
            ]

        def rows(name):
            counts = self.flop_counts[name]
            return [row(name, sum(counts.values())), *(row(f" - {op}", flops) for op, flops in counts.items())]

        names = [n for n in sorted(self.flop_counts) if n != "Global" and n.count(".") < depth]
        found = [line for name in names for line in rows(name)]
        if not any(sum(self.flop_counts[name].values()) >= total for name in names) and self.flop_counts["Global"]:
            found = [*rows("Global"), *found]
        return tabulate.tabulate(
            found or [["Global", "0", "0%"]], headers=["Module", "FLOP", "% Total"], colalign=("left", "right", "right")
        )
