"""The update rules of the optimizers, one parameter at a time, and their lifting to all parameters of a group.

A rule is `rule(m, param, grad, *states, **numbers, **switches) -> (param, *states)`. The numbers (learning rate,
betas, ...) come as 0-dim float64 arrays, the switches are Python values that choose what is computed. Scalars are
combined in float64, as torch combines Python floats, and rounded to the parameter's dtype where torch hands them to a
tensor operation; `m` is the vocabulary of those operations. `ArrayMaths` is the one for jax arrays; the optimizers have
another for tensors, which their `differentiable=True` records in the autograd graph.
"""

import functools

import jax.numpy as jnp
from jax import lax


class ArrayMaths:
    """torch's tensor operations on jax arrays, each rounding once.

    Half-precision operands are computed in float32, as torch's CPU kernels do; scalars take the dtype computed in. One object serves one update: it
    remembers the step counts it advanced, so that parameters which share one go on sharing it.
    """

    def __init__(self):
        self._advanced = {}

    @staticmethod
    def _wide(x):
        return x.astype(jnp.float32) if x.dtype in (jnp.float16, jnp.bfloat16) else x

    def _run(self, fn, tensors, scalars=()):
        wide = [self._wide(t) for t in tensors]
        scalars = [jnp.asarray(s).astype(wide[0].dtype) for s in scalars]
        return fn(*wide, *scalars).astype(tensors[0].dtype)

    def add(self, x, y, alpha):
        """x + alpha y."""
        return self._run(lambda x, y, a: x + a * y, (x, y), (alpha,))

    def add_scalar(self, x, s):
        return self._run(lambda x, s: x + s, (x,), (s,))

    def sub(self, x, y):
        return x - y

    def mul(self, x, y):
        return x * y

    def scale(self, x, s):
        return self._run(lambda x, s: x * s, (x,), (s,))

    def divide(self, x, s):
        return self._run(lambda x, s: x / s, (x,), (s,))

    def over(self, x, y):
        """x / y."""
        return self._run(lambda x, y: x / y, (x, y))

    def under(self, s, x):
        """s / x."""
        return self._run(lambda x, s: s / x, (x,), (s,))

    def lerp(self, x, y, weight):
        """x + weight (y - x), from whichever end is nearer."""

        def interpolate(x, y, w):
            return jnp.where(jnp.abs(w) < 0.5, x + w * (y - x), y - (y - x) * (1 - w))

        return self._run(interpolate, (x, y), (weight,))

    def addcmul(self, x, y, z, value):
        """x + value y z."""
        return self._run(lambda x, y, z, v: x + v * y * z, (x, y, z), (value,))

    def addcdiv(self, x, y, z, value):
        """x + value y / z."""
        return self._run(lambda x, y, z, v: x + v * y / z, (x, y, z), (value,))

    def power(self, s, exponent):
        """Of two scalars; the exponent may be a step count of lower precision."""
        return jnp.power(s, self.number(exponent))

    def root(self, s):
        """Square root of a scalar."""
        return jnp.sqrt(s)

    def number(self, tensor):
        """The value of a 0-dim tensor as a scalar."""
        return tensor.astype(jnp.float64)

    def advance(self, step):
        """A step count plus one."""
        if id(step) not in self._advanced:
            self._advanced[id(step)] = (step, step + jnp.ones((), step.dtype))
        return self._advanced[id(step)][1]

    def put(self, tensor, s):
        """A scalar in the dtype of a 0-dim tensor."""
        return jnp.asarray(s).astype(tensor.dtype)

    def largest(self, s, t):
        """The larger of two scalars."""
        return jnp.maximum(s, t)

    def sqrt(self, x):
        return self._run(jnp.sqrt, (x,))

    zero = staticmethod(jnp.zeros_like)
    neg = staticmethod(jnp.negative)
    sign = staticmethod(jnp.sign)
    abs = staticmethod(jnp.abs)
    maximum = staticmethod(jnp.maximum)
    where = staticmethod(jnp.where)

    def clamp(self, x, low, high):
        return self._run(lambda x, low, high: jnp.minimum(jnp.maximum(x, low), high), (x,), (low, high))

    @staticmethod
    def is_complex(x):
        return jnp.issubdtype(x.dtype, jnp.complexfloating)

    @staticmethod
    def as_real(x):
        return jnp.stack([x.real, x.imag], axis=-1)

    @staticmethod
    def as_complex(x):
        return lax.complex(x[..., 0], x[..., 1])


def apply_rule(m, rule, param, grad, states, settings):
    """A rule on one parameter; complex ones are updated as pairs of reals, as torch does."""
    if not m.is_complex(param):
        return rule(m, param, grad, *states, **settings)
    pairs = [m.as_real(x) if m.is_complex(x) else x for x in (param, grad, *states)]
    results = rule(m, *pairs, **settings)
    complex_ones = [param, *states]
    return tuple(m.as_complex(r) if m.is_complex(x) else r for x, r in zip(complex_ones, results, strict=True))


@functools.cache
def for_all(rule):
    """The rule lifted to lists: `update(params, *states, grads, **settings) -> (params, *states)`."""

    @functools.wraps(rule)
    def update(params, *lists, **settings):
        *states, grads = lists
        maths = ArrayMaths()
        rows = zip(params, grads, *states, strict=True)
        results = [apply_rule(maths, rule, p, g, s, settings) for p, g, *s in rows]
        return tuple(list(column) for column in zip(*results, strict=True))

    return update


def count_steps(steps):
    """Every step count plus one, where they live on another device than the parameters."""
    maths = ArrayMaths()
    return ([maths.advance(step) for step in steps],)


def _gradient(m, param, grad, weight_decay, decays, maximize):
    """The gradient as the rules want it: of a minimisation, with the L2 penalty's."""
    if maximize:
        grad = m.neg(grad)
    return m.add(grad, param, weight_decay) if decays else grad


def sgd(m, param, grad, *momentum_buffer, lr, momentum, dampening, weight_decay, decays, nesterov, maximize):
    """Stochastic gradient descent."""
    grad = _gradient(m, param, grad, weight_decay, decays, maximize)
    if not momentum_buffer:
        return (m.add(param, grad, -lr),)
    buffer = m.add(m.scale(momentum_buffer[0], momentum), grad, 1 - dampening)
    direction = m.add(grad, buffer, momentum) if nesterov else buffer
    return m.add(param, direction, -lr), buffer


def adam(
    m,
    param,
    grad,
    step,
    exp_avg,
    exp_avg_sq,
    *max_exp_avg_sq,
    lr,
    beta1,
    beta2,
    eps,
    weight_decay,
    decays,
    decoupled,
    maximize,
):
    """Adam (Kingma and Ba, 2014), AdamW (Loshchilov and Hutter, 2017) when `decoupled`, AMSGrad given a maximum."""
    step = m.advance(step)
    if decoupled and decays:
        param = m.scale(param, 1 - lr * weight_decay)
    grad = _gradient(m, param, grad, weight_decay, decays and not decoupled, maximize)
    exp_avg = m.lerp(exp_avg, grad, 1 - beta1)
    exp_avg_sq = m.addcmul(m.scale(exp_avg_sq, beta2), grad, grad, 1 - beta2)
    correction1 = 1 - m.power(beta1, step)
    correction2 = 1 - m.power(beta2, step)
    second_moment = exp_avg_sq
    if max_exp_avg_sq:
        max_exp_avg_sq = (m.maximum(max_exp_avg_sq[0], exp_avg_sq),)
        second_moment = max_exp_avg_sq[0]
    denominator = m.add_scalar(m.divide(m.sqrt(second_moment), m.root(correction2)), eps)
    param = m.addcdiv(param, exp_avg, denominator, -(lr / correction1))
    return param, step, exp_avg, exp_avg_sq, *max_exp_avg_sq


def rmsprop(
    m, param, grad, step, square_avg, *rest, lr, alpha, eps, momentum, weight_decay, decays, maximize, centered
):
    """RMSprop (Hinton, 2012); `rest` is the momentum buffer if there is one, then the mean gradient if `centered`."""
    step = m.advance(step)
    grad = _gradient(m, param, grad, weight_decay, decays, maximize)
    square_avg = m.addcmul(m.scale(square_avg, alpha), grad, grad, 1 - alpha)
    variance = square_avg
    buffers = rest[:-1] if centered else rest
    if centered:
        grad_avg = m.lerp(rest[-1], grad, 1 - alpha)
        variance = m.addcmul(square_avg, grad_avg, grad_avg, -1)
    scale = m.add_scalar(m.sqrt(variance), eps)
    if buffers:
        buffers = (m.addcdiv(m.scale(buffers[0], momentum), grad, scale, 1),)
        param = m.add(param, buffers[0], -lr)
    else:
        param = m.addcdiv(param, grad, scale, -lr)
    return param, step, square_avg, *buffers, *((grad_avg,) if centered else ())


def adagrad(m, param, grad, step, total, *, lr, lr_decay, eps, weight_decay, decays, maximize):
    """Adagrad (Duchi et al., 2011)."""
    step = m.advance(step)
    grad = _gradient(m, param, grad, weight_decay, decays, maximize)
    rate = lr / (1 + (m.number(step) - 1) * lr_decay)
    total = m.addcmul(total, grad, grad, 1)
    return m.addcdiv(param, grad, m.add_scalar(m.sqrt(total), eps), -rate), step, total


def adadelta(m, param, grad, step, square_avg, acc_delta, *, lr, rho, eps, weight_decay, decays, maximize):
    """Adadelta (Zeiler, 2012)."""
    step = m.advance(step)
    grad = _gradient(m, param, grad, weight_decay, decays, maximize)
    square_avg = m.addcmul(m.scale(square_avg, rho), grad, grad, 1 - rho)
    spread = m.sqrt(m.add_scalar(square_avg, eps))
    delta = m.mul(m.over(m.sqrt(m.add_scalar(acc_delta, eps)), spread), grad)
    acc_delta = m.addcmul(m.scale(acc_delta, rho), delta, delta, 1 - rho)
    return m.add(param, delta, -lr), step, square_avg, acc_delta


def adamax(m, param, grad, step, exp_avg, exp_inf, *, lr, beta1, beta2, eps, weight_decay, decays, maximize):
    """Adam with the infinity norm (Kingma and Ba, 2014, section 7.1)."""
    step = m.advance(step)
    grad = _gradient(m, param, grad, weight_decay, decays, maximize)
    exp_avg = m.lerp(exp_avg, grad, 1 - beta1)
    exp_inf = m.maximum(m.scale(exp_inf, beta2), m.add_scalar(m.abs(grad), eps))
    rate = lr / (1 - m.power(beta1, step))
    return m.addcdiv(param, exp_avg, exp_inf, -rate), step, exp_avg, exp_inf


def nadam(
    m,
    param,
    grad,
    step,
    mu_product,
    exp_avg,
    exp_avg_sq,
    *,
    lr,
    beta1,
    beta2,
    eps,
    weight_decay,
    momentum_decay,
    decays,
    decoupled,
    maximize,
):
    """Adam with Nesterov momentum (Dozat, 2016), the momentum rising along a schedule."""
    step = m.advance(step)
    count = m.number(step)
    if maximize:
        grad = m.neg(grad)
    if decays and decoupled:
        param = m.scale(param, 1 - lr * weight_decay)
    grad = _gradient(m, param, grad, weight_decay, decays and not decoupled, False)
    mu = beta1 * (1.0 - 0.5 * (0.96 ** (count * momentum_decay)))
    mu_next = beta1 * (1.0 - 0.5 * (0.96 ** ((count + 1) * momentum_decay)))
    mu_product = m.scale(mu_product, mu)
    product = m.number(mu_product)
    exp_avg = m.lerp(exp_avg, grad, 1 - beta1)
    exp_avg_sq = m.addcmul(m.scale(exp_avg_sq, beta2), grad, grad, 1 - beta2)
    scale = m.add_scalar(m.sqrt(m.divide(exp_avg_sq, 1 - m.power(beta2, step))), eps)
    param = m.addcdiv(param, grad, scale, -lr * (1.0 - mu) / (1.0 - product))
    param = m.addcdiv(param, exp_avg, scale, -lr * mu_next / (1.0 - product * mu_next))
    return param, step, mu_product, exp_avg, exp_avg_sq


def radam(
    m, param, grad, step, exp_avg, exp_avg_sq, *, lr, beta1, beta2, eps, weight_decay, decays, decoupled, maximize
):
    """Adam with a rectified learning rate (Liu et al., 2019): without the second moment while that is too uncertain."""
    step = m.advance(step)
    count = m.number(step)
    if maximize:
        grad = m.neg(grad)
    if decays and decoupled:
        param = m.scale(param, 1 - lr * weight_decay)
    grad = _gradient(m, param, grad, weight_decay, decays and not decoupled, False)
    exp_avg = m.lerp(exp_avg, grad, 1 - beta1)
    exp_avg_sq = m.addcmul(m.scale(exp_avg_sq, beta2), grad, grad, 1 - beta2)
    decayed = m.power(beta2, step)
    correction2 = 1 - decayed
    mean = m.scale(m.divide(exp_avg, 1 - m.power(beta1, step)), lr)
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * count * decayed / correction2
    # Below 5 the expression under the root may be negative; its value is then not used.
    under_root = (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)
    certain = rho > 5.0
    rectification = m.root(m.where(certain, under_root, 0.0 * rho))
    spread = m.add_scalar(m.sqrt(exp_avg_sq), eps)
    adapted = m.scale(m.mul(mean, m.under(m.root(correction2), spread)), rectification)
    return m.add(param, m.where(certain, adapted, mean), -1), step, exp_avg, exp_avg_sq


def asgd(m, param, grad, step, eta, mu, ax, *, lr, lambd, alpha, t0, weight_decay, decays, maximize):
    """Averaged gradient descent (Polyak and Juditsky, 1992); `ax` is the average of the parameters."""
    step = m.advance(step)
    count = m.number(step)
    grad = _gradient(m, param, grad, weight_decay, decays, maximize)
    rate = m.number(eta)
    param = m.add(m.scale(param, 1 - lambd * rate), grad, -rate)
    weight = m.number(mu)
    ax = m.where(weight != 1, m.add(ax, m.scale(m.sub(param, ax), weight), 1), param)
    eta = m.put(eta, lr / ((1 + lambd * lr * count) ** alpha))
    mu = m.put(mu, 1 / m.largest(1.0, count - t0))
    return param, step, eta, mu, ax


def rprop(m, param, grad, step, prev, step_size, *, etaminus, etaplus, step_size_min, step_size_max, maximize):
    """Resilient propagation (Riedmiller and Braun, 1993): steps that grow while the gradient keeps its sign."""
    step = m.advance(step)
    if maximize:
        grad = m.neg(grad)
    agreement = m.sign(m.mul(grad, prev))
    grown = m.scale(step_size, etaplus)
    shrunk = m.scale(step_size, etaminus)
    step_size = m.where(agreement > 0, grown, m.where(agreement < 0, shrunk, step_size))
    step_size = m.clamp(step_size, step_size_min, step_size_max)
    # After a change of sign the parameter waits, and the next gradient is compared with nothing.
    grad = m.where(agreement < 0, m.zero(grad), grad)
    return m.addcmul(param, m.sign(grad), step_size, -1), step, grad, step_size


def adafactor(
    m, param, grad, step, *variances, lr, beta2_decay, eps1, eps2, d, weight_decay, decays, maximize, default_eps1
):
    """Adafactor (Shazeer and Stern, 2018), the second moment of a matrix kept as a row and a column.

    On arrays only. The learning rate bounds the relative step, and scales the decoupled weight decay.
    """
    if maximize:
        grad = -grad
    if default_eps1:
        eps1 = jnp.finfo(param.dtype).eps
    step = m.advance(step)
    count = m.number(step)
    weight = jnp.power(count, beta2_decay)
    size = param.size**0.5
    relative = jnp.minimum(lr, 1 / jnp.sqrt(count))
    rate = jnp.maximum(eps2, m.number(_norm(param)) / size) * relative
    if decays:
        param = m.scale(param, 1 - lr * weight_decay)
    if grad.ndim > 1:
        row, column = variances
        row = m.lerp(row, _mean_square(m, grad, -1), weight)
        column = m.lerp(column, _mean_square(m, grad, -2), weight)
        mean = m.clamp(jnp.mean(row, axis=-2, keepdims=True), eps1, jnp.inf)
        estimate = (row @ column) / mean
        variances = (row, column)
    else:
        estimate = m.lerp(variances[0], grad * grad, weight)
        variances = (estimate,)
    update = lax.rsqrt(m.clamp(estimate, eps1 * eps1, jnp.inf)) * grad
    clipping = jnp.maximum(1.0, m.number(_norm(update)) / (size * d))
    return m.add(param, update, -rate / clipping), step, *variances


def _norm(x):
    return jnp.sqrt(jnp.sum(x * x))


def _mean_square(m, x, axis):
    norm = jnp.sqrt(jnp.sum(x * x, axis=axis, keepdims=True))
    return m.divide(norm * norm, x.shape[axis])


def muon(
    m,
    param,
    grad,
    buffer,
    *,
    lr,
    momentum,
    weight_decay,
    eps,
    nesterov,
    coefficients,
    iterations,
    lr_factor,
):
    """Muon (Jordan et al., 2024): momentum whose matrix is made orthogonal by a Newton-Schulz iteration in bfloat16.

    On arrays only.
    """
    buffer = m.lerp(buffer, grad, 1 - momentum)
    update = m.lerp(grad, buffer, momentum) if nesterov else buffer
    a, b, c = coefficients
    x = update.astype(jnp.bfloat16)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / jnp.maximum(_norm(x.astype(jnp.float32)).astype(jnp.bfloat16), eps.astype(jnp.bfloat16))
    for _ in range(iterations):
        gram = x @ x.T
        x = _round(a * _wide(x) + _wide(_round(b * _wide(gram) + c * (_wide(gram) @ _wide(gram)))) @ _wide(x))
    x = x.T if tall else x
    param = m.scale(param, 1 - lr * weight_decay)
    return m.add(param, x.astype(param.dtype), -(lr * lr_factor)), buffer


def _wide(x):
    return x.astype(jnp.float32)


def _round(x):
    return x.astype(jnp.bfloat16)
