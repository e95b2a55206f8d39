"""How long `import jtorch` takes beside `import jax`."""

import json
import os
import statistics
import subprocess
import sys
import tempfile

from .ratios import paired
from .sides import ROOT

_SOURCE = """
import json, os, time
wall, cpu = time.perf_counter(), os.times()
import {module}
after = os.times()
print(json.dumps([time.perf_counter() - wall, after.user - cpu.user]))
"""


def times(rounds: int) -> dict:
    """Seconds to import, in fresh processes that take turns; user CPU time is what another's load disturbs least."""
    taken = {"jax": [], "jtorch": []}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as bytecode:  # both from bytecode, whatever is installed or was edited
        environment["PYTHONPYCACHEPREFIX"] = bytecode
        for i in range(rounds + 2):
            for module, rows in taken.items():
                command = [sys.executable, "-c", _SOURCE.format(module=module)]
                run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=ROOT)
                if i >= 2:  # the first ones compile and read from the disk
                    rows.append(json.loads(run.stdout))
    wall = {module: [row[0] for row in rows] for module, rows in taken.items()}
    user = {module: [row[1] for row in rows] for module, rows in taken.items()}
    return {
        "wall": {module: statistics.median(rows) for module, rows in wall.items()},
        "user": {module: statistics.median(rows) for module, rows in user.items()},
        "jtorch/jax, wall": paired(wall["jtorch"], wall["jax"]),
        "jtorch/jax, user": paired(user["jtorch"], user["jax"]),
    }
