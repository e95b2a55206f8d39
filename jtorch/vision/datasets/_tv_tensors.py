"""Data sets for the transforms of version 2: targets as boxes and masks that these know what to do with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from copy import copy
from typing import Any

import numpy as np

import jtorch

from .vision import VisionDataset

_VOC_CATEGORIES = (
    "__background__ aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person "
    "pottedplant sheep sofa train tvmonitor"
).split()
_KITTI_CATEGORIES = ["Car", "Van", "Truck", "Pedestrian", "Person_sitting", "Cyclist", "Tram", "Misc", "DontCare"]

# The keys of a target that may be asked for, and those that come unasked. Data sets without a row have no such keys.
_KEYS: dict[str, tuple[set[str], set[str]]] = {
    "CocoDetection": (
        {"segmentation", "area", "iscrowd", "image_id", "bbox", "category_id", "boxes", "masks", "labels"},
        {"image_id", "boxes", "labels"},
    ),
    "VOCDetection": ({"annotation", "boxes", "labels"}, {"boxes", "labels"}),
    "Kitti": (
        {
            "type",
            "truncated",
            "occluded",
            "alpha",
            "bbox",
            "dimensions",
            "location",
            "rotation_y",
            "boxes",
            "labels",
        },
        {"boxes", "labels"},
    ),
    "WIDERFace": ({"bbox", "blur", "expression", "illumination", "occlusion", "pose", "invalid"},) * 2,
}


def wrap_dataset_for_transforms_v2(dataset: VisionDataset, target_keys: Collection[str] | str | None = None):
    """The data set with its targets as `tv_tensors`, its transforms applied after that; still of its own class, too.

    Boxes become `BoundingBoxes` in the format XYXY, masks become `Mask`; the target of CocoDetection, VOCDetection, Kitti
    and WIDERFace is a dict, of which `target_keys` names the entries to keep ("all", or by default what detectors are
    trained with). Sets for classification stay as they are. TypeError: there is no rule for this class.
    """
    named = isinstance(target_keys, Collection) and all(isinstance(key, str) for key in target_keys)
    if not (target_keys is None or target_keys == "all" or named):
        raise ValueError(
            "`target_keys` can be None, 'all', or a collection of strings denoting the keys to be returned, "
            f"but got {target_keys}"
        )
    wrapped = type(f"Wrapped{type(dataset).__name__}", (VisionDatasetTVTensorWrapper, type(dataset)), {})
    return wrapped(dataset, target_keys)


class VisionDatasetTVTensorWrapper:
    """The part of a wrapped data set that is in front: everything it lacks is the data set's."""

    def __init__(self, dataset: VisionDataset, target_keys: Collection[str] | str | None) -> None:
        name, rule = _rule(dataset)
        if target_keys is not None and name not in _KEYS:
            raise ValueError(
                "`target_keys` is currently only supported for `CocoDetection`, `VOCDetection`, `Kitti`, "
                f"and `WIDERFace`, but got {name}."
            )
        self._dataset = dataset
        self._target_keys = target_keys
        self._wrapper = rule(dataset, _chosen_keys(name, target_keys))
        # The data set has to hand out samples as they are, for the transforms come after the wrapping.
        self.transform, dataset.transform = dataset.transform, None
        self.target_transform, dataset.target_transform = dataset.target_transform, None
        self.transforms, dataset.transforms = dataset.transforms, None

    def __getattr__(self, item: str) -> Any:
        # While it is being copied or unpickled there is no data set yet.
        if item == "_dataset":
            raise AttributeError(item)
        return getattr(self._dataset, item)

    def __getitem__(self, idx: int):
        sample = self._wrapper(idx, self._dataset[idx])
        return sample if self.transforms is None else self.transforms(*sample)

    def __len__(self) -> int:
        return len(self._dataset)

    def __reduce__(self):
        dataset = copy(self._dataset)
        dataset.transform = self.transform
        dataset.transforms = self.transforms
        dataset.target_transform = self.target_transform
        return wrap_dataset_for_transforms_v2, (dataset, self._target_keys)


def _rule(dataset: VisionDataset) -> tuple[str, Callable]:
    """The nearest class of the data set that has a rule, and the rule."""
    if not isinstance(dataset, VisionDataset):
        raise TypeError(
            "This wrapper is meant for subclasses of `torchvision.datasets.VisionDataset`, "
            f"but got a '{type(dataset).__name__}' instead."
        )
    package = sys.modules[__package__]
    for cls in type(dataset).mro():
        if cls.__name__ in _RULES and getattr(package, cls.__name__, None) is cls:
            return cls.__name__, _RULES[cls.__name__]
    raise TypeError(
        f"No wrapper exists for dataset class {type(dataset).__name__}. Please wrap the output yourself: "
        "torchvision.tv_tensors.BoundingBoxes, Mask"
    )


def _chosen_keys(name: str, asked: Collection[str] | str | None) -> set[str]:
    available, default = _KEYS.get(name, (set(), set()))
    chosen = default if asked is None else available if asked == "all" else set(asked)
    if chosen - available:
        raise ValueError(f"Target keys {sorted(chosen - available)} are not available")
    return chosen


def _boxes(values: Any, format: str, canvas_size: tuple[int, int]):
    from .. import tv_tensors
    from ..transforms.v2 import functional as F

    boxes = tv_tensors.BoundingBoxes(values, format=format, canvas_size=canvas_size)
    return boxes if format == "XYXY" else F.convert_bounding_box_format(boxes, new_format="XYXY")


def _mask(values: Any):
    from .. import tv_tensors

    return tv_tensors.Mask(values)


def _size(image: Any) -> tuple[int, int]:
    from ..transforms.v2 import functional as F

    height, width = F.get_size(image)
    return height, width


def _columns(rows: list[dict[str, Any]]) -> dict[str, list]:
    """A list of dicts as a dict of lists."""
    columns: dict[str, list] = {}
    for row in rows:
        for key, value in row.items():
            columns.setdefault(key, []).append(value)
    return columns


def _not_supported(what: str) -> RuntimeError:
    return RuntimeError(f"{what} is currently not supported by this wrapper. Please wrap the output yourself.")


def _unchanged(dataset, keys):
    return lambda idx, sample: sample


def _segmentation(dataset, keys):
    return lambda idx, sample: (sample[0], _mask(sample[1]))


def _caltech101(dataset, keys):
    if "annotation" in dataset.target_type:
        raise _not_supported("Caltech101 dataset with `target_type=['annotation', ...]`")
    return _unchanged(dataset, keys)


def _sbd(dataset, keys):
    if dataset.mode == "boundaries":
        raise _not_supported("SBDataset with mode='boundaries'")
    return _segmentation(dataset, keys)


def _by_type(types: list[str], wrappers: dict[str, Callable]) -> Callable:
    """A rule for targets that are one item, or a tuple, of the given types."""

    def wrap(idx, sample):
        image, target = sample
        if target is None:
            return sample
        items = target if isinstance(target, (tuple, list)) else [target]
        wrapped = tuple(
            wrappers[kind](item, image) if kind in wrappers else item for kind, item in zip(types, items, strict=True)
        )
        return image, wrapped[0] if len(wrapped) == 1 else wrapped

    return wrap


def _celeba(dataset, keys):
    if {"attr", "landmarks"} & set(dataset.target_type):
        raise _not_supported("`CelebA` dataset with `target_type=['attr', 'landmarks', ...]`")
    return _by_type(dataset.target_type, {"bbox": lambda item, image: _boxes(item, "XYWH", _size(image))})


def _oxford_iiit_pet(dataset, keys):
    return _by_type(dataset._target_types, {"segmentation": lambda item, image: _mask(item)})


def _cityscapes(dataset, keys):
    if {"polygon", "color"} & set(dataset.target_type):
        raise _not_supported("`Cityscapes` dataset with `target_type=['polygon', 'color', ...]`")

    def instances(item, image):
        # A value from 1000 on is the class times 1000 plus the number of the thing; below, the class alone.
        # The files have 16 bits; as int32, which is how older releases of Pillow give them to torchvision.
        values = jtorch.from_numpy(np.asarray(item).astype(np.int32))
        numbers = values.unique()
        labels = jtorch.where(numbers >= 1000, numbers // 1000, numbers)
        return {"masks": _mask(jtorch.stack([(values == number) for number in numbers.tolist()])), "labels": labels}

    return _by_type(dataset.target_type, {"instance": instances, "semantic": lambda item, image: _mask(item)})


def _coco_detection(dataset, keys):
    def mask_of(segmentation, height: int, width: int):
        from pycocotools import mask

        if isinstance(segmentation, list):  # polygons
            segmentation = mask.merge(mask.frPyObjects(segmentation, height, width))
        elif not isinstance(segmentation, dict):
            raise ValueError(f"COCO segmentation expected to be a dict or a list, got {type(segmentation)}")
        elif not isinstance(segmentation["counts"], str):  # lengths of runs, not yet encoded
            segmentation = mask.frPyObjects(segmentation, height, width)
        return jtorch.from_numpy(mask.decode(segmentation))

    def wrap(idx, sample):
        image, things = sample
        if not things:
            return image, {"image_id": dataset.ids[idx]}
        size = _size(image)
        columns = _columns(things)
        made = {
            "image_id": lambda: dataset.ids[idx],
            "boxes": lambda: _boxes(columns["bbox"], "XYWH", size),
            "masks": lambda: _mask(jtorch.stack([mask_of(item, *size) for item in columns["segmentation"]])),
            "labels": lambda: jtorch.tensor(columns["category_id"]),
        }
        return image, _target(keys, made, columns)

    return wrap


def _target(keys: set[str], made: dict[str, Callable], columns: dict[str, list]) -> dict[str, Any]:
    """The entries of `keys`: those in `made` by its functions, the others as they are in the data set."""
    wrapped = {key: make() for key, make in made.items() if key in keys}
    return wrapped | {key: columns[key] for key in sorted(keys - made.keys())}


def _voc_detection(dataset, keys):
    def wrap(idx, sample):
        image, target = sample
        columns = _columns(target["annotation"]["object"])
        corners = [[int(box[side]) for side in ("xmin", "ymin", "xmax", "ymax")] for box in columns["bndbox"]]
        made = {
            "boxes": lambda: _boxes(corners, "XYXY", _size(image)),
            "labels": lambda: jtorch.tensor([_VOC_CATEGORIES.index(name) for name in columns["name"]]),
        }
        return image, _target(keys, made, target)

    return wrap


def _kitti(dataset, keys):
    def wrap(idx, sample):
        image, things = sample
        if things is None:
            return sample
        columns = _columns(things)
        made = {
            "boxes": lambda: _boxes(columns["bbox"], "XYXY", _size(image)),
            "labels": lambda: jtorch.tensor([_KITTI_CATEGORIES.index(kind) for kind in columns["type"]]),
        }
        return image, _target(keys, made, columns)

    return wrap


def _wider_face(dataset, keys):
    def wrap(idx, sample):
        image, target = sample
        if target is None:
            return sample
        return image, _target(keys, {"bbox": lambda: _boxes(target["bbox"], "XYWH", _size(image))}, target)

    return wrap


# A rule is a function of the data set and the wanted keys; it returns one of the index and the sample.
_RULES: dict[str, Callable] = {
    **dict.fromkeys(
        "Caltech256 CIFAR10 CIFAR100 ImageNet MNIST FashionMNIST GTSRB DatasetFolder ImageFolder Imagenette".split(),
        _unchanged,
    ),
    "CocoCaptions": _unchanged,
    "VOCSegmentation": _segmentation,
    "Caltech101": _caltech101,
    "SBDataset": _sbd,
    "CelebA": _celeba,
    "OxfordIIITPet": _oxford_iiit_pet,
    "Cityscapes": _cityscapes,
    "CocoDetection": _coco_detection,
    "VOCDetection": _voc_detection,
    "Kitti": _kitti,
    "WIDERFace": _wider_face,
}
