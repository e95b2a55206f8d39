"""torch.fx: modules as graphs in Python that can be looked at and rewritten. `jtorch.to_jax` gives a program of JAX instead."""

from jtorch.fx import node, proxy
from jtorch.fx._symbolic_trace import Tracer, symbolic_trace, wrap
from jtorch.fx.graph import CodeGen, Graph
from jtorch.fx.graph_module import GraphModule
from jtorch.fx.interpreter import Interpreter, Transformer
from jtorch.fx.node import Node, has_side_effect, map_arg
from jtorch.fx.proxy import Proxy
from jtorch.fx.subgraph_rewriter import replace_pattern

__all__ = [
    "CodeGen", "Graph", "GraphModule", "Interpreter", "Node", "Proxy", "Tracer", "Transformer", "has_side_effect", "map_arg", "node", "proxy",
    "replace_pattern", "symbolic_trace", "wrap",
]  # fmt: skip


def __getattr__(name):
    raise AttributeError(f"module 'torch.fx' has no attribute '{name}': jtorch has no torch.fx.{name}")
