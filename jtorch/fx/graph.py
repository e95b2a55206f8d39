"""Graphs of nodes, and the Python they are written as."""

import builtins
import contextlib
import inspect
import keyword
import math
import operator
import re
from collections import defaultdict
from types import NoneType

import jtorch
from jtorch.fx.node import OPERATORS, WRITING_OPERATORS, Node, listed, map_arg, qualified_name

__all__ = ["CodeGen", "Graph", "PythonCode"]

# Names that generated code finds without an import.
_GIVEN = {"inf": math.inf, "nan": math.nan, "NoneType": NoneType, "torch": jtorch, "device": jtorch.device}
_NUMBERED = re.compile(r"(.*)_(\d+)$")


def type_repr(kind) -> str:
    """A type as an annotation shows it."""
    if isinstance(kind, type):
        if kind.__module__ == "builtins":
            return kind.__qualname__
        module = kind.__module__
        if kind is jtorch.Tensor:
            return "torch.Tensor"
        return f"{module.replace('jtorch', 'torch', 1) if module.startswith('jtorch') else module}.{kind.__qualname__}"
    return repr(kind)


def snake_case(name: str) -> str:
    """`conv_bn` for `ConvBn`, `max_pool2d` for itself."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


class _Namespace:
    """Names that are taken, and new ones like those asked for."""

    def __init__(self):
        self.used: dict[str, None] = {}
        self.of_object: dict[int, str] = {}
        self.counts: defaultdict = defaultdict(int)

    def create_name(self, candidate: str, obj=None) -> str:
        if obj is not None and id(obj) in self.of_object:
            return self.of_object[id(obj)]
        candidate = re.sub(r"[^0-9a-zA-Z_]+", "_", candidate) or "_unnamed"
        if candidate[0].isdigit():
            candidate = f"_{candidate}"
        numbered = _NUMBERED.match(candidate)
        base, number = (candidate, 0) if numbered is None else (numbered.group(1), int(numbered.group(2)))
        if not number:
            number = self.counts[base]
        while candidate in self.used or self._forbidden(candidate, obj):
            number += 1
            candidate = f"{base}_{number}"
        self.used[candidate] = None
        self.counts[base] = number
        if obj is not None:
            self.of_object[id(obj)] = candidate
        return candidate

    @staticmethod
    def _forbidden(name, obj):
        if name in keyword.kwlist:
            return True
        if name in vars(builtins):
            return obj is not getattr(builtins, name)
        return name in _GIVEN and obj is not _GIVEN[name]


class PythonCode:
    """Source of a graph, and the objects that it names."""

    def __init__(self, src: str, globals: dict):
        self.src, self.globals = src, globals


class _Nodes:
    """The nodes of a graph in order; `reversed` and `len` work."""

    def __init__(self, graph, direction="_next"):
        self.graph, self.direction = graph, direction

    def __len__(self):
        return self.graph._len

    def __iter__(self):
        node = getattr(self.graph._root, self.direction)
        while node is not self.graph._root:
            if not node._erased:
                yield node
            node = getattr(node, self.direction)

    def __reversed__(self):
        return iter(_Nodes(self.graph, "_prev" if self.direction == "_next" else "_next"))


class CodeGen:
    """How a graph becomes Python: the signature and the return statement can be overridden."""

    def gen_fn_def(self, free_vars: list[str], maybe_return_annotation: str) -> str:
        if not free_vars or free_vars[0] != "self":
            free_vars.insert(0, "self")
        return f"def forward({', '.join(free_vars)}){maybe_return_annotation}:"

    def generate_output(self, output_args) -> str:
        return f"return {output_args!r}"

    def process_inputs(self, *args):
        return args

    def process_outputs(self, outputs):
        return outputs


class Graph:
    """A program as a list of nodes: placeholders, calls, an output.

    >>> import jtorch as torch
    >>> graph = torch.fx.Graph()
    >>> x = graph.placeholder("x")
    >>> y = graph.call_function(torch.relu, (x,))
    >>> _ = graph.output(y)
    >>> print(graph)
    graph():
        %x : [num_users=1] = placeholder[target=x]
        %relu : [num_users=1] = call_function[target=torch.relu](args = (%x,), kwargs = {})
        return relu
    """

    def __init__(self, owning_module=None, tracer_cls=None, tracer_extras=None):
        self._root = Node(self, "", "root", "", (), {})
        self._insert = self._root.prepend
        self._len = 0
        self._graph_namespace = _Namespace()
        self.owning_module = owning_module
        self._tracer_cls, self._tracer_extras = tracer_cls, tracer_extras
        self._codegen = CodeGen()

    @property
    def nodes(self) -> _Nodes:
        return _Nodes(self)

    def set_codegen(self, codegen: CodeGen) -> None:
        self._codegen = codegen

    def find_nodes(self, *, op: str, target=None, sort: bool = True) -> list[Node]:
        """The nodes of one kind (and target)."""
        return [n for n in self.nodes if n.op == op and (target is None or n.target == target)]

    # Making nodes

    def create_node(self, op, target, args=None, kwargs=None, name=None, type_expr=None) -> Node:
        """A node at the place of insertion (at first the end), named after its target."""
        args, kwargs = () if args is None else args, {} if kwargs is None else kwargs
        if not isinstance(args, (tuple, list)):
            raise AssertionError("args must be a tuple")
        made = Node(
            self,
            self._graph_namespace.create_name(name or self._target_to_str(target)),
            op,
            target,
            args,
            kwargs,
            type_expr,
        )
        self._insert(made)
        self._len += 1
        return made

    @staticmethod
    def _target_to_str(target) -> str:
        name = target if isinstance(target, str) else target.__name__
        if not isinstance(target, str) or (name.startswith("__") and name.endswith("__")):
            name = name[2:-2] if name.startswith("__") and name.endswith("__") else name
        return snake_case(name)

    def placeholder(self, name: str, type_expr=None, default_value=inspect.Signature.empty) -> Node:
        """An input; `default_value` where it may be left out."""
        default = () if default_value is inspect.Signature.empty else (default_value,)
        return self.create_node("placeholder", name, default, type_expr=type_expr)

    def get_attr(self, qualified_name: str, type_expr=None) -> Node:
        """A parameter, buffer or other attribute of the module."""
        return self.create_node("get_attr", qualified_name, type_expr=type_expr)

    def call_module(self, module_name: str, args=None, kwargs=None, type_expr=None) -> Node:
        return self.create_node("call_module", module_name, args, kwargs, type_expr=type_expr)

    def call_method(self, method_name: str, args=None, kwargs=None, type_expr=None) -> Node:
        return self.create_node("call_method", method_name, args, kwargs, type_expr=type_expr)

    def call_function(self, the_function, args=None, kwargs=None, type_expr=None, name=None) -> Node:
        return self.create_node("call_function", the_function, args, kwargs, name, type_expr)

    def output(self, result, type_expr=None) -> Node:
        return self.create_node("output", "output", (result,), type_expr=type_expr)

    def output_node(self) -> Node:
        return next(n for n in reversed(self.nodes) if n.op == "output")

    def node_copy(self, node: Node, arg_transform=lambda x: x) -> Node:
        """A copy of another graph's node, its nodes replaced by what `arg_transform` gives."""
        args, kwargs = map_arg(node.args, arg_transform), map_arg(node.kwargs, arg_transform)
        made = self.create_node(node.op, node.target, args, kwargs, node.name, node.type)
        made.meta = dict(node.meta)
        return made

    def graph_copy(self, g: "Graph", val_map: dict, return_output_node: bool = False):
        """Copy all nodes of a graph here; gives what it returns. `val_map` may hold nodes that stand for some of its."""
        for node in g.nodes:
            if node in val_map:
                continue
            if node.op == "output":
                result = map_arg(node.args[0], lambda n: val_map[n])
                return (result, node) if return_output_node else result
            val_map[node] = self.node_copy(node, lambda n: val_map[n])
        return None

    def __deepcopy__(self, memo=None):
        copied = Graph(tracer_cls=self._tracer_cls)
        val_map: dict[Node, Node] = {}
        found = copied.graph_copy(self, val_map, return_output_node=True)
        if found is not None:
            result, old = found
            made = copied.output(result, type_expr=old.type)
            made.meta = dict(old.meta)
        copied._codegen = self._codegen
        return copied

    # Changing them

    def inserting_before(self, n: Node | None = None):
        """A block in which new nodes come right before `n`; before all without it."""
        return self._inserting(self._root.append if n is None else n.prepend)

    def inserting_after(self, n: Node | None = None):
        """A block in which each new node comes right after `n`, so that the last one made stands first; at the end without it."""
        return self._inserting(self._root.prepend if n is None else n.append)

    @contextlib.contextmanager
    def _inserting(self, insert):
        before, self._insert = self._insert, insert
        try:
            yield
        finally:
            self._insert = before

    def erase_node(self, to_erase: Node) -> None:
        """Take a node out that nobody uses."""
        if to_erase.users:
            raise RuntimeError(
                f"Tried to erase Node {to_erase} but it still had {len(to_erase.users)} users in the graph: {to_erase.users}!"
            )
        if to_erase.graph is not self:
            raise RuntimeError(f"Attempting to remove {to_erase} from wrong graph!")
        if to_erase._erased:
            return
        to_erase._unlink()  # its own links stay, so that a loop over the nodes goes on
        to_erase._erased = True
        self._len -= 1
        to_erase._set((), {})

    def eliminate_dead_code(self, is_impure_node=None) -> bool:
        """Take out all nodes that nobody uses and that do nothing else; whether there were any."""
        before = self._len
        for node in reversed(self.nodes):
            if not node.users and not (is_impure_node or Node.is_impure)(node):
                self.erase_node(node)
        return self._len < before

    def lint(self) -> None:
        """RuntimeError where the graph is not well formed: a node used before it is made, a name twice, a target that is not there."""
        seen, names = set(), set()
        for node in self.nodes:
            if node.graph is not self:
                raise RuntimeError(f"Node '{node}' does not belong to this Graph!")
            for used in node.all_input_nodes:
                if used.graph is not self:
                    raise RuntimeError(
                        f"Argument '{used}' of Node '{node}' does not belong to this Graph, but was used as an argument! If you are copying nodes from another graph, make sure to use ``arg_transform`` on node_copy() to remap values\n{self}"
                    )
                if used not in seen:
                    raise RuntimeError(
                        f"Argument '{used}' of Node '{node}' was used before it has been defined! Please check that Nodes in the graph are topologically ordered\n{self}"
                    )
            if node.name in names:
                raise RuntimeError(f"Node redefined name {node.name}!")
            seen.add(node)
            names.add(node.name)
            if self.owning_module is not None and node.op in ("get_attr", "call_module"):
                found = self.owning_module
                for part in node.target.split("."):
                    if not hasattr(found, part):
                        raise RuntimeError(
                            f"Node {node} target {node.target} references nonexistent attribute {part} of {'.'.join(node.target.split('.')[:-1])}"
                        )
                    found = getattr(found, part)

    # Writing it down

    def python_code(self, root_module: str, *, verbose: bool = False, **_) -> PythonCode:
        """The graph as a method `forward`."""
        free, body, wrapped, annotation = [], [], {}, ""
        names, given = _Namespace(), {}
        names.used.update(dict.fromkeys([*self._graph_namespace.used, *_GIVEN]))

        def name_of(hint, obj):
            if hint.partition(".")[0] == "torch" and obj is not jtorch.device:
                given["torch"] = jtorch
                return hint
            short = hint.replace(".", "_")
            if (
                given.get(short) is obj
                or (short in _GIVEN and obj is _GIVEN[short])
                or getattr(builtins, short, None) is obj
            ):
                given[short] = obj
                return short
            made = names.create_name(short, obj)
            given[made] = obj
            return made

        def typed(kind):
            if kind is None:
                return ""
            shown = type_repr(kind)
            if isinstance(kind, type) and kind.__module__ != "builtins":
                shown = name_of(shown, kind)
            else:
                shown = name_of(re.sub(r"\W+", "_", shown), kind) if not isinstance(kind, (type, str)) else shown
            return shown

        def text(arg):
            return listed(arg, leaf, text)

        def leaf(arg):
            if isinstance(arg, tuple):  # a named one
                return f"{name_of(qualified_name(type(arg)), type(arg))}({', '.join(map(text, arg))})"
            if isinstance(arg, jtorch.device):
                given["device"] = jtorch.device
            elif isinstance(arg, float) and (arg != arg or arg in (math.inf, -math.inf)):
                given.update(inf=math.inf, nan=math.nan)
            elif isinstance(arg, (jtorch.dtype, jtorch.memory_format, jtorch.layout)):
                given["torch"] = jtorch
            elif callable(arg) and hasattr(arg, "__name__"):
                return name_of(qualified_name(arg), arg)
            return repr(arg)

        def called(node, skip=0):
            return ", ".join([*map(text, node.args[skip:]), *(f"{k} = {text(v)}" for k, v in node.kwargs.items())])

        last_user = {}
        for node in reversed(self.nodes):
            for used in node.all_input_nodes:
                last_user.setdefault(used, node)
        done = defaultdict(list)
        for used, user in last_user.items():
            done[user].append(used)

        def forgotten(user):
            if user.op == "placeholder":
                return ""
            if user.op == "output":
                return "\n"
            dead = [*done[user], *([] if user.users else [user])]
            return f";  {' = '.join([*map(repr, dead), 'None'])}\n" if dead else "\n"

        for node in self.nodes:
            hint = f" : {typed(node.type)}" if node.type is not None else ""
            target = node.target
            if node.op == "placeholder":
                default = f" = {text(node.args[0])}" if node.args else ""
                free.append(f"{target}{hint}{default}")
                raw = target.replace("*", "")
                if raw != repr(node):
                    body.append(f"{node!r} = {raw}\n")
                continue
            if node.op == "output":
                if node.type is not None:
                    annotation = f" -> {typed(node.type)}"
                shown = _Text(text(node.args[0]))
                body.append(self._codegen.generate_output(shown))
            elif node.op == "get_attr":
                body.append(f"{node!r}{hint} = {_dotted(root_module, target)}")
            elif node.op == "call_module":
                body.append(f"{node!r}{hint} = {_dotted(root_module, target)}({called(node)})")
            elif node.op == "call_method":
                body.append(f"{node!r}{hint} = {_dotted(text(node.args[0]), target)}({called(node, 1)})")
            elif target.__module__ == "_operator" and target.__name__ in OPERATORS:
                body.append(f"{node!r}{hint} = {OPERATORS[target.__name__].format(*map(text, node.args))}")
            elif target.__module__ == "_operator" and target.__name__ in WRITING_OPERATORS:
                written = WRITING_OPERATORS[target.__name__].format(*map(text, node.args))
                body.append(f"{written};  {node!r}{hint} = {text(node.args[0])}")
            elif (
                target is getattr
                and len(node.args) == 2
                and isinstance(node.args[1], str)
                and node.args[1].isidentifier()
            ):
                body.append(f"{node!r}{hint} = {_dotted(text(node.args[0]), node.args[1])}")
            else:
                name = name_of(qualified_name(target), target)
                body.append(f"{node!r}{hint} = {name}({called(node)})")
                if node.meta.get("is_wrapped", False):
                    wrapped[name] = None
            body.append(forgotten(node))
        if not body:
            body.append("pass\n")
        marks = "\n".join(f'torch.fx.wrap("{name}")' for name in wrapped)
        if wrapped:
            given["torch"] = jtorch
        head = self._codegen.gen_fn_def(free, annotation)
        code = "\n".join("    " + line for line in "".join(body).split("\n"))
        return PythonCode(f"\n{marks}\n\n{head}\n{code}", given)

    def __str__(self):
        names, returned = [], [""]
        lines = [node.format_node(names, returned) for node in self.nodes]
        shown = ", ".join(names)
        return f"graph({shown}):" + "".join(f"\n    {line}" for line in lines if line)

    def print_tabular(self) -> None:
        """The nodes as a table; needs the package tabulate."""
        try:
            from tabulate import tabulate
        except ImportError:
            print(
                "`print_tabular` relies on the library `tabulate`, which could not be found on this machine. Run `pip install tabulate` to install the library."
            )
            raise
        rows = [[n.op, n.name, n.target, n.args, n.kwargs] for n in self.nodes]
        print(tabulate(rows, headers=["opcode", "name", "target", "args", "kwargs"]))


class _Text:
    """Text whose repr is itself."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def _dotted(base: str, path: str) -> str:
    """`self.a.b`, with getattr for parts that are no identifiers."""
    for part in path.split("."):
        base = f"{base}.{part}" if part.isidentifier() else f'getattr({base}, "{part}")'
    return base


# What a proxy does for each operator, by the name of its method.
OPERATOR_METHODS = {
    f"__{name.rstrip('_')}__": getattr(operator, name) for name in (*OPERATORS,) if name not in ("and_", "or_", "eq")
} | {"__and__": operator.and_, "__or__": operator.or_, "__eq__": operator.eq}
REFLECTED = "add sub mul floordiv truediv mod pow lshift rshift and_ or_ xor matmul".split()
