"""torch.utils._foreach_utils: how optimizers sort tensors before they call `torch._foreach_*`."""

import jtorch


def _get_foreach_kernels_supported_devices() -> list[str]:
    return ["cuda", "xpu", "mtia"]


def _get_fused_kernels_supported_devices() -> list[str]:
    return ["mps", "cuda", "xpu", "hpu", "cpu", "mtia"]


def _device_has_foreach_support(device) -> bool:
    return device.type in (*_get_foreach_kernels_supported_devices(), "cpu")


def _has_foreach_support(tensors, device) -> bool:
    return _device_has_foreach_support(device) and all(t is None or type(t) is jtorch.Tensor for t in tensors)


def _group_tensors_by_device_and_dtype(tensorlistlist, with_indices: bool = False) -> dict:
    """Lists of tensors that belong together by position, sorted by device and dtype of those in the first list.

    >>> import jtorch as torch
    >>> a, b = torch.ones(1), torch.ones(1, dtype=torch.int64)
    >>> for key, (lists, indices) in _group_tensors_by_device_and_dtype([[a, b, a]], with_indices=True).items():
    ...     print(key, len(lists[0]), indices)
    (device(type='cpu'), torch.float32) 2 [0, 2]
    (device(type='cpu'), torch.int64) 1 [1]
    """
    groups: dict = {}
    for i, row in enumerate(zip(*tensorlistlist, strict=True)):
        lists, indices = groups.setdefault((row[0].device, row[0].dtype), ([[] for _ in tensorlistlist], []))
        for column, tensor in zip(lists, row, strict=True):
            column.append(tensor)
        if with_indices:
            indices.append(i)
    return groups
