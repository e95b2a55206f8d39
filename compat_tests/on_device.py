"""Run the recorded snippets with tensors on a device, and say where that ends otherwise than on the CPU.

    python -m compat_tests.on_device --device cuda
    JTORCH_CUDA=cpu python -m compat_tests.on_device --device cuda views autograd     # another CPU stands in for the GPU

Numbers are compared too, but for snippets that draw random ones: those of a GPU are others. Some differences are torch's own: numpy does not
read a GPU's memory, generators of the CPU do not draw there, and what a machine without the device refuses is done.
"""

import argparse
import os
import re
import sys

from compat_tests import compare, corpus
from compat_tests.worker import Worker

_DRAWS = re.compile(r"rand|drop|normal|uniform|bernoulli|multinomial|poisson|nn\.|init|sample")
_NAMED = re.compile(r",\s+device='\w+(:\d+)?'")


def on(worker: Worker, device: str, code: str) -> dict:
    (seen,) = worker.observe(f"import torch\ntorch.set_default_device({device!r})\n{code}")
    seen["stdout"] = _NAMED.sub("", seen["stdout"])
    return seen


def difference(here: dict, there: dict, code: str) -> str | None:
    if "error" in here or "error" in there:
        kinds = [seen["error"]["type"] if "error" in seen else "no error" for seen in (here, there)]
        return None if kinds[0] == kinds[1] else f"{kinds[0]}, then {there.get('error', kinds[1])}"
    if _DRAWS.search(code):
        return None
    return "; ".join(compare.differences(here, there)) or None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m compat_tests.on_device", description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("files", nargs="*", help="names of snippet files; all by default")
    options = parser.parse_args()
    paths = [corpus.FOLDER / f"{name}.py" for name in options.files] or sorted(corpus.FOLDER.glob("*.py"))
    os.environ.setdefault("JAX_PLATFORMS", "")
    count = differing = 0
    with Worker("jtorch", "deferred") as worker:
        for path in paths:
            for snippet in corpus.read(path):
                here, there = (on(worker, device, snippet.code) for device in ("cpu", options.device))
                count += 1
                if found := difference(here, there, snippet.code):
                    differing += 1
                    print(f"{path.stem}, {snippet.name}: {found}"[:400], flush=True)
    print(f"{count} snippets, {differing} end otherwise on {options.device}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
