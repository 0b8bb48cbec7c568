"""ACER and AUC inside `fit`: a streaming metric, to monitor `val_acer` and `val_auc`."""

import keras
import tensorflow as tf
from keras import ops

# Scores are counted in this many bins over their whole range; the rates are exact except for ties
# within a bin (0.0005 of the squashed range).
BINS = 4096


@keras.saving.register_keras_serializable("despoof_keras")
class PresentationAttackRates(keras.metrics.Metric):
    """ACER at the equal error rate's threshold, and AUC, of the frames seen since the last reset.

    The threshold is chosen on the same frames: the values are for watching a training run on the
    dev set, not for reporting, which `metrics.py` and `rates.py` do by video.

    Scores are squashed by `s / (1 + |s|)` and counted in a histogram for each instrument, which
    sums correctly over replicas.

    Args:
        instruments: number of attack instruments.
    """

    def __init__(self, instruments: int, name: str = "rates", **kwargs):
        # Counts must not depend on Keras' `floatx`: half precision counts to 2048 at most.
        super().__init__(name=name, **{"dtype": "float32", **kwargs})
        self.instruments = instruments
        self.counts = self.add_variable((1 + instruments, BINS), initializer="zeros", name="counts")

    def update_state(
        self, spoof_score: tf.Tensor, instrument: tf.Tensor, weight: tf.Tensor | None = None
    ) -> None:
        """Count a batch.

        Args:
            spoof_score: `(batch,)`.
            instrument: `(batch,)` int, 0 for bona fide.
            weight: `(batch,)`, how much each row counts; default: 1.
        """
        squashed = spoof_score / (1.0 + ops.abs(spoof_score))
        bins = ops.cast(ops.floor((squashed + 1.0) * (BINS / 2)), "int32")
        cell = ops.cast(instrument, "int32") * BINS + ops.clip(bins, 0, BINS - 1)
        counts = tf.math.bincount(cell, weights=weight, minlength=(1 + self.instruments) * BINS)
        self.counts.assign_add(
            ops.cast(ops.reshape(counts, (1 + self.instruments, BINS)), self.counts.dtype)
        )

    def result(self) -> dict[str, tf.Tensor]:
        """`{"acer", "auc"}`, fractions of 1; NaN until both classes have been seen."""
        bona_fide, attacks = self.counts[0], self.counts[1:]
        # Share below the lower edge of every bin: an attack there is accepted.
        below_bona_fide = _share_below(bona_fide)
        below_attack = _share_below(ops.sum(attacks, axis=0))
        bpcer = 1.0 - below_bona_fide
        threshold = ops.argmin(ops.abs(bpcer - below_attack))
        apcer = ops.stack([_share_below(row)[threshold] for row in ops.unstack(attacks, axis=0)])
        # An instrument of which no frame was seen has no rate (0 / 0) and does not count.
        seen = ops.sum(attacks, axis=1) > 0
        acer = (ops.max(ops.where(seen, apcer, 0.0)) + bpcer[threshold]) / 2.0
        shares = ops.sum(attacks, axis=0) / ops.sum(attacks)
        above = 1.0 - below_attack - shares / 2.0
        auc = ops.sum(bona_fide / ops.sum(bona_fide) * above)
        both = ops.sum(bona_fide) * ops.sum(attacks) > 0
        return {"acer": ops.where(both, acer, float("nan")), "auc": auc}

    def get_config(self):
        return {**super().get_config(), "instruments": self.instruments}


def _share_below(counts):
    return (ops.cumsum(counts) - counts) / ops.sum(counts)
