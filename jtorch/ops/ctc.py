"""Connectionist temporal classification (Graves et al. 2006)."""

import jax
import jax.numpy as jnp

from .kinds import is_floating, not_implemented
from .registry import Array, op


@op(
    "ctc_loss_",
    variants="",
    promote="none",
    node=lambda statics: "Where" if statics["zero_infinity"] else "CtcLoss",
    residuals=1,
)
def ctc_loss(
    log_probs: Array, targets: Array, input_lengths: Array, target_lengths: Array, blank, width, zero_infinity
):
    """Negative log likelihood of targets under log probabilities (T, N, C), per sample.

    Targets are (N, S), or in one dimension one after the other, none longer than `width`. The forward algorithm (eq. 6 to 8) in log space:
    states are the labels with a blank before, between and after. The residual is log alpha (T, N, states), each time's largest moved
    to 0 (what section 4.1 does by its C): the gradient needs the states' shares alone, and far from 0 would lose digits.
    """
    if not is_floating(log_probs):
        raise not_implemented("ctc_loss_cpu", log_probs)
    states = _states(targets, target_lengths, blank, width)
    emission = _emission(log_probs, states)
    alpha, moved = _forward(emission, _skips(states, blank), target_lengths)
    last = jnp.maximum(input_lengths - 1, 0)
    loss = -(_at(moved[:, :, None], last)[:, 0] + _ending(_at(alpha, last), target_lengths))
    loss = jnp.where((input_lengths == 0) & (target_lengths == 0), jnp.zeros((), loss.dtype), loss)
    if zero_infinity:
        loss = jnp.where(jnp.isinf(loss), jnp.zeros((), loss.dtype), loss)
    return loss, alpha


def _states(targets, lengths, blank, width):
    """Labels with blanks between (N, 2 width + 1); blanks too beyond the end of a target."""
    place = jnp.arange(width)
    if targets.ndim == 1:
        start = jnp.cumsum(lengths) - lengths
        targets = jnp.take(targets, start[:, None] + place, mode="clip")
    labels = jnp.where(place < lengths[:, None], targets[:, :width], blank).astype(jnp.int64)
    states = jnp.full((labels.shape[0], 2 * width + 1), blank, labels.dtype)
    return states.at[:, 1::2].set(labels)


def _emission(log_probs, states):
    """Log probability of each state at each time."""
    return jnp.take_along_axis(log_probs, jnp.broadcast_to(states, (log_probs.shape[0], *states.shape)), axis=2)


def _skips(states, blank):
    """Whether a state may follow the one before the last: it is a label other than that one."""
    may = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])
    return jnp.concatenate([jnp.zeros((states.shape[0], 2), bool), may], axis=1)


def _at(x, times):
    """Each sample at a time of its own: (T, N, ...) at (N,)."""
    return jnp.take_along_axis(x, times[None, :, None], 0)[0]


def _centred(x):
    """Log probabilities (N, states) with the largest of each sample at 0, and how far they were moved (N,)."""
    largest = jax.lax.stop_gradient(jnp.max(x, axis=1))
    largest = jnp.where(jnp.isneginf(largest), 0, largest)
    return x - largest[:, None], largest


def _shifted(x, places, low):
    """The states before: (N, states) moved right."""
    return jnp.concatenate([jnp.full((x.shape[0], places), low), x[:, :-places]], axis=1)[:, : x.shape[1]]


def _step(before, now, skip):
    low = jnp.asarray(-jnp.inf, now.dtype)
    reached = jnp.logaddexp(before, _shifted(before, 1, low))
    return jnp.logaddexp(reached, jnp.where(skip, _shifted(before, 2, low), low)) + now


def _forward(emission, skip, target_lengths):
    position = jnp.arange(emission.shape[2])
    starts = (position < 2) & (position < 2 * target_lengths[:, None] + 1)
    first = _centred(jnp.where(starts, emission[0], -jnp.inf))

    def advance(before, now):
        alpha, moved = _centred(_step(before[0], now, skip))
        after = alpha, before[1] + moved
        return after, after

    _, rest = jax.lax.scan(advance, first, emission[1:])
    return tuple(jnp.concatenate([start[None], later]) for start, later in zip(first, rest, strict=True))


def _ending(alpha, target_lengths):
    """Log probability of having ended: in the last label or the blank after it."""
    end = 2 * target_lengths[:, None]
    last = jnp.take_along_axis(alpha, end, 1)[:, 0]
    before = jnp.take_along_axis(alpha, jnp.maximum(end - 1, 0), 1)[:, 0]
    return jnp.logaddexp(last, jnp.where(target_lengths > 0, before, -jnp.inf))


def _backward(emission, states, blank, input_lengths, target_lengths):
    """Log probability of the rest from each state on, its own emission included (eq. 9 to 11), each time's largest moved to 0."""
    steps, batch, count = emission.shape
    position = jnp.arange(count)
    end = 2 * target_lengths[:, None]
    ends = (position == end) | ((position == end - 1) & (target_lengths[:, None] > 0))
    # Reversed in time and in states the step is that of the forward pass; where it may skip is asked of the state skipped to.
    skip = jnp.concatenate([_skips(states, blank)[:, 2:], jnp.zeros((batch, 2), bool)], axis=1)[:, ::-1]

    def retreat(beta, given):
        t, now = given
        earlier = _step(beta, now[:, ::-1], skip)
        last = jnp.where(ends[:, ::-1], now[:, ::-1], -jnp.inf)
        at_end = (t == input_lengths - 1)[:, None]
        beta = jnp.where(at_end, last, jnp.where((t < input_lengths - 1)[:, None], earlier, -jnp.inf))
        beta, _ = _centred(beta)
        return beta, beta

    start = jnp.full((batch, count), -jnp.inf, emission.dtype)
    _, beta = jax.lax.scan(retreat, start, (jnp.arange(steps), emission), reverse=True)
    return beta[:, :, ::-1]


@ctc_loss.backward
def _(grad, log_probs, targets, input_lengths, target_lengths, blank, width, zero_infinity, result, residuals):
    return (
        _gradient(blank, width, zero_infinity, grad, log_probs, targets, input_lengths, target_lengths, residuals[0]),
        None,
        None,
        None,
    )


def _gradient(blank, width, zero_infinity, grad, log_probs, targets, input_lengths, target_lengths, alpha):
    """With respect to what the log softmax was taken of (eq. 16): torch counts the softmax in, and its own gradient then changes nothing."""
    steps, _, classes = log_probs.shape
    states = _states(targets, target_lengths, blank, width)
    emission = _emission(log_probs, states)
    beta = _backward(emission, states, blank, input_lengths, target_lengths)
    final = _at(alpha, jnp.maximum(input_lengths - 1, 0))
    impossible = jnp.isneginf(_ending(final, target_lengths))
    # The states' shares of each time, which add up to 1: the emission is in both, and counts once.
    joint = jnp.where(jnp.isneginf(alpha) | jnp.isneginf(beta), -jnp.inf, alpha + beta - emission)
    weight = jax.nn.softmax(joint, axis=2, where=~jnp.isneginf(joint))
    row = jnp.arange(states.shape[0])[:, None]
    share = jnp.zeros(log_probs.shape, log_probs.dtype).at[:, row, states].add(weight)
    slope = jnp.exp(log_probs) - share
    slope = jnp.where(impossible[:, None], 0.0 if zero_infinity else jnp.nan, slope)
    inside = (jnp.arange(steps)[:, None] < input_lengths)[:, :, None]
    return jnp.where(inside, slope * grad[:, None], 0).astype(log_probs.dtype)


# Torch refuses a second gradient; without this, one would come out that leaves alpha out.
_gradient = jax.custom_jvp(_gradient, nondiff_argnums=(0, 1, 2))


@_gradient.defjvp
def _(blank, width, zero_infinity, primals, tangents):
    raise NotImplementedError("the derivative for '_ctc_loss_backward' is not implemented.")
