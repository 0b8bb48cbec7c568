"""ACER and AUC as a streaming Keras metric, to monitor `val_acer` and `val_auc` in `fit`."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

# Number of bins over the whole range of squashed scores. The results are exact up to ties within a
# bin, whose width is 0.0005.
BINS = 4096


@keras.saving.register_keras_serializable("despoof_keras")
class PresentationAttackRates(keras.metrics.Metric):
    """ACER at the EER threshold, and AUC, of the frames since the last reset.

    The threshold is chosen on these same frames: the metric serves to watch a training run on the
    dev set. Reported results come from `metrics.py` and `rates.py`, by video.

    Scores are squashed by `s / (1 + |s|)` and counted in a histogram for each instrument.
    Histograms of several replicas can be added.

    Args:
        instruments: number of attack instruments.
    """

    def __init__(self, instruments: int, name: str = "rates", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.instruments = instruments
        self.counts = self.add_variable((1 + instruments, BINS), initializer="zeros", name="counts")

    def update_state(
        self, spoof_score: tf.Tensor, instrument: tf.Tensor, weight: tf.Tensor | None = None
    ) -> None:
        """Count the scores of a batch.

        Args:
            spoof_score: `(batch,)`, higher for attacks.
            instrument: `(batch,)` int, 0 for bona fide.
            weight: `(batch,)`, weight of each row; default: 1.
        """
        squashed = spoof_score / (1.0 + ops.abs(spoof_score))
        bins = ops.cast(ops.floor((squashed + 1.0) * (BINS / 2)), "int32")
        cell = ops.cast(instrument, "int32") * BINS + ops.clip(bins, 0, BINS - 1)
        counts = tf.math.bincount(cell, weights=weight, minlength=(1 + self.instruments) * BINS)
        self.counts.assign_add(
            ops.cast(ops.reshape(counts, (1 + self.instruments, BINS)), self.counts.dtype)
        )

    def result(self) -> dict[str, tf.Tensor]:
        """Return `{"acer", "auc"}`, fractions of 1; NaN unless there are frames of both classes."""
        bona_fide, attacks = self.counts[0], self.counts[1:]
        # Shares of the scores below each bin's lower edge, a candidate threshold.
        below_bona_fide = _share_below(bona_fide)
        below_attack = _share_below(ops.sum(attacks, axis=0))
        bpcer = 1.0 - below_bona_fide
        threshold = ops.argmin(ops.abs(bpcer - below_attack))
        apcer = ops.stack([_share_below(row)[threshold] for row in ops.unstack(attacks, axis=0)])
        # An instrument without frames has no rate (0 / 0) and is left out.
        present = ops.sum(attacks, axis=1) > 0
        acer = (ops.max(ops.where(present, apcer, 0.0)) + bpcer[threshold]) / 2.0
        shares = ops.sum(attacks, axis=0) / ops.sum(attacks)
        above = 1.0 - below_attack - shares / 2.0
        auc = ops.sum(bona_fide / ops.sum(bona_fide) * above)
        both = ops.sum(bona_fide) * ops.sum(attacks) > 0
        return {"acer": ops.where(both, acer, float("nan")), "auc": auc}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "instruments": self.instruments}


def _share_below(counts):
    return (ops.cumsum(counts) - counts) / ops.sum(counts)
