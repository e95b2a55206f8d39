"""Discrete Fourier transforms: torch.fft."""

from .methods import namespace

globals().update(namespace("fft"))
