"""Window functions: torch.signal.windows and the older ones of torch itself."""
import torch
from torch.signal import windows

plain = [windows.bartlett, windows.blackman, windows.cosine, windows.exponential, windows.gaussian, windows.hamming, windows.hann, windows.kaiser, windows.nuttall]
older = [torch.hann_window, torch.hamming_window, torch.blackman_window, torch.bartlett_window, torch.kaiser_window]

# --- symmetric
[f(5) for f in plain]
# --- periodic
[f(6, sym=False) for f in plain]
# --- of no, one and two samples
[f(m) for f in plain for m in (0, 1, 2)]
# --- parameters
[windows.exponential(4, tau=3.0, center=1.0, sym=False), windows.gaussian(5, std=0.5), windows.kaiser(4, beta=3.0), windows.general_hamming(4, alpha=0.6)]
# --- cosines
[windows.general_cosine(5, a=[0.5, 0.3, 0.2]), windows.general_cosine(3, a=(1.0,), sym=False)]
# --- dtype and gradient
w = windows.hann(3, dtype=torch.float64, requires_grad=True)
[w.detach(), w.requires_grad, windows.gaussian(2, requires_grad=True).requires_grad]
# --- older names
[f(5) for f in older]
# --- older names, symmetric
[f(4, periodic=False) for f in older]
# --- older names, few samples
[f(n) for f in older for n in (0, 1, 2)]
# --- older names, parameters
[torch.hamming_window(4, True, 0.6, 0.4), torch.kaiser_window(4, True, 5.0, dtype=torch.float64), torch.hann_window(3, requires_grad=True)]
# --- negative length
windows.hann(-1)
# --- integers
windows.gaussian(3, dtype=torch.int64)
# --- negative tau
windows.exponential(3, tau=-1.0)
# --- center of a symmetric window
windows.exponential(3, center=1.0)
# --- no deviation
windows.gaussian(3, std=0)
# --- negative beta
windows.kaiser(3, beta=-1.0)
# --- no coefficients
windows.general_cosine(3, a=[])
# --- coefficients that are a number
windows.general_cosine(3, a=0.5)
# --- older names, negative length
torch.hann_window(-1)
# --- older names, integers
torch.hamming_window(3, dtype=torch.int32)
