"""Writes down what torch's processes did: `python -m compat_tests.distributed.record TABLE...`."""

import json
import sys
import tempfile
from pathlib import Path

from compat_tests.distributed.launch import job

RECORDED = Path(__file__).with_name("recorded.json")


def main(tables: list[str]) -> None:
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    with tempfile.TemporaryDirectory() as folder:  # one for all: a table may read what an earlier one wrote
        for table in tables:
            recorded[table] = [each[table] for each in job("torch", (table,), Path(folder))]
    RECORDED.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
