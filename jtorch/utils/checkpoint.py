"""torch.utils.checkpoint: activations are computed anew in backward instead of being kept.

The way without reentrant autograd (`use_reentrant=False`) replaces what operations save by places, and fills the places by running the function again when
backward asks for the first of them. The reentrant way is one node whose backward runs the function again and goes through its graph.

Within a compiled step the order of computation is XLA's. Its CPU backend does not order by memory: the second run is computed, but memory is not saved there,
with `jax.checkpoint` no more than here.
"""

import contextlib
import warnings
import weakref

import jtorch
from jtorch import casting, devices, random
from jtorch.autograd.barrier import barrier
from jtorch.autograd.graph import saved_tensors_hooks
from jtorch.autograd.mode import STATE
from jtorch.tensor import Tensor

__all__ = [
    "CheckpointError", "CheckpointFunction", "checkpoint", "checkpoint_sequential", "noop_context_fn", "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
]  # fmt: skip


class CheckpointError(RuntimeError):
    """The second run of a function did not do what the first one did."""


def noop_context_fn():
    """Two contexts that do nothing, for the two runs."""
    return contextlib.nullcontext(), contextlib.nullcontext()


class _Settings:
    early_stop: bool | None = None


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool):
    """Inside the block, whether a second run ends as soon as it has computed what backward needs."""
    previous, _Settings.early_stop = _Settings.early_stop, enable
    try:
        yield
    finally:
        _Settings.early_stop = previous


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None):
    """Context that changes nothing: errors say what differed in any case."""
    yield


class _Surroundings:
    """What the second run must find as the first one did: random streams, autocast, default device."""

    def __init__(self, preserve_rng_state: bool):
        self.preserve = preserve_rng_state
        self.states = _random_states() if preserve_rng_state else {}
        self.autocast, self.device = casting.snapshot(), devices.default_device()

    @contextlib.contextmanager
    def restored(self):
        now = _random_states() if self.preserve else {}
        _set_random_states(self.states)
        try:
            with jtorch.enable_grad(), self.device, casting.restored(self.autocast):
                yield
        finally:
            _set_random_states(now)


def _random_states() -> dict:
    generators = [random.default_generator, *random.by_device.values()]
    return {generator: generator._state for generator in generators}


def _set_random_states(states: dict) -> None:
    for generator, state in states.items():
        generator._state = state


def get_device_states(*args) -> tuple[list, list]:
    """The devices, other than the CPU, of the tensors among the arguments and in containers, and the states of their generators."""
    from jtorch.utils._pytree import tree_leaves

    found = {leaf.device for leaf in tree_leaves(args) if isinstance(leaf, jtorch.Tensor) and leaf.device.type != "cpu"}
    found = sorted((device for device in found if device.type != "meta"), key=str)
    return [device.index for device in found], [jtorch.cuda.get_rng_state(device) for device in found]


def set_device_states(devices, states, *, device_type: str | None = None) -> None:
    """Continue the generators of devices from states: what `get_device_states` gave."""
    for device, state in zip(devices, states, strict=True):
        jtorch.cuda.set_rng_state(state, device)


def checkpoint(
    function,
    *args,
    use_reentrant: bool | None = None,
    context_fn=noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs,
):
    """`function(*args, **kwargs)`, whose activations are not kept for backward but computed again there.

    Random numbers are the same in both runs unless `preserve_rng_state=False`.

    >>> import jtorch as torch
    >>> from jtorch.utils.checkpoint import checkpoint
    >>> x = torch.ones(2, requires_grad=True)
    >>> checkpoint(lambda t: t.exp().sum(), x, use_reentrant=False).backward(); x.grad
    tensor([2.7183, 2.7183])
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, calling checkpoint "
            "without use_reentrant will raise an exception. use_reentrant=False is recommended, but if you need to preserve the current "
            "default behavior, you can pass use_reentrant=True. Refer to docs for more details on the differences between the two variants.",
            UserWarning,
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve, *args)
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
    if not jtorch.is_grad_enabled():
        return function(*args, **kwargs)
    early_stop = early_stop if _Settings.early_stop is None else _Settings.early_stop
    first, second = context_fn()
    frame = _Frame(function, args, kwargs, _Surroundings(preserve), second, determinism_check == "default", early_stop)
    with _Recording(frame), first:
        made = function(*args, **kwargs)
    frame.complete = True
    return made


# Without reentrant autograd


class _Place:
    """Stands for one saved tensor in the graph."""

    __slots__ = ("tensor", "__weakref__")

    def __init__(self):
        self.tensor = None


class _Finished(Exception):
    """Ends a second run early."""


class _Frame:
    """One call of `checkpoint`: how to run the function again, and the places to fill."""

    def __init__(self, function, args, kwargs, surroundings, context, checked, early_stop):
        self.function, self.surroundings, self.context = function, surroundings, context
        self.checked, self.early_stop = checked, early_stop
        self.complete = False
        self.places: list = []  # weak references, in the order of saving
        self.described: list[tuple] = []
        # The arguments are saved as an operation saves its operands, so that an outer checkpoint can do without them as well.
        self.names = tuple(kwargs)
        flat = (*args, *kwargs.values())
        self.plain = [None if isinstance(a, Tensor) else a for a in flat]
        self.where = [i for i, a in enumerate(flat) if isinstance(a, Tensor)]
        self.saver = _Save.apply(jtorch.zeros(0, requires_grad=True), *(flat[i] for i in self.where)).grad_fn

    def arguments(self):
        """The arguments, where tensors are behind a wall."""
        flat = list(self.plain)
        for i, tensor in zip(self.where, self.saver.saved_tensors, strict=True):
            flat[i] = barrier(tensor)
        count = len(flat) - len(self.names)
        return flat[:count], dict(zip(self.names, flat[count:], strict=True))

    def fill(self) -> None:
        """Run the function again and fill the places that are still referred to."""
        with self.surroundings.restored():
            args, kwargs = self.arguments()
            filling = _Filling(self)
            with contextlib.suppress(_Finished), filling, self.context:
                self.function(*args, **kwargs)
        if filling.count != len(self.places) and not (self.early_stop and filling.done):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and recomputation.\n"
                f"Number of tensors saved during forward: {len(self.places)}\n"
                f"Number of tensors saved during recomputation: {filling.count}."
            )
        if self.checked:
            self.compare(filling.described)

    def compare(self, described) -> None:
        different = [
            f"tensor at position {i}:\nsaved metadata: {_metadata(before)}\nrecomputed metadata: {_metadata(after)}"
            for i, (before, after) in enumerate(zip(self.described, described, strict=False))
            if before != after
        ]
        if different:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than during the forward pass.\n"
                + "\n".join(different)
            )


def _describe(tensor) -> tuple:
    return tensor.shape, tensor.dtype, tensor.device


def _metadata(described) -> dict:
    return dict(zip(("shape", "dtype", "device"), described, strict=True))


class _Save(jtorch.autograd.Function):
    """Keeps tensors as a node keeps its operands."""

    @staticmethod
    def forward(ctx, dummy, *tensors):
        ctx.save_for_backward(*tensors)
        return dummy.clone()

    @staticmethod
    def backward(ctx, *grads):
        raise AssertionError("nothing leads here in backward")


class _Recording(saved_tensors_hooks):
    """The first run: places are saved instead of tensors."""

    def __init__(self, frame):
        def pack(tensor):
            place = _Place()
            frame.places.append(weakref.ref(place))
            frame.described.append(_describe(tensor))
            return place

        def unpack(place):
            if place.tensor is None:
                frame.fill()
            tensor, place.tensor = place.tensor, None
            if tensor is None:
                raise CheckpointError(
                    "torch.utils.checkpoint: the second run did not compute a tensor that the first one saved."
                )
            return tensor

        super().__init__(pack, unpack)


class _Filling(saved_tensors_hooks):
    """The second run: tensors go to the places."""

    def __init__(self, frame):
        self.count, self.described, self.done = 0, [], False

        def pack(tensor):
            position, self.count = self.count, self.count + 1
            tensor = tensor.detach()
            if position >= len(frame.places):
                if not frame.complete:
                    return tensor
                raise CheckpointError(
                    "torch.utils.checkpoint: trying to save more tensors during recomputation than during the original forward pass."
                )
            place = frame.places[position]()
            self.described.append(_describe(tensor))
            if place is not None:
                place.tensor = tensor
            if frame.early_stop and self.count == len(frame.places):
                self.done = True
                raise _Finished
            return tensor

        super().__init__(pack, lambda tensor: tensor)


# With reentrant autograd


class CheckpointFunction(jtorch.autograd.Function):
    """The node of a reentrant checkpoint: its backward runs the function again and goes through the graph of that run."""

    @staticmethod
    def forward(ctx, function, preserve_rng_state, *args):
        if not any(a.requires_grad for a in args if isinstance(a, Tensor)):
            warnings.warn(
                "None of the inputs have requires_grad=True. Gradients will be None", UserWarning, stacklevel=2
            )
        ctx.function = function
        ctx.surroundings = _Surroundings(preserve_rng_state)
        ctx.plain = [None if isinstance(a, Tensor) else a for a in args]
        ctx.where = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.save_for_backward(*(args[i] for i in ctx.where))
        return function(*args)

    @staticmethod
    def backward(ctx, *grads):
        if STATE.backward_pass.captures is not None:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` parameter to .backward(). "
                "To resolve this error, you can either set use_reentrant=False, or call .backward() without passing the `inputs` argument."
            )
        inputs = list(ctx.plain)
        with jtorch.no_grad():
            for i, tensor in zip(ctx.where, ctx.saved_tensors, strict=True):
                inputs[i] = barrier(tensor).requires_grad_(tensor.requires_grad)
        with ctx.surroundings.restored():
            outputs = ctx.function(*inputs)
        outputs = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
        pairs = [(o, g) for o, g in zip(outputs, grads, strict=True) if isinstance(o, Tensor) and o.requires_grad]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        jtorch.autograd.backward([o for o, _ in pairs], [g for _, g in pairs])
        return (None, None, *(i.grad if isinstance(i, Tensor) else None for i in inputs))


def checkpoint_sequential(functions, segments: int, input, use_reentrant: bool | None = None, **kwargs):
    """A `Sequential` (or list of functions) in segments, of which all but the last are checkpointed."""
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. In version 2.9 we will raise "
            "an exception if use_reentrant is not passed. use_reentrant=False is recommended, but if you need to preserve the current default "
            "behavior, you can pass use_reentrant=True. Refer to docs for more details on the differences between the two variants.",
            UserWarning,
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if isinstance(functions, jtorch.nn.Sequential):
        functions = list(functions.children())

    def segment(chosen):
        def run(input):
            for function in chosen:
                input = function(input)
            return input

        return run

    size = len(functions) // segments
    end = 0
    for start in range(0, size * (segments - 1), size):
        end = start + size
        input = checkpoint(
            segment(functions[start:end]), input, use_reentrant=use_reentrant, preserve_rng_state=preserve
        )
    return segment(functions[end:])(input)
