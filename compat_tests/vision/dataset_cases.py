"""Tiny archives in the layout of each data set, the arguments to read them with, and what a data set holds as plain values.

Pictures are PNG files under whatever name the layout gives them, so that every decoder reads the same pixels.
"""

from __future__ import annotations

import bz2
import hashlib
import io
import json
import pickle
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

# Instance attributes that are compared: the public ones of data, and these.
_PRIVATE = ("_labels", "_image_files", "_bin_labels")
_NOT_DATA = ("transform", "transforms", "target_transform", "loader", "env", "coco", "dbs", "h5py")


def pixels(seed: int, *shape: int) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, shape).astype(np.uint8)


def picture(path: Path, seed: int = 0, mode: str = "RGB", size: tuple[int, int] = (5, 4)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(seed, mode, size))


def png(seed: int, mode: str = "RGB", size: tuple[int, int] = (5, 4)) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels(seed, size[1], size[0], *((3,) if mode == "RGB" else ()))).save(file, "PNG")
    return file.getvalue()


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def mat(path: Path, **variables: Any) -> None:
    from scipy.io import savemat

    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, variables)


def structs(fields: dict[str, list]) -> np.ndarray:
    """MATLAB's array of structs, 1 x N."""
    count = len(next(iter(fields.values())))
    array = np.empty((1, count), dtype=[(name, object) for name in fields])
    for name, values in fields.items():
        for number, value in enumerate(values):
            array[name][0, number] = value
    return array


def dump(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(value, protocol=2))


def idx(values: np.ndarray) -> bytes:
    kind = {"u1": 8, "i4": 12}[values.dtype.str[1:]]
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, kind, values.ndim, *values.shape)
    return header + values.astype(values.dtype.newbyteorder(">")).tobytes()


def cifar10(root: Path) -> None:
    folder = root / "cifar-10-batches-py"
    for number, name in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
        dump(folder / name, {"data": pixels(number, 2, 3072), "labels": [number, 9 - number]})
    dump(folder / "batches.meta", {"label_names": ["plane", "car"], "num_vis": 3072})


def cifar100(root: Path) -> None:
    folder = root / "cifar-100-python"
    for number, name in enumerate(("train", "test")):
        dump(folder / name, {"data": pixels(number, 3, 3072), "fine_labels": [7, 8, 99], "coarse_labels": [1, 2, 3]})
    dump(folder / "meta", {"fine_label_names": ["apple", "bear"], "coarse_label_names": ["fruit"]})


def svhn(root: Path) -> None:
    for seed, split in enumerate(("train", "test", "extra")):
        mat(root / f"{split}_32x32.mat", X=pixels(seed, 32, 32, 3, 3), y=np.array([[10], [3], [1]], np.uint8))


def stl10(root: Path) -> None:
    folder = root / "stl10_binary"
    folder.mkdir()
    for seed, name in enumerate(("train", "unlabeled", "test")):
        (folder / f"{name}_X.bin").write_bytes(pixels(seed, 2, 3, 96, 96).tobytes())
        (folder / f"{name}_y.bin").write_bytes(bytes([seed + 1, 10]))
    text(folder / "class_names.txt", "airplane\nbird\n")
    text(folder / "fold_indices.txt", "1 0 \n1 \n" + "0 \n" * 8)


def usps(root: Path) -> None:
    for seed, name in enumerate(("usps.bz2", "usps.t.bz2")):
        values = pixels(seed, 2, 256) / 127.5 - 1
        lines = [
            f"{number + 3} " + " ".join(f"{i + 1}:{v:.4f}" for i, v in enumerate(row))
            for number, row in enumerate(values)
        ]
        (root / name).write_bytes(bz2.compress(("\n".join(lines) + " \n").encode()))


def semeion(root: Path) -> None:
    rows = [
        " ".join(f"{v:.4f}" for v in pixels(seed, 256) % 2)
        + " "
        + " ".join("1" if digit == seed else "0" for digit in range(10))
        for seed in range(3)
    ]
    text(root / "semeion.data", "\n".join(rows) + "\n")


def qmnist(root: Path) -> None:
    folder = root / "QMNIST" / "raw"
    folder.mkdir(parents=True)
    for name, ending in (("qmnist-train", "idx2-int"), ("qmnist-test", "idx2-int"), ("xnist", "idx2-int")):
        (folder / f"{name}-images-idx3-ubyte").write_bytes(idx(pixels(3, 3, 28, 28)))
        (folder / f"{name}-labels-{ending}").write_bytes(idx(np.arange(24, dtype=np.int32).reshape(3, 8)))


def moving_mnist(root: Path) -> None:
    (root / "MovingMNIST").mkdir()
    np.save(root / "MovingMNIST" / "mnist_test_seq.npy", pixels(0, 20, 3, 4, 4))


def voc(root: Path) -> None:
    for year in ("2012", "2007"):
        folder = root / "VOCdevkit" / f"VOC{year}"
        for part in ("Segmentation", "Main"):
            for split in ("train", "val", "test"):
                text(
                    folder / "ImageSets" / part / f"{split}.txt", "000012\n000007\n" if split == "train" else "000012\n"
                )
        for seed, name in enumerate(("000012", "000007")):
            picture(folder / "JPEGImages" / f"{name}.jpg", seed)
            picture(folder / "SegmentationClass" / f"{name}.png", seed, "L")
            box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>"
            thing = f"<object><name>dog</name><pose> Left </pose>{box}<part><name>head</name></part><part><name>foot</name></part></object>"
            text(
                folder / "Annotations" / f"{name}.xml",
                f"<annotation>\n <folder>VOC</folder><empty/><size><width>5</width><height>4</height></size>{thing * (2 - seed)}</annotation>",
            )


def coco(root: Path) -> None:
    for seed in range(3):
        picture(root / "pictures" / f"{seed}.jpg", seed)
    listed = {
        "images": [{"id": 10 - n, "file_name": f"{n}.jpg", "height": 4, "width": 5} for n in range(3)],
        "annotations": [
            {
                "id": n,
                "image_id": 10 - n // 2,
                "category_id": n + 1,
                "bbox": [0, 1, 2, 2],
                "area": 4,
                "iscrowd": 0,
                "segmentation": [[0, 1, 2, 1, 2, 3, 0, 3]] if n else {"counts": [4, 6, 10], "size": [4, 5]},
                "caption": f"caption {n}",
            }
            for n in range(3)
        ],
        "categories": [{"id": n, "name": f"thing {n}"} for n in range(4)],
    }
    text(root / "listed.json", json.dumps(listed))


def sbd(root: Path) -> None:
    from scipy.sparse import csc_matrix

    for seed, name in enumerate(("2008_1", "2008_2")):
        picture(root / "img" / f"{name}.jpg", seed)
        lines = np.empty((20, 1), object)
        for number in range(20):
            lines[number, 0] = csc_matrix(pixels(number, 4, 5) % 2)
        mat(
            root / "cls" / f"{name}.mat",
            GTcls=structs({"Boundaries": [lines], "Segmentation": [pixels(seed, 4, 5) % 21]}),
        )
    for split in ("train", "val", "train_noval"):
        text(root / f"{split}.txt", "2008_1\n2008_2\n")


def sbu(root: Path) -> None:
    text(root / "SBUCaptionedPhotoDataset.tar.gz", "")
    text(root / "dataset" / "SBU_captioned_photo_dataset_urls.txt", "http://a/1.jpg\nhttp://a/2.jpg\nhttp://a/3.jpg\n")
    text(root / "dataset" / "SBU_captioned_photo_dataset_captions.txt", "one\ntwo \nthree\n")
    picture(root / "dataset" / "1.jpg", 1)
    picture(root / "dataset" / "3.jpg", 3)


def tar(path: Path, files: dict[str, bytes], mode: str = "w") -> None:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def imagenet(root: Path) -> None:
    synsets = {
        "ILSVRC2012_ID": [1, 2, 3],
        "WNID": ["n02", "n01", "n00"],
        "words": ["tench, Tinca tinca", "goldfish", "fish"],
        "gloss": ["a fish", "another", "all of them"],
        "num_children": [0, 0, 2],
    }
    mat(root / "made.mat", synsets=structs(synsets).T)
    data = "ILSVRC2012_devkit_t12/data/"
    devkit = {
        f"{data}meta.mat": (root / "made.mat").read_bytes(),
        f"{data}ILSVRC2012_validation_ground_truth.txt": b"2\n1\n2\n",
    }
    tar(root / "ILSVRC2012_devkit_t12.tar.gz", devkit, "w:gz")
    tar(root / "ILSVRC2012_img_val.tar", {f"val_{number}.JPEG": png(number) for number in range(3)})
    inner = {}
    for wnid in ("n01", "n02"):
        tar(root / "inner.tar", {f"{wnid}_{number}.JPEG": png(number) for number in range(2)})
        inner[f"{wnid}.tar"] = (root / "inner.tar").read_bytes()
    tar(root / "ILSVRC2012_img_train.tar", inner)


def imagenette(root: Path) -> None:
    for folder in ("imagenette2", "imagenette2-160"):
        for split in ("train", "val"):
            for seed, wnid in enumerate(("n02102040", "n01440764")):
                picture(root / folder / split / wnid / "a.JPEG", seed)


def pets(root: Path) -> None:
    folder = root / "oxford-iiit-pet"
    rows = [
        ("Abyssinian_1", 1, 1, 1),
        ("yorkshire_terrier_22", 3, 2, 5),
        ("Abyssinian_2", 1, 1, 1),
        ("beagle_7", 2, 2, 1),
    ]
    for split in ("trainval", "test"):
        text(folder / "annotations" / f"{split}.txt", "".join(f"{a} {b} {c} {d}\n" for a, b, c, d in rows))
    for seed, (name, *_) in enumerate(rows):
        picture(folder / "images" / f"{name}.jpg", seed)
        picture(folder / "annotations" / "trimaps" / f"{name}.png", seed, "L")


def flowers(root: Path) -> None:
    folder = root / "flowers-102"
    for number in range(1, 6):
        picture(folder / "jpg" / f"image_{number:05d}.jpg", number)
    mat(folder / "imagelabels.mat", labels=np.array([[5, 4, 102, 1, 1]], np.uint8))
    sets = {"trnid": [[3, 1]], "valid": [[2, 4]], "tstid": [[5, 1]]}
    mat(folder / "setid.mat", **{name: np.array(ids, np.uint16) for name, ids in sets.items()})


def celeba(root: Path) -> None:
    folder = root / "celeba"
    names = [f"00000{n}.jpg" for n in range(1, 7)]
    for seed, name in enumerate(names):
        picture(folder / "img_align_celeba" / name, seed)
    tables = {
        "list_eval_partition.txt": ("", lambda n: f"{n % 3}"),
        "identity_CelebA.txt": ("", lambda n: f"{n * 11}"),
        "list_bbox_celeba.txt": ("4\nimage_id x_1 y_1 width height\n", lambda n: f"   {n}  1 2  3"),
        "list_landmarks_align_celeba.txt": ("4\nlefteye_x lefteye_y\n", lambda n: f" {n}  {-n}"),
        "list_attr_celeba.txt": ("4\nArched_Eyebrows Bald Young \n", lambda n: f"-1  1 {1 if n % 2 else -1}"),
    }
    for name, (head, row) in tables.items():
        text(folder / name, head + "".join(f"{file} {row(n)}\n" for n, file in enumerate(names)))


def caltech(root: Path) -> None:
    for category, count in (("BACKGROUND_Google", 1), ("Faces", 2), ("anchor", 1)):
        for number in range(1, count + 1):
            picture(root / "caltech101" / "101_ObjectCategories" / category / f"image_{number:04d}.jpg", number)
            folder = {"Faces": "Faces_2"}.get(category, category)
            mat(
                root / "caltech101" / "Annotations" / folder / f"annotation_{number:04d}.mat",
                obj_contour=np.eye(2) * number,
            )
    for label, category in enumerate(("001.ak47", "002.flag"), 1):
        for number in range(1, label + 1):
            picture(root / "caltech256" / "256_ObjectCategories" / category / f"{label:03d}_{number:04d}.jpg", number)
        text(root / "caltech256" / "256_ObjectCategories" / category / "notes.txt", "")


def food(root: Path) -> None:
    for split in ("train", "test"):
        listed = {"waffles": ["waffles/3", "waffles/1"], "apple_pie": ["apple_pie/2"]}
        text(root / "food-101" / "meta" / f"{split}.json", json.dumps(listed))
    for seed, name in enumerate(("waffles/3", "waffles/1", "apple_pie/2")):
        picture(root / "food-101" / "images" / f"{name}.jpg", seed)


def cars(root: Path) -> None:
    folder = root / "stanford_cars"
    for split, path in (
        ("train", folder / "devkit/cars_train_annos.mat"),
        ("test", folder / "cars_test_annos_withlabels.mat"),
    ):
        for seed in range(2):
            picture(folder / f"cars_{split}" / f"0000{seed}.jpg", seed)
        mat(
            path,
            annotations=structs(
                {"bbox_x1": [1, 2], "class": [np.uint8(2), np.uint8(196)], "fname": ["00000.jpg", "00001.jpg"]}
            ),
        )
    names = np.empty((1, 2), object)
    names[0, :] = ["AM General Hummer SUV 2000", "Acura RL Sedan 2012"]
    mat(folder / "devkit/cars_meta.mat", class_names=names)


def aircraft(root: Path) -> None:
    data = root / "fgvc-aircraft-2013b" / "data"
    for level, file in (("variant", "variants"), ("family", "families"), ("manufacturer", "manufacturers")):
        text(data / f"{file}.txt", f"707-320\n{level} two words\n")
        for split in ("train", "val", "trainval", "test"):
            text(data / f"images_{level}_{split}.txt", f"0034309 {level} two words\n1025794 707-320\n")
    for seed, name in enumerate(("0034309", "1025794")):
        picture(data / "images" / f"{name}.jpg", seed)


def dtd(root: Path) -> None:
    for split in ("train", "val", "test"):
        text(root / "dtd/dtd/labels" / f"{split}1.txt", "zigzagged/z_1.jpg\nbanded/b_1.jpg\n")
        text(root / "dtd/dtd/labels" / f"{split}2.txt", "banded/b_1.jpg\n")
    picture(root / "dtd/dtd/images/zigzagged/z_1.jpg", 0)
    picture(root / "dtd/dtd/images/banded/b_1.jpg", 1)


def folders(*parts: str) -> Callable[[Path], None]:
    def build(root: Path) -> None:
        for part in parts:
            for seed, name in enumerate(("b/2.jpg", "a/1.jpg", "b/1.jpg")):
                picture(root / part / name, seed)

    return build


def gtsrb(root: Path) -> None:
    folder = root / "gtsrb"
    for seed, name in enumerate(("00000/1.ppm", "00001/0.ppm", "00001/1.ppm")):
        picture(folder / "GTSRB/Training" / name, seed)
        picture(folder / "GTSRB/Final_Test/Images" / f"{seed}.ppm", seed)
    text(folder / "GT-final_test.csv", "Filename;Width;ClassId\n1.ppm;5;16\n0.ppm;5;1\n")


def lfw(root: Path) -> None:
    folder = root / "lfw-py"
    text(folder / "lfw-funneled.tgz", "")
    text(folder / "lfw-names.txt", "Ann_A\t3\nBob_B\t1\nCat_C\t2\n")
    for name, count in (("Ann_A", 3), ("Bob_B", 1), ("Cat_C", 2)):
        for number in range(1, count + 1):
            picture(folder / "lfw_funneled" / name / f"{name}_{number:04d}.jpg", number)
    for part in ("DevTrain", "DevTest"):
        text(folder / f"people{part}.txt", "2\nAnn_A\t3\nCat_C\t2\n")
        text(folder / f"pairs{part}.txt", "1\nAnn_A\t1\t3\nBob_B\t1\tCat_C\t2\n")
    text(folder / "people.txt", "2\n1\nBob_B\t1\n2\nAnn_A\t2\nCat_C\t1\n")
    text(folder / "pairs.txt", "2\t1\nAnn_A\t1\t3\nBob_B\t1\tCat_C\t2\nCat_C\t1\t2\nAnn_A\t2\tBob_B\t1\n")


def omniglot(root: Path) -> None:
    for part in ("images_background", "images_evaluation"):
        text(root / "omniglot-py" / f"{part}.zip", "")
        for seed, name in enumerate(
            (
                "Greek/character02/b.png",
                "Greek/character02/a.png",
                "Greek/character01/c.png",
                "Avesta/character01/d.png",
            )
        ):
            picture(root / "omniglot-py" / part / name, seed, "L")


def places(root: Path) -> None:
    text(root / "categories_places365.txt", "/a/airfield 0\n/z/zen_garden 2\n/b/bridge 1\n")
    lists = {
        "train_standard": "/a/airfield/00000001.jpg 0\n/z/zen_garden/2.jpg 2\n",
        "train_challenge": "/a/airfield/00000001.jpg 0\n",
        "val": "v1.jpg 1\n",
        "test": "t1.jpg\n",
    }
    for name, content in lists.items():
        text(root / f"places365_{name}.txt", content)
    for path in (
        "data_large_standard/a/airfield/00000001.jpg",
        "data_large_standard/z/zen_garden/2.jpg",
        "val_256/v1.jpg",
        "test_large/t1.jpg",
    ):
        picture(root / path, len(path))


def phototour(root: Path) -> None:
    folder = root / "liberty"
    for seed, name in enumerate(("patches0000.bmp", "patches0001.bmp")):
        folder.mkdir(exist_ok=True)
        Image.fromarray(pixels(seed, 64, 128)).save(folder / name)
    text(folder / "info.txt", "0 0\n0 0\n1 0\n2 0\n")
    text(folder / "m50_100000_100000_0.txt", "0 0 0 1 0 0 0\n2 1 0 3 2 0 0\n")


def cityscapes(root: Path) -> None:
    for mode, split in (("gtFine", "train"), ("gtFine", "val"), ("gtCoarse", "train_extra")):
        for seed, stem in enumerate(("zurich_000000", "aachen_000001", "aachen_000000")):
            city = stem.split("_")[0]
            picture(root / "leftImg8bit" / split / city / f"{stem}_leftImg8bit.png", seed)
            targets = root / mode / split / city
            targets.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.array([[7, 7, 24001], [24000, 7, 11]], np.uint16)).save(
                targets / f"{stem}_{mode}_instanceIds.png"
            )
            picture(targets / f"{stem}_{mode}_labelIds.png", seed, "L")
            picture(targets / f"{stem}_{mode}_color.png", seed)
            text(
                targets / f"{stem}_{mode}_polygons.json",
                json.dumps({"objects": [{"label": "car", "polygon": [[1, 2]]}]}),
            )


def kitti(root: Path) -> None:
    raw = root / "Kitti" / "raw"
    for seed, name in enumerate(("000002", "000000")):
        picture(raw / "training/image_2" / f"{name}.png", seed)
        picture(raw / "testing/image_2" / f"{name}.png", seed)
        thing = "Car 0.00 1 -1.58 1.0 2.0 3.5 4.0 1.65 1.67 3.64 -0.65 1.71 46.70 -1.59\n"
        text(raw / "training/label_2" / f"{name}.txt", thing * (seed + 1) + thing.replace("Car", "DontCare"))


def pcam(root: Path) -> None:
    import h5py

    (root / "pcam").mkdir()
    for part in ("train", "test", "valid"):
        with h5py.File(root / "pcam" / f"camelyonpatch_level_2_split_{part}_x.h5", "w") as file:
            file["x"] = pixels(0, 2, 4, 4, 3)
        with h5py.File(root / "pcam" / f"camelyonpatch_level_2_split_{part}_y.h5", "w") as file:
            file["y"] = np.array([1, 0], np.uint8).reshape(2, 1, 1, 1)


def sst2(root: Path) -> None:
    for split in ("train", "valid", "test"):
        for seed, name in enumerate(("positive/1.png", "negative/0.png")):
            picture(root / "rendered-sst2" / split / name, seed)


def sun(root: Path) -> None:
    text(root / "SUN397/ClassName.txt", "/a/abbey\n/a/apartment_building/outdoor\n")
    picture(root / "SUN397/a/apartment_building/outdoor/sun_a.jpg", 1)


def wider(root: Path) -> None:
    folder = root / "widerface"
    for split in ("train", "val", "test"):
        for seed, name in enumerate(("0--Parade/1.jpg", "1--Handshaking/2.jpg")):
            picture(folder / f"WIDER_{split}" / "images" / name, seed)
    blocks = "0--Parade/1.jpg\n2\n1 2 3 4 0 0 0 0 0 1 \n5 6 7 8 2 1 1 2 1 0 \n1--Handshaking/2.jpg\n0\n0 0 0 0 0 0 0 0 0 0 \n"
    for split in ("train", "val"):
        text(folder / "wider_face_split" / f"wider_face_{split}_bbx_gt.txt", blocks)
    text(folder / "wider_face_split/wider_face_test_filelist.txt", "0--Parade/1.jpg\n1--Handshaking/2.jpg\n")


def flickr(root: Path) -> None:
    for seed, name in enumerate(("11_ab.jpg", "22_cd.jpg")):
        picture(root / name, seed)
    row = "<tr><td><a href='x'>http://flickr.com/photos/me/{0}/</a></td><td><ul><li>One {0} </li><li>Two</li></ul></td></tr>"
    text(root / "page.html", f"<p>head</p><table>{row.format(22)}{row.format(11)}</table>")
    text(root / "token", "22_cd.jpg#0\tA dog .\n22_cd.jpg#1\tTwo dogs .\n11_ab.jpg#0\tA cat .\n")


def clevr(root: Path) -> None:
    folder = root / "clevr" / "CLEVR_v1.0"
    for split in ("train", "val", "test"):
        scenes = [{"image_filename": f"CLEVR_{split}_{n}.png", "objects": [{}] * (n + 3)} for n in (1, 0)]
        text(folder / "scenes" / f"CLEVR_{split}_scenes.json", json.dumps({"scenes": scenes}))
        for n in (1, 0):
            picture(folder / "images" / split / f"CLEVR_{split}_{n}.png", n)


def fer(columns: str, file: str) -> Callable[[Path], None]:
    def build(root: Path) -> None:
        rows = [columns]
        for seed, usage in enumerate(("Training", "PublicTest", "PrivateTest", "Training")):
            cells = {"emotion": str(seed), "pixels": " ".join(map(str, pixels(seed, 48 * 48))), "Usage": usage}
            rows.append(",".join(cells[name.strip()] for name in columns.split(",")))
        text(root / "fer2013" / file, "\n".join(rows) + "\n")

    return build


def inaturalist(root: Path) -> None:
    for seed, name in enumerate(("00000_Animalia_A_B_C_D_E_one", "00001_Animalia_A_X_C_D_F_two")):
        picture(root / "2021_valid" / name / "q.jpg", seed)
        picture(root / "2021_valid" / name / "p.jpg", seed + 2)
    for seed, name in enumerate(("Birds/1", "Birds/0", "Plants/2")):
        picture(root / "2018" / name / "a.jpg", seed)
        picture(root / "2017" / name / "a.jpg", seed)


def lsun(root: Path) -> None:
    import lmdb

    for number, name in enumerate(("bedroom_train", "tower_train", "test")):
        with (
            lmdb.open(str(root / f"{name}_lmdb"), map_size=2**20) as environment,
            environment.begin(write=True) as transaction,
        ):
            for seed in range(number + 1):
                transaction.put(f"key{9 - seed}".encode(), png(seed))


def deep(path: Path, seed: int = 0) -> None:
    """A picture of 16-bit levels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.random.RandomState(seed).randint(1, 2**16, (4, 5)).astype(np.uint16)
    Image.fromarray(levels).save(path, "PNG")


def deep_colours(seed: int = 0, channels: int = 3) -> tuple[np.ndarray, bytes]:
    """Levels (H, W, channels) of 16 bits, with a third channel of 0 and 1, and a PNG of them, which Pillow does not write."""
    levels = np.random.RandomState(seed).randint(0, 2**16, (4, 5, channels)).astype(np.uint16)
    levels[:, :, 2] %= 2
    kind = {3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 5, 4, 16, kind, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    chunks = [struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in parts]
    return levels, b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def deep_levels(content: bytes) -> np.ndarray:
    """The levels (channels, H, W) of a PNG of `deep_colours`."""
    start = content.index(b"IDAT")
    (length,) = struct.unpack(">I", content[start - 4 : start])
    rows = np.frombuffer(zlib.decompress(content[start + 4 : start + 4 + length]), np.uint8).reshape(4, -1)
    return rows[:, 1:].copy().view(">u2").astype(np.uint16).reshape(4, 5, -1).transpose(2, 0, 1)


def flo(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.RandomState(seed).randn(4, 5, 2).astype("<f4")
    path.write_bytes(b"PIEH" + struct.pack("<ii", 5, 4) + values.tobytes())


def pfm(path: Path, seed: int = 0, channels: int = 1, order: str = "<") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.RandomState(seed).randn(4, 5, channels).astype(f"{order}f4")
    header = f"{'PF' if channels == 3 else 'Pf'}\n5 4\n{'-1.0' if order == '<' else '1.0'}\n"
    path.write_bytes(header.encode() + values.tobytes())


def sintel(root: Path) -> None:
    for scene in ("ambush", "bamboo"):
        for part, kind in (("training", "clean"), ("training", "final"), ("test", "clean")):
            for number in range(3):
                picture(root / "Sintel" / part / kind / scene / f"frame_{number}.png", number)
        for number in range(2):
            flo(root / "Sintel/training/flow" / scene / f"frame_{number}.flo", number)


def kitti_flow(root: Path) -> None:
    for part in ("training", "testing"):
        for number in (10, 11):
            for scene in range(2):
                picture(root / "KittiFlow" / part / "image_2" / f"00000{scene}_{number}.png", scene)
    for scene in range(2):
        path = root / "KittiFlow/training/flow_occ" / f"00000{scene}_10.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(deep_colours(scene)[1])


def chairs(root: Path) -> None:
    for number in range(3):
        for name in ("img1.ppm", "img2.ppm"):
            picture(root / "FlyingChairs/data" / f"0000{number}_{name}", number)
        flo(root / "FlyingChairs/data" / f"0000{number}_flow.flo", number)
    text(root / "FlyingChairs/FlyingChairs_train_val.txt", "1\n2\n1\n")


def things(root: Path) -> None:
    folder = root / "FlyingThings3D"
    for side in ("left", "right"):
        for number in range(3):
            for kind in ("clean", "final"):
                picture(folder / f"frames_{kind}pass/TRAIN/A/0000" / side / f"000{number}.png", number)
            for direction in ("into_future", "into_past"):
                path = folder / "optical_flow/TRAIN/A/0000" / direction / side / f"OpticalFlow_000{number}.pfm"
                pfm(path, number, channels=3, order="<" if side == "left" else ">")


def hd1k(root: Path) -> None:
    folder = root / "hd1k"
    for name in ("000000_0010", "000000_0011", "000000_0012", "000001_0010"):
        picture(folder / "hd1k_input/image_2" / f"{name}.png", len(name))
        path = folder / "hd1k_flow_gt/flow_occ" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(deep_colours(1)[1])
    for number in (10, 11):
        picture(folder / "hd1k_challenge/image_2" / f"000002_00{number}.png", number)


def carla(root: Path) -> None:
    for seed, scene in enumerate(("a", "b")):
        for side in range(2):
            picture(root / "carla-highres/trainingF" / scene / f"im{side}.png", seed)
            pfm(root / "carla-highres/trainingF" / scene / f"disp{side}GT.pfm", seed)


def kitti_stereo(root: Path) -> None:
    for part in ("training", "testing"):
        for seed, name in enumerate(("colored_0", "colored_1")):
            picture(root / "Kitti2012" / part / name / "000001_10.png", seed)
        for seed, name in enumerate(("image_2", "image_3")):
            picture(root / "Kitti2015" / part / name / "000001_10.png", seed)
    for seed, name in enumerate(("2012/training/disp_noc", "2015/training/disp_occ_0", "2015/training/disp_occ_1")):
        deep(root / f"Kitti{name}" / "000001_10.png", seed)


def middlebury(root: Path) -> None:
    for split, scenes in (("train", ("Piano-perfect", "Piano-imperfect", "Pipes-perfect")), ("test", ("Plants",))):
        for seed, scene in enumerate(scenes):
            folder = root / "Middlebury2014" / split / scene
            for number, name in enumerate(("im0", "im1", "im1E")):
                picture(folder / f"{name}.png", seed + number)
            for side in range(2) if split == "train" else ():
                pfm(folder / f"disp{side}.pfm", seed)


def crestereo(root: Path) -> None:
    for seed, kind in enumerate(("shapenet", "reflective", "tree", "hole")):
        for side in ("left", "right"):
            picture(root / "CREStereo" / kind / f"1_{side}.jpg", seed)
            deep(root / "CREStereo" / kind / f"1_{side}.disp.png", seed)


def falling(root: Path) -> None:
    for seed, scene in enumerate(("single/cup/kitchen", "mixed/kitchen")):
        folder = root / "FallingThings" / scene
        for side in ("left", "right"):
            picture(folder / f"000000.{side}.jpg", seed)
            deep(folder / f"000000.{side}.depth.png", seed)
        text(folder / "_camera_settings.json", '{"camera_settings": [{"intrinsic_settings": {"fx": 768.25}}]}')


def scene_flow(root: Path) -> None:
    for variant, scene in (("Monkaa", "a"), ("FlyingThings3D", "TRAIN/A/0000"), ("Driving", "15mm/forwards/fast")):
        folder = root / "SceneFlow" / variant
        for side in ("left", "right"):
            for kind in ("clean", "final"):
                picture(folder / f"frames_{kind}pass" / scene / side / "0006.png", len(side))
            pfm(folder / "disparity" / scene / side / "0006.pfm", len(side))


def sintel_stereo(root: Path) -> None:
    folder = root / "Sintel/training"
    for name in ("final_left", "final_right", "clean_left", "clean_right", "disparities"):
        picture(folder / name / "alley/frame_1.png", len(name))
    for name in ("occlusions", "outofframe"):
        levels = np.random.RandomState(len(name)).randint(0, 2, (4, 5)).astype(np.uint8) * 255
        (folder / name / "alley").mkdir(parents=True)
        Image.fromarray(levels).save(folder / name / "alley/frame_1.png")


def instereo(root: Path) -> None:
    for split in ("train", "test"):
        for side in ("left", "right"):
            picture(root / "InStereo2k" / split / "1" / f"{side}.png", len(side))
            deep(root / "InStereo2k" / split / "1" / f"{side}_disp.png", len(side))


def eth3d(root: Path) -> None:
    for folder in ("two_view_training", "two_view_test"):
        for side in range(2):
            picture(root / "ETH3D" / folder / "forest" / f"im{side}.png", side, "L")
    pfm(root / "ETH3D/two_view_training_gt/forest/disp0GT.pfm")
    picture(root / "ETH3D/two_view_training_gt/forest/mask0nocc.png", 3, "L")


# Data set: what makes its files, the package it needs, and the arguments beside `root` of each way to read them.
CASES: list[tuple[str, Callable[[Path], None], str | None, list[dict[str, Any]]]] = [
    ("CIFAR10", cifar10, None, [{}, {"train": False}]),
    ("CIFAR100", cifar100, None, [{}, {"train": False}]),
    ("SVHN", svhn, None, [{}, {"split": "extra"}]),
    ("STL10", stl10, None, [{"split": s} for s in ("train+unlabeled", "unlabeled", "test")] + [{"folds": 0}, {"folds": 1}]),
    ("USPS", usps, None, [{}, {"train": False}]),
    ("SEMEION", semeion, None, [{"download": False}]),
    ("QMNIST", qmnist, None, [{}, {"what": "test10k", "compat": False}, {"what": "test50k"}, {"what": "nist"}]),
    ("MovingMNIST", moving_mnist, None, [{}, {"split": "train", "split_ratio": 3}, {"split": "test"}]),
    ("VOCSegmentation", voc, None, [{}, {"year": "2007", "image_set": "test"}]),
    ("VOCDetection", voc, None, [{}, {"image_set": "val"}]),
    ("CocoDetection", coco, "pycocotools", [{"root": "pictures", "annFile": "listed.json"}]),
    ("CocoCaptions", coco, "pycocotools", [{"root": "pictures", "annFile": "listed.json"}]),
    ("SBDataset", sbd, None, [{}, {"mode": "segmentation", "image_set": "val"}]),
    ("SBU", sbu, None, [{"download": False}]),
    ("ImageNet", imagenet, None, [{}, {"split": "val"}]),
    ("Imagenette", imagenette, None, [{}, {"split": "val", "size": "160px"}]),
    ("OxfordIIITPet", pets, None, [{}, {"split": "test", "target_types": ["segmentation", "binary-category"]}, {"target_types": []}]),
    ("Flowers102", flowers, None, [{}, {"split": "val"}, {"split": "test"}]),
    (
        "CelebA",
        celeba,
        None,
        [{}, {"split": "valid", "target_type": "landmarks"}, {"split": "All", "target_type": ["identity", "bbox"]}, {"target_type": []}],
    ),
    ("Caltech101", caltech, None, [{}, {"target_type": ["annotation", "category"]}]),
    ("Caltech256", caltech, None, [{}]),
    ("Food101", food, None, [{}, {"split": "test"}]),
    ("StanfordCars", cars, None, [{}, {"split": "test"}]),
    ("FGVCAircraft", aircraft, None, [{}, {"split": "val", "annotation_level": "family"}]),
    ("DTD", dtd, None, [{}, {"split": "val", "partition": 2}]),
    ("EuroSAT", folders("eurosat/2750"), None, [{}]),
    ("Country211", folders("country211/train", "country211/valid"), None, [{}, {"split": "valid"}]),
    ("GTSRB", gtsrb, None, [{}, {"split": "test"}]),
    ("LFWPeople", lfw, None, [{}, {"split": "train"}]),
    ("LFWPairs", lfw, None, [{}, {"split": "Test"}]),
    ("Omniglot", omniglot, None, [{}, {"background": False}]),
    ("Places365", places, None, [{}, {"split": "val", "small": True}, {"split": "test"}]),
    ("PhotoTour", phototour, None, [{"name": "liberty"}, {"name": "liberty", "train": False}]),
    (
        "Cityscapes",
        cityscapes,
        None,
        [{}, {"split": "val", "target_type": ["semantic", "polygon"]}, {"split": "train_extra", "mode": "coarse", "target_type": "color"}],
    ),
    ("Kitti", kitti, None, [{}, {"train": False}]),
    ("PCAM", pcam, "h5py", [{}, {"split": "val"}]),
    ("RenderedSST2", sst2, None, [{}, {"split": "val"}]),
    ("SUN397", sun, None, [{}]),
    ("WIDERFace", wider, None, [{}, {"split": "test"}]),
    ("Flickr8k", flickr, None, [{"ann_file": "page.html"}]),
    ("Flickr30k", flickr, None, [{"ann_file": "token"}]),
    ("CLEVRClassification", clevr, None, [{}, {"split": "test"}]),
    ("FER2013", fer("emotion,pixels,Usage", "fer2013.csv"), None, [{}, {"split": "test"}]),
    ("FER2013", fer("emotion, Usage, pixels", "icml_face_data.csv"), None, [{"split": "test"}]),
    ("FER2013", fer("pixels", "test.csv"), None, [{"split": "test"}]),
    ("INaturalist", inaturalist, None, [{"version": "2021_valid", "target_type": ["full", "order", "genus"]}, {"version": "2018", "target_type": "super"}, {"version": "2017"}]),
    ("LSUN", lsun, "lmdb", [{"classes": ["tower_train", "bedroom_train"]}, {"classes": "test"}]),
    ("Sintel", sintel, None, [{}, {"pass_name": "both"}, {"split": "test"}]),
    ("KittiFlow", kitti_flow, None, [{}, {"split": "test"}]),
    ("FlyingChairs", chairs, None, [{}, {"split": "val"}]),
    ("FlyingThings3D", things, None, [{}, {"pass_name": "both", "camera": "right"}]),
    ("HD1K", hd1k, None, [{}, {"split": "test"}]),
    ("CarlaStereo", carla, None, [{}]),
    ("Kitti2012Stereo", kitti_stereo, None, [{}, {"split": "test"}]),
    ("Kitti2015Stereo", kitti_stereo, None, [{}, {"split": "test"}]),
    ("Middlebury2014Stereo", middlebury, None, [{}, {"calibration": "both"}, {"split": "test", "calibration": None}]),
    ("CREStereo", crestereo, None, [{}]),
    ("FallingThingsStereo", falling, None, [{}, {"variant": "both"}]),
    ("SceneFlowStereo", scene_flow, None, [{}, {"variant": "Monkaa", "pass_name": "both"}, {"variant": "Driving", "pass_name": "final"}]),
    ("SintelStereo", sintel_stereo, None, [{}, {"pass_name": "both"}]),
    ("InStereo2k", instereo, None, [{}, {"split": "test"}]),
    ("ETH3DStereo", eth3d, None, [{}, {"split": "test"}]),
]  # fmt: skip

# Those for `wrap_dataset_for_transforms_v2`: a row of CASES, its arguments, the keys asked for.
WRAPPED: list[tuple[str, dict[str, Any], Any]] = [
    ("CIFAR10", {}, None),
    ("VOCSegmentation", {}, None),
    ("VOCDetection", {}, None),
    ("VOCDetection", {}, "all"),
    ("CocoDetection", {"root": "pictures", "annFile": "listed.json"}, None),
    ("CocoDetection", {"root": "pictures", "annFile": "listed.json"}, ["masks", "iscrowd"]),
    ("SBDataset", {"mode": "segmentation"}, None),
    ("CelebA", {"split": "all", "target_type": ["bbox", "identity"]}, None),
    ("Kitti", {}, None),
    ("Kitti", {}, ["boxes", "occluded"]),
    ("Kitti", {"train": False}, None),
    ("OxfordIIITPet", {"target_types": ["category", "segmentation"]}, None),
    ("Cityscapes", {"target_type": "semantic"}, None),
    ("WIDERFace", {}, None),
    ("WIDERFace", {"split": "test"}, None),
]


def case(name: str) -> tuple[str, Callable[[Path], None], str | None, list[dict[str, Any]]]:
    return next(row for row in CASES if row[0] == name)


def make(datasets: Any, name: str, root: Path, arguments: dict[str, Any]) -> Any:
    """The data set on `root`; arguments that name files do so relative to it."""
    files = {key: str(root / value) for key, value in arguments.items() if key in ("root", "annFile", "ann_file")}
    return getattr(datasets, name)(**{"root": str(root), **arguments, **files})


def describe(dataset: Any, root: Path) -> dict[str, Any]:
    """Everything to compare of a data set, in JSON's types."""
    attributes = {
        key: value
        for key, value in vars(dataset).items()
        if (not key.startswith("_") and key not in _NOT_DATA) or key in _PRIVATE
    }
    described = {
        "repr": repr(dataset),
        "attributes": dict(sorted(attributes.items())),
        "samples": [dataset[number] for number in range(len(dataset))],
    }
    return json.loads(json.dumps(plain(described)).replace(str(root), "ROOT"))


def plain(value: Any) -> Any:
    if isinstance(value, Image.Image):
        return ["image", value.mode, list(value.size), digest(value.tobytes())]
    if isinstance(value, np.ndarray) or hasattr(value, "numpy"):
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
        kind = type(value).__name__
        extra = (
            [str(getattr(value, "format", "")), plain(getattr(value, "canvas_size", None))] if "Boxes" in kind else []
        )
        content = array.tolist() if array.size < 50 else digest(np.ascontiguousarray(array).tobytes())
        return [kind, *extra, str(array.dtype), list(array.shape), content]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.integer):
        return int(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def digest(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()[:12]
