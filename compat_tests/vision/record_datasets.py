"""`python -m compat_tests.vision.record_datasets`: write down what torchvision reads from the files of `dataset_cases`."""

from __future__ import annotations

import importlib.util
import json
import os
import tempfile
from pathlib import Path
from unittest import mock

from . import dataset_cases
from .reference import load_torchvision

RECORDED = Path(__file__).with_name("datasets_recorded.json")


def record() -> dict:
    """By data set and number of the row of arguments; sets whose package is not installed keep what was recorded."""
    torch, torchvision = load_torchvision()
    flow = torchvision.datasets._optical_flow
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    real = os.listdir
    # Its checksums are those of the real archives; its order is the file system's; its decoder of PNG is not compiled.
    with (
        mock.patch.object(flow, "read_file", lambda path: Path(path).read_bytes()),
        mock.patch.object(flow, "decode_png", lambda data: torch.from_numpy(dataset_cases.deep_levels(data))),
        mock.patch.object(torchvision.datasets.utils, "check_md5", lambda *args, **kwargs: True),
        mock.patch.object(os, "listdir", lambda *args: sorted(real(*args))),
    ):
        for number, (name, build, package, rows) in enumerate(dataset_cases.CASES):
            if package is not None and importlib.util.find_spec(package) is None:
                continue
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder)
                build(root)
                os.chdir(folder)  # LSUN leaves a file in the working folder
                for row, arguments in enumerate(rows):
                    dataset = dataset_cases.make(torchvision.datasets, name, root, arguments)
                    recorded[f"{number} {name} {row}"] = dataset_cases.describe(dataset, root)
        for number, (name, arguments, keys) in enumerate(dataset_cases.WRAPPED):
            _, build, package, _ = dataset_cases.case(name)
            if package is not None and importlib.util.find_spec(package) is None:
                continue
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder)
                build(root)
                dataset = dataset_cases.make(torchvision.datasets, name, root, arguments)
                wrapped = torchvision.datasets.wrap_dataset_for_transforms_v2(dataset, keys)
                samples = [wrapped[index] for index in range(len(wrapped))]
                recorded[f"wrapped {number} {name}"] = json.loads(json.dumps(dataset_cases.plain(samples)))
    return recorded


if __name__ == "__main__":
    RECORDED.write_text(json.dumps(record(), indent=None, sort_keys=True).replace('}, "', '},\n"') + "\n")
