"""`python -m compat_tests.reference.record`: write the goldens from torch's databases. Needs torch."""

import base64
import gzip
import itertools
import json
import math
import types
import warnings

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

from . import goldens, translate
from .closeness import DOUBLE, leaves, tolerance
from .operations import NOT_UNIQUE, POSITIONS, UNWRITTEN, _cotangents, _differentiable_leaves, _fresh, _widened, name_of

DTYPES = ("float32", "int64", "bool", "complex64", "bfloat16")
ILL_CONDITIONED = {"linalg.pinv-hermitian"}  # rounding decides the digits: the live run judges it by float64
ENOUGH, MOST = 3, 150  # elements of a sample's tensors: too few say little, too many fill the repository


class Unrecordable(Exception):
    """A value that the file has no form for."""


def main():
    warnings.simplefilter("ignore")
    kept, left_out = {}, []
    for entry in op_db:
        cases = []
        for name in DTYPES:
            dtype = getattr(torch, name)
            if dtype in entry.supported_dtypes("cpu"):
                case = recorded(entry, dtype)
                if case is not None:
                    cases.append(case)
        cases += bad_input(entry)
        if cases:
            kept[name_of(entry)] = cases
        else:
            left_out.append(name_of(entry))
    with open(goldens.FILE, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(json.dumps(kept, separators=(",", ":")).encode())
    cases = sum(map(len, kept.values()))
    print(
        f"{cases} cases of {len(kept)} entries, {goldens.FILE.stat().st_size / 1e6:.1f} MB; without: {', '.join(left_out)}"
    )


def recorded(entry, dtype):
    """The most telling small sample of an entry, with results and gradients; None where there is none that can be kept."""
    if entry.name in UNWRITTEN | NOT_UNIQUE | POSITIONS or name_of(entry) in ILL_CONDITIONED:
        return None
    if dtype is torch.bfloat16 and "conv" in entry.name:
        return None  # long sums of products in bfloat16 depend on their order: the live run judges them by float64
    torch.manual_seed(0)
    np.random.seed(0)
    gradient = entry.supports_autograd and dtype in entry.supported_backward_dtypes("cpu")
    chosen, size = None, math.inf
    for number, sample in enumerate(entry.sample_inputs_func(entry, "cpu", dtype, gradient)):
        count = sum(
            x.numel() for x in leaves((sample.input, sample.args, sample.kwargs)) if isinstance(x, torch.Tensor)
        )
        if ENOUGH <= count <= MOST and (chosen is None or count > size or size > MOST):
            chosen, size = sample, count
        elif chosen is None or (size > MOST and count < size) or (size < ENOUGH <= count):
            chosen, size = sample, count
        if number >= 30:
            break
    if chosen is None or size > 20 * MOST:
        return None
    try:
        return case(entry, chosen, dtype, gradient)
    except Exception:  # the sample is torch's own error, or holds something that cannot be kept: the live run has it
        return None


def case(entry, sample, dtype, gradient):
    call, path = named(entry)
    arguments = _fresh((sample.input, sample.args, sample.kwargs))
    result = call(arguments[0], *arguments[1], **arguments[2])
    again = _fresh((sample.input, sample.args, sample.kwargs))
    torch.testing.assert_close(call(again[0], *again[1], **again[2]), result, equal_nan=True)  # nothing random
    tolerances = tolerance(entry, dtype)
    exact = in_double(entry, sample, call)
    made = {
        "call": path,
        "args": encode([sample.input, *sample.args]),
        "kwargs": encode(sample.kwargs),
        "result": encode(result, results=True),
        "slack": slack(leaves(result), exact and exact[0]),
        **tolerances,
    }
    inputs = _differentiable_leaves(arguments, torch.Tensor)
    outputs = [o for o in leaves(result) if isinstance(o, torch.Tensor) and o.requires_grad]
    if gradient and inputs and outputs:
        weights = _cotangents([o.shape for o in outputs], [o.dtype for o in outputs], 1)
        gradients = torch.autograd.grad(outputs, inputs, weights, allow_unused=True)
        made["differentiable"] = [
            isinstance(o, torch.Tensor) and o.requires_grad for o in leaves(result) if isinstance(o, torch.Tensor)
        ]
        made["cotangents"] = encode(weights)
        made["gradients"] = [None if g is None else encode(g.contiguous()) for g in gradients]
        made["gradient slack"] = slack(gradients, exact and exact[1])
    return made


def in_double(entry, sample, call):
    """Results and gradients computed in float64; None where torch cannot."""
    arguments = _fresh(_widened((sample.input, sample.args, sample.kwargs)))
    try:
        results = leaves(call(arguments[0], *arguments[1], **arguments[2]))
        inputs = _differentiable_leaves(arguments, torch.Tensor)
        outputs = [o for o in results if isinstance(o, torch.Tensor) and o.requires_grad]
        weights = _cotangents([o.shape for o in outputs], [o.dtype for o in outputs], 1)
        gradients = torch.autograd.grad(outputs, inputs, weights, allow_unused=True) if inputs and outputs else ()
    except Exception:
        return None
    return results, gradients


def slack(found, exact) -> list:
    """How far another rounding may be from torch's: an error against float64 of at most twice its own, so a distance of three times."""
    allowed = []
    for position, value in enumerate(found):
        if exact is None or not isinstance(value, torch.Tensor) or value.dtype not in DOUBLE or not value.numel():
            allowed.append(0)
            continue
        reference = exact[position]
        error = (value.detach().to(reference.dtype) - reference.detach()).abs().nan_to_num(0, 0, 0).max()
        rounding = torch.finfo(value.dtype).eps * reference.detach().abs().nan_to_num(0, 0, 0).max()
        allowed.append(float(f"{3 * max(error.item(), rounding.item()):.2g}"))
    return allowed


def named(entry):
    """A function of torch that does what the entry does, and its name."""
    path = translate.path_of(entry.op)
    if path is None and isinstance(entry.op, types.FunctionType) and hasattr(torch.Tensor, entry.name):
        path = f"torch.Tensor.{entry.name}"
    if path is None:
        raise Unrecordable(entry.name)
    return translate._resolve(torch, path), path


def bad_input(entry):
    """Arguments that torch refuses, with the error's class."""
    if entry.error_inputs_func is None:
        return []
    made = []
    try:
        for bad in itertools.islice(entry.error_inputs_func(entry, "cpu"), 6):
            sample = bad.sample_input
            call, path = named(entry)
            try:
                encoded = {"args": encode([sample.input, *sample.args]), "kwargs": encode(sample.kwargs)}
            except Unrecordable:
                continue
            if share_memory(sample):
                continue
            try:
                call(sample.input, *sample.args, **sample.kwargs)
            except Exception as error:
                made.append({"call": path, **encoded, "error": type(error).__name__})
    except Exception:  # torch's own generator of bad inputs fails on this build
        return made
    return made


def share_memory(sample) -> bool:
    """Whether tensors of a sample lie in the same memory, which a record does not keep."""
    found = [x for x in leaves((sample.input, sample.args, sample.kwargs)) if isinstance(x, torch.Tensor)]
    return len({x.untyped_storage().data_ptr() for x in found if x.numel()}) < len([x for x in found if x.numel()])


def encode(value, results=False):
    """A value as JSON; `goldens.decode` is the way back."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, torch.Tensor):
        return {"tensor": _tensor(value, results)}
    if isinstance(value, (torch.dtype, torch.layout, torch.memory_format)):
        return {"name": str(value)}
    if isinstance(value, torch.device):
        return {"device": str(value)}
    if isinstance(value, tuple):
        return {"tuple": [encode(item, results) for item in value]}
    if isinstance(value, list):
        return [encode(item, results) for item in value]
    if isinstance(value, dict):
        return {"dict": [[key, encode(item, results)] for key, item in value.items()]}
    if isinstance(value, slice):
        return {"slice": [encode(value.start), encode(value.stop), encode(value.step)]}
    if value is ...:
        return {"ellipsis": True}
    raise Unrecordable(type(value).__name__)


def _tensor(tensor, results):
    if tensor.layout != torch.strided or tensor.dtype == torch.complex32 or tensor.device.type != "cpu":
        raise Unrecordable(str(tensor.layout))
    if tensor.dim() > 64:
        raise Unrecordable("more dimensions than numpy has")
    plain = tensor.detach().resolve_conj().resolve_neg()
    values = plain.contiguous()
    if values.dtype == torch.bfloat16:
        values = values.view(torch.int16)
    record = {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape)}
    if not plain.is_contiguous() and plain.numel() > 1:
        if 0 in plain.stride():
            if not results:
                raise Unrecordable("expanded")
        else:
            record["strides"] = list(plain.stride())
    record["data"] = base64.b64encode(values.numpy().tobytes()).decode()
    if tensor.requires_grad and not results:
        record["grad"] = True
    return record


if __name__ == "__main__":
    main()
