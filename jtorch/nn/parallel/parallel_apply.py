"""Modules applied to their own inputs, each on its device."""

import traceback

import jtorch

__all__ = ["parallel_apply"]


def parallel_apply(modules, inputs, kwargs_tup=None, devices=None) -> list:
    """`modules[i](*inputs[i], **kwargs_tup[i])` for all i.

    They are recorded one after the other, where torch takes threads; devices compute side by side all the same, as nothing waits for results.
    """
    if len(modules) != len(inputs):
        raise AssertionError(f"The number of modules {len(modules)} is not equal to the number of inputs {len(inputs)}")
    kwargs_tup = kwargs_tup or ({},) * len(modules)
    devices = [None] * len(modules) if devices is None else devices
    outputs = []
    for i, (module, row, options, device) in enumerate(zip(modules, inputs, kwargs_tup, devices, strict=True)):
        row = tuple(row) if isinstance(row, (list, tuple)) else (row,)
        try:
            outputs.append(_on(device, module, row, options))
        except Exception as error:
            message = (
                f"Caught {type(error).__name__} in replica {i} on device {device}.\nOriginal {traceback.format_exc()}"
            )
            try:
                again = type(error)(message)
            except TypeError:  # its constructor wants something else
                raise RuntimeError(message) from None
            raise again from None
    return outputs


def _on(device, module, row, options):
    if device is None or jtorch.device(device).type != "cuda":
        return module(*row, **options)
    with jtorch.cuda.device(device):
        return module(*row, **options)
