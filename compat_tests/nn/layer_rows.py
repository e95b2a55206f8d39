"""One row per way of making a layer: the constructor, and what it is called with."""

import numpy as np

# Constructor -> the shapes or values of its inputs. A tuple is the shape of a float tensor that requires grad; a list is
# integers, a numpy array itself; "same" repeats the tensor before it.
ROWS = {
    "Identity(3)": [(2, 4)],
    "Linear(4, 3)": [(2, 5, 4)],
    "Linear(4, 3, bias=False)": [(4,)],
    "Bilinear(3, 4, 5)": [(6, 3), (6, 4)],
    "LazyLinear(3)": [(2, 4)],
    "Conv1d(4, 6, 3)": [(2, 4, 7)],
    "Conv2d(4, 6, (3, 5), stride=2, padding=(1, 2), groups=2)": [(2, 4, 7, 8)],
    "Conv2d(4, 6, 3, padding='same', bias=False)": [(2, 4, 7, 8)],
    "Conv2d(4, 6, 4, padding='same', padding_mode='circular')": [(2, 4, 7, 8)],
    "Conv2d(4, 6, 3, padding=1, padding_mode='reflect', dilation=2)": [(4, 7, 8)],
    "Conv3d(4, 6, 3)": [(2, 4, 5, 6, 7)],
    "ConvTranspose1d(4, 6, 3, stride=2, output_padding=1)": [(2, 4, 7)],
    "ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, dilation=2)": [(2, 4, 7, 8)],
    "ConvTranspose3d(4, 6, 3)": [(2, 4, 3, 4, 5)],
    "LazyConv2d(3, 2)": [(2, 4, 7, 8)],
    "BatchNorm1d(4)": [(5, 4)],
    "BatchNorm1d(4, momentum=None)": [(2, 4, 7)],
    "BatchNorm2d(4)": [(2, 4, 3, 5)],
    "BatchNorm2d(4, affine=False)": [(2, 4, 3, 5)],
    "BatchNorm2d(4, track_running_stats=False)": [(2, 4, 3, 5)],
    "BatchNorm3d(4, bias=False)": [(2, 4, 3, 5, 2)],
    "LazyBatchNorm2d()": [(2, 4, 3, 5)],
    "SyncBatchNorm(4)": [(2, 4, 3)],
    "InstanceNorm1d(4)": [(2, 4, 7)],
    "InstanceNorm2d(4, affine=True, track_running_stats=True)": [(2, 4, 7, 8)],
    "LayerNorm(5)": [(2, 4, 5)],
    "LayerNorm((4, 5), elementwise_affine=False)": [(2, 4, 5)],
    "LayerNorm(5, bias=False)": [(2, 4, 5)],
    "GroupNorm(2, 4)": [(2, 4, 7)],
    "RMSNorm(5)": [(2, 4, 5)],
    "LocalResponseNorm(2)": [(1, 4, 6, 6)],
    "MaxPool1d(2)": [(2, 3, 8)],
    "MaxPool2d(2, 2)": [(2, 3, 8, 9)],
    "MaxPool2d((2, 3), return_indices=True)": [(2, 3, 8, 9)],
    "MaxPool3d(2)": [(2, 3, 6, 7, 8)],
    "MaxUnpool2d(2)": [(1, 1, 2, 2), np.array([[[[0, 3], [8, 15]]]])],
    "AvgPool1d(2)": [(2, 3, 8)],
    "AvgPool2d(3, stride=2, padding=1, count_include_pad=False)": [(2, 3, 8, 9)],
    "AvgPool3d(2, ceil_mode=True)": [(2, 3, 6, 7, 8)],
    "LPPool2d(2, 3)": [(2, 3, 8, 9)],
    "FractionalMaxPool2d(2, output_size=3)": [(2, 3, 8, 9)],
    "AdaptiveAvgPool1d(3)": [(2, 3, 8)],
    "AdaptiveAvgPool2d((1, 1))": [(2, 3, 8, 9)],
    "AdaptiveAvgPool2d((3, None))": [(2, 3, 8, 9)],
    "AdaptiveMaxPool2d((None, 2))": [(2, 3, 8, 9)],
    "ReLU()": [(2, 6)],
    "ReLU(True)": [(2, 6)],
    "ReLU6()": [(2, 6)],
    "RReLU()": [(2, 6)],
    "Threshold(0.1, 20)": [(2, 6)],
    "Hardtanh(-2, 2)": [(2, 6)],
    "Sigmoid()": [(2, 6)],
    "Hardsigmoid()": [(2, 6)],
    "Tanh()": [(2, 6)],
    "SiLU()": [(2, 6)],
    "Mish()": [(2, 6)],
    "Hardswish()": [(2, 6)],
    "ELU(0.5)": [(2, 6)],
    "CELU()": [(2, 6)],
    "SELU()": [(2, 6)],
    "GLU()": [(2, 6)],
    "GELU()": [(2, 6)],
    "GELU('tanh')": [(2, 6)],
    "Hardshrink()": [(2, 6)],
    "LeakyReLU(0.2)": [(2, 6)],
    "LogSigmoid()": [(2, 6)],
    "Softplus()": [(2, 6)],
    "Softshrink()": [(2, 6)],
    "PReLU(3)": [(2, 3, 4)],
    "Softsign()": [(2, 6)],
    "Tanhshrink()": [(2, 6)],
    "Softmin(1)": [(2, 6)],
    "Softmax(dim=1)": [(2, 6)],
    "Softmax2d()": [(1, 4, 2, 2)],
    "LogSoftmax(1)": [(2, 6)],
    "MultiheadAttention(8, 2)": [(5, 2, 8), "same", "same"],
    "MultiheadAttention(8, 2, kdim=3, vdim=5, add_bias_kv=True, batch_first=True)": [(2, 5, 8), (2, 6, 3), (2, 6, 5)],
    "MultiheadAttention(8, 2, bias=False)": [(5, 2, 8), (4, 2, 8), "same"],
    "Dropout()": [(2, 6)],
    "Dropout(0.2, inplace=True)": [(2, 6)],
    "Dropout1d()": [(2, 4, 6)],
    "Dropout2d()": [(2, 4, 3, 3)],
    "AlphaDropout()": [(2, 6)],
    "FeatureAlphaDropout()": [(2, 4, 6)],
    "ZeroPad2d(1)": [(1, 2, 3, 4)],
    "ConstantPad1d((1, 2), 3.5)": [(1, 2, 4)],
    "ReflectionPad2d((1, 2, 2, 1))": [(1, 2, 3, 4)],
    "ReplicationPad3d(2)": [(1, 2, 3, 4, 2)],
    "CircularPad2d(1)": [(1, 2, 3, 4)],
    "L1Loss()": [(3, 2), (3, 2)],
    "MSELoss(reduction='sum')": [(3, 2), (3, 2)],
    "CrossEntropyLoss()": [(4, 3), [0, 2, 1, 1]],
    "CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]), label_smoothing=0.1, ignore_index=2)": [
        (4, 3),
        [0, 2, 1, 1],
    ],
    "NLLLoss(reduction='none')": [(4, 3), [0, 2, 1, 1]],
    "BCELoss()": ["unit (3, 2)", "unit (3, 2)"],
    "BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 2.0]))": [(3, 2), "unit (3, 2)"],
    "KLDivLoss(reduction='batchmean')": [(3, 2), "unit (3, 2)"],
    "HuberLoss(delta=0.5)": [(3, 2), (3, 2)],
    "SmoothL1Loss(beta=0.5)": [(3, 2), (3, 2)],
    "TripletMarginLoss()": [(4, 5), (4, 5), (4, 5)],
    "TripletMarginWithDistanceLoss()": [(4, 5), (4, 5), (4, 5)],
    "CTCLoss()": [(12, 2, 5), [[1, 2, 3], [1, 1, 4]], [12, 10], [3, 2]],
    "PoissonNLLLoss()": [(3, 2), "unit (3, 2)"],
    "GaussianNLLLoss()": [(3, 2), (3, 2), "unit (3, 2)"],
    "HingeEmbeddingLoss()": [(4,), [1, -1, 1, -1]],
    "MultiLabelMarginLoss()": [(1, 4), [[3, 0, -1, 1]]],
    "SoftMarginLoss()": [(2, 2), np.array([[1.0, -1.0], [1.0, 1.0]], "float32")],
    "MultiLabelSoftMarginLoss()": [(2, 2), np.array([[1.0, 0.0], [1.0, 1.0]], "float32")],
    "CosineEmbeddingLoss()": [(4, 5), (4, 5), [1, -1, 1, -1]],
    "MarginRankingLoss(margin=0.1)": [(4,), (4,), [1, -1, 1, -1]],
    "MultiMarginLoss(p=2)": [(4, 3), [0, 2, 1, 1]],
    "Embedding(10, 3)": [[[1, 2], [9, 0]]],
    "Embedding(10, 3, padding_idx=-1)": [[[1, 2], [9, 0]]],
    "Embedding(10, 3, max_norm=1.0, scale_grad_by_freq=True)": [[[1, 2], [1, 0]]],
    "EmbeddingBag(10, 3, mode='sum')": [[[1, 2], [9, 0]]],
    "EmbeddingBag(10, 3)": [[[1, 2], [9, 0]]],
    "Upsample(scale_factor=2, mode='bilinear', align_corners=True)": [(1, 2, 3, 4)],
    "Upsample(size=5)": [(1, 2, 3)],
    "UpsamplingNearest2d(scale_factor=2)": [(1, 2, 3, 4)],
    "UpsamplingBilinear2d(size=4)": [(1, 2, 3, 4)],
    "PixelShuffle(2)": [(1, 8, 3, 3)],
    "PixelUnshuffle(2)": [(1, 2, 4, 4)],
    "Fold((4, 5), 2)": [(1, 8, 12)],
    "Unfold(3)": [(1, 2, 4, 5)],
    "Flatten()": [(2, 3, 4)],
    "Unflatten(1, (2, 3))": [(3, 6)],
    "PairwiseDistance()": [(3, 4), (3, 4)],
    "CosineSimilarity()": [(3, 4), (3, 4)],
    "ChannelShuffle(2)": [(1, 4, 2, 2)],
    "RNN(3, 4)": [(5, 2, 3)],
    "RNN(3, 4, 2, nonlinearity='relu', bidirectional=True)": [(5, 2, 3)],
    "LSTM(3, 4, 2, batch_first=True)": [(2, 5, 3)],
    "LSTM(3, 4, proj_size=2, bidirectional=True)": [(5, 2, 3)],
    "GRU(3, 4, bias=False)": [(5, 3)],
    "RNNCell(3, 4)": [(2, 3)],
    "LSTMCell(3, 4)": [(2, 3)],
    "GRUCell(3, 4)": [(3,)],
    "TransformerEncoderLayer(8, 2, 16, dropout=0.0)": [(5, 2, 8)],
    "TransformerDecoderLayer(8, 2, 16, dropout=0.0, norm_first=True)": [(5, 2, 8), (4, 2, 8)],
    "Transformer(8, 2, 1, 1, 16, dropout=0.0)": [(5, 2, 8), (4, 2, 8)],
    "AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], div_value=2.0)": [(6, 8), [0, 3, 4, 9, 15, 19]],
}


def inputs(torch, shapes):
    """The inputs of a row, the same under jtorch and PyTorch."""
    numbers = np.random.default_rng(0)
    made = []
    for shape in shapes:
        if isinstance(shape, str) and shape == "same":
            made.append(made[-1])
        elif isinstance(shape, str):
            size = eval(shape.removeprefix("unit"))
            made.append(torch.tensor(numbers.uniform(0.05, 0.95, size).astype("float32")))
        elif isinstance(shape, tuple):
            made.append(torch.tensor(numbers.standard_normal(shape).astype("float32"), requires_grad=True))
        else:
            made.append(torch.tensor(shape))
    return made


def observe(torch, row):
    """What a layer prints, holds, returns and differentiates to; every array as a few numbers."""
    torch.manual_seed(3)
    layer = eval(row, {**vars(torch.nn), "torch": torch})
    seen = {"repr": repr(layer)}
    seen["drawn"] = summary(torch.rand(1))
    if "Lazy" not in row:
        seen["initial"] = {name: summary(tensor) for name, tensor in layer.state_dict().items()}
    leaves = inputs(torch, ROWS[row])
    # Through a multiplication: an in-place layer may not write on a leaf.
    arguments = []
    for leaf in leaves:
        again = next((a for seen_leaf, a in arguments if seen_leaf is leaf), None)
        arguments.append((leaf, again if again is not None else leaf * 1 if leaf.requires_grad else leaf))
    results = _tensors(torch, layer(*(argument for _, argument in arguments)))
    seen["results"] = [summary(result) for result in results]
    total = None
    for result in results:
        if result.requires_grad:
            weights = np.linspace(0.5, 1.5, max(result.numel(), 1)).astype("float32").reshape(tuple(result.shape))
            term = (result * torch.tensor(weights)).sum()
            total = term if total is None else total + term
    if total is not None:
        total.backward()
        seen["input grads"] = [None if leaf.grad is None else summary(leaf.grad) for leaf in leaves]
        seen["grads"] = {
            name: None if param.grad is None else summary(param.grad) for name, param in layer.named_parameters()
        }
    seen["buffers"] = {name: summary(buffer) for name, buffer in layer.named_buffers()}
    return seen


def _tensors(torch, value):
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (tuple, list)):
        return [tensor for item in value for tensor in _tensors(torch, item)]
    return []


def summary(tensor):
    """Dtype, shape, the first and last values, the sum and the weighted sum: enough to tell arrays apart."""
    array = tensor.detach().numpy()
    flat = array.astype("float64").ravel()
    weighted = float(flat @ np.cos(np.arange(flat.size)))
    numbers = [*flat[:3], *flat[-1:], flat.sum(), np.abs(flat).sum(), weighted]
    return {
        "dtype": str(array.dtype),
        "shape": list(array.shape),
        "numbers": [float(f"{x:.9g}") for x in numbers],
    }


def differences(expected, seen, tolerance=2e-5, path=""):
    """Where two observations differ: exactly in words and shapes, by a tolerance in numbers."""
    if isinstance(expected, dict) and isinstance(seen, dict):
        if list(expected) != list(seen):
            return [f"{path}: {list(seen)} instead of {list(expected)}"]
        if "numbers" in expected and not path.endswith("numbers"):
            return _summary_differences(expected, seen, tolerance, path)
        return [d for key in expected for d in differences(expected[key], seen[key], tolerance, f"{path}/{key}")]
    if isinstance(expected, list) and isinstance(seen, list):
        if len(expected) != len(seen):
            return [f"{path}: {len(seen)} items instead of {len(expected)}"]
        pairs = enumerate(zip(expected, seen, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, tolerance, f"{path}/{i}")]
    if isinstance(expected, float) and isinstance(seen, (int, float)):
        near = abs(expected - seen) <= tolerance * (1 + abs(expected)) or expected == seen
        return [] if near or (expected != expected and seen != seen) else [f"{path}: {seen} instead of {expected}"]
    return [] if expected == seen else [f"{path}: {seen!r} instead of {expected!r}"]


def _summary_differences(expected, seen, tolerance, path):
    for key in ("dtype", "shape"):
        if expected[key] != seen[key]:
            return [f"{path}: {key} {seen[key]} instead of {expected[key]}"]
    scale = 1 + max(abs(x) for x in expected["numbers"] if x == x) if any(x == x for x in expected["numbers"]) else 1
    for a, b in zip(expected["numbers"], seen["numbers"], strict=True):
        if not (abs(a - b) <= tolerance * scale or a == b or (a != a and b != b)):
            return [f"{path}: {seen['numbers']} instead of {expected['numbers']}"]
    return []
