"""Switches of backends and what cuda says without a GPU, as the census of public names asked for."""
import torch

# --- all backends
r = [torch.backends.fp32_precision, torch.backends.flags_frozen(), torch.backends.set_flags()]
with torch.backends.flags(fp32_precision="ieee"):
    r.append(torch.backends.fp32_precision)
[*r, torch.backends.fp32_precision]
# --- cudnn
r = [torch.backends.cudnn.depthwise_kernel, torch.backends.cudnn.conv.fp32_precision, torch.backends.cudnn.rnn.fp32_precision]
with torch.backends.cudnn.flags(enabled=True, depthwise_kernel="auto"):
    r.append(torch.backends.cudnn.enabled)
r
# --- mkldnn
b = torch.backends.mkldnn
[b.fp32_precision, b.conv.fp32_precision, b.matmul.fp32_precision, b.rnn.fp32_precision]
# --- nnpack
r = [torch.backends.nnpack.set_flags(False), torch.backends.nnpack.set_flags(True)]
with torch.backends.nnpack.flags(enabled=False):
    pass
[*r, torch.backends.nnpack.set_flags(True)]
# --- opt_einsum
b = torch.backends.opt_einsum
r = [b.set_flags(True, "auto")]
with b.flags(enabled=False, strategy=None):
    r.append(b.enabled)
[*r, b.enabled, b.strategy]
# --- mha
torch.backends.mha.set_fastpath_enabled(False)
r = torch.backends.mha.get_fastpath_enabled()
torch.backends.mha.set_fastpath_enabled(True)
[r, torch.backends.mha.get_fastpath_enabled()]
# --- attention and libraries
b = torch.backends.cuda
b.allow_fp16_bf16_reduction_math_sdp(True)
r = b.fp16_bf16_reduction_math_sdp_allowed()
b.allow_fp16_bf16_reduction_math_sdp(False)
[r, b.fp16_bf16_reduction_math_sdp_allowed(), b.is_flash_attention_available(), torch.backends.cusparselt.get_max_alg_id()]
# --- cuda constants
[torch.cuda.has_half, torch.cuda.has_magma, torch.cuda.default_generators, torch.cuda.get_gencode_flags(), torch.cuda.host_memory_stats_as_nested_dict()]
# --- cuda processes
torch.cuda.list_gpu_processes()
# --- cuda temperature
torch.cuda.temperature()
# --- cuda utilization
torch.cuda.utilization()
# --- accelerator
torch.accelerator.get_device_capability()
# --- accelerator memory
torch.accelerator.reset_peak_memory_stats()
# --- cpu streams
with torch.cpu.StreamContext(None), torch.cpu.stream(torch.cpu.current_stream()):
    r = torch.ones(1)
[r, isinstance(torch.cpu.get_capabilities().get("sse4_2", True), bool)]
