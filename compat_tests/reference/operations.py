"""One entry of op_db in one dtype: every sample under torch and under jtorch, and what differs, by aspect.

Aspects: `value` (values, dtypes, shapes), `stride`, `gradient` and `second gradient` (of every differentiable input),
`method`, `inplace` and `out` variants, `errors` (same class for the database's bad inputs), `modes` (deferred, eager and
compiled agree). Asked for by name only: `messages` (of bad inputs, the same first line too).
"""

import contextlib
import itertools
import signal
import warnings

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

import jtorch

from . import translate, variants
from .closeness import DOUBLE, difference, leaves, stride_difference, tolerance

ASPECTS = ("value", "stride", "gradient", "second gradient", "method", "inplace", "out", "errors", "modes")
DTYPES = tuple("float32 float64 int64 int32 uint8 bool complex64 bfloat16 float16".split())

# Results made of memory nobody wrote: their dtype, shape and strides are compared.
UNWRITTEN = frozenset(
    "empty empty_like empty_permuted empty_strided new_empty new_empty_strided resize_ resize_as_".split()
)
# Results that are unique up to signs, phases or order only; the database's own `output_process_fn_grad` takes out what is not.
NOT_UNIQUE = frozenset(
    "linalg.eig linalg.eigh linalg.svd svd svd_lowrank pca_lowrank symeig linalg.lstsq lstsq geqrf".split()
)
# Positions of equal elements are up to the algorithm: the elements found there are compared.
POSITIONS = frozenset("sort topk argsort mode kthvalue median nanmedian msort".split())
RANDOM_DEFAULT = 0


def entries(pattern="*") -> list:
    """Entries of op_db whose name (`linalg.norm`, with a variant `linalg.norm-subgradients_at_zero`) fits a glob."""
    from fnmatch import fnmatchcase

    patterns = pattern.split(",")
    return [entry for entry in op_db if any(fnmatchcase(name_of(entry), p) for p in patterns)]


def name_of(entry) -> str:
    return entry.name + (f"-{entry.variant_test_name}" if entry.variant_test_name else "")


class Findings(dict):
    """By aspect: how many cases were compared, and the first differences."""

    def count(self, aspect, message=None, at=""):
        row = self.setdefault(aspect, {"cases": 0, "failed": 0, "messages": []})
        row["cases"] += 1
        if message is not None:
            row["failed"] += 1
            if len(row["messages"]) < 3:
                row["messages"].append(f"{at}: {message}" if at else message)


class TookTooLong(BaseException):
    """A sample was given up; nothing between here and the clock may take it for an error of an operation."""


@contextlib.contextmanager
def limited(seconds):
    def give_up(*_):
        raise TookTooLong(f"gave up after {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(entry, dtype_name: str, samples: int | None, aspects=ASPECTS, seconds=120) -> Findings:
    """Compare one entry in one dtype over at most so many samples."""
    dtype, findings = getattr(torch, dtype_name), Findings()
    if dtype not in entry.supported_dtypes("cpu"):
        return findings
    differentiable = entry.supports_autograd and dtype in entry.supported_backward_dtypes("cpu")
    wants_gradient = differentiable and bool({"gradient", "second gradient"} & set(aspects))
    if set(aspects) <= {"errors", "messages"}:
        samples = 0
    torch.manual_seed(0)
    np.random.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Not `entry.sample_inputs`: its bookkeeping inspects the stack for each sample.
        drawn = entry.sample_inputs_func(entry, "cpu", dtype, wants_gradient) if samples != 0 else ()
        for number, sample in enumerate(spread(drawn, samples)):
            at = f"sample {number} {describe(sample)}"
            try:
                with limited(seconds):
                    _sample(entry, dtype, sample, at, findings, aspects, differentiable, first=number == 0)
            except TookTooLong as error:
                findings.count("value", str(error), at)
        if {"errors", "messages"} & set(aspects) and entry.error_inputs_func is not None and dtype_name == "float32":
            with limited(seconds):
                _errors(entry, findings, aspects)
    jtorch.engine.program.clear_caches()
    return findings


def spread(drawn, count):
    """Samples spread evenly over those drawn: the first ones are often much alike."""
    if count is None:
        return drawn
    drawn = list(itertools.islice(drawn, 400))
    if len(drawn) <= count:
        return drawn
    return [drawn[round(i * (len(drawn) - 1) / max(count - 1, 1))] for i in range(count)]


def describe(sample) -> str:
    def short(value):
        if isinstance(value, torch.Tensor):
            return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
        if isinstance(value, (list, tuple)):
            return "(" + ", ".join(short(v) for v in value[:4]) + ")"
        return repr(value)[:40]

    kwargs = [f"{key}={short(value)}" for key, value in sample.kwargs.items()]
    return "(" + ", ".join([short(sample.input), *map(short, sample.args), *kwargs]) + ")"


def _seed():
    torch.manual_seed(RANDOM_DEFAULT)
    jtorch.manual_seed(RANDOM_DEFAULT)


def _sample(entry, dtype, sample, at, findings, aspects, differentiable, first):
    _seed()
    try:
        expected = entry.op(_fresh(sample.input), *_fresh(sample.args), **_fresh(sample.kwargs))
    except Exception:
        return  # the database has samples that this build of torch refuses
    tolerances = tolerance(entry, dtype)
    exact = _in_double(entry, sample) if dtype in DOUBLE or not dtype.is_floating_point else None
    comparable = _comparable(entry, sample, expected)

    def calling(kind, call):
        _seed()
        try:
            return call(), None
        except TookTooLong:
            raise
        except Exception as error:
            if kind is not None:
                findings.count(kind, _said(error), at)
            return None, error

    if "value" in aspects:
        got, error = calling("value", lambda: _ours(entry.op, sample))
        if error is None:
            got, error = calling("value", lambda: translate.back(got))
        if error is not None:
            return
        found = difference(_comparable(entry, sample, got), comparable, tolerances, exact)
        findings.count("value", found, at)
        if found is None and "stride" in aspects:
            findings.count("stride", stride_difference(got, expected), at)
        if found is None and "modes" in aspects and first:
            _modes(entry, sample, comparable, tolerances, exact, findings, at)
    if "gradient" in aspects and differentiable and not _tied(entry, sample):
        _gradients(entry, dtype, sample, at, findings, "second gradient" in aspects)
    compared = variants.Sample(entry, sample, comparable, tolerances, exact, findings, at)
    for kind, variant in (("method", entry.method_variant), ("inplace", entry.inplace_variant)):
        if kind in aspects and variant is not None:
            compared.variant(kind, variant)
    if "out" in aspects and entry.supports_out and isinstance(expected, (torch.Tensor, tuple)):
        compared.out(expected)


def _fresh(value):
    """Arguments that a call may write to or hold on to: copies that keep their layout and whether they need gradients."""
    if isinstance(value, torch.Tensor) and value.layout == torch.strided:
        plain = value.detach()
        if not plain.is_conj() and not plain.is_neg():
            storage = plain.untyped_storage().clone()
            plain = torch.empty(0, dtype=plain.dtype).set_(storage, plain.storage_offset(), plain.shape, plain.stride())
        return plain.requires_grad_(value.requires_grad)
    if isinstance(value, (list, tuple)):
        items = [_fresh(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {key: _fresh(item) for key, item in value.items()}
    return value


def _arguments(sample):
    return translate.value(((sample.input, *sample.args), sample.kwargs))


def _ours(op, sample, mode="deferred"):
    call = translate.function(op)
    args, kwargs = _arguments(sample)
    _seed()
    before = jtorch.set_execution(mode)
    try:
        result = call(*args, **kwargs)
        translate.back(result)
        return result
    finally:
        jtorch.set_execution(before)


def _said(error) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _comparable(entry, sample, result):
    """What of a result is unique."""
    if entry.name in UNWRITTEN:
        return [
            (str(leaf.dtype), tuple(leaf.shape), tuple(leaf.stride())) if isinstance(leaf, torch.Tensor) else leaf
            for leaf in leaves(result)
        ]
    if entry.name in NOT_UNIQUE:
        with contextlib.suppress(Exception):
            return sample.output_process_fn_grad(result)
    if entry.name in POSITIONS:
        return _elements(entry, sample, result)
    return result


def _elements(entry, sample, result):
    """For positions along a dimension, the elements there."""
    source = sample.input.detach()
    if isinstance(result, torch.Tensor):
        if entry.name != "argsort":
            return result
        result = (result, result)
    values, indices = result[0], result[-1]
    if not isinstance(indices, torch.Tensor) or indices.dtype != torch.int64 or not source.dim():
        return result
    kwargs, args = sample.kwargs, sample.args
    at = {"topk": 1, "kthvalue": 1}.get(entry.name, 0)
    dim = kwargs.get("dim", args[at] if len(args) > at and not isinstance(args[at], bool) else -1)
    keep = indices if indices.dim() == source.dim() else indices.unsqueeze(dim)
    with contextlib.suppress(Exception):
        found = source.gather(dim, keep)
        return (found if entry.name == "argsort" else values, found)
    return result


def _tied(entry, sample) -> bool:
    """Whether the gradient goes to any of several equal elements."""
    return entry.name in POSITIONS and sample.input.detach().unique().numel() < sample.input.numel()


def _in_double(entry, sample):
    """The expected result computed in float64, when asked; integers become floats of the default dtype where they do."""

    def compute():
        wide = _widened((sample.input, sample.args, sample.kwargs))
        _seed()
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            return entry.op(wide[0], *wide[1], **wide[2])
        finally:
            torch.set_default_dtype(before)

    return compute


def _widened(value):
    if isinstance(value, torch.Tensor):
        wide = value.detach().to(DOUBLE.get(value.dtype, value.dtype))
        return wide.requires_grad_(value.requires_grad)
    if isinstance(value, torch.dtype):
        return DOUBLE.get(value, value)
    if isinstance(value, (list, tuple)):
        items = [_widened(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {key: _widened(item) for key, item in value.items()}
    return value


def _modes(entry, sample, comparable, tolerances, exact, findings, at):
    for mode in ("eager", "compile"):
        try:
            got = _comparable(entry, sample, translate.back(_ours(entry.op, sample, mode)))
            found = difference(got, comparable, tolerances, exact)
        except TookTooLong:
            raise
        except Exception as error:
            found = _said(error)
        findings.count("modes", found and f"{mode}: {found}", at)


# Gradients


def _gradients(entry, dtype, sample, at, findings, second):
    tolerances = tolerance(entry, dtype)
    try:
        expected = _torch_gradients(entry, sample, lambda v: v, second)
    except Exception:
        return  # torch has none for this sample
    if expected is None:
        return
    wanted_first, wanted_second, masks = expected
    try:
        got_first, got_second = _our_gradients(entry, sample, masks)
    except TookTooLong:
        raise
    except Exception as error:
        findings.count("gradient", _said(error), at)
        return

    def in_double(order):
        return lambda: _filled(_torch_gradients(entry, sample, _widened, second)[order])

    found = difference(_filled(got_first, wanted_first), _filled(wanted_first, got_first), tolerances, in_double(0))
    findings.count("gradient", found, at)
    if wanted_second is not None and found is None:
        if isinstance(got_second, Exception):
            findings.count("second gradient", _said(got_second), at)
            return
        found = difference(
            _filled(got_second, wanted_second), _filled(wanted_second, got_second), tolerances, in_double(1)
        )
        findings.count("second gradient", found, at)


def _filled(gradients, others=None):
    """None where both have none or zeros: whether a gradient of nothing is None or zeros is not compared."""
    filled = []
    for position, gradient in enumerate(gradients):
        other = others[position] if others is not None and position < len(others) else None
        if gradient is None and other is not None:
            filled.append(torch.zeros_like(other))
        else:
            filled.append(gradient)
    return filled


def _differentiable_leaves(value, kind):
    return [
        leaf
        for leaf in leaves(value)
        if isinstance(leaf, kind) and leaf.requires_grad and str(leaf.layout) == "torch.strided"
    ]


def _cotangents(shapes, dtypes, seed):
    rng = np.random.RandomState(seed)
    made = []
    for shape, dtype in zip(shapes, dtypes, strict=True):
        values = torch.from_numpy(rng.uniform(-1, 1, tuple(shape)) if shape else np.array(rng.uniform(-1, 1)))
        if dtype.is_complex:
            values = torch.complex(values, torch.from_numpy(np.array(rng.uniform(-1, 1, tuple(shape)))))
        made.append(values.to(torch.complex64 if dtype.is_complex else torch.bfloat16).to(dtype))  # exact in any dtype
    return made


def _torch_gradients(entry, sample, widen, second):
    arguments = widen((sample.input, sample.args, sample.kwargs))
    arguments = _fresh(arguments)
    inputs = _differentiable_leaves(arguments, torch.Tensor)
    if not inputs:
        return None
    _seed()
    result = entry.op(arguments[0], *arguments[1], **arguments[2])
    result = sample.output_process_fn_grad(result)
    results = [leaf for leaf in leaves(result) if isinstance(leaf, torch.Tensor)]
    differentiable = [leaf.requires_grad and leaf.layout == torch.strided for leaf in results]
    outputs = list(itertools.compress(results, differentiable))
    if not outputs:
        return None
    weights = _cotangents([o.shape for o in outputs], [o.dtype for o in outputs], 1)
    second = second and entry.supports_gradgrad
    weights = [w.requires_grad_(second) for w in weights]
    first = torch.autograd.grad(outputs, inputs, weights, create_graph=second, allow_unused=True)
    plain = [None if g is None else g.detach() for g in first]
    if not second:
        return plain, None, (differentiable, None)
    again = [g is not None and g.requires_grad for g in first]
    gradients = list(itertools.compress(first, again))
    if not gradients:
        return plain, None, (differentiable, None)
    weights2 = _cotangents([g.shape for g in gradients], [g.dtype for g in gradients], 2)
    twice = torch.autograd.grad(gradients, [*inputs, *weights], weights2, allow_unused=True)
    return plain, [None if g is None else g.detach() for g in twice], (differentiable, again)


def _our_gradients(entry, sample, masks):
    """Our first and second gradients, of the results that torch differentiates."""
    differentiable, again = masks
    args, kwargs = _arguments(sample)
    inputs = _differentiable_leaves((args, kwargs), jtorch.Tensor)
    _seed()
    result = translate.function(entry.op)(*args, **kwargs)
    result = translate.function(sample.output_process_fn_grad)(result)
    results = [leaf for leaf in leaves(result) if isinstance(leaf, jtorch.Tensor)]
    outputs = list(itertools.compress(results, differentiable))
    kinds = [getattr(torch, str(o.dtype).removeprefix("torch.")) for o in outputs]
    weights = translate.value(_cotangents([tuple(o.shape) for o in outputs], kinds, 1))
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
        kinds = [getattr(torch, str(g.dtype).removeprefix("torch.")) for g in gradients]
        weights2 = translate.value(_cotangents([tuple(g.shape) for g in gradients], kinds, 2))
        linked = [(g, w) for g, w in zip(gradients, weights2, strict=True) if g.requires_grad]
        if not linked:
            return plain, [None] * (len(inputs) + len(weights))
        twice = jtorch.autograd.grad(
            [g for g, _ in linked], [*inputs, *weights], [w for _, w in linked], allow_unused=True
        )
        return plain, [None if g is None else translate.back(g) for g in twice]
    except TookTooLong:
        raise
    except Exception as error:
        return plain, error


# Bad input


def _errors(entry, findings, aspects):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            bad = list(entry.error_inputs_func(entry, "cpu"))
        except Exception:
            return
    for number, case in enumerate(bad):
        sample = case.sample_input
        at = f"error {number} {describe(sample)}"
        try:
            _fresh_call = _fresh((sample.input, sample.args, sample.kwargs))
            entry.op(_fresh_call[0], *_fresh_call[1], **_fresh_call[2])
            continue  # this build of torch accepts it
        except Exception as error:
            wanted = error
        try:
            translate.back(_ours(entry.op, sample))
            got, found = None, f"nothing raised; torch: {_said(wanted)}"
        except Exception as error:
            got, found = error, f"{_said(error)}; torch: {_said(wanted)}"
        same_class = isinstance(got, type(wanted)) and not isinstance(got, translate.Missing)
        if "errors" in aspects:
            findings.count("errors", None if same_class else found, at)
        if "messages" in aspects and same_class:
            findings.count("messages", None if _first_line(got) == _first_line(wanted) else found, at)


def _first_line(error) -> str:
    return str(error).partition("\n")[0].strip()


# Tasks


def tasks(pattern, dtypes, aspects, samples) -> list:
    """What the scoreboard runs: one task an entry and dtype."""
    chosen = dtypes.split(",") if dtypes else DTYPES
    made = []
    for entry in entries(pattern):
        supported = entry.supported_dtypes("cpu")
        for dtype in chosen:
            if getattr(torch, dtype) in supported:
                made.append(
                    {"part": "op_db", "name": name_of(entry), "dtype": dtype, "aspects": aspects, "samples": samples}
                )
    return made


def run_task(task) -> Findings:
    (entry,) = [entry for entry in op_db if name_of(entry) == task["name"]]
    aspects = task["aspects"].split(",") if task["aspects"] else ASPECTS
    return run(entry, task["dtype"], task["samples"], aspects)
