"""torch.Size: the shape of a tensor, a tuple of ints."""


class Size(tuple):
    """A tuple that prints as `torch.Size([2, 3])` and counts its elements.

    >>> import jtorch as torch
    >>> torch.zeros(2, 3).shape.numel()
    6
    """

    __slots__ = ()

    def __new__(cls, sizes=()):
        made = tuple.__new__(cls, sizes)
        for i, n in enumerate(made):
            if type(n) is not int and not hasattr(n, "__index__"):
                raise TypeError(f"torch.Size() takes an iterable of 'int' (item {i} is '{type(n).__name__}')")
        return made

    def numel(self) -> int:
        count = 1
        for n in self:
            count *= n
        return count

    def __repr__(self):
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __add__(self, other):
        return Size(tuple.__add__(self, tuple(other)))

    def __radd__(self, other):
        return Size(tuple(other) + tuple(self))

    def __mul__(self, times):
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __getitem__(self, index):
        picked = tuple.__getitem__(self, index)
        return Size(picked) if isinstance(index, slice) else picked

    def __reduce__(self):
        return (Size, (tuple(self),))
