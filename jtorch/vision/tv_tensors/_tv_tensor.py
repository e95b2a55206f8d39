"""The base class, and what operations on its subclasses return."""

from __future__ import annotations

from typing import Any

import jtorch
from jtorch.subclass import DisableTorchFunctionSubclass
from jtorch.tensor import Tensor


class TVTensor(Tensor):
    """A tensor with a meaning for transforms. Operations on it return plain tensors, but for copies and moves.

    `clone`, `to`, `detach`, `requires_grad_` and `pin_memory` keep the class, in-place operations their input;
    `set_return_type("TVTensor")` makes all operations keep it. Unlike torchvision, an operation that returns the very
    tensor it was called on, in place or with nothing to do, returns it with its class, and operations on tensors of two
    classes are not refused.
    """

    _family_is_plain = True

    @staticmethod
    def _to_tensor(data: Any, dtype=None, device=None, requires_grad: bool | None = None) -> Tensor:
        if requires_grad is None:
            requires_grad = data.requires_grad if isinstance(data, Tensor) else False
        return jtorch.as_tensor(data, dtype=dtype, device=device).requires_grad_(requires_grad)

    @classmethod
    def _wrap_output(cls, output, args=(), kwargs=None):
        """`output`, a tensor or several, as this class, with the metadata of the first of this class in `args`."""
        if isinstance(output, Tensor) and not isinstance(output, cls):
            return output.as_subclass(cls)
        if isinstance(output, (tuple, list)):
            return type(output)(cls._wrap_output(part, args, kwargs) for part in output)
        return output

    @classmethod
    def wrap(cls, tensor: Tensor, like: Any, **kwargs: Any) -> TVTensor:
        """`tensor` as this class with the metadata of `like`; `kwargs` replaces some of it."""
        return tensor.as_subclass(cls)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        """Asked only while operations keep the class: see `set_return_type`."""
        if not all(issubclass(cls, kind) for kind in types):
            return NotImplemented
        with DisableTorchFunctionSubclass():
            return cls._wrap_output(func(*args, **(kwargs or {})), args, kwargs)

    def as_subclass(self, cls):
        """The same tensor as another class, without what is known of this one."""
        made = self._as_subclass(cls)
        made.__dict__.clear()
        return made

    def _of_my_class(self, result: Tensor) -> Tensor:
        return type(self)._wrap_output(result, (self,))

    def clone(self, *, memory_format=jtorch.preserve_format):
        return self._of_my_class(_plain(self).clone(memory_format=memory_format))

    def detach(self):
        return self._of_my_class(_plain(self).detach())

    def to(self, *args, **kwargs):
        plain = _plain(self)
        moved = plain.to(*args, **kwargs)
        return self if moved is plain else self._of_my_class(moved)

    def pin_memory(self, device=None):
        return self._of_my_class(_plain(self).pin_memory())

    def _make_repr(self, **metadata: Any) -> str:
        with DisableTorchFunctionSubclass():
            shown = super().__repr__()
        about = ", ".join(f"{name}={value}" for name, value in metadata.items())
        return f"{shown[:-1]}, {about})"

    def __deepcopy__(self, memo):
        return self.detach().clone().requires_grad_(self.requires_grad)


# Results are plain tensors and nothing is asked, until `set_return_type` says otherwise.
TVTensor._plain = True


def _plain(tensor: Tensor) -> Tensor:
    return tensor.as_subclass(Tensor)


class set_return_type:
    """Whether operations on a `TVTensor` keep its class ("TVTensor") or return a plain tensor ("Tensor", the default).

    As a function for the rest of the program, as a context for a block.

    >>> import jtorch as torch
    >>> from jtorch.vision import tv_tensors
    >>> image = tv_tensors.Image(torch.zeros(3, 2, 2))
    >>> type(image + 1).__name__
    'Tensor'
    >>> with tv_tensors.set_return_type("TVTensor"):
    ...     type(image + 1).__name__
    'Image'
    """

    def __init__(self, return_type: str):
        self.before = TVTensor._plain
        try:
            TVTensor._plain = {"tensor": True, "tvtensor": False}[return_type.lower()]
        except KeyError:
            raise ValueError(f"return_type must be 'TVTensor' or 'Tensor', got {return_type}") from None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        TVTensor._plain = self.before


def wrap(wrappee: Tensor, *, like, **kwargs: Any):
    """A plain tensor as the class of `like`, with its metadata; `kwargs` (as `format`) replaces some of it.

    >>> import jtorch as torch
    >>> from jtorch.vision import tv_tensors
    >>> boxes = tv_tensors.BoundingBoxes([0, 0, 5, 5], format="XYXY", canvas_size=(10, 10))
    >>> tv_tensors.wrap(boxes + 2, like=boxes, canvas_size=(20, 20)).canvas_size
    (20, 20)
    """
    method = getattr(type(like), "wrap", None)
    return wrappee.as_subclass(type(like)) if method is None else method(wrappee, like, **kwargs)
