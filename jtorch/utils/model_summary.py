"""A module as a table: its layers, the shapes that pass through them, their parameters and their cost."""

from dataclasses import dataclass, field

import jtorch
from jtorch.nn import Module

__all__ = ["LayerRow", "Summary", "summary"]


@dataclass
class LayerRow:
    """One call of a layer. `multiply_adds` counts every use of a weight: a convolution uses each once for each position of its output."""

    name: str
    kind: str
    depth: int
    parameters: int
    trainable: int
    repeated: bool
    inputs: list = field(default_factory=list)
    outputs: list = field(default_factory=list)
    multiply_adds: int = 0
    output_bytes: int = 0
    is_leaf: bool = True


class Summary:
    """What `summary` found: `rows`, and their totals. `print` shows the table."""

    def __init__(self, module, rows, input_bytes):
        self.name = type(module).__name__
        self.rows: list[LayerRow] = rows
        parameters = list(module.parameters())
        self.total_params = sum(p.numel() for p in parameters)
        self.trainable_params = sum(p.numel() for p in parameters if p.requires_grad)
        self.total_mult_adds = sum(row.multiply_adds for row in rows)
        self.input_bytes = input_bytes
        self.output_bytes = sum(row.output_bytes for row in rows if row.is_leaf)
        self.param_bytes = sum(p.numel() * p.element_size() for p in parameters)

    def table(self, depth: int = 3) -> str:
        """The table down to a depth of nesting."""
        header = ("Layer (type)", "Input shape", "Output shape", "Param #", "Mult-adds")
        shown = [row for row in self.rows if row.depth <= depth]
        body = [
            (
                "  " * row.depth + (f"{row.name}: " if row.name else "") + row.kind,
                _shapes(row.inputs),
                _shapes(row.outputs),
                "(again)" if row.repeated and row.parameters else f"{row.parameters:,}" if row.parameters else "--",
                f"{row.multiply_adds:,}" if row.multiply_adds else "--",
            )
            for row in shown
        ]
        widths = [max(len(line[i]) for line in (header, *body)) for i in range(len(header))]
        rule = "=" * (sum(widths) + 3 * (len(widths) - 1))

        def line(cells):
            first = [cell.ljust(width) for cell, width in zip(cells[:3], widths[:3], strict=True)]
            return "   ".join([*first, *(c.rjust(w) for c, w in zip(cells[3:], widths[3:], strict=True))]).rstrip()

        return "\n".join(
            [
                rule, line(header), rule, *map(line, body), rule,
                f"Total params: {self.total_params:,}",
                f"Trainable params: {self.trainable_params:,}",
                f"Non-trainable params: {self.total_params - self.trainable_params:,}",
                f"Total mult-adds: {self.total_mult_adds:,}",
                rule,
                f"Input size (MB): {self.input_bytes / 1e6:.2f}",
                f"Output of layers (MB): {self.output_bytes / 1e6:.2f}",
                f"Params size (MB): {self.param_bytes / 1e6:.2f}",
                rule,
            ]
        )  # fmt: skip

    def __repr__(self):
        return self.table()


def summary(module: Module, *inputs, input_size=None, depth: int = 3, dtype=None, device=None, **kwargs) -> Summary:
    """Call a module in evaluation mode on `inputs`, or on zeros of `input_size` (a size with the batch, or a list of sizes), and note what every layer did.

    Its result prints as a table. Without inputs only parameters are counted.

    >>> import jtorch as torch
    >>> made = torch.utils.summary(torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU()), torch.zeros(4, 3))
    >>> made.total_params, made.total_mult_adds, made.rows[1].outputs
    (8, 24, [(4, 2)])
    """
    if input_size is not None:
        sizes = [input_size] if input_size and isinstance(input_size[0], int) else list(input_size)
        inputs = (*inputs, *(jtorch.zeros(size, dtype=dtype, device=device) for size in sizes))
    rows: list[LayerRow] = []
    if not inputs and not kwargs:
        rows = [_row(child, path, set()) for path, child in module.named_modules()]
        return Summary(module, rows, 0)
    stack: list[LayerRow] = []
    counted: set = set()
    names = {id(child): path for path, child in module.named_modules()}

    def enter(layer, args):
        row = _row(layer, names.get(id(layer), ""), counted)
        row.depth = len(stack)
        row.inputs = [tuple(t.shape) for t in _tensors(args)]
        rows.append(row)
        stack.append(row)

    def leave(layer, args, result):
        row = stack.pop()
        found = _tensors(result)
        row.outputs = [tuple(t.shape) for t in found]
        row.output_bytes = sum(t.numel() * t.element_size() for t in found)
        row.multiply_adds = _uses(layer, _tensors(args), found)

    handles = []
    modes = [(child, child.training) for child in module.modules()]
    try:
        for child in module.modules():
            handles += [child.register_forward_pre_hook(enter), child.register_forward_hook(leave)]
        module.eval()
        with jtorch.no_grad():
            module(*inputs, **kwargs)
    finally:
        for handle in handles:
            handle.remove()
        for child, training in modes:
            child.training = training
    given = _tensors((inputs, kwargs))
    made = Summary(module, rows, sum(t.numel() * t.element_size() for t in given))
    made.table = lambda depth=depth, table=made.table: table(depth)  # type: ignore[method-assign, misc]
    return made


def _row(layer, path, counted) -> LayerRow:
    own = list(layer.parameters(recurse=False))
    row = LayerRow(
        path.rpartition(".")[2], type(layer).__name__, path.count(".") + bool(path), sum(p.numel() for p in own),
        sum(p.numel() for p in own if p.requires_grad), id(layer) in counted, is_leaf=not layer._modules,
    )  # fmt: skip
    counted.add(id(layer))
    return row


def _tensors(tree) -> list:
    from jtorch.utils._pytree import tree_leaves

    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, jtorch.Tensor)]


def _uses(layer, inputs, outputs) -> int:
    """How often the weights that belong to a layer itself are multiplied with something."""
    own = [p for p in layer.parameters(recurse=False) if not jtorch.nn.parameter.is_lazy(p)]
    if not own or not outputs:
        return 0
    if isinstance(layer, (jtorch.nn.Embedding, jtorch.nn.EmbeddingBag)):
        return 0
    weight = sum(p.numel() for p in own if p.dim() > 1) or sum(p.numel() for p in own) // len(own)
    if isinstance(layer, jtorch.nn.modules.conv._ConvTransposeNd):
        # Each weight once for each position of the input.
        return weight * inputs[0].numel() // layer.in_channels
    if isinstance(layer, jtorch.nn.modules.conv._ConvNd):
        return weight * (outputs[0].numel() // layer.out_channels)
    if isinstance(layer, jtorch.nn.modules.batchnorm._NormBase):
        return outputs[0].numel()
    # The last dimension holds features; each weight is used once for everything before it.
    return weight * (outputs[0].numel() // max(outputs[0].shape[-1], 1) if outputs[0].dim() else 1)


def _shapes(shapes) -> str:
    return ", ".join(map(str, map(list, shapes))) if shapes else "--"
