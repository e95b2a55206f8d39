"""Errors with the names torch gives them: of devices, and of tensors that have no array of their own."""


class OutOfMemoryError(RuntimeError):
    """A device has no memory left for an array."""


class AcceleratorError(RuntimeError):
    """A device reported a failure."""


# Shown as torch shows them: `torch.OutOfMemoryError: CUDA out of memory. ...`
OutOfMemoryError.__module__ = AcceleratorError.__module__ = "torch"


def raise_for_device(error: Exception, arrays) -> None:
    """Raise the error as torch has it, if it has: an accelerator whose memory is full gives OutOfMemoryError."""
    if not str(error).startswith("RESOURCE_EXHAUSTED"):
        return
    platforms = {device.platform for array in arrays if hasattr(array, "devices") for device in array.devices()} - {
        "cpu"
    }
    if platforms:
        name = "CUDA" if platforms == {"gpu"} else platforms.pop().upper()
        raise OutOfMemoryError(f"{name} out of memory. {error}") from error


class StridedOnly(NotImplementedError):
    """Something that exists for strided tensors was asked of a sparse one. Raised where its array would be; what knows a sparse way catches it."""


StridedOnly.__name__ = "NotImplementedError"  # as torch shows it, where nobody knows a way
