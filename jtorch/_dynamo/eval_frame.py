"""torch._dynamo.eval_frame: where programs look for the class of compiled modules."""

from jtorch.compiler import OptimizedModule, disable

__all__ = ["OptimizedModule", "disable"]
