"""One ONNX model out of several that were translated at different sizes.

jax2onnx is at its best where all sizes are numbers. Models of one program at several sizes differ in the shapes that Reshape, Expand and the like are given
and in constants to begin with: these become nodes that compute them from the sizes of the inputs (`jtorch.jit.generalization` finds how).
"""

import functools

import numpy as np

from jtorch.jit.expressions import FixedSize, Polynomial
from jtorch.jit.generalization import Matching


def merged(models, points, names, places, dimensions):
    """The model that all of these are. `places` are `(input, axis)` of the sizes that vary, `dimensions` the names by axis of each input."""
    made = type(models[0])()
    made.CopyFrom(models[0])
    merging = _Merging(made.graph, Matching(points), places)
    merging.graph([m.graph for m in models], made.graph)
    at_start = list(made.graph.node)
    del made.graph.node[:]
    made.graph.node.extend([*merging.nodes, *at_start])
    for value, named in zip(made.graph.input, dimensions, strict=True):
        for axis, name in named.items():
            value.type.tensor_type.shape.dim[axis].dim_param = name
    for value, *others in zip(made.graph.output, *(m.graph.output for m in models), strict=True):
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            found = [o.type.tensor_type.shape.dim[axis].dim_value for o in others]
            if len(set(found)) > 1:
                size = merging.matching.integer(found, "a size of the result")
                whole = (
                    isinstance(size, Polynomial) and [c for c, _ in size.terms] == [1] and len(size.terms[0][1]) == 1
                )
                dim.Clear()
                dim.dim_param = names[size.terms[0][1][0]] if whole else f"{value.name}_{axis}"
    return made


class _Merging:
    """What differs becomes `nodes`, at the start of the model, where the graphs inside it see them, too."""

    def __init__(self, graph, matching, places):
        self.main, self.matching, self.places, self.nodes, self.done = graph, matching, places, [], {}

    def graph(self, graphs, made) -> None:
        del made.value_info[:]
        for value, *others in zip([*made.input, *made.output], *([*g.input, *g.output] for g in graphs), strict=True):
            for axis, dim in enumerate(value.type.tensor_type.shape.dim):
                if len({o.type.tensor_type.shape.dim[axis].dim_value for o in others}) > 1:
                    dim.Clear()
        self.matching.same([len(g.node) for g in graphs], "the number of nodes")
        for node, *others in zip(made.node, *(g.node for g in graphs), strict=True):
            self.matching.same([(n.op_type, list(n.input), list(n.output)) for n in others], "a node")
            for attribute, *given in zip(node.attribute, *(n.attribute for n in others), strict=True):
                if attribute.HasField("g"):
                    self.graph([a.g for a in given], attribute.g)
                elif any(a.SerializeToString() != given[0].SerializeToString() for a in given):
                    if not attribute.HasField("t"):
                        raise FixedSize(f"{attribute.name} of a node {node.op_type} depends on it")
                    name = self.constant([a.t for a in given])
                    node.op_type = "Identity"
                    node.input.append(name)
                    del node.attribute[:]
        kept = []
        for held in zip(*(g.initializer for g in graphs), strict=True):
            self.matching.same([t.name for t in held], "a constant")
            if all(t.SerializeToString() == held[0].SerializeToString() for t in held):
                kept.append(held[0])
            else:
                self.node("Identity", [self.constant(held)], held[0].name)
        del made.initializer[:]
        made.initializer.extend(kept)

    def constant(self, tensors) -> str:
        """The name of what computes a constant that differs."""
        from onnx import numpy_helper

        arrays = [numpy_helper.to_array(t) for t in tensors]
        first = arrays[0]
        if all(a.shape == first.shape for a in arrays) and first.dtype == np.int64 and first.ndim < 2:
            parts = [
                self.size(self.matching.integer(values)) for values in zip(*(a.ravel() for a in arrays), strict=True)
            ]
            made = self.node("Concat", parts, axis=0)
            return made if first.ndim else self.node("Squeeze", [made])
        self.matching.same([a.ndim for a in arrays], "the number of dimensions of a constant")
        if any((a != first.flat[0]).any() for a in arrays):
            raise FixedSize(f"a constant of shape {list(first.shape)} depends on it")
        shape = [self.size(self.matching.integer(sizes)) for sizes in zip(*(a.shape for a in arrays), strict=True)]
        return self.node("Expand", [self.array(first.flat[0]), self.node("Concat", shape, axis=0)])

    def size(self, expression) -> str:
        """The name of an array of one element: a number, or a polynomial of the sizes of inputs."""
        if not isinstance(expression, (int, Polynomial)):
            raise FixedSize("a size inside the model is no polynomial of it")
        parts = []
        for factor, symbols in [(expression, ())] if isinstance(expression, int) else expression.terms:
            part = self.array([factor])
            for symbol in symbols:
                number, axis = self.places[symbol]
                shape = self.node("Shape", [self.main.input[number].name])
                part = self.node("Mul", [part, self.node("Gather", [shape, self.array([axis])])])
            parts.append(part)
        return functools.reduce(lambda a, b: self.node("Add", [a, b]), parts)

    def array(self, value) -> str:
        from onnx import numpy_helper

        array = np.asarray(value)
        key = ("constant", array.dtype.str, array.shape, array.tobytes())
        if key not in self.done:
            self.done[key] = f"size_constant_{len(self.done)}"
            self.nodes.append(self.make("Constant", [], self.done[key], value=numpy_helper.from_array(array)))
        return self.done[key]

    def node(self, kind, inputs, output=None, **attributes) -> str:
        key = (kind, *inputs)
        if output or key not in self.done:
            name = output or f"size_{len(self.done)}"
            self.done[key] = name
            self.nodes.append(self.make(kind, inputs, name, **attributes))
        return self.done[key]

    @staticmethod
    def make(kind, inputs, output, **attributes):
        from onnx import helper

        return helper.make_node(kind, inputs, [output], name=f"node_{output}", **attributes)
