"""Error rates of an exported model by video, and its threshold."""

import dataclasses

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.evaluation.rates import dev_threshold, rates_at

# Number of dev videos that a threshold is carried over by: enough for a median, and near enough to
# each other.
_NEAREST_VIDEOS = 20


@dataclasses.dataclass(frozen=True)
class ErrorRates:
    """Error rates by video, as fractions of 1.

    Attributes:
        threshold: A video is called an attack when its score is at least this.
        eer_dev: Equal error rate of dev.
        acer_test: ACER of test at the threshold, or None without test.
        acer_dev: ACER of dev at the threshold.
    """

    threshold: float
    eer_dev: float
    acer_test: float | None
    acer_dev: float


def error_rates(
    dev: LabelledCrops,
    dev_scores: np.ndarray,
    test: LabelledCrops | None = None,
    test_scores: np.ndarray | None = None,
    threshold: float | None = None,
) -> ErrorRates:
    """Measure error rates on dev and test.

    Args:
        dev: Crops of the dev split.
        dev_scores: `(n,)` scores of the crops of `dev`.
        test: Crops of the test split, or None.
        test_scores: `(m,)` scores of the crops of `test`.
        threshold: By default, the EER point of dev.

    Raises:
        DataError: `test` comes without `test_scores`.
    """
    videos = dev.with_scores(dev_scores).by_video()
    rate, eer_point = dev_threshold(videos, "score")
    threshold = eer_point if threshold is None else threshold
    acer_test = None
    if test is not None:
        if test_scores is None:
            raise DataError("test_scores: expected the scores of test; received none")
        acer_test = rates_at(test.with_scores(test_scores).by_video(), "score", threshold)["acer"]
    return ErrorRates(
        threshold=threshold,
        eer_dev=rate,
        acer_test=acer_test,
        acer_dev=rates_at(videos, "score", threshold)["acer"],
    )


def carried_threshold(
    threshold: float, dev: LabelledCrops, float_scores: np.ndarray, scores: np.ndarray
) -> float:
    """Translate the float model's threshold into an exported model's scores.

    The EER point of few videos lies somewhere between two of them. If it were chosen anew,
    rounding could move it between the next two, and change decisions far from it. A threshold that
    is carried over changes only the decisions about videos within reach of the rounding.

    Args:
        threshold: The float model's.
        dev: Crops of the dev split.
        float_scores: `(n,)` scores of the crops by the float model.
        scores: `(n,)` scores of the crops by the exported model.

    Returns:
        The threshold, moved by the median difference of the dev videos nearest to it.
    """
    before, after = (
        dev.with_scores(values).by_video().scores["score"] for values in (float_scores, scores)
    )
    nearest = np.argsort(np.abs(before - threshold))[:_NEAREST_VIDEOS]
    return threshold + float(np.median(after[nearest] - before[nearest]))
