"""Replacing what looks like a pattern."""

from typing import NamedTuple

from jtorch import nn
from jtorch.fx._symbolic_trace import symbolic_trace
from jtorch.fx.graph import Graph
from jtorch.fx.graph_module import GraphModule
from jtorch.fx.node import Node

__all__ = ["Match", "replace_pattern"]


class Match(NamedTuple):
    """Where a pattern was found: the node of its result, and the graph's node for each of the pattern's."""

    anchor: Node
    nodes_map: dict[Node, Node]


def _graph(given) -> Graph:
    if isinstance(given, GraphModule):
        return given.graph
    return given if isinstance(given, Graph) else symbolic_trace(given).graph


def replace_pattern(gm: GraphModule, pattern, replacement) -> list[Match]:
    """Put `replacement` wherever the graph does what `pattern` does, which have the same parameters; gives the places.

    >>> import jtorch as torch
    >>> traced = torch.fx.symbolic_trace(lambda x: torch.relu(x).neg() + 1)
    >>> len(torch.fx.replace_pattern(traced, lambda x: torch.relu(x).neg(), lambda x: torch.neg(torch.abs(x))))
    1
    >>> traced(torch.tensor([-1., 2.]))
    tensor([ 0., -1.])
    """
    wanted, instead = _graph(pattern), _graph(replacement)
    inputs = [n for n in wanted.nodes if n.op == "placeholder"]
    result = wanted.output_node().args[0]
    if not isinstance(result, Node):
        raise NotImplementedError(
            "torch.fx.replace_pattern: the pattern returns one value here; rewrite the nodes of gm.graph instead"
        )
    inner = [n for n in wanted.nodes if n.op not in ("placeholder", "output")]
    if not all(n.users for n in inner):
        raise AssertionError("SubgraphMatcher cannot be initialized with an pattern with dead code")
    matches, taken = [], set()
    for node in list(gm.graph.nodes):
        found: dict[Node, Node] = {}
        if not _same(result, node, found) or any(found[n] in taken for n in inner):
            continue
        body = {found[n] for n in inner}
        if any(user not in body for n in inner if n is not result for user in found[n].users):
            continue  # a value inside is used elsewhere
        taken |= body
        matches.append(Match(node, found))
    new_inputs = [n for n in instead.nodes if n.op == "placeholder"]
    replaced: dict[Node, Node] = {}
    for match in matches:
        values = {}
        for ours, theirs in zip(inputs, new_inputs, strict=True):
            given = match.nodes_map[ours]
            values[theirs] = replaced.get(given, given) if isinstance(given, Node) else given
        with gm.graph.inserting_before(match.anchor):
            made = gm.graph.graph_copy(instead, values)
        match.anchor.replace_all_uses_with(made)
        replaced[match.anchor] = made
        for n in reversed(inner):
            gm.graph.erase_node(match.nodes_map[n])
    if isinstance(replacement, nn.Module):
        for name, module in replacement.named_children():
            if not hasattr(gm, name):
                gm.add_module(name, module)
    gm.recompile()
    return matches


def _same(wanted, given, found) -> bool:
    """Whether a value of the graph is made as one of the pattern is; notes which node stands for which."""
    if not isinstance(wanted, Node):
        if isinstance(wanted, (tuple, list)):
            return (
                type(wanted) is type(given)
                and len(wanted) == len(given)
                and all(_same(a, b, found) for a, b in zip(wanted, given, strict=True))
            )
        return type(wanted) is type(given) and wanted == given
    if wanted in found:
        return found[wanted] is given
    if wanted.op == "placeholder":
        if isinstance(given, Node) and given in found.values():
            return False  # two inputs of the pattern are two values
        found[wanted] = given
        return True
    if not isinstance(given, Node) or given in found.values():
        return False
    alike = wanted.op == given.op and wanted.target == given.target and len(wanted.args) == len(given.args)
    if not alike or wanted.kwargs.keys() != given.kwargs.keys():
        return False
    found[wanted] = given
    return all(_same(a, b, found) for a, b in zip(wanted.args, given.args, strict=True)) and all(
        _same(wanted.kwargs[k], given.kwargs[k], found) for k in wanted.kwargs
    )
