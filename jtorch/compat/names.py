"""Which module of jtorch stands behind a name of torch."""

from importlib.machinery import PathFinder

ALIASES = {"torch": "jtorch", "torchvision": "jtorch.vision", "functorch": "jtorch.func"}
# Older packages over torch, whose names are served where they are not installed.
ADAPTERS = {"apex": "jtorch.compat.apex", "horovod": "jtorch.compat.horovod"}
# Modules of other packages that reach into torch's memory by address, and what stands for them.
SINGLE = {"safetensors.torch": "jtorch.serialization.safetensors"}


def jtorch_name(name: str) -> str | None:
    """Name of the module behind `name`, or None where `name` is not one of torch's.

    >>> jtorch_name("torchvision.transforms")
    'jtorch.vision.transforms'
    """
    if name in SINGLE:
        return SINGLE[name]
    root, dot, rest = name.partition(".")
    if root in ADAPTERS:
        return None if PathFinder.find_spec(root) else ADAPTERS[root] + dot + rest
    return ALIASES[root] + dot + rest if root in ALIASES else None


def aliases_of(name: str) -> list[str]:
    """Names under which a loaded jtorch module can be imported.

    >>> aliases_of("jtorch.vision.transforms")
    ['torch.vision.transforms', 'torchvision.transforms']
    """
    return [alias + name[len(root) :] for alias, root in ALIASES.items() if name == root or name.startswith(root + ".")]


def missing_module(name: str) -> ModuleNotFoundError:
    """The error for a module of torch that jtorch lacks."""
    return ModuleNotFoundError(f"No module named {name!r}: jtorch has no {name}", name=name)
