"""Prepared crops: what they depend on besides the videos, and where they are."""

import dataclasses
from pathlib import Path
from typing import Any

from despoof_keras.datasets.samples import NOTHING, SimulatedVideos, VideoSample
from despoof_keras.errors import DataError
from despoof_keras.faces.crop import RELEASED_CROP, RELEASED_RESIZE, CropRule


@dataclasses.dataclass(frozen=True)
class CropSettings:
    """What prepared crops depend on besides the videos.

    Attributes:
        image_size: side of the crops in pixels.
        frames_per_video: frames taken from each video, evenly spread; None takes all.
        jitter: pixels kept beyond every side, for shifted crops in training.
        face_depth: depth of bona fide faces that come without an exact map: `"mesh"`, from the
            face's landmarks, or `"generic"`, a generic face placed by the eyes.
        crop_rule: where the crop is, relative to the eyes, and how it is resized.
        simulated: videos that are made of the bona fide ones.
    """

    image_size: int = 256
    frames_per_video: int | None = 10
    jitter: int = 0
    face_depth: str = "mesh"
    crop_rule: CropRule = RELEASED_CROP
    simulated: SimulatedVideos = NOTHING

    def described(self) -> dict[str, Any]:
        """The settings as JSON values, by which crops are known.

        The released resize is not named: crops and stores of older versions knew no other. The
        simulated videos are not named either, for they are listed among the videos.
        """
        values = dataclasses.asdict(self)
        del values["simulated"]
        if self.crop_rule.resize == RELEASED_RESIZE:
            del values["crop_rule"]["resize"]
        return values

    def __post_init__(self):
        frames = self.frames_per_video
        if frames is not None and frames < 1:
            raise DataError(f"frames of each video: expected at least 1; received {frames}")

    @classmethod
    def of(cls, config, split):
        """The settings of a `TrainingConfig` for a split.

        Only crops of `"train"` are shifted, and simulated attacks are in it alone.
        """
        in_train = split == "train"
        return cls(
            config.image_size,
            config.frames_per_video,
            config.jitter if in_train else 0,
            config.face_depth,
            config.crop_rule,
            config.simulated if in_train else NOTHING,
        )


@dataclasses.dataclass(frozen=True)
class PreparedCrops:
    """Prepared crops of one list of videos.

    Attributes:
        shards: TFRecord files of bona fide crops and of attack crops, `{0: [...], 1: [...]}`.
        counts: number of crops of each label.
        settings: how they were made.
        left_out: mapping from the key of each video that was left out to the reason.
        samples: all videos, including those left out, with the eye files that were used.
        frames_left_out: one message for each frame that was left out of a video that was not.
        fingerprint: of the videos and the files that the data set has of them.
    """

    shards: dict[int, list[Path]]
    counts: dict[int, int]
    settings: CropSettings
    left_out: dict[str, str]
    samples: tuple[VideoSample, ...]
    frames_left_out: tuple[str, ...] = ()
    fingerprint: str = ""

    @property
    def instruments(self) -> tuple[str, ...]:
        """The attack instruments of the videos, as batches number them, from 1."""
        return tuple(sorted({s.instrument for s in self.samples if s.label}))

    @property
    def skipped(self) -> tuple[str, ...]:
        """The messages of `left_out`."""
        return tuple(self.left_out.values())
