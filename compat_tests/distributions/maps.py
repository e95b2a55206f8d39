"""Transforms and constraints: one row each, and what can be observed of them."""

import warnings

from compat_tests.distributions.rows import Observer

VECTOR = [[0.3, -1.2, 2.0], [1.5, 0.1, -0.4]]
POSITIVE = [[0.3, 1.2, 2.0], [1.5, 0.1, 4.0]]
INSIDE = [[0.3, 0.2, 0.9], [0.5, 0.1, 0.4]]
MATRIX = [[0.3, -1.2], [1.5, 0.1]]

# A transform -> a value of its domain.
TRANSFORMS = {
    "AbsTransform()": VECTOR,
    "AffineTransform(1.0, -2.0)": VECTOR,
    "AffineTransform(1, 2)": VECTOR,
    "AffineTransform(T([1.0, 0.0, 3.0]), T([2.0, -1.0, 0.5]))": VECTOR,
    "AffineTransform(C([1.0, 0.0, 3.0]), C([2.0, -1.0, 0.5]), event_dim=1, cache_size=1)": VECTOR,
    "CatTransform([ExpTransform(), AffineTransform(1.0, 2.0)], dim=-1, lengths=[1, 2])": VECTOR,
    "CatTransform([ExpTransform(), TanhTransform()], dim=0)": VECTOR,
    "CatTransform([SoftmaxTransform(), IndependentTransform(ExpTransform(), 1)], dim=0, cache_size=1)": VECTOR,
    "ComposeTransform([])": VECTOR,
    "ComposeTransform([ExpTransform(), AffineTransform(1.0, T([2.0])), ExpTransform().inv])": VECTOR,
    "ComposeTransform([AffineTransform(0.0, 2.0), StickBreakingTransform()], cache_size=1)": VECTOR,
    "CorrCholeskyTransform()": VECTOR,
    "CorrCholeskyTransform().inv.inv": VECTOR,
    "CumulativeDistributionTransform(Normal(T([0.5]), T([2.0])))": VECTOR,
    "ExpTransform()": VECTOR,
    "ExpTransform().inv": POSITIVE,
    "IndependentTransform(ExpTransform(), 1)": VECTOR,
    "IndependentTransform(AffineTransform(0.0, T([2.0])), 1).inv": VECTOR,
    "LowerCholeskyTransform()": MATRIX,
    "PositiveDefiniteTransform()": MATRIX,
    "PowerTransform(T([2.0, -0.5, 3.0]))": POSITIVE,
    "PowerTransform(2)": POSITIVE,
    "ReshapeTransform((3,), (3, 1))": VECTOR,
    "ReshapeTransform((2, 3), (6,)).inv": [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]],
    "SigmoidTransform()": VECTOR,
    "SigmoidTransform().inv": INSIDE,
    "SoftplusTransform()": VECTOR,
    "SoftmaxTransform()": VECTOR,
    "StackTransform([ExpTransform(), TanhTransform(), AffineTransform(1.0, 3.0)], dim=1)": VECTOR,
    "StackTransform([ExpTransform(), SigmoidTransform()], dim=0, cache_size=1)": VECTOR,
    "StickBreakingTransform()": VECTOR,
    "TanhTransform()": VECTOR,
    "TanhTransform(cache_size=1)": VECTOR,
    "TanhTransform().inv": INSIDE,
    "TanhTransform().with_cache()": VECTOR,
    "identity_transform": VECTOR,
}

TRIANGLE = [[2.0, 0.0], [0.5, 1.0]]
SYMMETRIC = [[2.0, 0.5], [0.5, 1.0]]
NOT_POSITIVE = [[1.0, 2.0], [2.0, 1.0]]
UNIT_ROWS = [[1.0, 0.0], [0.6, 0.8]]
NUMBERS = [[-1.0, 0.0, 0.5], [1.0, 2.0, float("nan")]]
SHARES = [[0.2, 0.3, 0.5], [0.0, 1.0, 0.1], [0.0, 0.0, 1.0]]

# A constraint -> values to be looked at.
CONSTRAINTS = {
    "constraints.boolean": [NUMBERS],
    "constraints.cat([constraints.positive, constraints.real], dim=-1, lengths=[1, 2])": [NUMBERS],
    "constraints.corr_cholesky": [TRIANGLE, UNIT_ROWS],
    "constraints.dependent": [NUMBERS],
    "constraints.dependent(is_discrete=True, event_dim=1)": [NUMBERS],
    "constraints.greater_than(0.5)": [NUMBERS],
    "constraints.greater_than(C([-2.0, 0.0, 1.0]))": [NUMBERS],
    "constraints.greater_than_eq(0.5)": [NUMBERS],
    "constraints.half_open_interval(0.0, 2.0)": [NUMBERS],
    "constraints.independent(constraints.positive, 1)": [NUMBERS, 1.0],
    "constraints.integer_interval(0, 1)": [NUMBERS],
    "constraints.interval(0, 1)": [NUMBERS],
    "constraints.interval(-1.0, C([0.5]))": [NUMBERS],
    "constraints.less_than(1)": [NUMBERS],
    "constraints.lower_cholesky": [TRIANGLE, SYMMETRIC, [[-1.0, 0.0], [0.0, 1.0]]],
    "constraints.lower_triangular": [TRIANGLE, SYMMETRIC],
    "constraints.MixtureSameFamilyConstraint(constraints.unit_interval)": [NUMBERS],
    "constraints.MixtureSameFamilyConstraint(constraints.simplex)": [SHARES],
    "constraints.multinomial(3)": [NUMBERS, [[1.0, 1.0, 0.0], [2.0, 2.0, 0.0]]],
    "constraints.nonnegative": [NUMBERS],
    "constraints.nonnegative_integer": [NUMBERS],
    "constraints.one_hot": [SHARES, NUMBERS],
    "constraints.positive": [NUMBERS],
    "constraints.positive_definite": [SYMMETRIC, TRIANGLE, NOT_POSITIVE, [SYMMETRIC, NOT_POSITIVE], VECTOR],
    "constraints.positive_integer": [NUMBERS],
    "constraints.positive_semidefinite": [SYMMETRIC, NOT_POSITIVE],
    "constraints.real": [NUMBERS],
    "constraints.real_vector": [NUMBERS],
    "constraints.simplex": [SHARES],
    "constraints.square": [SYMMETRIC, VECTOR],
    "constraints.stack([constraints.positive, constraints.real], dim=0)": [NUMBERS],
    "constraints.symmetric": [SYMMETRIC, TRIANGLE, VECTOR],
    "constraints.unit_interval": [NUMBERS],
}


def observe_transform(torch, row, dtype="float32"):
    """Where a transform takes a value and how it comes back."""
    see = Observer(torch, dtype)
    t = see.make(row)
    x = see._constant(TRANSFORMS[row]).requires_grad_()
    y = t(x)
    seen = {
        "repr": repr(t),
        "spaces": see.seen(lambda: [t.domain, t.codomain, t.bijective]),
        "sign": see.seen(lambda: t.sign),
        "event_dim": see.seen(lambda: t.event_dim),
        "shapes": see.seen(lambda: [t.forward_shape(x.shape), t.inverse_shape(y.shape)]),
        "call": see.seen(lambda: see.gradients(t(x), x)),
        "inverse": see.seen(lambda: see.gradients(t.inv(y.detach().requires_grad_()))),
        "log_abs_det_jacobian": see.seen(lambda: see.gradients(t.log_abs_det_jacobian(x, t(x)), x)),
        "inverse of the inverse": str([t.inv.inv is t, t.inv(y) is x, repr(t.inv)]),
        "equality": str([t == t, t == see.make(row), t == torch.distributions.ExpTransform(), t != t.inv]),
        "cached": see.seen(lambda: [repr(t.with_cache(1)), t.with_cache(1)._cache_size, t.with_cache(0)._cache_size]),
        "too few dimensions": see.seen(lambda: t.forward_shape(())),
        "0-dim": see.seen(lambda: t(torch.ones((), dtype=see.dtype))),
    }
    return seen


def observe_constraint(torch, row, dtype="float32"):
    """What a constraint says of values, and the transforms that lead to it."""
    see = Observer(torch, dtype)
    constraint = see.make(row)
    seen = {
        "repr": see.seen(lambda: [repr(constraint), torch.distributions.constraints.is_dependent(constraint)]),
        "kind": see.seen(lambda: [constraint.is_discrete, constraint.event_dim]),
    }
    for number, values in enumerate(CONSTRAINTS[row]):
        seen[f"check {number}"] = see.seen(lambda values=values: constraint.check(see._constant(values)))
    x = see._constant(VECTOR if constraint.__class__.__name__ in FLAT else MATRIX)
    for name in ("biject_to", "transform_to"):
        registry = getattr(torch.distributions, name)
        seen[name] = see.seen(lambda registry=registry: [repr(registry(constraint)), registry(constraint)(x)])
    return seen


FLAT = ("_Cat", "_CorrCholesky", "_Simplex")


def quietly(observe, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return observe(*arguments)
