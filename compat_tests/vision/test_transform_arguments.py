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
