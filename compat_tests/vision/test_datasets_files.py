"""Every data set on tiny files in its own layout: what torchvision reads from the same files, and what is wrong with them."""

from __future__ import annotations

import json
import os
import pickle
import re
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from PIL import Image

import jtorch
from jtorch.vision import datasets, transforms, tv_tensors
from jtorch.vision.datasets import _readers, imagenet, utils

from . import dataset_cases
from .dataset_cases import CASES, WRAPPED, describe, make
from .record_datasets import RECORDED, record

NAMED = [(f"{number} {row[0]}", *row) for number, row in enumerate(CASES)]


@pytest.fixture(scope="module")
def recorded():
    return json.loads(RECORDED.read_text())


@pytest.fixture(autouse=True)
def any_checksum(monkeypatch):
    """The archives here are not those that the checksums are of."""
    monkeypatch.setattr(utils, "check_md5", lambda *args, **kwargs: True)


@pytest.mark.parametrize(("key", "name", "build", "package", "rows"), NAMED, ids=[row[0] for row in NAMED])
def test_as_torchvision_reads_it(tmp_path, recorded, key, name, build, package, rows):
    if package is not None:
        pytest.importorskip(package)
    build(tmp_path)
    for number, arguments in enumerate(rows):
        expected = recorded[f"{key} {number}"]
        got = describe(make(datasets, name, tmp_path, arguments), tmp_path)
        got["attributes"] = {k: v for k, v in got["attributes"].items() if k in expected["attributes"]}
        assert got == expected, arguments


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools, under NumPy 2
@pytest.mark.parametrize(("number", "row"), list(enumerate(WRAPPED)))
def test_wrapped_for_transforms_v2(tmp_path, recorded, number, row):
    name, arguments, keys = row
    _, build, package, _ = dataset_cases.case(name)
    if package is not None:
        pytest.importorskip(package)
    build(tmp_path)
    wrapped = datasets.wrap_dataset_for_transforms_v2(make(datasets, name, tmp_path, arguments), keys)
    assert isinstance(wrapped, getattr(datasets, name))
    samples = [wrapped[index] for index in range(len(wrapped))]
    assert json.loads(json.dumps(dataset_cases.plain(samples))) == recorded[f"wrapped {number} {name}"]


@pytest.mark.reference
@pytest.mark.filterwarnings("ignore")  # torchvision's own: old names of Pillow's, files left open
def test_record_is_torchvisions(recorded, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert record() == recorded


def test_wrapped_transforms_pickles_and_errors(tmp_path):
    dataset_cases.kitti(tmp_path)
    from jtorch.vision.transforms import v2

    flip = v2.RandomHorizontalFlip(p=1.0)
    wrapped = datasets.wrap_dataset_for_transforms_v2(datasets.Kitti(tmp_path, transforms=flip))
    _, target = pickle.loads(pickle.dumps(wrapped))[0]
    assert isinstance(target["boxes"], tv_tensors.BoundingBoxes)
    assert target["boxes"][0].tolist() == [1.5, 2.0, 4.0, 4.0]  # the picture is 5 wide: from 1.0 and 3.5
    assert len(wrapped.targets) == 2
    with pytest.raises(ValueError, match=r"Target keys \['colour'\] are not available"):
        datasets.wrap_dataset_for_transforms_v2(datasets.Kitti(tmp_path), ["colour"])
    with pytest.raises(ValueError, match="`target_keys` can be None, 'all', or a collection of strings"):
        datasets.wrap_dataset_for_transforms_v2(datasets.Kitti(tmp_path), [1])
    with pytest.raises(TypeError, match="No wrapper exists for dataset class FakeData"):
        datasets.wrap_dataset_for_transforms_v2(datasets.FakeData())
    with pytest.raises(TypeError, match="This wrapper is meant for subclasses of .* but got a 'list' instead"):
        datasets.wrap_dataset_for_transforms_v2([])


def test_wrapped_instances(tmp_path):
    """16-bit masks, which torchvision's wrapper cannot compare since Pillow no longer widens them."""
    dataset_cases.cityscapes(tmp_path)
    _, target = datasets.wrap_dataset_for_transforms_v2(datasets.Cityscapes(tmp_path))[0]
    assert target["labels"].tolist() == [7, 11, 24, 24]
    assert target["masks"].shape == (4, 2, 3)
    assert target["masks"][2].tolist() == [[False, False, False], [True, False, False]]


# What is not there: the class, its arguments, how the error begins.
MISSING = [
    ("CIFAR10", {}, "Dataset not found or corrupted. You can use download=True to download it"),
    ("SVHN", {}, "Dataset not found or corrupted. You can use download=True to download it"),
    ("STL10", {}, "Dataset not found or corrupted. You can use download=True to download it"),
    ("QMNIST", {}, "Dataset not found. You can use download=True to download it"),
    ("MovingMNIST", {}, "Dataset not found. You can use download=True to download it"),
    ("VOCSegmentation", {}, "Dataset not found or corrupted. You can use download=True to download it"),
    ("ImageNet", {}, "The archive ILSVRC2012_devkit_t12.tar.gz is not present in the root directory or is corrupted."),
    ("Imagenette", {}, "Dataset not found. You can use download=True to download it"),
    ("OxfordIIITPet", {}, "Dataset not found. You can use download=True to download it"),
    ("Flowers102", {}, "Dataset not found or corrupted. You can use download=True to download it"),
    ("CelebA", {}, "Dataset not found or corrupted. You can use download=True to download it"),
    ("Caltech256", {}, "Dataset not found or corrupted. You can use download=True to download it"),
    ("Food101", {}, "Dataset not found. You can use download=True to download it"),
    ("StanfordCars", {}, "Dataset not found."),
    ("GTSRB", {}, "Dataset not found. You can use download=True to download it"),
    ("LFWPeople", {}, "Dataset not found or corrupted. You can use download=True to download it"),
    ("Places365", {}, "The file {root}/categories_places365.txt does not exist or is corrupted."),
    ("Cityscapes", {}, "Dataset not found or incomplete. Please make sure all required folders"),
    ("WIDERFace", {}, "Dataset not found or corrupted. You can use download=True to download and prepare it"),
    ("FER2013", {}, "train.csv not found in {root}/fer2013 or corrupted. You can download it from"),
    ("INaturalist", {}, "Dataset not found or corrupted. You can use download=True to download it"),
]


@pytest.mark.parametrize(("name", "arguments", "begins"), MISSING, ids=[row[0] for row in MISSING])
def test_missing_files(tmp_path, name, arguments, begins):
    with pytest.raises(RuntimeError, match="^" + re.escape(begins.format(root=tmp_path))):
        make(datasets, name, tmp_path, arguments)


# Wrong arguments: the class, the arguments, torchvision's words.
WRONG = [
    ("SVHN", {"split": "all"}, "Unknown value 'all' for argument split. Valid values are {'train', 'test', 'extra'}."),
    ("STL10", {"folds": 10}, "Value for argument folds should be in the range [0, 10), but got 10."),
    ("QMNIST", {"what": "a"}, "Unknown value 'a' for argument what. Valid values are {'train', 'test', 'test10k', "),
    ("MovingMNIST", {"split_ratio": 20}, "`split_ratio` should be `1 <= split_ratio <= 19`, but got 20 instead."),
    ("VOCDetection", {"image_set": "test"}, "Unknown value 'test' for argument image_set. Valid values are {'train', "),
    ("VOCDetection", {"year": "2013"}, "Unknown value '2013' for argument year. Valid values are {'2007', '2008', "),
    (
        "Cityscapes",
        {"split": "test", "mode": "coarse"},
        "Unknown value 'test' for argument split if mode is 'coarse'. ",
    ),
    ("DTD", {"partition": 0.5}, "Parameter 'partition' should be an integer with `1 <= partition <= 10`, but got 0.5"),
    ("LFWPairs", {"download": True}, "LFW dataset is no longer available for automatic download."),
    ("LSUN", {"classes": ["attic_train"]}, "Unknown value 'attic' for LSUN class. Valid values are {'bedroom', "),
    ("LSUN", {"classes": 5}, "Expected type str or Iterable for argument classes, but got type <class 'int'>."),
    ("UCF101", {"annotation_path": "", "frames_per_clip": 2, "fold": 4}, "fold should be between 1 and 3, got 4"),
    (
        "Kinetics",
        {"frames_per_clip": 2, "num_classes": "5"},
        "Unknown value '5' for argument num_classes. Valid values",
    ),
    ("Sintel", {"pass_name": "a"}, "Unknown value 'a' for argument pass_name. Valid values are {'clean', 'final', "),
    ("InStereo2k", {"split": "val"}, "Unknown value 'val' for argument split. Valid values are {'train', 'test'}."),
    ("Middlebury2014Stereo", {"split": "test"}, "Split 'test' has only no calibration settings, please set "),
    (
        "Middlebury2014Stereo",
        {"calibration": None},
        "Split 'train' has calibration settings, however None was provided ",
    ),
]

# Folders that are not there, of data sets that are not downloaded.
NO_FOLDER = [
    ("Sintel", "[Errno 2] No such file or directory: '{root}/Sintel/training/clean'"),
    ("KittiFlow", "Could not find the Kitti flow images. Please make sure the directory structure is correct."),
    ("FlyingChairs", "The FlyingChairs_train_val.txt file was not found - please download it from the dataset page"),
    (
        "FlyingThings3D",
        "Could not find the FlyingThings3D flow images. Please make sure the directory structure is correct.",
    ),
    ("HD1K", "Could not find the HD1K images. Please make sure the directory structure is correct."),
    ("CarlaStereo", "Could not find any files matching the patterns: {root}/carla-highres/trainingF/*/im0.png"),
    ("Middlebury2014Stereo", "The train directory was not found in the provided root directory"),
]


@pytest.mark.parametrize(("name", "begins"), NO_FOLDER)
def test_missing_folders(tmp_path, name, begins):
    with pytest.raises(FileNotFoundError, match="^" + re.escape(begins.format(root=tmp_path))):
        make(datasets, name, tmp_path, {})


@pytest.mark.reference
@pytest.mark.parametrize(("name", "begins"), NO_FOLDER)
def test_torchvision_misses_the_same_folders(tmp_path, name, begins):
    from .reference import load_torchvision

    with pytest.raises(FileNotFoundError, match="^" + re.escape(begins.format(root=tmp_path))):
        make(load_torchvision()[1].datasets, name, tmp_path, {})


def raised(module, name, root, arguments) -> Exception:
    try:
        make(module, name, root, arguments)
    except Exception as error:
        return error
    raise AssertionError(f"{name} took {arguments}")


@pytest.mark.parametrize(("name", "arguments", "words"), WRONG)
def test_wrong_arguments(tmp_path, name, arguments, words):
    error = raised(datasets, name, tmp_path, arguments)
    assert isinstance(error, ValueError)
    assert str(error).startswith(words)


@pytest.mark.reference
@pytest.mark.parametrize(("name", "arguments", "words"), WRONG + MISSING)
def test_torchvision_says_the_same(tmp_path, name, arguments, words):
    from .reference import load_torchvision

    theirs = raised(load_torchvision()[1].datasets, name, tmp_path, arguments)
    assert str(theirs).startswith(words.format(root=tmp_path) if (name, arguments, words) in MISSING else words)
    assert type(theirs) is type(raised(datasets, name, tmp_path, arguments))


@pytest.mark.parametrize("name", ["HMDB51", "UCF101", "Kinetics"])
def test_films_are_not_decoded(tmp_path, name):
    arguments = {"frames_per_clip": 2} | ({} if name == "Kinetics" else {"annotation_path": "a"})
    with pytest.raises(
        NotImplementedError, match=f"torchvision.datasets.{name} is not supported: nothing here decodes"
    ):
        getattr(datasets, name)(tmp_path, **arguments)


@pytest.mark.parametrize(
    ("name", "package", "kind"),
    [("CocoDetection", "pycocotools", ImportError), ("LSUN", "lmdb", ImportError), ("PCAM", "h5py", RuntimeError)],
)
def test_package_that_is_not_installed(tmp_path, monkeypatch, name, package, kind):
    for module in (package, f"{package}.coco"):
        monkeypatch.setitem(sys.modules, module, None)
    arguments = {"annFile": "a.json"} if name == "CocoDetection" else {}
    with pytest.raises(kind, match=f"{package}.*pip install {package}"):
        make(datasets, name, tmp_path, arguments)


# A file that is damaged, and what it is replaced by.
DAMAGED = [
    ("CIFAR10", "cifar-10-batches-py/data_batch_2", b"\x80\x02}q\x00(X\x04"),
    ("CIFAR10", "cifar-10-batches-py/test_batch", pickle.dumps({"data": np.zeros((2, 5), np.uint8), "labels": [1, 2]})),
    ("CIFAR100", "cifar-100-python/meta", b"<html>"),
    ("SVHN", "train_32x32.mat", b"MATLAB 5.0 MAT-file" + bytes(200)),
    ("STL10", "stl10_binary/train_X.bin", b"short"),
    ("USPS", "usps.bz2", b"BZh91AY&SY"),
    ("SEMEION", "semeion.data", b"1.0 a b\n"),
    ("MovingMNIST", "MovingMNIST/mnist_test_seq.npy", b"\x93NUMPY\x01\x00v\x00{'descr'"),
    ("VOCDetection", "VOCdevkit/VOC2012/Annotations/000012.xml", b"<annotation><object>"),
    ("VOCSegmentation", "VOCdevkit/VOC2012/SegmentationClass/000012.png", b"\x89PNG\r\n"),
    ("OxfordIIITPet", "oxford-iiit-pet/annotations/trainval.txt", b"Abyssinian_1 1\n"),
    ("Food101", "food-101/meta/train.json", b'{"waffles": ['),
    ("FGVCAircraft", "fgvc-aircraft-2013b/data/images_variant_trainval.txt", b"0034309 no such plane\n"),
    ("DTD", "dtd/dtd/labels/train1.txt", b"zigzagged\n"),
    ("GTSRB", "gtsrb/GTSRB/Training/00000/1.ppm", b"P6 5"),
    ("Kitti", "Kitti/raw/training/label_2/000000.txt", b"Car 0.0\n"),
    ("WIDERFace", "widerface/wider_face_split/wider_face_train_bbx_gt.txt", b"a.jpg\n3\n1 2 3 4 5 6 7 8 9 0\n"),
    ("FER2013", "fer2013/fer2013.csv", b"emotion,pixels,Usage\n1,1 2 3,Training\n"),
    ("CelebA", "celeba/list_bbox_celeba.txt", b"1\nimage_id x\n1.jpg many\n"),
    ("Sintel", "Sintel/training/flow/ambush/frame_0.flo", b"<html>"),
    ("Sintel", "Sintel/training/flow/ambush/frame_0.flo", b"PIEH\5\0\0\0\4\0\0\0short"),
    ("KittiFlow", "KittiFlow/training/flow_occ/000000_10.png", dataset_cases.deep_colours()[1][:80]),
    ("KittiFlow", "KittiFlow/training/flow_occ/000000_10.png", dataset_cases.png(0, "L")),
    ("FlyingChairs", "FlyingChairs/FlyingChairs_train_val.txt", b"1\n"),
    ("FlyingThings3D", "FlyingThings3D/optical_flow/TRAIN/A/0000/into_future/left/OpticalFlow_0000.pfm", b"P6\n5 4\n"),
    ("FlyingThings3D", "FlyingThings3D/optical_flow/TRAIN/A/0000/into_future/left/OpticalFlow_0000.pfm", b"PF\n5\n-1\n"),
    ("FlyingThings3D", "FlyingThings3D/optical_flow/TRAIN/A/0000/into_future/left/OpticalFlow_0000.pfm", b"PF\n5 4\n-1\nshort"),
    ("Kitti2012Stereo", "Kitti2012/training/disp_noc/000001_10.png", b"short"),
    ("InStereo2k", "InStereo2k/train/1/left_disp.png", dataset_cases.png(0)),
    ("FallingThingsStereo", "FallingThings/single/cup/kitchen/_camera_settings.json", b"{}"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "path", "content"), DAMAGED, ids=[f"{row[0]}-{row[1].split('/')[-1]}" for row in DAMAGED]
)
def test_damage_is_named(tmp_path, name, path, content):
    _, build, _, rows = dataset_cases.case(name)
    build(tmp_path)
    (tmp_path / path).write_bytes(content)
    arguments = {"train": False} if path.endswith("test_batch") else rows[-1] if name == "SEMEION" else {}
    with pytest.raises((RuntimeError, OSError, ValueError), match=re.escape(str(tmp_path / path))):
        make(datasets, name, tmp_path, arguments)[0]


def test_flows_of_some_pictures_only(tmp_path):
    dataset_cases.sintel(tmp_path)
    (tmp_path / "Sintel/training/flow/bamboo/frame_1.flo").unlink()
    with pytest.raises(RuntimeError, match="Sintel/training/clean/bamboo has 2 pairs of pictures and 1 flows"):
        datasets.Sintel(tmp_path)


def test_flows_are_transformed_and_repeated(tmp_path):
    dataset_cases.sintel(tmp_path)
    flows = datasets.Sintel(tmp_path, transforms=lambda first, second, flow, mask: (second, first, -flow, flow[0] > 0))
    plain = datasets.Sintel(tmp_path)
    *_, flow, mask = (2 * flows)[len(flows)]
    np.testing.assert_array_equal(flow, -plain[0][2])
    np.testing.assert_array_equal(mask, plain[0][2][0] > 0)


def test_views_of_middlebury(tmp_path):
    dataset_cases.middlebury(tmp_path)
    lit = datasets.Middlebury2014Stereo(tmp_path, use_ambient_views=True)
    right = {lit[0][1].tobytes() for _ in range(20)}
    folder = tmp_path / "Middlebury2014/train/Piano-perfect"
    assert right == {Image.open(folder / name).tobytes() for name in ("im1.png", "im1E.png")}


class TestPickles:
    def test_nothing_in_them_is_executed(self, tmp_path):
        dataset_cases.cifar10(tmp_path)
        hurt = tmp_path / "hurt"

        class Payload:
            def __reduce__(self):
                return os.mkdir, (str(hurt),)

        path = tmp_path / "cifar-10-batches-py" / "data_batch_1"
        path.write_bytes(pickle.dumps({"data": Payload(), "labels": [1]}))
        with pytest.raises(
            RuntimeError, match=r"data_batch_1 is damaged: it asks for posix.mkdir, which no array needs"
        ):
            datasets.CIFAR10(tmp_path)
        assert not hurt.exists()

    @pytest.mark.parametrize("protocol", range(6))
    def test_every_protocol(self, tmp_path, protocol):
        value = {
            "data": dataset_cases.pixels(0, 2, 3),
            "labels": [1, 2],
            "name": "é",
            "raw": b"\xff\x00",
            "one": np.float32(1),
        }
        (tmp_path / "file").write_bytes(pickle.dumps(value, protocol))
        read = _readers.read_pickle(tmp_path / "file")
        np.testing.assert_array_equal(read.pop("data"), value.pop("data"))
        assert read == value

    def test_written_by_python_2(self, tmp_path):
        """The batches of 2009: protocol 2, text as bytes, numpy's old module names."""
        old = (
            b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03(K\x06K\x09eU\x04dataq\x04cnumpy.core.multiarray\n_reconstruct\n"
            b"q\x05cnumpy\nndarray\nq\x06K\x00\x85U\x01b\x87Rq\x07(K\x01K\x01K\x02\x86cnumpy\ndtype\nq\x08U\x02u1K\x00K"
            b"\x01\x87Rq\x09(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x02\x07\xfftbu."
        )
        (tmp_path / "file").write_bytes(old)
        read = _readers.read_pickle(tmp_path / "file")
        assert read["labels"] == [6, 9]
        assert read["data"].tolist() == [[7, 255]]


class TestDownload:
    @pytest.fixture
    def offline(self, monkeypatch):
        def fail(*args):
            raise OSError("no network")

        monkeypatch.setattr(utils, "_fetch", fail)
        monkeypatch.setitem(sys.modules, "gdown", None)

    @pytest.mark.parametrize(
        "name",
        "CIFAR10 SVHN STL10 USPS SEMEION QMNIST MovingMNIST VOCDetection SBDataset SBU Imagenette OxfordIIITPet Flowers102"
        " CelebA Caltech101 Caltech256 Food101 FGVCAircraft DTD EuroSAT Country211 GTSRB Omniglot Places365 PhotoTour Kitti"
        " RenderedSST2 SUN397 WIDERFace CLEVRClassification INaturalist Middlebury2014Stereo".split(),
    )
    def test_without_network(self, tmp_path, offline, name):
        error = raised(
            datasets, name, tmp_path, {"download": True} | ({"name": "liberty"} if name == "PhotoTour" else {})
        )
        assert isinstance(error, (OSError, RuntimeError))
        assert str(tmp_path) in str(error)
        assert "http" in str(error)

    def test_fetches_and_unpacks(self, tmp_path, monkeypatch):
        dataset_cases.cifar10(tmp_path / "made")
        files = {p.name: p.read_bytes() for p in (tmp_path / "made/cifar-10-batches-py").iterdir()}
        dataset_cases.tar(tmp_path / "made.tgz", {f"cifar-10-batches-py/{n}": c for n, c in files.items()}, "w:gz")
        content = (tmp_path / "made.tgz").read_bytes()
        asked = []

        def fetch(url, path, hops):
            asked.append(url)
            with open(path, "wb") as file:
                file.write(content)

        monkeypatch.setattr(utils, "_fetch", fetch)
        for _ in range(2):
            assert len(datasets.CIFAR10(tmp_path / "root", download=True)) == 10
        assert asked == ["https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"]

    def test_google_drive(self, tmp_path, monkeypatch):
        gdown = mock.Mock()
        gdown.download.side_effect = lambda id, output, **options: Path(output).write_text(id)
        monkeypatch.setitem(sys.modules, "gdown", gdown)
        utils.download_url("https://drive.google.com/file/d/abc/view", tmp_path, "file.txt")
        assert (tmp_path / "file.txt").read_text() == "abc"
        gdown.download.side_effect = ConnectionError("no network")
        with pytest.raises(RuntimeError, match="no network: gdown could not download xyz. .* put it at .*/xyz"):
            utils.download_file_from_google_drive("xyz", tmp_path)

    @pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.gz", "a.xz", "a.tar.xz"])
    def test_damaged_archive_is_named(self, tmp_path, name):
        (tmp_path / name).write_bytes(b"<html>not found</html>")
        with pytest.raises(RuntimeError, match=re.escape(str(tmp_path / name))):
            utils.extract_archive(tmp_path / name)


def test_lists(tmp_path):
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.png").touch()
    assert utils.list_dir(tmp_path) == ["a", "b"]
    assert utils.list_files(tmp_path, (".png", ".jpg"), prefix=True) == [
        str(tmp_path / "a.png"),
        str(tmp_path / "b.png"),
    ]
    assert utils.iterable_to_str([1, "b"]) == "'1', 'b'"


def test_imagenet_meta_file_is_torchs(tmp_path):
    dataset_cases.imagenet(tmp_path)
    imagenet.parse_devkit_archive(tmp_path)
    assert imagenet.load_meta_file(tmp_path) == (
        {"n02": ("tench", "Tinca tinca"), "n01": ("goldfish",)},
        ["n01", "n02", "n01"],
    )
    with pytest.raises(
        RuntimeError, match="The meta file .*/other is not present in the root directory or is corrupted."
    ):
        imagenet.load_meta_file(tmp_path, "other")


@pytest.mark.parametrize(("key", "name", "build", "package", "rows"), NAMED, ids=[row[0] for row in NAMED])
def test_pickles(tmp_path, key, name, build, package, rows):
    """As it goes to the workers of a loader."""
    if package is not None:
        pytest.importorskip(package)
    build(tmp_path)
    dataset = make(datasets, name, tmp_path, rows[0])
    copy = pickle.loads(pickle.dumps(dataset))
    assert dataset_cases.plain(copy[len(copy) - 1]) == dataset_cases.plain(dataset[len(dataset) - 1])


def test_imagenet_archive_with_too_few_pictures(tmp_path):
    dataset_cases.imagenet(tmp_path)
    dataset_cases.tar(tmp_path / "ILSVRC2012_img_val.tar", {"a.JPEG": dataset_cases.png(0)})
    with pytest.raises(RuntimeError, match="ILSVRC2012_img_val.tar is damaged: it holds 1 pictures, .* knows 3"):
        datasets.ImageNet(tmp_path, "val")
    assert not (tmp_path / "val").exists()


def test_transforms_may_be_set_later(tmp_path):
    dataset_cases.cifar10(tmp_path)
    data = datasets.CIFAR10(tmp_path)
    data.transform, data.target_transform = transforms.ToTensor(), str
    images, labels = next(iter(jtorch.utils.data.DataLoader(data, batch_size=3)))
    assert images.shape == (3, 3, 32, 32)
    assert labels == ("0", "9", "1")


def test_open_image_reads_all_of_it(tmp_path):
    Image.fromarray(dataset_cases.pixels(0, 40, 40, 3)).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:2000])
    with pytest.raises(OSError, match="a.png"):
        _readers.open_image(tmp_path / "a.png")
