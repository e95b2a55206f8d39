"""`torch.PyTorchFileReader`: the records of a file that `torch.save` wrote, by name."""

import weakref

from jtorch.serialization.archive import ArchiveReader


class PyTorchFileReader:
    """The records of a file, given as its path or open for reading bytes.

    >>> import io, jtorch as torch
    >>> file = io.BytesIO()
    >>> torch.save(torch.ones(2), file)
    >>> len(PyTorchFileReader(io.BytesIO(file.getvalue())).get_record("data/0"))
    8
    """

    def __init__(self, file):
        if not hasattr(file, "read"):
            file = open(file, "rb")  # noqa: SIM115
            weakref.finalize(self, file.close)
        self._archive = ArchiveReader(file)

    def has_record(self, name: str) -> bool:
        return name in self._archive

    def get_record(self, name: str) -> bytes:
        """The bytes of a record."""
        return self._archive.read(name)

    def get_all_records(self) -> list[str]:
        """The names of all records."""
        return list(self._archive.records)
