"""The far end of `scoreboard.Process`: one task a line in, its findings a line out."""

import importlib
import json
import os
import sys
import traceback

PARTS = {"op_db": "operations", "module_db": "modules", "optim_db": "optimizers"}


def database(part):
    """The module that runs a part's entries."""
    return importlib.import_module(f"compat_tests.reference.{PARTS[part]}")


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what torch or a sample prints must not mix with the answers
    import torch

    import jtorch

    torch.set_num_threads(1)
    jtorch.set_execution(
        "deferred"
    )  # where a sample costs no compilation; that the other modes agree is an aspect of its own
    for line in sys.stdin:
        task = json.loads(line)
        try:
            findings = database(task["part"]).run_task(task)
        except Exception:  # in the runner itself: say where, and go on with the next entry
            row = {"cases": 1, "failed": 1, "messages": [traceback.format_exc()[-1500:]]}
            findings = {"value": row}
        answers.write(json.dumps({**task, "findings": findings}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
