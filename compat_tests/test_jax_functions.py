"""Tensors, modules, functions and optimizers between torch's side and JAX's: results against those of either side alone."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen, nnx

import jtorch


def net():
    jtorch.manual_seed(0)
    return jtorch.nn.Sequential(
        jtorch.nn.Linear(3, 4),
        jtorch.nn.BatchNorm1d(4),
        jtorch.nn.ReLU(),
        jtorch.nn.Dropout(0.5),
        jtorch.nn.Linear(4, 2),
    )


X = np.arange(15, dtype=np.float32).reshape(5, 3) / 10


def test_a_module_is_a_pure_function():
    module = net().eval()
    function, state = jtorch.to_jax(module)
    expected = module(jtorch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(jax.jit(function)(state, X), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(jax.vmap(function, (None, 0))(state, X[:, None])[:, 0], expected, rtol=1e-5, atol=1e-6)
    # The mean of squares, by JAX's gradient and by the tape.
    grads = jax.jit(jax.grad(lambda p: (function({**state, **p}, X) ** 2).mean()))({"0.weight": state["0.weight"]})
    (module(jtorch.from_numpy(X)) ** 2).mean().backward()
    np.testing.assert_allclose(grads["0.weight"], module[0].weight.grad, rtol=1e-4, atol=1e-6)


def test_buffers_come_back_and_random_numbers_come_from_a_key():
    module = net()
    function, state = jtorch.to_jax(module)
    call = jax.jit(lambda key: function.with_state(state, X, rng=key))
    first, changed = call(jax.random.key(0))
    assert not np.array_equal(first, call(jax.random.key(1))[0])
    np.testing.assert_array_equal(first, call(jax.random.key(0))[0])
    assert np.asarray(changed["1.num_batches_tracked"]) == 1 and module[1].num_batches_tracked == 0
    np.testing.assert_array_equal(module[1].running_mean.numpy(), np.zeros(4))
    with pytest.raises(RuntimeError, match="pass `rng="):
        jax.jit(function)(state, X)
    before = jtorch.get_rng_state()
    function(state, jnp.asarray(X), rng=jax.random.key(0))
    assert jtorch.equal(before, jtorch.get_rng_state())


def test_outside_of_a_transformation_the_generator_is_torchs():
    function = jtorch.to_jax(jtorch.rand_like)
    jtorch.manual_seed(0)
    expected = jtorch.rand(2)
    jtorch.manual_seed(0)
    np.testing.assert_array_equal(function(jnp.ones(2)), expected)
    assert jtorch.initial_seed() == 0 and not jtorch.equal(jtorch.rand(2), expected)


def test_a_function_that_writes_elsewhere_is_refused():
    kept = jtorch.zeros(2)

    def function(x):
        kept.add_(x)
        return x

    with pytest.raises(RuntimeError, match="writes to a tensor that it was not given"):
        jax.jit(jtorch.to_jax(function))(jnp.ones(2))
    assert kept.tolist() == [0, 0]


def test_a_function_may_use_the_tape_inside():
    def slope(x):
        x = x.detach().requires_grad_()
        return jtorch.autograd.grad(x.pow(3).sum(), x)[0]

    np.testing.assert_allclose(jax.jit(jtorch.to_jax(slope))(jnp.arange(3.0)), [0, 3, 12])


def test_tensors_are_pytrees():
    tree = {"a": jtorch.ones(2), "b": [jtorch.nn.Parameter(jtorch.arange(2.0))]}
    doubled = jax.jit(lambda tree: jax.tree.map(lambda a: 2 * a, tree))(tree)
    assert doubled["a"].tolist() == [2, 2] and doubled["b"][0].tolist() == [0, 2]
    assert jax.tree.map(jnp.shape, tree) == {"a": (2,), "b": [(2,)]}
    assert [type(leaf).__module__.split(".")[0] for leaf in jax.tree.leaves(tree)] == ["jaxlib", "jaxlib"]


def test_arrays_are_not_copied():
    array = jnp.arange(6.0)
    assert jtorch.to_jax(jtorch.from_jax(array)) is array
    assert jtorch.to_jax(jtorch.from_jax({"x": [array]}))["x"][0] is array


def test_a_jax_function_is_a_node_of_the_graph():
    a, b = jtorch.ones(2, 2, requires_grad=True), jtorch.tensor([1.0, 2.0])
    function = jtorch.from_jax(lambda a, b, power: {"r": (a @ b) ** power, "i": a.astype(int)})
    made = function(a, b, power=2)
    assert made["i"].tolist() == [[1, 1], [1, 1]] and not made["i"].requires_grad
    (made["r"].sum() + a.sum()).backward()
    assert made["r"].tolist() == [9, 9] and a.grad.tolist() == [[7, 13], [7, 13]] and b.grad is None
    z = jtorch.tensor([1 + 2j], requires_grad=True)
    jtorch.from_jax(lambda z: abs(z * z) ** 2)(z).sum().backward()
    assert z.grad.tolist() == [20 + 40j]
    with jtorch.no_grad():
        assert not function(a, b, 3)["r"].requires_grad


def test_a_module_of_nnx():
    source = nnx.Sequential(
        nnx.Linear(3, 4, rngs=nnx.Rngs(0)), nnx.BatchNorm(4, rngs=nnx.Rngs(0)), nnx.Dropout(0.5, rngs=nnx.Rngs(1))
    )
    module = jtorch.from_flax(source)
    assert sorted(module.state_dict()) == [
        "layers.0.bias",
        "layers.0.kernel",
        "layers.1.bias",
        "layers.1.mean",
        "layers.1.scale",
        "layers.1.var",
    ]
    x = jtorch.from_numpy(X)
    assert not jtorch.equal(module(x), module(x)) and module.get_buffer("layers.1.mean").abs().sum() > 0
    fresh = jtorch.from_flax(source).eval()
    source.eval()
    np.testing.assert_allclose(fresh(x).detach(), source(jnp.asarray(X)), rtol=1e-5, atol=1e-6)
    optimizer = jtorch.optim.SGD(fresh.parameters(), lr=0.1)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = (fresh(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[2] < losses[1] < losses[0]


class Dense(linen.Module):
    @linen.compact
    def __call__(self, x, train: bool = False):
        x = linen.BatchNorm(use_running_average=not train)(linen.Dense(4)(x))
        return linen.Dropout(0.5, deterministic=not train)(x)


def test_a_module_of_linen():
    variables = Dense().init(jax.random.key(0), X)
    module = jtorch.from_flax(Dense(), variables, rngs=jax.random.key(1))
    x = jtorch.from_numpy(X)
    np.testing.assert_allclose(module(x).detach(), Dense().apply(variables, X), rtol=1e-5, atol=1e-6)
    assert not jtorch.equal(module(x, train=True), module(x, train=True))
    assert module.batch_stats.BatchNorm_0.mean.abs().sum() > 0
    with pytest.raises(TypeError, match="needs its variables"):
        jtorch.from_flax(Dense())
    with pytest.raises(TypeError, match="got Linear"):
        jtorch.from_flax(jtorch.nn.Linear(1, 1))


def test_a_module_in_flax():
    module = jtorch.to_flax(net())
    optimizer = nnx.Optimizer(module, optax.sgd(0.1), wrt=nnx.Param)

    @nnx.jit
    def step(module, optimizer, key):
        loss, grads = nnx.value_and_grad(lambda m: (m(jnp.asarray(X), rng=key) ** 2).mean())(module)
        optimizer.update(module, grads)
        return loss

    losses = [float(step(module, optimizer, jax.random.key(0))) for _ in range(3)]
    assert losses[2] < losses[1] < losses[0]
    assert np.asarray(module.buffers["1.num_batches_tracked"][...]) == 3
    module.eval()
    np.testing.assert_array_equal(module(jnp.asarray(X)), module(jnp.asarray(X)))


def trained(make, steps=3):
    weight = jtorch.nn.Parameter(jtorch.tensor([1.0, -2.0]))
    optimizer = make([weight])
    for _ in range(steps):
        optimizer.zero_grad()
        (weight**2).sum().backward()
        optimizer.step()
    return weight, optimizer


def test_optax():
    ours, _ = trained(lambda p: jtorch.optim.Adam(p, lr=0.1))
    theirs, optimizer = trained(lambda p: jtorch.optim.Optax(p, optax.adam(0.1)))
    np.testing.assert_allclose(theirs.detach(), ours.detach(), rtol=1e-5)
    # Saved half way and continued.
    weight, again = trained(lambda p: jtorch.optim.Optax(p, optax.adam(0.1)), steps=2)
    other = jtorch.nn.Parameter(weight.detach().clone())
    loaded = jtorch.optim.Optax([other], optax.adam(0.1))
    loaded.load_state_dict(again.state_dict())
    (other**2).sum().backward()
    loaded.step()
    np.testing.assert_allclose(other.detach(), theirs.detach(), rtol=1e-6)
    with pytest.raises(TypeError, match="takes a gradient transformation"):
        jtorch.optim.Optax([weight], 0.1)


def test_schedulers_move_optax_hyperparameters():
    weight = jtorch.nn.Parameter(jtorch.ones(1))
    optimizer = jtorch.optim.Optax([weight], optax.inject_hyperparams(optax.sgd)(learning_rate=0.5))
    schedule = jtorch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    for expected in (0.5, 0.25):
        optimizer.zero_grad()
        weight.sum().backward()
        optimizer.step()
        schedule.step()
        assert weight.item() == expected
