"""`DataParallel`, as programs wrap their models in it: one device does all the work here."""

import jtorch
from jtorch.nn.modules.module import Module
from jtorch.nn.parallel.scatter_gather import scatter


class DataParallel(Module):
    """A module that torch would run on a piece of the batch on each GPU. Here it runs on the first of them, on the whole batch.

    Without an accelerator it is the module, as in torch. Keys of its state_dict begin with `module.` either way.

    >>> import jtorch as torch
    >>> list(torch.nn.DataParallel(torch.nn.Linear(2, 1)).state_dict())
    ['module.weight', 'module.bias']
    """

    def __init__(self, module, device_ids=None, output_device=None, dim: int = 0):
        super().__init__()
        self.module = module
        self.device_ids = []
        if not jtorch.cuda.is_available():
            return
        ids = [0] if device_ids is None else list(device_ids)
        if not ids:
            raise RuntimeError("no available devices were found")
        self.dim = dim
        self.device_ids = [d if isinstance(d, int) else jtorch.device(d).index or 0 for d in ids][:1]
        self.output_device = self.device_ids[0]
        self.src_device_obj = jtorch.device("cuda", self.device_ids[0])
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
        (inputs,) = scatter(inputs, self.device_ids, self.dim) if inputs else [inputs]
        (kwargs,) = scatter(kwargs, self.device_ids, self.dim) if kwargs else [kwargs]
        return self.module(*inputs, **kwargs)


def data_parallel(module, inputs, device_ids=None, output_device=None, dim: int = 0, module_kwargs=None):
    """`DataParallel` as a function: the module runs on the first of the devices."""
    if not jtorch.cuda.is_available():
        raise RuntimeError("device type could not be determined")
    inputs = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    return DataParallel(module, device_ids, output_device, dim)(*inputs, **(module_kwargs or {}))
