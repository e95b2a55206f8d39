"""The tracer: runs a function on proxies, and writes down what it does."""

import builtins
import contextlib
import functools
import inspect
import math
import operator

import jtorch
from jtorch import nn
from jtorch.fx.graph import Graph
from jtorch.fx.node import map_aggregate
from jtorch.fx.proxy import Proxy, TracerBase
from jtorch.tensor import Tensor

__all__ = ["Tracer", "is_fx_symbolic_tracing", "is_fx_tracing", "symbolic_trace", "wrap"]

_wrapped: list[
    tuple[dict, str]
] = []  # functions that stay one call: the names, and the modules in which they are looked up
_tracing = 0


def is_fx_tracing() -> bool:
    """Whether a function is being traced."""
    return _tracing > 0


is_fx_symbolic_tracing = is_fx_tracing


def wrap(fn_or_name):
    """Let a function stay one call in traced graphs: at module level, as a decorator or with its name.

    >>> import jtorch as torch
    >>> torch.fx.wrap("len")
    'len'
    """
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError("Unsupported type for global function! Must be either a callable or string name")
    name = fn_or_name if isinstance(fn_or_name, str) else fn_or_name.__name__
    frame = inspect.currentframe().f_back
    if frame.f_code.co_name != "<module>":
        raise NotImplementedError("wrap must be called at the top level of a module")
    if not any(space is frame.f_globals and known == name for space, known in _wrapped):
        _wrapped.append((frame.f_globals, name))
    return fn_or_name


def _proxy_in(args, kwargs):
    found = []
    map_aggregate((args, kwargs), lambda a: found.append(a) if isinstance(a, Proxy) else a)
    return found[0] if found else None


def _kept_whole(fn):
    @functools.wraps(fn)
    def call(*args, **kwargs):
        proxy = _proxy_in(args, kwargs)
        if proxy is None:
            return fn(*args, **kwargs)
        made = proxy.tracer.create_proxy("call_function", fn, args, kwargs)
        made.node.meta["is_wrapped"] = True
        return made

    return call


class _Patches:
    """Values of dictionaries and attributes of classes that are others inside the block."""

    def __init__(self):
        self.undo = contextlib.ExitStack()

    def item(self, space, name, value):
        if name in space:
            self.undo.callback(space.__setitem__, name, space[name])
        else:
            self.undo.callback(space.pop, name, None)
        space[name] = value

    def attribute(self, owner, name, value):
        self.undo.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)


class Tracer(TracerBase):
    """Traces modules; subclasses say what stays one call (`is_leaf_module`) and how arguments are taken (`create_arg`)."""

    def __init__(self, autowrap_modules=(math,), autowrap_functions=(), param_shapes_constant=False):
        super().__init__()
        self._autowrap_modules = list(autowrap_modules)
        names = [getattr(m, n) for m in autowrap_modules for n in vars(m) if not n.startswith("_")]
        self._autowrap_ids = {id(f) for f in names if callable(f)} | {id(f) for f in autowrap_functions}
        self.param_shapes_constant = param_shapes_constant
        self.root: nn.Module = nn.Module()
        self.graph: Graph = Graph()

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether calls of a module stay one node: those of `torch.nn` except Sequential."""
        return m.__module__.startswith(("torch.nn", "jtorch.nn", "torch.ao.nn")) and not isinstance(m, nn.Sequential)

    def path_of_module(self, mod: nn.Module) -> str:
        for name, module in self.root.named_modules():
            if module is mod:
                return name
        raise NameError("module is not installed as a submodule")

    def call_module(self, m: nn.Module, forward, args, kwargs):
        """What a call of a module gives: one node for a leaf, else what its forward records."""
        path = self.path_of_module(m)
        if self.is_leaf_module(m, path):
            return self.create_proxy("call_module", path, args, kwargs)
        return forward(*args, **kwargs)

    def getattr(self, attr: str, attr_val, parameter_proxy_cache: dict):
        """What an attribute of a module gives: parameters become nodes."""
        named = ()
        if isinstance(attr_val, nn.Parameter):
            named = self.root.named_parameters()
        elif self.proxy_buffer_attributes and isinstance(attr_val, Tensor):
            named = self.root.named_buffers()
        for name, value in named:
            if value is attr_val:
                if name not in parameter_proxy_cache:
                    parameter_proxy_cache[name] = self.create_proxy("get_attr", name, (), {})
                return parameter_proxy_cache[name]
        return attr_val

    def create_arg(self, a):
        if isinstance(a, nn.Module):
            return self.create_node("get_attr", self.path_of_module(a), (), {})
        if isinstance(a, Tensor):
            return self.create_node("get_attr", self._path_of_tensor(a), (), {})
        return super().create_arg(a)

    def _path_of_tensor(self, tensor):
        named = self.root.named_parameters() if isinstance(tensor, nn.Parameter) else self.root.named_buffers()
        for name, value in named:
            if value is tensor:
                return name
        if isinstance(tensor, nn.Parameter):
            raise NameError("parameter is not a member of this module")
        for path, module in self.root.named_modules():
            for name, value in vars(module).items():
                if value is tensor:
                    return f"{path}.{name}" if path else name
        number = 0
        while hasattr(self.root, f"_tensor_constant{number}"):
            number += 1
        setattr(self.root, f"_tensor_constant{number}", tensor)
        return f"_tensor_constant{number}"

    def _inputs(self, fn, is_module, concrete):
        """The arguments to call a function with: the module, then a placeholder for each parameter."""
        parameters = list(inspect.signature(inspect.unwrap(fn)).parameters.values())
        hints = getattr(fn, "__annotations__", {})
        args, kwargs = ([self.root] if is_module else []), {}
        count = 0
        for p in parameters[is_module:]:
            star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
            default = () if p.default is p.empty else (p.default,)
            if p.name in concrete:
                made, count = concrete[p.name], count + 1
                given = self.create_proxy("placeholder", f"{p.name}_{count}", default, {})
                self._must_be(given, p.name, made)
            else:
                made = self.create_proxy("placeholder", star + p.name, default, {}, type_expr=hints.get(p.name))
            if star == "*":
                args.append(_Star(made))
            elif star == "**":
                kwargs[""] = made
            elif p.kind is p.KEYWORD_ONLY:
                kwargs[p.name] = made
            else:
                args.append(made)
        return args, kwargs

    def _must_be(self, given, name, value):
        if isinstance(value, (bool, int, float, str)):
            same = self.create_proxy("call_function", operator.eq, (given, value), {})
            text = f"{name} has been specialized to have value {value} but got another value"
            self.create_proxy("call_function", jtorch._assert, (same, text), {})
        elif value is None:
            text = f"{name} has been specialized to have value None but got another value"
            self.create_proxy("call_function", _assert_is_none, (given, text), {})

    def trace(self, root, concrete_args=None) -> Graph:
        """The graph of a module's forward, or of a function; arguments in `concrete_args` are taken as these values."""
        global _tracing
        is_module = isinstance(root, nn.Module)
        self.root = root if is_module else nn.Module()
        fn = type(root).forward if is_module else root
        self.graph = Graph(tracer_cls=type(self))
        if is_module:
            self.root_module_name = root._get_name()
        args, kwargs = self._inputs(fn, is_module, concrete_args or {})
        cache: dict = {}
        call, attribute = nn.Module.__call__, nn.Module.__getattr__

        def traced_call(module, *args, **kwargs):
            return self.call_module(module, functools.partial(call, module), args, kwargs)

        def traced_attribute(module, name):
            return self.getattr(name, attribute(module, name), cache)

        patches = _Patches()
        with patches.undo:
            patches.attribute(nn.Module, "__call__", traced_call)
            patches.attribute(nn.Module, "__getattr__", traced_attribute)
            for space, name in _wrapped:
                original = space.get(name, getattr(builtins, name, None))
                if original is None:
                    raise NameError(f"name '{name}' is not defined")
                patches.item(space, name, _kept_whole(original))
            for space in [getattr(inspect.unwrap(fn), "__globals__", {}), *map(vars, self._autowrap_modules)]:
                for name, value in list(space.items()):
                    if not name.startswith("_") and callable(value) and id(value) in self._autowrap_ids:
                        patches.item(space, name, _kept_whole(value))
            _tracing += 1
            try:
                result = _called(fn, args, kwargs)
            finally:
                _tracing -= 1
            returned = getattr(fn, "__annotations__", {}).get("return")
            self.create_node("output", "output", (self.create_arg(result),), {}, type_expr=returned)
        return self.graph


class _Star:
    def __init__(self, proxy):
        self.proxy = proxy


def _called(fn, args, kwargs):
    """The function called with proxies; one for `*args` stands for all of them, which is possible only where the function hands them on."""
    code = inspect.unwrap(fn).__code__
    if not any(isinstance(a, _Star) for a in args) and "" not in kwargs:
        return fn(*args, **kwargs)
    plain = code.replace(
        co_flags=code.co_flags & ~(inspect.CO_VARARGS | inspect.CO_VARKEYWORDS), co_argcount=0, co_kwonlyargcount=0
    )
    count = code.co_argcount + code.co_kwonlyargcount + len([a for a in args if isinstance(a, _Star)]) + ("" in kwargs)
    given = [a for a in args if not isinstance(a, _Star)] + [v for k, v in kwargs.items() if k]
    given += [a.proxy for a in args if isinstance(a, _Star)] + ([kwargs[""]] if "" in kwargs else [])
    made = type(fn)(plain.replace(co_argcount=count), fn.__globals__, fn.__name__, None, fn.__closure__)
    return made(*given)


def _assert_is_none(value, msg):
    """An assertion that a value is None, as traced graphs hold it."""
    if value is not None:
        raise AssertionError(msg)


def symbolic_trace(root, concrete_args=None):
    """A GraphModule of what a module or function does, found by running it on proxies.

    Control flow that depends on values raises TraceError; modules of `torch.nn` stay calls.

    >>> import jtorch as torch
    >>> traced = torch.fx.symbolic_trace(lambda x: torch.relu(x) + 1)
    >>> print(traced.code.strip())
    def forward(self, x):
        relu = torch.relu(x);  x = None
        add = relu + 1;  relu = None
        return add
    """
    from jtorch.fx.graph_module import GraphModule

    tracer = Tracer()
    graph = tracer.trace(root, concrete_args)
    return GraphModule(tracer.root, graph, root._get_name() if isinstance(root, nn.Module) else root.__name__)
