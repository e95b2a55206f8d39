"""torch.nn.attention: permitted kernels and causal masks; torch.nn.grad; torch.cpu.amp."""
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.bias import CausalVariant, causal_lower_right, causal_upper_left

# --- members
[repr(SDPBackend.MATH), str(SDPBackend.FLASH_ATTENTION), SDPBackend.CUDNN_ATTENTION.value, SDPBackend.ERROR.name, list(CausalVariant.__members__)]
# --- sdpa_kernel
x = torch.arange(32.0).view(1, 1, 4, 8)
flags = lambda: [f() for f in (torch.backends.cuda.math_sdp_enabled, torch.backends.cuda.flash_sdp_enabled, torch.backends.cuda.mem_efficient_sdp_enabled, torch.backends.cuda.cudnn_sdp_enabled)]
with sdpa_kernel(SDPBackend.MATH):
    inside = flags()
    y = torch.nn.functional.scaled_dot_product_attention(x, x, x)
with sdpa_kernel([SDPBackend.MATH, SDPBackend.FLASH_ATTENTION], set_priority=True):
    both = flags()
[y, inside, both, flags()]
# --- sdpa_kernel of something else
with sdpa_kernel("math"):
    pass
# --- causal masks
x = torch.arange(16.0).view(1, 1, 4, 4) / 16
lower, upper = causal_lower_right(2, 4), causal_upper_left(3, 2)
print(lower, upper, type(lower).__name__)
[torch.nn.functional.scaled_dot_product_attention(x[:, :, :2], x, x, attn_mask=causal_lower_right(2, 4)), torch.nn.functional.scaled_dot_product_attention(x[:, :, :2], x, x, attn_mask=causal_upper_left(2, 4))]
# --- causal mask of three sizes
causal_lower_right(2, 3, 4)
# --- gradients of convolutions
x, w, g = torch.arange(12.0).view(1, 2, 6), torch.arange(24.0).view(4, 2, 3), torch.arange(16.0).view(1, 4, 4)
[torch.nn.grad.conv1d_input((1, 2, 6), w, g), torch.nn.grad.conv1d_weight(x, (4, 2, 3), g), torch.nn.grad.conv2d_weight(x.view(1, 2, 2, 3), (2, 1, 1, 2), torch.ones(1, 2, 2, 2), groups=2)]
# --- autocast and GradScaler of the CPU
with torch.cpu.amp.autocast():
    y = torch.ones(2, 2) @ torch.ones(2, 2)
[y, torch.cpu.amp.GradScaler(enabled=False).is_enabled()]
# --- full_like of a number
torch.full_like(2.0, 1.0)
