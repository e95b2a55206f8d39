"""Data sets on tiny files made here: IDX files of every kind, damage, downloads from a server of our own, folders."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import pickle
import re
import struct
import threading
import urllib.error

import numpy as np
import pytest
from PIL import Image

import jtorch
from jtorch.vision import datasets, transforms
from jtorch.vision.datasets import mnist, utils

from .reference import load_torchvision

IMAGES = np.random.RandomState(0).randint(0, 256, (7, 28, 28)).astype(np.uint8)
LABELS = np.array([3, 1, 4, 1, 5, 9, 2], np.uint8)
FILES = {
    "train-images-idx3-ubyte": IMAGES,
    "train-labels-idx1-ubyte": LABELS,
    "t10k-images-idx3-ubyte": IMAGES[:4],
    "t10k-labels-idx1-ubyte": LABELS[:4],
}


def idx(values: np.ndarray) -> bytes:
    kind = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}[values.dtype.str[1:]]
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, kind, values.ndim, *values.shape)
    return header + values.astype(values.dtype.newbyteorder(">")).tobytes()


def write(folder, compressed: bool = False):
    folder.mkdir(parents=True)
    for name, values in FILES.items():
        if compressed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(values)))
        else:
            (folder / name).write_bytes(idx(values))


class TestIdx:
    @pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
    @pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4)])
    def test_every_dtype_and_shape(self, tmp_path, dtype, shape):
        values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
        (tmp_path / "plain").write_bytes(idx(values))
        (tmp_path / "packed.gz").write_bytes(gzip.compress(idx(values)))
        for name in ("plain", "packed.gz"):
            read = mnist.read_sn3_pascalvincent_tensor(tmp_path / name)
            assert str(read.dtype) == f"torch.{dtype}"
            np.testing.assert_array_equal(read.numpy(), values)

    def test_bytes_after_the_values(self, tmp_path):
        (tmp_path / "longer").write_bytes(idx(LABELS) + b"more")
        assert mnist.read_label_file(tmp_path / "longer").tolist() == LABELS.tolist()
        with pytest.raises(RuntimeError, match=r"longer is damaged: it holds 19 bytes, its header announces 15"):
            mnist.read_sn3_pascalvincent_tensor(tmp_path / "longer")

    @pytest.mark.parametrize(
        ("content", "how"),
        [
            (b"", "it does not begin like an IDX file"),
            (b"<html>not found</html>", "it does not begin like an IDX file"),
            (b"\0\0\x08\x03\0\0", "it does not begin like an IDX file"),
            (idx(IMAGES)[:-1], "it holds 5503 bytes, its header announces 5504"),
            (gzip.compress(idx(IMAGES))[:-20], "it cannot be decompressed"),
            (gzip.compress(idx(IMAGES))[:40] + b"\xff" * 99, "it cannot be decompressed"),
        ],
    )
    def test_damage_is_named(self, tmp_path, content, how):
        path = tmp_path / "images"
        path.write_bytes(content)
        with pytest.raises(RuntimeError, match=re.escape(f"{path} is damaged: {how}")):
            mnist.read_image_file(path)

    def test_wrong_kind_of_file(self, tmp_path):
        (tmp_path / "labels").write_bytes(idx(LABELS))
        with pytest.raises(ValueError, match="x should have 3 dimension instead of 1"):
            mnist.read_image_file(tmp_path / "labels")
        (tmp_path / "floats").write_bytes(idx(LABELS.astype(np.float32)))
        with pytest.raises(TypeError, match="x should be of dtype torch.uint8 instead of torch.float32"):
            mnist.read_label_file(tmp_path / "floats")


class TestMNIST:
    @pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
    @pytest.mark.parametrize("compressed", [False, True])
    def test_files(self, tmp_path, name, compressed):
        write(tmp_path / name / "raw", compressed)
        data = getattr(datasets, name)(str(tmp_path))
        assert len(data) == 7
        assert data.train is True
        assert data.data.dtype is jtorch.uint8
        assert data.targets.dtype is jtorch.int64
        np.testing.assert_array_equal(data.data.numpy(), IMAGES)
        assert data.targets.tolist() == LABELS.tolist()
        assert data.raw_folder == str(tmp_path / name / "raw")
        assert data.processed_folder == str(tmp_path / name / "processed")
        assert len(data.classes) == 10
        assert data.class_to_idx[data.classes[3]] == 3
        assert len(getattr(datasets, name)(tmp_path, train=False)) == 4

    def test_sample(self, tmp_path):
        write(tmp_path / "MNIST" / "raw")
        data = datasets.MNIST(tmp_path)
        image, target = data[2]
        assert (image.mode, image.size, target, type(target)) == ("L", (28, 28), 4, int)
        np.testing.assert_array_equal(np.array(image), IMAGES[2])
        with pytest.raises(IndexError):
            data[7]
        changed = datasets.MNIST(tmp_path, transform=transforms.ToTensor(), target_transform=lambda label: label + 10)
        image, target = changed[-1]
        assert (image.shape, target) == ((1, 28, 28), 12)

    def test_data_and_targets_may_be_replaced(self, tmp_path):
        write(tmp_path / "MNIST" / "raw")
        data = datasets.MNIST(tmp_path)
        ones = data.targets == 1
        data.data, data.targets = data.data[ones], data.targets[ones]
        assert [target for _, target in data] == [1, 1]
        np.testing.assert_array_equal(np.array(data[1][0]), IMAGES[3])
        data.targets = [8, 9]
        assert data[1][1] == 9

    def test_repr(self, tmp_path):
        write(tmp_path / "MNIST" / "raw")
        data = datasets.MNIST(str(tmp_path), train=False, transform=transforms.Compose([transforms.ToTensor()]))
        assert repr(data) == (
            "Dataset MNIST\n    Number of datapoints: 4\n"
            f"    Root location: {tmp_path}\n    Split: Test\n    StandardTransform\n"
            "Transform: Compose(\n               ToTensor()\n           )"
        )

    def test_old_names(self, tmp_path):
        write(tmp_path / "MNIST" / "raw")
        data = datasets.MNIST(tmp_path)
        for old, new in (("train_data", data.data), ("test_labels", data.targets)):
            with pytest.warns(UserWarning, match=f"{old} has been renamed"):
                assert getattr(data, old) is new

    def test_missing_files(self, tmp_path):
        with pytest.raises(RuntimeError, match="^Dataset not found. You can use download=True to download it") as error:
            datasets.MNIST(tmp_path)
        assert str(tmp_path / "MNIST" / "raw") in str(error.value)

    def test_labels_of_another_set(self, tmp_path):
        write(tmp_path / "MNIST" / "raw")
        (tmp_path / "MNIST" / "raw" / "train-labels-idx1-ubyte").write_bytes(idx(LABELS[:5]))
        with pytest.raises(RuntimeError, match="train-labels-idx1-ubyte is damaged: 5 labels for 7 images"):
            datasets.MNIST(tmp_path)

    def test_loader_and_pickle(self, tmp_path):
        write(tmp_path / "MNIST" / "raw")
        data = pickle.loads(pickle.dumps(datasets.MNIST(tmp_path, transform=transforms.ToTensor())))
        images, labels = next(iter(jtorch.utils.data.DataLoader(data, batch_size=7)))
        assert images.shape == (7, 1, 28, 28)
        np.testing.assert_array_equal(images.numpy()[:, 0], IMAGES.astype(np.float32) / 255)
        assert labels.tolist() == LABELS.tolist()

    def test_letters(self, tmp_path):
        folder = tmp_path / "EMNIST" / "raw"
        folder.mkdir(parents=True)
        (folder / "emnist-letters-train-images-idx3-ubyte").write_bytes(idx(IMAGES))
        (folder / "emnist-letters-train-labels-idx1-ubyte").write_bytes(idx(LABELS))
        data = datasets.EMNIST(tmp_path, split="letters")
        assert data.classes[data[0][1]] == "c"
        assert len(datasets.EMNIST.classes_split_dict["balanced"]) == 47
        with pytest.raises(ValueError, match="Unknown value 'words' for argument split. Valid values are {'byclass', "):
            datasets.EMNIST(tmp_path, split="words")

    @pytest.mark.reference
    def test_equals_torchvision(self, tmp_path):
        _, torchvision = load_torchvision()
        write(tmp_path / "MNIST" / "raw")
        ours, theirs = datasets.MNIST(tmp_path), torchvision.datasets.MNIST(tmp_path)
        assert repr(ours) == repr(theirs)
        assert (ours.classes, ours.class_to_idx) == (theirs.classes, theirs.class_to_idx)
        for (image, target), (their_image, their_target) in zip(ours, theirs, strict=True):
            assert (image.mode, image.tobytes(), target) == (their_image.mode, their_image.tobytes(), their_target)
        for name in ("MNIST", "FashionMNIST", "KMNIST", "EMNIST"):
            ours, theirs = getattr(datasets, name), getattr(torchvision.datasets, name)
            assert ours.resources == theirs.resources
            assert ours.mirrors == theirs.mirrors
            assert ours.classes == theirs.classes
        assert datasets.EMNIST.classes_split_dict == theirs.classes_split_dict


class Server:
    """Files over HTTP on this machine; answers ranges, and can break off in the middle."""

    def __init__(self, files: dict[str, bytes]):
        self.files = files
        self.break_off_after: int | None = None
        self.requests: list[tuple[str, str | None]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name, asked = self.path.lstrip("/"), self.headers.get("Range")
                outer.requests.append((name, asked))
                if name not in outer.files:
                    return self.send_error(404)
                content = outer.files[name]
                start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
                if start >= len(content) and asked:
                    return self.send_error(416)
                self.send_response(206 if asked else 200)
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                self.wfile.write(content[start : outer.break_off_after])

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


class TestDownload:
    def test_goes_on_where_it_broke_off(self, tmp_path):
        content = bytes(range(256)) * 40
        with Server({"data.bin": content}) as server:
            server.break_off_after = 5000
            with pytest.raises(urllib.error.URLError, match="call again to go on from there"):
                utils.download_url(server.url + "data.bin", tmp_path, md5=md5(content))
            assert not (tmp_path / "data.bin").exists()
            server.break_off_after = None
            utils.download_url(server.url + "data.bin", tmp_path, md5=md5(content))
            utils.download_url(server.url + "data.bin", tmp_path, md5=md5(content))
        assert (tmp_path / "data.bin").read_bytes() == content
        assert not (tmp_path / "data.bin.part").exists()
        assert server.requests == [("data.bin", None), ("data.bin", "bytes=5000-")]

    def test_wrong_checksum(self, tmp_path):
        wrong = pytest.raises(RuntimeError, match="^File not found or corrupted.")
        with Server({"data.bin": b"something else"}) as server, wrong as error:
            utils.download_url(server.url + "data.bin", tmp_path, md5=md5(b"the thing"))
        assert server.url + "data.bin" in str(error.value)
        assert list(tmp_path.iterdir()) == []

    def test_no_network(self, tmp_path):
        with Server({}) as server:
            url = server.url + "data.bin"
        with pytest.raises(urllib.error.URLError) as error:
            utils.download_url(url, tmp_path)
        assert url in str(error.value)
        assert str(tmp_path / "data.bin") in str(error.value)

    def test_progress_on_a_terminal_only(self, tmp_path, capsys, monkeypatch):
        with Server({"data.bin": b"x" * 3_000_000}) as server:
            utils.download_url(server.url + "data.bin", tmp_path / "quiet")
            assert capsys.readouterr().err == ""
            monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
            utils.download_url(server.url + "data.bin", tmp_path / "shown")
            assert f"data.bin [{'#' * 30}] 3.0 MB of 3.0 MB" in capsys.readouterr().err

    def test_mnist_from_the_second_mirror(self, tmp_path, monkeypatch):
        packed = {f"{name}.gz": gzip.compress(idx(values)) for name, values in FILES.items()}
        with Server({}) as empty, Server(packed) as full:
            monkeypatch.setattr(datasets.MNIST, "mirrors", [empty.url, full.url])
            monkeypatch.setattr(datasets.MNIST, "resources", [(name, md5(packed[name])) for name in packed])
            data = datasets.MNIST(tmp_path, download=True)
            asked = len(full.requests)
            datasets.MNIST(tmp_path, train=False, download=True)
        assert len(data) == 7
        assert (tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte").exists()
        assert (asked, len(full.requests)) == (4, 4)

    def test_mnist_without_network_says_what_to_put_where(self, tmp_path, monkeypatch):
        with Server({}) as server:
            url = server.url
        monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [url])
        with pytest.raises(RuntimeError) as error:
            datasets.FashionMNIST(tmp_path, download=True)
        text = str(error.value)
        assert text.startswith(f"Error downloading train-images-idx3-ubyte.gz:\nTried {url}, got:\n")
        assert f"{url}train-images-idx3-ubyte.gz" in text
        assert "t10k-labels-idx1-ubyte.gz" in text
        assert str(tmp_path / "FashionMNIST" / "raw") in text

    @pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"])
    def test_archives(self, tmp_path, ending):
        import tarfile
        import zipfile

        archive = tmp_path / f"data{ending}"
        (tmp_path / "inside.txt").write_text("inside")
        if ending == ".zip":
            with zipfile.ZipFile(archive, "w") as file:
                file.write(tmp_path / "inside.txt", "folder/inside.txt")
        else:
            kind = {".tgz": "gz"}.get(ending, ending.removeprefix(".tar").removeprefix("."))
            with tarfile.open(archive, f"w:{kind}") as file:
                file.add(tmp_path / "inside.txt", "folder/inside.txt")
        assert utils.extract_archive(str(archive), tmp_path / "out") == str(tmp_path / "out")
        assert (tmp_path / "out" / "folder" / "inside.txt").read_text() == "inside"

    def test_single_compressed_file(self, tmp_path):
        (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"text"))
        assert utils.extract_archive(tmp_path / "a.txt.gz", remove_finished=True) == tmp_path / "a.txt"
        assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
        with pytest.raises(RuntimeError, match="Unknown compression or archive type: '.rar'"):
            utils.extract_archive(tmp_path / "a.rar")


@pytest.fixture
def animals(tmp_path):
    """Two classes, one of them with a folder inside, one with a file that is no image."""
    root = tmp_path / "animals"
    colors = {"dog/b.png": (9, 8, 7), "dog/a.PNG": (1, 2, 3), "cat/tabby/x.jpg": (50, 60, 70), "cat/z.bmp": (5, 5, 5)}
    for name, color in colors.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 3), color).save(root / name)
    (root / "dog" / "notes.txt").write_text("no image")
    return root


class TestFolders:
    def test_image_folder(self, animals):
        data = datasets.ImageFolder(str(animals), transform=transforms.ToTensor())
        assert data.classes == ["cat", "dog"]
        assert data.class_to_idx == {"cat": 0, "dog": 1}
        names = [path.removeprefix(str(animals) + "/") for path, _ in data.samples]
        assert names == ["cat/z.bmp", "cat/tabby/x.jpg", "dog/a.PNG", "dog/b.png"]
        assert data.targets == [0, 0, 1, 1]
        assert data.imgs is data.samples
        image, target = data[3]
        assert (image.shape, target) == ((3, 3, 4), 1)
        np.testing.assert_allclose(image[:, 0, 0].numpy() * 255, [9, 8, 7], rtol=1e-6)
        assert repr(data).splitlines()[:3] == [
            "Dataset ImageFolder",
            "    Number of datapoints: 4",
            f"    Root location: {animals}",
        ]

    def test_other_loaders_and_classes(self, animals):
        class Dogs(datasets.DatasetFolder):
            def find_classes(self, directory):
                return ["dog"], {"dog": 7}

        data = Dogs(animals, loader=lambda path: path[-5:], extensions=(".png", ".txt"), target_transform=str)
        assert [data[i] for i in range(3)] == [("a.PNG", "7"), ("b.png", "7"), ("s.txt", "7")]
        chosen = datasets.ImageFolder(animals, is_valid_file=lambda path: path.endswith(("a.PNG", "z.bmp")))
        assert len(chosen) == 2

    def test_errors(self, animals):
        (animals / "empty").mkdir()
        with pytest.raises(FileNotFoundError, match="Found no valid file for the classes empty. Supported extensions"):
            datasets.ImageFolder(animals)
        assert datasets.ImageFolder(animals, allow_empty=True).classes == ["cat", "dog", "empty"]
        with pytest.raises(FileNotFoundError, match="Couldn't find any class folder in"):
            datasets.ImageFolder(animals / "empty")
        with pytest.raises(ValueError, match="Both extensions and is_valid_file cannot be None or not None"):
            datasets.DatasetFolder(animals, loader=open)
        with pytest.raises(ValueError, match="Only transforms or transform/target_transform can be passed"):
            datasets.VisionDataset(animals, transforms=print, transform=print)

    @pytest.mark.parametrize("damage", ["no image at all", "cut short"])
    def test_damaged_image_is_named(self, animals, damage):
        path = animals / "dog" / "b.png"
        Image.fromarray(np.random.RandomState(0).randint(0, 255, (40, 40, 3)).astype(np.uint8)).save(path)
        path.write_bytes(b"hello" if damage == "no image at all" else path.read_bytes()[:2000])
        data = datasets.ImageFolder(animals)
        with pytest.raises(OSError, match=re.escape(str(path))):
            data[3]

    @pytest.mark.reference
    def test_equals_torchvision(self, animals):
        _, torchvision = load_torchvision()
        ours = datasets.ImageFolder(str(animals), transform=transforms.Resize(2))
        theirs = torchvision.datasets.ImageFolder(str(animals), transform=torchvision.transforms.Resize(2))
        assert repr(ours) == repr(theirs)
        assert (ours.samples, ours.targets, ours.class_to_idx) == (theirs.samples, theirs.targets, theirs.class_to_idx)
        assert all(a[0].tobytes() == b[0].tobytes() for a, b in zip(ours, theirs, strict=True))


class TestFakeData:
    def test_same_each_time_and_the_generator_left_alone(self):
        data = datasets.FakeData(size=3, image_size=(3, 8, 6), num_classes=4)
        jtorch.manual_seed(0)
        first = [(image.tobytes(), target) for image, target in data]
        drawn = jtorch.rand(1).item()
        jtorch.manual_seed(0)
        assert jtorch.rand(1).item() == drawn
        assert [(image.tobytes(), target) for image, target in data] == first
        assert data[0][0].size == (6, 8)
        assert all(0 <= target < 4 for _, target in first)
        with pytest.raises(IndexError, match="FakeData index out of range"):
            data[3]

    @pytest.mark.reference
    def test_equals_torchvision(self):
        _, torchvision = load_torchvision()
        ours, theirs = (module.FakeData(20, (3, 9, 7)) for module in (datasets, torchvision.datasets))
        assert repr(ours) == repr(theirs)
        assert [target for _, target in ours] == [target for _, target in theirs]
        differing = [np.abs(np.array(a).astype(int) - np.array(b)) for (a, _), (b, _) in zip(ours, theirs, strict=True)]
        # Normal numbers agree to 1e-6, so a value that is nearly a whole level may be cut to its neighbour.
        assert np.mean([(d % 255 > 0).mean() for d in differing]) < 1e-3


def test_image_backend():
    from jtorch import vision

    assert vision.get_image_backend() == "PIL"
    vision.set_image_backend("PIL")
    with pytest.raises(ValueError, match="Invalid backend 'cv2'. Options are 'PIL' and 'accimage'"):
        vision.set_image_backend("cv2")
    with pytest.raises(NotImplementedError, match="accimage"):
        vision.set_image_backend("accimage")
