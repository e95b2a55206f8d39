"""One entry of module_db in one dtype: each layer built from one seed under torch and jtorch, and what differs, by aspect.

Aspects: `construction` (state_dict keys, order, initial values; public attributes), `value`, `stride`, `gradient` and
`second gradient` (of every input and parameter), `buffers` (after steps in training), `state_dict` (loaded from the other
library, both ways), `repr`, `copies` (pickle and deepcopy), `errors` (same class for bad inputs).
"""

import copy
import itertools
import pickle
import warnings
from fnmatch import fnmatchcase

import numpy as np
import torch
from torch.testing._internal.common_modules import ModuleErrorEnum, module_db

import jtorch

from . import translate
from .closeness import DOUBLE, difference, leaves, stride_difference, tolerance
from .operations import (
    Findings,
    TookTooLong,
    _cotangents,
    _differentiable_leaves,
    _filled,
    _fresh,
    _said,
    _seed,
    _widened,
    limited,
    spread,
)

ASPECTS = (
    "construction",
    "value",
    "stride",
    "gradient",
    "second gradient",
    "buffers",
    "state_dict",
    "repr",
    "copies",
    "errors",
)
DTYPES = ("float32", "float64")
STEPS = 3


def tasks(pattern, dtypes, aspects, samples) -> list:
    """What the scoreboard runs: one task an entry and dtype."""
    made = []
    for entry in module_db:
        if any(
            fnmatchcase(entry.name, p) or fnmatchcase(entry.name.removeprefix("nn."), p) for p in pattern.split(",")
        ):
            for dtype in DTYPES if dtypes is None else dtypes.split(","):
                if getattr(torch, dtype) in entry.dtypes:
                    task = {"part": "module_db", "name": entry.name, "dtype": dtype}
                    made.append({**task, "aspects": aspects, "samples": samples})
    return made


def run_task(task) -> Findings:
    (entry,) = [entry for entry in module_db if entry.name == task["name"]]
    aspects = task["aspects"].split(",") if task["aspects"] else ASPECTS
    return run(entry, task["dtype"], task["samples"], aspects)


def run(entry, dtype_name: str, samples: int | None, aspects=ASPECTS, seconds=120) -> Findings:
    """Compare one entry in one dtype over at most so many inputs, in training and in evaluation."""
    dtype, findings = getattr(torch, dtype_name), Findings()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for training in (True, False):
            _seed()
            np.random.seed(0)
            drawn = entry.module_inputs_func(
                entry, device="cpu", dtype=dtype, requires_grad="gradient" in aspects, training=training
            )
            for number, sample in enumerate(spread(drawn, samples)):
                at = f"input {number} {'training' if training else 'evaluation'} {_described(sample)}"
                try:
                    with limited(seconds):
                        comparison = Comparison(entry, dtype, sample, training, findings, at, aspects)
                        comparison.run()
                        if "errors" in aspects and dtype == torch.float64:
                            comparison.mixed_dtypes()
                except TookTooLong as error:
                    findings.count("value", str(error), at)
            if "errors" in aspects and entry.module_error_inputs_func is not None:
                _errors(entry, dtype, training, findings)
    jtorch.engine.program.clear_caches()
    return findings


def _described(sample) -> str:
    def short(value):
        if isinstance(value, torch.Tensor):
            return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
        if isinstance(value, (list, tuple)):
            return "(" + ", ".join(map(short, value)) + ")"
        return repr(value)[:40]

    def call(given):
        return ", ".join([*map(short, given.args), *(f"{k}={short(v)}" for k, v in given.kwargs.items())])

    return f"({call(sample.constructor_input)})({call(sample.forward_input)})"


def _ours(value):
    """The same value of jtorch, modules among an argument list included."""
    if isinstance(value, torch.nn.Module):
        return _module(value)
    if isinstance(value, torch.nn.LinearCrossEntropyOptions):
        names = value.__dataclass_fields__
        return jtorch.nn.LinearCrossEntropyOptions(**{name: _ours(getattr(value, name)) for name in names})
    if type(value) in (tuple, list):
        return type(value)(map(_ours, value))
    if isinstance(value, dict):
        return type(value)((k, _ours(v)) for k, v in value.items())
    if isinstance(value, torch.nn.Parameter):
        return jtorch.nn.Parameter(translate.tensor(value.detach()), value.requires_grad)
    return translate.value(value)


def _module(original):
    """A module of jtorch with the attributes of torch's."""
    cls = translate.counterpart(f"{type(original).__module__}.{type(original).__qualname__}")
    made = cls.__new__(cls)
    made.__dict__.update(_ours(dict(vars(original))))
    return made


class Comparison:
    """One way of making a layer and one input to it."""

    def __init__(self, entry, dtype, sample, training, findings, at, aspects):
        self.entry, self.dtype, self.sample, self.training = entry, dtype, sample, training
        self.findings, self.at, self.aspects = findings, at, aspects
        self.tolerances = tolerance(entry, dtype)
        self.cast = True  # parameters to the dtype of the inputs

    # Both libraries, and torch in float64

    def theirs(self):
        given = _fresh((self.sample.constructor_input.args, self.sample.constructor_input.kwargs))
        given = tuple(copy.deepcopy(given))
        _seed()
        module = self.entry.module_cls(*given[0], **given[1]).train(self.training)
        return module.to(self.dtype) if self.cast else module

    def ours(self):
        given = _ours((self.sample.constructor_input.args, self.sample.constructor_input.kwargs))
        _seed()
        module = translate.counterpart(_path(self.entry))(*given[0], **given[1]).train(self.training)
        return module.to(translate.value(self.dtype)) if self.cast else module

    def wide(self):
        """torch's module with the same values in float64."""
        module = self.theirs()
        if self.entry.is_lazy:
            self.their_call(module)
        return module.to(DOUBLE.get(self.dtype, self.dtype))

    def their_input(self, widen=lambda v: v):
        return _fresh(widen((self.sample.forward_input.args, self.sample.forward_input.kwargs)))

    def our_input(self):
        return _ours((self.sample.forward_input.args, self.sample.forward_input.kwargs))

    def their_call(self, module, given=None):
        args, kwargs = self.their_input() if given is None else given
        _seed()
        return module(*args, **kwargs)

    def our_call(self, module, given=None):
        args, kwargs = self.our_input() if given is None else given
        _seed()
        return module(*args, **kwargs)

    # The comparison

    def run(self):
        try:
            theirs = self.theirs()
            expected = self.their_call(self.theirs())
        except Exception as error:  # the database has inputs that this build of torch refuses
            if "errors" in self.aspects:
                self.findings.count("errors", self.refusal(error), self.at)
            return
        ours = self.attempt("construction", self.ours)
        if ours is None:
            return
        if "construction" in self.aspects:
            self.check("construction", lambda: _state_difference(ours, theirs) or _attribute_difference(ours, theirs))
        if "repr" in self.aspects:
            self.check("repr", lambda: _repr_difference(ours, theirs))
        found = self.check("value", lambda: self.value(ours, expected))
        if found is not None:
            return
        if self.entry.is_lazy:
            self.their_call(theirs)
            self.check("construction", lambda: _state_difference(ours, theirs) or _attribute_difference(ours, theirs))
            self.check("repr", lambda: _repr_difference(ours, theirs))
        if "stride" in self.aspects:
            self.check("stride", lambda: stride_difference(translate.back(self.our_call(self.ours())), expected))
        if "gradient" in self.aspects:
            self.gradients()
        if "buffers" in self.aspects and self.training and list(theirs.buffers()):
            self.check("buffers", self.buffers)
        if "state_dict" in self.aspects:
            self.check("state_dict", self.from_torch)
            self.check("state_dict", self.to_torch)
        if "copies" in self.aspects:
            self.check("copies", lambda: self.copied(copy.deepcopy))
            self.check("copies", lambda: self.copied(lambda module: pickle.loads(pickle.dumps(module))))

    def attempt(self, aspect, act):
        try:
            return act()
        except TookTooLong:
            raise
        except Exception as error:
            self.findings.count(aspect, _said(error), self.at)
            return None

    def check(self, aspect, compare):
        try:
            found = compare()
        except TookTooLong:
            raise
        except Exception as error:
            found = _said(error)
        self.findings.count(aspect, found, self.at)
        return found

    def refusal(self, wanted, construction=False):
        """What differs in jtorch's refusal of something that torch refuses."""
        try:
            ours = self.ours()
            if not construction:
                translate.back(self.our_call(ours))
        except TookTooLong:
            raise
        except Exception as error:
            if isinstance(error, type(wanted)) and not isinstance(error, translate.Missing):
                return None
            return f"{_said(error)}; torch: {_said(wanted)}"
        return f"nothing raised; torch: {_said(wanted)}"

    def mixed_dtypes(self):
        """Parameters of float32, inputs of float64: most layers refuse."""
        self.cast = False
        try:
            self.their_call(self.theirs())
        except Exception as error:
            self.findings.count("errors", self.refusal(error), f"mixed dtypes, {self.at}")

    def value(self, ours, expected):
        def exact():
            return self.their_call(self.wide(), self.their_input(_widened))

        return difference(translate.back(self.our_call(ours)), expected, self.tolerances, exact)

    def gradients(self):
        # Layers with weights and inputs of up to 9 saturate: in float32 second gradients are mostly rounding.
        second = "second gradient" in self.aspects and self.entry.supports_gradgrad and self.dtype == torch.float64
        try:
            first, twice, masks = self.their_gradients(self.theirs(), self.their_input(), second)
        except Exception:
            try:  # some have no second gradient
                second = False
                first, twice, masks = self.their_gradients(self.theirs(), self.their_input(), second)
            except Exception:
                return
        if masks is None:
            return
        got = self.attempt("gradient", lambda: self.our_gradients(masks))
        if got is None:
            return

        def exact(order):
            wide = self.wide(), self.their_input(_widened), second
            return lambda: _filled(self.their_gradients(*wide)[order])

        our_first, our_twice = got
        found = difference(_filled(our_first, first), _filled(first, our_first), self.tolerances, exact(0))
        self.findings.count("gradient", found, self.at)
        if twice is None or found is not None:
            return
        if isinstance(our_twice, Exception):
            found = _said(our_twice)
        else:
            found = difference(_filled(our_twice, twice), _filled(twice, our_twice), self.tolerances, exact(1))
        self.findings.count("second gradient", found, self.at)

    def their_gradients(self, module, given, second):
        """Gradients, their gradients, and what of the results and gradients is differentiable."""
        if isinstance(module, torch.nn.modules.lazy.LazyModuleMixin):
            self.their_call(module)
        inputs = [*_differentiable_leaves(given, torch.Tensor), *module.parameters()]
        results = [leaf for leaf in leaves(self.their_call(module, given)) if isinstance(leaf, torch.Tensor)]
        differentiable = [leaf.requires_grad for leaf in results]
        outputs = list(itertools.compress(results, differentiable))
        if not inputs or not outputs:
            return None, None, None
        weights = [
            w.requires_grad_(second) for w in _cotangents([o.shape for o in outputs], [o.dtype for o in outputs], 1)
        ]
        first = torch.autograd.grad(outputs, inputs, weights, create_graph=second, allow_unused=True)
        plain = [None if g is None else g.detach() for g in first]
        again = [second and g is not None and g.requires_grad for g in first]
        gradients = list(itertools.compress(first, again))
        if not gradients:
            return plain, None, (differentiable, None)
        weights2 = _cotangents([g.shape for g in gradients], [g.dtype for g in gradients], 2)
        twice = torch.autograd.grad(gradients, [*inputs, *weights], weights2, allow_unused=True)
        return plain, [None if g is None else g.detach() for g in twice], (differentiable, again)

    def our_gradients(self, masks):
        differentiable, again = masks
        module, given = self.ours(), self.our_input()
        if self.entry.is_lazy:
            self.our_call(module)
        inputs = [*_differentiable_leaves(given, jtorch.Tensor), *module.parameters()]
        results = [leaf for leaf in leaves(self.our_call(module, given)) if isinstance(leaf, jtorch.Tensor)]
        outputs = list(itertools.compress(results, differentiable))
        weights = _our_cotangents(outputs, 1)
        weights = [w.requires_grad_(again is not None) for w in weights]
        first = jtorch.autograd.grad(outputs, inputs, weights, create_graph=again is not None, allow_unused=True)
        plain = [None if g is None else translate.back(g) for g in first]
        if again is None:
            return plain, None
        try:
            gradients = [
                g if g is not None else jtorch.zeros_like(i)
                for g, i, wanted in zip(first, inputs, again, strict=True)
                if wanted
            ]
            weights2 = _our_cotangents(gradients, 2)
            linked = [(g, w) for g, w in zip(gradients, weights2, strict=True) if g.requires_grad]
            if not linked:
                return plain, [None] * (len(inputs) + len(weights))
            twice = jtorch.autograd.grad(
                [g for g, _ in linked], [*inputs, *weights], [w for _, w in linked], allow_unused=True
            )
        except TookTooLong:
            raise
        except Exception as error:
            return plain, error
        return plain, [None if g is None else translate.back(g) for g in twice]

    def buffers(self):
        """Running statistics after some calls in training."""
        theirs, ours = self.theirs(), self.ours()
        for _ in range(STEPS):
            self.their_call(theirs)
            self.our_call(ours)
        return difference(translate.back(list(ours.buffers())), list(theirs.buffers()), self.tolerances)

    # Copies

    def ready(self):
        """Modules of both libraries that hold other values than the initial ones, the same in both."""
        theirs, ours = self.theirs(), self.ours()
        if self.entry.is_lazy:
            self.their_call(theirs)
        rng = np.random.RandomState(5)
        with torch.no_grad():
            for tensor in theirs.state_dict().values():
                if tensor.is_floating_point():
                    tensor.copy_(torch.from_numpy(np.asarray(rng.uniform(0.1, 1, tuple(tensor.shape)))))
        return theirs, ours

    def from_torch(self):
        theirs, ours = self.ready()
        state = {key: jtorch.tensor(np.array(tensor)) for key, tensor in theirs.state_dict().items()}
        loaded = ours.load_state_dict(state)
        if loaded.missing_keys or loaded.unexpected_keys:
            return f"{loaded}"
        expected = self.their_call(theirs)
        return difference(translate.back(self.our_call(ours)), expected, self.tolerances, self.widened(theirs))

    def to_torch(self):
        theirs, ours = self.ready()
        state = {key: jtorch.tensor(np.array(tensor)) for key, tensor in theirs.state_dict().items()}
        ours.load_state_dict(state)
        blank = self.theirs()
        blank.load_state_dict({key: torch.from_numpy(np.array(t.numpy())) for key, t in ours.state_dict().items()})
        expected = self.their_call(blank)
        return difference(translate.back(self.our_call(ours)), expected, self.tolerances, self.widened(theirs))

    def widened(self, module):
        wide = DOUBLE.get(self.dtype, self.dtype)
        return lambda: self.their_call(copy.deepcopy(module).to(wide), self.their_input(_widened))

    def copied(self, make):
        ours = self.ours()
        if self.entry.is_lazy and repr(make(ours)) != repr(ours):
            return f"a copy prints as {make(ours)!r}"
        expected = translate.back(self.our_call(ours))
        ours = self.ours()
        if self.entry.is_lazy:
            self.our_call(ours)
        made = make(ours)
        if type(made) is not type(ours) or repr(made) != repr(ours):
            return f"a copy prints as {made!r}"
        if list(made.state_dict()) != list(ours.state_dict()):
            return f"a copy has the keys {list(made.state_dict())}"
        contents = [translate.back(list(module.state_dict().values())) for module in (made, ours)]
        found = difference(*contents, {"atol": 0, "rtol": 0})
        # The original's call may be compiled by now and the copy's not: their sums are rounded in another order.
        return found or difference(translate.back(self.our_call(made)), expected, self.tolerances)


def _path(entry) -> str:
    return f"{entry.module_cls.__module__}.{entry.module_cls.__qualname__}"


def _our_cotangents(tensors, seed):
    kinds = [getattr(torch, str(t.dtype).removeprefix("torch.")) for t in tensors]
    return translate.value(_cotangents([tuple(t.shape) for t in tensors], kinds, seed))


def _state_difference(ours, theirs):
    mine, torchs = ours.state_dict(), theirs.state_dict()
    if list(mine) != list(torchs):
        return f"state_dict keys {list(mine)} where torch has {list(torchs)}"
    if mine._metadata != torchs._metadata:
        return f"state_dict metadata {dict(mine._metadata)} where torch has {dict(torchs._metadata)}"
    for kind in ("parameters", "buffers"):
        names = [[name for name, _ in getattr(m, f"named_{kind}")()] for m in (ours, theirs)]
        if names[0] != names[1]:
            return f"{kind} {names[0]} where torch has {names[1]}"
    for key, tensor in torchs.items():
        if torch.nn.parameter.is_lazy(tensor):
            if not jtorch.nn.parameter.is_lazy(mine[key]):
                return f"{key} has a shape"
            continue
        found = difference(translate.back(mine[key]), tensor, {"atol": 0, "rtol": 0})
        if found:
            return f"initial {key}: {found}"
    return None


def _attribute_difference(ours, theirs):
    """Public attributes of plain values."""

    def plain(module):
        return {
            name: _plain(value)
            for name, value in vars(module).items()
            if not name.startswith("_") and not callable(value)
        }

    for (name, mine), (_, torchs) in zip(ours.named_modules(), theirs.named_modules(), strict=True):
        mine, torchs = plain(mine), plain(torchs)
        if mine != torchs:
            names = [k for k in {**mine, **torchs} if mine.get(k, "nothing") != torchs.get(k, "nothing")]
            one = names[0]
            where = f"{name}.{one}" if name else one
            return f"attribute {where} is {mine.get(one, 'nothing')!r} where torch has {torchs.get(one, 'nothing')!r}"
    return None


def _plain(value):
    if isinstance(value, (torch.Tensor, jtorch.Tensor)):
        return ("tensor", *value.shape)
    if isinstance(value, (tuple, list)):
        return type(value)(map(_plain, value))
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value).replace("jtorch", "torch")


def _repr_difference(ours, theirs):
    return None if repr(ours) == repr(theirs) else f"{repr(ours)!r} where torch has {repr(theirs)!r}"


def _errors(entry, dtype, training, findings):
    cases = entry.module_error_inputs_func(entry, device="cpu", dtype=dtype, requires_grad=False, training=training)
    for number, case in enumerate(cases):
        sample = case.module_error_input
        at = f"error {number} {_described(sample)}" if sample.forward_input else f"error {number}"
        comparison = Comparison(entry, dtype, sample, training, findings, at, ASPECTS)
        construction = case.error_on == ModuleErrorEnum.CONSTRUCTION_ERROR
        try:
            if construction:
                comparison.theirs()
            else:
                comparison.their_call(comparison.theirs())
            continue  # this build of torch accepts it
        except Exception as error:
            wanted = error
        findings.count("errors", comparison.refusal(wanted, construction), at)
