"""A model that scores face crops, whatever file it came from (NumPy only)."""

import numpy as np

from despoof_keras.errors import DataError

# Crops in a call of the network. It bounds the memory: at 256 pixels a map of the decoder's first
# layer is a quarter of a gigabyte then (28 channels in float32).
SCORING_BATCH = 32


class ScoringModel:
    """A model that scores face crops, whatever file it came from.

    Attributes:
        kind: one of `open_model.KINDS`.
        metadata: `ModelMetadata`; a crop is an attack when its score is at least
            `metadata.threshold`, where there is one.

    Args:
        score_function, despoof_function: functions from a batch of crops, `(n, S, S, 3)` in
            `metadata.crop_dtype`, to mappings of arrays or tensors, see `endpoints`.
    """

    def __init__(self, kind, metadata, score_function, despoof_function):
        self.kind = kind
        self.metadata = metadata
        self._score_function = score_function
        self._despoof_function = despoof_function

    def scores(self, crops):
        """The spoof scores of face crops.

        Args:
            crops: `(n, S, S, 3)` RGB in [0, 255], as `crop_face` makes them at the size
                `metadata.image_size`. They are rounded here where the metadata say so.

        Returns:
            `(n,)` float32, higher means attack; NaN where the model's answer is not finite.

        Raises:
            DataError: the crops have another shape or range.
        """
        return self._run(self._score_function, crops)["score"]

    def despoof(self, crops):
        """The spoof scores of face crops, and what the model makes of the pictures.

        Args:
            crops: as `scores` takes them.

        Returns:
            Mapping of float32 arrays: `score` as from `scores`, `noise`, `live_estimate`,
            `zero_one_map`, and, unless the model is an export, `depth`; see
            `endpoints.despoof_endpoint`. A light TFLite model has `score` and `zero_one_map` alone.

        Raises:
            DataError: the crops have another shape or range.
        """
        return self._run(self._despoof_function, crops)

    def _run(self, function, crops):
        crops = self._checked(crops)
        # TensorFlow convolves no empty batch, so one crop stands in for none.
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
        """The crops in the dtype of the metadata."""
        size = self.metadata.image_size
        crops = np.asarray(crops, np.float32)
        if crops.ndim != 4 or crops.shape[1:] != (size, size, 3):
            raise DataError(
                f"crops: expected an array of shape (n, {size}, {size}, 3); received {crops.shape}"
            )
        # Written so that NaN does not pass.
        if not ((crops >= 0) & (crops <= 255)).all():
            raise DataError(
                "crops: expected finite values in [0, 255]; "
                f"received {crops.min():g} to {crops.max():g}"
            )
        return np.rint(crops).astype(np.uint8) if self.metadata.crop_dtype == "uint8" else crops
