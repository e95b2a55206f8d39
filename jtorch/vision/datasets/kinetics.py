"""Kinetics: films of 400, 600 or 700 kinds of actions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ._video import no_video
from .utils import verify_str_arg
from .vision import VisionDataset


class Kinetics(VisionDataset):
    """Not there: its films would have to be decoded. It raises NotImplementedError and says what to use instead."""

    def __init__(
        self,
        root: str | Path,
        frames_per_clip: int,
        num_classes: str = "400",
        split: str = "train",
        frame_rate: int | None = None,
        step_between_clips: int = 1,
        transform: Callable | None = None,
        extensions: tuple[str, ...] = ("avi", "mp4"),
        download: bool = False,
        num_download_workers: int = 1,
        num_workers: int = 1,
        _precomputed_metadata: dict[str, Any] | None = None,
        _video_width: int = 0,
        _video_height: int = 0,
        _video_min_dimension: int = 0,
        _audio_samples: int = 0,
        _audio_channels: int = 0,
        _legacy: bool = False,
        output_format: str = "TCHW",
    ) -> None:
        verify_str_arg(num_classes, "num_classes", ["400", "600", "700"])
        verify_str_arg(split, "split", ["train", "val", "test"])
        raise no_video(self)
