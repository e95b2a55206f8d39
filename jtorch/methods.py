"""Attach what the table of operations gives, and the functions over it, to `Tensor`; sort functions into torch's namespaces."""

import functools
import importlib

import numpy as np

from . import creation, indexing
from . import ops as _ops  # noqa: F401  fills the table
from .dispatch import apply, apply_inplace, public_functions
from .functions import (  # noqa: F401
    arithmetic,
    aten_names,
    calculus,
    conversion,
    decompositions,
    einsum,
    fake_quantization,
    fft,
    linalg,
    low_rank,
    memory_order,
    norms,
    old_linalg,
    ordering,
    positions,
    products,
    questions,
    rearranging,
    reductions,
    retired,
    sets,
    size_arithmetic,
    softmax,
    spectrograms,
    statistics,
    view_copies,
    view_writes,
    views,
    windows,
)
from .functions.composite import COMPOSITES, naming_arguments
from .functions.spelling import also_called
from .generate import function, inplace, method
from .once import warn_once
from .ops.registry import OPS
from .outs import without_out
from .subclass import call_torch_function, decides, offered
from .tensor import Tensor

# Functions by namespace: "" is torch itself, "linalg" is torch.linalg, ...
NAMESPACES: dict[str, dict] = {}


def namespace(name: str) -> dict:
    return NAMESPACES.setdefault(name, {})


def _place(path: str, fn) -> None:
    space, _, short = path.rpartition(".")
    namespace(space).setdefault(short, fn)


def _compose() -> None:
    """Functions over several operations; they come before the operations of the same name."""
    for made in COMPOSITES:
        if "function" in made.variants:
            _place(made.name, made.fn)
        if "method" in made.variants:
            _method(made.name.rpartition(".")[2], made.method)


def _generate() -> None:
    for op in dict.fromkeys(OPS.values()):
        if not op.variants:
            continue
        generated = function(op)
        plain = public_functions[op] = _also_number_first(op, generated)
        if "function" in op.variants:
            for path in (op.name, *op.aliases):
                _place(path, plain)
        names = [path for path in (op.name, *op.aliases) if "." not in path] or [op.name.rpartition(".")[2]]
        for short in names:
            if "method" in op.variants:
                _method(short, _also_number_first(op, method(op, generated)))
            if "inplace" in op.variants:
                writing = _also_number_first(op, inplace(op))
                _method(short + "_", writing)
                namespace("").setdefault(short + "_", writing)


# Functions that programs of torch's first years call with the factor before the tensors, and what that factor is called today.
_NUMBER_FIRST = {"add": "alpha", "sub": "alpha", "addcmul": "value", "addcdiv": "value"}


_number_first_said: dict[str, str] = {}


def _also_number_first(op, fn):
    """A function that takes `add(input, alpha, other)` and `addcdiv(input, value, tensor1, tensor2)` too, which torch says once is deprecated."""
    factor = _NUMBER_FIRST.get(op.name)
    if factor is None:
        return fn
    count = 3 if factor == "alpha" else 4

    @functools.wraps(fn)
    def call(*args, **kwargs):
        if len(args) == count and not isinstance(args[1], Tensor) and isinstance(args[2], Tensor):
            name, others = fn.__name__, "Tensor other" if factor == "alpha" else "Tensor tensor1, Tensor tensor2"
            message = (
                f"This overload of {name} is deprecated:\n\t{name}(Number {factor}, {others})\n"
                f"Consider using one of the following signatures instead:\n\t{name}({others}, *, Number {factor} = 1)"
            )
            warn_once(_number_first_said.setdefault("", message), stacklevel=2)  # once for all of these functions
            kwargs[factor] = args[1]
            args = (args[0], *args[2:])
        return fn(*args, **kwargs)

    return call


def _method(name, fn):
    if name not in Tensor.__dict__:
        setattr(Tensor, name, fn)


_VIEWS = """view_as reshape reshape_as flatten unflatten ravel permute transpose swapaxes swapdims t adjoint movedim moveaxis squeeze unsqueeze expand
expand_as sum_to_size broadcast_to select narrow split split_with_sizes chunk tensor_split hsplit vsplit dsplit unbind diagonal unfold as_strided""".split()
_VIEW_FUNCTIONS = """reshape flatten unflatten ravel permute transpose swapaxes swapdims t adjoint movedim moveaxis squeeze unsqueeze broadcast_to select narrow
split split_with_sizes chunk tensor_split hsplit vsplit dsplit unbind diagonal as_strided view_as_real view_as_complex real imag""".split()
_CONVERSIONS = """clone contiguous to cpu cuda ipu mtia xpu type type_as copy_ fill_ zero_ numpy __array__ __array_wrap__ set_ resize_ resize resize_as_ pin_memory
share_memory_ apply_ map_ map2_ module_load __dlpack__ __dlpack_device__ __jax_array__""".split()
_CREATION = """tensor as_tensor asarray scalar_tensor frombuffer from_file from_numpy zeros ones empty full empty_strided zeros_like ones_like empty_like full_like
arange range linspace logspace eye""".split()
# What these are given may be long, and is not asked.
_OF_DATA = frozenset("tensor as_tensor asarray frombuffer from_file from_numpy".split())
_NEW = "new_tensor new_zeros new_ones new_empty new_full new_empty_strided new".split()


def _attach() -> None:
    for name in _VIEWS:
        setattr(Tensor, name, getattr(views, name))
    Tensor.view = views.view
    for name in _CONVERSIONS:
        setattr(Tensor, name, getattr(conversion, name))
    for name, fn in conversion.CASTS.items():
        setattr(Tensor, name, fn)
    for name in _NEW:
        setattr(Tensor, name, getattr(creation, name))
    for name in ("T", "mT", "H", "mH", "real", "imag"):
        setattr(Tensor, name, property(getattr(views, "numpy_T" if name == "T" else name)))
    Tensor.__getitem__ = indexing.getitem
    Tensor.__setitem__ = indexing.setitem
    Tensor.index_put_ = indexing.index_put
    Tensor.squeeze_ = _renewing(views.squeeze)
    Tensor.unsqueeze_ = _renewing(views.unsqueeze)
    Tensor.transpose_ = Tensor.swapaxes_ = Tensor.swapdims_ = _renewing(views.transpose)
    Tensor.t_ = _renewing(views.t)
    Tensor.as_strided_ = _renewing(views.as_strided)
    space = namespace("")
    for name in _VIEW_FUNCTIONS:
        view = getattr(views, name)
        space[name] = offered(view) if name == "split" else naming_arguments(view, name)
    for name in _CREATION:
        space[name] = offered(getattr(creation, name)) if name not in _OF_DATA else getattr(creation, name)
    for name in ("nonzero", "argwhere", "masked_select"):
        space[name] = naming_arguments(getattr(positions, name), name)
        setattr(Tensor, name, without_out(getattr(positions, name)))
    for name in ("detach", "detach_", "fill_", "zero_", "resize_as_", "as_strided_", "index_put_"):
        space[name] = offered(also_called(input="self")(getattr(Tensor, name)))
    space["clone"], space["fill"] = offered(conversion.clone), offered(conversion.fill)
    space["dsmm"] = space["spmm"] = space["mm"]  # torch's older names for products with a sparse matrix
    space["index_put"] = lambda input, indices, values, accumulate=False: indexing.index_put(
        input, indices, values, accumulate, inplace=False
    )
    Tensor.index_put = space["index_put"]


def _renewing(view_function):
    """The in-place form of a view: the tensor itself becomes the view."""

    def method(self, *args, **kwargs):
        self._check_writable(view_function.__name__ + "_", overlap=False)
        view = view_function(self, *args, **kwargs)
        if view._storage is not self._storage:  # a sparse tensor has no views
            self._storage.write(view._read())
        self._aval, self._chain, self._strides, self._offset, self._cache = (
            view._aval,
            view._chain,
            view._strides or None,
            view._offset,
            None,
        )
        if view._node is not None:
            self._node, self._out = view._node, view._out
        self._counter.version += 1
        return self

    method.__name__ = view_function.__name__ + "_"
    return method


# Methods for sparse tensors, found when they are called: file of jtorch/sparse -> names. Strided tensors have them too, if only to raise.
_SPARSE = {
    "access": """indices values _indices _values _nnz sparse_dim dense_dim _dimI _dimV crow_indices col_indices ccol_indices row_indices is_coalesced
        coalesce _coalesced_""",
    "conversion": "to_dense to_sparse to_sparse_coo to_sparse_csr to_sparse_csc to_sparse_bsr to_sparse_bsc sparse_mask",
    "inplace": "resize_as_sparse_ sparse_resize_ sparse_resize_and_clear_",
    "products": "smm sspaddmm",
}


def _later(file, name):
    def method(self, *args, **kwargs):
        return getattr(importlib.import_module(f"{__package__}.sparse.{file}"), name)(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


def _attach_sparse() -> None:
    for file, names in _SPARSE.items():
        for name in names.split():
            setattr(Tensor, name, _later(file, name))


# The methods that torch names to `__torch_function__` where an operator was written.
_BEHIND = {
    f"__{word}__": name
    for word, name in zip(
        "add radd iadd sub mul rmul imul matmul truediv floordiv mod eq ne lt le gt ge".split(),
        "add add add_ sub mul mul mul_ matmul div floor_divide remainder eq ne lt le gt ge".split(),
        strict=True,
    )
}

_NUMBERS = (Tensor, int, float, complex, np.generic)


def _operators() -> None:
    binary = {
        "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide", "mod": "remainder", "pow": "pow",
        "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift",
        "eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "matmul": "matmul",
    }  # fmt: skip
    for word, name in binary.items():
        op = OPS.get(name)
        if op is None:
            continue
        rest = tuple(p.default for p in op.params[2:])
        setattr(Tensor, f"__{word}__", _operator(op, rest, f"__{word}__", word in ("eq", "ne")))
        if word not in ("eq", "ne", "lt", "le", "gt", "ge"):
            setattr(Tensor, f"__r{word}__", _reflected(op, rest, f"__r{word}__"))
            if "inplace" in op.variants:
                setattr(Tensor, f"__i{word}__", _inplace_operator(op, rest, f"__i{word}__"))
    Tensor.__pow__ = _over(arithmetic.pow, "__pow__")
    Tensor.__ipow__ = _over(arithmetic.pow_, "__ipow__")
    rsub = OPS["rsub"]
    Tensor.__rsub__ = _over(lambda self, other: apply(rsub, (self, other, 1))[0], "__rsub__")
    # As torch: other / self is the reciprocal, multiplied.
    Tensor.__rtruediv__ = Tensor.__rdiv__ = _over(lambda self, other: self.reciprocal() * other, "__rtruediv__")
    Tensor.__rpow__ = _over(lambda self, other: arithmetic.pow(other, self), "__rpow__")
    Tensor.__matmul__ = _over(Tensor.matmul, "__matmul__")
    Tensor.__rmatmul__ = _over(lambda self, other: products.matmul(other, self), "__rmatmul__")
    Tensor.__hash__ = lambda self: id(self)
    Tensor.__neg__ = Tensor.neg
    Tensor.__pos__ = Tensor.positive
    Tensor.__abs__ = Tensor.abs
    Tensor.__invert__ = _invert


def _over(fn, name):
    """An operator that has overloads."""

    def method(self, other):
        if isinstance(other, _NUMBERS):
            return fn(self, other)
        if isinstance(other, np.ndarray):
            return fn(self, creation.as_tensor(other))
        return _other_decides(self, other, name)

    method.__name__ = name
    return method


def _other_decides(self, other, name):
    """What an operator gives whose second operand is neither tensor nor number: it may decide itself, as about the method behind the operator."""
    if not decides(other):
        return NotImplemented
    return call_torch_function(getattr(Tensor, _BEHIND.get(name, name)), (other,), (self, other), {})


def _invert(self):
    if self.dtype.priority > 1:
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return self.bitwise_not()


def _operator(op, rest, name, everything):
    def method(self, other):
        if isinstance(other, _NUMBERS):
            return apply(op, (self, other, *rest))[0]
        if isinstance(other, np.ndarray):
            return apply(op, (self, creation.as_tensor(other), *rest))[0]
        return _other_decides(self, other, name)

    method.__name__ = name
    return method


def _reflected(op, rest, name):
    def method(self, other):
        if not isinstance(self, Tensor):
            raise TypeError(
                f"descriptor '{name}' for 'torch._C.TensorBase' objects doesn't apply to a '{type(self).__name__}' object"
            )
        if isinstance(other, _NUMBERS):
            return apply(op, (other, self, *rest))[0]
        if isinstance(other, np.ndarray):
            return apply(op, (creation.as_tensor(other), self, *rest))[0]
        return _other_decides(self, other, name)

    method.__name__ = name
    return method


def _inplace_operator(op, rest, name):
    def method(self, other):
        if isinstance(other, _NUMBERS):
            return apply_inplace(op, (self, other, *rest))
        if isinstance(other, np.ndarray):
            return apply_inplace(op, (self, creation.as_tensor(other), *rest))
        return _other_decides(self, other, name)

    method.__name__ = name
    return method


_compose()
_generate()
_attach()
_attach_sparse()
_operators()
