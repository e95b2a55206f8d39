"""The rows of the transform tests, each run on jtorch and on torchvision (live or recorded)."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

RECORDED = Path(__file__).parent / "transforms_recorded.npz"

PIL_KINDS = {"L": (), "RGB": (3,), "LA": (2,), "RGBA": (4,)}


def picture(kind: str, seed: int = 0, height: int = 19, width: int = 23):
    """A picture of noise over a gradient, so that every pixel and every channel differs: a PIL image or an array.

    `kind` is a PIL mode, or "uint8" or "float32" for an array (3, H, W) that becomes a tensor.
    """
    draw = np.random.RandomState(seed)
    ramp = np.linspace(0, 200, width)[None, :] * np.linspace(0.5, 1.0, height)[:, None]

    def levels(channels: tuple[int, ...]) -> np.ndarray:
        base = ramp.reshape(height, width, *(1 for _ in channels))
        return np.clip(base + draw.uniform(-40, 90, (height, width, *channels)), 0, 255).astype(np.uint8)

    if kind in PIL_KINDS:
        return Image.fromarray(levels(PIL_KINDS[kind]))
    if kind == "1":
        return Image.fromarray(levels(())).convert("1")
    if kind == "P":
        return Image.fromarray(levels((3,))).convert("P", palette=Image.Palette.ADAPTIVE)
    if kind == "I":
        return Image.fromarray(levels(()).astype(np.int32) * 1000)
    if kind == "I;16":
        return Image.fromarray(levels(()).astype(np.uint16) * 200)
    if kind == "F":
        return Image.fromarray(levels(()).astype(np.float32) / 7)
    array = np.ascontiguousarray(levels((3,)).transpose(2, 0, 1))
    return array if kind == "uint8" else array.astype(np.float32) / 255


class Library:
    """What a row builds its transform from: `t.torch` is the tensor library, all else is in its transforms module."""

    def __init__(self, torch, transforms):
        self.torch = torch
        self.transforms = transforms

    def __getattr__(self, name: str):
        return getattr(self.transforms, name)


@dataclass(frozen=True)
class Case:
    """A transform, the kinds of picture it is run on, and whether the result must be equal bit for bit.

    A random one is run with several seeds, of torch's generator and of Python's. `levels` is how far apart uint8 tensors
    may be that need not be equal: one level for each step that rounds. `outliers` is the share of pixels that may be
    further apart: where a step reads the nearest pixel or compares with a threshold, the last bit decides.
    """

    name: str
    build: Callable
    kinds: tuple[str, ...] = ("L", "RGB")
    random: bool = False
    exact: bool = True
    levels: int = 1
    outliers: float = 0.0

    @property
    def seeds(self) -> range:
        return range(4 if self.random else 1)


def run(case: Case, kind: str, seed: int, library: Library, image: int | None = None) -> tuple[str, np.ndarray, float]:
    """(mode or dtype, values, next random number) after the case's transform of one picture (default: `seed`'s)."""
    source = picture(kind, seed if image is None else image)
    if isinstance(source, np.ndarray):
        source = library.torch.from_numpy(source)
    transform = case.build(library)
    library.torch.manual_seed(seed)
    random.seed(seed)
    result = transform(source)
    after = library.torch.rand(1).item() + random.random()
    if isinstance(result, Image.Image):
        return result.mode, np.array(result), after
    return str(result.dtype), result.numpy(), after


def digest(values: np.ndarray) -> str:
    """Of values that have to be equal bit for bit; it keeps the recorded file small."""
    about = f"{values.dtype.str} {values.shape} ".encode()
    return hashlib.sha256(about + np.ascontiguousarray(values).tobytes()).hexdigest()[:32]


SKETCH = 32


def sketch(values: np.ndarray) -> np.ndarray:
    """Of values that have to be close: 32 sums with random signs, one for each stretch of the values.

    Where values differ by noise of at most one, the sums do so by about one; a single pixel that is wrong shows.
    """
    flat = values.astype(np.float64).ravel()
    signed = flat * np.random.RandomState(0).choice([-1.0, 1.0], flat.size)
    stretches = np.array_split(signed, SKETCH)
    return np.float32([stretch.sum() / max(len(stretch), 1) ** 0.5 for stretch in stretches])


def far_apart(values: np.ndarray, expected: np.ndarray, dtype: np.dtype, case: Case) -> np.ndarray:
    """Where values differ by more than the case's levels of uint8, 1e-5 of floats in 0..1, or a step of float16."""
    tolerance = {"uint8": case.levels, "float16": 1e-3}.get(dtype.name, 1e-5)
    return np.abs(values.astype(float) - expected) > tolerance + 1e-7


def stacked(t: Library, transform: Callable) -> Callable:
    """A transform that gives several images, with them on top of one another."""

    def run_and_stack(image):
        images = transform(image)
        if not isinstance(images[0], Image.Image):
            return t.torch.cat(images, -2)
        return t.torch.from_numpy(np.concatenate([np.array(one) for one in images]))

    return run_and_stack


ALL_PIL = ("L", "RGB", "LA", "RGBA", "1", "P", "I", "I;16", "F")
TENSORS = ("uint8", "float32")
PIL_AND_TENSOR = ("L", "RGB", *TENSORS)
MODES = ("NEAREST", "NEAREST_EXACT", "BILINEAR", "BICUBIC", "BOX", "HAMMING", "LANCZOS")

CASES = [
    Case("to_tensor", lambda t: t.ToTensor(), ALL_PIL),
    Case("pil_to_tensor", lambda t: t.PILToTensor(), ALL_PIL),
    Case(
        "to_tensor_normalize",
        lambda t: t.Compose([t.ToTensor(), t.Normalize([0.13, 0.5, 0.4], [0.3, 0.2, 0.25])]),
        ("RGB",),
    ),
    Case(
        "to_tensor_normalize_one", lambda t: t.Compose([t.ToTensor(), t.Normalize((0.1307,), (0.3081,))]), ("L", "RGB")
    ),
    Case("to_pil_image", lambda t: t.ToPILImage(), TENSORS),
    Case("to_pil_image_ycbcr", lambda t: t.ToPILImage("YCbCr"), TENSORS),
    Case(
        "to_pil_image_back",
        lambda t: t.Compose([t.PILToTensor(), t.ToPILImage()]),
        ("L", "RGB", "LA", "RGBA", "I", "F"),
    ),
    *(
        Case(
            f"resize_{mode.lower()}",
            lambda t, mode=mode: t.Resize(12, t.InterpolationMode[mode]),
            ("L", "RGB", "RGBA", "F"),
        )
        for mode in MODES
    ),
    Case("resize_up", lambda t: t.Resize((40, 31), t.InterpolationMode.BICUBIC), ("L", "RGB")),
    Case("resize_max_size", lambda t: t.Resize(14, max_size=15)),
    Case("resize_pillow_constant", lambda t: t.Resize([9], 3)),
    Case("resize_same", lambda t: t.Resize(19), PIL_AND_TENSOR),
    Case("resize_tensor_nearest", lambda t: t.Resize(12, t.InterpolationMode.NEAREST), TENSORS, exact=False),
    Case("resize_tensor_bilinear", lambda t: t.Resize((12, 30), antialias=False), TENSORS, exact=False),
    Case("resize_tensor_antialias", lambda t: t.Resize((8, 11)), TENSORS, exact=False),
    Case("resize_tensor_bicubic", lambda t: t.Resize((8, 11), t.InterpolationMode.BICUBIC), TENSORS, exact=False),
    Case("center_crop", lambda t: t.CenterCrop(12), PIL_AND_TENSOR),
    Case("center_crop_odd", lambda t: t.CenterCrop((8, 11)), PIL_AND_TENSOR),
    Case("center_crop_larger", lambda t: t.CenterCrop((24, 30)), PIL_AND_TENSOR),
    Case("center_crop_wider", lambda t: t.CenterCrop((10, 30)), PIL_AND_TENSOR),
    Case("pad", lambda t: t.Pad(3), (*PIL_AND_TENSOR, "P")),
    Case("pad_fill", lambda t: t.Pad((1, 2), fill=77), (*PIL_AND_TENSOR, "RGBA", "F")),
    Case("pad_fill_channels", lambda t: t.Pad((1, 2, 3, 4), fill=(10, 20, 30)), ("RGB",)),
    Case("pad_negative", lambda t: t.Pad((-2, 3, 1, -4)), PIL_AND_TENSOR),
    *(
        Case(f"pad_{mode}", lambda t, mode=mode: t.Pad((4, 3, 2, 1), padding_mode=mode), (*PIL_AND_TENSOR, "P"))
        for mode in ("edge", "reflect", "symmetric")
    ),
    Case("pad_symmetric_negative", lambda t: t.Pad((-2, 3), padding_mode="symmetric"), PIL_AND_TENSOR),
    Case("random_crop", lambda t: t.RandomCrop(12), PIL_AND_TENSOR, random=True),
    Case("random_crop_padding", lambda t: t.RandomCrop((18, 20), padding=4), PIL_AND_TENSOR, random=True),
    Case(
        "random_crop_reflect",
        lambda t: t.RandomCrop(19, padding=(2, 3), padding_mode="reflect"),
        PIL_AND_TENSOR,
        random=True,
    ),
    Case("random_crop_if_needed", lambda t: t.RandomCrop(28, pad_if_needed=True, fill=9), PIL_AND_TENSOR, random=True),
    Case("random_crop_whole", lambda t: t.RandomCrop((19, 23)), PIL_AND_TENSOR, random=True),
    Case("random_resized_crop", lambda t: t.RandomResizedCrop(16), ("L", "RGB"), random=True),
    Case(
        "random_resized_crop_thin",
        lambda t: t.RandomResizedCrop(16, scale=(0.9, 1.0), ratio=(3.0, 4.0)),
        ("RGB",),
        random=True,
    ),
    Case("random_resized_crop_tall", lambda t: t.RandomResizedCrop((5, 7), ratio=(0.2, 0.3)), ("RGB",), random=True),
    Case("random_horizontal_flip", lambda t: t.RandomHorizontalFlip(), PIL_AND_TENSOR, random=True),
    Case("random_vertical_flip", lambda t: t.RandomVerticalFlip(0.3), PIL_AND_TENSOR, random=True),
    *(
        Case(
            f"random_rotation_{mode.lower()}",
            lambda t, mode=mode: t.RandomRotation(40, interpolation=t.InterpolationMode[mode]),
            ("L", "RGB", "F"),
            random=True,
        )
        for mode in ("NEAREST", "BILINEAR", "BICUBIC")
    ),
    Case(
        "random_rotation_expand", lambda t: t.RandomRotation((10, 80), expand=True, fill=50), ("L", "RGB"), random=True
    ),
    Case(
        "random_rotation_center", lambda t: t.RandomRotation(30, center=(3, 5), fill=(9, 8, 7)), ("RGB",), random=True
    ),
    Case(
        "random_rotation_tensor",
        lambda t: t.RandomRotation(40, interpolation=t.InterpolationMode.BILINEAR, fill=0.5),
        TENSORS,
        random=True,
        exact=False,
    ),
    Case(
        "random_rotation_tensor_expand",
        lambda t: t.RandomRotation(70, interpolation=t.InterpolationMode.BILINEAR, expand=True),
        TENSORS,
        random=True,
        exact=False,
    ),
    Case(
        "random_rotation_tensor_nearest",
        lambda t: t.RandomRotation(70, center=(2, 3)),
        TENSORS,
        random=True,
        exact=False,
    ),
    Case("color_jitter", lambda t: t.ColorJitter(0.5, 0.4, 0.3, 0.2), ("L", "RGB", "RGBA"), random=True),
    Case("color_jitter_some", lambda t: t.ColorJitter(brightness=(0.2, 0.9), hue=0.5), ("RGB",), random=True),
    Case("color_jitter_tensor", lambda t: t.ColorJitter(0.5, 0.4, 0.3), TENSORS, random=True, exact=False, levels=3),
    Case("color_jitter_tensor_hue", lambda t: t.ColorJitter(hue=0.5), TENSORS, random=True, exact=False),
    Case("adjust_gamma", lambda t: lambda image: t.functional.adjust_gamma(image, 0.6, 0.9), ("L", "RGB")),
    Case(
        "adjust_gamma_tensor", lambda t: lambda image: t.functional.adjust_gamma(image, 0.6, 0.9), TENSORS, exact=False
    ),
    Case("grayscale", lambda t: t.Grayscale(), ("L", "RGB", "RGBA")),
    Case("grayscale_three", lambda t: t.Grayscale(3), ("L", "RGB")),
    Case("grayscale_tensor", lambda t: t.Grayscale(3), TENSORS, exact=False),
    Case("random_grayscale", lambda t: t.RandomGrayscale(0.5), ("L", "RGB"), random=True),
    Case("lambda", lambda t: t.Lambda(lambda image: image.rotate(90)), ("RGB",)),
    Case(
        "random_apply",
        lambda t: t.RandomApply([t.RandomCrop(12), t.RandomVerticalFlip()], p=0.6),
        ("RGB",),
        random=True,
    ),
    Case(
        "random_choice",
        lambda t: t.RandomChoice([t.CenterCrop(9), t.Pad(2), t.Grayscale()], p=[3, 2, 1]),
        ("RGB",),
        random=True,
    ),
    Case(
        "random_order",
        lambda t: t.RandomOrder([t.Pad((3, 0)), t.CenterCrop(9), t.RandomCrop(7)]),
        ("RGB",),
        random=True,
    ),
    *(
        Case(f"convert_to_{dtype}", lambda t, dtype=dtype: t.ConvertImageDtype(getattr(t.torch, dtype)), kinds)
        for dtype, kinds in {
            "float16": TENSORS,
            "float32": TENSORS,
            "float64": TENSORS,
            "uint8": TENSORS,
            "int16": TENSORS,
            "int32": ("uint8",),
            "int64": ("uint8",),
        }.items()
    ),
    Case(
        "convert_and_back",
        lambda t: t.Compose([t.ConvertImageDtype(t.torch.int32), t.ConvertImageDtype(t.torch.uint8)]),
        ("uint8",),
    ),
    Case("five_crop", lambda t: stacked(t, t.FiveCrop(9)), PIL_AND_TENSOR),
    Case("ten_crop", lambda t: stacked(t, t.TenCrop((8, 11), vertical_flip=True)), PIL_AND_TENSOR),
    *(
        Case(
            f"random_affine_{mode.lower()}",
            lambda t, mode=mode: t.RandomAffine(
                40, (0.2, 0.1), (0.7, 1.4), (-10, 10, -20, 20), t.InterpolationMode[mode], fill=7
            ),
            ("L", "RGB", "F"),
            random=True,
        )
        for mode in ("NEAREST", "BILINEAR", "BICUBIC")
    ),
    Case("random_affine_shear", lambda t: t.RandomAffine((10, 20), shear=30, center=(3, 5)), ("RGB",), random=True),
    Case(
        "random_affine_tensor",
        lambda t: t.RandomAffine(40, (0.2, 0.1), (0.7, 1.4), 20, t.InterpolationMode.BILINEAR, fill=0.5),
        TENSORS,
        random=True,
        exact=False,
    ),
    Case(
        "random_affine_tensor_nearest",
        lambda t: t.RandomAffine(40, (0.2, 0.1), (0.7, 1.4), 20, fill=[1, 2, 3], center=[4, 2]),
        TENSORS,
        random=True,
        exact=False,
        outliers=0.01,
    ),
    *(
        Case(
            f"random_perspective_{mode.lower()}",
            lambda t, mode=mode: t.RandomPerspective(0.6, 0.8, t.InterpolationMode[mode], fill=50),
            ("L", "RGB"),
            random=True,
        )
        for mode in ("NEAREST", "BILINEAR", "BICUBIC")
    ),
    Case("random_perspective_tensor", lambda t: t.RandomPerspective(p=0.9), TENSORS, random=True, exact=False),
    Case(
        "random_perspective_tensor_nearest",
        lambda t: t.RandomPerspective(0.7, 1.0, t.InterpolationMode.NEAREST, fill=1),
        TENSORS,
        random=True,
        exact=False,
        outliers=0.01,
    ),
    Case(
        "elastic_transform",
        lambda t: t.ElasticTransform(30.0, 1.0),
        (*TENSORS, "L", "RGB"),
        random=True,
        exact=False,
    ),
    Case(
        "elastic_transform_pairs",
        lambda t: t.ElasticTransform([20.0, 40.0], [1.0, 2.0], t.InterpolationMode.NEAREST, fill=(1, 2, 3)),
        TENSORS,
        random=True,
        exact=False,
        outliers=0.01,
    ),
    Case("random_erasing", lambda t: t.RandomErasing(0.9, value=(0.1, 0.2, 0.3)), ("float32",), random=True),
    Case(
        "random_erasing_noise",
        lambda t: t.RandomErasing(0.9, value="random"),
        ("float32",),
        random=True,
        exact=False,
    ),
    Case("random_erasing_number", lambda t: t.RandomErasing(0.9, (0.5, 0.9), (0.9, 1.1), 9), TENSORS, random=True),
    Case("gaussian_blur", lambda t: t.GaussianBlur((5, 3)), ("L", "RGB", *TENSORS), random=True, exact=False),
    Case(
        "gaussian_blur_function",
        lambda t: lambda image: t.functional.gaussian_blur(image, 7),
        ("L", "RGB", *TENSORS),
        exact=False,
    ),
    Case(
        "linear_transformation",
        lambda t: t.LinearTransformation(t.torch.linspace(-1, 1, 1311**2).reshape(1311, 1311) / 99, t.torch.ones(1311)),
        ("float32",),
        exact=False,
    ),
    Case("random_invert", lambda t: t.RandomInvert(), PIL_AND_TENSOR, random=True),
    Case("random_posterize", lambda t: t.RandomPosterize(3), ("L", "RGB", "uint8"), random=True),
    Case("random_solarize", lambda t: t.RandomSolarize(120.0), ("L", "RGB", "uint8"), random=True),
    Case("random_solarize_float", lambda t: t.RandomSolarize(0.4), ("float32",), random=True),
    Case("random_autocontrast", lambda t: t.RandomAutocontrast(), ("L", "RGB"), random=True),
    Case("random_autocontrast_tensor", lambda t: t.RandomAutocontrast(0.9), TENSORS, random=True, exact=False),
    Case("random_equalize", lambda t: t.RandomEqualize(), ("L", "RGB", "P", "uint8"), random=True),
    Case("random_adjust_sharpness", lambda t: t.RandomAdjustSharpness(2.5), ("L", "RGB", "RGBA"), random=True),
    Case("random_adjust_sharpness_tensor", lambda t: t.RandomAdjustSharpness(0.3), TENSORS, random=True, exact=False),
    *(
        Case(f"auto_augment_{policy.lower()}", lambda t, p=policy: t.AutoAugment(t.AutoAugmentPolicy[p]), random=True)
        for policy in ("IMAGENET", "CIFAR10", "SVHN")
    ),
    Case("rand_augment", lambda t: t.RandAugment(3, fill=60), random=True),
    Case(
        "trivial_augment_wide", lambda t: t.TrivialAugmentWide(interpolation=t.InterpolationMode.BILINEAR), random=True
    ),
    Case("aug_mix", lambda t: t.AugMix(), ("L", "RGB"), random=True, exact=False, outliers=0.02),
    *(
        Case(name, build, ("uint8",), random=True, exact=False, levels=3, outliers=0.05)
        for name, build in {
            "auto_augment_tensor": lambda t: t.AutoAugment(t.AutoAugmentPolicy.CIFAR10, fill=9),
            "rand_augment_tensor": lambda t: t.RandAugment(fill=(1, 2, 3)),
            "trivial_augment_wide_tensor": lambda t: t.TrivialAugmentWide(),
            "aug_mix_tensor": lambda t: t.AugMix(all_ops=False, chain_depth=2),
        }.items()
    ),
    Case(
        "training_pipeline",
        lambda t: t.Compose(
            [
                t.RandomResizedCrop(14),
                t.RandomHorizontalFlip(),
                t.ColorJitter(0.4, 0.4, 0.4),
                t.ToTensor(),
                t.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            ]
        ),
        ("RGB",),
        random=True,
    ),
]
