"""Modules whose forward is a graph."""

import copy
import itertools
import linecache

import jtorch
from jtorch import nn
from jtorch.fx.graph import Graph
from jtorch.nn.modules.module import Module

__all__ = ["GraphModule", "reduce_graph_module"]

_numbers = itertools.count()


def _function(source: str, names: dict):
    """`forward` out of its source, which tracebacks can show."""
    path = f"<eval_with_key>.{next(_numbers)}"
    linecache.cache[path] = (len(source), None, source.splitlines(True), path)
    space = dict(names)
    exec(compile(source, path, "exec"), space)
    return space["forward"]


def _copy_attribute(source, target, path: str) -> None:
    *parents, last = path.split(".")
    for name in parents:
        following = getattr(source, name)
        if following is getattr(target, name, None):
            return
        if not hasattr(target, name):
            setattr(target, name, nn.Module())
        source, target = following, getattr(target, name)
    _assign(target, last, getattr(source, last))


def _assign(module, name, value) -> None:
    if isinstance(value, jtorch.Tensor) and not isinstance(value, nn.Parameter):
        module.register_buffer(name, value)
    else:
        setattr(module, name, value)


class GraphModule(Module):
    """A module that runs a graph: `graph` can be changed, and `recompile` writes `forward` anew.

    `root` is the module that the graph's paths mean, or a dictionary of what they name.
    """

    def __new__(cls, *args, **kwargs):
        # A class for each instance, since each has a forward of its own.
        own = next(c for c in cls.__mro__ if "_graph_module_instance" not in vars(c))
        return super().__new__(
            type(own.__name__, (own,), {"_graph_module_instance": True, "__module__": own.__module__})
        )

    def __init__(self, root, graph: Graph, class_name: str = "GraphModule"):
        super().__init__()
        type(self).__name__ = type(self).__qualname__ = class_name
        wanted = [n.target for n in graph.nodes if n.op in ("get_attr", "call_module")]
        if isinstance(root, Module):
            self.training = root.training
            for path in wanted:
                _copy_attribute(root, self, path)
        elif isinstance(root, dict):
            for path in wanted:
                if path not in root:
                    raise RuntimeError(
                        f"Node {path} referenced target {path} but that target was not provided in ``root``!"
                    )
            for path in sorted(set(wanted), key=lambda p: p.count(".")):
                *parents, last = path.split(".")
                owner = self
                for name in parents:
                    if not hasattr(owner, name):
                        setattr(owner, name, nn.Module())
                    owner = getattr(owner, name)
                _assign(owner, last, root[path])
        else:
            raise RuntimeError(f"Unsupported type {root} passed for root!")
        self.graph = graph
        self._tracer_cls = graph._tracer_cls
        self.meta: dict = {}

    @property
    def graph(self) -> Graph:
        return self._graph

    @graph.setter
    def graph(self, g: Graph) -> None:
        if not isinstance(g, Graph):
            raise AssertionError(f"Expected a Graph instance, but got {type(g)}")
        self._graph = g
        g.owning_module = self
        self.recompile()

    @property
    def code(self) -> str:
        """The source of `forward`."""
        return self._code

    def recompile(self):
        """Write `forward` anew, after the graph has been changed."""
        made = self._graph.python_code(root_module="self")
        self._code = made.src
        type(self).forward = _function(made.src, made.globals)
        return made

    def add_submodule(self, target: str, m: Module) -> bool:
        """Put a module at a path, making what is missing on the way."""
        *parents, last = target.split(".")
        owner = self
        for name in parents:
            found = getattr(owner, name, None)
            if found is None:
                found = nn.Module()
                setattr(owner, name, found)
            if not isinstance(found, Module):
                return False
            owner = found
        owner.add_module(last, m)
        return True

    def delete_submodule(self, target: str) -> bool:
        """Take the module at a path away; whether there was one."""
        *parents, last = target.split(".")
        owner = self
        for name in parents:
            owner = getattr(owner, name, None)
            if not isinstance(owner, Module):
                return False
        if not isinstance(getattr(owner, last, None), Module):
            return False
        delattr(owner, last)
        return True

    def delete_all_unused_submodules(self) -> None:
        """Take away the modules that the graph does not call."""
        used: set[str] = set()
        for node in self._graph.nodes:
            if node.op in ("call_module", "get_attr"):
                parts = node.target.split(".")
                used |= {".".join(parts[: i + 1]) for i in range(len(parts))}
                if node.op == "call_module":
                    inner = self.get_submodule(node.target)
                    used |= {f"{node.target}.{name}" for name, _ in inner.named_modules() if name}
        for name in [name for name, _ in self.named_modules() if name and name not in used]:
            self.delete_submodule(name)

    def print_readable(self, print_output: bool = True, **_) -> str:
        """The code as a class."""
        body = "\n".join("    " + line if line.strip() else line for line in self._code.strip("\n").splitlines())
        text = f"class {self._get_name()}(torch.nn.Module):\n{body}"
        if print_output:
            print(text)
        return text

    def __str__(self):
        reminder = "# To see more debug info, please use `graph_module.print_readable()`"
        return "\n".join([super().__repr__(), self._code, reminder])

    def __deepcopy__(self, memo):
        holder = Module()
        memo[id(self)] = holder
        holder.__dict__.update({k: copy.deepcopy(v, memo) for k, v in self.__dict__.items() if k != "_graph"})
        made = GraphModule(holder, copy.deepcopy(self._graph), self._get_name())
        made.meta = dict(self.meta)
        for name, value in holder.__dict__.items():
            if name not in made.__dict__:
                made.__dict__[name] = value
        memo[id(self)] = made
        return made

    def __copy__(self):
        return GraphModule(self, self._graph, self._get_name())

    def __reduce__(self):
        state = {k: v for k, v in self.__dict__.items() if k != "_graph"}
        made = self._graph.python_code(root_module="self")
        modules = {name: value for name, value in made.globals.items() if name != "torch"}
        return reduce_graph_module, (state, self._get_name(), made.src, modules)

    def __reduce_ex__(self, protocol):
        return self.__reduce__()


def reduce_graph_module(state: dict, name: str, source: str, names: dict) -> GraphModule:
    """A GraphModule out of a file: its code is traced again."""
    from jtorch.fx._symbolic_trace import Tracer

    class KeepsModules(Tracer):
        def is_leaf_module(self, m, module_qualified_name):
            return True

    class Holder(Module):
        forward = _function(source, {"torch": jtorch, **names})

    holder = Holder()
    holder.__dict__.update(state)
    made = GraphModule(holder, KeepsModules().trace(holder), name)
    made.meta = state.get("meta", {})
    return made
