"""One clip to its face crops: decoded, cropped by the eyes, with their depth targets, as PNG."""

from collections.abc import Iterator

import cv2
import numpy as np

from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.eye_files import fill_gaps, read_eyes
from despoof_keras.datasets.samples import BONA_FIDE, VideoSample
from despoof_keras.datasets.shards import CropRecord
from despoof_keras.errors import DataError
from despoof_keras.faces.crop import crop_face
from despoof_keras.faces.depth import exact_depth, generic_face_depth, read_depth_maps
from despoof_keras.utils.video import TruncatedVideoError, read_frames, spread_indices

FACE_DEPTHS = ("mesh", "generic")
# Where a crop's depth comes from.
EXACT, MESH, GENERIC = "exact", "mesh", "generic"


def clip_records(sample: VideoSample, settings: CropSettings) -> Iterator[CropRecord]:
    """Cut the faces out of a clip.

    Frames are chosen evenly among those whose eyes are known; short gaps in the eye file are
    filled, see `eye_files.fill_gaps`.

    Args:
        sample: the video.
        settings: how its crops are made.

    Yields:
        One record for each frame that was chosen.

    Raises:
        DataError: the video or its eye file is missing or cannot be used.
    """
    if sample.eye_path is None or not sample.eye_path.is_file():
        raise DataError(
            f"{sample.path}: expected its eye file {sample.path.with_suffix('.txt')}; it is "
            "missing (--find-eyes finds the eyes)"
        )
    eyes = fill_gaps(read_eyes(sample.eye_path))
    if not eyes:
        raise DataError(f"{sample.eye_path}: expected eye positions; found none")
    exact = read_depth_maps(sample.depth_path) if sample.depth_path else None
    frames = sorted(eyes)
    wanted = settings.frames_per_video or len(frames)
    chosen = [frames[position] for position in spread_indices(len(frames), wanted)]
    size, jitter, rule = settings.image_size, settings.jitter, settings.crop_rule
    for index, frame in _decodable(sample.path, chosen):
        try:
            crop = crop_face(frame, eyes[index], size, jitter, rule)
        except DataError as error:
            raise DataError(f"{sample.eye_path}: frame {index}: {error}") from error
        if exact is not None:
            _check_depth(exact, index, frame, sample)
            depth = exact_depth(exact[index], eyes[index], size, jitter, rule)
            source = EXACT
        else:
            depth, source = _face_depth(sample, frame, eyes[index], settings)
        yield CropRecord(
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
