"""Generators of cuda devices. Without a device seeding is remembered by nobody, as in torch built without CUDA."""

import secrets

from jtorch import devices, random
from jtorch.cuda.properties import NOT_BUILT, index_of
from jtorch.transfer import place_of


def _generator(device) -> random.Generator:
    if not devices.cuda_devices():
        raise AssertionError(NOT_BUILT)
    return random._generator(None, place_of(f"cuda:{index_of(device)}"))


def _all() -> list[random.Generator]:
    return [_generator(i) for i in range(len(devices.cuda_devices()))]


def manual_seed(seed: int) -> None:
    """Seed the generator of the current device."""
    if devices.cuda_devices():
        _generator("cuda").manual_seed(int(seed))


def manual_seed_all(seed: int) -> None:
    """Seed the generators of all devices."""
    for generator in _all():
        generator.manual_seed(int(seed))


def seed() -> None:
    """Seed the generator of the current device with a number nobody knows."""
    manual_seed(secrets.randbits(53))


def seed_all() -> None:
    """Seed the generators of all devices with one number nobody knows."""
    manual_seed_all(secrets.randbits(53))


def initial_seed() -> int:
    """The seed of the current device's generator."""
    return _generator("cuda").initial_seed()


def get_rng_state(device="cuda"):
    """The state of a device's generator, as bytes."""
    return _generator(device).get_state()


def get_rng_state_all() -> list:
    return [generator.get_state() for generator in _all()]


def set_rng_state(new_state, device="cuda") -> None:
    """Continue a device's generator from a state."""
    if devices.cuda_devices():
        _generator(device).set_state(new_state)


def set_rng_state_all(new_states) -> None:
    for generator, state in zip(_all(), new_states, strict=False):
        generator.set_state(state)
