"""Places and moves between them: transfers are explicit edges that run what the source waits for."""

import functools

import jax
import numpy as np

from . import devices, engine


def place_of(device) -> engine.Place:
    """The engine's place behind a torch device; torch's error when there is no such device here."""
    return _place(devices.canonical(devices.device(device)))


@functools.cache
def _place(device) -> engine.Place:
    if device is devices.meta:
        return engine.Place(device, is_meta=True)
    return engine.Place(device) if device is devices.cpu else engine.Place(device, devices.jax_device(device))


@functools.cache
def place_of_jax(jax_device) -> engine.Place:
    return place_of(devices.of_jax(jax_device))


def move(value, place) -> engine.Value:
    """The same contents on another device; on the meta device there are none."""
    if value.place is place:
        return value
    if place.is_meta:
        return engine.Value(value.aval, None, place)
    array = value.concrete()
    with jax.enable_x64(True):
        moved = np.asarray(array) if place.is_host else jax.device_put(array, place.jax_device)
    return engine.Value(value.aval, moved, place, escaped=True)
