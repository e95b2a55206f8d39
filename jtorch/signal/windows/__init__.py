"""torch.signal.windows: functions that weigh the samples of a signal before it is transformed."""

from jtorch.signal.windows.windows import (
    bartlett,
    blackman,
    cosine,
    exponential,
    gaussian,
    general_cosine,
    general_hamming,
    hamming,
    hann,
    kaiser,
    nuttall,
)

__all__ = """bartlett blackman cosine exponential gaussian general_cosine general_hamming hamming hann kaiser nuttall""".split()
