"""A module as a picture: its layers and the operations between them, found in the graph of gradients of one call."""

import os
from dataclasses import dataclass, field
from html import escape

import jtorch
from jtorch.nn import Module
from jtorch.utils.model_summary import _tensors

__all__ = ["Picture", "Vertex", "draw", "graph"]


@dataclass
class Vertex:
    """A layer, an operation outside of layers, or an input. `sources` are the vertices that it takes something from."""

    name: str
    label: str
    kind: str
    detail: str = ""
    sources: list = field(default_factory=list)


def draw(module: Module, *inputs, **kwargs) -> "Picture":
    """The picture of what a module does with these inputs: shown by notebooks, and saved by `.save("net.svg")`, or `"net.dot"` for Graphviz.

    The module is called once, in evaluation mode.

    >>> import jtorch as torch
    >>> picture = torch.utils.draw(torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU()), torch.zeros(4, 3))
    >>> [vertex.label for vertex in picture.vertices]
    ['input', '0: Linear', '1: ReLU', 'output']
    """
    return Picture(graph(module, *inputs, **kwargs))


def graph(module: Module, *inputs, **kwargs) -> list[Vertex]:
    """The vertices of a module's graph, sources before what takes from them."""
    from jtorch.utils._pytree import tree_map

    def fresh(leaf):
        if isinstance(leaf, jtorch.Tensor):
            leaf = leaf.detach()
            return leaf.requires_grad_() if leaf.is_floating_point() or leaf.is_complex() else leaf
        return leaf

    inputs, kwargs = tree_map(fresh, (inputs, kwargs))
    walk = _Walk(_tensors((inputs, kwargs)))
    names = {child: path for path, child in module.named_modules()}
    modes = [(child, child.training) for child in module.modules()]
    handles = []
    try:
        for child in module.modules():
            if not child._modules:
                handles.append(child.register_forward_pre_hook(walk.enter))
                handles.append(
                    child.register_forward_hook(lambda layer, args, result: walk.leave(names[layer], layer, result))
                )
        module.eval()
        with jtorch.enable_grad():
            result = module(*inputs, **kwargs)
    finally:
        for handle in handles:
            handle.remove()
        for child, training in modes:
            child.training = training
    return walk.finish(_tensors(result))


class _Walk:
    """From the graph of gradients to vertices: nodes made inside a layer's call are that layer."""

    def __init__(self, inputs):
        self.vertices: list[Vertex] = []
        self.of_node: dict = {}
        self.of_leaf: dict = {}
        self.kept: list = []
        self.entered: list = []
        for i, tensor in enumerate(inputs):
            vertex = self._add("input" if len(inputs) == 1 else f"input{i}", "input", "input", _shape(tensor))
            vertex.label = vertex.name
            self._own(tensor, vertex)

    def _add(self, name, label, kind, detail="") -> Vertex:
        taken = {vertex.name for vertex in self.vertices}
        unique, count = name, 1
        while unique in taken:
            count += 1
            unique = f"{name}#{count}"
        self.vertices.append(Vertex(unique, label, kind, detail))
        return self.vertices[-1]

    def _own(self, tensor, vertex) -> None:
        self.kept.append(tensor)  # so that its id stays its own
        self.of_leaf[id(tensor)] = vertex

    def enter(self, layer, args) -> None:
        given = _tensors(args)
        self.entered.append((given, [t.grad_fn for t in given]))

    def leave(self, path, layer, result):
        given, nodes = self.entered.pop()
        made = _tensors(result)
        if all(any(out is t for t in given) and out.grad_fn in nodes for out in made):
            return  # the layer did nothing: Identity, Dropout in evaluation
        sources = [
            self._source(node) if node is not None else self.of_leaf.get(id(tensor))
            for tensor, node in zip(given, nodes, strict=True)
        ]
        vertex = self._add(path or type(layer).__name__, f"{path}: {type(layer).__name__}".removeprefix(": "), "layer")
        vertex.detail = f"{', '.join(map(_shape, given))} → {', '.join(map(_shape, made))}"
        for source in sources:
            self._link(vertex, source)
        for tensor in made:
            if tensor.grad_fn is not None:
                self._claim(tensor.grad_fn, nodes, vertex)
            else:
                if tensor.is_floating_point():
                    tensor.requires_grad_()
                self._own(tensor, vertex)

    def _claim(self, node, borders, vertex) -> None:
        stack = [node]
        while stack:
            node = stack.pop()
            if node is None or node in borders or node in self.of_node or node.name().endswith("AccumulateGrad"):
                continue
            self.of_node[node] = vertex
            stack += [source for source, _ in node.next_functions]

    def _source(self, node):
        """The vertex of a node; nodes outside of layers become operations, sources first."""
        pending = [node]
        while pending:
            node = pending[-1]
            if node in self.of_node:
                pending.pop()
                continue
            if node.name().endswith("AccumulateGrad"):
                self.of_node[node] = self.of_leaf.get(id(node.variable))
                continue
            sources = [source for source, _ in node.next_functions if source is not None]
            missing = [source for source in sources if source not in self.of_node]
            if missing:
                pending += reversed(missing)
                continue
            name = node.name().partition("Backward")[0]
            vertex = self._add(name, name, "operation")
            for source in sources:
                self._link(vertex, self.of_node[source])
            self.of_node[node] = vertex
        return self.of_node[node]

    @staticmethod
    def _link(vertex, source) -> None:
        if source is not None and source is not vertex and source not in vertex.sources:
            vertex.sources.append(source)

    def finish(self, results) -> list[Vertex]:
        for i, tensor in enumerate(results):
            name = "output" if len(results) == 1 else f"output{i}"
            source = self.of_leaf.get(id(tensor)) if tensor.grad_fn is None else self._source(tensor.grad_fn)
            vertex = self._add(name, name, "output", _shape(tensor))
            self._link(vertex, source)
        return self.vertices


def _shape(tensor) -> str:
    return str(list(tensor.shape))


_COLOURS = {"input": "#dbe9f6", "output": "#dbe9f6", "layer": "#fdf3d6", "operation": "#eeeeee"}


class Picture:
    """Vertices, as text for Graphviz (`dot`) or as a picture (`svg`)."""

    def __init__(self, vertices):
        self.vertices = vertices

    @property
    def dot(self) -> str:
        """The graph in Graphviz's language."""
        lines = ["digraph {", '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11]']
        for v in self.vertices:
            text = "\\n".join(part for part in (v.label, v.detail) if part).replace('"', '\\"')
            lines.append(f'  "{v.name}" [label="{text}", fillcolor="{_COLOURS[v.kind]}"]')
        lines += [f'  "{source.name}" -> "{v.name}"' for v in self.vertices for source in v.sources]
        return "\n".join([*lines, "}", ""])

    @property
    def svg(self) -> str:
        """The picture: every vertex one row below the lowest of its sources, in a row near their middle."""
        rank: dict = {}
        middle: dict = {}
        rows: dict[int, list] = {}
        for v in self.vertices:
            rank[id(v)] = max((rank[id(s)] + 1 for s in v.sources), default=0)
            rows.setdefault(rank[id(v)], []).append(v)
        width = {id(v): 20 + 6.6 * max(len(v.label), len(v.detail)) for v in self.vertices}
        height, gap = 38, 30
        for number in sorted(rows):
            row = rows[number]
            wanted = {id(v): sum(middle[id(s)] for s in v.sources) / len(v.sources) if v.sources else 0.0 for v in row}
            row.sort(key=lambda v: wanted[id(v)])
            at = None
            for v in row:
                left = wanted[id(v)] - width[id(v)] / 2
                left = left if at is None else max(left, at + 20)
                middle[id(v)] = left + width[id(v)] / 2
                at = left + width[id(v)]
            shift = sum(middle[id(v)] - wanted[id(v)] for v in row) / len(row)
            for v in row:
                middle[id(v)] -= shift
        left = min(middle[id(v)] - width[id(v)] / 2 for v in self.vertices) - 10
        right = max(middle[id(v)] + width[id(v)] / 2 for v in self.vertices) + 40
        down = height + gap
        total = (max(rank.values()) + 1) * down
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{right - left:.0f}" height="{total:.0f}" viewBox="{left:.0f} 0 {right - left:.0f} {total:.0f}" '
            'font-family="Helvetica, Arial, sans-serif" font-size="11">',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0L8 4L0 8z" fill="#666"/></marker></defs>',
        ]
        for v in self.vertices:
            x2, y2 = middle[id(v)], rank[id(v)] * down + 10
            for s in v.sources:
                x1, y1 = middle[id(s)], rank[id(s)] * down + 10 + height
                bend = (y2 - y1) / 2
                # An edge over several rows goes around what lies between; three quarters of `side` are seen of the curve.
                between = [u for number in range(rank[id(s)] + 1, rank[id(v)]) for u in rows[number]]
                edge = max((middle[id(u)] + width[id(u)] / 2 for u in between), default=None)
                side = 0 if edge is None else (edge + 12 - min(x1, x2)) / 0.75
                parts.append(
                    f'<path d="M{x1:.0f} {y1:.0f}C{x1 + side:.0f} {y1 + bend:.0f} {x2 + side:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}" '
                    'fill="none" stroke="#666" marker-end="url(#tip)"/>'
                )
        for v in self.vertices:
            x, y = middle[id(v)], rank[id(v)] * down + 10
            parts.append(
                f'<rect x="{x - width[id(v)] / 2:.0f}" y="{y}" width="{width[id(v)]:.0f}" height="{height}" rx="5" fill="{_COLOURS[v.kind]}" stroke="#999"/>'
            )
            texts = [text for text in (v.label, v.detail) if text]
            for i, text in enumerate(texts):
                line = y + height / 2 + 4 + (i - (len(texts) - 1) / 2) * 14
                parts.append(f'<text x="{x:.0f}" y="{line:.0f}" text-anchor="middle">{escape(text)}</text>')
        return "\n".join([*parts, "</svg>", ""])

    def save(self, path) -> None:
        """Write the picture to a file whose ending says how: `.svg`, or `.dot` and `.gv`."""
        ending = os.path.splitext(os.fspath(path))[1].lower()
        if ending not in (".svg", ".dot", ".gv"):
            raise ValueError(f"a picture is saved as .svg, .dot or .gv, got {os.fspath(path)!r}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg if ending == ".svg" else self.dot)

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self):
        return f"<picture of {len(self.vertices)} layers and operations>"
