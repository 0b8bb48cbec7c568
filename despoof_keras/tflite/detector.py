"""Spoof scores on a phone: NumPy and one TFLite runtime (`runtimes`), nothing else."""

import dataclasses
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.faces.crop import crop_face, resize
from despoof_keras.metadata import ModelMetadata
from despoof_keras.tflite.demonstration import demonstration_path
from despoof_keras.tflite.file import metadata_of, missing_metadata, read_content
from despoof_keras.tflite.model import TfliteModel
from despoof_keras.tflite.pictures import rgb_picture
from despoof_keras.tflite.structure import check_structure


class Prediction(NamedTuple):
    """A decision: an attack where `spoof_score >= threshold`."""

    spoof_score: float
    is_attack: bool
    threshold: float

    @property
    def score(self):
        """`spoof_score`, by the name that `LivenessDetector.despoof` gives it."""
        return self.spoof_score


def load_tflite(path=None, *, threshold=None, metadata=None, num_threads=None, runtime="auto"):
    """Opens a `.tflite` file that `export/to_tflite.py` wrote.

    Such a file carries its metadata and a checksum: a damaged one is refused before the runtime
    sees it. A file without metadata (of another program, or older) is used where `threshold` or
    `metadata` is given. It has no checksum: most damage to its graph is refused, damage to its
    weights changes scores without a sign of it. Of 2000 such files with flipped bytes none crashed
    ai-edge-litert, three crashed tflite-runtime 2.14 (`tests/tflite_fuzz.py`).

    Args:
        path: of the file; None for the demonstration inside the package, which was trained on
            synthetic faces alone.
        threshold: to use in place of the model's own.
        metadata: `ModelMetadata` to use in place of the file's. Where the file has none and only
            `threshold` is given, they are those of a model that scores by its noise.
        num_threads: threads that a score may use; None leaves it to the runtime.
        runtime: `"ai-edge-litert"`, `"tflite-runtime"`, `"tensorflow"`, or `"auto"` for the first
            of them, in that order, that can be imported.

    Returns:
        `LivenessDetector`.

    Raises:
        DataError: the file is missing, damaged, no model of this package or without metadata, or
            an argument is wrong; the message says what was expected.
        ImportError: there is no runtime; the message names the three.

    Warns:
        demonstration.DemonstrationWarning: once, with the model inside the package.

    Example:
        >>> detector = load_tflite("exported/float32.tflite")  # doctest: +SKIP
        >>> crop = detector.crop(frame, eyes)  # doctest: +SKIP
        >>> detector.predict(crop).is_attack  # doctest: +SKIP
    """
    if path is None:
        path = demonstration_path()
    return LivenessDetector(
        *open_tflite(
            path, threshold=threshold, metadata=metadata, num_threads=num_threads, runtime=runtime
        )
    )


def open_tflite(path, *, threshold=None, metadata=None, num_threads=None, runtime="auto"):
    """`(TfliteModel, ModelMetadata)` of a file; arguments and errors as for `load_tflite`."""
    path = Path(path)
    content = read_content(path)
    own = metadata_of(content, path)
    if own is None and metadata is None and threshold is None:
        raise missing_metadata(path)
    if own is None:  # otherwise it is known to be as it was written
        check_structure(content, path)
    model = TfliteModel(content, path, num_threads, runtime)
    size = model.image_size
    metadata = metadata or own or ModelMetadata(image_size=size, package_version=None)
    # The graph takes no other crops.
    metadata = dataclasses.replace(metadata, crop_dtype="uint8")
    metadata.check_usable(path)
    if metadata.image_size != size:
        raise DataError(
            f"{path}: image_size: expected {size}, which its graph takes; "
            f"its metadata say {metadata.image_size}"
        )
    return model, metadata if threshold is None else metadata.with_threshold(threshold)


class LivenessDetector:
    """Spoof scores and decisions of face crops; higher scores mean attack.

    Crops are RGB uint8 arrays `(height, width, 3)` that hold what `crop` cuts out: the face square
    of the training, of any size; another than the model's is resized as in training. Instead of an
    array a path of an image file serves, where Pillow or OpenCV is installed, and a list or tuple
    of these gives a list of answers. Threads may share a detector; they take turns.

    All methods raise `DataError`, with a sentence that says what was expected: for an image that is
    none, and where the model's answer is not finite.

    Attributes:
        metadata: `ModelMetadata`, with the threshold in use.
    """

    def __init__(self, model, metadata):
        self.metadata = metadata
        self._model = model

    def score(self, image):
        """The spoof score, a float; of a list of crops, a `(n,)` float32 array.

        Args:
            image: a crop, a path or a list of them, see the class.
        """
        if isinstance(image, list | tuple):
            return np.array([self.score(one) for one in image], np.float32)
        return _finite(self._model.score(self._prepared(image)))

    def predict(self, image):
        """The decision, a `Prediction`; of a list of crops, a list of them.

        Args:
            image: a crop, a path or a list of them, see the class.

        Raises:
            DataError: as everywhere; and where the model has no threshold and none was given.
        """
        threshold = self.metadata.threshold
        if threshold is None:
            raise DataError(
                "threshold: the model carries none, so it gives scores and no decisions; "
                "load_tflite(..., threshold=T) supplies one"
            )
        if isinstance(image, list | tuple):
            return [self.predict(one) for one in image]
        score = self.score(image)
        return Prediction(score, score >= threshold, threshold)

    def despoof(self, image):
        """The score and what the model makes of the picture; of a list of crops, a list of these.

        Args:
            image: a crop, a path or a list of them, see the class.

        Returns:
            Mapping: `score`, a float, and float32 arrays `noise` and `live_estimate` `(S, S, 6)`
            (HSV, then RGB; 8-bit values divided by 256) and `zero_one_map` `(S / 8, S / 8, 1)`; a
            model of the variant `light` has only the last.
        """
        if isinstance(image, list | tuple):
            return [self.despoof(one) for one in image]
        found = {
            name: value[0] for name, value in self._model.despoof(self._prepared(image)).items()
        }
        return {**found, "score": _finite(float(found["score"]))}

    def crop(self, image, eyes):
        """Cuts a face out of a whole frame, as in training.

        Args:
            image: `(height, width, 3)` RGB uint8 frame, or a path, see the class.
            eyes: `(x_right, y_right, x_left, y_left)` in pixels, the subject's right eye (the one
                on the image's left) first.

        Returns:
            `(S, S, 3)` RGB uint8, to be scored.

        Raises:
            DataError: as everywhere; and for eyes that are none, or a face outside the frame.
        """
        crop = crop_face(
            rgb_picture(image), eyes, self.metadata.image_size, rule=self.metadata.crop_rule
        )
        return np.rint(crop).astype(np.uint8)

    def _prepared(self, image):
        """The `(S, S, 3)` uint8 crop of an image."""
        image, size = rgb_picture(image), self.metadata.image_size
        if image.shape[:2] != (size, size):
            image = np.rint(resize(image, size)).astype(np.uint8)
        return image


def _finite(score):
    if not math.isfinite(score):
        raise DataError(f"image: the model gives no finite score for it, but {score}")
    return score
