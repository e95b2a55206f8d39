"""Equations of jaxprs in numpy: for each primitive of JAX a function that builds, from an equation, a function of arrays.

What is computed is what XLA computes on CPU, up to rounding: integers wrap, their division truncates, conversions saturate, positions are clamped or
dropped. What has no rule here raises `Unknown` and is left to XLA.
"""

from . import convolution, elementwise, positions, reductions, shapes
from .registry import RULES, Unknown
