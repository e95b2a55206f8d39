"""The Tensor: a handle on a storage, with a view of it and a place in the autograd graph.

Operations are attached by `methods.py`; this file holds the state and what users ask about it.
"""

import numpy as np

from . import dtypes
from .attributes import Attributes, HasState, state_of
from .autograd.mode import STATE
from .once import warn_once
from .overlap import refuse_internal
from .size import Size
from .storage import Storage, contiguous_strides


class _TensorMeta(type):
    """Shows the class by torch's name. Its `__module__` stays jtorch's, where pickles and worker processes find it."""

    def __repr__(cls):
        if cls is Tensor:
            return "<class 'torch.Tensor'>"
        return type.__repr__(cls).replace("<class 'jtorch.", "<class 'torch.")


class Tensor(HasState, metaclass=_TensorMeta):
    """A multi-dimensional array with torch's semantics, computed by JAX.

    `Tensor(2, 3)` makes an uninitialised tensor of that size, `Tensor([1, 2])` one with these values, both of the default dtype;
    `jtorch.tensor` is the function to prefer.
    """

    # State that most tensors do not have lives on the class and costs nothing until it is set.
    _chain = None  # view steps from the storage's base shape to this tensor; None is the whole storage
    _strides = None  # None: contiguous
    _offset = 0
    _requires = False
    _node = None  # autograd node that made this tensor, and which of its outputs this is
    _out = 0
    _grad = None
    _base = None  # the tensor a differentiable view looks at
    # For a base: how often its history was replaced. For a view: the base's stamp that its own node belongs to; -1 when it was made without recording.
    _stamp = 0
    _depth = 0  # for a view: how many view steps its base had when it was made
    _multi_view = None  # name of the operation, when this is one of several views made at once
    _accumulator = None
    _hooks = None
    _post_accumulate = None
    _cache = None  # (storage.writes, value) of a view that was read
    _retain = False
    _made_in_inference = False
    # What applies operations to tensors of this class in the place of `dispatch` (a module with its three functions): of `DTensor`.
    _dispatcher = None
    _plain = True  # results of operations are plain tensors, and nothing intercepts them
    _family_is_plain = False  # subclasses of parameters stay plain, those of tensors keep their class

    def __new__(cls, *args, device=None, **kwargs):
        from .creation import legacy_constructor

        made = legacy_constructor(None, args, device)
        return made if cls is Tensor else made._as_subclass(cls)

    @staticmethod
    def __new_plain__(value, strides=None) -> "Tensor":
        """A tensor of its own storage around a value: how operations make their results."""
        made = _new(Tensor)
        made._storage = made._counter = Storage(value, strides)
        made._aval = value.aval
        if strides is not None:
            made._strides = strides
        if STATE.inference:
            made._made_in_inference = True
        return made

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "__torch_function__" in cls.__dict__ or not cls._family_is_plain:
            cls._plain = False

    def _as_subclass(self, cls):
        """The same tensor as an instance of a subclass: storage, version counter and history shared."""
        made = _new(cls)
        state_of(made).update(state_of(self))
        return made

    as_subclass = _as_subclass

    def _of_my_class(self, result):
        """A view of this tensor as an instance of its class; subclasses with state of their own hand that on."""
        return result if type(self) is Tensor or isinstance(result, type(self)) else result.as_subclass(type(self))

    @staticmethod
    def _make_subclass(cls, data, require_grad=False):
        made = data.detach()._as_subclass(cls)
        made._requires = require_grad
        return made

    # Contents

    def _read(self):
        """The engine value of this tensor now."""
        storage = self._storage
        if self._chain is None:
            return storage.value if storage.alias is None else storage.read()
        from .views import read_view

        return read_view(self)

    def _write(self, value) -> None:
        """Replace this tensor's contents (not its history) by a value of its shape and dtype."""
        if self._chain is None:
            self._storage.write(value)
        else:
            from .views import write_view

            write_view(self, value)
        self._counter.version += 1

    def _host_array(self):
        """The contents as a numpy array, without a copy and not to be written to, if they are on the host already; else None."""
        if self._storage.alias is not None:
            if self._storage._alias_alive():
                from .interop import alias_view

                return alias_view(self)
            self._storage.read()
        whole = self._storage.value.on_host()
        if self._chain is None or whole is None:
            return whole
        from .interop import strided_view

        return strided_view(whole, self) if self._storage.strides is None else None

    # Geometry

    @property
    def shape(self) -> Size:
        return _size(Size, self._aval.shape)

    @property
    def dtype(self):
        return self._aval.dtype

    @property
    def ndim(self) -> int:
        return len(self._aval.shape)

    @property
    def device(self):
        return self._storage.value.place.device

    @property
    def layout(self):
        return self._aval.layout

    @property
    def is_sparse(self) -> bool:
        return self._aval.layout is dtypes.sparse_coo

    @property
    def is_sparse_csr(self) -> bool:
        return self._aval.layout is dtypes.sparse_csr

    def size(self, dim=None):
        if dim is None:
            return _size(Size, self._aval.shape)
        from .dispatch import wrap_dim

        if not self._aval.shape:
            wrap_dim(dim, 0)
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        return self._aval.shape[wrap_dim(dim, len(self._aval.shape))]

    def dim(self) -> int:
        return len(self._aval.shape)

    ndimension = dim

    def numel(self) -> int:
        return self._aval.size

    nelement = numel

    def stride(self, dim=None):
        strides = self._strides if self._strides is not None else contiguous_strides(self._aval.shape)
        if dim is None:
            return strides
        from .dispatch import wrap_dim

        return strides[wrap_dim(dim, len(strides))]

    def storage_offset(self) -> int:
        return self._offset

    def untyped_storage(self):
        """The memory this tensor looks at: an `UntypedStorage`, one object for all tensors that share it."""
        from .storages import UntypedStorage

        return UntypedStorage.of(self._storage)

    def storage(self):
        """The memory this tensor looks at, counted in its dtype. Deprecated: use `untyped_storage()`."""
        from .storages import deprecated_storage

        return deprecated_storage(self)

    def _typed_storage(self):
        from .storages import typed_storage

        return typed_storage(self)

    def element_size(self) -> int:
        return self._aval.dtype.itemsize

    @property
    def itemsize(self) -> int:
        return self._aval.dtype.itemsize

    @property
    def nbytes(self) -> int:
        if self._aval.layout is not dtypes.strided:
            raise RuntimeError(
                "nbytes is not defined for sparse tensors.  If you want the size of the constituent tensors, add the nbytes of the indices and "
                "values.  If you want the size of the  equivalent dense tensor, multiply numel() by element_size()"
            )
        return self._aval.size * self._aval.dtype.itemsize

    def data_ptr(self) -> int:
        if not self._aval.size or self.is_meta:
            return 0
        return self._storage.address() + self._offset * self._aval.dtype.itemsize

    def is_contiguous(self, memory_format=dtypes.contiguous_format) -> bool:
        from .layout import is_contiguous

        return is_contiguous(self._aval.shape, self._strides, memory_format)

    def is_floating_point(self) -> bool:
        return self._aval.dtype.is_floating_point

    def is_complex(self) -> bool:
        return self._aval.dtype.is_complex

    def is_signed(self) -> bool:
        return self._aval.dtype.is_signed

    def is_set_to(self, tensor) -> bool:
        return (
            self._storage is tensor._storage
            and self._offset == tensor._offset
            and self.shape == tensor.shape
            and self.stride() == tensor.stride()
        )

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def is_cpu(self) -> bool:
        return self.device.type == "cpu"

    @property
    def __cuda_array_interface__(self):
        raise AttributeError(
            f"Can't get __cuda_array_interface__ on non-CUDA tensor type: {self.type()} If CUDA data is required use tensor.cuda() "
            "to copy tensor to device memory."
            if not self.is_cuda
            else "Can't get __cuda_array_interface__: pass the memory on by DLPack (from_dlpack(tensor))"
        )

    def is_pinned(self, device=None) -> bool:
        return False

    def is_shared(self) -> bool:
        return False

    def get_device(self) -> int:
        return -1 if self.device.type in ("cpu", "meta") else self.device.index or 0

    @property
    def is_meta(self) -> bool:
        return self._storage.value.place.is_meta

    is_quantized = is_mkldnn = is_nested = is_xpu = is_mps = is_xla = False
    is_ipu = is_hpu = is_mtia = is_vulkan = is_maia = False
    names = None

    def is_inference(self) -> bool:
        return self._made_in_inference

    def is_conj(self) -> bool:
        return False

    def is_neg(self) -> bool:
        return False

    # Autograd

    def _is_view(self) -> bool:
        return self._base is not None

    @property
    def requires_grad(self) -> bool:
        return self._requires or (self._base is not None and self._base._requires)

    @requires_grad.setter
    def requires_grad(self, wanted):
        if wanted and self._aval.dtype.priority < 2 and self.is_leaf:
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True):
        """Say whether operations on this leaf are recorded; returns the tensor itself."""
        if not self.is_leaf:
            if not requires_grad:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a subgraph "
                    "that doesn't require differentiation use var_no_grad = var.detach()."
                )
            return self
        if requires_grad and not (self._aval.dtype.is_floating_point or self._aval.dtype.is_complex):
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        self._requires = bool(requires_grad)
        return self

    @property
    def is_leaf(self) -> bool:
        return not self.requires_grad or self.grad_fn is None

    @property
    def grad_fn(self):
        if self._base is not None and self.requires_grad:
            from .views import refresh_history

            refresh_history(self)
        return self._node

    def _edge(self):
        """Where the gradient of this tensor goes: (node, output number)."""
        if self._base is not None:
            from .views import refresh_history

            refresh_history(self)
        if self._node is not None:
            return (self._node, self._out)
        if self._requires:
            from .autograd.node import accumulator

            return (accumulator(self), 0)
        return None

    @property
    def grad(self):
        if self._grad is None and not self.is_leaf and not self._retain:
            import warnings

            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be populated during "
                "autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf "
                "Tensor. If you access the non-leaf Tensor by mistake, make sure you access the leaf Tensor instead. See "
                "github.com/pytorch/pytorch/pull/30531 for more information.",
                UserWarning,
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value):
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
                )
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value._aval.dtype is not self._aval.dtype:
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype '{_type_word(value)}' to a tensor with grad_dtype '{self._aval.dtype.tensor_type.removesuffix('Tensor')}'. The gradient must match the tensor's grad_dtype (defaults to the tensor's dtype). You can set the tensor's grad_dtype attribute with a specific dtype, or None to allow any dtype. Set grad_dtype with caution. Diverging the dtypes of a tensor and its gradient may break downstream systems that assume they match."
                )
            if (there := value.device) != (here := self.device):
                what = "with device type" if there.type != here.type else "located on device with index"
                a, b = (there.type, here.type) if there.type != here.type else (there.index or 0, here.index or 0)
                raise RuntimeError(
                    f"attempting to assign a gradient {what} '{a}' to a tensor {what} '{b}'. Please ensure that the gradient and the tensor are on the same device"
                )
            if value._aval.shape != self._aval.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value._aval.shape)}' to a tensor of size '{list(self._aval.shape)}'. Please ensure that the gradient and the tensor are the same size"
                )
        self._grad = value

    @grad.deleter
    def grad(self):
        self._grad = None

    @property
    def grad_dtype(self):
        """The dtype of `.grad`: that of the tensor."""
        if not self.is_leaf:
            raise RuntimeError("grad_dtype can only be accessed on leaf tensors.")
        return self._aval.dtype

    @grad_dtype.setter
    def grad_dtype(self, wanted):
        if wanted is not self._aval.dtype:
            raise NotImplementedError(
                f"Tensor.grad_dtype: gradients have the dtype of their tensor ({self._aval.dtype}) in jtorch, and cannot have {wanted}; "
                "cast in a hook of register_post_accumulate_grad_hook"
            )

    @property
    def _version(self) -> int:
        return self._counter.version

    @property
    def output_nr(self) -> int:
        return self._out

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
        """Compute the gradients of this tensor with respect to the leaves it was made from and add them to their `.grad`.

        >>> import jtorch as torch
        >>> x = torch.ones(2, requires_grad=True)
        >>> (x * x).sum().backward(); x.grad
        tensor([2., 2.])
        """
        from .autograd.backward_pass import backward

        backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook):
        """Call `hook(grad)` when the gradient of this tensor is known; what it returns, if anything, replaces the gradient."""
        from .autograd.backward_pass import register_tensor_hook

        return register_tensor_hook(self, hook)

    def register_post_accumulate_grad_hook(self, hook):
        """Call `hook(tensor)` after a gradient was added to this leaf's `.grad`."""
        from .autograd.backward_pass import register_post_accumulate_hook

        return register_post_accumulate_hook(self, hook)

    def retain_grad(self) -> None:
        """Keep `.grad` of this non-leaf tensor."""
        from .autograd.backward_pass import retain_grad

        retain_grad(self)

    @property
    def retains_grad(self) -> bool:
        return self._retain

    @property
    def data(self):
        from .views import plain_alias

        return plain_alias(self, own_counter=True)

    @data.setter
    def data(self, source):
        if not isinstance(source, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(source).__name__}")
        if self._requires and not (source._aval.dtype.is_floating_point or source._aval.dtype.is_complex):
            raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
        self._adopt(source)

    def _adopt(self, source) -> None:
        """Look at another tensor's memory from now on, keeping identity and history."""
        self._storage, self._aval = source._storage, source._aval
        self._chain, self._strides, self._offset = source._chain, source._strides, source._offset
        self._counter = source._counter if self._chain is not None else source._storage
        self._cache = None
        if self._accumulator is not None and self._accumulator() is None:
            self._accumulator = None

    def detach(self):
        """A tensor that shares memory and version counter, without history."""
        from .views import plain_alias

        return plain_alias(self, own_counter=False)

    def detach_(self):
        """Take this tensor out of the graph that made it."""
        if self._base is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() cannot be called on these gradients. To fix this error, please refer to the Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution.")  # fmt: skip
        self._node, self._out, self._requires = None, 0, False
        return self

    def _check_writable(self, name: str, overlap: bool = True) -> None:
        """torch's rules on what may be written in place."""
        if STATE.grad and self.requires_grad:
            base = self._base
            if base is None:
                if self._node is None:
                    raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
            else:
                if self._stamp == -1:
                    raise RuntimeError(
                        "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that this use case is ambiguous and error-prone, it is "
                        "forbidden. You can clarify your code by moving both the view and the inplace either both inside the no_grad block (if you don't want the inplace to be "
                        "tracked) or both outside (if you want the inplace to be tracked)."
                    )
                if base._requires and base._node is None and base._base is None:
                    raise RuntimeError(
                        "a view of a leaf Variable that requires grad is being used in an in-place operation."
                    )
                if self._multi_view is not None:
                    raise RuntimeError(
                        f"Output {self._out} of {self._multi_view} is a view and is being modified inplace. This view is the output of a function that returns multiple views. "
                        "Such functions do not allow the output views to be modified inplace. You should replace the inplace operation by an out-of-place one."
                    )
        if self._made_in_inference and not STATE.inference:
            raise RuntimeError(
                "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal tensor before doing inplace update."
                "See https://github.com/pytorch/rfcs/pull/17 for more details."
            )
        if overlap:
            refuse_internal(self)

    # Python protocol

    def item(self):
        """The one element as a Python number."""
        if self._aval.size != 1:
            raise RuntimeError(f"a Tensor with {self._aval.size} elements cannot be converted to Scalar")
        if self.is_meta:
            raise RuntimeError("Tensor.item() cannot be called on meta tensors")
        found = self._read().numpy().reshape(()).item()
        return float(found) if self._aval.dtype.is_floating_point else found

    def tolist(self):
        """Nested lists of Python numbers."""
        array = self._read().numpy()
        return (array if array.dtype.isbuiltin == 1 else array.astype(np.float32)).tolist()

    def __bool__(self):
        if self._aval.size != 1:
            if not self._aval.size:
                raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(self.item())

    def __int__(self):
        return int(self._number())

    def __float__(self):
        self._warn_of_lost_gradient(stacklevel=3)
        return float(self._number())

    def __complex__(self):
        self._warn_of_lost_gradient(stacklevel=3)
        return complex(self._number())

    def __index__(self):
        if self._aval.dtype.priority > 1 or self._aval.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def _warn_of_lost_gradient(self, stacklevel):
        if self.requires_grad and STATE.grad:
            warn_once(
                "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\nConsider using tensor.detach() first.",
                stacklevel,
            )

    def _number(self):
        if self._aval.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self.item()

    def __format__(self, spec):
        if not self._aval.shape and not self.is_meta and type(self) is Tensor:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __len__(self):
        if not self._aval.shape:
            raise TypeError("len() of a 0-d tensor")
        return self._aval.shape[0]

    def __iter__(self):
        if not self._aval.shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __contains__(self, element):
        if isinstance(element, (Tensor, int, float, bool, complex, np.generic)):
            return bool((self == element).any().item())
        raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")

    def __hash__(self):
        return id(self)

    def __repr__(self, *, tensor_contents=None):
        from .printing import tensor_repr

        return tensor_repr(self, tensor_contents=tensor_contents)

    def __str__(self):
        return repr(self)

    def __dir__(self):
        return sorted({*object.__dir__(self), *self.__dict__})

    def __reduce_ex__(self, protocol):
        from .pickling import reduce_tensor

        return reduce_tensor(self)

    def __deepcopy__(self, memo):
        from .interop import deepcopy_tensor

        return deepcopy_tensor(self, memo)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        from .subclass import default_torch_function

        if not all(issubclass(cls, kind) for kind in types):
            return NotImplemented
        return default_torch_function(cls, func, types, args, kwargs)

    __array_priority__ = 1000

    def __setstate__(self, state):
        state_of(self).update(state)

    @property
    def __dict__(self):
        return Attributes(state_of(self), OWN_STATE)

    @__dict__.setter
    def __dict__(self, attributes):
        shown = Attributes(state_of(self), OWN_STATE)
        shown.clear()
        shown.update(attributes)


# Attributes that are a tensor's own state; whatever else there is was put there by users, and is copied and pickled with it.
OWN_STATE = frozenset(
    (
        "_storage",
        "_counter",
        "_aval",
        *(n for n, v in vars(Tensor).items() if n[0] == "_" != n[1] and not hasattr(v, "__get__")),
    )
)

_new = object.__new__
_size = tuple.__new__  # a shape is a tuple of ints already


def _type_word(tensor) -> str:
    from .dispatch import CPP_NAMES

    return CPP_NAMES[tensor._aval.dtype.name]
