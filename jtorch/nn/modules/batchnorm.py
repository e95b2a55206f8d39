"""Batch normalization."""

import jtorch
from jtorch.nn import functional as F
from jtorch.nn import init
from jtorch.nn.modules.lazy import LazyModuleMixin
from jtorch.nn.modules.module import Module
from jtorch.nn.parameter import Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
]


class _NormBase(Module):
    """The state of batch and instance normalization: an affine map and running statistics, both optional."""

    # Version 2 added num_batches_tracked.
    _version = 2
    __constants__ = ["track_running_stats", "momentum", "eps", "num_features", "affine"]
    # How many dimensions an input may have; None accepts any.
    _input_dims = None

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, present in (("weight", affine), ("bias", affine and bias)):
            if present:
                param = Parameter(jtorch.empty(num_features, device=device, dtype=dtype))
                self.register_parameter(name, param)
            else:
                self.register_parameter(name, None)
        running_mean = running_var = num_batches_tracked = None
        if track_running_stats:
            running_mean = jtorch.zeros(num_features, device=device, dtype=dtype)
            running_var = jtorch.ones(num_features, device=device, dtype=dtype)
            num_batches_tracked = jtorch.tensor(0, dtype=jtorch.long, device=device)
        self.register_buffer("running_mean", running_mean)
        self.register_buffer("running_var", running_var)
        self.register_buffer("num_batches_tracked", num_batches_tracked)
        self.reset_parameters()

    def reset_running_stats(self):
        """Mean 0, variance 1, no batches seen."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self):
        """Running statistics and affine map as at construction."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input):
        allowed = self._input_dims
        if allowed is None:
            raise NotImplementedError
        if input.dim() not in allowed:
            expected = " or ".join(f"{n}D" for n in allowed)
            raise ValueError(f"expected {expected} input (got {input.dim()}D input)")

    def extra_repr(self):
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        version = local_metadata.get("version", None)
        key = prefix + "num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            tracked = self.num_batches_tracked
            if tracked is None or tracked.is_meta:
                tracked = jtorch.tensor(0, dtype=jtorch.long)
            state_dict[key] = tracked
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


class _BatchNorm(_NormBase):
    def forward(self, input):
        self._check_input_dim(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                # A cumulative average: every batch weighs the same.
                momentum = 1.0 / float(self.num_batches_tracked)
        # The statistics are those of the batch in training, and also in evaluation when none were tracked. Running
        # ones are handed over when they are to be updated or used.
        from_batch = self.training or (self.running_mean is None and self.running_var is None)
        running = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if running else None,
            self.running_var if running else None,
            self.weight,
            self.bias,
            from_batch,
            momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Normalizes each channel over the batch: (N, C) or (N, C, L)."""

    _input_dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalizes each channel over batch and positions: (N, C, H, W).

    In training with the batch's mean and biased variance, and the running ones move by `momentum` towards its mean
    and unbiased variance (`momentum=None`: their plain average); in evaluation with the running ones.

    >>> import jtorch as torch
    >>> layer = torch.nn.BatchNorm2d(3)
    >>> _ = layer(torch.ones(2, 3, 4, 4))
    >>> layer.running_mean, layer.num_batches_tracked
    (tensor([0.1000, 0.1000, 0.1000]), tensor(1))
    """

    _input_dims = (4,)


class BatchNorm3d(_BatchNorm):
    """Normalizes each channel over batch and positions: (N, C, D, H, W)."""

    _input_dims = (5,)


class _LazyNormBase(LazyModuleMixin, _NormBase):
    """A normalization whose `num_features` is the number of channels of its first input."""

    def __init__(
        self,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        # affine and track_running_stats are set afterwards: nothing has a shape yet.
        super().__init__(0, eps, momentum, False, False, device=device, dtype=dtype, bias=False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = jtorch.tensor(0, dtype=jtorch.long, device=device)

    def reset_parameters(self):
        """Running statistics and affine map as at construction, once they have a shape."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input):
        """Take `num_features` from `input`."""
        if self.has_uninitialized_params():
            self.num_features = input.shape[1]
            for tensor in (self.weight, self.bias, self.running_mean, self.running_var):
                if tensor is not None:
                    tensor.materialize((self.num_features,))
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNormBase, _BatchNorm):
    """A `BatchNorm1d` that takes `num_features` from its first input."""

    cls_to_become = BatchNorm1d
    _input_dims = (2, 3)


class LazyBatchNorm2d(_LazyNormBase, _BatchNorm):
    """A `BatchNorm2d` that takes `num_features` from its first input."""

    cls_to_become = BatchNorm2d
    _input_dims = (4,)


class LazyBatchNorm3d(_LazyNormBase, _BatchNorm):
    """A `BatchNorm3d` that takes `num_features` from its first input."""

    cls_to_become = BatchNorm3d
    _input_dims = (5,)


class SyncBatchNorm(_BatchNorm):
    """Batch normalization in training over the batches of all processes of a group, which may be of different sizes.

    With one process it is `BatchNorm`. Tensors may be on the CPU as well, where torch wants a GPU.
    """

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        process_group=None,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input):
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")
        if input.size(1) == 0:
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")

    def forward(self, input):
        if self.training and _processes(self.process_group) > 1:
            self._check_input_dim(input)
            return self._synchronized(input)
        return super().forward(input)

    def _synchronized(self, input):
        from jtorch.nn.modules._synchronized import SynchronizedNorm

        group = self.process_group
        output, mean, variance, count = SynchronizedNorm.apply(input, self.weight, self.bias, self.eps, group)
        if self.track_running_stats:
            self.num_batches_tracked.add_(1)
            # A cumulative average where momentum is None: every batch weighs the same.
            momentum = 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
            with jtorch.no_grad():
                unbiased = variance * (count / (count - 1))
                self.running_mean.mul_(1 - momentum).add_(mean.to(self.running_mean.dtype), alpha=momentum)
                self.running_var.mul_(1 - momentum).add_(unbiased.to(self.running_var.dtype), alpha=momentum)
        return output

    @classmethod
    def convert_sync_batchnorm(cls, module, process_group=None):
        """Replace every batch normalization below `module` by one of this class; returns the new module."""
        converted = module
        if isinstance(module, _BatchNorm):
            converted = SyncBatchNorm(
                module.num_features,
                module.eps,
                module.momentum,
                module.affine,
                module.track_running_stats,
                process_group,
                bias=module.bias is not None,
            )
            if module.affine:
                with jtorch.no_grad():
                    converted.weight = module.weight
                    converted.bias = module.bias
            converted.running_mean = module.running_mean
            converted.running_var = module.running_var
            converted.num_batches_tracked = module.num_batches_tracked
            converted.training = module.training
        for name, child in module.named_children():
            converted.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return converted


def _processes(group):
    distributed = getattr(jtorch, "distributed", None)
    if distributed is None or not (distributed.is_available() and distributed.is_initialized()):
        return 1
    return distributed.get_world_size(group)
