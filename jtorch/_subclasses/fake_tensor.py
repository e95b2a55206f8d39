"""torch._subclasses.fake_tensor: whether a tensor is one that torch's tracer made up."""


class FakeTensor:
    """torch's class of tensors without contents. Nothing is one here, which is what `isinstance(x, FakeTensor)` asks."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError('jtorch has no FakeTensor: a tensor of device="meta" has a shape and no contents')


def is_fake(x) -> bool:
    """Whether the tensor was made up by a tracer: never."""
    return False
