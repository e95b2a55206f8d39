"""Gradient scaling: losses are multiplied so that small float16 gradients do not vanish; gradients are divided again before the step."""

import inspect
import warnings
from collections import abc, defaultdict
from enum import Enum

import jtorch
from jtorch.autograd.mode import STATE
from jtorch.dispatch import apply_inplace_lists
from jtorch.ops import loss_scaling
from jtorch.tensor import Tensor

__all__ = ["GradScaler", "OptState"]


class OptState(Enum):
    """What has been done with an optimizer since the last update."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


def _fresh_state() -> dict:
    return {"stage": OptState.READY, "found_inf_per_device": {}}


class GradScaler:
    """Scales losses, skips steps whose gradients are not finite, and adapts the scale: it shrinks by `backoff_factor` after such a step and grows by
    `growth_factor` after `growth_interval` others.

    >>> import jtorch as torch
    >>> w = torch.ones(1, requires_grad=True); opt = torch.optim.SGD([w], lr=0.1)
    >>> scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    >>> scaler.scale((w * 2).sum()).backward(); w.grad
    tensor([16.])
    >>> scaler.step(opt); scaler.update(); w
    tensor([0.8000], requires_grad=True)
    """

    def __init__(self, device: str = "cuda", init_scale: float = 2.0**16, growth_factor: float = 2.0, backoff_factor: float = 0.5, growth_interval: int = 2000, enabled: bool = True):  # fmt: skip
        self._device, self._enabled = device, enabled
        if device == "cuda" and enabled and not jtorch.cuda.is_available():
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
                UserWarning,
                stacklevel=2,
            )
            self._enabled = False
        if self._enabled:
            if growth_factor <= 1.0:
                raise AssertionError("The growth factor must be > 1.0.")
            if backoff_factor >= 1.0:
                raise AssertionError("The backoff factor must be < 1.0.")
            self._init_scale, self._init_growth_tracker = init_scale, 0
            self._scale = self._growth_tracker = None
            self._growth_factor, self._backoff_factor, self._growth_interval = (
                growth_factor,
                backoff_factor,
                growth_interval,
            )
            self._per_optimizer_states = defaultdict(_fresh_state)

    def _started(self, function: str):
        """The scale and the count of good steps; torch's error before the first `scale`."""
        fix = "This may indicate your script did not use scaler.scale(loss or outputs) earlier in the iteration."
        for name in ("_scale", "_growth_tracker"):
            if getattr(self, name) is None:
                raise AssertionError(f"Attempted {function} but {name} is None.  {fix}")
        return self._scale, self._growth_tracker

    def _start(self, device) -> None:
        self._scale = jtorch.full((), self._init_scale, dtype=jtorch.float32, device=device)
        self._growth_tracker = jtorch.full((), self._init_growth_tracker, dtype=jtorch.int32, device=device)

    def scale(self, outputs):
        """A loss, or losses in lists, times the scale."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if self._scale is None:
                self._start(outputs.device)
            return outputs * self._scale.to(outputs.device)
        if isinstance(outputs, abc.Iterable):
            scaled = map(self.scale, outputs)
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def _unscale_grads_(self, optimizer, inv_scale, found_inf, allow_fp16: bool) -> dict:
        groups: dict = defaultdict(list)
        for group in optimizer.param_groups:
            for param in group["params"]:
                if param.grad is None:
                    continue
                if not allow_fp16 and param.grad.dtype is jtorch.float16:
                    raise ValueError("Attempting to unscale FP16 gradients.")
                grad = param.grad
                if grad.is_sparse:
                    # Their values are divided. Sums of float16 entries may overflow, so they are summed before one looks.
                    if grad.dtype is jtorch.float16:
                        grad = param.grad = grad.coalesce()
                    grad = grad._values()
                groups[grad.device, grad.dtype].append(grad)
        found: dict = {}
        with jtorch.no_grad():
            for (device, _), grads in groups.items():
                if device not in found:
                    found[device] = found_inf.to(device, copy=True)
                apply_inplace_lists(loss_scaling.unscale, [grads, [found[device]]], [[inv_scale.to(device)]], {}, {})
        return found

    def unscale_(self, optimizer) -> None:
        """Divide the gradients of an optimizer by the scale, so that they can be clipped or looked at before `step`."""
        if not self._enabled:
            return
        self._started("unscale_")
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] is OptState.UNSCALED:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        if state["stage"] is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        inverse = self._scale.double().reciprocal().float()
        nothing = jtorch.full((), 0.0, dtype=jtorch.float32, device=self._scale.device)
        state["found_inf_per_device"] = self._unscale_grads_(optimizer, inverse, nothing, False)
        state["stage"] = OptState.UNSCALED

    def step(self, optimizer, *args, **kwargs):
        """`optimizer.step()` on gradients without the scale, unless one of them is infinite or NaN."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._started("step")
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if getattr(optimizer, "_step_supports_amp_scaling", False):
            made = self._step_with_scale(optimizer, state, args, kwargs)
        else:
            if state["stage"] is OptState.READY:
                self.unscale_(optimizer)
            if not state["found_inf_per_device"]:
                raise AssertionError("No inf checks were recorded for this optimizer.")
            found = state["found_inf_per_device"].values()
            if STATE.capturing:
                made = _step_unless(found, optimizer, args, kwargs)
            else:
                made = None if sum(f.item() for f in found) else optimizer.step(*args, **kwargs)
        state["stage"] = OptState.STEPPED
        return made

    def _step_with_scale(self, optimizer, state, args, kwargs):
        """The step of an optimizer that divides by the scale itself: it finds it, and whether to skip, as its attributes."""
        if "grad_scaler" in inspect.signature(optimizer.step).parameters:
            warnings.warn(
                "GradScaler is going to stop passing itself as a keyword argument to the passed optimizer. In the near future GradScaler registers "
                "`grad_scale: Tensor` and `found_inf: Tensor` to the passed optimizer and let the optimizer use them directly.",
                FutureWarning,
                stacklevel=3,
            )
            return optimizer.step(*args, **kwargs, grad_scaler=self)
        if state["stage"] is OptState.READY:
            self._check_inf_per_device(optimizer)
        device = self._scale.device
        optimizer.grad_scale = None if state["stage"] is OptState.UNSCALED else self._scale
        optimizer.found_inf = sum(found.to(device) for found in state["found_inf_per_device"].values())
        try:
            return optimizer.step(*args, **kwargs)
        finally:
            del optimizer.grad_scale, optimizer.found_inf

    def update(self, new_scale=None) -> None:
        """Adapt the scale to what was found since the last update, or set it."""
        if not self._enabled:
            return
        scale, tracker = self._started("update")
        if new_scale is not None:
            self._set(new_scale)
        else:
            found = [
                f.to(scale.device)
                for state in self._per_optimizer_states.values()
                for f in state["found_inf_per_device"].values()
            ]
            if not found:
                raise AssertionError("No inf checks were recorded prior to update.")
            factors = {"growth_factor": float(self._growth_factor), "backoff_factor": float(self._backoff_factor), "growth_interval": int(self._growth_interval)}  # fmt: skip
            apply_inplace_lists(loss_scaling.adapt, [[scale], [tracker]], [[sum(found[1:], found[0])]], factors, {})
        self._per_optimizer_states.clear()

    def _set(self, new_scale) -> None:
        if isinstance(new_scale, float):
            self._scale.fill_(new_scale)
            return
        if new_scale.device.type != self._device or new_scale.numel() != 1 or new_scale.requires_grad:
            raise AssertionError(
                "new_scale should be a float or a 1-element torch.cuda.FloatTensor or torch.FloatTensor with requires_grad=False."
            )
        self._scale.copy_(new_scale)

    def _get_scale_async(self):
        return self._scale

    def get_scale(self) -> float:
        """The scale as a number; 1 where scaling is off."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else self._scale.item()

    def get_growth_factor(self) -> float:
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        self._growth_interval = new_interval

    def _get_growth_tracker(self) -> int:
        if not self._enabled:
            return 0
        return self._init_growth_tracker if self._growth_tracker is None else self._growth_tracker.item()

    def is_enabled(self) -> bool:
        return self._enabled

    def state_dict(self) -> dict:
        """The scale, the factors and the count of good steps; empty where scaling is off."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._get_growth_tracker(),
        }

    def load_state_dict(self, state_dict: dict) -> None:
        """Continue from a state given by `state_dict`."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        self._init_scale, self._init_growth_tracker = state_dict["scale"], state_dict["_growth_tracker"]
        if self._scale is not None:
            self._scale.fill_(state_dict["scale"])
        if self._growth_tracker is not None:
            self._growth_tracker.fill_(state_dict["_growth_tracker"])
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]

    def __getstate__(self):
        state = self.__dict__.copy()
        if self._enabled:
            if self._per_optimizer_states:
                raise AssertionError(
                    "A GradScaler instance may only be pickled at the beginning of an iteration, or at the end after scaler.update()."
                )
            state["_init_scale"], state["_init_growth_tracker"] = self.get_scale(), self._get_growth_tracker()
            state["_scale"] = state["_growth_tracker"] = None
        return state

    def _check_inf_per_device(self, optimizer) -> dict:
        scale, _ = self._started("_check_inf_per_device")
        one = jtorch.full((), 1.0, dtype=jtorch.float32, device=scale.device)
        nothing = jtorch.full((), 0.0, dtype=jtorch.float32, device=scale.device)
        found = self._unscale_grads_(optimizer, one, nothing, True)
        self._per_optimizer_states[id(optimizer)]["found_inf_per_device"] = found
        return found

    def _found_inf_per_device(self, optimizer) -> dict:
        return self._per_optimizer_states[id(optimizer)]["found_inf_per_device"]


def _step_unless(found, optimizer, args, kwargs):
    """The step of an optimizer as a captured program makes it, which cannot skip it: where something was found, what it wrote is put back."""
    written = []
    for group in optimizer.param_groups:
        for param in group["params"]:
            if param.grad is None:
                continue
            state = optimizer.state[param]
            if not state and optimizer._state_names(group):
                state.update(optimizer._new_state(group, param, param.grad))
            if state.get("momentum_buffer", param) is None:
                if group["dampening"]:
                    raise RuntimeError(
                        "GradScaler.step: in a captured function a first step with momentum and dampening cannot be skipped; call it once before it is captured"
                    )
                state["momentum_buffer"] = jtorch.zeros_like(param, requires_grad=False)
            written += [param, *(value for value in state.values() if isinstance(value, Tensor))]
    with jtorch.no_grad():
        before = [tensor.clone() for tensor in written]
        made = optimizer.step(*args, **kwargs)
        for tensor, old in zip(written, before, strict=True):
            bad = sum(f.to(tensor.device) for f in found) != 0
            tensor.copy_(jtorch.where(bad, old, tensor))
    return made
