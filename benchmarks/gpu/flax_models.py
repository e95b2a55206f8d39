"""The models of `torch_models.py` written by hand for JAX: flax.nnx with computation in bfloat16, optax, one jitted and donated step."""

import functools

import jax
import jax.numpy as jnp
import optax
from flax import nnx

BF16 = {"dtype": jnp.bfloat16}


def _trainer(model, transformation):
    graph, state = nnx.split((model, nnx.Optimizer(model, transformation, wrt=nnx.Param)))

    @functools.partial(jax.jit, donate_argnums=0)
    def update(state, data, label):
        model, optimizer = nnx.merge(graph, state)

        def criterion(model):
            logits = model(data).astype(jnp.float32)
            return optax.softmax_cross_entropy_with_integer_labels(logits, label).mean()

        loss, grads = nnx.value_and_grad(criterion)(model)
        optimizer.update(model, grads)
        return nnx.state((model, optimizer)), loss

    def step(data, label):
        nonlocal state
        state, loss = update(state, data, label)
        return loss

    return step


class Block(nnx.Module):
    def __init__(self, width, heads, rngs):
        linear = functools.partial(nnx.Linear, rngs=rngs, **BF16)
        self.heads = heads
        self.ln_1, self.ln_2 = nnx.LayerNorm(width, rngs=rngs), nnx.LayerNorm(width, rngs=rngs)
        self.qkv, self.proj = linear(width, 3 * width), linear(width, width)
        self.fc, self.out = linear(width, 4 * width), linear(4 * width, width)

    def __call__(self, x):
        batch, length, width = x.shape
        q, k, v = (t.reshape(batch, length, self.heads, -1) for t in jnp.split(self.qkv(self.ln_1(x)), 3, axis=-1))
        implementation = "cudnn" if jax.default_backend() == "gpu" else None
        y = jax.nn.dot_product_attention(q, k, v, is_causal=True, implementation=implementation)
        x = x + self.proj(y.reshape(batch, length, width))
        return x + self.out(nnx.gelu(self.fc(self.ln_2(x))))


class GPT(nnx.Module):
    def __init__(self, rngs, words, length, width, heads, layers):
        self.wte, self.wpe = nnx.Embed(words, width, rngs=rngs), nnx.Embed(length, width, rngs=rngs)
        self.blocks = nnx.List([Block(width, heads, rngs) for _ in range(layers)])
        self.ln_f, self.head = (
            nnx.LayerNorm(width, rngs=rngs),
            nnx.Linear(width, words, use_bias=False, rngs=rngs, **BF16),
        )

    def __call__(self, tokens):
        x = self.wte(tokens) + self.wpe(jnp.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))


def gpt2(words, length, width, heads, layers, **_):
    return _trainer(GPT(nnx.Rngs(0), words, length, width, heads, layers), optax.adamw(3e-4, weight_decay=0.01))


def _conv(inputs, outputs, size, stride=1, *, rngs):
    return nnx.Conv(inputs, outputs, (size, size), stride, padding="SAME", use_bias=False, rngs=rngs, **BF16)


def _norm(features, rngs):
    return nnx.BatchNorm(features, momentum=0.9, rngs=rngs, **BF16)


class Bottleneck(nnx.Module):
    def __init__(self, inputs, width, stride, rngs):
        self.conv1, self.bn1 = _conv(inputs, width, 1, rngs=rngs), _norm(width, rngs)
        self.conv2, self.bn2 = _conv(width, width, 3, stride, rngs=rngs), _norm(width, rngs)
        self.conv3, self.bn3 = _conv(width, 4 * width, 1, rngs=rngs), _norm(4 * width, rngs)
        self.projects = stride != 1 or inputs != 4 * width
        if self.projects:
            self.shortcut, self.bn4 = _conv(inputs, 4 * width, 1, stride, rngs=rngs), _norm(4 * width, rngs)

    def __call__(self, x):
        out = nnx.relu(self.bn1(self.conv1(x)))
        out = nnx.relu(self.bn2(self.conv2(out)))
        return nnx.relu(self.bn3(self.conv3(out)) + (self.bn4(self.shortcut(x)) if self.projects else x))


class ResNet(nnx.Module):
    def __init__(self, rngs, width, blocks, classes):
        self.conv1, self.bn1 = _conv(3, width, 7, 2, rngs=rngs), _norm(width, rngs)
        layers, inputs = [], width
        for i, count in enumerate(blocks):
            for j in range(count):
                layers.append(Bottleneck(inputs, width << i, 2 if i and not j else 1, rngs))
                inputs = 4 * (width << i)
        self.layers, self.fc = nnx.List(layers), nnx.Linear(inputs, classes, rngs=rngs, **BF16)

    def __call__(self, x):
        x = nnx.relu(self.bn1(self.conv1(x)))
        x = nnx.max_pool(x, (3, 3), (2, 2), "SAME")
        for layer in self.layers:
            x = layer(x)
        return self.fc(x.mean((1, 2)))


def resnet50(width, blocks, classes, **_):
    optimizer = optax.chain(optax.add_decayed_weights(1e-4), optax.sgd(0.1, momentum=0.9))
    return _images(_trainer(ResNet(nnx.Rngs(0), width, blocks, classes), optimizer))


class Double(nnx.Module):
    def __init__(self, inputs, outputs, rngs):
        self.conv1, self.bn1 = _conv(inputs, outputs, 3, rngs=rngs), _norm(outputs, rngs)
        self.conv2, self.bn2 = _conv(outputs, outputs, 3, rngs=rngs), _norm(outputs, rngs)

    def __call__(self, x):
        return nnx.relu(self.bn2(self.conv2(nnx.relu(self.bn1(self.conv1(x))))))


class UNet(nnx.Module):
    def __init__(self, rngs, width, depth, classes):
        widths = [width << i for i in range(depth)]
        self.down = nnx.List([Double(i, o, rngs) for i, o in zip([3, *widths], widths, strict=False)])
        self.up = nnx.List([nnx.ConvTranspose(2 * w, w, (2, 2), (2, 2), rngs=rngs, **BF16) for w in widths[-2::-1]])
        self.merge = nnx.List([Double(2 * w, w, rngs) for w in widths[-2::-1]])
        self.head = nnx.Conv(width, classes, (1, 1), rngs=rngs, **BF16)

    def __call__(self, x):
        kept = []
        for i, block in enumerate(self.down):
            x = block(nnx.max_pool(x, (2, 2), (2, 2)) if i else x)
            kept.append(x)
        kept.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(jnp.concatenate([kept.pop(), up(x)], -1))
        return self.head(x)


def unet(width, depth, classes, **_):
    return _images(_trainer(UNet(nnx.Rngs(0), width, depth, classes), optax.adam(1e-3)))


def _images(step):
    """Channels last, as JAX's users keep their images."""
    step.channels_last = True
    return step


WORKLOADS = {"gpt2": gpt2, "resnet50": resnet50, "unet": unet}
