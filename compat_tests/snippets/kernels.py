"""Functions under the names of torch's kernels, and torch.ops."""
import torch

# --- native_layer_norm
x = torch.arange(6.0).view(2, 3).requires_grad_()
out, mean, rstd = torch.native_layer_norm(x, (3,), torch.ones(3), None, 1e-5)
[out, mean, rstd, mean.requires_grad]
# --- native_group_norm
x = torch.arange(12.0).view(2, 3, 2)
torch.native_group_norm(x, None, None, 2, 3, 2, 1, 1e-5)
# --- native_batch_norm in training
x = torch.arange(12.0).view(2, 3, 2)
m, v = torch.zeros(3), torch.ones(3)
[*torch.native_batch_norm(x, None, None, m, v, True, 0.1, 1e-5), m, v]
# --- native_batch_norm with given statistics
x = torch.arange(12.0).view(2, 3, 2)
torch.native_batch_norm(x, None, None, torch.zeros(3), torch.ones(3), False, 0.1, 1e-5)
# --- batch norm without running statistics, and with updates
x = torch.arange(12.0).view(2, 3, 2)
[torch._native_batch_norm_legit(x, None, None, True, 0.1, 1e-5), torch.ops.aten._batch_norm_with_update(x, None, None, torch.zeros(3), torch.ones(3), 0.1, 1e-5)]
# --- softmax kernels
x = torch.tensor([[0.0, 1.0], [-float("inf"), -float("inf")]])
[torch._softmax(x[:1], 1, False), torch._log_softmax(x[:1], 1, False), torch._safe_softmax(x, 1), torch._softmax_backward_data(torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.5]), 0, torch.float32), torch._log_softmax_backward_data(torch.tensor([1.0, 2.0]), torch.tensor([-0.5, -0.5]), 0, torch.float32)]
# --- gradient of a safe softmax
x = torch.tensor([[0.0, 1.0], [-float("inf"), -float("inf")]], requires_grad=True)
torch._safe_softmax(x, 1)[:, 0].sum().backward()
x.grad
# --- _chunk_cat
[torch._chunk_cat([torch.arange(3.0), torch.arange(4.0)], 0, 2), torch._chunk_cat([torch.ones(2, 3), torch.ones(2, 2, 2)], 1, 2).shape]
# --- _chunk_cat of different sizes before dim
torch._chunk_cat([torch.ones(2, 3), torch.ones(3, 3)], 1, 2)
# --- masked positions
x = torch.arange(4.0).view(2, 2)
i, j = torch.tensor([0, 1, 9]), torch.tensor([1, 0, -9])
mask = torch.tensor([True, True, False])
[torch._unsafe_masked_index(x, mask, [i, j], -1.0), torch._unsafe_masked_index_put_accumulate(x, mask, [i, j], torch.ones(3))]
# --- grid samplers
image = torch.arange(4.0).view(1, 1, 2, 2)
[torch.grid_sampler_2d(image, torch.zeros(1, 1, 1, 2), 0, 0, False), torch.grid_sampler_3d(image[:, :, None], torch.zeros(1, 1, 1, 1, 3), 0, 0, True)]
# --- hash_tensor
[torch.hash_tensor(torch.tensor([1.5, 2.0])).item(), torch.hash_tensor(torch.tensor([[1, 2], [-3, 4]]), 1).tolist(), torch.hash_tensor(torch.tensor([True, False])).dtype, torch.tensor([3, 5], dtype=torch.uint8).hash_tensor(0, keepdim=True).shape]
# --- hash_tensor of nothing
torch.hash_tensor(torch.empty(0))
# --- torch.ops.aten
aten = torch.ops.aten
x = torch.arange(6.0).view(2, 3)
[aten.add.Tensor(x, 1), aten.add(x, x), aten.slice.Tensor(x, 1, 0, 2), aten.sum.dim_IntList(x, [1]), aten.gelu(x), aten.linalg_vector_norm(x), aten.mul.Tensor(self=x, other=2), aten.avg_pool2d(x[None], (1, 3)), aten.log_sigmoid(x), aten.view(x, [3, 2])]
# --- torch.ops.aten alone has these
aten = torch.ops.aten
x = torch.arange(16.0).view(1, 1, 4, 4)
out, places = torch.nn.functional.max_pool2d(x, 2, return_indices=True)
[aten.max_pool2d_with_indices_backward(torch.ones_like(out), x, [2, 2], [2, 2], [0, 0], [1, 1], False, places), aten.native_dropout_backward(torch.ones(2), torch.tensor([True, False]), 2.0), aten._upsample_bilinear2d_aa(x, [2, 2], False)]
# --- packets and overloads
packet = torch.ops.aten.add
[packet.Tensor is packet.Tensor, packet.Tensor.overloadpacket is packet, packet.__name__, repr(packet), repr(packet.Tensor)]
# --- memory order of joined images
x = torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last)
[torch.cat([x, x], 1).stride(), torch.cat([x, x.contiguous()]).stride(), torch.stack([x, x]).stride(), torch.stack([x, x], 2).stride(), torch.stack([x, x], 4).stride()]
# --- as_strided of memory seen as another dtype
b = torch.tensor([16592, 8, 3, 4], dtype=torch.int16)
y = b.view(torch.bfloat16).as_strided((2, 2), (1, 2), 0)
w = torch.complex(torch.arange(3.0), torch.arange(3.0))
torch.view_as_real(w).as_strided((2,), (2,), 1).fill_(7.0)
[y.dtype, y.stride(), y[0, 0], w]
# --- statistics of one number, and of none
m, v, v2 = torch.zeros(3), torch.ones(3), torch.ones(3)
refused = []
for call in (lambda: torch.batch_norm_update_stats(torch.ones(0, 3), m, v, 0.1), lambda: torch.native_batch_norm(torch.ones(2, 3, 0), None, None, m, v, True, 0.1, 1e-5)):
    try:
        call()
    except RuntimeError as error:
        refused.append(str(error))
[torch.batch_norm_update_stats(torch.ones(1, 3), m, v, 0.1), torch.native_batch_norm(torch.ones(1, 3), None, None, m, v2, True, 0.1, 1e-5), m, v, v2, refused]
# --- what torch.ops.aten has not
[name for name in "add compile load is_tensor typename vmap set_default_dtype unique numpy tolist apply_ get_rng_state item repeat scatter_ bernoulli_ conv2d linalg_norm promote_types".split() if hasattr(torch.ops.aten, name)]
