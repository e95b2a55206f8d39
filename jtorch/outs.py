"""`out=`: what torch demands of the tensors that results are stored in.

By default a result must be castable to the dtype of the given tensor, a wrong shape is resized with a warning, and nothing
may require a gradient. Functions that demand more, or less, stand here by name; torch wrote each of them by hand.
"""

import functools
import warnings
from typing import NamedTuple

import numpy as np

from . import engine, promotion
from .autograd.mode import STATE
from .dispatch import COMPUTED_IN_GIVEN, CPP_NAMES, apply, in_dtype, wrap_dim
from .ops.kinds import SCALAR_NAMES
from .ops.registry import Op
from .overlap import refuse_internal, refuse_shared
from .storage import contiguous_strides
from .tensor import Tensor


class Mismatch(NamedTuple):
    """What is said of a tensor of another dtype: `exact` refuses each but those in `allows`, else those that the result cannot be cast to."""

    message: str
    exact: bool = True
    error: type[Exception] = RuntimeError
    allows: tuple[str, ...] = ()

    def refuses(self, want, given) -> bool:
        return given.name not in self.allows if self.exact else not promotion.can_cast(want, given)


_CAST = Mismatch("result type {want} can't be cast to the desired output type {given}", exact=False)
# What most functions say that are not computed element by element, and all that have several results.
_EXACT = Mismatch("Expected out tensor to have dtype {want_c}, but got {given_c} instead")
_SCALAR_TYPE = Mismatch("expected scalar_type {want} but found {given}")
_FOUND = Mismatch("Found dtype {given} but expected {want}")
_STD_VAR = Mismatch("std_var_all: Unsupported dtype {want}")
_TENSORDOT = Mismatch("tensordot: Expected the output tensor to have dtype {want}, but got an output tensor with dtype {given}")  # fmt: skip
_MISMATCHES = {
    _EXACT: """addmm addmv alias_copy argmax argmin argsort as_strided_copy avg_pool2d avg_pool3d baddbmm bmm cross cumprod cumsum det diag
        diagonal_copy eigvalsh expand_copy gather index_add index_copy index_reduce inv isin ldl_solve linalg.cholesky linear log_softmax lu_solve mm msort nansum
        norm permute_copy prod renorm scatter scatter_add scatter_reduce slice_scatter softmax solve squeeze_copy sum svdvals t_copy take_along_dim
        transpose_copy tril triu unfold_copy unsqueeze_copy vector_norm view_as_complex_copy view_as_real_copy view_copy""",
    _FOUND: """abs bitwise_not ceil conj_physical floor frac gelu hardshrink neg round sgn sign
        softplus softshrink trunc""",
    Mismatch("dtype {want} does not match dtype of out parameter ({given})"): """arange empty eye full linspace logspace ones rand randint
        randn randperm range zeros""",
    Mismatch("Expected object of scalar type {want} but got scalar type {given} for argument 'out'"): "complex polar",
    Mismatch("result dtype {given} does not match input dtype {want}"): "dot vdot",
    Mismatch("self and mat2 must have the same dtype, but got {given} and {want}"): "addbmm",
    Mismatch("addmv input tensors must have the same dtype, but got {given}, {want}, and {want}"): "mv matmul",
    Mismatch("expected scalar type {want} but found {given}"): "logsigmoid solve_triangular native_batch_norm _native_batch_norm_legit",
    _SCALAR_TYPE: "cummax cummin logcumsumexp",
    Mismatch("{name}(): self and result must have the same scalar type"): "index_select masked_select",
    Mismatch("{name}(): self and out expected to have the same dtype, but got self.dtype = {want} and out.dtype = {given}"): "take",
    Mismatch("the output given to {name} has dtype {given} but the operation's result requires dtype {want}"): "float_power",
    Mismatch("{name}() out tensor must be same dtype as the input tensor"): "nanquantile quantile",
    Mismatch("{name} does not support non-boolean outputs."): "isneginf isposinf signbit",
    Mismatch("{name} is not yet implemented for tensors with different dtypes."): "heaviside",
    Mismatch("{name}: dtype of out: {given} should be same as input: {want}"): "nan_to_num",
    _TENSORDOT: "tensordot",
    Mismatch("{name} only supports bool tensor for result, got: {given}", allows=("uint8",)): "all any",
    Mismatch("{name}(): expected out tensor to have dtype {want_c} but got {given_c}"): "multi_dot",
    Mismatch("linalg.norm expected out tensor dtype {want} but got: {given}"): "linalg_norm",
    Mismatch("torch.{name}: Expected input and result to have the same dtype, but input has dtype{want} and result has dtype {given}"): "ormqr",
    Mismatch('"nansum_cpu" not implemented for \'{given}\'', False, NotImplementedError): "nanmean",
    Mismatch("{name}: Expected out tensor to have scalar type {want} but got scalar type{given}"): "nonzero",
    Mismatch("{name} expects {want} tensor out, got: {given}"): "multinomial",
    Mismatch("torch.histogram: input tensor and hist tensor should have the same dtype, but got input {want_c} and hist {given_c}"): "histc histogram",
    Mismatch("torch.{name}(): output tensor's dtype is wrong, it can only be Int(int32) or Long(int64) depending on whether out_int32 flag is True, "
             "but we got output tensor's dtype {given}"): "bucketize searchsorted",
    Mismatch("Expected the dtype for input and out to match, but got {want} for input's dtype and {given} for out's dtype."): "amax amin",
    Mismatch("{name}() expects mantissa to have dtype {want_c} but got {given_c}"): "frexp",
    Mismatch("Expected self.dtype() == output.dtype() to be true, but got false.  (Could this error message be improved?  If so, please report an enhancement request to PyTorch.)"): "narrow_copy",
    Mismatch("Expected out type to be {want} but got {given}"): "where",
    Mismatch("linalg.{name} expected out tensor dtype {want} but got: {given}"): "matrix_norm",
    Mismatch("linalg.{name}: Expected out of dtype{want} but found {given}"): "vecdot",
    Mismatch("Expected result to be of dtype uint64, but got {given}"): "hash_tensor",
    _CAST: "eig geqrf lstsq",
    Mismatch("torch.cat(): input types can't be cast to the desired output type {given}", False, TypeError): """_chunk_cat cat column_stack
        concat concatenate dstack hstack row_stack stack vstack""",
    Mismatch("{name}: Expected result to be safely castable from {want} dtype, but got result with dtype {given}", False):
        "cholesky cholesky_inverse cholesky_solve",
    Mismatch("torch.linalg.{name}: Expected result to be safely castable from {want} dtype, but got result with dtype {given}", False):
        "householder_product",
}  # fmt: skip
_MISMATCH = {name: rule for rule, names in _MISMATCHES.items() for name in names.split()}

# Their inputs may require gradients: torch has no derivative of the `out=` form to protect, and the stored result has no history.
_UNRECORDED = frozenset(
    """_chunk_cat alias_copy as_strided_copy conj_physical cond diag diagonal_copy expand_copy floor_divide heaviside histogram ldl_factor
    ldl_factor_ex ldl_solve linspace log_softmax logspace matrix_norm matrix_power nanquantile permute_copy quantile slice_scatter softmax
    split_with_sizes_copy squeeze_copy t_copy tensordot tensorinv tensorsolve transpose_copy unbind_copy unfold_copy unsqueeze_copy
    view_copy""".split()
)
# torch gives nothing back from these.
_STORE_ALONE = frozenset("split_with_sizes_copy unbind_copy".split())
# Functions that are not elementwise and yet look whether the memory written to is shared with what they read.
_LOOK_FOR_SHARED = frozenset(
    """addbmm addmm addmv addr baddbmm bernoulli clamp cumprod cumsum div float_power gather gelu hardshrink index_add
    index_copy index_reduce lerp logcumsumexp max min msort nan_to_num normal normalize polygamma pow renorm scatter scatter_add scatter_reduce
    softplus softshrink where""".split()
)
# ... and refuse even a tensor that is an input as a whole.
_NEVER_SHARED = frozenset("cross index_select kthvalue masked_select take take_along_dim".split())
# What torch copies into the given tensor, which keeps the memory order of its own or gets the contiguous one.
_COPIED = frozenset(
    """fft ifft rfft irfft hfft fft2 ifft2 rfft2 irfft2 hfft2 ihfft2 fftn ifftn rfftn irfftn hfftn ihfftn cholesky cholesky_solve lu
    matrix_power nanquantile quantile tensorinv""".split()
)
# The contents of these are new whatever was given, so that a change of its size is no surprise.
_RESIZE_SILENTLY = frozenset(
    "addbmm arange bernoulli empty eye full linspace logsigmoid logspace lu multinomial narrow_copy ones rand randint randn randperm range zeros".split()
)


def apply_out(op: Op, args: tuple, out) -> list[Tensor]:
    """Compute an operation and store its results in the tensors the caller gave."""
    name = short_name(op.name)
    outs = given_outs(out, len(op.outputs) if op.outputs else 1, name)
    if STATE.grad:
        spaced = op.name if op.name.partition(".")[0] in ("linalg", "special", "fft") else name
        recorded = op.differentiable and name not in _UNRECORDED
        refuse_gradients(spaced.replace(".", "_"), (outs, args) if recorded else outs)
    if name in COMPUTED_IN_GIVEN:
        args = in_dtype(op, args, outs[0].dtype)
    if name in ("all", "any") and outs[0].dtype.name == "uint8" and args[0].dim():
        # torch looks at the elements as bytes: 0.5 is 0
        args = (args[0].to(outs[0].dtype), *args[1:])
    recording, STATE.grad = STATE.grad, False
    try:
        results = apply(op, args)
    finally:
        STATE.grad = recording
    for given, result in zip(outs, results, strict=True):
        called = op.name if op.name in _MISMATCH else name
        store_out(given, result, called, args, len(outs) > 1, op.elementwise, _is_copied(op.name, args))
    return outs


def store_results(out, results, name: str, args=()):
    """Store what a function over several operations gave in the tensors the caller gave, and give those."""
    single = isinstance(results, Tensor)
    outs = given_outs(out, 1 if single else len(results), name)
    made = [results] if single else results
    refuse_gradients(name, outs if name in _UNRECORDED else (outs, made))
    for position, (given, result) in enumerate(zip(outs, made, strict=True)):
        turned = name == "svd" and position == 2
        store_out(given, result, name, args, not single, copied=_is_copied(name, args), turned=turned)
    if name in _STORE_ALONE:
        return None
    return outs[0] if single else type(results)(*outs) if hasattr(results, "_fields") else tuple(outs)


def _is_copied(name: str, args) -> bool:
    # The half that a transform back of real numbers computes is completed in the given tensor.
    return name in _COPIED and not (name == "ifft" and not args[0].is_complex())


# LAPACK computes in the given tensor where that is empty or laid out by columns; else the result is copied there.
_COPIED_UNLESS_EMPTY = frozenset("cholesky_inverse eig geqrf householder_product lstsq ormqr".split())


def takes_out(fn):
    """Give a function of tensors the keyword `out`."""

    @functools.wraps(fn)
    def call(*args, out=None, **kwargs):
        results = fn(*args, **kwargs)
        return results if out is None else store_results(out, results, fn.__name__, (*args, *kwargs.values()))

    call.spellings = (*getattr(fn, "spellings", ()), "out")  # keywords that its signature does not show
    return call


def without_out(fn):
    """A function with `out` as a method, which has none."""

    @functools.wraps(fn)
    def method(*args, **kwargs):
        if "out" in kwargs:
            raise TypeError(f"{fn.__name__}() got an unexpected keyword argument 'out'")
        return fn(*args, **kwargs)

    return method


def given_outs(out, count: int, name: str) -> list[Tensor]:
    """The tensors given for so many results."""
    if count == 1 and isinstance(out, Tensor):
        return [out]
    if count == 1 or not isinstance(out, (tuple, list)):
        wanted = "Tensor" if count == 1 else "tuple of Tensors"
        raise TypeError(f"{name}(): argument 'out' must be {wanted}, not {type(out).__name__}")
    if len(out) != count:
        raise TypeError(f"expected tuple of {count} elements but got {len(out)}")
    for position, given in enumerate(out):
        if not isinstance(given, Tensor):
            raise TypeError(
                f"{name}(): argument 'out' must be tuple of Tensors, but found element of type {type(given).__name__} at pos {position}"
            )
    return list(out)


def short_name(path: str) -> str:
    """`gather` of `linalg.gather` or `overload.gather`: the name users call."""
    return path.rpartition(".")[2]


def refuse_gradients(name: str, args) -> None:
    """Nothing is recorded of a function that stores its results."""
    for tensor in _tensors(args):
        if STATE.grad and tensor.requires_grad:
            raise RuntimeError(
                f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad."
            )


def _tensors(args):
    for arg in args:
        if isinstance(arg, Tensor):
            yield arg
        elif isinstance(arg, (tuple, list)):
            yield from _tensors(arg)


def store_out(
    given: Tensor, result: Tensor, name: str, args=(), several=False, elementwise=False, copied=False, turned=False
) -> None:
    """Store a result (one of several) of the function `name` that was computed of `args`; `turned` says that torch stores its adjoint."""
    have, want = given._aval.dtype, result._aval.dtype
    if have is not want:
        rule = _special_mismatch(name, args, result) or _MISMATCH.get(name) or (_EXACT if several else _CAST)
        if name != "lu" and rule.refuses(want, have):  # the factors of `lu` are copied, whatever they become
            raise rule.error(
                rule.message.format(
                    name=name,
                    given=SCALAR_NAMES[have.name],
                    want=SCALAR_NAMES[want.name],
                    given_c=CPP_NAMES.get(have.name, have.name),
                    want_c=CPP_NAMES.get(want.name, want.name),
                )
            )
    refuse_internal(given)
    if name.endswith("native_batch_norm") or name == "_native_batch_norm_legit":
        _refuse_dimensions(given, result)
    had, needed = _compared_shapes(name, args, given._aval.shape, result._aval.shape)
    if turned and len(had) > 1:
        had, needed = (*had[:-2], had[-1], had[-2]), (*needed[:-2], needed[-1], needed[-2])
    if had != needed or given._aval.shape != result._aval.shape:
        if had != needed and given._aval.size and name not in _RESIZE_SILENTLY:
            _warn_resized(had, needed)
        copied = copied or (name in _COPIED_UNLESS_EMPTY and bool(given._aval.size))
        _take_shape(given, result, None if copied else result._strides)
    else:
        refuse_internal(given)
    if elementwise or name in _LOOK_FOR_SHARED or name in _NEVER_SHARED:
        for arg in _tensors(args):
            refuse_shared(given, arg, wholly=name in _NEVER_SHARED)
    given._write(result._read() if have is want else result.detach().to(have)._read())


def _special_mismatch(name, args, result) -> Mismatch | None:
    """Of functions with several ways, of which one looks at the dtype."""
    operands = [arg for arg in args if isinstance(arg, Tensor)]
    if name == "inner" and all(x.dim() for x in operands):
        return _TENSORDOT
    if name == "matrix_power":
        n = abs(args[1])  # what squares give alone is copied
        return _CAST if args[1] in (0, 1) or n > 2 and n & (n - 1) == 0 else _EXACT
    if name in ("std", "var") and result._aval.size == 1 and result._aval.dtype.itemsize == 2:
        return _STD_VAR
    if name == "abs" and operands[0].is_complex():
        return _CAST
    if name == "diff" and args[1:2] == (0,):
        return _SCALAR_TYPE
    if name == "lerp" and len(operands) == 3 or name in ("ifft", "ihfft") and not operands[0].is_complex():
        return _FOUND
    return None


def _compared_shapes(name, args, given, result):
    """The shapes of the given tensor and of the result as torch computes it: some functions add a dimension and take it away again."""
    if name in ("matmul", "linear") and args[0].dim() == 1 and args[1].dim() == 2:
        return given, (1, *result)
    if name == "mode" and not args[0].dim():
        return result, result
    if name == "mode" and not args[2]:
        dim = wrap_dim(args[1], args[0].dim())
        return given[:dim] + (1,) * (len(given) >= dim) + given[dim:], (*result[:dim], 1, *result[dim:])
    return given, result


def _refuse_dimensions(given, result):
    """Where torch's kernel computes no statistics, it looks at what it is given for them as it is."""
    if result._aval.shape == (0,) and len(given._aval.shape) != 1:
        raise RuntimeError(
            f"TensorAccessor expected 1 dims but tensor has {len(given._aval.shape)}\nGive empty vectors."
        )


def _warn_resized(had, needed):
    warnings.warn(
        f"An output with one or more elements was resized since it had shape {list(had)}, which does not match the required "
        f"output shape {list(needed)}. This behavior is deprecated, and in a future PyTorch release outputs will not be resized unless "
        "they have zero elements. You can explicitly reuse an out tensor t by resizing it, inplace, to zero elements with t.resize_(0).",
        UserWarning,
        stacklevel=5,
    )


def _take_shape(given: Tensor, result: Tensor, strides) -> None:
    """Resize a given tensor to a result, and lay it out with strides (None: contiguous)."""
    shape, storage = result._aval.shape, given._storage
    if storage.value.aval.size == 0 and given._chain is None and storage.alias is None:
        given._aval = engine.aval(shape, given._aval.dtype)
        storage.value = engine.Value(given._aval, np.zeros(shape, given._aval.dtype.numpy), storage.value.place)
        storage.strides = given._strides = strides
        return
    if given._aval.shape == shape:  # it is laid out anew
        strides = strides or contiguous_strides(shape)
    given.resize_(shape)
    if strides is not None:
        view = given.detach().as_strided(shape, strides, given._offset)
        given._chain, given._strides, given._cache = view._chain, view._strides, None
