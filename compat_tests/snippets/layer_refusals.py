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
