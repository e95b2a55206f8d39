"""Which submodules are wrapped on their own."""

import contextlib
import threading

from jtorch.nn import ModuleDict, ModuleList, MultiheadAttention

__all__ = [
    "CustomPolicy", "ModuleWrapPolicy", "always_wrap_policy", "enable_wrap", "lambda_auto_wrap_policy", "size_based_auto_wrap_policy",
    "transformer_auto_wrap_policy", "wrap",
]  # fmt: skip


def always_wrap_policy(*args, **kwargs) -> bool:
    """Every submodule."""
    return True


class ModuleWrapPolicy:
    """The modules of some classes."""

    def __init__(self, module_classes):
        self._module_classes = tuple(set(module_classes))

    def __call__(self, module, recurse: bool, *args, **kwargs) -> bool:
        return True if recurse else isinstance(module, self._module_classes)

    def __repr__(self):
        return f"ModuleWrapPolicy({set(self._module_classes)})"


class CustomPolicy:
    """Modules for which `lambda_fn(module)` is true; a dict has options of the wrapper."""

    def __init__(self, lambda_fn):
        self._lambda_fn = lambda_fn

    def __call__(self, module, recurse: bool, *args, **kwargs):
        return True if recurse else self._lambda_fn(module)


def lambda_auto_wrap_policy(module, recurse: bool, nonwrapped_numel: int, lambda_fn) -> bool:
    """Modules for which `lambda_fn(module)` is true."""
    return True if recurse else bool(lambda_fn(module))


def transformer_auto_wrap_policy(module, recurse: bool, nonwrapped_numel: int, transformer_layer_cls) -> bool:
    """The modules of some classes: the layers of a transformer."""
    return True if recurse else isinstance(module, tuple(transformer_layer_cls))


def size_based_auto_wrap_policy(
    module, recurse: bool, nonwrapped_numel: int, min_num_params: int = int(1e8), force_leaf_modules=None, exclude_wrap_modules=None
) -> bool:  # fmt: skip
    """Modules that have so many parameters outside of wrapped parts."""
    leaves = {MultiheadAttention} if force_leaf_modules is None else set(force_leaf_modules)
    excluded = {ModuleList, ModuleDict} if exclude_wrap_modules is None else set(exclude_wrap_modules)
    large = nonwrapped_numel >= min_num_params
    if recurse:
        return large and not isinstance(module, tuple(leaves))
    return large and not isinstance(module, tuple(excluded))


size_based_auto_wrap_policy.FORCE_LEAF_MODULES = {MultiheadAttention}  # type: ignore[attr-defined]
size_based_auto_wrap_policy.EXCLUDE_WRAP_MODULES = {ModuleList, ModuleDict}  # type: ignore[attr-defined]


def wrap_submodules(root, policy, wrapper, wrapped, ignored=()) -> None:
    """Put `wrapper(module, options)` in the place of the submodules that a policy chooses, the innermost first; `wrapped` is the wrappers' class."""
    seen: dict = {}

    def visit(module) -> int:
        """Wrap inside of a module; how many elements of parameters are wrapped then."""
        done = 0
        for name, child in module.named_children():
            if child in ignored or isinstance(child, wrapped):
                done += _count(child)
                continue
            if child in seen:
                setattr(module, name, seen[child])
                continue
            size = _count(child)
            if not policy(module=child, recurse=True, nonwrapped_numel=size):
                continue
            inside = visit(child)
            chosen = policy(module=child, recurse=False, nonwrapped_numel=size - inside)
            if chosen:
                seen[child] = made = wrapper(child, chosen if isinstance(chosen, dict) else {})
                setattr(module, name, made)
                inside = size
            done += inside
        return done

    visit(root)


def _count(module) -> int:
    return sum(p.numel() for p in module.parameters())


class _Wrapping(threading.local):
    options: dict | None = None
    kind: type | None = None


_WRAPPING = _Wrapping()


@contextlib.contextmanager
def enable_wrap(*, wrapper_cls, **wrapper_kwargs):
    """Inside, `wrap(module)` wraps by a class."""
    before = _WRAPPING.kind, _WRAPPING.options
    _WRAPPING.kind, _WRAPPING.options = wrapper_cls, wrapper_kwargs
    try:
        yield
    finally:
        _WRAPPING.kind, _WRAPPING.options = before


def wrap(module, **wrap_overrides):
    """The module in the wrapper of the `enable_wrap` around; itself outside of one."""
    if _WRAPPING.kind is None:
        return module
    return _WRAPPING.kind(module, **{**(_WRAPPING.options or {}), **wrap_overrides})
