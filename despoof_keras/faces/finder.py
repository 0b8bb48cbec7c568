"""The faces in a picture, with boxes, eyes and landmarks, and whether a face can be scored."""

import dataclasses
import functools

import numpy as np
import numpy.typing as npt

from despoof_keras.errors import DataError
from despoof_keras.faces.crop import RELEASED_CROP, CropRule, crop_box
from despoof_keras.faces.detector import Box, FaceDetector
from despoof_keras.faces.mesh import FaceMesh, eye_positions
from despoof_keras.utils.pictures.rgb_arrays import check_rgb
from despoof_keras.utils.programs import held_back_stderr

# The mesh's own view of whether it saw a face, as logits. The least is MediaPipe's default, a
# presence of 0.5.
MINIMUM_PRESENCE = 0.0
# A face upside down may pass for an upright one: the detector takes its mouth for eyes. Of 207
# photographs, upright ones have a presence of 13 to 67 and at least 17 more than turned by a
# quarter or half; those upside down that pass have at most 18, and more when they are turned.
SURE_PRESENCE = 25.0
CLEAR_LEAD = 10.0
# The mesh places the parts of a face that the picture does not show. With a twentieth of the
# landmarks outside, about a tenth of the face's height or breadth is missing.
MOST_OUTSIDE = 0.05
# Crops are enlarged twice at most. Beyond that the interpolation makes up the texture that the
# score measures. The released model's own example pictures need 1.4 times.
MINIMUM_CROP_SHARE = 0.5
# The crop is an upright square scaled by the eyes' horizontal distance. At 30 degrees it is an
# eighth too small, and beyond that ever more of it is forehead and hair.
MOST_TILT = 30
# In eye distances: two finders differ by up to a tenth in the eyes of the same face, and the eyes
# of another face are farther away than this.
SAME_EYES = 0.5

OK = "ok"
NO_FACE = "no face found"
TOO_SMALL = "face too small"
CUT = "face cut by the border"
TILTED = "face tilted too far"
UPSIDE_DOWN = "face upside down"
# Nearer to half a turn than to a quarter.
LEAST_UPSIDE_DOWN = 135


@dataclasses.dataclass(frozen=True)
class Face:
    """A face in a picture, in pixels of that picture.

    Attributes:
        box: `(x, y, width, height)`, from the brows to the chin; may extend beyond the picture.
        eyes: `(x_right, y_right, x_left, y_left)`, the subject's right eye (image left) first.
        landmarks: `(468, 3)`, see `FaceMesh`.
        confidence: the detector's, 0 to 1.
    """

    box: Box
    eyes: np.ndarray
    landmarks: np.ndarray
    confidence: float


@dataclasses.dataclass(frozen=True)
class _Candidate:
    """A face, its presence, and whether it may be that of another at the same place."""

    face: Face
    presence: float
    is_doubtful: bool


class FaceFinder:
    """Finds faces, their eyes and landmarks. Threads may share a finder; they take turns.

    A finder can be pickled, and be used after a fork.

    Args:
        num_threads: threads of the networks.

    Raises:
        DataError: a file of the models is missing or damaged.
        ImportError: no TFLite runtime is installed.

    Example:
        >>> face = FaceFinder()(photograph)[0]  # doctest: +SKIP
        >>> crop = crop_face(photograph, face.eyes, 256)  # doctest: +SKIP
    """

    def __init__(self, num_threads: int | None = None):
        self._detector = FaceDetector(num_threads)
        self._mesh = FaceMesh(num_threads)

    def __call__(self, image: np.ndarray) -> list[Face]:
        """Find faces.

        Args:
            image: `(height, width, 3)` RGB uint8, upright. Where no face is found, or one that may
                lie otherwise, the picture is also looked at turned by quarters and halves.

        Returns:
            The faces, the largest box first. The eyes of a face that is not upright are where they
            are, so `face_status` tells it.

        Raises:
            DataError: `image` is no such array.
        """
        if not isinstance(image, np.ndarray):
            raise DataError(
                "image: expected a NumPy array (height, width, 3) of RGB uint8; "
                f"received {type(image).__name__}"
            )
        check_rgb(image)
        image = np.ascontiguousarray(image)
        picture = self._detector.fit(image)
        candidates: list[_Candidate] = []
        for detection in self._detector(picture):
            new = self._candidate(image, detection)
            if new.presence >= MINIMUM_PRESENCE:
                candidates = _with(candidates, new)
        for quarter_turns in (2, 1, 3):  # half a turn is the likeliest
            if candidates and not any(candidate.is_doubtful for candidate in candidates):
                break
            for detection in self._detector(picture, quarter_turns):
                new = self._candidate(image, detection)
                if new.presence >= CLEAR_LEAD:
                    candidates = _with(candidates, new, is_turned=True)
        faces = [candidate.face for candidate in candidates]
        return sorted(faces, key=lambda face: face.box[2] * face.box[3], reverse=True)

    def _candidate(self, image, detection) -> _Candidate:
        """Fit the mesh to a face, turned by quarters and halves if that may be its way up."""
        fits = self._mesh(image, detection)
        landmarks, presence = next(fits)
        is_doubtful = False
        if MINIMUM_PRESENCE <= presence < SURE_PRESENCE:
            turned, most = max(fits, key=lambda fit: fit[1])
            is_doubtful = presence - most < CLEAR_LEAD
            if most >= SURE_PRESENCE:
                landmarks, presence, is_doubtful = turned, most, False
        eyes = eye_positions(landmarks)
        face = Face(detection.box, eyes, landmarks, detection.confidence)
        return _Candidate(face, presence, is_doubtful)


def _with(
    candidates: list[_Candidate], new: _Candidate, is_turned: bool = False
) -> list[_Candidate]:
    """Add a face, or put it in the place of doubtful ones that are less certain.

    With `is_turned`, it was seen in the turned picture, where a face that is not upright is a new
    one only at a place of its own.
    """
    if any(face_at([old.face], new.face.eyes) for old in candidates):
        # The detector may report a large face twice, in boxes that overlap little.
        return candidates
    rivals = [
        old
        for old in candidates
        if (is_turned or old.is_doubtful or new.is_doubtful)
        and _is_at_place(new.face.box, old.face.box)
    ]
    if any(not old.is_doubtful or old.presence >= new.presence for old in rivals):
        return candidates
    return [*(old for old in candidates if old not in rivals), new]


def _is_at_place(box: Box, other: Box) -> bool:
    """Tell whether the middle of one box lies in the other.

    The boxes of a face that is seen once upright and once upside down overlap little.
    """
    return _has_middle(box, other) or _has_middle(other, box)


def _has_middle(box, other):
    x, y = other[0] + other[2] / 2, other[1] + other[3] / 2
    return box[0] <= x <= box[0] + box[2] and box[1] <= y <= box[1] + box[3]


@functools.cache
def process_finder() -> FaceFinder:
    """Return the only finder of a worker process.

    It has a single thread, because the processes already fill the cores.
    """
    with held_back_stderr():  # LiteRT announces its delegate in every process
        return FaceFinder(num_threads=1)


def face_at(faces: list[Face], eyes: npt.ArrayLike) -> Face | None:
    """Choose the face with given eyes.

    Args:
        faces: the faces of a picture.
        eyes: `(x_right, y_right, x_left, y_left)` in pixels.

    Returns:
        The face whose eyes are nearest, or None if none is within `SAME_EYES` eye distances.
    """
    eyes = np.asarray(eyes, np.float64)
    distance = np.hypot(*(eyes[2:] - eyes[:2]))

    def offset(face):
        return np.abs(face.eyes - eyes).max() / distance

    nearest = min(faces, key=offset, default=None)
    return nearest if nearest is not None and offset(nearest) <= SAME_EYES else None


def tilt_of(face: Face) -> float:
    """Compute the angle between the line of the eyes and the horizontal, 0 to 180 degrees."""
    across, down = face.eyes[2:] - face.eyes[:2]
    return float(abs(np.degrees(np.arctan2(down, across))))


def is_tilted(face: Face) -> bool:
    """Tell whether a face leans so far that it does not fit the crop."""
    return tilt_of(face) > MOST_TILT


def face_status(
    face: Face, image_shape: tuple[int, ...], image_size: int, rule: CropRule = RELEASED_CROP
) -> str:
    """Tell whether a face may be scored.

    Args:
        face: the face.
        image_shape: `(height, width, ...)` of the picture, in pixels.
        image_size: side of the model's input, in pixels.
        rule: the model's.

    Returns:
        `OK`, or a reason that begins with `UPSIDE_DOWN`, `TILTED`, `CUT` or `TOO_SMALL` and gives
        the figures.
    """
    tilt = tilt_of(face)
    if tilt >= LEAST_UPSIDE_DOWN:
        return f"{UPSIDE_DOWN}: turned by {tilt:.0f} degrees; turn the picture"
    if is_tilted(face):
        return f"{TILTED}: by {tilt:.0f} degrees, at most {MOST_TILT} are allowed"
    height, width = image_shape[:2]
    x, y = face.landmarks[:, 0], face.landmarks[:, 1]
    outside = float(np.mean((x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)))
    if outside > MOST_OUTSIDE:
        return f"{CUT}: {outside:.0%} of it lies outside"
    side = crop_box(face.eyes, rule)[2]
    needed = int(np.ceil(MINIMUM_CROP_SHARE * image_size))
    if side < needed:
        return f"{TOO_SMALL}: its crop has {side} pixels, the model needs at least {needed}"
    return OK
