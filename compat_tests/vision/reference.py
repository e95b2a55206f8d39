"""Real torchvision, where torch is installed."""

from __future__ import annotations

import sys
import types

import pytest


def load_torchvision():
    """(torch, torchvision), or a skip where they are not installed.

    The compiled part of torchvision's wheel wants the CUDA build of torch. Its Python part does without, once the two
    modules that only register compiled kernels are stood in for.
    """
    torch = pytest.importorskip("torch", reason="compares with real torch")
    for name in ("torchvision._meta_registrations", "torchvision._autograd_registrations"):
        sys.modules.setdefault(name, types.ModuleType(name))
    torchvision = pytest.importorskip("torchvision", reason="compares with real torchvision")
    return torch, torchvision
