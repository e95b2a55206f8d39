"""The rows of the tests of v2: transforms of whole samples, on jtorch and on torchvision (live or recorded)."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .transform_cases import Library, far_apart, picture, sketch

RECORDED = Path(__file__).parent / "samples_recorded.npz"

HEIGHT, WIDTH = 19, 23
FORMATS = ("XYXY", "XYWH", "CXCYWH", "XYWHR", "CXCYWHR", "XYXYXYXY")


class V2(Library):
    """`t.torch`, `t.tv` (tv_tensors) and `t.F` (v2.functional); all else is in v2."""

    def __init__(self, torch, v2, tv_tensors):
        super().__init__(torch, v2)
        self.tv = tv_tensors
        self.F = v2.functional


def corners(seed: int) -> np.ndarray:
    """Four boxes XYXY, one of which is tiny."""
    draw = np.random.RandomState(seed + 1000)
    low = draw.uniform(0, 0.6, (4, 2)) * [WIDTH, HEIGHT]
    size = draw.uniform(0.1, 0.4, (4, 2)) * [WIDTH, HEIGHT]
    size[3] = 0.3
    return np.concatenate([low, low + size], 1).astype(np.float32)


def boxes(t: V2, seed: int, format: str, dtype: str = "float32"):
    plain = t.torch.from_numpy(corners(seed).astype(dtype))
    upright = format in ("XYXY", "XYWH", "CXCYWH")
    if upright:
        plain = t.F.convert_bounding_box_format(plain, "XYXY", format)
    else:
        turns = t.torch.from_numpy(np.float32([[20], [-35], [75], [130]]))
        center = t.F.convert_bounding_box_format(plain, "XYXY", "CXCYWH")
        plain = t.F.convert_bounding_box_format(t.torch.cat([center, turns], 1), "CXCYWHR", format)
    return t.tv.BoundingBoxes(plain, format=format, canvas_size=(HEIGHT, WIDTH))


def sample(t: V2, kind: str, seed: int):
    """A sample of a kind: NAME of an image alone, or NAME+FORMAT of one with boxes, masks, key points and labels."""
    name, _, format = kind.partition("+")
    image = picture(name.removeprefix("plain_").removeprefix("video_"), seed)
    if isinstance(image, np.ndarray):
        image = t.torch.from_numpy(image)
        if name.startswith("video_"):
            image = t.tv.Video(t.torch.stack([image, image.flip(-1), image.flip(-2)]))
        elif not name.startswith("plain_"):
            image = t.tv.Image(image)
    if not format:
        return image
    dtype = "int64" if format.endswith("int") else "float32"
    levels = np.random.RandomState(seed + 2000).randint(0, 5, (HEIGHT, WIDTH))
    points = np.random.RandomState(seed + 3000).uniform(0, 1, (5, 2)).astype(np.float32) * [WIDTH, HEIGHT]
    return {
        "image": image,
        "target": {
            "boxes": boxes(t, seed, format.removesuffix("int"), dtype),
            "mask": t.tv.Mask(t.torch.from_numpy(levels.astype(np.uint8))),
            "masks": t.tv.Mask(t.torch.from_numpy(np.stack([levels == n for n in range(4)]))),
            "points": t.tv.KeyPoints(t.torch.from_numpy(points.astype(np.float32)), canvas_size=(HEIGHT, WIDTH)),
            "labels": t.torch.from_numpy(np.arange(4)),
        },
        "name": "picture",
    }


def labels_of(inputs):
    return inputs["target"]["labels"]


@dataclass(frozen=True)
class Case:
    """A transform, and the kinds of sample it is run on. `levels` and `outliers` as in `transform_cases.Case`."""

    name: str
    build: Callable
    kinds: tuple[str, ...]
    random: bool = True
    levels: int = 1
    outliers: float = 0.0

    @property
    def recorded(self) -> tuple[str, ...]:
        """The kinds of which results are kept for runs without torchvision: the first, and one from the middle."""
        return tuple({kind: None for kind in (self.kinds[0], self.kinds[len(self.kinds) // 2])})


@dataclass
class Part:
    """One leaf of a result: its type and what else is known of it, and its values if it has any."""

    about: str
    values: np.ndarray | None

    @property
    def is_position(self) -> bool:
        return self.about.startswith(("BoundingBoxes", "KeyPoints"))


def parts(result) -> list[Part]:
    if isinstance(result, dict):
        return [part for key in result for part in parts(result[key])]
    if isinstance(result, (tuple, list)):
        return [part for one in result for part in parts(one)]
    if isinstance(result, Image.Image):
        return [Part(f"PIL {result.mode}", np.array(result))]
    if not hasattr(result, "dtype"):
        return [Part(repr(result), None)]
    about = [type(result).__name__, str(result.dtype)]
    about += [f"{n}={getattr(result, n)}" for n in ("format", "canvas_size", "clamping_mode") if hasattr(result, n)]
    return [Part(" ".join(about), np.asarray(result.detach().numpy()))]


def run(case: Case, kind: str, seed: int, t: V2, image: int | None = None) -> tuple[list[Part], float]:
    """(parts of the result, next random number) after the case's transform of one sample."""
    inputs = sample(t, kind, seed if image is None else image)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transform = case.build(t)
        t.torch.manual_seed(seed)
        random.seed(seed)
        result = transform(inputs)
    return parts(result), t.torch.rand(1).item() + random.random()


def far(part: Part, expected: Part, case: Case) -> np.ndarray:
    """Where values are too far apart; positions may differ by 2e-3 of a pixel, or where they are whole by one."""
    if part.about.startswith("PIL") and not case.outliers and not case.name.endswith("pil_by_tensor"):
        return part.values != expected.values
    if part.is_position:
        tolerance = 1 if part.values.dtype.kind == "i" else 2e-3
        # Angles turn: 180 is -180.
        difference = np.abs(part.values.astype(float) - expected.values)
        return ~((difference <= tolerance) | (np.isnan(part.values) & np.isnan(expected.values)))
    return far_apart(part.values, expected.values, part.values.dtype, case)


def sketched(part: Part) -> np.ndarray:
    return sketch(np.nan_to_num(part.values.astype(np.float64)))


PICTURES = ("RGB", "plain_uint8", "float32", "video_uint8")
ALL_FORMATS = tuple(f"uint8+{format}" for format in FORMATS)
SAMPLES = ("RGB+XYXY", "float32+CXCYWH", "plain_uint8+XYWH", "uint8+XYXYint", "uint8+XYWHint", "uint8+CXCYWHint")
EVERYTHING = (*ALL_FORMATS, *SAMPLES, "video_float32")
BILINEAR = {"interpolation": "bilinear"}

CASES = [
    Case("horizontal_flip", lambda t: t.RandomHorizontalFlip(), EVERYTHING),
    Case("vertical_flip", lambda t: t.RandomVerticalFlip(0.8), EVERYTHING),
    Case("resize", lambda t: t.Resize((12, 31)), EVERYTHING, random=False),
    Case("resize_one", lambda t: t.Resize(9, "nearest", max_size=10), SAMPLES, random=False),
    Case("resize_longest", lambda t: t.Resize(None, "bicubic", max_size=17), SAMPLES, random=False),
    Case("resize_exact", lambda t: t.Resize(14, "nearest-exact"), PICTURES, random=False),
    Case("resize_lanczos", lambda t: t.Resize(14, "lanczos"), PICTURES, random=False),
    Case("resize_plain", lambda t: t.Resize((14, 9), antialias=False), ("float32", "video_uint8"), random=False),
    Case("center_crop", lambda t: t.CenterCrop(12), EVERYTHING, random=False),
    Case("center_crop_larger", lambda t: t.CenterCrop([24, 11]), SAMPLES, random=False),
    Case("random_resized_crop", lambda t: t.RandomResizedCrop(11), EVERYTHING),
    Case("five_crop", lambda t: t.FiveCrop(9), PICTURES, random=False),
    Case("ten_crop", lambda t: t.TenCrop((8, 9)), PICTURES, random=False),
    Case("pad", lambda t: t.Pad([1, 2, 3, 4], fill={t.tv.Mask: 9, "others": 7}), EVERYTHING, random=False),
    Case("pad_colour", lambda t: t.Pad(2, fill=[10, 20, 30]), PICTURES, random=False),
    Case("pad_reflect", lambda t: t.Pad([3, 2], padding_mode="reflect"), PICTURES, random=False),
    Case("pad_symmetric", lambda t: t.Pad([3, 2], padding_mode="symmetric"), PICTURES, random=False),
    Case("zoom_out", lambda t: t.RandomZoomOut(fill={t.tv.Mask: 1, "others": 5}, p=0.9), EVERYTHING),
    Case("rotation", lambda t: t.RandomRotation(70, **BILINEAR, fill=0), EVERYTHING),
    Case("rotation_expand", lambda t: t.RandomRotation(70, expand=True, fill={"others": 3}), EVERYTHING, outliers=0.01),
    Case("rotation_centre", lambda t: t.RandomRotation([30, 60], center=[3, 4], **BILINEAR), SAMPLES),
    Case("rotation_quarter", lambda t: t.RandomRotation([90, 90], expand=True), ("uint8", "RGB", "video_uint8")),
    Case("rotation_half", lambda t: t.RandomRotation([180, 180]), ("uint8", "RGB", "video_uint8")),
    Case(
        "affine",
        lambda t: t.RandomAffine(40, (0.2, 0.1), (0.7, 1.4), (-10, 10, -20, 20), **BILINEAR, fill=0.5),
        EVERYTHING,
    ),
    Case("affine_nearest", lambda t: t.RandomAffine(10, shear=20, center=[2, 3]), SAMPLES, outliers=0.01),
    Case("crop", lambda t: t.RandomCrop(12), EVERYTHING),
    Case("crop_padding", lambda t: t.RandomCrop((18, 25), padding=(3, 4), fill=3), EVERYTHING),
    Case("crop_if_needed", lambda t: t.RandomCrop((25, 15), pad_if_needed=True), SAMPLES),
    Case("perspective", lambda t: t.RandomPerspective(p=0.9), EVERYTHING),
    Case(
        "perspective_nearest",
        lambda t: t.RandomPerspective(0.7, 1.0, "nearest", fill={"others": 2, t.tv.Image: [1, 2, 3]}),
        SAMPLES,
        outliers=0.01,
    ),
    Case("elastic", lambda t: t.ElasticTransform(30.0, 1.0), EVERYTHING, outliers=0.01),
    Case("iou_crop", lambda t: t.RandomIoUCrop(), (*ALL_FORMATS[:3], *SAMPLES)),
    Case("scale_jitter", lambda t: t.ScaleJitter((20, 30), (0.5, 1.5)), EVERYTHING),
    Case("shortest_size", lambda t: t.RandomShortestSize([9, 12, 15], max_size=16), EVERYTHING),
    Case("random_resize", lambda t: t.RandomResize(9, 15), SAMPLES),
    Case("grayscale", lambda t: t.Grayscale(), (*PICTURES, "uint8+XYXY"), random=False),
    Case("grayscale_three", lambda t: t.Grayscale(3), PICTURES, random=False),
    Case("random_grayscale", lambda t: t.RandomGrayscale(0.5), PICTURES),
    Case("rgb", lambda t: t.Compose([t.Grayscale(), t.RGB()]), (*PICTURES, "L"), random=False),
    Case("color_jitter", lambda t: t.ColorJitter(0.5, 0.4, 0.3), (*PICTURES, "uint8+XYXY"), levels=3),
    Case("color_jitter_hue", lambda t: t.ColorJitter(hue=0.5), PICTURES),
    Case("photometric_distort", lambda t: t.RandomPhotometricDistort(), PICTURES, levels=4),
    Case("channel_permutation", lambda t: t.RandomChannelPermutation(), PICTURES),
    Case("adjust_gamma", lambda t: lambda image: t.F.adjust_gamma(image, 0.7, 0.8), PICTURES, random=False),
    Case("equalize", lambda t: t.RandomEqualize(), ("RGB", "plain_uint8", "video_uint8")),
    Case("equalize_float", lambda t: t.RandomEqualize(1.0), ("float32",), random=False, outliers=0.02),
    Case("invert", lambda t: t.RandomInvert(0.9), (*PICTURES, "uint8+XYXY")),
    Case("posterize", lambda t: t.RandomPosterize(3), PICTURES),
    Case("solarize", lambda t: t.RandomSolarize(120.0), ("RGB", "uint8", "video_uint8")),
    Case("autocontrast", lambda t: t.RandomAutocontrast(), PICTURES),
    Case("adjust_sharpness", lambda t: t.RandomAdjustSharpness(2.5), PICTURES),
    Case("gaussian_blur_pil_by_tensor", lambda t: t.GaussianBlur((5, 3)), (*PICTURES, "uint8+XYXY")),
    Case("gaussian_noise", lambda t: t.GaussianNoise(0.1, 0.2), ("uint8", "float32", "video_uint8", "uint8+XYXY")),
    Case("gaussian_noise_unclipped", lambda t: t.GaussianNoise(clip=False), ("float32",)),
    Case("erasing", lambda t: t.RandomErasing(0.9, value=(1, 2, 3)), ("uint8", "RGB", "video_uint8", "float32+XYXY")),
    Case("erasing_noise", lambda t: t.RandomErasing(0.9, value="random"), ("float32", "plain_float32", "uint8")),
    Case("normalize", lambda t: t.Normalize([0.5, 0.4, 0.3], [0.2, 0.3, 0.4]), ("float32+XYXY", "video_float32")),
    Case(
        "linear_transformation",
        lambda t: t.LinearTransformation(t.torch.linspace(-1, 1, 1311**2).reshape(1311, 1311) / 99, t.torch.ones(1311)),
        ("float32", "video_float32"),
        random=False,
    ),
    *(
        Case(f"to_{dtype}", lambda t, d=dtype: t.ToDtype(getattr(t.torch, d), scale=True), kinds, random=False)
        for dtype, kinds in {
            "float32": ("uint8+XYXY", "video_uint8"),
            "uint8": ("float32+XYXY",),
            "int16": ("uint8",),
        }.items()
    ),
    Case(
        "to_dtypes",
        lambda t: t.ToDtype({t.tv.Image: t.torch.float64, t.tv.Mask: t.torch.int64, "others": None}, scale=True),
        ("uint8+XYXY",),
        random=False,
    ),
    Case("convert_image_dtype", lambda t: t.ConvertImageDtype(), ("uint8", "video_uint8"), random=False),
    *(
        Case(f"convert_to_{format.lower()}", lambda t, f=format: t.ConvertBoundingBoxFormat(f), kinds, random=False)
        for formats, kinds in (
            (FORMATS[:3], tuple(f"uint8+{f}{n}" for f in FORMATS[:3] for n in ("", "int"))),
            (FORMATS[3:], tuple(f"uint8+{f}" for f in FORMATS[3:])),
        )
        for format in formats
    ),
    *(
        Case(
            f"clamp_{mode}",
            lambda t, m=mode: t.Compose(
                [t.SetClampingMode(None), moved(t), t.SetClampingMode(m), t.ClampBoundingBoxes()]
            ),
            (*ALL_FORMATS, *SAMPLES),
            random=False,
        )
        for mode in ("soft", "hard")
    ),
    Case("clamp_points", lambda t: t.Compose([moved(t), t.ClampKeyPoints()]), ("uint8+XYXY",), random=False),
    Case(
        "sanitize",
        lambda t: t.Compose([moved(t), t.SanitizeBoundingBoxes(labels_getter=labels_of)]),
        (*ALL_FORMATS, *SAMPLES),
        random=False,
    ),
    Case("sanitize_points", lambda t: t.Compose([moved(t), t.SanitizeKeyPoints()]), SAMPLES, random=False),
    Case("to_image", lambda t: t.ToImage(), ("RGB+XYXY", "plain_uint8", "L"), random=False),
    Case("to_pil", lambda t: t.ToPILImage(), ("uint8+XYXY", "plain_float32"), random=False),
    Case("pil_to_tensor", lambda t: t.PILToTensor(), ("RGB+XYXY", "L"), random=False),
    Case("to_tensor", lambda t: t.ToTensor(), ("RGB+XYXY", "L"), random=False),
    Case("to_pure_tensor", lambda t: t.ToPureTensor(), ("uint8+XYXY",), random=False),
    Case("identity", lambda t: t.Identity(), ("uint8+XYXY",), random=False),
    Case("lambda", lambda t: t.Lambda(lambda mask: mask * 2, t.tv.Mask), ("uint8+XYXY",), random=False),
    Case("temporal", lambda t: t.UniformTemporalSubsample(2), ("video_uint8",), random=False),
    *(
        Case(f"auto_augment_{policy.lower()}", lambda t, p=policy: t.AutoAugment(t.AutoAugmentPolicy[p]), ("RGB", "L"))
        for policy in ("IMAGENET", "CIFAR10", "SVHN")
    ),
    Case("rand_augment", lambda t: t.RandAugment(3, fill=60), ("RGB", "L")),
    Case("trivial_augment_wide", lambda t: t.TrivialAugmentWide(**BILINEAR), ("RGB", "L")),
    *(
        Case(name, build, ("uint8", "video_uint8", "float32"), levels=3, outliers=0.05)
        for name, build in {
            "auto_augment_tensor": lambda t: t.AutoAugment(t.AutoAugmentPolicy.CIFAR10, fill=1),
            "rand_augment_tensor": lambda t: t.RandAugment(fill={t.tv.Image: [1, 2, 3], "others": 0}),
            "trivial_augment_wide_tensor": lambda t: t.TrivialAugmentWide(),
            "aug_mix_tensor": lambda t: t.AugMix(all_ops=False, chain_depth=2),
        }.items()
    ),
    Case("aug_mix", lambda t: t.AugMix(), ("RGB",), outliers=0.02, levels=2),
    Case(
        "mix_up",
        lambda t: on_batch(t, t.MixUp(alpha=0.7, num_classes=5)),
        ("float32", "plain_float32", "video_float32"),
    ),
    Case(
        "cut_mix",
        lambda t: on_batch(t, t.CutMix(num_classes=5)),
        ("float32", "uint8", "plain_float32", "video_float32"),
    ),
    Case("random_apply", lambda t: t.RandomApply([t.RandomCrop(12), t.RandomVerticalFlip()], p=0.6), SAMPLES),
    Case("random_choice", lambda t: t.RandomChoice([t.CenterCrop(9), t.Pad(2), t.Grayscale()], p=[3, 2, 1]), SAMPLES),
    Case("random_order", lambda t: t.RandomOrder([t.Pad((3, 0)), t.CenterCrop(9), t.RandomCrop(7)]), SAMPLES),
    Case(
        "detection_pipeline",
        lambda t: t.Compose(
            [
                t.ToImage(),
                t.RandomPhotometricDistort(p=0.5),
                t.RandomZoomOut(fill={t.tv.Image: (123, 117, 104), "others": 0}),
                t.RandomIoUCrop(),
                t.RandomHorizontalFlip(),
                t.SanitizeBoundingBoxes(labels_getter=labels_of),
                t.ToDtype(t.torch.float32, scale=True),
            ]
        ),
        ("RGB+XYXY", "uint8+XYWHint"),
        outliers=0.01,
    ),
]


def moved(t: V2) -> Callable:
    """Boxes and points of a sample moved by a quarter of the image to the upper left, past its edge."""

    def move(inputs):
        target = dict(inputs["target"])
        plain, about = target["boxes"].as_subclass(t.torch.Tensor), target["boxes"]
        places = {"XYXY": 2, "XYXYXYXY": 4}.get(about.format.value, 1)
        by = [-WIDTH // 4, -HEIGHT // 4] * places
        by = t.torch.tensor(by + [0] * (plain.shape[1] - len(by)), dtype=plain.dtype)
        target["boxes"] = t.tv.wrap(plain + by, like=about)
        target["points"] = t.tv.wrap(target["points"] - 4.0, like=target["points"])
        return {**inputs, "target": target}

    return move


def on_batch(t: V2, transform: Callable) -> Callable:
    def run_on_batch(image):
        batch = t.torch.stack([image, image.flip(-1), image.flip(-2)])
        if type(image) is not t.torch.Tensor:
            batch = t.tv.wrap(batch, like=image)
        return transform({"image": batch, "labels": t.torch.from_numpy(np.arange(3))})

    return run_on_batch
