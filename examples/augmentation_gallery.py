"""What the transforms of torchvision do to a photograph: one row for each, six draws in a row.

    python augmentation_gallery.py                     the cat that lies in data/
    python augmentation_gallery.py --picture FILE      a picture of your own

The first sheet has the transforms of pictures, the second transforms of a picture together with its boxes and its mask
(torchvision.transforms.v2). The same seed gives the same pictures, under torch and under jtorch.
"""

import argparse
import pathlib
import random

import torch
from contact_sheet import contact_sheet
from PIL import Image
from torchvision import transforms as T
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.utils import draw_bounding_boxes, draw_segmentation_masks

CAT = pathlib.Path(__file__).resolve().parent / "data" / "cat.jpg"
SIZE = (100, 150)

# The line over a row, and the transform. All but the last two take and give PIL images.
PICTURES = [
    ("RandomResizedCrop((100, 150), scale=(0.2, 1.0))", T.RandomResizedCrop(SIZE, scale=(0.2, 1.0))),
    ("RandomCrop((100, 150), padding=30, padding_mode='reflect')", T.RandomCrop(SIZE, padding=30, padding_mode="reflect")),
    ("RandomHorizontalFlip(), RandomVerticalFlip()", T.Compose([T.RandomHorizontalFlip(), T.RandomVerticalFlip()])),
    ("RandomRotation(35), bilinear", T.RandomRotation(35, T.InterpolationMode.BILINEAR)),
    ("RandomAffine(25, translate=(0.2, 0.1), scale=(0.6, 1.2), shear=15)", T.RandomAffine(25, (0.2, 0.1), (0.6, 1.2), 15, T.InterpolationMode.BILINEAR, fill=60)),
    ("RandomPerspective(0.6, p=1)", T.RandomPerspective(0.6, p=1.0, fill=60)),
    ("ColorJitter(0.5, 0.5, 0.5, 0.2)", T.ColorJitter(0.5, 0.5, 0.5, 0.2)),
    ("RandomGrayscale(0.5), RandomInvert(0.3)", T.Compose([T.RandomGrayscale(0.5), T.RandomInvert(0.3)])),
    ("RandomApply([GaussianBlur(9, (1, 4))], p=0.7)", T.RandomApply([T.GaussianBlur(9, (1.0, 4.0))], p=0.7)),
    ("RandomChoice([RandomPosterize(2), RandomSolarize(128), RandomEqualize()])", T.RandomChoice([T.RandomPosterize(2, 1.0), T.RandomSolarize(128, 1.0), T.RandomEqualize(1.0)])),
    ("AutoAugment(IMAGENET)", T.AutoAugment(T.AutoAugmentPolicy.IMAGENET)),
    ("RandAugment(num_ops=3)", T.RandAugment(3)),
    ("ToTensor(), RandomErasing(p=1, value='random')", T.Compose([T.ToTensor(), T.RandomErasing(1.0, value="random")])),
    ("ToTensor(), ElasticTransform(alpha=120)", T.Compose([T.ToTensor(), T.ElasticTransform(120.0, 5.0)])),
]  # fmt: skip

SAMPLES = [
    ("RandomHorizontalFlip(p=0.5)", v2.RandomHorizontalFlip()),
    ("RandomAffine(30, scale=(0.7, 1.3), shear=10)", v2.RandomAffine(30, scale=(0.7, 1.3), shear=10)),
    ("RandomPerspective(0.5, p=1)", v2.RandomPerspective(0.5, p=1.0)),
    ("RandomZoomOut(side_range=(1, 2)), Resize", v2.Compose([v2.RandomZoomOut(side_range=(1.0, 2.0), p=1.0), v2.Resize(SIZE)])),
    ("RandomIoUCrop(), Resize", v2.Compose([v2.RandomIoUCrop(), v2.Resize(SIZE)])),
    ("RandomPhotometricDistort(p=1)", v2.RandomPhotometricDistort(p=1.0)),
]  # fmt: skip


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--picture", type=pathlib.Path, default=CAT)
    parser.add_argument("--draws", type=int, default=6, help="pictures in a row")
    parser.add_argument("--rows", type=int, default=len(PICTURES), help="how many of the transforms")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/augmentation_gallery"))
    return parser.parse_args()


def draws(transform, image, count, seed):
    random.seed(seed)  # RandomChoice draws from Python's generator
    torch.manual_seed(seed)
    return [transform(image) for _ in range(count)]


def shown(image):
    """As floats in 0..1, of the size of the sheet."""
    tensor = image if isinstance(image, torch.Tensor) else T.functional.to_tensor(image)
    return tensor.clamp(0, 1)


def annotated(sample):
    """A picture with what a detector and a segmentation model are told of it: the box in green, the mask in red."""
    image = draw_segmentation_masks(sample["image"], sample["mask"].bool(), alpha=0.25, colors=(230, 30, 30))
    if len(sample["boxes"]):
        image = draw_bounding_boxes(image, sample["boxes"], colors=(40, 220, 60), width=2)
    return image.float() / 255


def whole_sample(image):
    """The picture with a box around the cat's head, and an ellipse in it for a mask."""
    height, width = SIZE
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    # Places are of the cat; on a picture of your own they mark its middle.
    mask = ((x - 74) / 36) ** 2 + ((y - 42) / 34) ** 2 < 1
    return {
        "image": tv_tensors.Image(T.functional.pil_to_tensor(image)),
        "boxes": tv_tensors.BoundingBoxes([[34.0, 3.0, 112.0, 80.0]], format="XYXY", canvas_size=SIZE),
        "mask": tv_tensors.Mask(mask),
    }


def main():
    args = parse_arguments()
    image = T.functional.resize(Image.open(args.picture).convert("RGB"), list(SIZE))

    rows = [("the picture", [shown(image)])]
    for text, transform in PICTURES[: args.rows]:
        images = [shown(one) for one in draws(transform, image, args.draws, args.seed)]
        means = " ".join(f"{one.mean().item():.4f}" for one in images)
        print(f"{text}: mean levels {means}")
        rows.append((text, images))
    contact_sheet(args.out / "pictures.png", "Transforms of a picture, drawn anew each time", rows)

    sample = whole_sample(image)
    rows = [("the picture, a box (green) and a mask (red)", [annotated(sample)])]
    for text, transform in SAMPLES[: args.rows]:
        samples = draws(transform, sample, args.draws, args.seed)
        boxes = [[f"{value:.1f}" for value in one["boxes"].flatten().tolist()] for one in samples]
        print(f"{text}: boxes {' '.join('(' + ', '.join(box) + ')' for box in boxes)}")
        rows.append((text, [annotated(one) for one in samples]))
    contact_sheet(args.out / "samples.png", "Transforms of a picture with its box and its mask", rows)


if __name__ == "__main__":
    main()
