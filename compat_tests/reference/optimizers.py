"""One entry of optim_db: every configuration for five steps under torch and jtorch, and state_dicts that change sides."""

import warnings
from copy import deepcopy

import numpy as np
import torch
from torch.testing._internal.common_optimizers import _get_optim_inputs_including_global_cliquey_kwargs, optim_db

import jtorch

from . import translate
from .closeness import DOUBLE, difference
from .operations import Findings, TookTooLong, _said, limited

ASPECTS = ("parameters", "state_dict", "from torch", "to torch", "repr", "errors")
DTYPES = ("float32", "float64", "complex64")
STEPS = 5


def tasks(pattern, dtypes, aspects, samples) -> list:
    from fnmatch import fnmatchcase

    made = []
    for entry in optim_db:
        for dtype in DTYPES if dtypes is None else dtypes.split(","):
            if dtype not in DTYPES or (dtype == "complex64" and not entry.supports_complex):
                continue
            name = entry.optim_cls.__name__
            if any(fnmatchcase(name, p) for p in pattern.split(",")):
                made.append({"part": "optim_db", "name": name, "dtype": dtype, "samples": samples})
    return made


def run_task(task) -> Findings:
    (entry,) = [entry for entry in optim_db if entry.optim_cls.__name__ == task["name"]]
    findings = Findings()
    dtype = getattr(torch, task["dtype"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for configuration in _configurations(entry, dtype):
            at = ", ".join(f"{k}={v}" for k, v in configuration.items()) or "defaults"
            if entry.step_requires_closure and task["dtype"] != "float64":
                configuration = {**configuration, "max_iter": 2}  # a long search amplifies rounding to anything
            try:
                with limited(120):
                    _compare(entry, dtype, configuration, findings, at)
            except TookTooLong as error:
                findings.count("parameters", str(error), at)
        if task["dtype"] == "float32" and entry.optim_error_inputs_func is not None:
            _errors(entry, findings)
    jtorch.engine.program.clear_caches()
    return findings


def _configurations(entry, dtype) -> list:
    """Keyword arguments of the constructor, the implementation flags included."""
    found = []
    for row in _get_optim_inputs_including_global_cliquey_kwargs("cpu", dtype, entry):
        if row.kwargs not in found:
            found.append(row.kwargs)
    return found


class Side:
    """One library with its parameters, optimizer and the data of a small regression."""

    def __init__(self, library, entry, dtype, kwargs, of_torch):
        self.library, self.entry = library, entry
        convert = (lambda v: v) if of_torch else translate.value
        rng = np.random.RandomState(3)

        def numbers(*shape):
            values = rng.uniform(-1, 1, shape)
            if dtype.is_complex:
                values = values + 1j * rng.uniform(-1, 1, shape)
            return convert(torch.from_numpy(np.asarray(values)).to(dtype))

        shapes = ((4, 3), (3, 3)) if entry.optim_cls.__name__ == "Muon" else ((4, 3), (3,))
        self.parameters = [numbers(*shape).requires_grad_() for shape in shapes]
        self.targets = [[numbers(*shape) for shape in shapes] for _ in range(STEPS)]
        cls = entry.optim_cls if of_torch else translate.function(entry.optim_cls)
        given = convert(kwargs)
        if not entry.supports_param_groups:
            groups = self.parameters
        else:
            groups = [{"params": self.parameters[:1]}, {"params": self.parameters[1:]}]
            if not isinstance(kwargs.get("lr"), torch.Tensor):
                groups[1]["lr"] = 0.02
        self.optimizer = cls(groups, **given)
        self.differentiable = kwargs.get("differentiable", False)

    def step(self, number):
        if self.entry.step_requires_closure:  # a line search needs one and the same function
            number = 0

        def closure():
            self.optimizer.zero_grad()
            loss = 0.0
            for parameter, target in zip(self.parameters, self.targets[number], strict=True):
                gap = parameter - target
                loss = loss + (gap * gap.conj()).real.sum() if gap.is_complex() else loss + (gap * gap).sum()
            if self.entry.only_supports_sparse_grads:
                for parameter, target in zip(self.parameters, self.targets[number], strict=True):
                    parameter.grad = target.to_sparse()
                return loss
            loss.backward()
            return loss

        if self.entry.step_requires_closure:
            self.optimizer.step(closure)
        else:
            closure()
            if self.differentiable:  # in-place updates of leaves are meant for parameters that are not leaves
                with self.library.no_grad():
                    self.optimizer.step()
            else:
                self.optimizer.step()

    def values(self):
        return [parameter.detach() for parameter in self.parameters]


def _compare(entry, dtype, kwargs, findings, at):
    # What a line search remembers are quotients of small differences: in float32 they are mostly rounding.
    noisy = entry.step_requires_closure and dtype != torch.float64
    path = []
    try:
        theirs = Side(torch, entry, dtype, kwargs, True)
        for number in range(STEPS):
            theirs.step(number)
            path.append([v.clone() for v in theirs.values()])
            if number == 2:
                middle = deepcopy(theirs.optimizer.state_dict()), [v.clone() for v in theirs.values()]
    except Exception:
        return  # torch has no such combination

    def exact(number):
        def compute():
            wide = Side(torch, entry, DOUBLE.get(dtype, dtype), kwargs, True)
            for step in range(number + 1):
                wide.step(step)
            return wide.values()

        return compute

    try:
        ours = Side(jtorch, entry, dtype, kwargs, False)
        found = None
        for number in range(STEPS):
            ours.step(number)
            values = [translate.back(v) for v in ours.values()]
            found = found or _at_step(number, difference(values, path[number], {}, exact(number)))
            if number == 2:
                our_middle = translate.back(ours.optimizer.state_dict()), values
        findings.count("parameters", found, at)
        findings.count(
            "state_dict",
            _state_difference(translate.back(ours.optimizer.state_dict()), theirs.optimizer, not noisy),
            at,
        )
        findings.count("repr", _repr_difference(ours.optimizer, theirs.optimizer), at)
    except TookTooLong:
        raise
    except Exception as error:
        findings.count("parameters", _said(error), at)
        return
    for aspect, library, start, of_torch in (
        ("from torch", jtorch, translate.value(middle), False),
        ("to torch", torch, our_middle, True),
    ):
        try:
            side = Side(library, entry, dtype, kwargs, of_torch)
            with library.no_grad():
                for parameter, value in zip(side.parameters, start[1], strict=True):
                    parameter.copy_(value)
            side.optimizer.load_state_dict(start[0])
            for number in range(3, STEPS):
                side.step(number)
            found = difference([translate.back(v) for v in side.values()], path[-1], {}, exact(STEPS - 1))
        except TookTooLong:
            raise
        except Exception as error:
            found = _said(error)
        findings.count(aspect, found, at)


def _at_step(number, found):
    return found and f"step {number + 1}: {found}"


def _state_difference(ours, optimizer, values):
    theirs = translate.back(optimizer.state_dict())
    if list(ours) != list(theirs):
        return f"keys {list(ours)} where torch has {list(theirs)}"
    for mine, torchs in zip(ours["param_groups"], theirs["param_groups"], strict=True):
        if list(mine) != list(torchs):
            return f"group keys {list(mine)} where torch has {list(torchs)}"
        found = difference(mine, torchs, {})
        if found:
            return f"groups: {found}"
    for index, torchs in theirs["state"].items():
        mine = ours["state"].get(index, {})
        if list(mine) != list(torchs):
            return f"state keys {list(mine)} where torch has {list(torchs)}"
        for key in torchs if values else ():
            found = difference(mine[key], torchs[key], {})
            if found:
                return f"state {key}: {found}"
    return None


def _repr_difference(ours, theirs):
    return None if repr(ours) == repr(theirs) else f"{repr(ours)!r} where torch has {repr(theirs)!r}"


def _errors(entry, findings):
    for case in entry.optim_error_inputs_func(device="cpu", dtype=torch.float32):
        row = case.optimizer_error_input
        at = f"{row.desc or row.kwargs}"
        params = row.params if row.params is not None else [torch.nn.Parameter(torch.zeros(2))]
        try:
            entry.optim_cls(params, **row.kwargs)
            continue
        except Exception as error:
            wanted = error
        try:
            translate.function(entry.optim_cls)(translate.value(params), **translate.value(row.kwargs))
            found = f"nothing raised; torch: {_said(wanted)}"
        except Exception as error:
            found = None if isinstance(error, type(wanted)) else f"{_said(error)}; torch: {_said(wanted)}"
        findings.count("errors", found, at)
