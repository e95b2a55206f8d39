"""Random small programs of views, writes, reads and gradients, run by PyTorch and by jtorch and compared.

    python -m compat_tests.random_programs 0 100 --modes deferred,eager --length 12

Shapes are not tracked: a statement that does not fit raises, and then both libraries must raise the same class and leave
everything as it was. Left out is what PyTorch leaves undefined (writes to overlapping windows) and the rule that forbids
writes next to the outputs of unbind, split and chunk, which would end most programs.
"""

import argparse
import random
import sys

from compat_tests.compare import compare

VIEWS = [
    "{a}.t()", "{a}.transpose(0, -1)", "{a}[{i}]", "{a}[{s}]", "{a}[:, {s}]", "{a}[..., {i}]", "{a}.view(-1)",
    "{a}.view(2, -1)", "{a}.reshape(-1)", "{a}.unsqueeze({d})", "{a}.squeeze()", "{a}.expand(2, *{a}.shape)",
    "{a}.narrow(0, {n}, 1)", "{a}.select(-1, {i})", "{a}.diagonal()", "{a}.unfold(0, 2, 1).clone()", "{a}.permute(*range({a}.dim())[::-1])",
    "{a}.chunk(2)[-1].clone()", "{a}.split(1)[0] * 1", "{a}.unbind(0)[{n}] + 0", "{a}[None]", "{a}.flatten()", "{a}.detach()", "{a}.movedim(0, -1)",
    "{a}.contiguous()", "{a}.view_as({a})", "{a}.expand_as({b})",
]  # fmt: skip
RESULTS = [
    "{a} + {b}", "{a} * {b}", "{a} - {k}", "{a} * {k}", "{a}.exp().clamp(max=9.0)", "{a}.sum({d})", "{a}.mean()", "{a}.clone()",
    "{a}.relu()", "torch.cat([{a}, {b}])", "torch.stack([{a}, {b}])", "{a} @ {b}", "{a}.abs().sqrt()", "torch.where({a} > {b}, {a}, {b})",
    "{a}[{a} > {k}]", "{a}[torch.tensor([0, 1, 0])]", "{a}.repeat(2, 1)", "{a}.max({d})[0]", "{a}.tanh()", "{a}.cumsum(0)",
    "{a}.clamp({n}, 2)", "{a} / ({b}.abs() + 1)", "{a}.flip(0).contiguous()", "{a}.roll(1)", "{a}.double().float()", "{a}.sigmoid()",
]  # fmt: skip
WRITES = [
    "{a}.add_({k})", "{a}.mul_({b})", "{a} += {b}", "{a}[{i}] = {k}", "{a}[{s}] = {b}", "{a}[..., {s}] *= {k}", "{a}.copy_({b})",
    "{a}.zero_()", "{a}.fill_({k})", "{a}[{a} > 1] = {k}", "{a}[[True] + [False] * ({a}.size(0) - 1)] = {k}", "{a}.t().add_(1)",
    "{a}.view(-1)[{i}] = {k}", "{a}.relu_()", "{a}.tanh_()", "{a}.detach().add_(1)", "{a}.data.mul_(2)", "{a}.sub_({b}, alpha=2)",
    "{a}.clamp_(-1, 2)", "{a}.select(0, {n}).fill_({k})", "{a}.masked_fill_({a} < 0, {k})", "{a}.neg_()",
    "{a}.unsqueeze_(0)", "{a}.t_()", "{a}.squeeze_()", "{a}.detach_()", "{a}.scatter_(0, torch.zeros(1, 2, dtype=torch.long), {k})",
]  # fmt: skip
LOOKS = ["{a}.sum().item()", "{a}.tolist()", "{a}.detach().numpy().sum().item()", "str({a})"]

PRELUDE = """
import warnings
import torch
warnings.simplefilter("ignore")
t0 = torch.arange(12.0).view(3, 4) / 5 - 1
t1 = torch.tensor([0.5, -1.0, 2.0, 0.25])
t2 = torch.arange(24.0).sin().view(2, 3, 4)
t3 = (torch.arange(9.0).view(3, 3).cos()).requires_grad_()
t4 = t3 * 1
t5 = torch.ones(3, 4, requires_grad=True)
t6 = t5 + 0
"""

EPILOGUE = """
def attempt(statement):
    try:
        exec(statement, globals())
    except Exception as error:
        print(statement, "->", type(error).__name__)

for statement in STATEMENTS:
    attempt(statement)
names = sorted((n for n in list(globals()) if n[0] == "t" and n[1:].isdigit()), key=lambda n: int(n[1:]))
leaves = [n for n in names if globals()[n].is_leaf and globals()[n].requires_grad]
outputs = [n for n in names if globals()[n].requires_grad and not globals()[n].is_leaf]
for n in outputs:
    attempt(f"({n} * 1.5).sum().backward(retain_graph=True)")
[[(n, globals()[n].detach(), globals()[n].requires_grad, globals()[n]._version, globals()[n].is_leaf) for n in names],
 [(n, globals()[n].grad) for n in leaves]]
"""


def program(seed: int, length: int = 10) -> str:
    """A program of `length` statements; the same for the same seed."""
    rng = random.Random(seed)
    statements, count = [], 7
    for _ in range(length):
        kind = rng.choices([VIEWS, RESULTS, WRITES, LOOKS], weights=[5, 4, 5, 1])[0]
        # Young tensors are more interesting: they are views of views.
        a, b = (f"t{min(count - 1, int(count * rng.random() ** 0.6))}" for _ in range(2))
        start = rng.randrange(3)
        expression = rng.choice(kind).format(
            a=a, b=b, i=rng.choice([0, 1, -1, 2]), n=rng.randrange(2), d=rng.choice([0, -1]), k=rng.choice([0.5, 2, -1.5, 3]),
            s=rng.choice([f"{start}:", f":{start + 1}", "::2", f"{start}:{start + 2}", "1:2"]),
        )  # fmt: skip
        if expression == f"{a}.copy_({a})":
            expression = f"{a}.add_(1)"
        if kind in (VIEWS, RESULTS):
            statements.append(f"t{count} = {expression}")
            count += 1
        else:
            statements.append(expression)
    body = "\n".join(f"    {statement!r}," for statement in statements)
    return f"{PRELUDE}\nSTATEMENTS = [\n{body}\n]\n{EPILOGUE}"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m compat_tests.random_programs", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("first", type=int, help="the first seed")
    parser.add_argument("last", type=int, help="the seed after the last one")
    parser.add_argument("--modes", default="deferred", help="execution modes (%(default)s)")
    parser.add_argument("--length", type=int, default=10, help="statements in a program (%(default)s)")
    options = parser.parse_args()
    unequal = 0
    for seed in range(options.first, options.last):
        result = compare(program(seed, options.length), options.modes.split(","))
        if not result.equal:
            unequal += 1
            statements = result.code.partition("STATEMENTS = [")[2].partition("\n]\n")[0]
            print(f"--- seed {seed}{statements}\n{result.report()}")
    print(f"{options.last - options.first - unequal} of {options.last - options.first} equal")
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main())
