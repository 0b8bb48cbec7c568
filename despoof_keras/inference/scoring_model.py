"""A model that scores face crops, whatever file it came from (NumPy only)."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from despoof_keras.errors import DataError
from despoof_keras.metadata import ModelMetadata

# Crops in a call of the network. It bounds the memory: at 256 pixels a map of the decoder's first
# layer takes a quarter of a gigabyte then (28 channels in float32).
SCORING_BATCH = 32

# From a batch of crops, `(n, S, S, 3)` in the metadata's `crop_dtype`, to arrays or tensors by
# name, see `export.endpoints`.
BatchFunction = Callable[[np.ndarray], Mapping[str, npt.ArrayLike]]


@dataclasses.dataclass(frozen=True)
class ScoringModel:
    """A model that scores face crops, whatever file it came from.

    Attributes:
        kind: one of `open_model.KINDS`.
        metadata: `ModelMetadata`; a crop is an attack when its score is at least
            `metadata.threshold`, where there is one.
        score_batch, despoof_batch: what the file's runtime computes for at most `SCORING_BATCH`
            crops. `scores` and `despoof` check the crops and take any number of them.
    """

    kind: str
    metadata: ModelMetadata
    score_batch: BatchFunction
    despoof_batch: BatchFunction

    def scores(self, crops: npt.ArrayLike) -> np.ndarray:
        """Score face crops.

        Args:
            crops: `(n, S, S, 3)` RGB in [0, 255], as `crop_face` makes them at the size
                `metadata.image_size`. They are rounded here if the metadata say so.

        Returns:
            `(n,)` float32 spoof scores, higher means attack; NaN where the model's answer is not
            finite.

        Raises:
            DataError: the crops have another shape, type or range, or look as if they were scaled
                to [0, 1].
        """
        return self._run(self.score_batch, crops)["score"]

    def despoof(self, crops: npt.ArrayLike) -> dict[str, np.ndarray]:
        """Score face crops and take the pictures apart.

        Args:
            crops: as `scores` takes them.

        Returns:
            Mapping of float32 arrays: `score` as from `scores`, `noise`, `live_estimate`,
            `zero_one_map`, and, unless the model is an export, `depth`; see
            `endpoints.despoof_endpoint`. A light TFLite model has only `score` and `zero_one_map`.

        Raises:
            DataError: the crops have another shape, type or range, or look as if they were scaled
                to [0, 1].
        """
        return self._run(self.despoof_batch, crops)

    def _run(self, function, crops):
        crops = self._checked(crops)
        # TensorFlow convolves no empty batch, so a black crop stands in for none.
        batches = crops if len(crops) else np.zeros((1, *crops.shape[1:]), crops.dtype)
        starts = range(0, len(batches), SCORING_BATCH)
        parts = [function(batches[start : start + SCORING_BATCH]) for start in starts]
        outputs = {
            name: np.concatenate([np.asarray(part[name]) for part in parts])[: len(crops)]
            for name in parts[0]
        }
        score = outputs["score"]
        outputs["score"] = np.where(np.isfinite(score), score, np.float32(np.nan))
        return outputs

    def _checked(self, crops):
        """Check the crops and convert them to the metadata's dtype."""
        size = self.metadata.image_size
        expected = f"crops: expected numbers of shape (n, {size}, {size}, 3)"
        try:
            crops = np.asarray(crops)
        except ValueError as error:  # pictures of several sizes
            raise DataError(f"{expected}; received pictures of unlike shapes") from error
        if crops.shape == (0,):  # an empty list
            crops = crops.reshape(0, size, size, 3)
        if crops.dtype.kind not in "uif":
            raise DataError(f"{expected}; received {crops.dtype}")
        if crops.shape[1:] != (size, size, 3):
            raise DataError(f"{expected}; received {crops.shape}{self._shape_hint(crops.shape)}")
        self._check_range(crops)
        crops = crops.astype(np.float32)
        return np.rint(crops).astype(np.uint8) if self.metadata.crop_dtype == "uint8" else crops

    def _shape_hint(self, shape):
        size = self.metadata.image_size
        if shape == (size, size, 3):
            return "; crop[None] makes a batch of one crop"
        if shape[1:] == (3, size, size):
            return "; np.moveaxis(crops, 1, -1) moves the colours to the end"
        if len(shape) == 4 and shape[-1] == 3:
            return "; crop_face(frame, eyes, size) cuts a face at this size"
        return ""

    @staticmethod
    def _check_range(crops):
        if not crops.size:
            return
        low, high = crops.min(), crops.max()
        if not np.isfinite([low, high]).all():
            raise DataError("crops: expected finite values in [0, 255]; some are not finite")
        span = f"crops: expected values in [0, 255]; received {low:g} to {high:g}"
        if low < 0 or high > 255:
            raise DataError(span)
        # Faces that were cut out of 8-bit pictures, but for black, are brighter.
        if crops.dtype.kind == "f" and 0 < high <= 1:
            raise DataError(f"{span}, as if they were divided by 255; 255 * crops undoes it")
