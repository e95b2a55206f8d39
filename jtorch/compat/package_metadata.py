"""What `importlib.metadata` says of torch and torchvision while their names mean jtorch: libraries ask it for their versions."""

from importlib import import_module
from importlib.metadata import Distribution, DistributionFinder

from jtorch.compat.names import ALIASES


class AliasDistribution(Distribution):
    """The metadata of a package that jtorch stands for: its name and the version whose behaviour is followed."""

    def __init__(self, name: str, version: str):
        self._texts = {
            "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            "top_level.txt": name + "\n",
        }

    def read_text(self, filename):
        return self._texts.get(filename)

    def locate_file(self, path):
        raise FileNotFoundError(f"{path}: {self.name} is another name of jtorch and has no files of its own")


def find_distributions(context: DistributionFinder.Context) -> list[Distribution]:
    """The distributions behind the names of torch, those that are asked for or all."""
    return [
        AliasDistribution(name, str(import_module(f"{ALIASES[name]}.version").__version__))
        for name in ("torch", "torchvision")
        if context.name in (None, name)
    ]
