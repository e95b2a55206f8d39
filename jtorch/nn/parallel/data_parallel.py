"""`DataParallel`: one process, several devices, a replica of the module and a piece of the batch on each."""

import jtorch
from jtorch.nn.modules.module import Module
from jtorch.nn.parallel.parallel_apply import parallel_apply
from jtorch.nn.parallel.replicate import replicate
from jtorch.nn.parallel.scatter_gather import gather, scatter


class DataParallel(Module):
    """A module that runs on a piece of the batch on each device; results are put together on `output_device`.

    Parameters live on the first device, which gathers their gradients; buffers that a replica writes are kept from the first one alone. Without an
    accelerator it is the module, as in torch, unless `device_ids` names CPU devices (`["cpu:0", "cpu:1"]`). Keys of its state_dict begin with `module.`
    either way. Replicas run one after the other in Python, and side by side on the devices.

    >>> import jtorch as torch
    >>> list(torch.nn.DataParallel(torch.nn.Linear(2, 1)).state_dict())
    ['module.weight', 'module.bias']
    """

    def __init__(self, module, device_ids=None, output_device=None, dim: int = 0):
        super().__init__()
        self.module = module
        self.device_ids = []
        found = _devices(device_ids)
        if found is None:
            return
        if not found:
            raise RuntimeError("no available devices were found")
        self.dim = dim
        self.device_ids = [d.index if d.type == "cuda" else d for d in found]
        self.output_device = self.device_ids[0] if output_device is None else _index(output_device)
        self.src_device_obj = found[0]
        if len(found) == 1:
            self.module.to(self.src_device_obj)

    def forward(self, *inputs, **kwargs):
        if not self.device_ids:
            return self.module(*inputs, **kwargs)
        for tensor in (*self.module.parameters(), *self.module.buffers()):
            if tensor.device != self.src_device_obj:
                raise RuntimeError(
                    f"module must have its parameters and buffers on device {self.src_device_obj} (device_ids[0]) but found one of them on "
                    f"device: {tensor.device}"
                )
        rows, options = self.scatter(inputs, kwargs, self.device_ids)
        if len(self.device_ids) == 1:
            return self.module(*rows[0], **options[0])
        replicas = self.replicate(self.module, self.device_ids[: len(rows)])
        return self.gather(self.parallel_apply(replicas, rows, options), self.output_device)

    def replicate(self, module, device_ids):
        return replicate(module, device_ids, not jtorch.is_grad_enabled())

    def scatter(self, inputs, kwargs, device_ids):
        """Positional and named inputs for each device; fewer where the batch has fewer pieces."""
        rows = scatter(inputs, device_ids, self.dim) if inputs else []
        options = scatter(kwargs, device_ids, self.dim) if kwargs else []
        count = max(len(rows), len(options), 1)
        return rows + [()] * (count - len(rows)), options + [{}] * (count - len(options))

    def parallel_apply(self, replicas, inputs, kwargs):
        return parallel_apply(replicas, inputs, kwargs, self.device_ids[: len(replicas)])

    def gather(self, outputs, output_device):
        return gather(outputs, output_device, dim=self.dim)


def _devices(device_ids) -> list | None:
    """The devices meant; None where the module runs as it is."""
    given = (
        None
        if device_ids is None
        else [jtorch.device("cuda", d) if isinstance(d, int) else jtorch.device(d) for d in device_ids]
    )
    if given and all(d.type == "cpu" and d.index is not None for d in given):
        return [jtorch.empty(0, device=d).device for d in given]
    if not jtorch.cuda.is_available():
        return None
    if given is None:
        return [jtorch.device("cuda", i) for i in range(jtorch.cuda.device_count())]
    return [jtorch.device(d.type, d.index or 0) for d in given]


def _index(device):
    if isinstance(device, int):
        return device
    found = jtorch.device(device)
    return found.index if found.type == "cuda" and found.index is not None else found


def data_parallel(module, inputs, device_ids=None, output_device=None, dim: int = 0, module_kwargs=None):
    """`DataParallel` as a function."""
    if not jtorch.cuda.is_available() and _devices(device_ids) is None:
        raise RuntimeError("device type could not be determined")
    inputs = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    return DataParallel(module, device_ids, output_device, dim)(*inputs, **(module_kwargs or {}))
