"""Fake quantization: values, where gradients pass, and what is refused."""
import torch

# --- per tensor
x = torch.tensor([-1.0, -0.35, 0.0, 0.05, 0.15, 0.3, 2.0], requires_grad=True)
y = torch.fake_quantize_per_tensor_affine(x, 0.1, 3, -5, 9)
y.sum().backward()
[y, x.grad]
# --- per tensor by tensors
x = torch.tensor([-1.0, -0.35, 0.0, 0.05, 0.15, 0.3, 2.0], requires_grad=True)
y = torch.fake_quantize_per_tensor_affine(x, torch.tensor(0.1), torch.tensor(3), -5, 9)
y.sum().backward()
[y, x.grad]
# --- per channel
x = torch.tensor([[0.05, 0.15, 0.25, -0.35, 0.24, 0.26], [0.1, 0.3, 0.5, -0.7, 0.31, 0.29]], requires_grad=True)
y = torch.fake_quantize_per_channel_affine(x, torch.tensor([0.1, 0.2]), torch.tensor([0, 1], dtype=torch.int32), 0, -2, 3)
y.sum().backward()
[y, x.grad]
# --- per channel with zero points between steps
x = torch.tensor([[0.05, 0.15, 0.25, -0.35, 0.24, 0.26], [0.1, 0.3, 0.5, -0.7, 0.31, 0.29]])
torch.fake_quantize_per_channel_affine(x, torch.tensor([0.1, 0.2]), torch.tensor([0.3, 0.8]), 0, -30, 30)
# --- dtypes
x = torch.tensor([-0.35, 0.15, 2.0])
[torch.fake_quantize_per_tensor_affine(x.to(d), 0.1, 0, -5, 9) for d in (torch.float64, torch.float16, torch.bfloat16)]
# --- zero point out of range
torch.fake_quantize_per_tensor_affine(torch.ones(2), 0.1, 30, -5, 9)
# --- bounds in the wrong order
torch.fake_quantize_per_tensor_affine(torch.ones(2), 0.1, 0, 9, -5)
# --- of integers
torch.fake_quantize_per_tensor_affine(torch.arange(3), 0.1, 0, -5, 9)
# --- a zero point of int64
torch.fake_quantize_per_channel_affine(torch.ones(2, 3), torch.ones(2), torch.zeros(2).long(), 0, -3, 3)
# --- scales of another number of channels
torch.fake_quantize_per_channel_affine(torch.ones(2, 3), torch.ones(3), torch.zeros(3), 0, -3, 3)
# --- dequantize
[torch.dequantize(torch.ones(2, dtype=torch.float64)), torch.ones(2, dtype=torch.int32).dequantize()]
