"""What the data sets of films say, since nothing here decodes video."""

from __future__ import annotations


def no_video(dataset: object) -> NotImplementedError:
    return NotImplementedError(
        f"torchvision.datasets.{type(dataset).__name__} is not supported: nothing here decodes video. Write the frames out "
        "as pictures and read them with torchvision.datasets.DatasetFolder, or decode them in a Dataset of your own"
    )
