"""The faces in a picture, with boxes, eyes and landmarks, and whether a face can be scored."""

import dataclasses
import functools

import numpy as np
import numpy.typing as npt

from despoof_keras.faces.crop import RELEASED_CROP, CropRule, crop_box
from despoof_keras.faces.detector import FaceDetector
from despoof_keras.faces.mesh import FaceMesh, eye_positions
from despoof_keras.utils.programs import held_back_stderr

MINIMUM_PRESENCE = 0.5  # the mesh's own view of whether it saw a face (MediaPipe's default)
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


@dataclasses.dataclass(frozen=True)
class Face:
    """A face in a picture, in pixels of that picture.

    Attributes:
        box: `(x, y, width, height)`, from the brows to the chin; may extend beyond the picture.
        eyes: `(x_right, y_right, x_left, y_left)`, the subject's right eye (image left) first.
        landmarks: `(468, 3)`, see `FaceMesh`.
        confidence: the detector's, 0 to 1.
    """

    box: tuple[float, float, float, float]
    eyes: np.ndarray
    landmarks: np.ndarray
    confidence: float


class FaceFinder:
    """Finds faces, their eyes and landmarks. An instance serves one thread at a time.

    Args:
        num_threads: threads of the networks.

    Raises:
        ImportError: the package with the models, or a TFLite runtime, is missing.

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
            image: `(height, width, 3)` RGB uint8, upright.

        Returns:
            The faces, the largest box first.
        """
        faces = []
        for detection in self._detector(image):
            landmarks, presence = self._mesh(image, detection)
            eyes = eye_positions(landmarks)
            # The detector may report a large face twice, in boxes that overlap little.
            if presence >= MINIMUM_PRESENCE and face_at(faces, eyes) is None:
                faces.append(Face(detection.box, eyes, landmarks, detection.confidence))
        return sorted(faces, key=lambda face: face.box[2] * face.box[3], reverse=True)


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
        `OK`, or a reason that begins with `TOO_SMALL`, `CUT` or `TILTED` and gives the figures.
    """
    height, width = image_shape[:2]
    x, y = face.landmarks[:, 0], face.landmarks[:, 1]
    outside = float(np.mean((x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)))
    if outside > MOST_OUTSIDE:
        return f"{CUT}: {outside:.0%} of it lies outside"
    if is_tilted(face):
        return f"{TILTED}: by {tilt_of(face):.0f} degrees, at most {MOST_TILT} are allowed"
    side = crop_box(face.eyes, rule)[2]
    needed = int(np.ceil(MINIMUM_CROP_SHARE * image_size))
    if side < needed:
        return f"{TOO_SMALL}: its crop has {side} pixels, the model needs at least {needed}"
    return OK
