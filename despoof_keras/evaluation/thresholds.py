"""All thresholds of a system, chosen on dev."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.score_table import ScoreTable

# Largest APCER on dev behind the headline's thresholds, a fraction of 1. The BPCERs there are
# BPCER100, BPCER20 and BPCER10 (ISO/IEC 30107-3).
APCER_BOUNDS = {"0.01": 0.01, "0.05": 0.05, "0.10": 0.10}


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """Thresholds of a system.

    Attributes:
        eer: where dev's error rates are equal, all attacks pooled.
        at_apcer: mapping from the keys of `APCER_BOUNDS`: where the worst instrument's APCER on dev
            is at most the bound.
        own: mapping from each species and instrument of dev to the same by its attacks alone.
    """

    eer: float
    at_apcer: Mapping[str, float]
    own: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, dev: ScoreTable) -> Thresholds:
        """Choose the thresholds on dev.

        Args:
            dev: scores; presentations without one do not count.

        Raises:
            DataError: a class has no score.
        """
        dev = dev.select(dev.acquired)
        bona_fide, attack = dev.spoof_scores[dev.is_bona_fide], dev.spoof_scores[~dev.is_bona_fide]
        columns = [column[~dev.is_bona_fide] for column in (dev.pais, dev.instruments)]
        own = {
            str(name): _at_bounds(bona_fide, attack[column == name], None)
            for column in columns
            for name in np.unique(column)
        }
        return cls(
            metrics.threshold_at_eer(bona_fide, attack),
            _at_bounds(bona_fide, attack, columns[1]),
            own,
        )


def _at_bounds(bona_fide, attack, instruments):
    return {
        key: metrics.threshold_at_apcer(bona_fide, attack, instruments, bound)
        for key, bound in APCER_BOUNDS.items()
    }
