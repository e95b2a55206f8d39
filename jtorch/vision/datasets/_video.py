"""What the data sets of films say, since nothing here decodes video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .vision import VisionDataset


def no_video(dataset: object) -> NotImplementedError:
    return NotImplementedError(
        f"torchvision.datasets.{type(dataset).__name__} is not supported: nothing here decodes video. Write the frames out "
        "as pictures and read them with torchvision.datasets.DatasetFolder, or decode them in a Dataset of your own"
    )


class FoldedFilms(VisionDataset):
    """Films of movements in three folds: what their constructors take and refuse."""

    def __init__(
        self,
        root: str | Path,
        annotation_path: str,
        frames_per_clip: int,
        step_between_clips: int = 1,
        frame_rate: int | None = None,
        fold: int = 1,
        train: bool = True,
        transform: Callable | None = None,
        _precomputed_metadata: dict[str, Any] | None = None,
        num_workers: int = 1,
        _video_width: int = 0,
        _video_height: int = 0,
        _video_min_dimension: int = 0,
        _audio_samples: int = 0,
        output_format: str = "THWC",
    ) -> None:
        if not 1 <= fold <= 3:
            raise ValueError(f"fold should be between 1 and 3, got {fold}")
        raise no_video(self)
