"""One presentation of a data set: what its file is, whether it decodes, whether a face is seen."""

import contextlib
import dataclasses
from pathlib import Path

import numpy as np

from despoof_keras.datasets.check.perceptual_hash import perceptual_hash
from despoof_keras.datasets.eye_files import read_eyes
from despoof_keras.datasets.find_eyes import FIND_EVERY, find_eyes
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.errors import DataError, reason_without
from despoof_keras.faces.crop import crop_box
from despoof_keras.faces.finder import is_tilted, process_finder
from despoof_keras.utils.frames import STILL, VIDEO, medium_of, read_media_frames
from despoof_keras.utils.video.decoder import Video
from despoof_keras.utils.video.frames import TruncatedVideoError, spread_indices

# Frames of a video in which a face is looked for, before all those are in which preparation does.
FEW_FRAMES = 3


@dataclasses.dataclass(frozen=True)
class LookJob:
    """A presentation to look at.

    Attributes:
        sample: the presentation.
        finds_face: whether a face is looked for.
        needs_eye_file: whether a presentation without an eye file cannot be used.
    """

    sample: VideoSample
    finds_face: bool = False
    needs_eye_file: bool = False


@dataclasses.dataclass(frozen=True)
class Look:
    """What was seen of a presentation.

    Attributes:
        medium: `"picture"`, `"animation"` or `"video"`; empty where the file cannot be read.
        size: `(width, height)` of the upright frames, in pixels.
        frames: number of frames, by the file's headers.
        frame_rate: of a video, frames a second on average.
        hash: of the first frame, see `perceptual_hash`.
        crop_side: of a presentation in which a face was looked for, the side of the square around
            it in its own pixels; None where none was found, or was looked for.
        problem: why the presentation cannot be used; None where nothing speaks against it.
    """

    medium: str = ""
    size: tuple[int, int] | None = None
    frames: int | None = None
    frame_rate: float | None = None
    hash: np.ndarray | None = None
    crop_side: int | None = None
    problem: str | None = None


def look_at(job: LookJob) -> Look:
    """Look at a presentation: open its file, decode the first frame, and, if asked, find a face."""
    sample = job.sample
    look = Look()
    try:
        look = _opened(sample.path)
        if job.needs_eye_file and not _has_file(sample.eye_path):
            raise DataError("expected an eye file; it is missing (--find-eyes finds the eyes)")
        if job.finds_face:
            return dataclasses.replace(look, crop_side=_crop_side(sample, look.frames))
    except DataError as error:
        return dataclasses.replace(look, problem=reason_without(sample.path, error))
    return look


def _opened(path: Path) -> Look:
    medium, frames, rate = medium_of(path), 1, None
    if medium == VIDEO:
        with Video(path) as video:
            frames, rate = video.expected, video.frame_rate
            first = next((frame for _, frame in video.frames([0])), None)
        if first is None:
            raise DataError("expected a video; its first frame does not decode")
    else:
        ((_, first),) = read_media_frames(path, [0])
    height, width = first.shape[:2]
    # What an animation's length is, its headers do not say.
    count = frames if medium in (VIDEO, STILL) else None
    return Look(medium, (width, height), count, rate, perceptual_hash(first))


def _crop_side(sample, frames):
    """The side of the square around the face, where the eyes are known or a face is seen."""
    if _has_file(sample.eye_path):
        known = list(read_eyes(sample.eye_path, []).values())
        if not known:
            raise DataError(f"{sample.eye_path}: expected eye positions; found none")
        return crop_box(known[len(known) // 2])[2]
    if sample.eyes is not None:
        return crop_box(sample.eyes)[2]
    eyes = None if sample.annotation else _seen_eyes(sample.path, frames)
    if eyes is None:  # as thoroughly as preparation does
        every = dict(find_eyes(sample.path, process_finder(), FIND_EVERY, sample.annotation).eyes)
        if not every:
            raise DataError("expected a face; none was found in any frame")
        eyes = list(every.values())[len(every) // 2]
    return crop_box(eyes)[2]


def _seen_eyes(path, frames):
    """The eyes of the largest face in one of a few frames; None if none is upright there."""
    wanted = spread_indices(frames, FEW_FRAMES) if frames else [0]
    with contextlib.suppress(TruncatedVideoError):  # the headers may promise more than there is
        for _, image in read_media_frames(path, wanted):
            faces = process_finder()(image)[:1]
            if faces and not is_tilted(faces[0]):
                return faces[0].eyes
    return None


def _has_file(path):
    return path is not None and path.is_file()
