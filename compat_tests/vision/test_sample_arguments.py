"""What v2's transforms print and refuse, and how tv_tensors behave: torchvision's, live where it is installed."""

from __future__ import annotations

import copy
import importlib
import warnings

import numpy as np
import pytest

import jtorch
import jtorch.vision.transforms.v2
from jtorch.vision import tv_tensors

from .reference import load_torchvision
from .sample_cases import V2
from .transform_cases import picture

JTORCH = V2(jtorch, jtorch.vision.transforms.v2, tv_tensors)
RGB = picture("RGB")

both = pytest.mark.parametrize(
    "library", ["jtorch", pytest.param("torchvision", marks=pytest.mark.reference)], indirect=True
)


@pytest.fixture
def library(request):
    if request.param == "jtorch":
        return JTORCH
    torch, _ = load_torchvision()
    return V2(torch, *(importlib.import_module(f"torchvision.{name}") for name in ("transforms.v2", "tv_tensors")))


REPRS = [
    (lambda t: t.Compose([t.ToImage(), t.RGB()]), "Compose(\n      ToImage()\n      RGB()\n)"),
    (lambda t: t.RandomApply([t.Identity()], p=0.3), "RandomApply(    Identity())"),
    (lambda t: t.RandomChoice([t.Identity(), t.RGB()]), "RandomChoice(transforms=[Identity(), RGB()], p=[0.5, 0.5])"),
    (lambda t: t.RandomHorizontalFlip(), "RandomHorizontalFlip(p=0.5)"),
    (lambda t: t.Resize(28), "Resize(size=[28], interpolation=bilinear, antialias=True)"),
    (lambda t: t.CenterCrop(3), "CenterCrop(size=(3, 3))"),
    (
        lambda t: t.RandomResizedCrop(3, interpolation=t.InterpolationMode.NEAREST),
        "RandomResizedCrop(size=(3, 3), scale=(0.08, 1.0), ratio=(0.75, 1.3333333333333333), "
        "interpolation=InterpolationMode.NEAREST, antialias=True)",
    ),
    (lambda t: t.TenCrop(3), "TenCrop(size=(3, 3), vertical_flip=False)"),
    (lambda t: t.Pad((1, 2), fill=3), "Pad(padding=[1, 2], fill=3, padding_mode=constant)"),
    (lambda t: t.RandomZoomOut(), "RandomZoomOut(p=0.5, fill=0, side_range=(1.0, 4.0))"),
    (
        lambda t: t.RandomRotation(10),
        "RandomRotation(degrees=[-10.0, 10.0], interpolation=nearest, expand=False, fill=0)",
    ),
    (
        lambda t: t.RandomAffine(3, scale=(1, 2)),
        "RandomAffine(degrees=[-3.0, 3.0], scale=(1, 2), interpolation=nearest, fill=0)",
    ),
    (
        lambda t: t.RandomCrop(3, padding=(1, 2)),
        "RandomCrop(size=(3, 3), padding=[1, 1, 2, 2], pad_if_needed=False, fill=0, padding_mode=constant)",
    ),
    (
        lambda t: t.RandomPerspective(),
        "RandomPerspective(p=0.5, distortion_scale=0.5, interpolation=bilinear, fill=0)",
    ),
    (
        lambda t: t.ElasticTransform(),
        "ElasticTransform(alpha=[50.0, 50.0], sigma=[5.0, 5.0], interpolation=bilinear, fill=0)",
    ),
    (
        lambda t: t.RandomIoUCrop(sampler_options=[0.5]),
        "RandomIoUCrop(min_scale=0.3, max_scale=1.0, min_aspect_ratio=0.5, max_aspect_ratio=2.0, options=[0.5], trials=40)",
    ),
    (
        lambda t: t.ScaleJitter((3, 4)),
        "ScaleJitter(target_size=(3, 4), scale_range=(0.1, 2.0), interpolation=bilinear, antialias=True)",
    ),
    (
        lambda t: t.RandomShortestSize(3),
        "RandomShortestSize(min_size=[3], interpolation=bilinear, antialias=True)",
    ),
    (lambda t: t.RandomResize(3, 5), "RandomResize(min_size=3, max_size=5, interpolation=bilinear, antialias=True)"),
    (lambda t: t.Grayscale(), "Grayscale(num_output_channels=1)"),
    (
        lambda t: t.ColorJitter(0.4, hue=0.1),
        "ColorJitter(brightness=(0.6, 1.4), hue=(-0.1, 0.1))",
    ),
    (
        lambda t: t.RandomPhotometricDistort(),
        "RandomPhotometricDistort(brightness=(0.875, 1.125), contrast=(0.5, 1.5), hue=(-0.05, 0.05), "
        "saturation=(0.5, 1.5), p=0.5)",
    ),
    (lambda t: t.RandomPosterize(3), "RandomPosterize(p=0.5, bits=3)"),
    (lambda t: t.RandomSolarize(0.5), "RandomSolarize(p=0.5, threshold=0.5)"),
    (lambda t: t.RandomAdjustSharpness(2), "RandomAdjustSharpness(p=0.5, sharpness_factor=2)"),
    (lambda t: t.ConvertBoundingBoxFormat("XYXY"), "ConvertBoundingBoxFormat(format=XYXY)"),
    (lambda t: t.ClampBoundingBoxes(), "ClampBoundingBoxes(clamping_mode=auto)"),
    (lambda t: t.SetClampingMode("hard"), "SetClampingMode(clamping_mode=hard)"),
    (
        lambda t: t.SanitizeBoundingBoxes(),
        "SanitizeBoundingBoxes(min_size=1.0, min_area=1.0, labels_getter=default)",
    ),
    (lambda t: t.MixUp(num_classes=3), "MixUp(alpha=1.0, num_classes=3)"),
    (lambda t: t.CutMix(alpha=0.5), "CutMix(alpha=0.5)"),
    (lambda t: t.JPEG(50), "JPEG(quality=[50, 50])"),
    (lambda t: t.Normalize((0.5,), [1.0]), "Normalize(mean=[0.5], std=[1.0], inplace=False)"),
    (lambda t: t.GaussianBlur(3), "GaussianBlur(kernel_size=(3, 3), sigma=[0.1, 2.0])"),
    (lambda t: t.GaussianNoise(), "GaussianNoise(mean=0.0, sigma=0.1, clip=True)"),
    (
        lambda t: t.RandomErasing(),
        "RandomErasing(p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=[0.0], inplace=False)",
    ),
    (lambda t: t.ToDtype(t.torch.uint8, scale=True), "ToDtype(scale=True)"),
    (lambda t: t.Lambda(len, list), "Lambda(len, types=['list'])"),
    (lambda t: t.UniformTemporalSubsample(3), "UniformTemporalSubsample(num_samples=3)"),
    (lambda t: t.ToPILImage("RGB"), "ToPILImage(mode=RGB)"),
    (
        lambda t: t.AutoAugment(),
        "AutoAugment(interpolation=nearest, policy=AutoAugmentPolicy.IMAGENET)",
    ),
    (
        lambda t: t.RandAugment(),
        "RandAugment(interpolation=nearest, num_ops=2, magnitude=9, num_magnitude_bins=31)",
    ),
    (
        lambda t: t.TrivialAugmentWide(fill=3),
        "TrivialAugmentWide(interpolation=nearest, fill=3, num_magnitude_bins=31)",
    ),
]


@both
@pytest.mark.parametrize(
    ("build", "text"), REPRS, ids=[text.partition("(")[0] + str(i) for i, (_, text) in enumerate(REPRS)]
)
def test_repr(build, text, library):
    assert repr(build(library)) == text


def ones(t, *shape, dtype="float32"):
    return t.torch.ones(shape, dtype=getattr(t.torch, dtype))


def box(t, format="XYXY", values=(1.0, 2.0, 3.0, 4.0), **kwargs):
    return t.tv.BoundingBoxes([list(values)], format=format, canvas_size=(9, 9), **kwargs)


# (what is called, error class, text). The text of jtorch begins with it.
ERRORS = [
    (lambda t: t.Transform()(RGB), NotImplementedError, ""),
    (lambda t: t.Compose(3), TypeError, "Argument transforms should be a sequence of callables"),
    (lambda t: t.Compose([]), ValueError, "Pass at least one transform"),
    (lambda t: t.RandomApply([t.RGB()], p=2), ValueError, "`p` should be a floating point value in the interval"),
    (
        lambda t: t.RandomChoice([t.RGB()], p=[1, 2]),
        ValueError,
        "Length of p doesn't match the number of transforms: 2 != 1",
    ),
    (
        lambda t: t.RandomHorizontalFlip(2),
        ValueError,
        "`p` should be a floating point value in the interval [0.0, 1.0]",
    ),
    (lambda t: t.Resize(None), ValueError, "max_size must be an integer when size is None, but got None instead."),
    (lambda t: t.Resize((1, 2, 3)), ValueError, "size can be an integer, a sequence of one or two integers, or None"),
    (lambda t: t.Resize(3, "cubic")(RGB), ValueError, "Invalid interpolation mode: 'cubic'. Supported string values"),
    (
        lambda t: t.Resize(3, 1.5)(RGB),
        ValueError,
        "Argument interpolation should be an `InterpolationMode` or a corresponding Pillow integer constant, but got 1.5",
    ),
    (lambda t: t.Resize((3, 4), max_size=9)(RGB), ValueError, "max_size should only be passed if size is None or"),
    (
        lambda t: t.F.resize(ones(t, 3, 4, 4), [3], "lanczos", antialias=False),
        ValueError,
        "InterpolationMode.LANCZOS requires antialias=True",
    ),
    (lambda t: t.RandomResizedCrop(3, scale=0.1), TypeError, "Scale should be a sequence of two floats."),
    (lambda t: t.FiveCrop(3)([RGB, box(t)]), TypeError, "BoundingBoxes'es and Mask's are not supported by FiveCrop()"),
    (lambda t: t.FiveCrop(40)(RGB), ValueError, "Requested crop size (40, 40) is bigger than input size (19, 23)"),
    (lambda t: t.Pad("3"), ValueError, "Padding must be an int or a 1, 2, or 4 element of tuple or list, got 3."),
    (lambda t: t.Pad(1, fill="red"), TypeError, "Got inappropriate fill arg, only Numbers, tuples, lists and dicts"),
    (lambda t: t.Pad(1, padding_mode="x"), ValueError, "Padding mode should be either constant, edge, reflect or symm"),
    (
        lambda t: t.Pad(1, padding_mode="edge")(box(t)),
        ValueError,
        "Padding mode 'edge' is not supported with bounding boxes",
    ),
    (
        lambda t: t.Pad(1, fill=[1, 2])(t.tv.Mask(ones(t, 4, 4))),
        ValueError,
        "Non-scalar fill value is not supported",
    ),
    (lambda t: t.RandomZoomOut(side_range=(0.5, 2)), ValueError, "Invalid side range provided (0.5, 2)."),
    (
        lambda t: t.RandomCrop(40)(RGB),
        ValueError,
        "Required crop size (40, 40) is larger than input image size (19, 23)",
    ),
    (
        lambda t: t.RandomCrop(40, padding=1)(RGB),
        ValueError,
        "Required crop size (40, 40) is larger than padded input image size (21, 25).",
    ),
    (lambda t: t.RandomPerspective(2), ValueError, "Argument distortion_scale value should be between 0 and 1"),
    (lambda t: t.ElasticTransform("a"), ValueError, "alpha should be a sequence of numbers. Got <class 'str'>"),
    (
        lambda t: t.ElasticTransform({}),
        TypeError,
        "alpha should be a number or a sequence of numbers. Got <class 'dict'",
    ),
    (lambda t: t.ElasticTransform([1, 2, 3]), ValueError, "If alpha is a sequence its length should be 1 or 2. Got 3"),
    (
        lambda t: t.RandomIoUCrop()(RGB),
        TypeError,
        "RandomIoUCrop() requires input sample to contain tensor or PIL images and bounding boxes. "
        "Sample can also contain masks.",
    ),
    (
        lambda t: t.RandomCrop(3)([t.tv.Image(ones(t, 3, 4, 4)), box(t)]),
        ValueError,
        "Found multiple HxW dimensions in the sample: '(4, 4)', '(9, 9)'",
    ),
    (lambda t: t.RandomCrop(3)("text"), TypeError, "No image, video, mask, bounding box of keypoint was found in the"),
    (lambda t: t.RandomGrayscale(1)(box(t)), TypeError, "No image or video was found in the sample"),
    (lambda t: t.Grayscale(2)(RGB), ValueError, "num_output_channels must be 1 or 3, got 2."),
    (lambda t: t.ColorJitter(-1), ValueError, "If brightness is a single number, it must be non negative."),
    (lambda t: t.ColorJitter(hue=1), ValueError, "hue values should be between (-0.5, 0.5) and increasing, but got"),
    (lambda t: t.ColorJitter(contrast=(1, 2, 3)), TypeError, "contrast=(1, 2, 3) should be a single number or a sequ"),
    (
        lambda t: t.F.adjust_brightness(ones(t, 2, 4, 4), 1.0),
        TypeError,
        "Input image tensor permitted channel values are 1 or 3, but found 2",
    ),
    (lambda t: t.F.adjust_hue(ones(t, 3, 4, 4), 0.7), ValueError, "hue_factor (0.7) is not in [-0.5, 0.5]."),
    (lambda t: t.F.posterize(ones(t, 3, 4, 4), 9), TypeError, "bits must be a positive integer in the range [0, 8]"),
    (lambda t: t.F.solarize(ones(t, 3, 4, 4), 2.0), TypeError, "Threshold should be less or equal the maximum value"),
    (
        lambda t: t.F.permute_channels(ones(t, 3, 4, 4), [0, 1]),
        ValueError,
        "Length of permutation does not match number of channels: 2 != 3",
    ),
    (lambda t: t.Normalize([0.5], [0.5])(RGB), TypeError, "Normalize() does not support PIL images."),
    (
        lambda t: t.Normalize([0.5], [0.0])(ones(t, 1, 2, 2)),
        ValueError,
        "std evaluated to zero, leading to division by zero.",
    ),
    (
        lambda t: t.GaussianBlur(3, [2, 1]),
        ValueError,
        "sigma values should be positive and of the form (min, max). Got",
    ),
    (lambda t: t.GaussianNoise()(RGB), ValueError, "Gaussian Noise is not implemented for PIL images."),
    (lambda t: t.GaussianNoise(sigma=-1)(ones(t, 3, 2, 2)), ValueError, "sigma shouldn't be negative. Got -1"),
    (
        lambda t: t.GaussianNoise()(ones(t, 3, 2, 2, dtype="int32")),
        ValueError,
        "Input tensor is expected to be in uint8 or float dtype, got dtype=torch.int32",
    ),
    (lambda t: t.JPEG(0), ValueError, "quality must be an integer from 1 to 100, got quality =[0, 0]"),
    (lambda t: t.JPEG(True), TypeError, "quality can't be bool"),
    (lambda t: t.ToDtype("uint8"), ValueError, "dtype must be a dict or a torch.dtype, got <class 'str'> instead"),
    (
        lambda t: t.ToDtype({t.tv.Mask: t.torch.int64})(t.tv.Image(ones(t, 1, 2, 2))),
        ValueError,
        "No dtype was specified for type",
    ),
    (
        lambda t: t.ToDtype(t.torch.int64, scale=True)(ones(t, 1, 2, 2)),
        RuntimeError,
        "The conversion from torch.float32 to torch.int64 cannot be performed safely.",
    ),
    (
        lambda t: t.F.to_image("x"),
        TypeError,
        "Input can either be a pure Tensor, a numpy array",
    ),
    (lambda t: t.SetClampingMode("x"), ValueError, "clamping_mode must be soft, hard or None, got x"),
    (lambda t: t.SanitizeBoundingBoxes(min_size=0), ValueError, "min_size must be >= 1, got 0."),
    (
        lambda t: t.SanitizeBoundingBoxes(labels_getter=3),
        ValueError,
        "labels_getter should either be 'default', a call",
    ),
    (
        lambda t: t.SanitizeBoundingBoxes()({"boxes": box(t)}),
        ValueError,
        "Could not infer where the labels are in the sample.",
    ),
    (
        lambda t: t.SanitizeBoundingBoxes()({"boxes": box(t), "labels": [1]}),
        ValueError,
        "The labels in the input to forward() must be a tensor or None, got <class 'int'> instead.",
    ),
    (
        lambda t: t.SanitizeBoundingBoxes()({"boxes": box(t), "labels": ones(t, 2)}),
        ValueError,
        "Number of boxes (shape=torch.Size([1, 4])) and must match the number of labels.Found labels with shape=",
    ),
    (lambda t: t.SanitizeKeyPoints()({"a": 1}), ValueError, "No keypoints were found in the sample"),
    (lambda t: t.MixUp(num_classes=3)(RGB, ones(t, 3)), ValueError, "MixUp() does not support PIL images, bounding"),
    (lambda t: t.MixUp()(ones(t, 2, 3, 4, 4), ones(t, 2)), ValueError, "num_classes must be passed if the labels are"),
    (
        lambda t: t.CutMix(num_classes=3)(ones(t, 3, 4, 4), ones(t, 2, dtype="int64")),
        ValueError,
        "Expected a batched input with 4 dims, but got 3 dimensions instead.",
    ),
    (
        lambda t: t.CutMix(num_classes=3)(ones(t, 3, 3, 4, 4), ones(t, 2, dtype="int64")),
        ValueError,
        "The batch size of the image or video does not match the batch size of the labels: 3 != 2.",
    ),
    (lambda t: t.RandAugment()(box(t)), TypeError, "Inputs of type BoundingBoxes are not supported by RandAugment()"),
    (lambda t: t.RandAugment()("x"), TypeError, "Found no image in the sample."),
    (
        lambda t: t.TrivialAugmentWide()([RGB, RGB]),
        TypeError,
        "Auto augment transformations are only properly defined for a single image or video, but found 2.",
    ),
    (
        lambda t: t.F.horizontal_flip("x"),
        TypeError,
        "Functional F.horizontal_flip supports inputs of type dict_keys(",
    ),
    (
        lambda t: t.F.convert_bounding_box_format(ones(t, 1, 4), new_format="XYXY"),
        ValueError,
        "For pure tensor inputs, `old_format` has to be passed.",
    ),
    (
        lambda t: t.F.convert_bounding_box_format(box(t), new_format="XYWHR"),
        ValueError,
        "Cannot convert between rotated and unrotated bounding boxes.",
    ),
    (
        lambda t: t.F.convert_bounding_box_format(box(t), "XYXY", "XYWH"),
        ValueError,
        "For bounding box tv_tensor inputs, `old_format` must not be passed.",
    ),
    (lambda t: t.F.clamp_bounding_boxes(ones(t, 1, 4)), ValueError, "For pure tensor inputs, `format`, `canvas_size`"),
    (
        lambda t: t.F.clamp_keypoints(ones(t, 1, 2)),
        ValueError,
        "For pure tensor inputs, `canvas_size` has to be passed.",
    ),
    (lambda t: t.F.sanitize_bounding_boxes(ones(t, 1, 4)), ValueError, "format and canvas_size cannot be None if"),
    (
        lambda t: t.F.perspective(RGB, None, None),
        ValueError,
        "Either the startpoints/endpoints or the coefficients must have non `None` values.",
    ),
    (
        lambda t: t.F.affine(ones(t, 3, 4, 4), 1, [0, 0], 1, 0.0, fill="red"),
        ValueError,
        "Argument fill should be either int, float, tuple or list",
    ),
    (
        lambda t: t.F.rotate(ones(t, 3, 4, 4), 10, "bicubic"),
        ValueError,
        "Interpolation mode 'bicubic' is unsupported with Tensor input",
    ),
    (lambda t: t.F.register_kernel(t.F.resize, t.tv.Image), ValueError, "Kernels cannot be registered for the builtin"),
    (lambda t: t.F.register_kernel("size", t.tv.Image), ValueError, "Could not find functional with name 'size'"),
    (lambda t: t.tv.Image(ones(t, 3)), ValueError, "Tensor must be 2D or higher, got 1D tensor."),
    (lambda t: t.tv.Video(ones(t, 3)), ValueError, ""),
    (
        lambda t: t.tv.KeyPoints(ones(t, 2, 3), canvas_size=(1, 1)),
        ValueError,
        "Expected a tensor of shape (..., 2), not",
    ),
    (lambda t: box(t, values=ones(t, 2, 4).tolist()), ValueError, "Expected a 1D or 2D tensor, got 3D"),
    (lambda t: box(t, "XYWHR", [1, 2, 3, 4, 5]), ValueError, "Rotated bounding boxes should be floating point tensors"),
    (lambda t: box(t, clamping_mode="x"), ValueError, "clamping_mode must be None, hard or soft, got x."),
    (lambda t: t.tv.set_return_type("x"), ValueError, "return_type must be 'TVTensor' or 'Tensor', got x"),
    (lambda t: t.tv.is_rotated_bounding_format(3), ValueError, "format should be str or BoundingBoxFormat, got <class"),
]


@both
@pytest.mark.parametrize(("call", "error", "text"), ERRORS, ids=[f"{i}-{e[2][:32]}" for i, e in enumerate(ERRORS)])
def test_error(call, error, text, library):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(error) as raised:
            call(library)
    assert str(raised.value).startswith(text)


# (what is done with an image, boxes and key points, the class of the result)
RETURNS = [
    (lambda t, image, boxes, points: image + 1, "Tensor"),
    (lambda t, image, boxes, points: boxes[0], "Tensor"),
    (lambda t, image, boxes, points: points.reshape(-1), "Tensor"),
    (lambda t, image, boxes, points: t.torch.stack([image, image]), "Tensor"),
    (lambda t, image, boxes, points: boxes.double(), "Tensor"),
    (lambda t, image, boxes, points: image.as_subclass(t.torch.Tensor), "Tensor"),
    (lambda t, image, boxes, points: boxes.clone(), "BoundingBoxes"),
    (lambda t, image, boxes, points: boxes.to(t.torch.float64), "BoundingBoxes"),
    (lambda t, image, boxes, points: points.to("cpu"), "KeyPoints"),
    (lambda t, image, boxes, points: image.detach(), "Image"),
    (lambda t, image, boxes, points: image.requires_grad_(True), "Image"),
    (lambda t, image, boxes, points: copy.deepcopy(boxes), "BoundingBoxes"),
    (lambda t, image, boxes, points: t.tv.wrap(points + 1, like=points), "KeyPoints"),
]


def things(t):
    return t.tv.Image(ones(t, 1, 2, 2)), box(t), t.tv.KeyPoints([[1.0, 2.0]], canvas_size=(9, 9))


@both
def test_what_operations_return(library):
    for number, (operation, kind) in enumerate(RETURNS):
        result = operation(library, *things(library))
        assert type(result).__name__ == kind, number
        if kind == "BoundingBoxes":
            assert (result.format.name, result.canvas_size, result.clamping_mode) == ("XYXY", (9, 9), "soft")


@both
def test_return_type_may_be_set(library):
    image, boxes, points = things(library)
    with library.tv.set_return_type("TVTensor"):
        assert type(image * 2).__name__ == "Image"
        assert (boxes + 1).canvas_size == (9, 9)
        assert boxes[0].format.name == "XYXY"
        assert points.reshape(-1).canvas_size == (9, 9)
    assert type(boxes + 1) is library.torch.Tensor


@both
def test_plain_tensors_beside_an_image_pass(library):
    image, plain = library.tv.Image(ones(library, 1, 2, 3)), ones(library, 1, 2, 3)
    flip = library.RandomVerticalFlip(1.0)
    assert flip(image, plain)[1] is plain
    first, second = library.Pad(1)([ones(library, 1, 2, 3), plain])
    assert tuple(first.shape) == (1, 4, 5)
    assert second is plain
    assert flip({"name": "a", "nothing": None, "image": image})["name"] == "a"


@both
def test_kernels_of_ones_own(library):
    class Depth(library.tv.TVTensor):
        pass

    depth = ones(library, 2, 2).as_subclass(Depth)
    assert library.RandomHorizontalFlip(1.0)(depth) is depth

    @library.F.register_kernel(library.F.horizontal_flip, Depth)
    def flip(inpt):
        return library.tv.wrap(inpt * 0, like=inpt)

    flipped = library.RandomHorizontalFlip(1.0)(depth)
    assert (type(flipped), float(flipped.sum())) == (Depth, 0.0)


@both
def test_transforms_of_ones_own(library):
    class Scale(library.Transform):
        def make_params(self, flat_inputs):
            return {"factor": len(flat_inputs)}

        def transform(self, inpt, params):
            return inpt * params["factor"]

    image, boxes, _ = things(library)
    scaled, moved, label = Scale()(image, boxes, 5)
    assert (float(scaled.max()), float(moved.max()), label) == (2.0, 8.0, 5)


@both
def test_jpeg_of_a_picture(library):
    compressed = library.JPEG(5)(RGB)
    assert compressed.size == RGB.size
    assert np.abs(np.array(compressed).astype(int) - np.array(RGB)).mean() > 5


def test_jpeg_of_tensors_is_pillows():
    image = jtorch.from_numpy(picture("uint8"))
    direct = np.array(JTORCH.F.jpeg(RGB, 30)).transpose(2, 0, 1)
    np.testing.assert_array_equal(JTORCH.F.jpeg(image, 30).numpy(), direct)
    assert JTORCH.JPEG((20, 90))(tv_tensors.Video(jtorch.stack([image, image]))).shape == (2, 3, 19, 23)
