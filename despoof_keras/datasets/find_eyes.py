"""Eye files for videos that have none: from the data set's annotation, and by the face finder."""

import dataclasses
import logging
from pathlib import Path
from typing import NamedTuple

import numpy as np

from despoof_keras.datasets.annotations import read_annotation
from despoof_keras.datasets.eye_files import BadLine, fill_gaps, write_eyes
from despoof_keras.datasets.eye_search import VideoEyes, locate_eyes, look_for_faces
from despoof_keras.datasets.fingerprint import content_stamp, fingerprint
from despoof_keras.datasets.left_out import warn_of
from despoof_keras.datasets.samples import Annotation, VideoSample
from despoof_keras.errors import DataError
from despoof_keras.faces.finder import FaceFinder, process_finder
from despoof_keras.utils.files import atomic_path
from despoof_keras.utils.frames import read_media_frames
from despoof_keras.utils.processes import in_processes
from despoof_keras.utils.progress import tracked

logger = logging.getLogger(__name__)

# Eyes are looked for in every fifth frame, six times a second at 30 frames a second, and
# interpolated between them.
FIND_EVERY = 5
# Raised whenever the positions that are found for the same video change.
FORMAT_VERSION = 1
# Bytes of a key in the name of an eye file.
_LONGEST_NAME = 150
# What the name of the eye file of a video ends in that is upside down.
_UPSIDE_DOWN = "-upside-down"


def with_eye_files(
    samples: list[VideoSample],
    folder: str | Path,
    *,
    processes: int | None = None,
    skip_bad: bool = False,
) -> list[VideoSample]:
    """Give every sample an eye file; those of the data set are used as they are.

    Where the data set has an annotation in a format of its own, the eyes come from it as far as
    possible, see `eye_search.locate_eyes`. New eye files are kept in `folder` by the contents of
    video and annotation. Each is written whole or not at all, so an interrupted call continues
    where it stopped. The data set's folder is not changed.

    Args:
        samples: the videos.
        folder: where new eye files are kept.
        processes: worker processes; default: see `processes.default_processes`.
        skip_bad: leave a video in which no face is found as it is, and lines of an annotation out
            that cannot be used, with a warning, instead of raising.

    Returns:
        The videos, in the same order. Those that are upside down are marked so.

    Raises:
        DataError: a video or its annotation cannot be read, or no face is found; the message names
            the file.
        ImportError: the face models are missing.
    """
    stems = {sample.key: _stem(sample, Path(folder)) for sample in samples}
    jobs = [
        _job(sample, stems[sample.key], skip_bad)
        for sample in samples
        if stems[sample.key] is not None and _kept(stems[sample.key]) is None
    ]
    if jobs:
        results = in_processes(_find, jobs, processes)
        with tracked(results, "eye positions", len(jobs)) as finished:
            _report(list(finished))
    return [_with_kept(sample, stems[sample.key]) for sample in samples]


def with_eye_file(
    sample: VideoSample, folder: str | Path, *, skip_bad: bool = False
) -> tuple[VideoSample, int]:
    """Give one sample an eye file, as `with_eye_files` does.

    Args:
        sample: the video.
        folder: where a new eye file is kept.
        skip_bad: leave out lines of an annotation that cannot be used.

    Returns:
        The sample, and the number of frames in which the eyes were placed by the annotated box.

    Raises:
        DataError: the video or its annotation cannot be read, or no face is found.
    """
    stem = _stem(sample, Path(folder))
    if stem is not None and _kept(stem) is None:
        result = _find(_job(sample, stem, skip_bad))
        if result.failure:
            raise DataError(result.failure)
    count = None if stem is None else _by_box_path(stem)
    by_box = int(count.read_text(encoding="utf-8")) if count and count.is_file() else 0
    return _with_kept(sample, stem), by_box


def find_eyes(
    path: str | Path,
    finder: FaceFinder,
    every: int = FIND_EVERY,
    annotation: Annotation | None = None,
    bad: list[BadLine] | None = None,
) -> VideoEyes:
    """Find the eyes over a video: as annotated, else those of the largest face in each frame.

    Args:
        path: video file.
        finder: `FaceFinder`.
        every: distance of the frames in which faces are looked for; those between are interpolated
            where the gap is short, see `eye_files.fill_gaps`.
        annotation: what the data set says.
        bad: lines of the annotation that cannot be used are added here; None raises.

    Returns:
        The eyes, and how they were found. Without any if no face is found.

    Raises:
        DataError: the video or its annotation cannot be read.
    """
    positions = read_annotation(annotation, bad) if annotation else None
    found = locate_eyes(look_for_faces(read_media_frames(path, every=every), finder), positions)
    return found._replace(eyes=fill_gaps(found.eyes))


@dataclasses.dataclass(frozen=True)
class _Job:
    video: Path
    stem: Path
    skip_bad: bool
    annotation: Annotation | None = None
    eyes: tuple[float, float, float, float] | None = None


def _job(sample, stem, skip_bad):
    return _Job(sample.path, stem, skip_bad, sample.annotation, sample.eyes)


class _Result(NamedTuple):
    """What is to be told of a video: why it has no eye file, lines left out, eyes by the box."""

    failure: str | None = None
    bad: tuple[str, ...] = ()
    by_box: int = 0
    upside_down: Path | None = None


def _stem(sample, folder):
    """Path of the new eye file without its end; None where the data set has one."""
    if sample.eye_path is not None and sample.eye_path.is_file():
        return None
    made_from = [FORMAT_VERSION, FIND_EVERY, content_stamp(sample.path)]
    if sample.annotation is not None:
        made_from += [sample.annotation.kind, content_stamp(sample.annotation.path)]
    if sample.eyes is not None:
        made_from += list(sample.eyes)
    # Without the folders of a key, and short enough for any file system.
    name = sample.key.replace("/", "_").encode()[-_LONGEST_NAME:].decode(errors="ignore")
    return folder / f"{name}-{fingerprint(made_from)[:16]}"


def _kept(stem):
    """The eye file, and whether the video is upside down; None where there is none yet."""
    for end in ("", _UPSIDE_DOWN):
        path = stem.with_name(f"{stem.name}{end}.txt")
        if path.is_file():
            return path, bool(end)
    return None


def _by_box_path(stem):
    """The file that has the number of frames whose eyes were placed by the box."""
    return stem.with_name(f"{stem.name}.by_box")


def _with_kept(sample, stem):
    kept = None if stem is None else _kept(stem)
    if kept is None:
        return sample
    path, is_upside_down = kept
    return dataclasses.replace(sample, eye_path=path, is_upside_down=is_upside_down)


def _find(job):
    """Worker: write one eye file; say why where it cannot be written and need not be."""
    bad: list[BadLine] | None = [] if job.skip_bad else None
    if job.eyes is not None:
        write_eyes(job.stem.with_name(f"{job.stem.name}.txt"), {0: np.array(job.eyes)})
        return _Result()
    try:
        found = find_eyes(job.video, process_finder(), annotation=job.annotation, bad=bad)
        if not found.eyes:
            raise DataError(f"{job.video}: expected a face; none was found in any frame")
        if found.by_box:
            # Before the eye file, so that no eye file lacks it.
            with atomic_path(_by_box_path(job.stem)) as temporary:
                temporary.write_text(str(found.by_box), encoding="utf-8")
        end = _UPSIDE_DOWN if found.is_upside_down else ""
        write_eyes(job.stem.with_name(f"{job.stem.name}{end}.txt"), found.eyes)
    except DataError as error:
        if not job.skip_bad:
            raise
        return _Result(str(error))
    return _Result(
        None,
        tuple(line.message for line in bad or ()),
        found.by_box,
        job.video if found.is_upside_down else None,
    )


def _report(results):
    for result in results:
        if result.failure:
            logger.warning("no eye positions: %s", result.failure)
        if result.upside_down:
            logger.info("%s: upside down, and turned by half", result.upside_down)
    warn_of([message for result in results for message in result.bad])
    by_box = [result.by_box for result in results if result.by_box]
    if by_box:
        logger.warning(
            "no face was found in the data set's box, so the eyes were placed where they are on "
            "average in it; frames: %d, videos: %d",
            sum(by_box),
            len(by_box),
        )
