"""Proxies: what stands for values while a function is traced; each operation on one becomes a node."""

import dis
import inspect
import operator

import jtorch
from jtorch.fx.graph import OPERATOR_METHODS, REFLECTED
from jtorch.fx.node import Node, map_aggregate
from jtorch.tensor import Tensor

__all__ = ["Attribute", "GraphAppendingTracer", "Proxy", "TraceError", "TracerBase"]


class TraceError(ValueError):
    """What a tracer cannot follow: values that decide what is done."""


class TracerBase:
    """How calls become nodes of `graph`."""

    graph = None
    record_stack_traces = False
    trace_asserts = False
    proxy_buffer_attributes = False

    def create_node(self, kind, target, args, kwargs, name=None, type_expr=None) -> Node:
        return self.graph.create_node(kind, target, args, kwargs, name, type_expr)

    def proxy(self, node: Node) -> "Proxy":
        return Proxy(node, self)

    def create_proxy(self, kind, target, args, kwargs, name=None, type_expr=None, proxy_factory_fn=None) -> "Proxy":
        """A node for a call whose arguments may hold proxies, and the proxy of its result."""
        node = self.create_node(kind, target, self.create_arg(args), self.create_arg(kwargs), name, type_expr)
        return (proxy_factory_fn or self.proxy)(node)

    def create_arg(self, a):
        """An argument as nodes take it; NotImplementedError for objects that generated code could not name."""
        if isinstance(a, Proxy):
            return a.node
        if isinstance(a, tuple) and hasattr(a, "_fields"):
            return type(a)(*(self.create_arg(item) for item in a))
        if isinstance(a, jtorch.Size):
            return tuple(a)
        if isinstance(a, (tuple, list)):
            return type(a)(self.create_arg(item) for item in a)
        if isinstance(a, dict):
            return {key: self.create_arg(value) for key, value in a.items()}
        if isinstance(a, slice):
            return slice(self.create_arg(a.start), self.create_arg(a.stop), self.create_arg(a.step))
        if isinstance(a, range):
            return range(self.create_arg(a.start), self.create_arg(a.stop), self.create_arg(a.step))
        plain = (
            str,
            int,
            float,
            bool,
            complex,
            jtorch.dtype,
            jtorch.device,
            jtorch.layout,
            Node,
            type(None),
            type(...),
        )
        if isinstance(a, plain) or callable(a):
            return a
        raise NotImplementedError(f"argument of type: {type(a)}")

    def to_bool(self, obj: "Proxy") -> bool:
        raise TraceError("symbolically traced variables cannot be used as inputs to control flow")

    def iter(self, obj: "Proxy"):
        raise TraceError(
            "Proxy object cannot be iterated. This can be attempted when the Proxy is used in a loop or as a *args or **kwargs function "
            "argument. See the torch.fx docs on pytorch.org for a more detailed explanation of what types of control flow can be traced, and check "
            "out the Proxy docstring for help troubleshooting Proxy iteration errors"
        )

    def keys(self, obj: "Proxy"):
        return Attribute(obj, "keys")()


class GraphAppendingTracer(TracerBase):
    """Appends to a graph that is there."""

    def __init__(self, graph):
        super().__init__()
        self.graph = graph


class Proxy:
    """Stands for a value: functions of torch, operators, methods and attributes become nodes of its tracer's graph."""

    def __init__(self, node: Node, tracer: TracerBase | None = None):
        self.tracer = GraphAppendingTracer(node.graph) if tracer is None else tracer
        self.node = node

    def __repr__(self):
        return f"Proxy({self.node.name})"

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # what Python itself asks an object
        return Attribute(self, name)

    def __call__(self, *args, **kwargs):
        return self.tracer.create_proxy("call_method", "__call__", (self, *args), kwargs)

    def __iter__(self):
        frame = inspect.currentframe().f_back
        for instruction in dis.get_instructions(frame.f_code):
            # `a, b = proxy` says how many there are.
            if instruction.offset == frame.f_lasti and instruction.opname == "UNPACK_SEQUENCE":
                return (self[i] for i in range(instruction.argval))
        return self.tracer.iter(self)

    def __bool__(self):
        return self.tracer.to_bool(self)

    def __len__(self):
        raise RuntimeError(
            "'len' is not supported in symbolic tracing by default. If you want this call to be recorded, please call torch.fx.wrap('len') at module scope"
        )

    def keys(self):
        return self.tracer.keys(self)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tracers = []
        map_aggregate((args, kwargs), lambda a: tracers.append(a.tracer) if isinstance(a, Proxy) else a)
        if len({id(t) for t in tracers}) > 1:
            raise RuntimeError(f"Found multiple different tracers {tracers} while trying to trace operations {func}")
        space = jtorch.nn.functional if func.__module__ == "jtorch.nn.functional" else jtorch
        name = func.__name__
        if getattr(space, name, None) is not func and Tensor.__dict__.get(name) is func:
            return tracers[0].create_proxy("call_method", name, args, kwargs)
        return tracers[0].create_proxy("call_function", func, args, kwargs)


class Attribute(Proxy):
    """An attribute of a proxy: a node only where it is not called at once, as a method."""

    def __init__(self, root: Proxy, attr: str):
        self.root, self.attr, self.tracer = root, attr, root.tracer
        self._node = None

    @property
    def node(self):
        if self._node is None:
            self._node = self.tracer.create_proxy("call_function", getattr, (self.root, self.attr), {}).node
        return self._node

    def __call__(self, *args, **kwargs):
        return self.tracer.create_proxy("call_method", self.attr, (self.root, *args), kwargs)


def _attach():
    def record(target):
        def method(self, *args):
            return self.tracer.create_proxy("call_function", target, (self, *args), {})

        return method

    def reflected(target):
        def method(self, other):
            return self.tracer.create_proxy("call_function", target, (other, self), {})

        return method

    for name, target in OPERATOR_METHODS.items():
        setattr(Proxy, name, record(target))
    for name in REFLECTED:
        setattr(Proxy, f"__r{name.rstrip('_')}__", reflected(getattr(operator, name)))
    Proxy.__setitem__ = record(operator.setitem)
    Proxy.__hash__ = object.__hash__


_attach()
