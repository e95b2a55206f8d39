"""A training step of a layout as one program, compiled for simulated devices; nothing is allocated, shapes stand for arrays.

The modules are jtorch's, made pure by `torch.to_jax`; XLA divides the program by the shardings of its arguments (Xu et al., 2021, GSPMD). Layers are
the iterations of a loop, so that a model of 80 compiles as fast as one of 1. Run under `python -m jtorch`, with `XLA_FLAGS` naming enough host devices.
"""

import json
import sys
import time

import jax
import jax.numpy as jnp
import optax
import torch
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from benchmarks.scaling.decoder import build
from benchmarks.scaling.programs_text import ProgramText
from benchmarks.scaling.sizes import SIZES, Layout, Size
from jtorch.jax_functions import ModuleFunction

AXES = ("data", "shard", "tensor", "pipe")
_BATCH = ("data", "shard")
# Which dimension of a weight `tensor` divides (Shoeybi et al., 2019, section 3): outputs first, then inputs, whose products are summed.
_TENSOR = {"q": 0, "k": 0, "v": 0, "gate": 0, "up": 0, "o": 1, "down": 1, "fc": 0, "out": 1, "wte": 0, "head": 0}


def mesh_of(layout: Layout) -> Mesh:
    shape = (layout.data, layout.shard, layout.tensor, layout.pipe)
    return jax.make_mesh(shape, AXES, devices=jax.devices()[: layout.devices], axis_types=(AxisType.Auto,) * 4)


def spec(layout: Layout, name: str, shape: tuple[int, ...], sharded: bool) -> P:
    """How a parameter is divided: by `tensor` as its layer says, by `shard` along the longest of the other dimensions that it divides."""
    axes: list[str | None] = [None] * len(shape)
    divided = _TENSOR.get(name.split(".")[-2]) if "." in name else None
    if layout.tensor > 1 and divided is not None and divided < len(shape):
        axes[divided] = "tensor"
    free = [i for i, axis in enumerate(axes) if axis is None and shape[i] % layout.shard == 0]
    if sharded and layout.shard > 1 and free:
        axes[max(free, key=lambda i: shape[i])] = "shard"
    return P(*axes)


class Step:
    """The step of a size under a layout, on batches of `sequences`, in float32 with AdamW. `compile()` gives XLA's program."""

    def __init__(self, size: Size, layout: Layout, sequences: int):
        if layout.tensor > 1 and not size.gated:
            raise ValueError(
                f"{size.name}: `tensor` is laid out for the gated decoder alone; GPT-2 has one matrix for q, k and v, and 25 heads"
            )
        self.size, self.layout, self.sequences = size, layout, sequences
        self.mesh = mesh_of(layout)
        with torch.device("meta"):
            self.model = build(Size(**{**size.__dict__, "layers": 1}))
        (block,) = self.model.blocks
        self.block_shapes = {name: tuple(p.shape) for name, p in block.named_parameters()}
        del self.model.blocks  # the loop over layers takes their place, while `loss` is traced
        self.shapes = {name: tuple(p.shape) for name, p in self.model.named_parameters()}
        self.block, self.model_loss = ModuleFunction(block), ModuleFunction(_Loss(self.model))

    def _leaf(self, name, shape, sharded, stacked, dtype=jnp.float32):
        layout, inner = self.layout, spec(self.layout, name, shape, sharded)
        if stacked and layout.pipe > 1:
            shape, inner = (layout.pipe, self.size.layers // layout.pipe, *shape), P("pipe", None, *inner)
        elif stacked:
            shape, inner = (self.size.layers, *shape), P(None, *inner)
        return jax.ShapeDtypeStruct(shape, dtype, sharding=NamedSharding(self.mesh, inner))

    def _tree(self, sharded: bool) -> dict:
        found = {name: self._leaf(name, shape, sharded, False) for name, shape in self.shapes.items()}
        blocks = {name: self._leaf(name, shape, sharded, True) for name, shape in self.block_shapes.items()}
        return {**found, "blocks": blocks}

    def arguments(self):
        """Parameters, state of the optimizer, tokens and those that follow them, as shapes with shardings."""
        parameters, state = self._tree(self.layout.zero == 3), self._tree(True)
        whole = NamedSharding(self.mesh, P())
        adam, *rest = jax.eval_shape(self.optimizer.init, parameters)
        count = jax.ShapeDtypeStruct((), jnp.int32, sharding=whole)
        tokens = jax.ShapeDtypeStruct(
            (self.sequences, self.size.length), jnp.int64, sharding=NamedSharding(self.mesh, P(_BATCH))
        )
        return parameters, (adam._replace(count=count, mu=state, nu=state), *rest), tokens, tokens

    optimizer = optax.adamw(3e-4, weight_decay=0.01)

    def _divided(self, x, *axes):
        return jax.lax.with_sharding_constraint(x, NamedSharding(self.mesh, P(*axes)))

    def _layers(self, weights, x):
        """A run of layers."""

        def one(x, layer):
            return self.block(layer, x), None

        if self.layout.checkpoint:
            one = jax.checkpoint(one)
        return jax.lax.scan(one, x, weights)[0]

    def _stages(self, weights, x):
        """Microbatches through stages, all of which work at once: what one has done moves to the next (Xu et al., 2021, section 3.3)."""
        stages, count = self.layout.pipe, self.layout.microbatches
        rest = x.shape[1:]
        micro = jnp.moveaxis(x.reshape(-1, count, *rest), 1, 0)
        micro = jnp.concatenate([micro, jnp.zeros((stages - 1, *micro.shape[1:]), x.dtype)])
        micro = self._divided(micro, None, _BATCH)
        work = jax.vmap(self._layers)

        def tick(state, entering):
            state = self._divided(jnp.roll(state, 1, axis=0).at[0].set(entering), "pipe", _BATCH)
            state = self._divided(work(weights, state), "pipe", _BATCH)
            return state, state[-1]

        begin = self._divided(jnp.zeros((stages, *micro.shape[1:]), x.dtype), "pipe", _BATCH)
        _, done = jax.lax.scan(tick, begin, micro)
        return self._divided(jnp.moveaxis(done[stages - 1 :], 0, 1).reshape(-1, *rest), _BATCH)

    def loss(self, parameters, tokens, following):
        ends = {f"model.{name}": value for name, value in parameters.items() if name != "blocks"}
        run = self._stages if self.layout.pipe > 1 else self._layers

        def blocks(x):
            x = run(parameters["blocks"], self._divided(torch.to_jax(x), _BATCH))
            return torch.from_jax(self._divided(x, _BATCH))

        self.model.blocks = [blocks]
        return self.model_loss(ends, tokens, following)

    def __call__(self, parameters, state, tokens, following):
        loss, gradients = jax.value_and_grad(self.loss)(parameters, tokens, following)
        updates, state = self.optimizer.update(gradients, state, parameters)
        return optax.apply_updates(parameters, updates), state, loss

    def compile(self):
        with jax.enable_x64(True):
            arguments = self.arguments()
        parameters, state, *_ = arguments
        shardings = jax.tree.map(lambda leaf: leaf.sharding, (parameters, state))
        step = jax.jit(self.__call__, donate_argnums=(0, 1), out_shardings=(*shardings, NamedSharding(self.mesh, P())))
        # Machine code is not looked at: it is made quickly.
        quick = {"xla_backend_optimization_level": "0", "xla_llvm_disable_expensive_passes": "True"}
        with jax.enable_x64(True):
            return step.lower(*arguments).compile(compiler_options=quick)


class _Loss(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, tokens, following):
        return torch.nn.functional.cross_entropy(self.model(tokens), following.flatten())


def compiled(size: Size, layout: Layout, sequences: int) -> dict:
    """What XLA reports of the step, and what its text says."""
    began = time.perf_counter()
    program = Step(size, layout, sequences).compile()
    seconds = time.perf_counter() - began
    memory, text = program.memory_analysis(), ProgramText(program.as_text())
    return {
        "arguments": memory.argument_size_in_bytes,
        "temporary": memory.temp_size_in_bytes,
        "volume": text.volume(),
        "product_flops": text.product_flops(),
        "seconds": round(seconds, 1),
    }


def main() -> None:
    name, layout, sequences = sys.argv[1:]
    print(json.dumps(compiled(SIZES[name], Layout(**json.loads(layout)), int(sequences))))


if __name__ == "__main__":
    main()
