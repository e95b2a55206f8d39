"""Run a script or module as `python` would, with torch and torchvision meaning jtorch.

What the program sees (`__main__`, `sys.argv`, `sys.path[0]`, exit codes, tracebacks) is what `python` itself
would have given it; the reference is the "Command line and environment" chapter of Python's manual.
"""

import builtins
import importlib.machinery
import io
import os
import pkgutil
import runpy
import sys
from collections.abc import Callable
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn

from jtorch.compat.alias import install
from jtorch.compat.names import jtorch_name

USAGE = """\
usage: python -m jtorch SCRIPT [ARGS...]      run a file, folder or zip archive
       python -m jtorch -m MODULE [ARGS...]   run a module
       python -m jtorch -c CODE [ARGS...]     run a line of code
       python -m jtorch - [ARGS...]           run standard input
       python -m jtorch --explain SCRIPT ...  the same, and at the end say by line what was compiled, waited for and looked at
       python -m jtorch check FILE...         say what of torch they use that jtorch lacks; runs nothing (./check is a script)
In the program, torch and torchvision mean jtorch and jtorch.vision. Options of Python go before -m jtorch."""


def main(arguments: list[str]) -> None:
    """Do what the command line says; returns when the program has ended."""
    match arguments:
        case ["-h" | "--help", *_]:
            print(USAGE)
        case ["--explain", *rest] if rest:
            from jtorch.compat.explain import explaining

            with explaining():
                main(rest)
        case ["check", *rest]:
            from jtorch.compat.check import main as check

            sys.exit(check(rest))
        case ["-m", name, *rest]:
            _run_module(name, rest)
        case ["-c", code, *rest]:
            _set_path("")
            _run(lambda: compile(code, "<string>", "exec", dont_inherit=True), ["-c", *rest])
        case ["-", *rest]:
            _set_path("")
            source = sys.stdin.buffer.read()
            _run(lambda: compile(source, "<stdin>", "exec", dont_inherit=True), ["-", *rest], __file__="<stdin>")
        case [script, *rest] if not script.startswith("-"):
            _run_script(script, rest)
        case _:
            print(USAGE, file=sys.stderr)
            sys.exit(2)


def _run_script(script: str, rest: list[str]) -> None:
    importer = pkgutil.get_importer(script)
    if importer is not None:  # a folder or zip archive, run by the __main__.py in it
        _set_path(os.path.abspath(script))
        spec = importer.find_spec("__main__")
        if spec is None:
            _refuse(f"can't find '__main__' module in {script!r}", 1)
        loader: Any = spec.loader
        _run(lambda: loader.get_code("__main__"), [script, *rest], **_module_attributes(spec))
        return
    path = os.path.join(os.getcwd(), script)
    try:
        with io.open_code(path) as file:
            source = file.read()
    except OSError as error:
        _refuse(f"can't open file {path!r}: [Errno {error.errno}] {error.strerror}", 2)
    _set_path(os.path.dirname(os.path.realpath(path)))
    _run(
        lambda: compile(source, path, "exec", dont_inherit=True),
        [script, *rest],
        __file__=path,
        __cached__=None,
        __loader__=importlib.machinery.SourceFileLoader("__main__", path),
    )


def _run_module(name: str, rest: list[str]) -> None:
    install()
    sys.argv = ["-m", *rest]  # what Python shows to the packages imported on the way
    try:
        # runpy's public run_module puts the previous __main__ back at the end, before atexit handlers and threads finish.
        _, spec, code = runpy._get_module_details(jtorch_name(name) or name, runpy._Error)  # type: ignore[attr-defined]
    except runpy._Error as error:  # type: ignore[attr-defined]
        _refuse(str(error), 1)
    _run(lambda: code, [spec.origin, *rest], **_module_attributes(spec))


def _module_attributes(spec: importlib.machinery.ModuleSpec) -> dict[str, Any]:
    return {
        "__spec__": spec,
        "__package__": spec.parent,
        "__loader__": spec.loader,
        "__file__": spec.origin,
        "__cached__": spec.cached,
    }


def _set_path(folder: str) -> None:
    """Put the program's folder where `python -m` had put the working directory."""
    if not sys.flags.safe_path:
        sys.path[0] = folder


def _run(get_code: Callable[[], CodeType], argv: list[str], **attributes: Any) -> None:
    """Run code in a `__main__` of its own, as real as Python's: pickle and multiprocessing look it up in `sys.modules`."""
    install()
    sys.argv = argv
    program = ModuleType("__main__")
    vars(program).update(__builtins__=builtins, __annotations__={}, **attributes)
    # multiprocessing enters its own name for __main__ when it is imported, and results of children refer to that.
    sys.modules["__main__"] = sys.modules["__mp_main__"] = program
    try:
        exec(get_code(), vars(program))
    except BaseException:
        _hide_launcher(vars(program))
        raise


def _hide_launcher(program: dict[str, Any]) -> None:
    """Start tracebacks at the program's first line.

    The exception goes on to the interpreter, which prints it through `sys.excepthook` (perhaps the program's own) and knows
    the right exit status, death by SIGINT included.
    """
    hook = sys.excepthook

    def excepthook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        while traceback is not None and traceback.tb_frame.f_globals is not program:
            traceback = traceback.tb_next
        hook(kind, error.with_traceback(traceback), traceback)

    sys.excepthook = excepthook


def _refuse(message: str, status: int) -> NoReturn:
    print(f"{sys.executable} -m jtorch: {message}", file=sys.stderr)
    sys.exit(status)
