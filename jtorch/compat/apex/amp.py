"""apex.amp: mixed precision by `initialize` and `scale_loss`, on top of `torch.autocast`."""

import contextlib
import functools

import jtorch

__all__ = ["initialize", "load_state_dict", "master_params", "scale_loss", "state_dict"]

_GROWTH_INTERVAL = 2000


class _Scale:
    """The factor of a loss: doubled after so many steps, halved when gradients overflow. 1 where nothing is of float16."""

    def __init__(self, value: float, dynamic: bool):
        self.value, self.dynamic, self.good = value, dynamic, 0
        self.overflowed = False

    def update(self) -> None:
        if not self.dynamic:
            return
        self.good = 0 if self.overflowed else self.good + 1
        if self.overflowed:
            self.value /= 2
        elif self.good == _GROWTH_INTERVAL:
            self.value, self.good = self.value * 2, 0


_scales: list[_Scale] = []


def initialize(models, optimizers=None, enabled: bool = True, opt_level: str = "O1", loss_scale=None, num_losses: int = 1, verbosity: int = 1, **options):  # fmt: skip
    """Let models run under `torch.autocast` (O1, the default) or as they are (O0); returns what was given.

    The levels O2 and O3, which keep weights in float16, are not there.
    """
    if opt_level not in ("O0", "O1"):
        raise NotImplementedError(
            f"apex.amp opt_level {opt_level} is not supported by jtorch; use 'O1', or model.half() and torch.amp.GradScaler"
        )
    rows = models if isinstance(models, (list, tuple)) else [models]
    device = next((p.device.type for model in rows for p in model.parameters()), "cpu")
    cast = enabled and opt_level == "O1"
    dynamic = loss_scale in (None, "dynamic")
    scaled = cast and device == "cuda"
    _scales.clear()
    _scales.append(_Scale((2.0**16 if dynamic else float(loss_scale)) if scaled else 1.0, dynamic and scaled))
    if cast:
        for model in rows:
            model.forward = _autocast(model.forward, device)
    for optimizer in (
        () if optimizers is None else optimizers if isinstance(optimizers, (list, tuple)) else [optimizers]
    ):
        optimizer.step = _guarded(optimizer.step)
    return models if optimizers is None else (models, optimizers)


def _autocast(forward, device: str):
    @functools.wraps(forward)
    def run(*args, **kwargs):
        with jtorch.autocast(device):
            return _floats(forward(*args, **kwargs))

    return run


def _floats(value):
    """Results are of float32, as losses want them."""
    if isinstance(value, jtorch.Tensor):
        return value.float() if value.dtype in (jtorch.float16, jtorch.bfloat16) else value
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(map(_floats, value))
    if isinstance(value, dict):
        return type(value)((key, _floats(each)) for key, each in value.items())
    return value


def _guarded(step):
    """A step that is left out when gradients have overflowed."""

    @functools.wraps(step)
    def run(*args, **kwargs):
        scale = _scales[0]
        overflowed = scale.overflowed
        scale.update()
        scale.overflowed = False
        return None if overflowed else step(*args, **kwargs)

    return run


@contextlib.contextmanager
def scale_loss(
    loss, optimizers, loss_id: int = 0, model=None, delay_unscale: bool = False, delay_overflow_check: bool = False
):
    """Block in which the loss, scaled, is to be differentiated; behind it gradients have their own size."""
    if not _scales:
        raise RuntimeError(
            "Invoked 'with amp.scale_loss', but amp.initialize has not been called. Call amp.initialize first."
        )
    scale = _scales[0]
    if scale.value == 1.0:
        yield loss
        return
    parameters = list(master_params(optimizers))
    before = [p.grad for p in parameters]
    for p in parameters:
        p.grad = None
    yield loss.float() * scale.value
    for p, old in zip(parameters, before, strict=True):
        if p.grad is not None:
            p.grad.div_(scale.value)
            scale.overflowed = scale.overflowed or not bool(p.grad.isfinite().all())
        if old is not None:
            p.grad = old if p.grad is None else p.grad.add_(old)


def master_params(optimizer):
    """The parameters that optimizers step."""
    for each in optimizer if isinstance(optimizer, (list, tuple)) else [optimizer]:
        for group in each.param_groups:
            yield from group["params"]


def state_dict() -> dict:
    """The loss scales."""
    return {f"loss_scaler{i}": {"loss_scale": s.value, "unskipped": s.good} for i, s in enumerate(_scales)}


def load_state_dict(state: dict) -> None:
    for i, scale in enumerate(_scales):
        found = state[f"loss_scaler{i}"]
        scale.value, scale.good = found["loss_scale"], found["unskipped"]
