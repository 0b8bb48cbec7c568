"""BlazeFace: boxes and eye positions of the faces in a picture, coarse but quick.

Reference: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs",
2019. Anchors, scaling and thresholds are those of MediaPipe's graphs for the back camera model.
"""

import dataclasses

import numpy as np

from despoof_keras.faces.networks import DETECTOR_FILE, FaceNetwork, probability
from despoof_keras.faces.sampling import Square, fit_into_square

INPUT_SIZE = 256
# Cells along each side of the model's two output grids, and anchors in a cell.
ANCHOR_GRIDS = ((16, 2), (8, 6))
# Of an anchor: the centre, the width and height, then six key points, of which the first two are
# the eyes, the subject's right eye (image left) first.
POINTS = 8
MINIMUM_CONFIDENCE = 0.5  # MediaPipe's default
OVERLAP = 0.3  # intersection over union above which two boxes are the same face (MediaPipe's)

Box = tuple[float, float, float, float]


@dataclasses.dataclass(frozen=True)
class Detection:
    """A face in a picture, in pixels.

    Attributes:
        box: `(x, y, width, height)`, from the brows to the chin; may extend beyond the picture.
        eyes: `(x_right, y_right, x_left, y_left)`, exact to about a tenth of the eye distance.
        confidence: 0 to 1.
    """

    box: Box
    eyes: np.ndarray
    confidence: float


class FaceDetector:
    """Finds faces with BlazeFace, which sees those that are more or less upright.

    Args:
        num_threads: threads of the network.

    Raises:
        DataError, ImportError: as for `networks.FaceNetwork`.
    """

    def __init__(self, num_threads: int | None = None):
        self._network = FaceNetwork(DETECTOR_FILE, num_threads)
        self._anchors = _anchors()

    def __call__(self, picture: Square, quarter_turns: int = 0) -> list[Detection]:
        """Detect faces.

        Args:
            picture: as from `fit`.
            quarter_turns: how often the picture is turned anticlockwise by 90 degrees before the
                network sees it.

        Returns:
            The detections in pixels of the picture as it is, the most confident first.
        """
        outputs = self._network(np.rot90(picture.tensor, quarter_turns))
        confidence = probability(outputs[len(self._anchors)])
        points = outputs[len(self._anchors) * POINTS * 2].reshape(-1, POINTS, 2)
        likely = confidence >= MINIMUM_CONFIDENCE
        points, confidence = points[likely].copy(), confidence[likely]
        points[:, 0] += self._anchors[likely]
        points[:, 2:] += self._anchors[likely, np.newaxis]
        sizes = points[:, 1] / picture.scale
        for _ in range(quarter_turns % 4):  # back, by a quarter turn each
            points = np.stack([INPUT_SIZE - points[..., 1], points[..., 0]], axis=-1)
            sizes = sizes[:, ::-1]
        corners = (points[:, 0] - picture.offset) / picture.scale - sizes / 2
        boxes = np.concatenate([corners, sizes], axis=1)
        eyes = ((points[:, 2:4] - picture.offset) / picture.scale).reshape(-1, 4)
        return [
            Detection(tuple(boxes[index].tolist()), eyes[index], float(confidence[index]))
            for index in _separate(boxes, confidence)
        ]

    @staticmethod
    def fit(image: np.ndarray) -> Square:
        """Bring an `(height, width, 3)` RGB uint8 picture to the network's size."""
        return fit_into_square(image, INPUT_SIZE)


def overlap(box: Box, other: Box) -> float:
    """Compute the intersection over union of two boxes."""
    across = min(box[0] + box[2], other[0] + other[2]) - max(box[0], other[0])
    down = min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1])
    both = max(across, 0) * max(down, 0)
    return both / max(box[2] * box[3] + other[2] * other[3] - both, 1e-9)


def _separate(boxes, confidence):
    """Choose the most confident boxes of which no two are the same face."""
    chosen = []
    for index in np.argsort(-confidence, kind="stable"):
        if all(overlap(boxes[index], boxes[kept]) <= OVERLAP for kept in chosen):
            chosen.append(index)
    return chosen


def _anchors():
    """Compute the centres of all anchors in pixels of the input, `(896, 2)`."""
    centres = []
    for cells, repeats in ANCHOR_GRIDS:
        along = (np.arange(cells) + 0.5) * (INPUT_SIZE / cells)
        y, x = np.meshgrid(along, along, indexing="ij")
        centres.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), repeats, axis=0))
    return np.concatenate(centres).astype(np.float32)
