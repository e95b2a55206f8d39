"""Run a snippet under PyTorch and under jtorch, and say what differs.

    python -m compat_tests.compare snippet.py
    python -m compat_tests.compare -c "import torch; torch.ones(2, 2).t().stride()"
    python -m compat_tests.compare --batch compat_tests/snippets/views.py --modes eager

Compared are what is printed, the value of the last expression (tensors by value, dtype, shape, stride, requires_grad and
grad_fn's name), the error raised (class, and PyTorch's first line of message) and the warnings. Floating-point values are
compared with the tolerances of `torch.testing.assert_close`. The exit code is 0 if all is equal, 1 if not.
"""

import argparse
import atexit
import difflib
import functools
import math
import re
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from compat_tests import corpus
from compat_tests.worker import MODES, Worker

DEFAULT_MODES = ("deferred", "eager", "compiled")

# Relative and absolute, as torch.testing.assert_close has them.
TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}
_NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE][-+]?\d))(?:[eE][-+]?\d+)?")


@dataclass
class Comparison:
    """What PyTorch did with a snippet, what jtorch did in each mode, and the differences."""

    code: str
    reference: dict
    seen: dict[str, list[dict]]
    differences: dict[str, list[str]] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        return not any(self.differences.values())

    def report(self) -> str:
        if self.equal:
            return f"equal ({', '.join(self.seen)})"
        lines = []
        for mode, found in self.differences.items():
            if found:
                lines.append(f"{mode}:")
                lines += [textwrap.indent(text, "    ") for text in found]
                trace = next((s["traceback"] for s in self.seen[mode] if "traceback" in s), None)
                if trace and "error" not in self.reference:
                    lines.append(textwrap.indent(trace.rstrip(), "    | "))
            else:
                lines.append(f"{mode}: equal")
        return "\n".join(lines)


@functools.cache
def worker(library: str, mode: str | None = None) -> Worker:
    """The one warm process for a library and mode."""
    process = Worker(library, mode)
    atexit.register(process.close)
    return process


def compare(code: str, modes=DEFAULT_MODES, timeout: float = 120.0) -> Comparison:
    """Run `code` under PyTorch once and under jtorch in each of `modes`."""
    (reference,) = worker("torch").observe(code, timeout)
    comparison = Comparison(code, reference, {})
    for mode in modes:
        comparison.seen[mode] = worker("jtorch", mode).observe(code, timeout)
        comparison.differences[mode] = differences_of_all(reference, comparison.seen[mode])
    return comparison


def differences_of_all(expected: dict, seen: list[dict]) -> list[str]:
    """The differences of the first run that has any; later runs of a program must equal the first."""
    for number, observation in enumerate(seen, 1):
        found = differences(expected, observation)
        if found:
            return found if number == 1 else [f"in run {number} of {len(seen)}, the earlier ones being equal:", *found]
    return []


def differences(expected: dict, actual: dict) -> list[str]:
    """What two observations differ in, as readable text; empty when they agree."""
    found = _error_differences(expected.get("error"), actual.get("error"))
    if not same_text(expected["stdout"], actual["stdout"]):
        found.append("printed:\n" + _text_difference(expected["stdout"], actual["stdout"]))
    if "error" not in expected and "error" not in actual:
        found += _value_differences(expected.get("value"), actual.get("value"), "value")
    wanted, got = ({tuple(w) for w in o["warnings"]} for o in (expected, actual))
    found += [f"warning missing: {kind}: {text}" for kind, text in sorted(wanted) if not _warned(kind, text, got)]
    found += [f"warning too many: {kind}: {text}" for kind, text in sorted(got) if not _wanted(kind, text, wanted)]
    return found


def same_text(expected: str, actual: str) -> bool:
    """Equal, or equal but for a unit in the last place of a printed decimal number."""
    if expected == actual:
        return True
    if _NUMBER.sub("#", expected) != _NUMBER.sub("#", actual):
        return False
    return all(
        a == b or (_unit(a) == _unit(b) and abs(float(a) - float(b)) <= 1.01 * _unit(a))
        for a, b in zip(_NUMBER.findall(expected), _NUMBER.findall(actual), strict=True)
    )


def _unit(number: str) -> float:
    """The last printed place of a decimal number: 0.01 of 3.14, 100 of 3.14e4."""
    mantissa, _, exponent = number.lower().partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def first_line(message: str) -> str:
    """The first line of a message, without PyTorch's request to report a message that could be better."""
    return message.strip().partition("\n")[0].partition("  (Could this error message be improved?")[0]


def _error_differences(expected: dict | None, actual: dict | None) -> list[str]:
    if expected is None and actual is None:
        return []
    if actual is None:
        return [f"raised nothing, expected {expected['type']}: {first_line(expected['message'])}"]
    if expected is None:
        return [f"raised {actual['type']}: {actual['message']}"]
    if actual["type"] != expected["type"] or first_line(expected["message"]) not in actual["message"]:
        raised, wanted = (f"{e['type']}: {first_line(e['message'])}" for e in (actual, expected))
        return [f"raised {raised}\nexpected {wanted}"]
    return []


def _warned(kind: str, text: str, warnings: set) -> bool:
    return any(kind == k and first_line(text) in t for k, t in warnings)


def _wanted(kind: str, text: str, warnings: set) -> bool:
    return any(kind == k and first_line(t) in text for k, t in warnings)


def _value_differences(expected, actual, place: str) -> list[str]:
    if expected is None or actual is None:
        if expected is actual:
            return []
        return [f"{place}: {_short(actual)}, expected {_short(expected)}"]
    if expected["kind"] != actual["kind"]:
        return [f"{place}: {_short(actual)}, expected {_short(expected)}"]
    found = []
    names = ["type", "dtype", "shape", "requires_grad", "grad_fn"]
    if expected["kind"] in ("object", "str"):
        names.append("repr")
    for name in names:
        if name == "repr":
            key = "repr" if expected["kind"] == "object" else "value"
            if not same_text(expected[key], actual[key]):
                found.append(f"{place}:\n{_text_difference(expected[key], actual[key])}")
        elif expected.get(name) != actual.get(name):
            found.append(f"{place}.{name}: {actual.get(name)}, expected {expected.get(name)}")
    if expected["kind"] in ("tensor", "ndarray") and not found:
        found += _array_differences(expected, actual, place)
    elif expected["kind"] in ("tuple", "list", "dict"):
        found += _item_differences(expected, actual, place)
    elif expected["kind"] in ("int", "bool", "float", "complex"):
        # A Python float mostly comes out of a float32 tensor.
        if not _close(expected["value"], actual["value"], *TOLERANCES["float32"]):
            found.append(f"{place}: {actual['value']}, expected {expected['value']}")
    elif "values" in expected and not found:
        found += _array_differences(expected, actual, place)
    return found


def _item_differences(expected: dict, actual: dict, place: str) -> list[str]:
    pairs_e, pairs_a = expected["items"], actual["items"]
    if len(pairs_e) != len(pairs_a):
        return [f"{place}: {len(pairs_a)} items, expected {len(pairs_e)}"]
    found = []
    for number, (e, a) in enumerate(zip(pairs_e, pairs_a, strict=True)):
        if expected["kind"] == "dict":
            found += _value_differences(e[0], a[0], f"{place}.keys[{number}]")
            found += _value_differences(e[1], a[1], f"{place}[{_short(e[0])}]")
        else:
            found += _value_differences(e, a, f"{place}[{number}]")
    return found


def _array_differences(expected: dict, actual: dict, place: str) -> list[str]:
    found = []
    if 0 not in expected["shape"] and "stride" in expected:
        # The stride of a dimension of one element says nothing about memory.
        wanted, got = ([s for s, n in zip(d["stride"], d["shape"], strict=True) if n > 1] for d in (expected, actual))
        if wanted != got:
            found.append(f"{place}.stride: {tuple(actual['stride'])}, expected {tuple(expected['stride'])}")
    tolerance = TOLERANCES.get(expected["dtype"].removeprefix("torch."), (0.0, 0.0))
    wrong = [
        i
        for i, (e, a) in enumerate(zip(expected["values"], actual["values"], strict=True))
        if not _close(e, a, *tolerance)
    ]
    if wrong:
        first = wrong[0]
        found.append(
            f"{place}: {len(wrong)} of {len(expected['values'])} values differ, the first at flat index {first}: "
            f"{actual['values'][first]}, expected {expected['values'][first]}"
        )
        if len(expected["values"]) <= 64:
            found.append(f"{place} is {actual['values']}\n{' ' * len(place)} not {expected['values']}")
    return found


def _close(expected, actual, relative: float, absolute: float) -> bool:
    if isinstance(expected, list):
        return all(_close(e, a, relative, absolute) for e, a in zip(expected, actual, strict=True))
    if isinstance(expected, str) or isinstance(actual, str):  # nan, inf, -inf
        return expected == actual
    if isinstance(expected, float):
        return math.isclose(expected, actual) or abs(expected - actual) <= absolute + relative * abs(expected)
    return expected == actual


def _short(description: dict | None) -> str:
    if description is None:
        return "nothing"
    if description["kind"] == "tensor":
        return f"tensor of {description['dtype']}, shape {tuple(description['shape'])}"
    if "repr" in description:
        return description["repr"]
    if "value" in description:
        return repr(description["value"])
    return f"{description.get('type', description['kind'])} of {len(description.get('items', ()))}"


def _text_difference(expected: str, actual: str) -> str:
    lines = difflib.unified_diff(expected.splitlines(), actual.splitlines(), "PyTorch", "jtorch", lineterm="", n=2)
    return "\n".join(lines) or f"PyTorch {expected!r}\njtorch  {actual!r}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m compat_tests.compare", description=__doc__.partition("\n")[0])
    parser.add_argument("snippet", nargs="?", type=Path, help="a Python file")
    parser.add_argument("-c", dest="code", help="the snippet itself")
    parser.add_argument("--batch", type=Path, help="a file of snippets set apart by lines starting with '# ---'")
    parser.add_argument("--modes", default=",".join(DEFAULT_MODES), help=f"any of {', '.join(MODES)} (%(default)s)")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds a snippet may take (%(default)s)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show what PyTorch did as well")
    options = parser.parse_args(arguments)
    if sum(given is not None for given in (options.snippet, options.code, options.batch)) != 1:
        parser.error("give one of: a file, -c code, --batch file")
    modes = options.modes.split(",")
    if unknown := [m for m in modes if m not in MODES]:
        parser.error(f"no mode {', '.join(unknown)}; there are {', '.join(MODES)}")

    if options.batch:
        snippets = corpus.read(options.batch)
    else:
        code = options.code if options.code is not None else options.snippet.read_text(encoding="utf-8")
        snippets = [corpus.Snippet(str(options.snippet or "-c"), code)]
    unequal = 0
    for snippet in snippets:
        result = compare(snippet.code, modes, options.timeout)
        unequal += not result.equal
        if options.verbose:
            print(_told(result.reference))
        if not options.batch:
            print(result.report())
        elif not result.equal:
            print(f"--- {snippet.name}\n{textwrap.indent(result.report(), '    ')}")
    if options.batch:
        print(f"{len(snippets) - unequal} of {len(snippets)} equal")
    return 1 if unequal else 0


def _told(observation: dict) -> str:
    lines = [f"  > {line}" for line in observation["stdout"].splitlines()]
    if "value" in observation:
        lines.append(f"  value {observation['value']}")
    if "error" in observation:
        lines.append(f"  raised {observation['error']['type']}: {observation['error']['message']}")
    lines += [f"  warned {kind}: {text}" for kind, text in observation["warnings"]]
    return "PyTorch:\n" + "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
