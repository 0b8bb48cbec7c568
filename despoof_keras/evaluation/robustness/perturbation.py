"""One video to the face crops of all conditions: each chosen frame is decoded once."""

import dataclasses
import random

import numpy as np

from despoof_keras.datasets.clip_crops import clip_frames
from despoof_keras.datasets.sample_frames import read_sample_frames
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.errors import DataError
from despoof_keras.evaluation.robustness.boxes import displaced_crop
from despoof_keras.evaluation.robustness.conditions import BOX, CLIP, FAMILIES, Condition
from despoof_keras.evaluation.robustness.frames import FRAME_FUNCTIONS
from despoof_keras.faces.crop import CropRule, crop_face
from despoof_keras.utils.video.frames import TruncatedVideoError


@dataclasses.dataclass(frozen=True)
class CropJob:
    """A video, and what to cut out of it.

    Attributes:
        sample: the video.
        conditions: what is changed.
        image_size, crop_rule: of the crops, as in a model's metadata.
        frames: number of frames, chosen as by `clip_crops.clip_frames`.
        seed: of the directions in which boxes are displaced.
        skip_bad: leave out frames that cannot be used.
    """

    sample: VideoSample
    conditions: tuple[Condition, ...]
    image_size: int
    crop_rule: CropRule
    frames: int | None
    seed: int = 0
    skip_bad: bool = False


@dataclasses.dataclass(frozen=True)
class VideoCrops:
    """The crops of a video.

    Attributes:
        crops: `(conditions + 1, frames, S, S, 3)` uint8 RGB, the unperturbed ones first.
        is_cut: `(conditions + 1, frames)`, False where a condition leaves no face to cut, such as
            a box outside the picture.
        left_out: a message for each frame that cannot be used.
    """

    crops: np.ndarray
    is_cut: np.ndarray
    left_out: tuple[str, ...] = ()


def perturbed_crops(job: CropJob) -> VideoCrops:
    """Cut the faces out of a video as it is and under every condition.

    Raises:
        DataError: as for `clip_crops.clip_frames`.
    """
    left_out: list[str] = []

    def cut(index, frame, eyes):
        return _rounded(crop_face(frame, eyes, job.image_size, rule=job.crop_rule))

    size = job.image_size
    columns, eyes_of = [], {}
    for index, frame, eyes, crop in clip_frames(
        job.sample, cut, job.frames, left_out if job.skip_bad else None
    ):
        others = [_crop(job, condition, frame, eyes) for condition in job.conditions]
        columns.append([crop, *others])
        eyes_of[index] = eyes
    _add_recompressed(job, columns, eyes_of)
    missing = np.zeros((size, size, 3), np.uint8)
    rows = [[missing if crop is None else crop for crop in column] for column in columns]
    is_cut = [[crop is not None for crop in column] for column in columns]
    shape = (len(columns), len(job.conditions) + 1)
    return VideoCrops(
        np.array(rows, np.uint8).reshape(*shape, size, size, 3).swapaxes(0, 1),
        np.array(is_cut, bool).reshape(shape).T,
        tuple(left_out),
    )


def _crop(job, condition, frame, eyes):
    """The crop under a condition; None where there is none, or where it takes the whole clip."""
    acts_on = FAMILIES[condition.family].acts_on
    if acts_on == CLIP:
        return None
    size, rule = job.image_size, job.crop_rule
    try:
        if acts_on == BOX:
            chance = _chance(job, condition.family)
            return _rounded(displaced_crop(frame, eyes, size, rule, condition, chance))
        frame = FRAME_FUNCTIONS[condition.family](frame, condition.strength, eyes)
        return _rounded(crop_face(frame, eyes, size, rule=rule))
    except DataError:
        return None


def _chance(job, family):
    """A number in [0, 1), the same for all frames of a presentation and all strengths."""
    return random.Random(f"{job.seed} {family} {job.sample.key}").random()


def _add_recompressed(job, columns, eyes_of: dict[int, np.ndarray]):
    """Put the crops of conditions that act on the whole clip into their places."""
    places = [
        place
        for place, condition in enumerate(job.conditions, start=1)
        if FAMILIES[condition.family].acts_on == CLIP
    ]
    if not places or not columns:
        return
    from despoof_keras.evaluation.robustness.h264 import recompressed

    rates = [job.conditions[place - 1].strength for place in places]
    column_of = dict(zip(eyes_of, columns, strict=True))
    for which, index, frame in recompressed(_all_frames(job.sample), rates):
        if index in column_of:
            crop = crop_face(frame, eyes_of[index], job.image_size, rule=job.crop_rule)
            column_of[index][places[which]] = _rounded(crop)


def _all_frames(sample):
    """The frames of a video, as far as they decode: those that are needed did."""
    try:
        yield from read_sample_frames(sample)
    except TruncatedVideoError:
        return


def _rounded(crop):
    return np.rint(crop).astype(np.uint8)
