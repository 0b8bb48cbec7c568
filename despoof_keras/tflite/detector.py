"""Liveness detection on a phone: NumPy and a TFLite runtime (`utils.litert`), nothing else."""

import dataclasses
import math
from typing import NamedTuple, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike

from despoof_keras.errors import DataError, shown
from despoof_keras.faces.crop import crop_face, resize
from despoof_keras.metadata import ModelMetadata
from despoof_keras.tflite.demonstration import demonstration_path
from despoof_keras.tflite.file import TfliteFile, missing_metadata
from despoof_keras.tflite.model import TfliteModel
from despoof_keras.tflite.pictures import Picture, rgb_picture
from despoof_keras.tflite.structure import check_structure
from despoof_keras.utils.contents import Path, Source

AnyPicture = TypeVar("AnyPicture", bound=Picture)
# Several pictures in a call.
Pictures = list[AnyPicture] | tuple[AnyPicture, ...]


class Prediction(NamedTuple):
    """A decision: an attack if `spoof_score >= threshold`."""

    spoof_score: float
    is_attack: bool
    threshold: float

    @property
    def score(self) -> float:
        """`spoof_score`, by the name that `LivenessDetector.despoof` gives it."""
        return self.spoof_score


def load_tflite(
    path: Source | None = None,
    *,
    threshold: float | None = None,
    metadata: ModelMetadata | None = None,
    num_threads: int | None = None,
    runtime: str = "auto",
) -> "LivenessDetector":
    """Open a `.tflite` file that `export/to_tflite.py` wrote.

    Such a file carries its metadata and a checksum, so that a damaged file is refused before the
    runtime sees it. A file without metadata, of another program or an older version, can be used if
    `threshold` or `metadata` is given. As it has no checksum, most damage to its graph is detected,
    but damage to its weights silently changes scores. Of 2000 such files with flipped bytes none
    crashed ai-edge-litert, and three crashed tflite-runtime 2.14 (`tests/helpers/tflite_fuzz.py`).

    Args:
        path: Path of the file, its bytes, or a binary file object; None for the demonstration
            inside the package, which was trained on synthetic faces alone.
        threshold: Threshold to use instead of the model's own.
        metadata: Metadata to use instead of the file's. If the file has none and only `threshold`
            is given, they are those of a model that scores by its noise.
        num_threads: Number of threads that a score may use; None leaves it to the runtime.
        runtime: `"ai-edge-litert"`, `"tflite-runtime"`, `"tensorflow"`, or `"auto"` for the first
            of them, in that order, that can be imported.

    Raises:
        DataError: The file is missing, damaged, no model of this package or without metadata, or
            an argument is wrong; the message says what was expected.
        ImportError: No runtime is installed; the message names the three.

    Warns:
        demonstration.DemonstrationWarning: Once, with the model inside the package.

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


def open_tflite(
    path: Source,
    *,
    threshold: float | None = None,
    metadata: ModelMetadata | None = None,
    num_threads: int | None = None,
    runtime: str = "auto",
) -> tuple[TfliteModel, ModelMetadata]:
    """Open a file, which is read and parsed once, with the metadata to use it by.

    Args and Raises: As for `load_tflite`.
    """
    file = TfliteFile.read(path)
    source = file.source
    single_eyes = file.metadata()
    if single_eyes is None and metadata is None and threshold is None:
        raise missing_metadata(source)
    if single_eyes is None:  # otherwise the seal has shown that the file is as it was written
        check_structure(file)
    model = TfliteModel(file, num_threads, runtime)
    size = model.image_size
    metadata = metadata or single_eyes or ModelMetadata(image_size=size, package_version=None)
    # The graph takes no other crops.
    metadata = dataclasses.replace(metadata, crop_dtype="uint8")
    metadata.check_usable(source)
    if metadata.image_size != size:
        raise DataError(
            f"{source}: image_size: expected {size}, which its graph takes; "
            f"its metadata say {metadata.image_size}"
        )
    return model, metadata if threshold is None else metadata.with_threshold(threshold)


class LivenessDetector:
    """A model that gives spoof scores and decisions for face crops; higher scores mean attack.

    `score`, `predict` and `despoof` take one picture or several:

        image: RGB uint8 array `(height, width, 3)`; or an image file (its path, its bytes, or a
            binary file object), if Pillow or OpenCV is installed; or a list or tuple of these, for
            a list of answers.
        eyes: the eyes in the picture, as `crop` takes them, if it is a whole frame, out of which
            the face is cut then. For several pictures, a list of as many.
        crop: whether a picture without eyes must be a crop as `crop` cuts it, of exactly the
            model's size S x S. This is checked because a model scores anything, also a whole
            photograph squeezed into a square. False takes any picture as it is and resizes it to
            S x S, which is right for face squares that were cut at another size.

    Threads may share a detector; they take turns. All methods raise `DataError` with a sentence
    that says what was expected if a picture or its eyes are invalid or the model's answer is not
    finite.

    Args:
        model: The model.
        metadata: Its metadata, with the threshold to use.

    Attributes:
        metadata: As given.
    """

    def __init__(self, model: TfliteModel, metadata: ModelMetadata):
        self.metadata = metadata
        self._model = model

    @overload
    def score(
        self, image: Picture, *, eyes: ArrayLike | None = None, crop: bool = True
    ) -> float: ...

    @overload
    def score(
        self,
        image: Pictures[AnyPicture],
        *,
        eyes: ArrayLike | None = None,
        crop: bool = True,
    ) -> np.ndarray: ...

    def score(
        self,
        image: Picture | Pictures[AnyPicture],
        *,
        eyes: ArrayLike | None = None,
        crop: bool = True,
    ) -> float | np.ndarray:
        """Compute the spoof score of a crop, or of several.

        Args:
            image, eyes, crop: see the class.

        Returns:
            The score, a float; for a list, a `(n,)` float32 array.
        """
        if isinstance(image, list | tuple):
            scores = [
                self.score(single, eyes=single_eyes, crop=crop)
                for single, single_eyes in _pairs(image, eyes)
            ]
            return np.array(scores, np.float32)
        return _finite(self._model.score(self._prepared(image, eyes, crop)))

    @overload
    def predict(
        self, image: Picture, *, eyes: ArrayLike | None = None, crop: bool = True
    ) -> Prediction: ...

    @overload
    def predict(
        self,
        image: Pictures[AnyPicture],
        *,
        eyes: ArrayLike | None = None,
        crop: bool = True,
    ) -> list[Prediction]: ...

    def predict(
        self,
        image: Picture | Pictures[AnyPicture],
        *,
        eyes: ArrayLike | None = None,
        crop: bool = True,
    ) -> Prediction | list[Prediction]:
        """Decide whether a crop, or each of several, is an attack.

        Args:
            image, eyes, crop: see the class.

        Returns:
            The decision, a `Prediction`; for a list, a list of them.

        Raises:
            DataError: The model has no threshold and none was given, or see the class.

        Example:
            >>> detector.predict(frame, eyes=(438, 210, 545, 204)).is_attack  # doctest: +SKIP
        """
        threshold = self.metadata.threshold
        if threshold is None:
            raise DataError(
                "threshold: the model carries none, so it gives scores and no decisions; "
                "load_tflite(..., threshold=T) supplies one"
            )
        if isinstance(image, list | tuple):
            return [
                self.predict(single, eyes=single_eyes, crop=crop)
                for single, single_eyes in _pairs(image, eyes)
            ]
        score = self.score(image, eyes=eyes, crop=crop)
        return Prediction(score, score >= threshold, threshold)

    @overload
    def despoof(
        self, image: Picture, *, eyes: ArrayLike | None = None, crop: bool = True
    ) -> dict: ...

    @overload
    def despoof(
        self,
        image: Pictures[AnyPicture],
        *,
        eyes: ArrayLike | None = None,
        crop: bool = True,
    ) -> list[dict]: ...

    def despoof(
        self,
        image: Picture | Pictures[AnyPicture],
        *,
        eyes: ArrayLike | None = None,
        crop: bool = True,
    ) -> dict | list[dict]:
        """Compute the score and everything else that the model gives for a crop, or for several.

        Args:
            image, eyes, crop: see the class.

        Returns:
            Mapping: `score`, a float, and float32 arrays `noise` and `live_estimate` `(S, S, 6)`
            (HSV, then RGB; 8-bit values divided by 256) and `zero_one_map` `(S / 8, S / 8, 1)`. A
            model of the variant `light` has only the last. For a list, a list of mappings.
        """
        if isinstance(image, list | tuple):
            return [
                self.despoof(single, eyes=single_eyes, crop=crop)
                for single, single_eyes in _pairs(image, eyes)
            ]
        outputs = self._model.despoof(self._prepared(image, eyes, crop))
        outputs = {name: values[0] for name, values in outputs.items()}
        return {**outputs, "score": _finite(float(outputs["score"]))}

    def crop(self, image: Picture, eyes: ArrayLike) -> np.ndarray:
        """Cut a face out of a whole frame, as in training.

        Args:
            image: `(height, width, 3)` RGB uint8 frame, or the file of one, see the class.
            eyes: `(x_right, y_right, x_left, y_left)` in pixels, the subject's right eye (on the
                image's left) first; their line may lean by 45 degrees.

        Returns:
            `(S, S, 3)` RGB uint8, to be scored.

        Raises:
            DataError: The eyes are invalid or the face is outside the frame, or see the class.
        """
        crop = crop_face(
            rgb_picture(image), eyes, self.metadata.image_size, rule=self.metadata.crop_rule
        )
        return np.rint(crop).astype(np.uint8)

    def _prepared(self, image: Picture, eyes: ArrayLike | None, crop: bool) -> np.ndarray:
        """Make `(S, S, 3)` uint8 of a picture, see the class."""
        if eyes is not None:
            return self.crop(image, eyes)
        picture, size = rgb_picture(image), self.metadata.image_size
        height, width = picture.shape[:2]
        if (height, width) == (size, size):
            return picture
        if crop:
            source = shown(image) if isinstance(image, Path) else "image"
            raise DataError(
                f"{source}: expected a face crop of {size} x {size} pixels, as crop(frame, eyes) "
                f"cuts it; received {width} x {height}; eyes=(x_right, y_right, x_left, y_left) "
                "has the face cut out of a whole picture, and crop=False scores any picture as it "
                "is, resized"
            )
        return np.rint(resize(picture, size, rule=self.metadata.resize)).astype(np.uint8)


def _pairs(pictures, eyes):
    """Give each of several pictures its eyes, or None."""
    if eyes is None:
        eyes = [None] * len(pictures)
    elif not isinstance(eyes, list | tuple):
        eyes = np.atleast_1d(eyes)
    if len(eyes) != len(pictures):
        raise DataError(
            f"eyes: expected a list of {len(pictures)}, as many as there are pictures; received "
            f"{len(eyes)}"
        )
    return zip(pictures, eyes, strict=True)


def _finite(score):
    if not math.isfinite(score):
        raise DataError(f"image: the model gives no finite score for it, but {score}")
    return score
