"""MediaPipe's face mesh: 468 landmarks of a face in three dimensions.

Reference: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile
GPUs", CVPR workshop 2019; landmark numbers as in MediaPipe's canonical face model.
"""

from collections.abc import Iterator

import numpy as np

from despoof_keras.faces.detector import Detection
from despoof_keras.faces.networks import MESH_FILE, FaceNetwork
from despoof_keras.faces.sampling import sample_square

INPUT_SIZE = 192
LANDMARKS = 468
# Ratio of the landmarks' square to the detector's box (MediaPipe's graph).
BOX_MARGIN = 1.5
# Outline of the eye's opening: corners and lids.
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
NOSE_TIP = 1
FOREHEAD, CHIN = 10, 152
RIGHT_SIDE, LEFT_SIDE = 234, 454  # of the face's outline, before the ears


class FaceMesh:
    """Fits the mesh to a face.

    Args:
        num_threads: threads of the network.

    Raises:
        DataError, ImportError: as for `networks.FaceNetwork`.
    """

    def __init__(self, num_threads: int | None = None):
        self._network = FaceNetwork(MESH_FILE, num_threads)

    def __call__(
        self, image: np.ndarray, detection: Detection
    ) -> Iterator[tuple[np.ndarray, float]]:
        """Find the landmarks of a detected face.

        Args:
            image: `(height, width, 3)` RGB uint8, contiguous.
            detection: the face.

        Yields:
            `(landmarks, presence)`, four times: the network sees the face upright along its eyes,
            then turned by one, two and three quarters. The landmarks are `(468, 3)` float64 in
            pixels of the image; z is smaller nearer to the camera and zero near the head's middle.
            Where the border cuts a face, landmarks lie outside the image. `presence` is the
            network's own view of whether it saw a face, as a logit: above 0 it is likelier than
            not.
        """
        matrix = _square(detection)
        square = np.rint(sample_square(image, matrix, INPUT_SIZE))
        square /= np.float32(255)
        scale = np.hypot(*matrix[:, 0])
        for quarter_turns in range(4):
            outputs = self._network(np.rot90(square, quarter_turns))
            points = outputs[LANDMARKS * 3].reshape(LANDMARKS, 3)
            positions = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
            landmarks = np.concatenate([positions, points[:, 2:] * scale], axis=1)
            yield landmarks, float(outputs[1][0])
            matrix = _turned(matrix)


def eye_positions(landmarks: np.ndarray) -> np.ndarray:
    """Compute the eyes in OULU-NPU's convention from the mesh.

    An eye's position is the mean of its opening's outline, which a blink or a glance moves less
    than the pupil.

    Args:
        landmarks: `(468, 3)` as from `FaceMesh`.

    Returns:
        `(4,)`: `(x_right, y_right, x_left, y_left)` in pixels.
    """
    return np.concatenate([landmarks[list(eye), :2].mean(axis=0) for eye in (RIGHT_EYE, LEFT_EYE)])


def _square(detection):
    """Map the network's input to the image, upright along the eyes and with a margin."""
    x, y, width, height = detection.box
    across, down = detection.eyes[2:] - detection.eyes[:2]
    scale = BOX_MARGIN * max(width, height) / INPUT_SIZE
    turn = np.array([[across, -down], [down, across]]) / max(np.hypot(across, down), 1e-6) * scale
    middle = np.array([x + width / 2, y + height / 2])
    shift = middle - turn @ np.full(2, INPUT_SIZE / 2)
    return np.concatenate([turn, shift[:, np.newaxis]], axis=1)


def _turned(matrix):
    """Make the matrix of a square after `np.rot90`: its x and y were at `last - y` and x before."""
    (xx, xy, x), (yx, yy, y) = matrix
    last = INPUT_SIZE - 1
    return np.array([[xy, -xx, x + last * xx], [yy, -yx, y + last * yx]])
