"""Run a script twice: under Python's profiler, and under torch's, which sees the engine's programs."""

import argparse
import contextlib
import cProfile
import io
import os
import platform
import pstats
import sys

import jtorch
from jtorch.compat.alias import install
from jtorch.version import __version__

ROWS = 15


def main(arguments=None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m jtorch -m torch.utils.bottleneck",
        description="Profile a script that ends by itself. It runs twice: start it with few steps.",
    )
    parser.add_argument("scriptfile", help="the script")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="its arguments")
    given = parser.parse_args(arguments)
    install()
    sys.argv = [given.scriptfile, *given.args]
    sys.path.insert(0, os.path.dirname(os.path.abspath(given.scriptfile)))
    with io.open_code(given.scriptfile) as file:
        code = compile(file.read(), given.scriptfile, "exec", dont_inherit=True)

    profiler = cProfile.Profile()
    with _ended_by_exit():
        profiler.runcall(exec, code, _main(given.scriptfile))
    with jtorch.autograd.profiler.profile() as recorded, _ended_by_exit():
        exec(code, _main(given.scriptfile))

    import jax

    _title("Environment Summary")
    print(
        f"torch {__version__}: jtorch on JAX {jax.__version__} ({jax.default_backend()}), Python {platform.python_version()}"
    )
    print(f"Running with {os.cpu_count()} cores")
    _title("cProfile output")
    text = io.StringIO()
    pstats.Stats(profiler, stream=text).sort_stats("tottime").print_stats(ROWS)
    print(text.getvalue().strip())
    _title("autograd profiler output (CPU mode)")
    print(f"        top {ROWS} events sorted by cpu_time_total\n")
    print(recorded.key_averages().table(sort_by="cpu_time_total", row_limit=ROWS))


@contextlib.contextmanager
def _ended_by_exit():
    with contextlib.suppress(SystemExit):
        yield


def _main(path) -> dict:
    """A `__main__` for the script, as real as Python's."""
    module = type(sys)("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    return module.__dict__


def _title(text) -> None:
    print("-" * 80 + f"\n  {text}\n" + "-" * 80)


if __name__ == "__main__":
    main()
