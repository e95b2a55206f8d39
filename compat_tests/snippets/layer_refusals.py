"""What layers refuse: parameters of another dtype, an eps that divides by zero, random samples of another shape."""
import torch
import torch.nn.functional as F
from torch import nn


def refusal(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0]


f, d, h, b = torch.float32, torch.float64, torch.float16, torch.bfloat16
x = torch.arange(12.0).reshape(4, 3)


def parameters(dtype):
    return torch.ones(3, dtype=dtype), torch.ones(3, dtype=dtype)


# --- batch norm of mixed dtypes
[refusal(lambda: F.batch_norm(x.to(i), *parameters(s), *parameters(p), training)) for training in (True, False) for i, s, p in ((d, f, f), (d, d, f), (f, h, h), (f, f, h), (b, f, f), (b, b, f), (torch.int64, f, f), (torch.complex64, f, f))]
# --- other norms of mixed dtypes
[refusal(lambda: call(dtype)) for dtype in (d, f, b) for call in (lambda i: F.layer_norm(x.to(i), (3,), *parameters(f)), lambda i: F.group_norm(x.to(i).reshape(1, 3, 4), 3, *parameters(f)), lambda i: F.instance_norm(x.to(i).reshape(1, 3, 4), *parameters(f), *parameters(f)))]
# --- eps
[refusal(lambda: F.batch_norm(x, *parameters(f), None, None, training, 0.1, eps)) for training in (True, False) for eps in (0.0, -1.0)]
# --- batches of nothing
mean, var = parameters(f)
bn = nn.BatchNorm1d(3)
[F.batch_norm(x[:0], mean, var, None, None, True), mean, var, bn(x[:0]).shape, bn.running_mean, bn.num_batches_tracked, F.instance_norm(torch.ones(2, 3, 0)).shape]
# --- too little to normalise
[refusal(c) for c in (lambda: F.batch_norm(x[:1], None, None, training=True), lambda: F.instance_norm(x.reshape(4, 3, 1)), lambda: F.instance_norm(x), lambda: F.instance_norm(x[0]))]
# --- recurrent layers of mixed dtypes
calls = [
    lambda: nn.RNNCell(3, 3)(x.to(d)), lambda: nn.RNNCell(3, 3)(x, x.to(d)), lambda: nn.GRUCell(3, 3)(x.to(d)), lambda: nn.GRUCell(3, 3)(x, x.to(d)), lambda: nn.LSTMCell(3, 3)(x.to(d)), lambda: nn.LSTMCell(3, 3)(x, (x.to(d), x)),
    lambda: nn.GRU(3, 3)(x.to(d)), lambda: nn.GRU(3, 3)(x, x[:1].to(d)), lambda: nn.RNN(3, 3)(x, x[:1].to(d)),
]
[refusal(c) for c in calls]
# --- bilinear of mixed dtypes
refusal(lambda: F.bilinear(x.to(d), x.to(d), torch.ones(2, 3, 3)))
# --- random samples
x, s = torch.arange(48.0).reshape(3, 4, 4), torch.full((1, 3, 2), 0.5)
calls = [
    lambda: F.fractional_max_pool2d(x, 2, 2, _random_samples=s), lambda: F.fractional_max_pool2d(x[None], 2, 2, _random_samples=s.repeat(2, 1, 1)), lambda: F.fractional_max_pool2d(x, 2, 2, _random_samples=s.double()), lambda: F.fractional_max_pool2d(x, 2, 2, _random_samples=s[0]),
    lambda: F.fractional_max_pool2d(x, 2, 2, _random_samples=s[:, :2]), lambda: F.fractional_max_pool2d(x, 2, 2, _random_samples=s[:, :, :1]), lambda: F.fractional_max_pool2d(x.repeat(2, 1, 1, 1), 2, 2, _random_samples=s),
    lambda: F.fractional_max_pool3d(torch.arange(64.0).reshape(1, 4, 4, 4), 2, 2, _random_samples=torch.full((2, 1, 3), 0.5)),
]
[refusal(c) for c in calls]
# --- arguments of the wrong kind
def refused(call):
    try:
        return call()
    except TypeError as error:
        return str(error).partition("\n")[0]
F = torch.nn.functional
x, v, lg, tg = torch.ones(1, 2, 6, 6), torch.ones(2, 3), torch.ones(3, 4), torch.tensor([0, 1, 2])
e, i = torch.ones(5, 3), torch.tensor([1, 2])
[refused(call) for call in (
    lambda: F.dropout(x, 0.5, "a"), lambda: F.gelu(v, approximate=1), lambda: F.leaky_relu(v, "a"), lambda: F.elu(v, "a"), lambda: F.threshold(v, "a", 1),
    lambda: F.softplus(v, "a"), lambda: F.hardshrink(v, "a"), lambda: F.glu(torch.ones(4), dim=0.0), lambda: F.max_pool2d(x, 2.0),
    lambda: F.max_pool2d(x, 2, ceil_mode=1), lambda: F.avg_pool2d(x, 2, count_include_pad="a"), lambda: F.avg_pool2d(x, 2, divisor_override=1.5),
    lambda: F.batch_norm(x, None, None, training=1), lambda: F.layer_norm(v, (3.0,)),
    lambda: F.layer_norm(v, (3,), eps="a"), lambda: F.group_norm(x, 1.0), lambda: F.rms_norm(v, (3,), eps="a"), lambda: F.embedding(i, e, padding_idx=1.0),
    lambda: F.embedding(i, e, sparse=1), lambda: F.cross_entropy(lg, tg, ignore_index=1.5), lambda: F.cross_entropy(lg, tg, label_smoothing="a"),
    lambda: F.poisson_nll_loss(lg, lg, log_input=1), lambda: F.kl_div(lg, lg, reduction="sum", log_target="a"), lambda: F.grid_sample(x, torch.ones(1, 2, 2, 2), align_corners="a"),
    lambda: F.pixel_shuffle(torch.ones(1, 4, 2, 2), 2.0), lambda: F.one_hot(i, 3.0), lambda: F.scaled_dot_product_attention(x, x, x, is_causal=1),
    lambda: F.cosine_similarity(v, v, dim=1.0), lambda: F.pairwise_distance(v, v, keepdim="a"),
)]
# --- arguments of kinds that will do
import numpy as np
F = torch.nn.functional
x, v = torch.ones(1, 2, 6, 6), torch.ones(2, 3)
[F.max_pool2d(x, [2, np.int64(2)]).shape, F.layer_norm(v, torch.Size([3]), eps=np.float64(1e-5)).sum().abs() < 1e-4, F.group_norm(x, np.int64(2)).shape,
 F.leaky_relu(-v, 1), F.dropout(v, 0.0, True), F.avg_pool2d(x, (2, 2), divisor_override=None).shape, F.conv2d(x, torch.ones(2, 2, 1, 1), stride=[1, 1]).shape]
# --- transposed convolution with too much output padding
[refusal(lambda n=n, s=s: getattr(F, f"conv_transpose{n}d")(torch.ones(1, 2, *[3] * n), torch.ones(2, 2, *[2] * n), **s)) for n in (1, 2, 3) for s in ({"output_padding": 2}, {"dilation": 0})]
# --- dilation of zero
[refusal(lambda n=n: getattr(F, f"conv{n}d")(torch.ones(1, 2, *[3] * n), torch.ones(2, 2, *[2] * n), dilation=0)) for n in (1, 2, 3)]
