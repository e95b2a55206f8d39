"""Random transforms of tensors compile a few programs, and none for what each image draws."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest

import jtorch
from jtorch.engine import statistics
from jtorch.vision import transforms as v1
from jtorch.vision.transforms import v2

BILINEAR = v2.InterpolationMode.BILINEAR

# What is drawn twenty times, and how many programs may come of it: of windows those for one or two numbers of taps, of
# larger rotations those for a few canvases and two of little cost for each size that is cut from them.
ROWS = {
    "resized crop": (lambda: v2.RandomResizedCrop(12), 3),
    "resized crop, nearest": (lambda: v2.RandomResizedCrop(12, interpolation=v2.InterpolationMode.NEAREST), 2),
    "resized crop, v1": (lambda: v1.RandomResizedCrop(12), 3),
    "crop, then resize": (lambda: _crop_then_resize, 4),
    "crop": (lambda: v2.RandomCrop(12, padding=2), 4),
    "jitter": (lambda: v2.ColorJitter(0.4, 0.4, 0.4), 1),
    "jitter, v1": (lambda: v1.ColorJitter(0.4, 0.4, 0.4), 1),
    "photometric": (lambda: v2.RandomPhotometricDistort(p=0.7), 3),
    "rotation": (lambda: v2.RandomRotation(40, BILINEAR, fill=3), 1),
    "rotation, larger": (lambda: v2.RandomRotation(40, BILINEAR, expand=True), 44),
    "affine": (lambda: v2.RandomAffine(30, (0.1, 0.2), (0.8, 1.2), 10), 1),
    "perspective": (lambda: v2.RandomPerspective(p=1), 1),
    "elastic": (lambda: v2.ElasticTransform(), 24),
    "erasing": (lambda: v2.RandomErasing(p=1), 2),
    "erasing, random": (lambda: v2.RandomErasing(p=1, value="random"), 2),
    "solarize": (lambda: lambda image: v2.functional.solarize(image, random.randrange(256)), 4),
    "posterize": (lambda: lambda image: v2.functional.posterize(image, random.randrange(1, 8)), 2),
    "sharpness": (lambda: lambda image: v2.functional.adjust_sharpness(image, 2 * random.random()), 16),
}


def _crop_then_resize(image):
    height, width = random.randrange(8, 20), random.randrange(8, 20)
    return v2.functional.resize(v2.functional.crop(image, 3, 5, height, width), [12, 12])


@pytest.mark.parametrize("name", ROWS)
def test_what_is_drawn_compiles_nothing(name):
    build, most = ROWS[name]
    transform = build()
    image = jtorch.from_numpy(np.random.RandomState(0).randint(0, 256, (3, 24, 28), dtype=np.uint8))
    previous = jtorch.set_execution("eager")  # each operation is a program of its own, and none runs in numpy
    try:
        before = statistics()["ops_compiled"]
        for seed in range(20):
            jtorch.manual_seed(seed)
            random.seed(seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                transform(image).numpy()
        compiled = statistics()["ops_compiled"] - before
    finally:
        jtorch.set_execution(previous)
    assert compiled <= most
