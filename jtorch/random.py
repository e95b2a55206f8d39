"""Random numbers: generators, and the functions that draw from them.

On CPU the stream is torch's own (mt19937), so the same seed gives the same numbers. The state is a tensor and every draw an operation that
gives the numbers and the state after: draws are recorded, fused and replayed like everything else. On other devices the stream is that of
torch's CUDA generator (Philox), whose state and numbers never leave the device.
"""

import contextlib
import inspect
import math
import secrets

import jax
import numpy as np

from . import creation, devices, dtypes, engine
from .autograd.mode import STATE
from .dispatch import apply
from .interop import own_numpy
from .layout import preserved_strides, strides_alike
from .ops import philox, random_checks
from .ops import random as _random
from .ops.cuda_draws import CUDA_DRAWS
from .ops.mt19937 import initial_seed as _initial_seed
from .ops.mt19937 import seed_state, state_from_torch_bytes, state_to_torch_bytes
from .ops.registry import Array, op
from .ops.reparameterization import drawn
from .ops.shapes import broadcast_shapes
from .outs import without_out
from .tensor import Tensor
from .transfer import place_of
from .views import write_through


def _filled(operands, *, size, dtype, **statics):
    """The numbers, and the state after them."""
    return jax.ShapeDtypeStruct(size, dtype), operands[0]


_OPS, _CUDA_OPS = {}, {}
for _name, _draw in _random.DRAWS.items():
    _OPS[_name] = op(f"random.{_name}", promote="none", variants="", outputs=("values", "state"), differentiable=False)(
        _draw.jax_fn
    )
    _OPS[_name].host(_draw.host_fn)
    if _name in ("uniform", "normal"):  # of which a model draws one for each shape of its weights
        _OPS[_name].results(_filled)
    if _name in random_checks.VALUE_CHECKS:
        _OPS[_name].check(random_checks.VALUE_CHECKS[_name])
for _name, _drawn in CUDA_DRAWS.items():
    _CUDA_OPS[_name] = op(
        f"random.cuda.{_name}", promote="none", variants="", outputs=("values", "state"), differentiable=False
    )(_drawn)
    if _name in random_checks.VALUE_CHECKS:
        _CUDA_OPS[_name].check(random_checks.VALUE_CHECKS[_name])


class Generator:
    """A stream of random numbers with a state of its own.

    >>> import jtorch as torch
    >>> g = torch.Generator().manual_seed(0)
    >>> torch.rand(2, generator=g)
    tensor([0.4963, 0.7682])
    """

    def __init__(self, device="cpu"):
        self.device = devices.device(device)
        if self.device.type != "cpu":
            place_of(self.device)  # torch's error when there is no such device
        self._state = None
        self.manual_seed(67280421310721)

    @property
    def _counts(self) -> bool:
        """Whether the numbers come from a counter, as on accelerators."""
        return self.device.type not in ("cpu", "meta")

    def manual_seed(self, seed: int) -> "Generator":
        """Start the stream of a seed; returns the generator."""
        if not isinstance(seed, (int, np.integer)):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        seed = int(seed)
        self._begin(philox.seed_state(seed) if self._counts else seed_state(seed))
        return self

    def _begin(self, state: np.ndarray) -> None:
        self._state = own_numpy(state)
        if self.device.type != "cpu":
            self._state = self._state.to(self.device)

    def seed(self) -> int:
        """Start from a seed nobody knows; returns it."""
        chosen = secrets.randbits(53)
        self.manual_seed(chosen)
        return chosen

    def initial_seed(self) -> int:
        """The seed the stream was started with."""
        state = self._state._read().numpy()
        return int(state[:1].view(np.uint64)[0]) if self._counts else _initial_seed(state)

    def get_state(self) -> Tensor:
        """The state as torch's bytes: interchangeable with real torch."""
        state = self._state._read().numpy()
        return own_numpy(np.array(state.view(np.uint8) if self._counts else state_to_torch_bytes(state)))

    def set_state(self, new_state: Tensor) -> "Generator":
        """Continue from a state given by `get_state`."""
        if not isinstance(new_state, Tensor):
            raise TypeError(f"set_state(): argument 'new_state' must be Tensor, not {type(new_state).__name__}")
        if new_state.dtype is not dtypes.uint8 or new_state.device.type != "cpu":
            raise TypeError("RNG state must be a torch.ByteTensor")
        given = new_state._read().numpy()
        if self._counts and given.size != 16:
            raise RuntimeError(
                f"RNG state is wrong size: {given.size} bytes, where the state of a {self.device.type} generator has 16"
            )
        self._begin(np.array(given).view(np.int64) if self._counts else state_from_torch_bytes(given))
        return self

    def get_offset(self) -> int:
        """How many words each thread of a CUDA device has been given since the seed; generators of the CPU do not count."""
        self._demand_offset()
        return int(self._state._read().numpy()[1])

    def set_offset(self, offset: int) -> "Generator":
        """Continue as after `offset` words, a multiple of 4."""
        self._demand_offset()
        if offset % 4:
            raise RuntimeError("offset must be a multiple of 4")
        self._begin(np.array([self._state._read().numpy()[0], offset], np.int64))
        return self

    def _demand_offset(self):
        if not self._counts:
            raise RuntimeError(f"{self.device.type.upper()} Generator does not use offset")

    def graphsafe_get_state(self):
        raise NotImplementedError("graphsafe_get_state is not supported in this Generator; use get_state")

    def graphsafe_set_state(self, state):
        raise NotImplementedError("graphsafe_set_state is not supported in this Generator; use set_state")

    def clone_state(self) -> "Generator":
        made = Generator(self.device)
        made._state = self._state
        return made

    def _draw(self, name: str, *operands, **statics) -> Tensor:
        """Draw by an entry of the table of random operations, and move the state on."""
        if STATE.vmap is not None:
            return STATE.vmap.draw(self, name, operands, statics)
        if self._counts:
            spec, numbers = _CUDA_OPS[name], None
            statics["most"] = devices.most_threads(self.device)
        else:
            state, spec = self._state._read().array, _OPS[name]
            numbers = _few_numbers(spec, operands, statics) if isinstance(state, np.ndarray) else None
        if numbers is not None:
            values, state = spec.host_fn(state, *numbers, **statics)
            self._state = own_numpy(state)
            return own_numpy(np.asarray(values))
        given = iter(operands)
        args = [self._state]
        for p in spec.params[1:]:
            if p.keyword_only:
                args.append(statics.pop(p.name, p.default))
            else:
                args.append(next(given))
        values, self._state = apply(spec, tuple(args))
        return values

    def __getstate__(self):
        return {"device": self.device, "state": self._state._read().numpy()}

    def __setstate__(self, saved):
        self.device = saved["device"]
        self._begin(np.array(saved["state"]))

    def __repr__(self):
        return f"<torch._C.Generator object at {id(self):#x}>"


# A few numbers, wanted by a transform or a sampler that looks at them next, are drawn by numpy when the state is there:
# recording and running them as a program takes fifty times as long. Dropout and the like are larger, and stay operations.
_SMALL = 16


def _few_numbers(spec, operands, statics) -> list | None:
    """The operands of a draw of at most `_SMALL` numbers as numpy has them, checked; None for a larger draw, or if one is not at hand."""
    sizes = [operand.numel() for operand in operands if isinstance(operand, Tensor)]
    if "size" in statics:
        sizes.append(math.prod(statics["size"]))
    if not sizes or max(sizes) > _SMALL or statics.get("num_samples", 0) > _SMALL:
        return None
    numbers = [operand._host_array() if type(operand) is Tensor else operand for operand in operands]
    if any(number is None for number in numbers):
        return None
    if spec.check_fn is not None:
        names = [p.name for p in spec.params[1:] if not p.keyword_only]
        given = dict(zip(names, numbers, strict=True), **statics)
        asked = list(inspect.signature(spec.check_fn).parameters)[1:]
        bad, error, message = spec.check_fn(np, **{name: given[name] for name in asked})
        if bad:
            raise error(message() if callable(message) else message)
    return numbers


default_generator = Generator()


def thread_safe_generator() -> Generator | None:
    """A generator of the thread's own in a worker that is a thread; there are none, so None: the default generator serves."""
    return None


def manual_seed(seed: int) -> Generator:
    """Seed the generators of all devices; returns the CPU generator."""
    seed = int(seed)
    for generator in by_device.values():
        generator.manual_seed(seed)
    return default_generator.manual_seed(seed)


by_device: dict[engine.Place, Generator] = {}


def seed() -> int:
    """Seed all generators with a number nobody knows; returns it."""
    chosen = secrets.randbits(53)
    manual_seed(chosen)
    return chosen


def initial_seed() -> int:
    """The seed the default CPU generator was started with."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default CPU generator, as torch's bytes."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Continue the default CPU generator from a state."""
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices=None, enabled=True, device_type="cuda"):
    """Inside the block random numbers are drawn as usual; after it the generator continues as if nothing had been drawn."""
    if not enabled:
        yield
        return
    kept = default_generator._state
    others = {place: g._state for place, g in by_device.items()}
    try:
        yield
    finally:
        default_generator._state = kept
        for place in [*by_device]:
            if place in others:
                by_device[place]._state = others[place]
            else:
                del by_device[place]  # made in the block, from a seed that may be the block's own


def _generator(generator, place) -> Generator:
    if generator is not None:
        if generator.device.type != place.device.type:
            raise RuntimeError(
                f"Expected a '{place.device.type}' device type for generator but found '{generator.device.type}'"
            )
        return generator
    if place.device.type == "cpu":
        return default_generator
    found = by_device.get(place)
    if found is None:
        found = by_device[place] = Generator(place.device).manual_seed(default_generator.initial_seed())
    return found


def _fresh(name, operands, size, dtype, device, generator, requires_grad, out, **statics):
    """A new tensor of random numbers."""
    place = place_of(devices.default_device() if device is None else device)
    if out is not None:
        dtype, place = dtype or out.dtype, out._storage.value.place
    dtype = dtype or dtypes.default_dtype()
    if place.is_meta:  # nothing is drawn
        made = creation.empty(size, dtype=dtype, device=place.device, requires_grad=requires_grad)
        return creation._given_out(out, made, "randn")
    source = _generator(generator, place)
    made = source._draw(name, *operands, size=size, dtype=dtype.numpy, **statics)
    if out is not None:
        return creation._given_out(out, made, "randn")
    return made.requires_grad_(True) if requires_grad else made


def _shape(size, kwargs, name):
    shape = creation._shape(size, kwargs)
    creation._no_more(kwargs, name)
    return shape


@dtypes.taking_python_types
def rand(
    *size,
    generator=None,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
    pin_memory=False,
    **kwargs,
) -> Tensor:
    """Uniform numbers of [0, 1).

    >>> import jtorch as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.rand(3)
    tensor([0.4963, 0.7682, 0.0885])
    """
    random_checks.uniform(0.0, 1.0, _dtype_of(dtype, out))
    return _fresh("rand", (), _shape(size, kwargs, "rand"), dtype, device, generator, requires_grad, out)


@dtypes.taking_python_types
def randn(
    *size,
    generator=None,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
    pin_memory=False,
    **kwargs,
) -> Tensor:
    """Numbers of the standard normal distribution."""
    random_checks.normal(1.0, _dtype_of(dtype, out))
    return _fresh("normal", (0.0, 1.0), _shape(size, kwargs, "randn"), dtype, device, generator, requires_grad, out)


def _dtype_of(dtype, out, default=None):
    """The numpy dtype of a tensor to be made."""
    return (dtype or (out.dtype if out is not None else default or dtypes.default_dtype())).numpy


@dtypes.taking_python_types
def randint(
    *args,
    generator=None,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
    pin_memory=False,
    low=None,
    high=None,
    size=None,
) -> Tensor:
    """Integers of [low, high); low is 0 when one bound is given."""
    args = list(args)
    if size is None:
        if not args:
            raise TypeError("randint() received an invalid combination of arguments: the size is missing")
        size = args.pop()
    bounds = [a for a in args if a is not None]
    if high is None:
        high = bounds.pop() if bounds else None
    if low is None:
        low = bounds.pop() if bounds else 0
    if high is None:
        raise TypeError("randint() received an invalid combination of arguments: the upper bound is missing")
    low, high = int(low), int(high)
    dtype = dtype or (out.dtype if out is not None else dtypes.int64)
    shape = creation._shape((size,) if isinstance(size, (tuple, list)) else (tuple(size),), {})
    return _randint(low, high, shape, dtype, device, generator, requires_grad, out)


def _randint(low, high, shape, dtype, device, generator, requires_grad, out):
    base, span, wide = random_checks.random_range(low, high, dtype.numpy)
    return _fresh("random_from_to", (base, span), shape, dtype, device, generator, requires_grad, out, wide=wide)


@dtypes.taking_python_types
def randperm(
    n: int, *, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
) -> Tensor:
    """The numbers 0 to n - 1 in random order."""
    n = n.__index__()
    dtype = dtype or (out.dtype if out is not None else dtypes.int64)
    random_checks.randperm(n, dtype.numpy)
    place = place_of(devices.default_device() if device is None else device)
    made = _generator(generator, place)._draw("randperm", n=n, dtype=dtype.numpy)
    return creation._given_out(out, made, "randperm")


@dtypes.taking_python_types
def normal(
    mean,
    std=None,
    size=None,
    *,
    generator=None,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
    pin_memory=False,
) -> Tensor:
    """Normal numbers: of one mean and deviation and a size, or elementwise of tensors of means and deviations.

    >>> import jtorch as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.normal(torch.tensor([0.0, 10.0]), 1.0)
    tensor([1.5410, 9.7066])
    """
    std = 1.0 if std is None else std
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        if size is None:
            raise TypeError(
                f"normal() received an invalid combination of arguments - got ({type(mean).__name__}, {type(std).__name__}), but expected one of:\n"
                " * (Tensor mean, Tensor std), (Tensor mean, float std), (float mean, Tensor std), (float mean, float std, tuple of ints size)"
            )
        random_checks.normal(float(std), _dtype_of(dtype, out))
        return _fresh(
            "normal",
            (float(mean), float(std)),
            creation._shape((size,), {}),
            dtype,
            device,
            generator,
            requires_grad,
            out,
        )
    like = mean if isinstance(mean, Tensor) else std
    kind = like.dtype if out is None else out.dtype
    node = "NormalBackward3" if isinstance(mean, Tensor) and isinstance(std, Tensor) else "NormalBackward2"
    if not isinstance(std, Tensor):  # as torch does it: one deviation scales the draw, then the means are added
        random_checks.normal(float(std), kind.numpy)
        made = (
            _fresh("normal", (0.0, float(std)), mean._aval.shape, kind, like.device, generator, False, None)
            + mean.detach()
        )
        return _drawn_from(out, made, "normal", "NormalBackward1", mean)
    if std.is_complex():
        raise RuntimeError("normal expects standard deviation to be non-complex")
    random_checks.normal(1.0, kind.numpy)
    shape = broadcast_shapes(*(t._aval.shape for t in (mean, std) if isinstance(t, Tensor)))
    (deviations,) = apply(_deviations, (std.detach(),))
    noise = _fresh("normal", (0.0, 1.0), tuple(shape), kind, like.device, generator, False, None)
    made = noise * deviations + (mean.detach() if isinstance(mean, Tensor) else mean)
    return _drawn_from(out, made, "normal", node, mean, std)


def _drawn_from(out, made: Tensor, name: str, node: str, *parameters) -> Tensor:
    """Numbers drawn for given parameters, which get gradients of zeros."""
    given = [t for t in parameters if isinstance(t, Tensor)]
    if out is None and STATE.grad and any(t.requires_grad for t in given):
        return apply(drawn, (made, *given, *[None] * (2 - len(given)), node))[0]
    return creation._given_out(out, made, name, *given)


@op("random.deviations", promote="none", variants="", differentiable=False)
def _deviations(std: Array):  # type: ignore[valid-type]  # a marker of the table
    """Standard deviations, looked at: none may be negative."""
    return std


_deviations.check(random_checks.VALUE_CHECKS["normal_std"])


def bernoulli(input: Tensor, p=None, *, generator=None, out=None) -> Tensor:
    """0 or 1, 1 with the probability given by `input` (or by `p`)."""
    if p is not None:
        return bernoulli_(input.clone(), p, generator=generator)
    random_checks.bernoulli_tensor(input.dtype.numpy, _dtype_of(None, out, input.dtype))
    made = _generator(generator, input._storage.value.place)._draw(
        "bernoulli_tensor", input.detach(), size=input._aval.shape, dtype=_dtype_of(None, out, input.dtype)
    )
    return _drawn_from(out, made, "bernoulli", "BernoulliBackward0", input)


def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator=None, out=None) -> Tensor:
    """Indices drawn with probabilities proportional to the rows of `input`."""
    random_checks.multinomial(tuple(input._aval.shape), num_samples, replacement, input.dtype.numpy)
    made = _generator(generator, input._storage.value.place)._draw(
        "multinomial", input.detach(), num_samples=int(num_samples), replacement=bool(replacement)
    )
    return creation._given_out(out, made, "multinomial")


def poisson(input: Tensor, generator=None) -> Tensor:
    """Poisson numbers with the rates given by `input`."""
    random_checks.poisson(input.dtype.numpy)
    made = _generator(generator, input._storage.value.place)._draw("poisson", input.detach())
    return _drawn_from(None, made, "poisson", "PoissonBackward0", input)


@dtypes.taking_python_types
def rand_like(
    input,
    *,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
    memory_format=None,
    generator=None,
    pin_memory=False,
) -> Tensor:
    """`rand` in the shape, dtype and device of `input`."""
    return _like(input, rand, dtype, device, requires_grad, generator, memory_format)


@dtypes.taking_python_types
def randn_like(
    input,
    *,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
    memory_format=None,
    generator=None,
    pin_memory=False,
) -> Tensor:
    """`randn` in the shape, dtype and device of `input`."""

    def scattered(size, *, dtype, device, generator):
        return _fresh("normal", (0.0, 1.0), size, dtype, device, generator, False, None, contiguous=False)

    return _like(input, randn, dtype, device, requires_grad, generator, memory_format, scattered)


@dtypes.taking_python_types
def randint_like(
    input,
    low=0,
    high=None,
    *,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
    memory_format=None,
    generator=None,
    pin_memory=False,
) -> Tensor:
    """`randint` in the shape, dtype and device of `input`."""
    if high is None:
        low, high = 0, low

    def draw(size, **kwargs):
        return randint(low, high, size, **kwargs)

    return _like(input, draw, dtype, device, requires_grad, generator, memory_format)


def _like(input, draw, dtype, device, requires_grad, generator, memory_format, scattered=None):
    """Numbers drawn in the shape of `input`; by `scattered`, where given, if they do not lie in order: torch draws normal numbers otherwise then."""
    if input._dispatcher is not None:
        made = input._drawn_alike(
            lambda local: _like(local, draw, dtype, device, False, generator, memory_format, scattered)
        )
        return made.requires_grad_(requires_grad)
    if input._aval.layout is not dtypes.strided:
        from .sparse.construction import random_like

        return random_like(input, draw, dtype, device, requires_grad, generator)
    strides = strides_alike(input, memory_format)
    shape, dtype, device = input._aval.shape, dtype or input.dtype, device or input.device
    if strides is None:
        made = draw(shape, dtype=dtype, device=device, generator=generator)
    else:
        # Torch fills memory in memory order.
        order = _random.memory_order(shape, strides)
        packed = (scattered or draw)(tuple(shape[d] for d in order), dtype=dtype, device=device, generator=generator)
        made = Tensor.__new_plain__(packed.permute(sorted(range(len(order)), key=order.__getitem__))._read(), strides)
    return made.requires_grad_(True) if requires_grad else made


# In-place methods


def _fill(self: Tensor, name: str, operands, generator, **statics) -> Tensor:
    """Overwrite a tensor with random numbers, in memory order."""
    if self._dispatcher is not None:
        self._check_writable(name + "_")
        return self._filled_in_place(lambda whole: _fill(whole, name, operands, generator, **statics))
    self._check_writable(name + "_")
    if self.is_meta:
        return self.zero_()
    shape = self._aval.shape
    order = _random.memory_order(shape, self.stride()) if self._strides is not None else tuple(range(len(shape)))
    size = tuple(shape[d] for d in order)
    made = _generator(generator, self._storage.value.place)._draw(
        name, *operands, size=size, dtype=self.dtype.numpy, **statics
    )
    if order != tuple(range(len(shape))):
        made = made.permute(sorted(range(len(order)), key=order.__getitem__))
    write_through(self, made if made._chain is None else made.contiguous())
    return self


def uniform_(self: Tensor, from_=0.0, to=1.0, *, generator=None, **kwargs) -> Tensor:
    """Fill with uniform numbers of [from, to)."""
    low, high = float(kwargs.pop("from", from_)), float(to)
    random_checks.uniform(low, high, self.dtype.numpy)
    return _fill(self, "uniform", (low, high), generator)


def normal_(self: Tensor, mean=0.0, std=1.0, *, generator=None) -> Tensor:
    """Fill with normal numbers."""
    random_checks.normal(float(std), self.dtype.numpy)
    return _fill(self, "normal", (float(mean), float(std)), generator, contiguous=self.is_contiguous())


def bernoulli_(self: Tensor, p=0.5, *, generator=None) -> Tensor:
    """Fill with 0 or 1, 1 with probability `p` (a number or a tensor of probabilities)."""
    if isinstance(p, Tensor):
        random_checks.bernoulli_tensor(p.dtype.numpy, self.dtype.numpy)
        self._check_writable("bernoulli_")
        probabilities = p.detach().expand(self._aval.shape)
        made = _generator(generator, self._storage.value.place)._draw(
            "bernoulli_tensor", probabilities, size=self._aval.shape, dtype=self.dtype.numpy
        )
        write_through(self, made)
        return self
    random_checks.bernoulli(float(p), self.dtype.numpy)
    return _fill(self, "bernoulli", (float(p),), generator)


def random_(self: Tensor, *bounds, generator=None, **kwargs) -> Tensor:
    """Fill with integers: of [from, to), [0, to), or everything the dtype holds exactly."""
    low = kwargs.pop("from", None)
    high = kwargs.pop("to", None)
    if len(bounds) == 2:
        low, high = bounds
    elif len(bounds) == 1:
        low, high = (bounds[0], high) if high is not None else (0, bounds[0])
    for bound in (low, high):
        if not (bound is None or isinstance(bound, (int, np.integer, Tensor))):
            given = ", ".join(type(b).__name__ for b in bounds)
            raise TypeError(
                f"random_() received an invalid combination of arguments - got ({given}), but expected one of:\n * (), (int to), (int from, int to)"
            )
    if low is None and high is None:
        random_checks.random(self.dtype.numpy)
        return _fill(self, "random", (), generator)
    bounds = random_checks.random_range(
        0 if low is None else int(low), None if high is None else int(high), self.dtype.numpy
    )
    if bounds is None:
        return _fill(self, "random_full_range", (), generator)
    base, span, wide = bounds
    return _fill(self, "random_from_to", (base, span), generator, wide=wide)


def exponential_(self: Tensor, lambd=1.0, *, generator=None) -> Tensor:
    """Fill with exponential numbers of rate `lambd`."""
    random_checks.exponential(float(lambd), self.dtype.numpy)
    return _fill(self, "exponential", (float(lambd),), generator)


def geometric_(self: Tensor, p, *, generator=None) -> Tensor:
    """Fill with the number of trials until the first success of probability `p`."""
    random_checks.geometric(float(p), self.dtype.numpy)
    return _fill(self, "geometric", (float(p),), generator)


def cauchy_(self: Tensor, median=0.0, sigma=1.0, *, generator=None) -> Tensor:
    """Fill with Cauchy numbers."""
    random_checks.cauchy(float(sigma), self.dtype.numpy)
    return _fill(self, "cauchy", (float(median), float(sigma)), generator)


def log_normal_(self: Tensor, mean=1.0, std=2.0, *, generator=None) -> Tensor:
    """Fill with numbers whose logarithm is normal."""
    random_checks.log_normal(float(std), self.dtype.numpy)
    return _fill(self, "log_normal", (float(mean), float(std)), generator)


# What layers draw


def _noise(like: Tensor, name: str, operands, size=None, **statics) -> Tensor:
    """A draw of the dtype, device and (unless `size` is given) the shape and order in memory of a tensor."""
    if like._dispatcher is not None:
        if size is not None:
            raise NotImplementedError(f"{name} of whole channels of a DTensor: draw it on x.to_local()")
        return like._drawn_alike(lambda local: _noise(local, name, operands, **statics))
    shape = tuple(like._aval.shape) if size is None else tuple(size)
    strides = None if size is not None else preserved_strides(like)
    order = None if strides is None else _random.memory_order(shape, strides)
    place = like._storage.value.place
    if place.is_meta:
        return creation.empty(shape, dtype=like.dtype, device=place.device)
    drawn = tuple(shape[d] for d in order) if order else shape
    made = _generator(None, place)._draw(name, *operands, size=drawn, dtype=like.dtype.numpy, **statics)
    if order:
        made = Tensor.__new_plain__(made.permute(sorted(range(len(order)), key=order.__getitem__))._read(), strides)
    return made


def dropout_noise(input: Tensor, p: float, size=None) -> Tensor:
    """What dropout multiplies by: 0 with probability p, else 1 / (1 - p)."""
    return _scaled_noise("dropout_noise", input, p, size)


def feature_noise(input: Tensor, p: float, size) -> Tensor:
    """The same for whole channels, which CUDA draws by another kernel."""
    return _scaled_noise("dropout_noise" if input.device.type == "cpu" else "feature_noise", input, p, size)


def _scaled_noise(name, input, p, size):
    random_checks.bernoulli(1.0 - p, input.dtype.numpy)
    if input.dtype.priority < 2:
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {random_checks.NAMES[input.dtype.name][0]}"
        )
    return _noise(input, name, (float(p),), size)


def kept_noise(input: Tensor, p: float, size=None) -> Tensor:
    """0 with probability p, else 1: the unscaled noise of dropout."""
    random_checks.bernoulli(1.0 - p, input.dtype.numpy)
    return _noise(input, "bernoulli", (1.0 - p,), size)


def rrelu_noise(input: Tensor, lower: float, upper: float, generator: Generator | None = None) -> Tensor:
    """Slopes of rrelu in training: of [lower, upper) where the input is not positive, else 1."""
    place = input._storage.value.place
    drawn = _generator(generator, place)._draw("rrelu_noise", input.detach(), float(lower), float(upper))
    return drawn


FUNCTIONS = {
    f.__name__: f
    for f in (
        manual_seed, seed, initial_seed, get_rng_state, set_rng_state, rand, randn, randint, randperm, normal, bernoulli, multinomial, poisson,
        rand_like, randn_like, randint_like, thread_safe_generator,
    )
}  # fmt: skip
for _method in (uniform_, normal_, bernoulli_, random_, exponential_, geometric_, cauchy_, log_normal_):
    setattr(Tensor, _method.__name__, _method)
Tensor.bernoulli, Tensor.multinomial = without_out(bernoulli), without_out(multinomial)
