"""The vocabulary of the update rules on tensors, for steps that are themselves differentiated."""

import jtorch


class _TensorMaths:
    """What `jtorch.ops.optim.ArrayMaths` is for jax arrays; scalars are Python floats or 0-dim tensors."""

    def add(self, x, y, alpha):
        return x + y * alpha

    def add_scalar(self, x, s):
        return x + s

    def sub(self, x, y):
        return x - y

    def mul(self, x, y):
        return x * y

    def scale(self, x, s):
        return x * s

    def divide(self, x, s):
        return x / s

    def over(self, x, y):
        return x / y

    def under(self, s, x):
        return s / x

    def largest(self, s, t):
        return max(s, t)

    def zero(self, x):
        return jtorch.zeros_like(x)

    def lerp(self, x, y, weight):
        return jtorch.lerp(x, y, weight)

    def addcmul(self, x, y, z, value):
        return x + y * z * value

    def addcdiv(self, x, y, z, value):
        return x + y / z * value

    def power(self, s, exponent):
        return s ** self.number(exponent)

    def root(self, s):
        return s**0.5

    def number(self, tensor):
        return tensor.item()

    def advance(self, step):
        return step + 1

    def put(self, tensor, s):
        return jtorch.as_tensor(s, dtype=tensor.dtype, device=tensor.device)

    def sqrt(self, x):
        return x.sqrt()

    def neg(self, x):
        return -x

    def sign(self, x):
        return x.sign()

    def abs(self, x):
        return x.abs()

    def maximum(self, x, y):
        return jtorch.maximum(x, y)

    def where(self, condition, x, y):
        if isinstance(condition, bool):
            return x if condition else y
        return jtorch.where(condition, x, y)

    def clamp(self, x, low, high):
        return x.clamp(low, high)

    def is_complex(self, x):
        return x.is_complex()

    def as_real(self, x):
        return jtorch.view_as_real(x)

    def as_complex(self, x):
        return jtorch.view_as_complex(x)


TENSORS = _TensorMaths()
