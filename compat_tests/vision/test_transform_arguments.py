"""What transforms print and refuse: torchvision's text, checked against torchvision itself where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import jtorch
import jtorch.vision.transforms

from .reference import load_torchvision
from .transform_cases import Library, picture

JTORCH = Library(jtorch, jtorch.vision.transforms)

REPRS = [
    (
        lambda t: t.Compose([t.ToTensor(), t.Normalize((0.5,), (0.25,))]),
        "Compose(\n    ToTensor()\n    Normalize(mean=(0.5,), std=(0.25,))\n)",
    ),
    (lambda t: t.PILToTensor(), "PILToTensor()"),
    (lambda t: t.ConvertImageDtype(t.torch.float32), "ConvertImageDtype()"),
    (lambda t: t.ToPILImage(), "ToPILImage()"),
    (lambda t: t.ToPILImage("RGB"), "ToPILImage(mode=RGB)"),
    (lambda t: t.Resize(28), "Resize(size=28, interpolation=bilinear, max_size=None, antialias=True)"),
    (
        lambda t: t.Resize((3, 4), 0, antialias=None),
        "Resize(size=(3, 4), interpolation=nearest, max_size=None, antialias=None)",
    ),
    (lambda t: t.CenterCrop(10), "CenterCrop(size=(10, 10))"),
    (lambda t: t.Pad((1, 2), fill=3), "Pad(padding=(1, 2), fill=3, padding_mode=constant)"),
    (lambda t: t.Lambda(lambda image: image), "Lambda()"),
    (lambda t: t.RandomApply([t.ToTensor()], p=0.3), "RandomApply(\n    p=0.3\n    ToTensor()\n)"),
    (lambda t: t.RandomOrder([t.ToTensor()]), "RandomOrder(\n    ToTensor()\n)"),
    (lambda t: t.RandomChoice([t.ToTensor()]), "RandomChoice(\n    ToTensor()\n)(p=None)"),
    (lambda t: t.RandomCrop(32, padding=4), "RandomCrop(size=(32, 32), padding=4)"),
    (lambda t: t.RandomHorizontalFlip(), "RandomHorizontalFlip(p=0.5)"),
    (lambda t: t.RandomVerticalFlip(0.1), "RandomVerticalFlip(p=0.1)"),
    (
        lambda t: t.RandomResizedCrop(224),
        "RandomResizedCrop(size=(224, 224), scale=(0.08, 1.0), ratio=(0.75, 1.3333), interpolation=bilinear, "
        "antialias=True)",
    ),
    (
        lambda t: t.ColorJitter(0.4, 0.0, (0.5, 1.5), 0.1),
        "ColorJitter(brightness=(0.6, 1.4), contrast=None, saturation=(0.5, 1.5), hue=(-0.1, 0.1))",
    ),
    (
        lambda t: t.RandomRotation(10),
        "RandomRotation(degrees=[-10.0, 10.0], interpolation=nearest, expand=False, fill=0)",
    ),
    (
        lambda t: t.RandomRotation((0, 5), center=(1, 2), fill=None),
        "RandomRotation(degrees=[0.0, 5.0], interpolation=nearest, expand=False, center=(1, 2), fill=0)",
    ),
    (lambda t: t.Grayscale(3), "Grayscale(num_output_channels=3)"),
    (lambda t: t.RandomGrayscale(), "RandomGrayscale(p=0.1)"),
    (lambda t: t.FiveCrop(3), "FiveCrop(size=(3, 3))"),
    (lambda t: t.TenCrop([3, 4], True), "TenCrop(size=[3, 4], vertical_flip=True)"),
    (
        lambda t: t.LinearTransformation(t.torch.ones(1, 1), t.torch.zeros(1)),
        "LinearTransformation(transformation_matrix=[[1.0]], mean_vector=[0.0])",
    ),
    (lambda t: t.RandomAffine(3), "RandomAffine(degrees=[-3.0, 3.0])"),
    (
        lambda t: t.RandomAffine((1, 2), (0.1, 0.2), (1, 2), (1, 2, 3, 4), 2, (1, 2, 3), (5, 6)),
        "RandomAffine(degrees=[1.0, 2.0], translate=(0.1, 0.2), scale=(1, 2), shear=[1.0, 2.0, 3.0, 4.0], "
        "interpolation=bilinear, fill=(1, 2, 3), center=(5, 6))",
    ),
    (lambda t: t.RandomPerspective(p=0.2), "RandomPerspective(p=0.2)"),
    (
        lambda t: t.ElasticTransform(),
        "ElasticTransform(alpha=[50.0, 50.0], sigma=[5.0, 5.0], interpolation=InterpolationMode.BILINEAR, fill=[0.0])",
    ),
    (
        lambda t: t.RandomErasing(value="random"),
        "RandomErasing(p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=random, inplace=False)",
    ),
    (lambda t: t.GaussianBlur(3, 1.5), "GaussianBlur(kernel_size=(3, 3), sigma=(1.5, 1.5))"),
    (lambda t: t.RandomInvert(), "RandomInvert(p=0.5)"),
    (lambda t: t.RandomPosterize(2), "RandomPosterize(bits=2,p=0.5)"),
    (lambda t: t.RandomSolarize(9), "RandomSolarize(threshold=9,p=0.5)"),
    (lambda t: t.RandomAdjustSharpness(2), "RandomAdjustSharpness(sharpness_factor=2,p=0.5)"),
    (lambda t: t.RandomAutocontrast(), "RandomAutocontrast(p=0.5)"),
    (lambda t: t.RandomEqualize(1.0), "RandomEqualize(p=1.0)"),
    (lambda t: t.AutoAugment(), "AutoAugment(policy=AutoAugmentPolicy.IMAGENET, fill=None)"),
    (
        lambda t: t.RandAugment(),
        "RandAugment(num_ops=2, magnitude=9, num_magnitude_bins=31, interpolation=InterpolationMode.NEAREST, fill=None)",
    ),
    (
        lambda t: t.TrivialAugmentWide(),
        "TrivialAugmentWide(num_magnitude_bins=31, interpolation=InterpolationMode.NEAREST, fill=None)",
    ),
    (
        lambda t: t.AugMix(),
        "AugMix(severity=3, mixture_width=3, chain_depth=-1, alpha=1.0, all_ops=True, "
        "interpolation=InterpolationMode.BILINEAR, fill=None)",
    ),
]

RGB = picture("RGB")


def tensor(t, *shape, dtype="float32"):
    return t.torch.ones(shape, dtype=getattr(t.torch, dtype))


# (what is called, error class, text). The text of jtorch begins with it; a line of help may follow.
ERRORS = [
    (lambda t: t.ToTensor()("cat"), TypeError, "pic should be PIL Image or ndarray. Got <class 'str'>"),
    (lambda t: t.ToTensor()(np.zeros(3)), ValueError, "pic should be 2/3 dimensional. Got 1 dimensions."),
    (lambda t: t.PILToTensor()(np.zeros((3, 3))), TypeError, "pic should be PIL Image. Got <class 'numpy.ndarray'>"),
    (lambda t: t.ToPILImage()("cat"), TypeError, "pic should be Tensor or ndarray. Got <class 'str'>."),
    (lambda t: t.ToPILImage()(tensor(t, 3)), ValueError, "pic should be 2/3 dimensional. Got 1 dimensions."),
    (lambda t: t.ToPILImage()(tensor(t, 5, 2, 2)), ValueError, "pic should not have > 4 channels. Got 5 channels."),
    (
        lambda t: t.ToPILImage("RGB")(tensor(t, 1, 2, 2)),
        ValueError,
        "Incorrect mode (RGB) supplied for input type <class 'numpy.dtype'>. Should be L",
    ),
    (
        lambda t: t.ToPILImage("L")(tensor(t, 3, 2, 2)),
        ValueError,
        "Only modes ['RGB', 'YCbCr', 'HSV'] are supported for 3D inputs",
    ),
    (lambda t: t.ToPILImage()(np.zeros((2, 2, 3), np.int32)), TypeError, "Input type int32 is not supported"),
    (lambda t: t.ConvertImageDtype(t.torch.uint8)(RGB), TypeError, "Input img should be Tensor Image"),
    (
        lambda t: t.ConvertImageDtype(t.torch.int32)(tensor(t, 1, 2, 2)),
        RuntimeError,
        "The cast from torch.float32 to torch.int32 cannot be performed safely.",
    ),
    (lambda t: t.Normalize([0.5], [0.5])(RGB), TypeError, "img should be Tensor Image. Got <class 'PIL.Image.Image'>"),
    (
        lambda t: t.Normalize([0.5], [0.5])(tensor(t, 1, 2, 2, dtype="uint8")),
        TypeError,
        "Input tensor should be a float tensor. Got torch.uint8.",
    ),
    (
        lambda t: t.Normalize([0.5], [0.5])(tensor(t, 2, 2)),
        ValueError,
        "Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = torch.Size([2, 2])",
    ),
    (
        lambda t: t.Normalize([0.5], [0.0])(tensor(t, 1, 2, 2)),
        ValueError,
        "std evaluated to zero after conversion to torch.float32, leading to division by zero.",
    ),
    (
        lambda t: t.Normalize([0.5, 0.5], [1.0, 1.0])(tensor(t, 3, 2, 2)),
        RuntimeError,
        "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0",
    ),
    (lambda t: t.Resize(2.5), TypeError, "Size should be int or sequence. Got <class 'float'>"),
    (lambda t: t.Resize((1, 2, 3)), ValueError, "If size is a sequence, it should have 1 or 2 values"),
    (
        lambda t: t.Resize(20, "bilinear")(RGB),
        TypeError,
        "Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant",
    ),
    (
        lambda t: t.Resize((8, 9), max_size=10)(RGB),
        ValueError,
        "max_size should only be passed if size specifies the length of the smaller edge, i.e. size should be an int "
        "or a sequence of length 1 in torchscript mode.",
    ),
    (
        lambda t: t.Resize(10, max_size=9)(RGB),
        ValueError,
        "max_size = 9 must be strictly greater than the requested size for the smaller edge size = [10]",
    ),
    (lambda t: t.CenterCrop((1, 2, 3)), ValueError, "Please provide only two dimensions (h, w) for size."),
    (lambda t: t.Pad("3"), TypeError, "Got inappropriate padding arg"),
    (lambda t: t.Pad(1, fill="red"), TypeError, "Got inappropriate fill arg"),
    (
        lambda t: t.Pad(1, padding_mode="zeros"),
        ValueError,
        "Padding mode should be either constant, edge, reflect or symmetric",
    ),
    (
        lambda t: t.Pad((1, 2, 3)),
        ValueError,
        "Padding must be an int or a 1, 2, or 4 element tuple, not a 3 element tuple",
    ),
    (
        lambda t: t.Pad(1, fill=(1, 2))(RGB),
        ValueError,
        "The number of elements in 'fill' does not match the number of channels of the image (2 != 3)",
    ),
    (lambda t: t.Pad(1, fill=(1, 2, 3))(tensor(t, 3, 2, 2)), TypeError, "Got inappropriate fill arg"),
    (lambda t: t.Lambda(3), TypeError, "Argument lambd should be callable, got 'int'"),
    (lambda t: t.RandomOrder(3), TypeError, "Argument transforms should be a sequence"),
    (lambda t: t.RandomChoice([t.ToTensor()], p=0.5), TypeError, "Argument p should be a sequence"),
    (
        lambda t: t.RandomCrop(28)(RGB),
        ValueError,
        "Required crop size (28, 28) is larger than input image size (19, 23)",
    ),
    (lambda t: t.RandomResizedCrop(9, scale=0.5), TypeError, "Scale should be a sequence"),
    (lambda t: t.RandomResizedCrop(9, ratio=0.5), TypeError, "Ratio should be a sequence"),
    (lambda t: t.ColorJitter(brightness=-1), ValueError, "If brightness is a single number, it must be non negative."),
    (
        lambda t: t.ColorJitter(contrast=(1, 2, 3)),
        TypeError,
        "contrast should be a single number or a list/tuple with length 2.",
    ),
    (lambda t: t.ColorJitter(hue=0.6), ValueError, "hue values should be between (-0.5, 0.5), but got [-0.6, 0.6]."),
    (
        lambda t: t.ColorJitter(brightness=0.5)(tensor(t, 2, 4, 4)),
        TypeError,
        "Input image tensor permitted channel values are [1, 3], but found 2",
    ),
    (lambda t: t.RandomRotation(-1), ValueError, "If degrees is a single number, it must be positive."),
    (lambda t: t.RandomRotation((1, 2, 3)), ValueError, "degrees should be a sequence of length 2."),
    (lambda t: t.RandomRotation(1, center=(1,)), ValueError, "center should be a sequence of length 2."),
    (lambda t: t.RandomRotation(1, center=5), TypeError, "center should be a sequence of length 2."),
    (
        lambda t: t.RandomRotation(5, t.InterpolationMode.BICUBIC)(tensor(t, 3, 4, 4)),
        ValueError,
        "Interpolation mode 'bicubic' is unsupported with Tensor input",
    ),
    (lambda t: t.functional.rotate(RGB, "5"), TypeError, "Argument angle should be int or float"),
    (lambda t: t.functional.adjust_hue(RGB, 0.7), ValueError, "hue_factor (0.7) is not in [-0.5, 0.5]."),
    (
        lambda t: t.functional.adjust_brightness(tensor(t, 3, 2, 2), -1),
        ValueError,
        "brightness_factor (-1) is not non-negative.",
    ),
    (lambda t: t.functional.adjust_gamma(RGB, -1), ValueError, "Gamma should be a non-negative real number"),
    (lambda t: t.Grayscale(2)(RGB), ValueError, "num_output_channels should be either 1 or 3"),
    (lambda t: t.functional.to_grayscale(np.zeros((2, 2))), TypeError, "Input should be PIL Image"),
    (lambda t: t.functional.hflip(np.zeros((2, 2))), TypeError, "img should be PIL Image. Got <class 'numpy.ndarray'>"),
    (lambda t: t.functional.get_dimensions("cat"), TypeError, "Unexpected type <class 'str'>"),
    (lambda t: t.functional.hflip(tensor(t, 4)), TypeError, "Tensor is not a torch image."),
    (lambda t: t.FiveCrop((1, 2, 3)), ValueError, "Please provide only two dimensions (h, w) for size."),
    (lambda t: t.FiveCrop(40)(RGB), ValueError, "Requested crop size (40, 40) is bigger than input size (19, 23)"),
    (
        lambda t: t.LinearTransformation(tensor(t, 2, 3), tensor(t, 2)),
        ValueError,
        "transformation_matrix should be square. Got (2, 3) rectangular matrix.",
    ),
    (
        lambda t: t.LinearTransformation(tensor(t, 2, 2), tensor(t, 3)),
        ValueError,
        "mean_vector should have the same length 3 as any one of the dimensions of the transformation_matrix [(2, 2)]",
    ),
    (
        lambda t: t.LinearTransformation(tensor(t, 2, 2), tensor(t, 2))(tensor(t, 1, 2, 3)),
        ValueError,
        "Input tensor and transformation matrix have incompatible shape.[1 x 2 x 3] != 2",
    ),
    (lambda t: t.RandomAffine(-1), ValueError, "If degrees is a single number, it must be positive."),
    (lambda t: t.RandomAffine(1, translate=2), TypeError, "translate should be a sequence of length 2."),
    (lambda t: t.RandomAffine(1, translate=(1, 2)), ValueError, "translation values should be between 0 and 1"),
    (lambda t: t.RandomAffine(1, scale=(1, -2)), ValueError, "scale values should be positive"),
    (lambda t: t.RandomAffine(1, shear=(1, 2, 3)), ValueError, "shear should be a sequence of length 2 or 4."),
    (lambda t: t.RandomAffine(1, fill={}), TypeError, "Fill should be either a sequence or a number."),
    (
        lambda t: t.RandomAffine(1, fill=(1, 2))(tensor(t, 3, 4, 4)),
        ValueError,
        "The number of elements in 'fill' cannot broadcast to match the number of channels of the image (2 != 3)",
    ),
    (
        lambda t: t.functional.affine(RGB, "1", [0, 0], 1.0, 0.0),
        TypeError,
        "Argument angle should be int or float",
    ),
    (lambda t: t.functional.affine(RGB, 1, 3, 1.0, 0.0), TypeError, "Argument translate should be a sequence"),
    (
        lambda t: t.functional.affine(RGB, 1, [1, 2, 3], 1.0, 0.0),
        ValueError,
        "Argument translate should be a sequence of length 2",
    ),
    (lambda t: t.functional.affine(RGB, 1, [0, 0], -1, 0.0), ValueError, "Argument scale should be positive"),
    (
        lambda t: t.functional.affine(RGB, 1, [0, 0], 1, "s"),
        TypeError,
        "Shear should be either a single value or a sequence of two values",
    ),
    (
        lambda t: t.functional.affine(RGB, 1, [0, 0], 1, (1, 2, 3)),
        ValueError,
        "Shear should be a sequence containing two values. Got [1, 2, 3]",
    ),
    (
        lambda t: t.functional.affine(RGB, 1, [0, 0], 1, 0.0, center=4),
        TypeError,
        "Argument center should be a sequence",
    ),
    (
        lambda t: t.functional.perspective(RGB, [[0, 0]], [[0, 0]]),
        ValueError,
        "Please provide exactly four corners, got 1 startpoints and 1 endpoints.",
    ),
    (lambda t: t.ElasticTransform(alpha="a"), ValueError, "If alpha is a sequence its length should be 2. Got 1"),
    (lambda t: t.ElasticTransform(alpha=3), TypeError, "alpha should be float or a sequence of floats. Got <class"),
    (lambda t: t.ElasticTransform(sigma=[1, 2]), TypeError, "sigma should be a sequence of floats. Got <class 'int'>"),
    (
        lambda t: t.ElasticTransform(fill="a"),
        TypeError,
        "fill should be int or float or a list or tuple of them. Got <class 'str'>",
    ),
    (
        lambda t: t.functional.elastic_transform(RGB, tensor(t, 1, 2, 2, 2)),
        ValueError,
        "Argument displacement shape should be torch.Size([1, 19, 23, 2]), but given torch.Size([1, 2, 2, 2])",
    ),
    (lambda t: t.functional.elastic_transform(RGB, 3), TypeError, "Argument displacement should be a Tensor"),
    (
        lambda t: t.RandomErasing(value={}),
        TypeError,
        "Argument value should be either a number or str or a sequence",
    ),
    (lambda t: t.RandomErasing(value="noise"), ValueError, "If value is str, it should be 'random'"),
    (lambda t: t.RandomErasing(scale=(0.1, 1.5)), ValueError, "Scale should be between 0 and 1"),
    (lambda t: t.RandomErasing(p=2), ValueError, "Random erasing probability should be between 0 and 1"),
    (
        lambda t: t.RandomErasing(1, value=(1, 2))(tensor(t, 3, 4, 4)),
        ValueError,
        "If value is a sequence, it should have either a single value or 3 (number of input channels)",
    ),
    (
        lambda t: t.functional.erase(RGB, 0, 0, 1, 1, 0),
        TypeError,
        "img should be Tensor Image. Got <class 'PIL.Image.Image'>",
    ),
    (lambda t: t.GaussianBlur((1, 2, 3)), ValueError, "Kernel size should be a tuple/list of two integers"),
    (lambda t: t.GaussianBlur(4), ValueError, "Kernel size value should be an odd and positive number."),
    (lambda t: t.GaussianBlur(3, 0), ValueError, "If sigma is a single number, it must be positive."),
    (lambda t: t.GaussianBlur(3, (2, 1)), ValueError, "sigma values should be positive and of the form (min, max)."),
    (lambda t: t.GaussianBlur(3, "ab c"), ValueError, "sigma should be a single number or a list/tuple with length 2."),
    (
        lambda t: t.functional.gaussian_blur(RGB, 2.5),
        TypeError,
        "kernel_size should be int or a sequence of integers. Got <class 'float'>",
    ),
    (
        lambda t: t.functional.gaussian_blur(RGB, [2, 3]),
        ValueError,
        "kernel_size should have odd and positive integers. Got [2, 3]",
    ),
    (lambda t: t.functional.gaussian_blur(RGB, 3, -1), ValueError, "sigma should have positive values. Got [-1.0"),
    (
        lambda t: t.functional.gaussian_blur(np.zeros((3, 3)), 3),
        TypeError,
        "img should be PIL Image or Tensor. Got <class 'numpy.ndarray'>",
    ),
    (lambda t: t.functional.posterize(RGB, 9), ValueError, "The number if bits should be between 0 and 8. Got 9"),
    (
        lambda t: t.functional.posterize(tensor(t, 3, 4, 4), 2),
        TypeError,
        "Only torch.uint8 image tensors are supported, but found torch.float32",
    ),
    (
        lambda t: t.functional.equalize(tensor(t, 1, 1, 3, 4, 4, dtype="uint8")),
        TypeError,
        "Input image tensor should have 3 or 4 dimensions, but found 5",
    ),
    (
        lambda t: t.functional.solarize(tensor(t, 3, 4, 4), 2.0),
        TypeError,
        "Threshold should be less than bound of img.",
    ),
    (
        lambda t: t.functional.invert(tensor(t, 2, 4, 4)),
        TypeError,
        "Input image tensor permitted channel values are [1, 3], but found 2",
    ),
    (
        lambda t: t.functional.autocontrast(tensor(t, 4, 4)),
        TypeError,
        "Input image tensor should have at least 3 dimensions, but found 2",
    ),
    (
        lambda t: t.functional.adjust_sharpness(tensor(t, 3, 4, 4), -1),
        ValueError,
        "sharpness_factor (-1) is not non-negative.",
    ),
    (lambda t: t.AugMix(severity=11), ValueError, "The severity must be between [1, 10]. Got 11 instead."),
    (lambda t: t.AutoAugment("imagenet"), ValueError, "The provided policy imagenet is not recognized."),
]

both = pytest.mark.parametrize(
    "library", ["jtorch", pytest.param("torchvision", marks=pytest.mark.reference)], indirect=True
)


@pytest.fixture
def library(request):
    if request.param == "jtorch":
        return JTORCH
    torch, torchvision = load_torchvision()
    return Library(torch, torchvision.transforms)


@both
@pytest.mark.parametrize(
    ("build", "text"), REPRS, ids=[text.partition("(")[0] + str(i) for i, (_, text) in enumerate(REPRS)]
)
def test_repr(build, text, library):
    assert repr(build(library)) == text


@both
@pytest.mark.parametrize(("call", "error", "text"), ERRORS, ids=[text[:40] for _, _, text in ERRORS])
def test_error(call, error, text, library):
    with pytest.raises(error) as raised:
        call(library)
    assert str(raised.value).startswith(text)


@both
def test_antialias_false_warns_on_pil_images(library):
    with pytest.warns(UserWarning, match="Anti-alias option is always applied for PIL Image input"):
        library.Resize(8, antialias=False)(RGB)


@both
def test_reversed_ranges_warn(library):
    with pytest.warns(UserWarning, match="Scale and ratio should be of kind"):
        library.RandomResizedCrop(8, scale=(1.0, 0.5))


@both
def test_shared_and_copied_memory(library):
    array = np.ones((2, 3, 1), np.float32)
    image = library.functional.to_tensor(array)  # already (C, H, W) in memory: shared, as torch's from_numpy shares
    array[0, 0, 0] = 7
    assert image[0, 0, 0].item() == 7
    source = Image.new("L", (3, 2))
    library.functional.pil_to_tensor(source).fill_(9)
    assert source.getpixel((0, 0)) == 0


@both
def test_crop_of_a_tensor_is_a_view(library):
    image = tensor(library, 1, 4, 4)
    library.functional.crop(image, 1, 1, 2, 2).fill_(5)
    assert image.sum().item() == 12 + 4 * 5


@both
def test_inplace_normalize_writes_into_its_argument(library):
    image = tensor(library, 1, 2, 2)
    assert library.Normalize([0.5], [0.5], inplace=True)(image) is image
    assert image.tolist() == [[[1, 1], [1, 1]]]


@both
def test_gradients_pass_through_tensor_transforms(library):
    image = tensor(library, 3, 4, 4).requires_grad_()
    pipeline = library.Compose(
        [library.RandomHorizontalFlip(1.0), library.CenterCrop(2), library.Normalize([0.0], [0.5])]
    )
    pipeline(image).sum().backward()
    assert image.grad.sum().item() == 24.0
    assert image.grad[0, 1:3, 1:3].tolist() == [[2, 2], [2, 2]]


@pytest.mark.parametrize(("old", "new"), [("Scale", "Resize"), ("RandomSizedCrop", "RandomResizedCrop")])
def test_old_names(old, new):
    transforms = jtorch.vision.transforms
    words = f"The use of the transforms.{old} transform is deprecated, please use transforms.{new} instead."
    with pytest.warns(UserWarning, match=f"^{words}$"):
        transform = getattr(transforms, old)(3)
    assert isinstance(transform, getattr(transforms, new))
    assert repr(transform) == repr(getattr(transforms, new)(3)).replace(new, old)
    assert min(transform(Image.new("RGB", (9, 6))).size) == 3
