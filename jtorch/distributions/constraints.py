"""Regions of space: what a parameter or a value has to satisfy.

A constraint's `check` gives a bool tensor over batches; `event_dim` is the number of last dimensions that it looks at as a
whole. The checks of this file are written for tensors and numpy arrays alike: `holds` takes numpy where the numbers are on
the host, since a check would otherwise compile a program for every new shape.
"""

import numpy as np

import jtorch
from jtorch import Tensor

__all__ = [
    "Constraint", "boolean", "cat", "corr_cholesky", "dependent", "dependent_property", "greater_than", "greater_than_eq", "independent",
    "integer_interval", "interval", "half_open_interval", "is_dependent", "less_than", "lower_cholesky", "lower_triangular",
    "MixtureSameFamilyConstraint", "multinomial", "nonnegative", "nonnegative_integer", "one_hot", "positive", "positive_semidefinite",
    "positive_definite", "positive_integer", "real", "real_vector", "simplex", "square", "stack", "symmetric", "unit_interval",
]  # fmt: skip


def holds(constraint: "Constraint", value: Tensor) -> bool:
    """Whether every element of a tensor satisfies a constraint; taken to be so where numbers are not known yet (inside `vmap`)."""
    if _traced(value) or _traced(constraint):
        return True
    numbers = _numbers(value) if constraint._takes_arrays() else None
    if numbers is None:
        return bool(constraint.check(value).all())
    with np.errstate(all="ignore"):
        return bool(constraint.check(numbers).all())


def _traced(x) -> bool:
    """Whether a tensor, or a bound of a constraint, stands for numbers of a function that is being traced."""
    if isinstance(x, Constraint):
        return any(_traced(part) for part in vars(x).values())
    return isinstance(x, Tensor) and x._storage.value.traced


def _numbers(value: Tensor) -> np.ndarray | None:
    """The numbers of a tensor in the host's memory; None where they are elsewhere, or in a dtype that numpy adds up otherwise."""
    if type(value) is not Tensor or value.dtype in (jtorch.float16, jtorch.bfloat16):
        return None
    value._storage.value.concrete()
    return value._host_array()


def _bound(bound, value):
    """A bound as the value is: a tensor, or an array."""
    if isinstance(bound, Tensor) and isinstance(value, np.ndarray):
        bound._storage.value.concrete()
        array = bound._host_array()
        return bound.detach().clone().cpu().numpy() if array is None else array
    return bound


def _epsilon(value) -> float:
    return np.finfo(value.dtype).eps if isinstance(value, np.ndarray) else jtorch.finfo(value.dtype).eps


class Constraint:
    """A region. `is_discrete` says whether it is one of separate points; `check(value)` which batch elements are inside."""

    is_discrete = False
    event_dim = 0

    def check(self, value):
        raise NotImplementedError

    def _takes_arrays(self) -> bool:
        """Whether `check` understands numpy arrays; a user's own check is given tensors."""
        return False

    def __repr__(self):
        return type(self).__name__[1:] + "()"


class _Dependent(Constraint):
    """A region that depends on other values; whatever is not said of it raises NotImplementedError."""

    def __init__(self, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        self._is_discrete, self._event_dim = is_discrete, event_dim

    @property
    def is_discrete(self):
        if self._is_discrete is NotImplemented:
            raise NotImplementedError(".is_discrete cannot be determined statically")
        return self._is_discrete

    @property
    def event_dim(self):
        if self._event_dim is NotImplemented:
            raise NotImplementedError(".event_dim cannot be determined statically")
        return self._event_dim

    def __call__(self, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        """The same with more said of it."""
        return _Dependent(
            is_discrete=self._is_discrete if is_discrete is NotImplemented else is_discrete,
            event_dim=self._event_dim if event_dim is NotImplemented else event_dim,
        )

    def check(self, x):
        raise ValueError("Cannot determine validity of dependent constraint")


def is_dependent(constraint) -> bool:
    """Whether a constraint depends on other values."""
    return isinstance(constraint, _Dependent)


class _DependentProperty(property, _Dependent):
    """A property of a class that is a dependent constraint when asked of the class, and a constraint when asked of an object."""

    def __init__(self, fn=None, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        super().__init__(fn)
        self._is_discrete, self._event_dim = is_discrete, event_dim

    def __call__(self, fn):
        return _DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


class _Rule(Constraint):
    """A constraint of this file: `check` is for tensors and arrays."""

    def check(self, value):
        return self._valid(value)

    def _valid(self, value):
        raise NotImplementedError

    def _takes_arrays(self):
        return type(self).check is _Rule.check


class _OfBase(_Rule):
    """A constraint made of another one."""

    def __init__(self, base_constraint):
        if not isinstance(base_constraint, Constraint):
            raise AssertionError(f"base_constraint must be a Constraint, got {type(base_constraint).__name__}")
        self.base_constraint = base_constraint

    @property
    def is_discrete(self):
        return self.base_constraint.is_discrete

    def _takes_arrays(self):
        return super()._takes_arrays() and self.base_constraint._takes_arrays()


class _IndependentConstraint(_OfBase):
    """A base constraint that holds in all of the last `reinterpreted_batch_ndims` dimensions of its batch."""

    def __init__(self, base_constraint, reinterpreted_batch_ndims):
        super().__init__(base_constraint)
        if not isinstance(reinterpreted_batch_ndims, int):
            raise AssertionError(
                f"reinterpreted_batch_ndims must be an int, got {type(reinterpreted_batch_ndims).__name__}"
            )
        if reinterpreted_batch_ndims < 0:
            raise AssertionError(f"reinterpreted_batch_ndims must be >= 0, got {reinterpreted_batch_ndims}")
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def event_dim(self):
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def _valid(self, value):
        valid = self.base_constraint.check(value)
        batch = valid.ndim - self.reinterpreted_batch_ndims
        if batch < 0:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.ndim}")
        return valid.reshape((*valid.shape[:batch], -1)).all(-1)

    def __repr__(self):
        return f"{type(self).__name__[1:]}({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(_OfBase):
    """What a value of a mixture satisfies: the components' constraint, whichever component it is of."""

    @property
    def event_dim(self):
        return self.base_constraint.event_dim

    def _valid(self, value):
        batch = value.ndim - self.event_dim
        of_each = value.reshape((*value.shape[: max(batch, 0)], 1, *value.shape[max(batch, 0) :]))
        valid = self.base_constraint.check(of_each)
        if batch < 0:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.ndim}")
        return valid.reshape((*valid.shape[:batch], -1)).all(-1)

    def __repr__(self):
        return f"{type(self).__name__}({self.base_constraint!r})"


# --- numbers -------------------------------------------------------------------------------------------------------


class _Boolean(_Rule):
    is_discrete = True

    def _valid(self, value):
        return (value == 0) | (value == 1)


class _Real(_Rule):
    """Anything but NaN."""

    def _valid(self, value):
        return value == value


class _Bounded(_Rule):
    """Numbers above `lower_bound`, below `upper_bound`, or both; a bound is a number or a tensor."""

    def __repr__(self):
        bounds = (f"{name}={getattr(self, name)}" for name in ("lower_bound", "upper_bound") if hasattr(self, name))
        return f"{type(self).__name__[1:]}({', '.join(bounds)})"


class _BoundedBelow(_Bounded):
    def __init__(self, lower_bound):
        self.lower_bound = lower_bound


class _BoundedAbove(_Bounded):
    def __init__(self, upper_bound):
        self.upper_bound = upper_bound


class _Between(_Bounded):
    def __init__(self, lower_bound, upper_bound):
        self.lower_bound, self.upper_bound = lower_bound, upper_bound


class _GreaterThan(_BoundedBelow):
    def _valid(self, value):
        return _bound(self.lower_bound, value) < value


class _GreaterThanEq(_BoundedBelow):
    def _valid(self, value):
        return _bound(self.lower_bound, value) <= value


class _LessThan(_BoundedAbove):
    def _valid(self, value):
        return value < _bound(self.upper_bound, value)


class _Interval(_Between):
    def _valid(self, value):
        return (_bound(self.lower_bound, value) <= value) & (value <= _bound(self.upper_bound, value))


class _HalfOpenInterval(_Between):
    def _valid(self, value):
        return (_bound(self.lower_bound, value) <= value) & (value < _bound(self.upper_bound, value))


class _IntegerInterval(_Between):
    is_discrete = True

    def _valid(self, value):
        inside = (_bound(self.lower_bound, value) <= value) & (value <= _bound(self.upper_bound, value))
        return (value % 1 == 0) & inside


class _IntegerLessThan(_BoundedAbove):
    is_discrete = True

    def _valid(self, value):
        return (value % 1 == 0) & (value <= _bound(self.upper_bound, value))


class _IntegerGreaterThan(_BoundedBelow):
    is_discrete = True

    def _valid(self, value):
        return (value % 1 == 0) & (value >= _bound(self.lower_bound, value))


# --- vectors -------------------------------------------------------------------------------------------------------


class _OneHot(_Rule):
    is_discrete = True
    event_dim = 1

    def _valid(self, value):
        return ((value == 0) | (value == 1)).all(-1) & (value.sum(-1) == 1)


class _Simplex(_Rule):
    """Vectors of numbers that are not negative and add up to 1, within 1e-6."""

    event_dim = 1

    def _valid(self, value):
        return (value >= 0).all(-1) & (abs(value.sum(-1) - 1) < 1e-6)


class _Multinomial(_Rule):
    """Vectors of counts that add up to at most `upper_bound`."""

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound):
        self.upper_bound = upper_bound

    def _valid(self, value):
        return (value >= 0).all(-1) & (value.sum(-1) <= _bound(self.upper_bound, value))


# --- matrices ------------------------------------------------------------------------------------------------------


class _LowerTriangular(_Rule):
    event_dim = 2

    def _valid(self, value):
        lower = np.tril(value) if isinstance(value, np.ndarray) else value.tril()
        return (lower == value).reshape((*value.shape[:-2], -1)).all(-1)


class _LowerCholesky(_LowerTriangular):
    """Lower triangular with a positive diagonal."""

    def _valid(self, value):
        return super()._valid(value) & (value.diagonal(0, -2, -1) > 0).all(-1)


class _CorrCholesky(_LowerCholesky):
    """Cholesky factors of correlation matrices: rows of length 1."""

    def _valid(self, value):
        length = (value * value).sum(-1) ** 0.5
        unit = abs(length - 1.0) <= _epsilon(value) * value.shape[-1] * 10
        return super()._valid(value) & unit.all(-1)


class _Square(_Rule):
    event_dim = 2

    def _valid(self, value):
        is_square = value.shape[-2] == value.shape[-1]
        if isinstance(value, np.ndarray):
            return np.full(value.shape[:-2], is_square)
        return jtorch.full(value.shape[:-2], is_square, dtype=jtorch.bool, device=value.device)


class _Symmetric(_Square):
    def _valid(self, value):
        if value.shape[-2] != value.shape[-1]:
            return super()._valid(value)
        isclose = np.isclose if isinstance(value, np.ndarray) else jtorch.isclose
        return isclose(value, value.swapaxes(-2, -1), atol=1e-6).all(-2).all(-1)


class _PositiveSemidefinite(_Symmetric):
    def _valid(self, value):
        symmetric = super()._valid(value)
        if not symmetric.all():
            return symmetric
        eigvalsh = np.linalg.eigvalsh if isinstance(value, np.ndarray) else jtorch.linalg.eigvalsh
        return (eigvalsh(value) >= 0).all(-1)


class _PositiveDefinite(_Symmetric):
    """Symmetric matrices that have a Cholesky factor."""

    def _valid(self, value):
        symmetric = super()._valid(value)
        if not symmetric.all():
            return symmetric
        if isinstance(value, np.ndarray):
            matrices = value.reshape((-1, *value.shape[-2:]))
            return np.array([_has_cholesky_factor(m) for m in matrices], bool).reshape(value.shape[:-2])
        return jtorch.linalg.cholesky_ex(value).info == 0


def _has_cholesky_factor(matrix: np.ndarray) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


# --- sequences -----------------------------------------------------------------------------------------------------


class _Sequence(Constraint):
    def __init__(self, cseq, dim=0):
        if not all(isinstance(c, Constraint) for c in cseq):
            raise AssertionError("All elements of cseq must be Constraint instances")
        self.cseq, self.dim = list(cseq), dim

    @property
    def is_discrete(self):
        return any(c.is_discrete for c in self.cseq)

    @property
    def event_dim(self):
        return max(c.event_dim for c in self.cseq)

    def _check_dim(self, value):
        if not -value.dim() <= self.dim < value.dim():
            raise AssertionError(f"dim {self.dim} out of range for value with {value.dim()} dimensions")


class _Cat(_Sequence):
    """Constraints of pieces of given `lengths` along `dim`, as `torch.cat` joins them."""

    def __init__(self, cseq, dim=0, lengths=None):
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.cseq):
            raise AssertionError(f"lengths ({len(self.lengths)}) must match cseq ({len(self.cseq)})")

    def check(self, value):
        self._check_dim(value)
        pieces = value.split(self.lengths, self.dim)
        return jtorch.cat([c.check(piece) for c, piece in zip(self.cseq, pieces, strict=True)], self.dim)


class _Stack(_Sequence):
    """Constraints of slices along `dim`, as `torch.stack` joins them."""

    @property
    def event_dim(self):
        dim = super().event_dim
        return dim + 1 if self.dim + dim < 0 else dim

    def check(self, value):
        self._check_dim(value)
        return jtorch.stack(
            [c.check(piece) for c, piece in zip(self.cseq, value.unbind(self.dim), strict=False)], self.dim
        )


dependent = _Dependent()
dependent_property = _DependentProperty
independent = _IndependentConstraint
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real = _Real()
real_vector = independent(real, 1)
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
multinomial = _Multinomial
unit_interval = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
cat = _Cat
stack = _Stack
