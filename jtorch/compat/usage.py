"""Which names of torch a piece of source code uses, found without running it.

Imports, their other names (`import torch.nn as nn`, `from torch.nn import functional as F`) and re-assignments
(`nn = torch.nn`) are followed through scopes as Python would; what a variable holds otherwise is not known.
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from jtorch.compat.manifest import namespaces
from jtorch.compat.names import ALIASES


@dataclass(frozen=True)
class Use:
    """A name of torch at a place in the code.

    `how` is import, name, call (with its keywords) or member (an attribute of something unknown). A guarded one stands where the
    program is prepared for its absence, as in `try: ... except ImportError`.
    """

    path: str
    line: int
    column: int
    how: str = "name"
    keywords: tuple[str, ...] = ()
    guarded: bool = False


@dataclass
class Usage:
    """What `read` finds; `defined` are names of functions, classes and attributes that the code makes itself."""

    uses: list[Use] = field(default_factory=list)
    defined: set[str] = field(default_factory=set)


def read(source: str, filename: str = "<string>") -> Usage:
    """The names of torch that `source` uses.

    Raises:
        SyntaxError: what Python says of the source.

    Example:
        >>> [use.path for use in read("from torch import nn as layers; layers.Linear(1, 2)").uses]
        ['torch.nn', 'torch.nn.Linear', 'torch.nn.Linear']
    """
    reader = _Reader()
    reader.visit(ast.parse(source, filename))
    reader.read_functions()
    reader.usage.uses.sort(key=lambda use: (use.line, use.column, use.how != "import"))
    return reader.usage


# What a name stands for: a path in torch, something of another library, or something unknown.
OTHER, UNKNOWN = "<other>", "<unknown>"
_CAUGHT = {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"}


@dataclass
class _Scope:
    names: dict[str, str] = field(default_factory=dict)
    is_class: bool = False


class _Reader(ast.NodeVisitor):
    def __init__(self) -> None:
        self.usage = Usage()
        self.scopes = [_Scope()]
        self.later: list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, list[_Scope], bool, frozenset[str]]] = []
        self.guarded = False
        self.asked_for: frozenset[str] = frozenset()  # by `hasattr`, in an `if` around

    def read_functions(self) -> None:
        """Bodies of functions, which run when all names of their module are there."""
        while self.later:
            node, self.scopes, self.guarded, self.asked_for = self.later.pop(0)
            with self._scope():
                self._bind_arguments(node.args)
                self._visit_all(node.body)

    # Names

    def resolve(self, node: ast.expr) -> str | None:
        """The path in torch that an expression stands for."""
        match node:
            case ast.Name(name):
                found = self._look_up(name)
                return None if found in (OTHER, UNKNOWN) else found
            case ast.Attribute(value, attribute):
                owner = self.resolve(value)
                return f"{owner}.{attribute}" if owner else None
            case ast.Call(ast.Attribute(ast.Name("importlib"), "import_module"), [ast.Constant(str(name))]):
                return name if _is_ours(name) else None
        return None

    def _look_up(self, name: str) -> str:
        return next((scope.names[name] for scope in reversed(self.scopes) if name in scope.names), UNKNOWN)

    def _bind(self, name: str, path: str) -> None:
        self.scopes[-1].names[name] = path

    def _use(
        self, path: str, node: ast.AST, how: str = "name", keywords: tuple[str, ...] = (), guarded: bool = False
    ) -> None:
        guarded = guarded or self.guarded or any(f"{path}.".startswith(f"{name}.") for name in self.asked_for)
        self.usage.uses.append(Use(path, node.lineno, node.col_offset + 1, how, keywords, guarded))

    @contextmanager
    def _scope(self, is_class: bool = False) -> Iterator[None]:
        outside = self.scopes
        self.scopes = [*outside, _Scope(is_class=is_class)]
        yield
        self.scopes = outside

    def _visit_all(self, nodes: list) -> None:
        for node in nodes:
            self.visit(node)

    # Imports

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            root = alias.name.partition(".")[0]
            if _is_ours(alias.name):
                self._use(alias.name, node, "import")
                self._bind(alias.asname or root, alias.name if alias.asname else root)
            else:
                self._bind(alias.asname or root, OTHER)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        ours = node.level == 0 and _is_ours(module)
        for alias in node.names:
            if not ours:
                self._bind(alias.asname or alias.name, OTHER)
            elif alias.name == "*":
                self._use(module, node, "import")
                for name in namespaces().get(module, {}):
                    self._bind(name, f"{module}.{name}")
            else:
                self._use(f"{module}.{alias.name}", node, "import")
                self._bind(alias.asname or alias.name, f"{module}.{alias.name}")

    # Uses

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path = self.resolve(node)
        if path is not None:
            self._use(path, node)
            return
        if isinstance(node.ctx, ast.Store):
            self.usage.defined.add(node.attr)
        elif not (isinstance(node.value, ast.Name) and self._look_up(node.value.id) == OTHER):
            end = (node.end_lineno or node.lineno, (node.end_col_offset or 0) - len(node.attr))
            self.usage.uses.append(Use(node.attr, end[0], end[1] + 1, "member", (), self.guarded))
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        path = self.resolve(node.func)
        keywords = tuple(keyword.arg for keyword in node.keywords if keyword.arg is not None)
        if path is not None:
            self._use(path, node.func, "call", keywords)
        match node:
            case ast.Call(ast.Name("getattr"), [owner, ast.Constant(str(name)), *default]) if self.resolve(owner):
                self._use(f"{self.resolve(owner)}.{name}", node, guarded=bool(default))
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._bind(node.id, UNKNOWN)

    # Bindings

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._assign(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self._assign(node.target, node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._assign(node.target, node.value)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            # `except ImportError: name = None` leaves what the name stood for in the `try`.
            if not (isinstance(value, ast.Constant) and value.value is None and self._look_up(target.id) != UNKNOWN):
                self._bind(target.id, self.resolve(value) or UNKNOWN)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for one, its in zip(target.elts, value.elts, strict=True):
                self._assign(one, its)
        else:
            self.visit(target)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.usage.defined.add(node.name)
        self._visit_all(node.decorator_list)
        self.visit(node.args)
        if node.returns is not None:
            self.visit(node.returns)
        self._bind(node.name, UNKNOWN)
        around = [scope for scope in self.scopes if not scope.is_class]
        self.later.append((node, around, self.guarded, self.asked_for))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.usage.defined.add(node.name)
        self._visit_all([*node.decorator_list, *node.bases, *node.keywords])
        with self._scope(is_class=True):
            self._visit_all(node.body)
            self.usage.defined.update(self.scopes[-1].names)
        self._bind(node.name, UNKNOWN)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.args)
        with self._scope():
            self._bind_arguments(node.args)
            self.visit(node.body)

    def _bind_arguments(self, arguments: ast.arguments) -> None:
        for argument in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ):
            if argument is not None:
                self._bind(argument.arg, UNKNOWN)

    def _visit_comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        with self._scope():
            self._visit_all(node.generators)
            self._visit_all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _visit_comprehension

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._visit_all([node.iter, node.target, *node.ifs])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._visit_all([node.iter, node.target, *node.body, *node.orelse])

    visit_AsyncFor = visit_For

    # What a program is prepared for

    def visit_Try(self, node: ast.Try) -> None:
        before = self.guarded
        self.guarded = before or any(map(_catches_absence, node.handlers))
        self._visit_all(node.body)
        self.guarded = before
        self._visit_all([*node.handlers, *node.orelse, *node.finalbody])

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        guarded = self.guarded
        self.guarded = guarded or ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        with self._asking(node.test):
            self._visit_all(node.body)
        self.guarded = guarded
        self._visit_all(node.orelse)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        with self._asking(node.test):
            self.visit(node.body)
        self.visit(node.orelse)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        before = self.asked_for
        for value in node.values:
            self.visit(value)
            if isinstance(node.op, ast.And):
                self.asked_for |= frozenset(self._asked_for(value))
        self.asked_for = before

    @contextmanager
    def _asking(self, test: ast.expr) -> Iterator[None]:
        """The names that a test has found to be there."""
        before = self.asked_for
        self.asked_for = before | frozenset(self._asked_for(test))
        yield
        self.asked_for = before

    def _asked_for(self, test: ast.expr) -> Iterator[str]:
        for node in ast.walk(test):
            match node:
                case ast.Call(ast.Name("hasattr"), [owner, ast.Constant(str(name))]) if self.resolve(owner):
                    yield f"{self.resolve(owner)}.{name}"


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in ALIASES


def _catches_absence(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(node, ast.Name) and node.id in _CAUGHT for node in ast.walk(handler.type))
