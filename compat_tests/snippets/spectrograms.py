"""stft and istft."""
import torch

x = torch.linspace(0, 3, 40).sin()
window = torch.hann_window(16)

# --- a signal
s = torch.stft(x, 16, window=window, return_complex=True)
[s.shape, s.stride(), s.abs().sum(), s[:2, 3]]
# --- a batch, without padding, in hops
s = torch.stft(torch.stack([x, -x]), 16, 6, 12, window[:12], center=False, return_complex=True)
[s.shape, s[0, 1], s[1, 1]]
# --- paddings
[torch.stft(x, 16, window=window, pad_mode=mode, return_complex=True)[1, :2] for mode in ("reflect", "constant", "replicate", "circular")]
# --- both sides, scaled
s = torch.stft(x, 8, window=torch.ones(8), onesided=False, normalized=True, return_complex=True)
[s.shape, s[1, :3], s[7, :3]]
# --- pairs of real numbers
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    s = torch.stft(x, 16, window=window, return_complex=False)
[s.shape, s.stride(), s[0, 0]]
# --- a complex signal
z = torch.complex(x, x.flip(0))
s = torch.stft(z, 16, window=window)
[s.shape, s[1, :2], torch.istft(s, 16, window=window, return_complex=True).sub(z).abs().max() < 1e-5]
# --- frames aligned to the window
torch.stft(x, 16, 4, 8, window=window[:8], center=False, align_to_window=True, return_complex=True).shape
# --- there and back
s = torch.stft(x, 16, window=window, return_complex=True)
y = torch.istft(s, 16, window=window)
[y.shape, (x - y).abs().max() < 1e-5, torch.istft(s, 16, window=window, length=37).shape, torch.istft(s[None], 16, window=window).shape]
# --- gradients
x = torch.linspace(0, 1, 20, requires_grad=True)
w = torch.hann_window(8).add(0.1).requires_grad_()
s = torch.stft(x, 8, window=w, return_complex=True)
s.abs().square().sum().backward()
[x.grad, w.grad]
# --- gradients back
s = torch.ones(5, 6, dtype=torch.complex64, requires_grad=True)
torch.istft(s, 8, 2, window=torch.ones(8)).square().sum().backward()
s.grad
# --- a method
x.stft(16, window=window, return_complex=True).istft(16, window=window).shape
# --- return_complex is needed
torch.stft(x, 16, window=window)
# --- integers
torch.stft(torch.arange(40), 16, window=window, center=False, return_complex=True)
# --- a window of another size
torch.stft(x, 16, 4, 8, window=window, return_complex=True)
# --- a frame longer than the signal
torch.stft(x, 50, window=torch.ones(50), center=False, return_complex=True)
# --- align_to_window of centred frames
torch.stft(x, 16, window=window, align_to_window=True, return_complex=True)
# --- istft of real numbers
torch.istft(torch.zeros(9, 5), 16, window=window)
# --- istft of other frequencies
torch.istft(torch.zeros(8, 5, dtype=torch.complex64), 16, window=window, onesided=True)
# --- istft with hops over the window
torch.istft(torch.zeros(9, 5, dtype=torch.complex64), 16, 20, window=window)
