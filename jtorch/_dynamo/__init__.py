"""torch._dynamo: the names that programs use of it. Python is never turned into a graph here."""

from types import SimpleNamespace

from jtorch.compiler import OptimizedModule, allow_in_graph, disable, is_compiling, list_backends, reset

from . import eval_frame, exc

__all__ = [
    "OptimizedModule",
    "allow_in_graph",
    "assume_constant_result",
    "config",
    "disable",
    "eval_frame",
    "exc",
    "graph_break",
    "is_compiling",
    "list_backends",
    "mark_dynamic",
    "mark_static_address",
    "reset",
]

# Kept for code that sets them.
config = SimpleNamespace(
    verbose=False, suppress_errors=False, cache_size_limit=8, recompile_limit=8, accumulated_cache_size_limit=256, optimize_ddp=True,
    assume_static_by_default=True, automatic_dynamic_shapes=True, capture_scalar_outputs=False, capture_dynamic_output_shape_ops=False,
    log_level=None,
)  # fmt: skip


def graph_break(msg: str = "") -> None:
    """Nothing to break: there is no graph of Python code."""


def mark_dynamic(tensor, index, **bounds) -> None:
    """Accepted: every shape has its own program."""


mark_static = maybe_mark_dynamic = mark_dynamic


def mark_static_address(t, guard=False) -> None:
    """Accepted: a program takes its inputs wherever they are."""


def assume_constant_result(fn):
    """The function: it is called each time, so nothing need be assumed of it."""
    return fn
