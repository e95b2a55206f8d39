"""`ReduceOp`: how the elements of several processes become one."""

import enum
import warnings


class RedOpType(enum.IntEnum):
    """The kinds of reduction, with torch's numbers."""

    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4
    BAND = 5
    BOR = 6
    BXOR = 7
    PREMUL_SUM = 8

    def __repr__(self):
        return f"<RedOpType.{self.name}: {self.value}>"

    def __str__(self):
        return f"RedOpType.{self.name}"


class _Kinds(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, RedOpType) or type.__instancecheck__(cls, instance)


class ReduceOp(metaclass=_Kinds):
    """SUM, AVG, PRODUCT, MIN, MAX, and for integers BAND, BOR and BXOR.

    >>> import jtorch as torch
    >>> torch.distributed.ReduceOp.SUM
    <RedOpType.SUM: 0>
    """

    RedOpType = RedOpType
    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR, PREMUL_SUM = RedOpType

    def __new__(cls, kind=RedOpType.SUM):
        return RedOpType(kind)


class _OldReduceOp:
    """The names that ReduceOp had first."""

    def __getattribute__(self, name):
        if name in RedOpType.__members__:
            warnings.warn(
                "`torch.distributed.reduce_op` is deprecated, please use `torch.distributed.ReduceOp` instead", FutureWarning, stacklevel=2
            )  # fmt: skip
            return RedOpType[name]
        return object.__getattribute__(self, name)


reduce_op = _OldReduceOp()
