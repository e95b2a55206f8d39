"""Photographs to load: no library of tensors is needed to write them."""

from pathlib import Path

from PIL import Image

PHOTO = Path(__file__).resolve().parents[2] / "examples" / "data" / "cat.jpg"


def write_photos(folder, count):
    """Two folders of JPEG files of 500 x 375 points, pieces of one photo."""
    photo = Image.open(PHOTO)
    for number in range(count):
        kind = Path(folder) / f"kind{number % 2}"
        kind.mkdir(parents=True, exist_ok=True)
        left, top = number * 7 % 90, number * 11 % 60
        photo.crop((left, top, left + 360, top + 240)).resize((500, 375)).save(kind / f"{number:04}.jpg", quality=90)
