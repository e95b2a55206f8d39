"""A worker that runs a pickled function: `python _worker.py PAYLOAD`. What the function returns is left beside the payload."""

import os
import pickle
import sys
from multiprocessing import spawn


def main(payload: str) -> None:
    with open(payload, "rb") as file:
        spawn.prepare(
            pickle.load(file)
        )  # the parent's path and main module, as in a process that multiprocessing starts
        function, args = pickle.load(file)
    from jtorch.distributed.elastic.multiprocessing.errors import record

    result = record(function)(*args)
    place = os.path.join(os.path.dirname(payload), f"result.{os.environ['RANK']}")
    with open(place + "~", "wb") as file:
        pickle.dump(result, file)
    os.replace(place + "~", place)


if __name__ == "__main__":
    sys.path.pop(0)
    main(sys.argv[1])
