"""Where the eyes are in a video: by the data set's annotation, by the faces that are seen, or both.

Few frames are looked at, so the video is gone through once and only the faces in them are kept.
"""

import collections
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from despoof_keras.datasets.annotations import Position, eyes_in_box
from despoof_keras.faces.finder import (
    LEAST_UPSIDE_DOWN,
    MOST_TILT,
    Face,
    FaceFinder,
    is_tilted,
    tilt_of,
)

# A face is at an annotated place if it is no farther from it than half an eye distance, or half the
# width of the box; eyes of the same face differ by far less, see `finder.SAME_EYES`.
FITS = 0.5


class Seen(NamedTuple):
    """The faces in a frame.

    Attributes:
        frame: its number.
        size: `(width, height)` in pixels.
        faces: the largest first.
    """

    frame: int
    size: tuple[int, int]
    faces: list[Face]


class VideoEyes(NamedTuple):
    """The eyes over a video.

    Attributes:
        eyes: mapping from frame to `(4,)`: `(x_right, y_right, x_left, y_left)` in pixels.
        is_upside_down: whether the video is to be turned by half; the eyes are those of the turned
            video.
        by_box: number of frames in which no face was seen and the eyes were placed by the box.
    """

    eyes: dict[int, np.ndarray]
    is_upside_down: bool
    by_box: int


def look_for_faces(frames: Iterable[tuple[int, np.ndarray]], finder: FaceFinder) -> list[Seen]:
    """Find the faces in frames of a video."""
    return [Seen(number, image.shape[1::-1], finder(image)) for number, image in frames]


def locate_eyes(seen: list[Seen], positions: Mapping[int, Position] | None = None) -> VideoEyes:
    """Locate the eyes in the frames that were looked at, and in those with annotated eyes.

    Eyes are taken as annotated; else they are those of the seen face that is nearest to the
    annotated box, or of the largest face where no box is annotated; else they are placed in the
    box. A video in which most faces are upside down is turned, and an annotation that lies upside
    down to the faces is turned, too: players differ in how they turn a video whose camera was held
    upside down, and so do the programs that annotated it.

    Args:
        seen: the faces in frames of the video.
        positions: what the data set says.
    """
    positions = positions or {}
    is_upside_down = _are_upside_down(seen)
    faces_in = {
        frame: [_turned_face(face, size) if is_upside_down else face for face in faces]
        for frame, size, faces in seen
    }
    sizes = {frame: size for frame, size, _ in seen}
    if _fits_turned(positions, faces_in, sizes):
        size = next(iter(sizes.values()))
        positions = {frame: _turned_position(own, size) for frame, own in positions.items()}
    eyes = {
        frame: own.eyes
        for frame, own in positions.items()
        if own.eyes is not None and _is_usable(own.eyes)
    }
    by_box = 0
    for frame in faces_in.keys() - eyes.keys():
        box = positions[frame].box if frame in positions else None
        face = _face_at(box, faces_in[frame])
        if face is not None:
            eyes[frame] = face.eyes
        elif box is not None:
            eyes[frame] = eyes_in_box(box)
            by_box += 1
    return VideoEyes(dict(sorted(eyes.items())), is_upside_down, by_box)


def _face_at(box, faces):
    """The upright face at a box; without one, the largest face if that is upright."""
    if box is None:
        return next((face for face in faces[:1] if not is_tilted(face)), None)
    near = [face for face in faces if not is_tilted(face) and _is_at(face.box, box)]
    return min(near, key=_offset_from(box), default=None)


def _are_upside_down(seen):
    """Whether more of the largest faces are upside down than upright."""
    tilts = [tilt_of(faces[0]) for _, _, faces in seen if faces]
    ways = collections.Counter(
        "down" if tilt >= LEAST_UPSIDE_DOWN else "up" if tilt <= 180 - LEAST_UPSIDE_DOWN else ""
        for tilt in tilts
    )
    return ways["down"] > ways["up"]


def _fits_turned(positions, faces, sizes):
    """Whether the annotation fits the faces when it is turned by half, and better than as it is."""
    as_is, turned = [], []
    for frame in positions.keys() & faces.keys():
        own = positions[frame]
        if faces[frame]:
            as_is.append(_misfit(own, faces[frame]))
            turned.append(_misfit(_turned_position(own, sizes[frame]), faces[frame]))
    if not as_is:
        return False
    return np.median(turned) <= FITS and np.median(turned) < np.median(as_is)


def _misfit(position, faces):
    """How far the nearest face is from a position, in eye distances, or widths of the box."""
    if position.eyes is None or not _is_usable(position.eyes):
        return min(_offset_from(position.box)(face) for face in faces)
    distance = position.eyes[2] - position.eyes[0]
    return min(np.abs(face.eyes - position.eyes).max() / distance for face in faces)


def _is_usable(eyes):
    """Whether the eyes are level enough for a crop."""
    across, down = eyes[2:] - eyes[:2]
    return across > 0 and abs(down) <= np.tan(np.radians(MOST_TILT)) * across


def _turned_face(face, size):
    width, height = size
    landmarks = face.landmarks * (-1, -1, 1) + (width - 1, height - 1, 0)
    eyes = _turned_points(face.eyes, size)
    return Face(_turned_box(face.box, size), eyes, landmarks, face.confidence)


def _turned_position(position, size):
    eyes = position.eyes
    if eyes is not None:
        # The eye on the image's left stands first.
        eyes = np.roll(_turned_points(eyes, size), 2)
    return Position(_turned_box(position.box, size), eyes)


def _turned_box(box, size):
    (x, y, width, height), (columns, rows) = box, size
    return columns - x - width, rows - y - height, width, height


def _turned_points(points, size):
    return np.tile(np.subtract(size, 1), 2) - points


def _middle(box):
    return np.array([box[0] + box[2] / 2, box[1] + box[3] / 2])


def _offset_from(box):
    """Function of a face: how far its middle is from a box's, in widths of the box."""
    middle = _middle(box)
    return lambda face: float(np.hypot(*(_middle(face.box) - middle)) / box[2])


def _is_at(box, other):
    """Whether the middle of each box lies in the other."""
    return all(
        np.all((middle - outer[:2] >= 0) & (middle - outer[:2] <= outer[2:]))
        for middle, outer in ((_middle(box), np.array(other)), (_middle(other), np.array(box)))
    )
