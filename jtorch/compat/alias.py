"""`torch` and `torchvision` as other names of `jtorch` and `jtorch.vision`, for the whole process or for named packages."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType

import jtorch
from jtorch.compat import processes, scoped
from jtorch.compat.names import ALIASES, aliases_of, jtorch_name, missing_module


class AliasFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers an import of `torch.x.y` with the module `jtorch.x.y` itself, not a copy and not a stand-in."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        target_name = jtorch_name(name)
        if target_name is None:
            return None
        found = importlib.util.find_spec(target_name)
        if found is None:
            if _is_import_statement():
                raise missing_module(name)
            return None  # `importlib.util.find_spec("torch.x") is None` is how libraries ask politely
        spec = importlib.machinery.ModuleSpec(name, self, origin=found.origin)
        spec.submodule_search_locations = found.submodule_search_locations
        return spec

    def find_distributions(self, context=None):
        """What `importlib.metadata.version("torch")` asks."""
        from importlib.metadata import DistributionFinder

        from jtorch.compat.package_metadata import find_distributions

        return find_distributions(context or DistributionFinder.Context())

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """The import system makes an empty module, which `exec_module` replaces."""

    def exec_module(self, module: ModuleType) -> None:
        # Replacing the entry of sys.modules (documented behaviour of loaders) leaves the jtorch module's own
        # __name__, __spec__ and __loader__ alone; returning it from create_module would overwrite its __spec__.
        name = module.__name__
        sys.modules[name] = importlib.import_module(str(jtorch_name(name)))
        _enter_loaded_modules()


_finder = AliasFinder()


def install(packages: Iterable[str] | str | None = None) -> None:
    """Make `import torch` and `import torchvision` mean jtorch, in this process and in the ones it starts through `multiprocessing`.

    With `packages`, only modules of these packages (and of their sub-packages) see jtorch; every other `import torch`
    gets the real one. This follows `import` statements; `importlib.import_module("torch")` names no importer, so
    it finds the real torch. Code that has bound `torch` before keeps what it bound. Calls add up until `uninstall`.

    Python started by other means (`subprocess`, a shell) is not changed: start it with `python -m jtorch`.

    Raises:
        RuntimeError: the real torch or torchvision is already imported (without `packages`), or by one of `packages`.

    Example:
        >>> import jtorch.compat
        >>> jtorch.compat.install()
        >>> import torch.nn.functional
        >>> torch.nn.functional is jtorch.nn.functional
        True
        >>> jtorch.compat.uninstall()
    """
    if packages is not None:
        scoped.install([packages] if isinstance(packages, str) else packages)
    elif _finder not in sys.meta_path:
        _refuse_real_modules()
        sys.meta_path.insert(0, _finder)
        jtorch.__name__ = "torch"  # libraries compare with it; the import system goes by the module's __spec__
        _enter_loaded_modules()
    processes.install(jtorch.__path__[0], _finder in sys.meta_path, scoped.packages())


def uninstall() -> None:
    """Undo every `install`: `import torch` means the real torch again, if there is one.

    Modules that have already bound `torch` keep jtorch. Doing it twice, or with nothing installed, does nothing.
    """
    scoped.uninstall()
    processes.uninstall()
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
        jtorch.__name__ = "jtorch"
        _restore_classes()
        for name in list(sys.modules):
            target_name = jtorch_name(name)
            if target_name is not None and sys.modules[name] is sys.modules.get(target_name):
                del sys.modules[name]


def installed() -> bool:
    """Whether `import torch` means jtorch in the whole process (True), or at most in some packages (False)."""
    return _finder in sys.meta_path


def _refuse_real_modules() -> None:
    for name, target_name in ALIASES.items():
        module = sys.modules.get(name)
        if module is not None and module is not sys.modules.get(target_name):
            raise RuntimeError(
                f"{name} is already imported (from {getattr(module, '__file__', 'an unknown place')}), "
                f"so it cannot come to mean {target_name}. Call jtorch.compat.install() before anything imports {name}, "
                "run the program with `python -m jtorch`, or name the packages that shall see jtorch: "
                "install(packages=[...])."
            )


def _enter_loaded_modules() -> None:
    """Enter every loaded jtorch module under its other name.

    Without this, the first `import torch.nn.utils.weight_norm` would bind the submodule on its parent, as
    the import system does after a load, and hide the function of that name.
    """
    for name, module in list(sys.modules.items()):
        alias = None
        for alias in aliases_of(name):
            sys.modules.setdefault(alias, module)
        if alias is not None and name.startswith(_PUBLIC):
            _name_classes(module, name, alias)


# Packages whose module paths are torch's own.
_PUBLIC = ("jtorch.nn.", "jtorch.optim.", "jtorch.utils.data.", "jtorch.vision.", "jtorch.distributions.")
_renamed: dict[type, str] = {}


def _name_classes(module: ModuleType, name: str, alias: str) -> None:
    """Let the classes a module defines say that they come from torch: `type(layer)` prints as users know it, and pickles by that name."""
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__dict__.get("__module__") == name and value not in _renamed:
            _renamed[value] = name
            value.__module__ = alias


def _restore_classes() -> None:
    for kind, name in _renamed.items():
        kind.__module__ = name
    _renamed.clear()


def _is_import_statement() -> bool:
    """Whether `find_spec` was reached from an import, which fails anyway, or from `importlib.util.find_spec`, which answers None.

    The import system does not tell its finders. Should its internal function ever be renamed, the only loss is the
    better message of `missing_module`.
    """
    return sys._getframe(3).f_code.co_name == "_find_and_load_unlocked"
