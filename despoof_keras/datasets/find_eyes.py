"""Eye files for videos that have none: the face mesh finds the eyes, and short gaps are filled."""

import dataclasses
import logging
from pathlib import Path

import numpy as np

from despoof_keras.datasets.eye_files import fill_gaps, write_eyes
from despoof_keras.datasets.fingerprint import content_stamp, fingerprint
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.errors import DataError
from despoof_keras.faces.finder import is_tilted, process_finder
from despoof_keras.utils.processes import in_processes
from despoof_keras.utils.progress import tracked
from despoof_keras.utils.video.frames import read_frames

logger = logging.getLogger(__name__)

# Eyes are looked for in every fifth frame, six times a second at 30 frames a second, and
# interpolated between them.
FIND_EVERY = 5
# Raised whenever the positions that are found for the same video change.
FORMAT_VERSION = 1


def with_eye_files(
    samples: list[VideoSample],
    folder: str | Path,
    *,
    processes: int | None = None,
    skip_bad: bool = False,
) -> list[VideoSample]:
    """Give every sample an eye file; those of the data set are used as they are.

    New eye files are kept in `folder` by the video's contents. Each is written whole or
    not at all, so an interrupted call continues where it stopped. The data set's folder is not
    changed.

    Args:
        samples: the videos.
        folder: where new eye files are kept.
        processes: worker processes; default: see `processes.default_processes`.
        skip_bad: leave a video in which no face is found as it is, with a warning, instead of
            raising.

    Returns:
        The videos, in the same order.

    Raises:
        DataError: a video cannot be read, or no face is found in it; the message names it.
        ImportError: the face models are missing.
    """
    paths = {sample.key: _eye_path(sample, Path(folder)) for sample in samples}
    jobs = [
        _Job(sample.path, paths[sample.key], skip_bad)
        for sample in samples
        if paths[sample.key] != sample.eye_path and not paths[sample.key].is_file()
    ]
    if jobs:
        messages = in_processes(_find, jobs, processes)
        with tracked(messages, "eye positions", len(jobs)) as results:
            for message in filter(None, results):
                logger.warning("no eye positions: %s", message)
    return [
        dataclasses.replace(sample, eye_path=paths[sample.key])
        if paths[sample.key].is_file()
        else sample
        for sample in samples
    ]


def find_eyes(path: str | Path, finder, every: int = FIND_EVERY) -> dict[int, np.ndarray]:
    """Find the eyes over a video, those of the largest face in each frame.

    Args:
        path: video file.
        finder: `FaceFinder`.
        every: distance of the frames in which faces are looked for; those between are interpolated
            where the gap is short, see `eye_files.fill_gaps`.

    Returns:
        Mapping from frame to `(4,)`: `(x_right, y_right, x_left, y_left)` in pixels; empty if no
        face is found.

    Raises:
        DataError: the video cannot be read.
    """
    eyes = {}
    for number, image in read_frames(path, every=every):
        for face in finder(image)[:1]:
            if not is_tilted(face):
                eyes[number] = face.eyes
    return fill_gaps(eyes)


@dataclasses.dataclass(frozen=True)
class _Job:
    video: Path
    eye_path: Path
    skip_bad: bool


def _eye_path(sample, folder):
    if sample.eye_path is not None and sample.eye_path.is_file():
        return sample.eye_path
    what = fingerprint((FORMAT_VERSION, FIND_EVERY, content_stamp(sample.path)))
    return folder / f"{sample.key}-{what[:16]}.txt"


def _find(job):
    """Worker: write one eye file; return a message if it cannot be written and need not be."""
    try:
        eyes = find_eyes(job.video, process_finder())
        if not eyes:
            raise DataError(f"{job.video}: expected a face; none was found in any frame")
        write_eyes(job.eye_path, eyes)
    except DataError as error:
        if not job.skip_bad:
            raise
        return str(error)
    return None
