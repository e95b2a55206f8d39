"""The layers of docs/architecture.md: imports point downwards, and what is heavy is imported where it is used."""

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "jtorch"

# Top-level names of jtorch, from the bottom up. What is not listed belongs to the users' level on top.
LAYERS = {
    "vocabulary": ("dtypes", "devices", "errors", "once", "precision", "promotion"),
    "engine": ("engine",),
    "ops": ("ops",),
    "semantics": (
        "casting",
        "autograd",
        "creation",
        "dispatch",
        "expanded",
        "functions",
        "generate",
        "indexing",
        "interop",
        "layout",
        "methods",
        "outs",
        "overloads",
        "overlap",
        "pickling",
        "printing",
        "random",
        "size",
        "sparse",
        "storage",
        "storages",
        "subclass",
        "attributes",
        "tensor",
        "transfer",
        "views",
    ),
}
MAY_IMPORT = {
    "vocabulary": {"vocabulary"},
    "engine": {"engine", "vocabulary"},
    "ops": {"ops", "vocabulary"},
    "semantics": {"semantics", "ops", "engine", "vocabulary"},
    "users": {"users", "semantics", "ops", "engine", "vocabulary"},
}
FILES = sorted(PACKAGE.rglob("*.py"))


def layer_of(module: str) -> str:
    """Layer of `jtorch.x.y`. The root re-exports everything, so it belongs to the top."""
    name = module.split(".")[1] if "." in module else ""
    return next((layer for layer, names in LAYERS.items() if name in names), "users")


def module_name(file: Path) -> str:
    parts = [*file.relative_to(PACKAGE.parent).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(file: Path) -> list[tuple[int, str]]:
    """Line and module of each import, at any depth, except those that only a type checker sees."""
    package = module_name(file) if file.name == "__init__.py" else module_name(file).rpartition(".")[0]
    found: list[tuple[int, str]] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for child in node.orelse:
                visit(child)
            return
        if isinstance(node, ast.Import):
            found.extend((node.lineno, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                source = importlib.util.resolve_name("." * node.level + source, package)
            # `from jtorch import engine` imports a module, `from jtorch.engine import Value` a name.
            submodules = [f"{source}.{alias.name}" for alias in node.names if is_module(f"{source}.{alias.name}")]
            found.extend((node.lineno, name) for name in (submodules or [source]))
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(file.read_text(encoding="utf-8")))
    return found


def is_module(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return name.startswith("jtorch.") and (path.is_dir() or path.with_suffix(".py").is_file())


def test_imports_point_downwards():
    wrong = []
    for file in FILES:
        layer = layer_of(module_name(file))
        for line, name in imports(file):
            if name.partition(".")[0] == "jtorch" and layer_of(name) not in MAY_IMPORT[layer]:
                wrong.append(f"{file.relative_to(PACKAGE.parent)}:{line}: {layer} imports {name} ({layer_of(name)})")
    assert not wrong, "\n".join(wrong)


def test_nothing_imports_torch():
    wrong = [
        f"{file.relative_to(PACKAGE.parent)}:{line}: {name}"
        for file in FILES
        for line, name in imports(file)
        if name.partition(".")[0] in ("torch", "torchvision", "functorch")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["tensor", "storage"])
def test_handles_hold_no_array_code(name):
    files = [file for file in FILES if module_name(file).split(".")[1:2] == [name]]
    wrong = [f"{file.name}:{line}" for file in files for line, imported in imports(file) if imported == "jax.numpy"]
    assert not wrong, f"belongs in jtorch/ops: {wrong}"


def test_folders_are_packages():
    """Without an `__init__.py` a folder works by accident, and pytest cannot import what is in it."""
    assert not [file for file in FILES if not (file.parent / "__init__.py").is_file()]


def test_import_is_light():
    """`import jtorch` costs little more than `import jax`: these libraries are imported by the functions that use them."""
    heavy = ["flax", "optax", "orbax", "PIL", "matplotlib", "torch", "torchvision"]
    program = f"import json, sys, jtorch; print(json.dumps([n for n in {heavy} if n in sys.modules]))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == []
