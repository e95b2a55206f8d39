"""torch.ops: the functions of torch by the names of its schemas, `torch.ops.aten.add.Tensor`, as programs that trace models write them.

Arguments are those of the schema (`self` may be given by name), which for all that are offered is how the public function is called. An
overload is not looked up: the public function tells its overloads apart by the arguments.
"""

import importlib

import jtorch
from jtorch.methods import NAMESPACES

# Functions that only torch.ops shows: name -> module and name.
_ONLY_HERE = {
    "_pin_memory": ("nn.aten_names", "pin_memory"),
    "_sparse_addmm": ("sparse", "addmm"),
    "_sparse_mm_reduce_impl": ("nn.aten_names", "sparse_mm_reduce"),
    "_to_copy": ("nn.aten_names", "to_copy"),
    "alias": ("nn.aten_names", "alias"),
    "index": ("nn.aten_names", "index"),
    "_batch_norm_with_update": ("nn.aten_names", "batch_norm_with_update"),
    "_upsample_bilinear2d_aa": ("nn.aten_names", "upsample_bilinear2d_aa"),
    "max_pool2d_with_indices_backward": ("nn.aten_names", "max_pool2d_with_indices_backward"),
    "native_dropout_backward": ("nn.aten_names", "native_dropout_backward"),
    "slice": ("functions.view_copies", "slice_view"),
}
# Kernels of torch that nn.functional shows as they are.
_OF_LAYERS = {
    name: name
    for name in """avg_pool2d avg_pool3d elu gelu hardsigmoid hardswish hardtanh leaky_relu linear mish one_hot pad scaled_dot_product_attention
    silu softplus softshrink""".split()
} | {"log_sigmoid": "logsigmoid"}
_SPACES = ("linalg", "special", "fft")
# Where the functions are that no table has; those of other modules (`torch.compile`, `torch.load`) are none of aten's.
_MODULES = ("", "functions", "nn", "promotion", "random", "sampling", "sparse", "symbolic")
_OF_TENSORS = frozenset(
    "backward dim element_size is_contiguous is_pinned is_set_to item requires_grad_ retain_grad storage_offset stride".split()
)
# What these modules, and the tables, have of torch's Python code.
_NOT_ATEN = frozenset(
    """apply_ asarray byte char compiled_with_cxx11_abi cond const_data_ptr dim_order dsmm eig from_numpy frombuffer get_device_module
    get_rng_state hsmm ipu is_tensor lobpcg lstsq lu map2_ map_ matrix_rank module_load mtia multigammaln new new_tensor numpy pca_lowrank
    reinforce saddmm set_rng_state share_memory_ solve spmm storage_type svd_lowrank sym_float sym_int sym_ite sym_max sym_min sym_not sym_sqrt
    sym_sum symeig thread_safe_generator to_sparse_coo type unique unravel_index while_loop xpu""".split()
)


class OpOverload:
    """One overload of a function."""

    def __init__(self, packet: "OpOverloadPacket", overload: str):
        self.overloadpacket, self._overloadname = packet, overload
        self.__name__ = f"{packet.__name__}.{overload}"

    def __call__(self, /, *args, **kwargs):
        return self.overloadpacket(*args, **kwargs)

    def __repr__(self):
        return f"<OpOverload(op='{self.overloadpacket._qualified}', overload='{self._overloadname}')>"

    def __str__(self):
        return f"{self.overloadpacket._qualified}.{self._overloadname}"


class OpOverloadPacket:
    """All overloads of a function: called, it is the function; its attributes are the overloads."""

    def __init__(self, name: str, function):
        self.__name__, self._qualified, self._function = name, f"aten.{name}", function

    def __call__(self, /, *args, **kwargs):
        if "self" in kwargs:
            args = (kwargs.pop("self"), *args)
        return self._function(*args, **kwargs)

    def __getattr__(self, overload: str):
        if overload.startswith("_"):
            raise AttributeError(f"'OpOverloadPacket' object has no attribute '{overload}'")
        made = OpOverload(self, overload)
        setattr(self, overload, made)
        return made

    def __repr__(self):
        return f"<OpOverloadPacket(op='{self._qualified}')>"

    def __str__(self):
        return self._qualified


class _OpNamespace:
    """torch.ops.aten: packets by name, made when they are asked for."""

    def __init__(self, name: str):
        self.__name__ = f"torch.ops.{name}"

    def __getattr__(self, name: str):
        function = None if name.startswith("__") else _find(name)
        if function is None:
            raise AttributeError(
                f"'_OpNamespace' 'aten' object has no attribute '{name}': jtorch has no torch.ops.aten.{name}"
            )
        packet = OpOverloadPacket(name, function)
        setattr(self, name, packet)
        return packet


def _find(name):
    if name in _ONLY_HERE:
        module, short = _ONLY_HERE[name]
        return getattr(importlib.import_module(f"jtorch.{module}"), short)
    if name in _NOT_ATEN:
        return None
    if name in NAMESPACES[""]:
        return NAMESPACES[""][name]
    if name in _OF_LAYERS:
        return getattr(jtorch.nn.functional, _OF_LAYERS[name])
    space, _, short = name.partition("_")
    if space in _SPACES:
        return NAMESPACES[space].get(short)
    found = getattr(jtorch, name, None)
    if found is None:
        found = getattr(jtorch.Tensor, name, None)
        known = name in _OF_TENSORS or _module(found) != "tensor"
    else:
        known = _module(found) in _MODULES
    return found if known and callable(found) and not isinstance(found, type) else None


def _module(function) -> str:
    """The module or folder of jtorch that a function is of."""
    return (getattr(function, "__module__", None) or "").removeprefix("jtorch").removeprefix(".").partition(".")[0]


aten = _OpNamespace("aten")
