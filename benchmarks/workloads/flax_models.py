"""The workloads of `models.py` written by hand for JAX: flax.nnx layers, optax, and one jitted, donated step over the split-up state."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx


class Mlp(nnx.Module):
    def __init__(self, sizes, rngs):
        self.layers = nnx.List([nnx.Linear(i, o, rngs=rngs) for i, o in zip(sizes, sizes[1:], strict=False)])

    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = nnx.relu(layer(x))
        return self.layers[-1](x)


class Net(nnx.Module):
    """Channels last, as flax has them."""

    def __init__(self, rngs):
        self.conv1 = nnx.Conv(1, 32, (5, 5), padding="VALID", rngs=rngs)
        self.conv2 = nnx.Conv(32, 64, (5, 5), padding="VALID", rngs=rngs)
        self.fc1 = nnx.Linear(64 * 4 * 4, 512, rngs=rngs)
        self.fc2 = nnx.Linear(512, 10, rngs=rngs)
        self.dropout = nnx.Dropout(0.3, rngs=rngs)

    def __call__(self, x):
        x = nnx.max_pool(nnx.relu(self.conv1(x)), (2, 2), (2, 2))
        x = nnx.max_pool(nnx.relu(self.conv2(self.dropout(x))), (2, 2), (2, 2))
        x = self.dropout(x).reshape(x.shape[0], -1)
        return self.fc2(nnx.relu(self.fc1(x)))


def _trainer(model, transformation, batches):
    batches = [
        (jnp.asarray(x, jnp.float32 if x.dtype == np.float32 else jnp.int32), jnp.asarray(y, jnp.int32))
        for x, y in batches
    ]
    optimizer = nnx.Optimizer(model, transformation, wrt=nnx.Param)
    graph, state = nnx.split((model, optimizer))

    @functools.partial(jax.jit, donate_argnums=0)
    def update(state, data, label):
        model, optimizer = nnx.merge(graph, state)

        def criterion(model):
            return optax.softmax_cross_entropy_with_integer_labels(model(data), label).mean()

        loss, grads = nnx.value_and_grad(criterion)(model)
        optimizer.update(model, grads)
        return nnx.state((model, optimizer)), loss

    def step(i):
        nonlocal state
        data, label = batches[i % len(batches)]
        state, loss = update(state, data, label)
        return float(loss)

    return step


def mlp(batches):
    return _trainer(MODELS["mlp"](nnx.Rngs(0)), optax.sgd(0.01, momentum=0.9), batches)


def deep(batches):
    return _trainer(MODELS["deep"](nnx.Rngs(0)), optax.adam(1e-3), batches)


def cnn(batches):
    return _trainer(Net(nnx.Rngs(0)), optax.adam(1e-3), [(_channels_last(x), y) for x, y in batches])


class BasicBlock(nnx.Module):
    def __init__(self, inputs, outputs, stride, rngs):
        conv = functools.partial(nnx.Conv, padding="SAME", use_bias=False, rngs=rngs)
        norm = functools.partial(nnx.BatchNorm, momentum=0.9, rngs=rngs)
        self.conv1, self.bn1 = conv(inputs, outputs, (3, 3), stride), norm(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs, (3, 3)), norm(outputs)
        self.projects = stride != 1 or inputs != outputs
        if self.projects:
            self.shortcut, self.bn3 = conv(inputs, outputs, (1, 1), stride), norm(outputs)

    def __call__(self, x):
        out = self.bn2(self.conv2(nnx.relu(self.bn1(self.conv1(x)))))
        return nnx.relu(out + (self.bn3(self.shortcut(x)) if self.projects else x))


class ResNet18(nnx.Module):
    """Channels last."""

    def __init__(self, rngs, width=32):
        self.conv1 = nnx.Conv(3, width, (3, 3), padding="SAME", use_bias=False, rngs=rngs)
        self.bn1 = nnx.BatchNorm(width, momentum=0.9, rngs=rngs)
        blocks, inputs = [], width
        for i, factor in enumerate((1, 2, 4, 8)):
            for stride in (1 if i == 0 else 2, 1):
                blocks.append(BasicBlock(inputs, width * factor, stride, rngs))
                inputs = width * factor
        self.blocks, self.fc = nnx.List(blocks), nnx.Linear(inputs, 10, rngs=rngs)

    def __call__(self, x):
        x = nnx.relu(self.bn1(self.conv1(x)))
        for block in self.blocks:
            x = block(x)
        return self.fc(x.mean((1, 2)))


def resnet(batches):
    optimizer = optax.chain(optax.add_decayed_weights(5e-4), optax.sgd(0.05, momentum=0.9))
    return _trainer(ResNet18(nnx.Rngs(0)), optimizer, [(_channels_last(x), y) for x, y in batches])


class Block(nnx.Module):
    def __init__(self, width, heads, rngs):
        self.heads = heads
        self.ln_1, self.ln_2 = nnx.LayerNorm(width, rngs=rngs), nnx.LayerNorm(width, rngs=rngs)
        self.qkv, self.proj = nnx.Linear(width, 3 * width, rngs=rngs), nnx.Linear(width, width, rngs=rngs)
        self.fc, self.out = nnx.Linear(width, 4 * width, rngs=rngs), nnx.Linear(4 * width, width, rngs=rngs)

    def __call__(self, x):
        batch, length, width = x.shape
        q, k, v = (t.reshape(batch, length, self.heads, -1) for t in jnp.split(self.qkv(self.ln_1(x)), 3, axis=-1))
        x = x + self.proj(jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(batch, length, width))
        return x + self.out(nnx.gelu(self.fc(self.ln_2(x))))


class GPT(nnx.Module):
    def __init__(self, rngs, words=256, length=64, width=128, heads=4, layers=4):
        self.wte, self.wpe = nnx.Embed(words, width, rngs=rngs), nnx.Embed(length, width, rngs=rngs)
        self.blocks = nnx.List([Block(width, heads, rngs) for _ in range(layers)])
        self.ln_f, self.head = nnx.LayerNorm(width, rngs=rngs), nnx.Linear(width, words, use_bias=False, rngs=rngs)

    def __call__(self, tokens):
        x = self.wte(tokens) + self.wpe(jnp.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))


def gpt(batches):
    return _trainer(GPT(nnx.Rngs(0)), optax.adamw(3e-4, weight_decay=0.01), batches)


def decoder(batches, depth, length):
    model = GPT(nnx.Rngs(0), length=length, layers=depth)
    return _trainer(model, optax.adamw(3e-4, weight_decay=0.01), batches)


class LanguageModel(nnx.Module):
    def __init__(self, rngs, words=1000, width=256):
        self.embedding = nnx.Embed(words, width, rngs=rngs)
        self.layers = nnx.List([nnx.RNN(nnx.OptimizedLSTMCell(width, width, rngs=rngs)) for _ in range(2)])
        self.head = nnx.Linear(width, words, rngs=rngs)

    def __call__(self, tokens):
        x = self.embedding(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


def lstm(batches):
    return _trainer(LanguageModel(nnx.Rngs(0)), optax.sgd(1.0), batches)


def _channels_last(x):
    return x.transpose(0, 2, 3, 1) if x.ndim == 4 else x


def predictor(workload):
    """The jitted forward pass of a model in evaluation mode, of batches as torch has them."""
    model = MODELS[workload](nnx.Rngs(0))
    model.eval()
    graph, state = nnx.split(model)
    forward = jax.jit(lambda state, x: nnx.merge(graph, state)(x))
    return lambda x: forward(state, jnp.asarray(_channels_last(x)))


MODELS = {
    "mlp": functools.partial(Mlp, (784, 256, 10)),
    "deep": functools.partial(Mlp, (*[64] * 20, 10)),
    "cnn": Net,
    "resnet": ResNet18,
    "gpt": GPT,
    "lstm": LanguageModel,
}
WORKLOADS = {"mlp": mlp, "deep": deep, "cnn": cnn, "resnet": resnet, "gpt": gpt, "lstm": lstm}
