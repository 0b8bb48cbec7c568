"""One clip to its face crops: decoded, cropped by the eyes, with their depth targets, as PNG."""

import cv2
import numpy as np

from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.eye_files import BadLine, fill_gaps, read_eyes
from despoof_keras.datasets.samples import BONA_FIDE, VideoSample
from despoof_keras.datasets.shards import CropRecord
from despoof_keras.errors import DataError
from despoof_keras.faces.crop import crop_face
from despoof_keras.faces.depth import exact_depth, generic_face_depth, read_depth_maps
from despoof_keras.utils.video.frames import TruncatedVideoError, read_frames, spread_indices

FACE_DEPTHS = ("mesh", "generic")
# Where a crop's depth comes from.
EXACT, MESH, GENERIC = "exact", "mesh", "generic"
# Where single frames may be left out: a clip of which more than this share of the eye file's lines,
# or of the frames that were chosen, cannot be used is not to be relied on in the others either.
MOST_LEFT_OUT = 1 / 2


def clip_records(
    sample: VideoSample, settings: CropSettings, left_out: list[str] | None = None
) -> list[CropRecord]:
    """Cut the faces out of a clip.

    Frames are chosen evenly among those whose eyes are known; short gaps in the eye file are
    filled, see `eye_files.fill_gaps`.

    Args:
        sample: the video.
        settings: how its crops are made.
        left_out: frames that cannot be used, because of their line in the eye file or because they
            do not decode, are left out, with a message each that is added here; None raises.

    Returns:
        One record for each frame that was chosen.

    Raises:
        DataError: the video or its eye file is missing or cannot be used, more than
            `MOST_LEFT_OUT` of it would be left out, or so much of it or more does not decode.
    """
    if sample.eye_path is None or not sample.eye_path.is_file():
        raise DataError(
            f"{sample.path}: expected its eye file {sample.path.with_suffix('.txt')}; it is "
            "missing (--find-eyes finds the eyes)"
        )
    bad: list[BadLine] | None = None if left_out is None else []
    known = read_eyes(sample.eye_path, bad)
    lost = [line.message for line in bad or ()]
    _check_share(sample.eye_path, lost, len(lost) + len(known), "lines")
    unusable = {line.frame for line in bad or ()}
    eyes = {frame: own for frame, own in fill_gaps(known).items() if frame not in unusable}
    if not eyes:
        raise DataError(f"{sample.eye_path}: expected eye positions; found none")
    exact = read_depth_maps(sample.depth_path) if sample.depth_path else None
    frames = sorted(eyes)
    wanted = settings.frames_per_video or len(frames)
    chosen = [frames[position] for position in spread_indices(len(frames), wanted)]
    records: list[CropRecord] = []
    failed: list[str] = []
    try:
        for index, frame in _decodable(sample.path, chosen):
            try:
                crop = _crop(sample, index, frame, eyes[index], settings)
            except DataError as error:
                if left_out is None:
                    raise
                failed.append(str(error))
            else:
                records.append(_record(sample, index, frame, crop, eyes[index], exact, settings))
    except TruncatedVideoError as error:
        missing = len(chosen) - len(records) - len(failed)
        # A video that stops half-way was damaged as a whole.
        if left_out is None or missing >= MOST_LEFT_OUT * len(chosen):
            raise
        failed += [str(error)] * missing
    _check_share(sample.path, failed, len(chosen), "frames")
    if left_out is not None:
        left_out += lost + failed
    return records


def _check_share(path, messages, total, what):
    if len(messages) > MOST_LEFT_OUT * total:
        raise DataError(
            f"{path}: {len(messages)} of {total} {what} cannot be used, more than "
            f"{MOST_LEFT_OUT:.0%}; the first: {messages[0]}"
        )


def _crop(sample, index, frame, eyes, settings):
    size, jitter, rule = settings.image_size, settings.jitter, settings.crop_rule
    try:
        return crop_face(frame, eyes, size, jitter, rule)
    except DataError as error:
        raise DataError(f"{sample.eye_path}: frame {index}: {error}") from error


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
        image=_png(np.rint(crop).astype(np.uint8)[..., ::-1]),
        depth=_png(depth),
    )


def _decodable(path, chosen):
    """The chosen frames, without the last where a sound video has fewer than its eye file."""
    decoded = 0
    try:
        for index, frame in read_frames(path, chosen):
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


def _png(image):
    # Level 1 is a third larger than the best compression, and several times quicker.
    return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
