"""torch.utils.flop_counter: how many multiplications and additions products, convolutions and attention take, by module.

The functions that are called are counted, and what their gradients take when `backward` runs in the block. A multiplication and an addition
count as two; all else counts as nothing, as in torch. Kinds are named by text ("aten.mm"), and the outermost module has its gradients, too.
"""

import math
from collections import defaultdict

import jtorch
from jtorch.nn import functional as F
from jtorch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from jtorch.overrides import TorchFunctionMode

__all__ = ["FlopCounterMode"]


def _product(a, b, *_, **__):
    if a.dim() < 2 or b.dim() < 2:
        return None  # products with vectors are not counted
    name = "mm" if a.dim() == 2 or b.dim() == 2 else "bmm"
    batch = math.prod(jtorch.broadcast_shapes(a.shape[:-2], b.shape[:-2]))
    return name, 2 * batch * a.shape[-2] * a.shape[-1] * b.shape[-1], (a, b)


def _added_product(name):
    def count(input, a, b, *_, **__):
        return name, _product(a, b)[1], (a, b)

    return count


def _linear(input, weight, bias=None):
    whole = bias is not None and (input.dim() == 2 or (input.dim() == 3 and input.is_contiguous()))
    return "addmm" if whole else "mm", 2 * input.numel() * weight.shape[0], (input, weight)


def _einsum(equation, *operands):
    operands = operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands
    terms = equation.replace(" ", "").split("->")[0].split(",")
    if len(operands) != 2 or "..." in equation:
        return None
    sizes = {
        letter: n for term, t in zip(terms, operands, strict=True) for letter, n in zip(term, t.shape, strict=True)
    }
    return "bmm", 2 * math.prod(sizes.values()), tuple(operands)


def _convolution(transposed: bool):
    def count(input, weight, *_, made, **__):
        places = input if transposed else made
        batch = input.shape[0] if input.dim() == weight.dim() else 1
        spatial = places.shape[2 - weight.dim() :]
        groups = (made if transposed else input).shape[1 - weight.dim()] // weight.shape[1]
        # Torch's formula for the weight's gradient takes all channels with all others, whatever the groups.
        return "convolution", 2 * batch * math.prod(spatial) * weight.numel(), (input, *(weight,) * groups)

    return count


def _attention(query, key, value, *_, **__):
    heads = math.prod(query.shape[:-2])
    flops = 2 * heads * query.shape[-2] * key.shape[-2] * (query.shape[-1] + value.shape[-1])
    return "bmm", flops, (query, value)


def _projections(query, key, value, size, *_):
    """What multi-head attention projects with, before and after: it does so below the functions that are offered."""
    return [("mm", 2 * t.numel() * size, 1 + t.requires_grad) for t in (query, key, value)] + [
        ("addmm", 2 * query.numel() * size, 2)
    ]


_BACKWARD = {"addmm": "mm", "baddbmm": "bmm", "convolution": "convolution_backward"}
_COUNTS = {
    jtorch.mm: _product, jtorch.bmm: _product, jtorch.matmul: _product, jtorch.Tensor.mm: _product, jtorch.Tensor.bmm: _product,
    jtorch.Tensor.matmul: _product, jtorch.Tensor.__matmul__: _product, jtorch.addmm: _added_product("addmm"),
    jtorch.Tensor.addmm: _added_product("addmm"), jtorch.baddbmm: _added_product("baddbmm"), jtorch.Tensor.baddbmm: _added_product("baddbmm"),
    F.linear: _linear, jtorch.einsum: _einsum, F.scaled_dot_product_attention: _attention,
    F.conv1d: _convolution(False), F.conv2d: _convolution(False), F.conv3d: _convolution(False), F.conv_transpose1d: _convolution(True),
    F.conv_transpose2d: _convolution(True), F.conv_transpose3d: _convolution(True),
}  # fmt: skip
_CONVOLUTIONS = frozenset(f for f in _COUNTS if f.__name__.startswith("conv"))
_SUFFIXES = ("", "K", "M", "B", "T")


class FlopCounterMode(TorchFunctionMode):
    """A block that counts floating-point operations; `display` prints a table at its end, `depth` levels of modules deep.

    >>> import jtorch as torch
    >>> with FlopCounterMode(display=False) as counter:
    ...     _ = torch.nn.Linear(3, 4)(torch.ones(5, 3))
    >>> counter.get_total_flops()
    120
    """

    def __init__(self, mods=None, depth: int = 2, display: bool = True, custom_mapping=None):
        if custom_mapping:
            raise NotImplementedError(
                "FlopCounterMode(custom_mapping=...): operations below functions are not seen here; add to get_total_flops() what yours take"
            )
        self.depth, self.display = depth, display
        self.flop_counts: dict = defaultdict(lambda: defaultdict(int))
        self._names: dict = {}
        self._inside: list[str] = []
        self._handles: list = []

    def get_total_flops(self) -> int:
        """The number of operations."""
        return sum(self.flop_counts["Global"].values())

    def get_flop_counts(self) -> dict:
        """For each module by its path, and for "Global": the number of operations by kind."""
        return {name: dict(counts) for name, counts in self.flop_counts.items()}

    def get_table(self, depth: int | None = None) -> str:
        """The counts as a text; needs the package tabulate, as in torch."""
        import tabulate

        depth = 999999 if depth is None and self.depth is None else self.depth if depth is None else depth
        total = self.get_total_flops()
        place = max(0, min(len(_SUFFIXES) - 1, (len(str(total)) - 2) // 3))

        def shown(flops):
            return f"{flops / 1000**place:.3f}{_SUFFIXES[place]}", f"{flops / total if total else 0:.2%}"

        rows = []
        for name in ("Global", *sorted(n for n in self.flop_counts if n != "Global")):
            level = 0 if name == "Global" else name.count(".") + 1
            if level > depth:
                continue
            counts = self.flop_counts[name]
            rows.append((" " * level + name, *shown(sum(counts.values()))))
            rows += [(" " * (level + 1) + f" - {kind}", *shown(flops)) for kind, flops in counts.items()]
        return tabulate.tabulate(rows, headers=("Module", "FLOP", "% Total"), colalign=("left", "right", "right"))

    def __enter__(self):
        self.flop_counts.clear()
        self._handles = [
            register_module_forward_pre_hook(self._entered),
            register_module_forward_hook(self._left, always_call=True),
        ]
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self.display and error[0] is None:
            print(self.get_table(self.depth))

    def _entered(self, module, args):
        if module not in self._names:
            root = type(module).__name__
            for path, part in module.named_modules():
                self._names.setdefault(part, f"{root}.{path}" if path else root)
        self._inside.append(self._names[module])

    def _left(self, module, args, made):
        self._inside.pop()

    def _add(self, kind: str, flops: int, where) -> None:
        for name in where:
            self.flop_counts[name][f"aten.{kind}"] += flops

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        count = _COUNTS.get(func)
        if count is None:
            if func.__module__.startswith("jtorch.nn.functional") and hasattr(func, "__wrapped__"):
                with self._again():  # what it is made of counts
                    made = func.__wrapped__(*args, **kwargs)
                if func is F.multi_head_attention_forward:
                    for kind, flops, needed in _projections(*args):
                        self._count(kind, flops, needed, made[0])
                return made
            return func(*args, **kwargs)
        made = func(*args, **kwargs)
        found = count(*args, **kwargs, **({"made": made} if func in _CONVOLUTIONS else {}))
        if found is not None:
            kind, flops, factors = found
            self._count(kind, flops, sum(t.requires_grad for t in factors), made)
        return made

    def _count(self, kind: str, flops: int, needed: int, made) -> None:
        """Count a product, and one for each of its `needed` gradients when the one of `made` comes."""
        where = {"Global", *self._inside}

        def backward(grad):
            if self._handles:
                self._add(_BACKWARD.get(kind, kind), needed * flops, where)

        self._add(kind, flops, where)
        if made.requires_grad:
            made.register_hook(backward)

    def _again(self):
        return _Resumed(self)


class _Resumed:
    """The block, offered functions again inside one that it was offered."""

    def __init__(self, mode):
        self.mode = mode

    def __enter__(self):
        TorchFunctionMode.__enter__(self.mode)

    def __exit__(self, *error):
        TorchFunctionMode.__exit__(self.mode, *error)
