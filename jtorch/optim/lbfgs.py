"""L-BFGS."""

import jtorch
from jtorch.optim._options import check_lr
from jtorch.optim.optimizer import Optimizer

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Quasi-Newton steps from the last `history_size` changes of the gradient (Nocedal, 1980; Liu and Nocedal, 1989).

    `step` needs a closure that computes the loss and its gradients; it is called up to `max_eval` times per step. All
    parameters form one group. `line_search_fn` is None or "strong_wolfe".

    >>> import jtorch as torch
    >>> x = torch.nn.Parameter(torch.tensor([3.0, -2.0]))
    >>> optimizer = torch.optim.LBFGS([x], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((x - 1.0) ** 2).sum()
    ...     loss.backward()
    ...     return loss
    >>> _ = optimizer.step(closure)
    >>> bool((x - 1.0).abs().max() < 1e-5)
    True
    """

    def __init__(
        self,
        params,
        lr=1,
        max_iter=20,
        max_eval=None,
        tolerance_grad=1e-7,
        tolerance_change=1e-9,
        history_size=100,
        line_search_fn=None,
    ):
        check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]
        self._numel_cache = None

    def _numel(self):
        if self._numel_cache is None:
            self._numel_cache = sum(p.numel() * (2 if p.is_complex() else 1) for p in self._params)
        return self._numel_cache

    def _gather_flat_grad(self):
        """All gradients as one real vector; zeros where there is none."""
        pieces = []
        for param in self._params:
            grad = jtorch.zeros_like(param) if param.grad is None else param.grad
            if grad.is_sparse:
                grad = grad.to_dense()
            piece = grad.reshape(-1)
            pieces.append(jtorch.view_as_real(piece).reshape(-1) if piece.is_complex() else piece)
        return jtorch.cat(pieces, 0)

    def _add_grad(self, step_size, update):
        start = 0
        for param in self._params:
            real = jtorch.view_as_real(param) if param.is_complex() else param
            end = start + real.numel()
            real.add_(update[start:end].view_as(real), alpha=float(step_size))
            start = end
        if start != self._numel():
            raise AssertionError(f"Expected offset {start} to equal {self._numel()}")

    def _evaluate(self, closure, origin, step_size, direction):
        """Loss and gradient a step away from `origin`, where the parameters are left."""
        self._add_grad(step_size, direction)
        loss = float(closure())
        gradient = self._gather_flat_grad()
        for param, value in zip(self._params, origin, strict=True):
            param.copy_(value)
        return loss, gradient

    def step(self, closure):
        """Up to `max_iter` iterations; returns the loss at the start."""
        with jtorch.no_grad():
            return self._iterate(jtorch.enable_grad()(closure))

    def _iterate(self, closure):
        group = self.param_groups[0]
        lr = group["lr"]
        max_iter, max_eval = group["max_iter"], group["max_eval"]
        tolerance_change = group["tolerance_change"]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        # The state of all parameters is kept with the first, as in torch.
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = closure()
        loss = float(first_loss)
        evaluations = 1
        state["func_evals"] += 1
        gradient = self._gather_flat_grad()
        if _largest(gradient) <= group["tolerance_grad"]:
            return first_loss

        memory = _Memory(state, group["history_size"])
        step_size, previous_loss = state.get("t"), state.get("prev_loss")
        iteration = 0
        while iteration < max_iter:
            iteration += 1
            state["n_iter"] += 1
            fresh = state["n_iter"] == 1
            memory.update(gradient, step_size, fresh)
            direction = memory.direction
            previous_loss = loss
            step_size = min(1.0, 1.0 / gradient.abs().sum()) * lr if fresh else lr
            slope = gradient.dot(direction)
            if slope > -tolerance_change:
                break

            evaluations_here = 0
            if group["line_search_fn"] is not None:
                origin = [p.clone(memory_format=jtorch.contiguous_format) for p in self._params]
                loss, gradient, step_size, evaluations_here = _strong_wolfe(
                    lambda t, d=direction, x=origin: self._evaluate(closure, x, t, d),
                    step_size,
                    direction,
                    loss,
                    gradient,
                    slope,
                    tolerance_change=tolerance_change,
                    max_iterations=max_eval - evaluations,
                )
                self._add_grad(step_size, direction)
            else:
                self._add_grad(step_size, direction)
                # After the last iteration nobody would look at the gradient.
                if iteration != max_iter:
                    loss = float(closure())
                    gradient = self._gather_flat_grad()
                    evaluations_here = 1
            flat = _largest(gradient) <= group["tolerance_grad"]
            evaluations += evaluations_here
            state["func_evals"] += evaluations_here
            if (
                iteration == max_iter
                or evaluations >= max_eval
                or flat
                or _largest(direction.mul(step_size)) <= tolerance_change
                or abs(loss - previous_loss) < tolerance_change
            ):
                break

        memory.store(state, step_size)
        state["prev_loss"] = previous_loss
        return first_loss


def _largest(vector):
    return vector.abs().max()


class _Memory:
    """The last changes of parameters and gradient, and the direction they give: the two-loop recursion."""

    def __init__(self, state, size):
        self.size = size
        self.direction = state.get("d")
        self.gradient_changes = state.get("old_dirs")
        self.parameter_changes = state.get("old_stps")
        self.inverse_curvatures = state.get("ro")
        self.scale = state.get("H_diag")
        self.previous_gradient = state.get("prev_flat_grad")
        self.weights = state.get("al")

    def update(self, gradient, step_size, fresh):
        """Note the last step, and set `direction` for a gradient."""
        if fresh:
            self.direction = gradient.neg()
            self.gradient_changes, self.parameter_changes, self.inverse_curvatures = [], [], []
            self.scale = 1
        else:
            self._note(gradient.sub(self.previous_gradient), self.direction.mul(step_size))
            self.direction = self._two_loops(gradient)
        if self.previous_gradient is None:
            self.previous_gradient = gradient.clone(memory_format=jtorch.contiguous_format)
        else:
            self.previous_gradient.copy_(gradient)

    def _note(self, gradient_change, parameter_change):
        curvature = gradient_change.dot(parameter_change)
        # Only a positive curvature keeps the approximation positive definite.
        if curvature > 1e-10:
            if len(self.gradient_changes) == self.size:
                for history in (self.gradient_changes, self.parameter_changes, self.inverse_curvatures):
                    history.pop(0)
            self.gradient_changes.append(gradient_change)
            self.parameter_changes.append(parameter_change)
            self.inverse_curvatures.append(1.0 / curvature)
            self.scale = curvature / gradient_change.dot(gradient_change)

    def _two_loops(self, gradient):
        if self.weights is None:
            self.weights = [None] * self.size
        history = list(zip(self.gradient_changes, self.parameter_changes, self.inverse_curvatures, strict=True))
        q = gradient.neg()
        for i in range(len(history) - 1, -1, -1):
            y, s, rho = history[i]
            self.weights[i] = s.dot(q) * rho
            q.add_(y * -self.weights[i])
        r = q * self.scale
        for i, (y, s, rho) in enumerate(history):
            r.add_(s * (self.weights[i] - y.dot(r) * rho))
        return r

    def store(self, state, step_size):
        if self.weights is not None:
            state["al"] = self.weights
        state["d"] = self.direction
        state["t"] = step_size
        state["old_dirs"] = self.gradient_changes
        state["old_stps"] = self.parameter_changes
        state["ro"] = self.inverse_curvatures
        state["H_diag"] = self.scale
        state["prev_flat_grad"] = self.previous_gradient


def _cubic_minimum(x1, f1, g1, x2, f2, g2, bounds=None):
    """The minimum of the cubic through two points with two slopes, within bounds (Nocedal and Wright, eq. 3.59)."""
    low, high = bounds if bounds is not None else (min(x1, x2), max(x1, x2))
    if x1 > x2:
        x1, f1, g1, x2, f2, g2 = x2, f2, g2, x1, f1, g1
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1**2 - g1 * g2
    if square < 0:
        return (low + high) / 2.0
    d2 = square**0.5
    return min(max(x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2)), low), high)


def _strong_wolfe(evaluate, t, d, f, g, slope, c1=1e-4, c2=0.9, tolerance_change=1e-9, max_iterations=25):
    """A step size with enough decrease and a flat enough slope (Nocedal and Wright, algorithms 3.5 and 3.6).

    Returns loss, gradient, step size and the number of evaluations.
    """
    slope = float(slope)
    d_norm = float(_largest(d))
    # A point is (step size, loss, gradient, slope along d).
    start = (0, f, g.clone(memory_format=jtorch.contiguous_format), slope)
    evaluations = 0

    def look(t):
        nonlocal evaluations
        evaluations += 1
        loss, gradient = evaluate(t)
        return t, loss, gradient, float(gradient.dot(d))

    before, point = start, look(t)
    bracket = None
    iterations = 0
    while iterations < max_iterations:
        t, loss, _, along = point
        if loss > f + c1 * t * slope or (iterations > 1 and loss >= before[1]):
            bracket = [before, point]
            break
        if abs(along) <= -c2 * slope:
            return loss, point[2], t, evaluations
        if along >= 0:
            bracket = [before, point]
            break
        bounds = (t + 0.01 * (t - before[0]), t * 10)
        following = _cubic_minimum(before[0], before[1], before[3], t, loss, along, bounds)
        before, point = point, look(following)
        iterations += 1
    if bracket is None:
        bracket = [start, point]

    # The zoom phase: shrink the bracket around its better end.
    stalled = False
    low, high = (0, 1) if bracket[0][1] <= bracket[1][1] else (1, 0)
    while iterations < max_iterations:
        (x1, f1, _, g1), (x2, f2, _, g2) = bracket
        if abs(x2 - x1) * d_norm < tolerance_change:
            break
        t = _cubic_minimum(x1, f1, g1, x2, f2, g2)
        # Twice too near an end (or outside): take a point a tenth of the width from it.
        left, right = min(x1, x2), max(x1, x2)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            if stalled or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                stalled = False
            else:
                stalled = True
        else:
            stalled = False
        point = look(t)
        iterations += 1
        _, loss, _, along = point
        if loss > f + c1 * t * slope or loss >= bracket[low][1]:
            bracket[high] = point
            low, high = (0, 1) if bracket[0][1] <= bracket[1][1] else (1, 0)
            continue
        done = abs(along) <= -c2 * slope
        if not done and along * (bracket[high][0] - bracket[low][0]) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = point
        if done:
            break
    t, loss, gradient, _ = bracket[low]
    return loss, gradient, t, evaluations
