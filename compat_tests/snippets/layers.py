"""Layers and functional forms on given numbers, with gradients."""
import torch
import torch.nn.functional as F
from torch import nn

x = torch.arange(32.0).view(1, 2, 4, 4).div(10).requires_grad_()

# --- linear
m = nn.Linear(3, 2)
t = torch.tensor([[1.0, -2.0, 0.5]], requires_grad=True)
y = m(t)
y.pow(2).sum().backward()
[y, t.grad, m.weight.grad, m.bias.grad, F.linear(t[0], m.weight)]
# --- conv2d
torch.manual_seed(0)
m = nn.Conv2d(2, 3, 3, padding=1)
y = m(x)
y.sum().backward()
[y, x.grad, m.bias.grad, m.weight.grad]
# --- conv2d forms
w = torch.ones(2, 1, 2, 2)
[F.conv2d(x, w, groups=2, stride=2), F.conv2d(x, w, groups=2, dilation=2), F.conv2d(x[0], w, groups=2, padding=(1, 0)).shape, F.conv2d(x, torch.ones(1, 2, 3, 3), padding="same"), F.conv2d(x, torch.ones(1, 2, 4, 4), torch.tensor([100.0]))]
# --- conv1d conv3d
[F.conv1d(torch.arange(5.0).view(1, 1, 5), torch.tensor([[[1.0, 0.0, -1.0]]])), F.conv3d(torch.ones(1, 1, 2, 2, 2), torch.ones(1, 1, 2, 2, 2))]
# --- conv_transpose2d
y = F.conv_transpose2d(x[:, :1, :2, :2], torch.ones(1, 1, 2, 2), stride=2)
y.pow(2).sum().backward()
[y, x.grad[0, 0], F.conv_transpose2d(torch.ones(1, 1, 2, 2), torch.ones(1, 1, 3, 3), stride=2, padding=1, output_padding=1)]
# --- padding modes of conv
m = nn.Conv2d(2, 1, 3, padding=1, padding_mode="reflect", bias=False)
m.weight.data.fill_(1)
m(x)
# --- max_pool2d
y = F.max_pool2d(x, 2)
y.sum().backward()
[y, x.grad, F.max_pool2d(x, 3, stride=1, padding=1), F.max_pool2d(x, (2, 2), return_indices=True), F.max_pool2d(x, 3, 2, ceil_mode=True).shape]
# --- max_pool2d ties
t = torch.ones(1, 1, 2, 2, requires_grad=True)
F.max_pool2d(t, 2).backward()
t.grad
# --- avg_pool2d
y = F.avg_pool2d(x, 2)
y.pow(2).sum().backward()
[y, x.grad, F.avg_pool2d(x, 3, 1, 1), F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)]
# --- adaptive pools
[F.adaptive_avg_pool2d(x, 1), F.adaptive_avg_pool2d(x, (3, 2)), F.adaptive_max_pool2d(x, 2), F.adaptive_avg_pool1d(torch.arange(6.0).view(1, 1, 6), 4)]
# --- max_unpool2d
y, i = F.max_pool2d(x, 2, return_indices=True)
F.max_unpool2d(y, i, 2)
# --- batch_norm training
m = nn.BatchNorm2d(2)
y = m(x)
(y * torch.arange(32.0).sin().view(1, 2, 4, 4)).sum().backward()
[y, x.grad, m.weight.grad, m.bias.grad, m.running_mean, m.running_var]
# --- batch_norm eval
m = nn.BatchNorm2d(2).eval()
y = m(x)
y.sum().backward()
[y[0, 0, 0], x.grad[0, 0, 0], m.num_batches_tracked]
# --- batch_norm momentum none
m = nn.BatchNorm1d(1, momentum=None)
m(torch.tensor([[1.0], [3.0]]))
m(torch.tensor([[5.0], [9.0]]))
[m.running_mean, m.running_var, m.num_batches_tracked]
# --- batch_norm without affine or statistics
[nn.BatchNorm1d(2, affine=False)(torch.tensor([[1.0, 2.0], [3.0, 5.0]])), nn.BatchNorm1d(2, track_running_stats=False).eval()(torch.tensor([[1.0, 2.0], [3.0, 5.0]])), nn.BatchNorm1d(2, affine=False).weight]
# --- layer_norm group_norm instance_norm
[F.layer_norm(x, (4,)), nn.GroupNorm(2, 2)(x)[0, 0], nn.InstanceNorm2d(2)(x)[0, 1], F.rms_norm(x, (4,))[0, 0]]
# --- layer_norm gradients
m = nn.LayerNorm(3)
t = torch.tensor([[1.0, 2.0, 4.0], [0.0, -1.0, 3.0]], requires_grad=True)
(m(t) * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
[t.grad, m.weight.grad, m.bias.grad]
# --- activations
t = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0])
[f(t) for f in (F.relu, F.relu6, F.leaky_relu, F.elu, F.selu, F.celu, F.gelu, F.silu, F.mish, F.softplus, F.softsign, F.tanhshrink, F.hardtanh, F.hardsigmoid, F.hardswish, F.logsigmoid, F.hardshrink, F.softshrink, F.sigmoid, F.tanh)]
# --- activations with arguments
t = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0])
[F.leaky_relu(t, 0.2), F.elu(t, alpha=0.5), F.gelu(t, approximate="tanh"), F.softplus(t, beta=2, threshold=1), F.hardtanh(t, -0.3, 0.3), F.threshold(t, 0.1, 20.0), F.prelu(t, torch.tensor([0.3])), F.glu(t[:4])]
# --- activation gradients
t = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0], requires_grad=True)
[torch.autograd.grad(f(t).sum(), t)[0] for f in (F.relu, F.leaky_relu, F.elu, F.selu, F.gelu, F.silu, F.softplus, F.hardtanh, F.hardswish, F.logsigmoid, F.sigmoid, F.tanh, F.mish, F.softsign, F.hardsigmoid, F.hardshrink)]
# --- softmax family
t = torch.tensor([[1.0, 2.0, 3.0], [1.0, 1.0, 100.0]], requires_grad=True)
[F.softmax(t, dim=1), F.log_softmax(t, 1), F.softmax(t, dim=0), F.softmax(t.detach().half(), 1), F.softmax(torch.tensor([1, 2]), 0, dtype=torch.float32), F.gumbel_softmax(t, hard=True).sum(1)]
# --- softmax implicit dim warns
F.softmax(torch.ones(2, 2))
# --- embedding
m = nn.Embedding(4, 2, padding_idx=0)
m.weight.data.copy_(torch.arange(8.0).view(4, 2))
y = m(torch.tensor([[1, 0], [3, 1]]))
y.sum().backward()
[y, m.weight.grad]
# --- embedding max_norm changes the weights
m = nn.Embedding(2, 2, max_norm=1.0)
m.weight.data.copy_(torch.tensor([[3.0, 4.0], [0.1, 0.1]]))
m(torch.tensor([0, 1]))
m.weight
# --- pad
t = torch.arange(4.0).view(1, 2, 2)
[F.pad(t, (1, 0)), F.pad(t, (1, 1, 0, 1), value=9), F.pad(t, (1, 1), mode="reflect"), F.pad(t, (1, 1), mode="replicate"), F.pad(t, (0, -1)), F.pad(t, [1, 1], "circular")]
# --- interpolate
t = torch.arange(4.0).view(1, 1, 2, 2)
[F.interpolate(t, scale_factor=2), F.interpolate(t, size=(3, 3), mode="bilinear", align_corners=True), F.interpolate(t, scale_factor=2, mode="bilinear", align_corners=False), F.interpolate(t, size=3, mode="nearest"), F.interpolate(t, size=(4, 4), mode="bicubic", align_corners=False), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)(t)]
# --- interpolate gradients
t = torch.arange(4.0).view(1, 1, 2, 2).requires_grad_()
(F.interpolate(t, scale_factor=2, mode="bilinear", align_corners=True) * torch.arange(16.0).view(4, 4)).sum().backward()
t.grad
# --- unfold fold
[F.unfold(x, 2, stride=2), F.fold(F.unfold(x, 2, stride=2), (4, 4), 2, stride=2).shape]
# --- pixel_shuffle
[F.pixel_shuffle(torch.arange(8.0).view(1, 4, 1, 2), 2), F.pixel_unshuffle(torch.arange(4.0).view(1, 1, 2, 2), 2)]
# --- dropout in eval and p of 0 and 1
[F.dropout(torch.ones(3), 0.5, training=False), nn.Dropout(0.5).eval()(torch.ones(2)), F.dropout(torch.ones(3), 0.0), F.dropout(torch.ones(3), 1.0)]
# --- rnn
torch.manual_seed(0)
m = nn.RNN(2, 3, batch_first=True)
y, h = m(torch.ones(1, 4, 2))
[y, h]
# --- lstm
torch.manual_seed(0)
m = nn.LSTM(2, 3, num_layers=2)
y, (h, c) = m(torch.ones(3, 1, 2))
y.sum().backward()
[y, h, c, m.weight_hh_l0.grad]
# --- lstm bidirectional
torch.manual_seed(0)
m = nn.LSTM(1, 2, bidirectional=True)
y, (h, c) = m(torch.arange(3.0).view(3, 1, 1))
[y, h.shape, [n for n, _ in m.named_parameters()]]
# --- gru
torch.manual_seed(0)
m = nn.GRU(2, 2)
y, h = m(torch.ones(3, 2, 2), torch.zeros(1, 2, 2))
[y, h]
# --- cells
torch.manual_seed(0)
t = torch.ones(1, 2)
[nn.RNNCell(2, 2)(t), nn.LSTMCell(2, 2)(t), nn.GRUCell(2, 2)(t)]
# --- packed sequence
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
p = pad_sequence([torch.ones(3, 1), torch.ones(1, 1)], batch_first=True)
k = pack_padded_sequence(p, [3, 1], batch_first=True)
[p, k.data, k.batch_sizes, pad_packed_sequence(k, batch_first=True)]
# --- multihead attention
torch.manual_seed(0)
m = nn.MultiheadAttention(4, 2, batch_first=True)
t = torch.arange(12.0).view(1, 3, 4) / 10
m(t, t, t)
# --- scaled_dot_product_attention
q = torch.arange(12.0).view(1, 1, 3, 4) / 10
[F.scaled_dot_product_attention(q, q, q), F.scaled_dot_product_attention(q, q, q, is_causal=True)]
# --- transformer encoder layer
torch.manual_seed(0)
m = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
m(torch.arange(12.0).view(1, 3, 4) / 10)
# --- bilinear and cosine similarity
torch.manual_seed(0)
[nn.Bilinear(2, 2, 1)(torch.ones(1, 2), torch.ones(1, 2)), F.cosine_similarity(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]]))]
# --- flatten and unflatten layers
[nn.Flatten()(torch.zeros(2, 3, 4)).shape, nn.Flatten(0)(torch.zeros(2, 3)).shape, nn.Unflatten(1, (2, 2))(torch.zeros(1, 4)).shape]
# --- in-place relu on batch norm
m = nn.Sequential(nn.BatchNorm2d(2), nn.ReLU(inplace=True))
m(x).sum().backward()
[x.grad.abs().max() < 1e-5, m[0].bias.grad]
# --- in-place relu on conv
m = nn.Sequential(nn.Conv2d(2, 1, 1), nn.ReLU(inplace=True))
nn.init.constant_(m[0].weight, 0.5)
nn.init.constant_(m[0].bias, -1.0)
y = m(x)
y.sum().backward()
[y, x.grad]
# --- grid_sample and affine_grid
t = torch.arange(4.0).view(1, 1, 2, 2)
g = F.affine_grid(torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 2, 2), align_corners=True)
[g, F.grid_sample(t, g, align_corners=True)]
# --- lenet forward and backward
torch.manual_seed(0)
m = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))
t = torch.arange(36.0).view(1, 1, 6, 6) / 36
y = m(t)
F.cross_entropy(y, torch.tensor([1])).backward()
[y, m[0].weight.grad, m[4].bias.grad]
# --- local response norm and lp pool
[F.local_response_norm(x, 2)[0, 0, 0], F.lp_pool2d(x, 2, 2)[0, 0]]
# --- channels last convolution
m = nn.Conv2d(2, 1, 1)
nn.init.ones_(m.weight)
nn.init.zeros_(m.bias)
m(x.detach().to(memory_format=torch.channels_last)).sum()
# --- channels last goes through convolutions, pools and batch norm
t = torch.zeros(2, 4, 8, 6).to(memory_format=torch.channels_last)
w = torch.zeros(6, 4, 3, 3)
made = [F.conv2d(t, w), F.conv2d(t.contiguous(), w.to(memory_format=torch.channels_last)), F.conv2d(t.contiguous(), w), F.conv2d(t, w[:4, :1], groups=4), F.conv2d(t.double(), w.double(), stride=2)]
made += [F.conv_transpose2d(t, w[:4], stride=2), F.max_pool2d(t, 2), F.avg_pool2d(t, 2), F.adaptive_avg_pool2d(t, 2), F.adaptive_max_pool2d(t, 2), nn.BatchNorm2d(4)(t), nn.BatchNorm2d(4).eval()(t)]
made += F.max_pool2d(t, 2, return_indices=True)
made += [F.conv2d(t[:, :1], w[:, :1]), F.conv2d(torch.zeros(2, 1, 5, 5), w[:, :1]), F.conv2d(t[0].contiguous(), w), F.conv2d(t.permute(0, 1, 3, 2), w)]
[y.stride() for y in made]
# --- a view of what is channels last
F.conv2d(torch.zeros(2, 4, 8, 6).to(memory_format=torch.channels_last), torch.zeros(6, 4, 3, 3)).view(2, -1)
