"""BlazeFace: boxes and eye positions of the faces in a picture, coarse but quick.

Reference: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs",
2019. Anchors, scaling and thresholds are those of MediaPipe's graphs for the back camera model.
"""

import dataclasses

import cv2
import numpy as np

from despoof_keras.faces.networks import (
    DETECTOR_FILE,
    open_face_model,
    outputs_by_size,
    probability,
)

INPUT_SIZE = 256
# Cells along each side of the model's two output grids, and anchors in a cell.
ANCHOR_GRIDS = ((16, 2), (8, 6))
# Of an anchor: the centre, the width and height, then six key points, of which the first two are
# the eyes, the subject's right eye (image left) first.
POINTS = 8
MINIMUM_CONFIDENCE = 0.5  # MediaPipe's default
OVERLAP = 0.3  # intersection over union above which two boxes are the same face (MediaPipe's)


@dataclasses.dataclass(frozen=True)
class Detection:
    """A face in a picture, in pixels.

    Attributes:
        box: `(x, y, width, height)`, from the brows to the chin; may extend beyond the picture.
        eyes: `(x_right, y_right, x_left, y_left)`, exact to about a tenth of the eye distance.
        confidence: 0 to 1.
    """

    box: tuple[float, float, float, float]
    eyes: np.ndarray
    confidence: float


class FaceDetector:
    """Finds faces with BlazeFace. An instance serves one thread at a time.

    Args:
        num_threads: threads of the network.

    Raises:
        ImportError: as for `networks.open_face_model`.
    """

    def __init__(self, num_threads: int | None = None):
        self._interpreter = open_face_model(DETECTOR_FILE, num_threads)
        self._input = self._interpreter.get_input_details()[0]["index"]
        outputs = outputs_by_size(self._interpreter)
        self._anchors = _anchors()
        self._scores = outputs[len(self._anchors)]
        self._points = outputs[len(self._anchors) * POINTS * 2]

    def __call__(self, image: np.ndarray) -> list[Detection]:
        """Detect faces.

        Args:
            image: `(height, width, 3)` RGB uint8.

        Returns:
            The detections, the most confident first.
        """
        tensor, scale, offset = _letterbox(image)
        self._interpreter.set_tensor(self._input, tensor[np.newaxis])
        self._interpreter.invoke()
        logits = self._interpreter.get_tensor(self._scores).ravel()
        points = self._interpreter.get_tensor(self._points).reshape(-1, POINTS, 2)
        confidence = probability(logits)
        likely = confidence >= MINIMUM_CONFIDENCE
        points, confidence = points[likely].copy(), confidence[likely]
        points[:, 0] += self._anchors[likely]
        points[:, 2:] += self._anchors[likely, np.newaxis]
        sizes = points[:, 1] / scale
        corners = (points[:, 0] - offset) / scale - sizes / 2
        boxes = np.concatenate([corners, sizes], axis=1)
        chosen = cv2.dnn.NMSBoxes(boxes.tolist(), confidence.tolist(), MINIMUM_CONFIDENCE, OVERLAP)
        eyes = ((points[:, 2:4] - offset) / scale).reshape(-1, 4)
        return [
            Detection(tuple(boxes[index].tolist()), eyes[index], float(confidence[index]))
            for index in np.asarray(chosen, int).ravel()
        ]


def _anchors():
    """Compute the centres of all anchors in pixels of the input, `(896, 2)`."""
    centres = []
    for cells, repeats in ANCHOR_GRIDS:
        along = (np.arange(cells) + 0.5) * (INPUT_SIZE / cells)
        y, x = np.meshgrid(along, along, indexing="ij")
        centres.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), repeats, axis=0))
    return np.concatenate(centres).astype(np.float32)


def _letterbox(image):
    """Fit the picture into the input's square: `(tensor in [-1, 1], scale, offset)`."""
    height, width = image.shape[:2]
    scale = INPUT_SIZE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image, size, interpolation=method)
    left, top = (INPUT_SIZE - size[0]) // 2, (INPUT_SIZE - size[1]) // 2
    tensor = np.full((INPUT_SIZE, INPUT_SIZE, 3), -1, np.float32)
    tensor[top : top + size[1], left : left + size[0]] = small / np.float32(127.5) - 1
    return tensor, scale, np.array([left, top], np.float32)
