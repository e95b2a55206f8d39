"""Discrete Fourier transforms."""
import torch

x = torch.tensor([[1.0, 2.0, 0.5, -1.0], [0.0, 1.5, -0.5, 3.0], [2.0, 0.0, 1.0, 1.0]])
z = torch.complex(x, x.flip(0))

# --- along one dimension
[torch.fft.fft(x), torch.fft.ifft(z), torch.fft.fft(z, dim=0), torch.fft.ifft(x)]
# --- half of it
[torch.fft.rfft(x), torch.fft.irfft(z), torch.fft.hfft(z), torch.fft.ihfft(x), torch.fft.irfft(z, 5), torch.fft.hfft(z, 3)]
# --- cropped and filled up
[torch.fft.fft(x, 2), torch.fft.fft(x, 6), torch.fft.rfft(x, 5, 0), torch.fft.ifft(z, n=3, dim=0)]
# --- scaled
[f(x, norm=norm) for f in (torch.fft.fft, torch.fft.ifft, torch.fft.rfft, torch.fft.ihfft) for norm in ("backward", "ortho", "forward")]
# --- scaled the other way
[f(z, norm=norm) for f in (torch.fft.irfft, torch.fft.hfft) for norm in ("backward", "ortho", "forward")]
# --- two dimensions
[f(z) for f in (torch.fft.fft2, torch.fft.ifft2, torch.fft.irfft2, torch.fft.hfft2)] + [f(x) for f in (torch.fft.rfft2, torch.fft.ihfft2)]
# --- several dimensions
y = torch.stack([z, z * 2])
[torch.fft.fftn(y), torch.fft.ifftn(y, dim=(0, 2)), torch.fft.fftn(y, s=(2, 5)), torch.fft.irfftn(y, s=(3, 4)), torch.fft.hfftn(y, dim=(0, 1))]
# --- several dimensions of real numbers
y = torch.stack([x, x * 2])
[torch.fft.rfftn(y), torch.fft.rfftn(y, dim=(0, 1), norm="ortho"), torch.fft.ihfftn(y, s=(2, -1, 5))]
# --- memory order
y = torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1)
[torch.fft.fft(y, dim=d).stride() for d in (0, 1, 2)] + [torch.fft.rfftn(y, dim=d).stride() for d in ((0, 1), (2, 0), (1,))]
# --- integers and bool
[torch.fft.fft(torch.arange(4)), torch.fft.rfft(torch.tensor([True, False, True])), torch.fft.irfft(torch.arange(3))]
# --- double precision
[torch.fft.fft(x.double()), torch.fft.irfft(z.to(torch.complex128))]
# --- gradients
a, b = x.clone().requires_grad_(), z.clone().requires_grad_()
loss = (torch.fft.rfft(a) * torch.fft.fft(b)[:, :3]).abs().pow(2).sum() + torch.fft.irfft2(b).pow(3).sum()
[g.contiguous() for g in torch.autograd.grad(loss, (a, b))]
# --- node names
a, b = x.clone().requires_grad_(), z.clone().requires_grad_()
[torch.fft.fft(a).grad_fn.name(), torch.fft.fft(b).grad_fn.name(), torch.fft.rfft(a).grad_fn.name(), torch.fft.irfft(b).grad_fn.name(), torch.fft.ifftn(b).grad_fn.name()]
# --- frequencies
[torch.fft.fftfreq(5), torch.fft.fftfreq(4, 0.5), torch.fft.rfftfreq(5), torch.fft.rfftfreq(6, 2.0, dtype=torch.float64), torch.fft.fftfreq(1)]
# --- shifts
[torch.fft.fftshift(x), torch.fft.ifftshift(x), torch.fft.fftshift(x, 1), torch.fft.ifftshift(x, (0,)), torch.fft.fftshift(torch.fft.fftfreq(5))]
# --- into a given tensor
out = torch.empty(0, dtype=torch.complex64)
[torch.fft.fft(x, dim=0, out=out) is out, out]
# --- complex numbers to a real transform
torch.fft.rfft(z)
# --- half precision
torch.fft.fft(torch.ones(4, dtype=torch.float16))
# --- no points
torch.fft.fft(x, 0)
# --- norm misspelt
torch.fft.fft(x, norm="orthogonal")
# --- the same dimension twice
torch.fft.fftn(x, dim=(0, 0))
# --- sizes for another number of dimensions
torch.fft.fftn(x, s=(2,), dim=(0, 1))
# --- a dimension that is not there
torch.fft.fft(x, dim=2)
# --- no dimensions
torch.fft.fft(torch.tensor(1.0))
# --- half of nothing
torch.fft.irfft(torch.ones(1, dtype=torch.complex64))
# --- frequencies of integers
torch.fft.fftfreq(4, dtype=torch.int64)
