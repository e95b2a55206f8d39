"""Runs tables of cases as one process of a job: `python -m compat_tests.distributed.job LIBRARY TABLE,... ADDRESS RANK OUT`."""

import ast
import importlib
import json
import sys
import warnings
from datetime import timedelta
from pathlib import Path

HERE = Path(__file__).parent


def shown(value) -> str:
    """What is compared of a value: tensors as dtype and numbers, the rest as it prints."""
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return f"{str(value.dtype).removeprefix('torch.')}{tuple(value.shape)}{value.tolist()}"
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(shown, value))})"
    return repr(value)


def run(code: str, names: dict) -> str:
    """Run a case; what its last line gives, or the error, by its class and first line."""
    tree = ast.parse(code.strip())
    last = tree.body.pop()
    try:
        exec(compile(tree, "case", "exec"), names)
        if not isinstance(last, ast.Expr):
            raise SyntaxError("the last line of a case is what is compared")
        return shown(eval(compile(ast.Expression(last.value), "case", "eval"), names))
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


def main(library: str, tables: list[str], address: str, rank: int, out: str) -> None:
    warnings.simplefilter("ignore")
    torch = importlib.import_module(library)
    dist = importlib.import_module(f"{library}.distributed")
    importlib.import_module(f"{library}.nn.parallel")
    importlib.import_module(f"{library}.distributed.device_mesh")
    modules = {table: importlib.import_module(f"compat_tests.distributed.{table}") for table in tables}
    world = modules[tables[0]].PROCESSES
    torch.manual_seed(rank)
    before = torch.ones(2, 2) @ torch.ones(2, 2)  # computed before the processes are joined
    before.sum().item()
    dist.init_process_group("gloo", address, timedelta(seconds=100), world, rank)
    results: dict[str, dict[str, str]] = {table: {} for table in tables}
    for table, cases in modules.items():
        for name, code in cases.CASES.items():
            names = {"torch": torch, "dist": dist, "rank": rank, "world": world, "nn": torch.nn}
            names["folder"] = str(Path(out).parent)
            results[table][name] = run(code, names)
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()
    Path(out).write_text(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2].split(","), sys.argv[3], int(sys.argv[4]), sys.argv[5])
