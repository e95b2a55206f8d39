"""Captured functions with results that require gradients: forward and backward are recorded together and split, and become one primitive with its rule."""

import numpy as np

import jtorch
from jtorch.autograd.node import Rule, plain_origin
from jtorch.dispatch import make_node
from jtorch.engine import Prim, Recording, Replay, Value
from jtorch.tensor import Tensor


class Forward:
    """The primitive of a recorded forward pass, whose gradient is the backward pass that was recorded after it.

    Results are those of the function that have a gradient, then what else it writes and returns, then what the backward pass needs of it.
    """

    def __init__(self, name, recording: Recording, tensors, numbers, outs, others):
        """`tensors` are those that were lifted, as inputs `numbers`; `outs` are the results with history, `others` further results by slot."""
        shown = [recording.operand(out._read()) for out in outs]  # of views, a last operation of the forward pass
        entries = len(recording.entries)
        slots = len(recording.slots)
        leaves = _leaves(tensors, outs)
        directions = [
            Value(out._aval, np.zeros(out._aval.shape, out._aval.dtype.numpy), recording.place) for out in outs
        ]
        cotangents = [Tensor.__new_plain__(recording.lift(value)) for value in directions]
        found = jtorch.autograd.grad(outs, leaves, cotangents, allow_unused=True)
        pairs = [(leaf, gradient) for leaf, gradient in zip(leaves, found, strict=True) if gradient is not None]

        backward = Replay(
            recording, [recording.operand(gradient._read()) for _, gradient in pairs], entries=slice(entries, None)
        )
        cotangent = {-1 - recording.lifted[id(value)].slot: i for i, value in enumerate(directions)}
        inputs = [number for number in backward.used if number not in cotangent]
        operands = {o for _, operands, *_ in backward.entries for o in operands} | set(backward.results)
        kept = sorted(o for o in operands if 0 <= o < slots)
        used_forward = {-1 - o for _, operands, *_ in recording.entries[:entries] for o in operands}
        results = [
            *shown, *others, *kept, *(-1 - number for number in inputs if number not in used_forward)
        ]  # fmt: skip
        self.replay = forward = Replay(recording, results, entries=slice(entries))
        if forward.awaits or backward.awaits:
            raise NotImplementedError(
                f"jtorch.capture({name}): a function with differentiable results calls a collective; capture the whole step, with backward and the update"
            )
        if forward.flagged:
            raise NotImplementedError(
                f"jtorch.capture({name}): a function with differentiable results checks values that it computes itself; capture the whole step, with backward and the update"
            )
        words = forward.words()

        def run_forward(arrays, _):
            return forward.compute([*arrays, *forward.fixed], words)[0]

        avals = tuple(recording.inputs[number].aval for number in forward.used)
        self.prim = Prim(name, run_forward, avals, origin=plain_origin(f"{name}Backward", len(outs)))
        position = {number: i for i, number in enumerate(forward.used)}
        number_of = {id(tensor): i for i, tensor in enumerate(tensors)}
        order = {}
        for k, (leaf, _) in enumerate(pairs):
            number = numbers[number_of[id(leaf)]]
            if number not in position:
                raise NotImplementedError(
                    f"jtorch.capture({name}): a result depends on a tensor of shape {list(leaf.shape)} that the function overwrites before it reads it; capture the whole step"
                )
            order[position[number]] = k
        self.wanted = tuple(i in order for i in range(len(forward.used)))
        self.leaves = {i: number_of[id(pairs[k][0])] for i, k in order.items()}
        wanted = [order[i] for i in sorted(order)]

        first = len(outs) + len(others)
        rule = Rule()
        rule.needs, rule.origin, rule.refusal = self.wanted, None, None
        rule.grad_avals = (*(out._aval for out in outs), *(None for _ in self.prim.out_avals[len(outs) :]))
        rule.slots = (*(("out", first + i) for i in range(len(kept))), *(("in", position[number]) for number in inputs))
        rule.saves_results = rule.saves_number = False
        words_back = backward.words()

        def run_backward(arrays, _):
            saved, gradients = arrays[: len(kept) + len(inputs)], arrays[len(kept) + len(inputs) :]
            given = dict(zip(inputs, saved[len(kept) :], strict=True))
            used = [gradients[cotangent[number]] if number in cotangent else given[number] for number in backward.used]
            made = backward.compute([*used, *backward.fixed], words_back, zip(kept, saved, strict=False))[0]
            return [made[k] for k in wanted]

        avals = [self.prim.out_avals[i] if kind == "out" else self.prim.in_avals[i] for kind, i in rule.slots]
        rule.prim = Prim(
            f"{name}_backward",
            run_backward,
            (*avals, *(out._aval for out in outs)),
            origin=plain_origin(f"{name}BackwardBackward"),
        )
        self.prim.derived[self.wanted] = rule

    def node(self, tensors, values, results, place):
        return make_node(self.prim, tensors, values, results, (), place, self.wanted)


def _leaves(tensors, outs):
    found = []
    for tensor in tensors:
        if tensor.requires_grad and not any(tensor is out for out in outs):
            if tensor._chain is not None:
                raise NotImplementedError(
                    "jtorch.capture: a parameter that is a view of another tensor, in a function with differentiable results; capture the whole step"
                )
            found.append(tensor)
    return found
