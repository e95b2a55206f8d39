"""torch._subclasses: tensors without contents, as torch's tracer makes them. Here such tensors are those of `device="meta"`."""

from jtorch._subclasses.fake_tensor import FakeTensor

__all__ = ["FakeTensor"]
