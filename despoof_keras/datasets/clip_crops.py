"""One clip to its face crops: decoded, cropped by the eyes, with their depth targets, as PNG."""

import math
from collections.abc import Callable, Iterator
from typing import TypeVar

import cv2
import numpy as np

from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.eye_files import BadLine, fill_gaps, read_eyes
from despoof_keras.datasets.sample_frames import read_sample_frames
from despoof_keras.datasets.samples import BONA_FIDE, VideoSample
from despoof_keras.datasets.shards import CropRecord
from despoof_keras.datasets.simulated import frame_of
from despoof_keras.errors import DataError
from despoof_keras.faces.crop import crop_face
from despoof_keras.faces.depth import exact_depth, generic_face_depth, read_depth_maps
from despoof_keras.utils.video.frames import TruncatedVideoError, spread_indices

FACE_DEPTHS = ("mesh", "generic")
# Where a crop's depth comes from.
EXACT, MESH, GENERIC = "exact", "mesh", "generic"
# Where single frames may be left out: a clip of which more than this share of the eye file's lines,
# or of the frames that were chosen, cannot be used is not to be relied on in the others either.
MOST_LEFT_OUT = 1 / 2

Made = TypeVar("Made")


def clip_records(
    sample: VideoSample, settings: CropSettings, left_out: list[str] | None = None
) -> list[CropRecord]:
    """Cut the faces out of a clip.

    Args:
        sample: the video.
        settings: how its crops are made.
        left_out: as for `clip_frames`.

    Returns:
        One record for each frame that was chosen.

    Raises:
        DataError: as for `clip_frames`; or its depth maps do not fit.
    """
    exact = read_depth_maps(sample.depth_path) if sample.depth_path else None

    def cut(index, frame, eyes):
        simulation = sample.simulation
        if simulation is not None and not simulation.is_fresh:
            frame, eyes = frame_of(sample.key, simulation, index, frame, eyes, settings)
        crop = crop_face(frame, eyes, settings.image_size, settings.jitter, settings.crop_rule)
        return frame, eyes, crop

    return [
        _record(sample, index, frame, crop, eyes, exact, settings)
        for index, _, _, (frame, eyes, crop) in clip_frames(
            sample, cut, settings.frames_per_video, left_out
        )
    ]


def clip_frames(
    sample: VideoSample,
    function: Callable[[int, np.ndarray, np.ndarray], Made],
    frames: int | None,
    left_out: list[str] | None = None,
) -> Iterator[tuple[int, np.ndarray, np.ndarray, Made]]:
    """Apply a function to frames of a clip whose eyes are known.

    Frames are chosen evenly among those whose eyes are known; short gaps in the eye file are
    filled, see `eye_files.fill_gaps`.

    Args:
        sample: the video.
        function: of the frame's number, the frame, `(height, width, 3)` RGB uint8, and its eyes,
            `(4,)`. Where it raises `DataError`, the frame cannot be used.
        frames: number of frames; None takes all.
        left_out: frames that cannot be used, because of their line in the eye file or because they
            do not decode, are left out, with a message each that is added here; None raises.

    Yields:
        `(number, frame, eyes, what the function made)`, in ascending order.

    Raises:
        DataError: the video or its eye file is missing or cannot be used, more than
            `MOST_LEFT_OUT` of it would be left out, or so much of it or more does not decode.
    """
    eyes, lost = chosen_eyes(sample, frames, skip_bad=left_out is not None)
    chosen = list(eyes)
    done = 0
    failed: list[str] = []
    try:
        for index, frame in _decodable(sample, chosen):
            try:
                made = function(index, frame, eyes[index])
            except DataError as error:
                message = f"{sample.eye_path}: frame {index}: {error}"
                if left_out is None:
                    raise DataError(message) from error
                failed.append(message)
            else:
                yield index, frame, eyes[index], made
                done += 1
    except TruncatedVideoError as error:
        missing = len(chosen) - done - len(failed)
        # A video that stops half-way was damaged as a whole.
        if left_out is None or missing >= MOST_LEFT_OUT * len(chosen):
            raise
        failed += [str(error)] * missing
    _check_share(sample.path, failed, len(chosen), "frames")
    if left_out is not None:
        left_out += lost + failed


def chosen_eyes(
    sample: VideoSample, frames: int | None, *, skip_bad: bool
) -> tuple[dict[int, np.ndarray], list[str]]:
    """Choose frames of a clip by its eye file, as `clip_frames` does; the video is not opened.

    Args:
        sample: the video.
        frames: number of frames; None takes all.
        skip_bad: leave out bad lines of the eye file.

    Returns:
        The eyes of the frames that were chosen, `(4,)` each, in ascending order, and a message for
        each line that was left out.

    Raises:
        DataError: as for `clip_frames`.
    """
    if sample.eye_path is None or not sample.eye_path.is_file():
        raise DataError(
            f"{sample.path}: expected its eye file {sample.path.with_suffix('.txt')}; it is "
            "missing (--find-eyes finds the eyes, where there is a face)"
        )
    bad: list[BadLine] | None = [] if skip_bad else None
    known = read_eyes(sample.eye_path, bad)
    lost = [line.message for line in bad or ()]
    _check_share(sample.eye_path, lost, len(lost) + len(known), "lines")
    unusable = {line.frame for line in bad or ()}
    eyes = {frame: own for frame, own in fill_gaps(known).items() if frame not in unusable}
    end = sample.first_frames or math.inf
    numbers = sorted(number for number in eyes if number < end)
    if not numbers:
        raise DataError(f"{sample.eye_path}: expected eye positions; found none")
    chosen = [numbers[place] for place in spread_indices(len(numbers), frames or len(numbers))]
    return {number: eyes[number] for number in chosen}, lost


def _check_share(path, messages, total, what):
    if len(messages) > MOST_LEFT_OUT * total:
        raise DataError(
            f"{path}: {len(messages)} of {total} {what} cannot be used, more than "
            f"{MOST_LEFT_OUT:.0%}; the first: {messages[0]}"
        )


def _record(sample, index, frame, crop, eyes, exact, settings):
    size, jitter, rule = settings.image_size, settings.jitter, settings.crop_rule
    if exact is not None:
        _check_depth(exact, index, frame, sample)
        depth, source = exact_depth(exact[index], eyes, size, jitter, rule), EXACT
    else:
        depth, source = _face_depth(sample, frame, eyes, settings)
    return CropRecord(
        key=sample.key,
        frame=index,
        label=sample.label,
        pai=sample.pai,
        depth_source=source,
        instrument=sample.instrument,
        image=png(np.rint(crop).astype(np.uint8)[..., ::-1]),
        depth=png(depth),
    )


def _decodable(sample, chosen):
    """The chosen frames, without the last where a sound video has fewer than its eye file."""
    decoded = 0
    try:
        for index, frame in read_sample_frames(sample, chosen):
            yield index, frame
            decoded += 1
    except TruncatedVideoError as error:
        if not decoded or not error.is_sound:
            raise


def _check_depth(exact, index, frame, sample):
    if index >= len(exact) or exact.shape[1:] != frame.shape[:2]:
        raise DataError(
            f"{sample.depth_path}: expected depth of frame {index}, of {frame.shape[:2]} pixels; "
            f"found an array of {exact.shape}"
        )


def _face_depth(sample, frame, eyes, settings):
    """Depth of a face without an exact map, and its source.

    Attacks get the generic face: their depth matters only as a target of the live estimate.
    """
    size, jitter, rule = settings.image_size, settings.jitter, settings.crop_rule
    if settings.face_depth == "mesh" and sample.pai == BONA_FIDE:
        from despoof_keras.faces.depth import mesh_depth
        from despoof_keras.faces.finder import face_at, process_finder

        face = face_at(process_finder()(frame), eyes)
        if face is not None:
            return mesh_depth(face.landmarks, size, jitter, eyes, rule), MESH
    return generic_face_depth(eyes, size, jitter, rule), GENERIC


def png(image: np.ndarray) -> bytes:
    """Compress a picture, `(height, width)` or `(height, width, 3)` BGR uint8, without loss."""
    # Level 1 is a third larger than the best compression, and several times quicker.
    return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
