"""The workloads of `models.py` written by hand for JAX: flax.nnx layers, optax, and one jitted, donated step over the split-up state."""

import functools

import jax
import jax.numpy as jnp
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
    batches = [(jnp.asarray(x), jnp.asarray(y, jnp.int32)) for x, y in batches]
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
    return _trainer(Mlp((784, 256, 10), nnx.Rngs(0)), optax.sgd(0.01, momentum=0.9), batches)


def deep(batches):
    return _trainer(Mlp((*[64] * 20, 10), nnx.Rngs(0)), optax.adam(1e-3), batches)


def cnn(batches):
    return _trainer(Net(nnx.Rngs(0)), optax.adam(1e-3), [(x.transpose(0, 2, 3, 1), y) for x, y in batches])


WORKLOADS = {"mlp": mlp, "deep": deep, "cnn": cnn}
