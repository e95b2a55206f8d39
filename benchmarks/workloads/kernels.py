"""The operations that the workloads spend their time in, at the workloads' sizes; run under torch and under jtorch.

`CASES` maps a name to a function that gives `(function, inputs)`: what is applied, and the float tensors it is differentiated by.
"""

import torch
import torch.nn.functional as F
from torch import nn


def _randn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def _convolution(images, channels, size, outputs, kernel, **options):
    def make():
        weight = _randn(outputs, channels, kernel, kernel)
        return lambda x, w: F.conv2d(x, w, **options), [_randn(images, channels, size, size), weight]

    return make


def _linear(inputs, outputs, *rows):
    return lambda: (F.linear, [_randn(*rows, inputs), _randn(outputs, inputs), _randn(outputs)])


def _attention(batch, heads, length, width):
    def make():
        return lambda *qkv: F.scaled_dot_product_attention(*qkv, is_causal=True), [
            _randn(batch, heads, length, width) for _ in range(3)
        ]

    return make


def _cross_entropy(rows, classes):
    labels = torch.randint(classes, (rows,), generator=torch.Generator().manual_seed(0))
    return lambda: (lambda x: F.cross_entropy(x, labels), [_randn(rows, classes)])


def _batch_norm(*shape):
    channels = shape[1]
    return lambda: (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        [_randn(*shape), _randn(channels), _randn(channels)],
    )


def _lstm(batch, length, width):
    def make():
        layer = nn.LSTM(width, width, batch_first=True)
        return lambda x: layer(x)[0], [_randn(batch, length, width)]

    return make


def _embedding(words, width, *shape):
    tokens = torch.randint(words, shape, generator=torch.Generator().manual_seed(0))
    return lambda: (lambda table: F.embedding(tokens, table), [_randn(words, width)])


CASES = {
    "linear 1024 x 128 to 512": _linear(128, 512, 16, 64),
    "linear 1024 x 512 to 128": _linear(512, 128, 16, 64),
    "linear 64 x 784 to 256": _linear(784, 256, 64),
    "convolution 32 x 32 x 32 x 32, 3 x 3": _convolution(32, 32, 32, 32, 3, padding=1),
    "convolution 32 x 64 x 16 x 16, 3 x 3": _convolution(32, 64, 16, 64, 3, padding=1),
    "convolution 32 x 256 x 4 x 4, 3 x 3": _convolution(32, 256, 4, 256, 3, padding=1),
    "convolution 32 x 32 x 32 x 32, 3 x 3, stride 2": _convolution(32, 32, 32, 64, 3, padding=1, stride=2),
    "convolution 64 x 32 x 12 x 12, 5 x 5": _convolution(64, 32, 12, 64, 5),
    "depthwise convolution 32 x 64 x 32 x 32, 3 x 3": lambda: (
        lambda x, w: F.conv2d(x, w, padding=1, groups=64),
        [_randn(32, 64, 32, 32), _randn(64, 1, 3, 3)],
    ),
    "transposed convolution 8 x 64 x 16 x 16, 2 x 2": lambda: (
        lambda x, w: F.conv_transpose2d(x, w, stride=2),
        [_randn(8, 64, 16, 16), _randn(64, 32, 2, 2)],
    ),
    "batch norm 32 x 32 x 32 x 32": _batch_norm(32, 32, 32, 32),
    "layer norm 1024 x 128": lambda: (
        lambda x, w, b: F.layer_norm(x, (128,), w, b),
        [_randn(16, 64, 128), _randn(128), _randn(128)],
    ),
    "max pool 64 x 32 x 24 x 24": lambda: (lambda x: F.max_pool2d(x, 2), [_randn(64, 32, 24, 24)]),
    "average pool 64 x 32 x 24 x 24": lambda: (lambda x: F.avg_pool2d(x, 2), [_randn(64, 32, 24, 24)]),
    "relu 32 x 32 x 32 x 32": lambda: (F.relu, [_randn(32, 32, 32, 32)]),
    "gelu 1024 x 512": lambda: (lambda x: F.gelu(x, approximate="tanh"), [_randn(16, 64, 512)]),
    "softmax 64 x 64 x 64": lambda: (lambda x: x.softmax(-1), [_randn(16, 4, 64, 64)]),
    "cross entropy 1024 x 256": _cross_entropy(1024, 256),
    "attention 16 x 4 x 64 x 32": _attention(16, 4, 64, 32),
    "attention 1 x 4 x 2048 x 32": _attention(1, 4, 2048, 32),
    "embedding 1000 x 256 by 700": _embedding(1000, 256, 20, 35),
    "lstm 20 x 35 x 256": _lstm(20, 35, 256),
}


def prepare(name, wrap):
    """Two functions without arguments, which give the results forward and the gradients of a whole pass as a list; `wrap` is what they are made with."""
    torch.manual_seed(0)
    function, inputs = CASES[name]()
    plain = [x.requires_grad_() for x in inputs]
    with torch.no_grad():
        slope = torch.ones_like(function(*plain))

    def forward(*inputs):
        return [function(*inputs)]

    def both(*inputs):
        return torch.autograd.grad(function(*inputs), inputs, slope)

    forward, both = wrap(forward), wrap(both)

    def without_gradients():
        with torch.no_grad():
            return forward(*plain)

    return without_gradients, lambda: both(*plain)
