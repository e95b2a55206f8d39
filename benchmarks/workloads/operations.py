"""Loops over one operation each, on tensors so small that what is measured is the cost of the call; run under torch and under jtorch.

`CASES` maps a name to a function that sets up and gives `loop(n)`, which performs the operation n times.
"""

import torch
from torch import nn

CASES = {}


def case(name):
    def register(make):
        CASES[name] = make
        return make

    return register


def _binary(expression):
    """Loop over one statement, compiled so that the loop itself costs next to nothing."""

    def make(**names):
        source = f"def loop(n):\n    for _ in range(n):\n        {expression}\n"
        exec(source, names)
        return names["loop"]

    return make


def _pair(grad=False):
    return torch.ones(4, requires_grad=grad), torch.ones(4)


@case("add")
def _():
    x, y = _pair()
    return _binary("x + y")(x=x, y=y)


@case("add, grad")
def _():
    x, y = _pair(True)
    return _binary("x + y")(x=x, y=y)


@case("chain of mul and add, grad")
def _():
    x, y = _pair(True)

    def loop(n):
        z = x
        for _ in range(n // 2):
            z = z * y
            z = z + y

    return loop


@case("mul by a number")
def _():
    return _binary("x * 1.5")(x=_pair()[0])


@case("relu, grad")
def _():
    return _binary("x.relu()")(x=_pair(True)[0])


@case("sum over a dimension, grad")
def _():
    return _binary("x.sum(dim=1, keepdim=True)")(x=torch.ones(2, 2, requires_grad=True))


@case("matmul, grad")
def _():
    return _binary("x @ y")(x=torch.ones(2, 2, requires_grad=True), y=torch.ones(2, 2))


@case("nn.Linear, grad")
def _():
    return _binary("layer(x)")(x=torch.ones(2, 2), layer=nn.Linear(2, 2))


@case("view")
def _():
    return _binary("x.view(2, 2)")(x=_pair()[0])


@case("slice, grad")
def _():
    return _binary("x[1:3]")(x=_pair(True)[0])


@case("slice, read")
def _():
    return _binary("x[1:3] + y")(x=_pair()[0], y=torch.ones(2))


@case("add_")
def _():
    x, y = _pair()
    return _binary("x.add_(y)")(x=x, y=y)


@case("item assignment")
def _():
    x, y = torch.ones(4), torch.ones(())
    return _binary("x[2] = y")(x=x, y=y)


@case("detach")
def _():
    return _binary("x.detach()")(x=_pair(True)[0])


@case("no_grad")
def _():
    return _binary("with no_grad(): pass")(no_grad=torch.no_grad)


def backward_graph(n):
    """A graph of n nodes; `backward` on it is timed alone."""
    x, y = _pair(True)
    z = x
    for _ in range(n // 2):
        z = z * y
        z = z + y
    return z.sum()
