"""Exported files tried in the runtime: the same answers as the Keras model, and error rates."""

import dataclasses
import statistics
import time

import numpy as np
from scipy.stats import spearmanr

from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.rates import rates_at
from despoof_keras.export.graph import operation_counts
from despoof_keras.faces.crop import PIXEL_SCALE
from despoof_keras.tflite.model import TfliteModel

# Crops in a call of the Keras model.
_KERAS_BATCH = 16
_PER_CENT = 100
# Dev videos by which a threshold is carried over: enough for a median, near enough to each other.
_NEAREST_VIDEOS = 20


@dataclasses.dataclass(frozen=True)
class Bounds:
    """How far an export may be from the Keras model, on crops that it has not been fitted to.

    Attributes:
        median, largest: of the score's error, as shares of the live-spoof gap.
        noise: mean absolute error of the noise, as a share of its mean absolute value.
    """

    median: float
    largest: float
    noise: float


@dataclasses.dataclass(frozen=True)
class Answers:
    """What a model gives for crops: `score` `(n,)`, `noise` `(n, S, S, 6)` or None."""

    score: np.ndarray
    noise: np.ndarray | None


def keras_answers(model, crops, score):
    """`Answers` of a `Despoofer` for `(n, S, S, 3)` uint8 crops, by one of its scores.

    Raises:
        DataError: they are not finite.
    """
    from despoof_keras.models.scores import spoof_scores

    parts = []
    for start in range(0, len(crops), _KERAS_BATCH):
        image = crops[start : start + _KERAS_BATCH].astype(np.float32) / np.float32(PIXEL_SCALE)
        outputs = model(image)
        values = spoof_scores(outputs)[score]
        parts.append((np.asarray(values), np.asarray(outputs["noise"])))
    answers = Answers(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    if not (np.isfinite(answers.score).all() and np.isfinite(answers.noise).all()):
        raise DataError("model: expected finite scores and noise; the model gives others")
    return answers


def keras_scores(model, crops, score):
    """`(n,)` scores of a `Despoofer` for uint8 crops, by one of its scores, without its noise."""
    starts = range(0, len(crops), _KERAS_BATCH)
    images = (crops[start : start + _KERAS_BATCH] for start in starts)
    scale = np.float32(PIXEL_SCALE)
    parts = [model.predict_scores(image.astype(np.float32) / scale)[score] for image in images]
    return np.concatenate([np.asarray(part) for part in parts])


def open_trial(content, variant, score_only):
    """Opens a file that was just made, and makes sure that it keeps the contract.

    Args:
        content: bytes.
        variant: its name, for messages.
        score_only: the file need not have a signature `despoof`.

    Returns:
        `TfliteModel`.

    Raises:
        DataError: an operation is not built in, or signatures, types or shapes are not as agreed.
    """
    custom = [name for name in operation_counts(content) if name.startswith("CUSTOM:")]
    if custom:
        raise DataError(f"{variant}: not exported, for it needs {', '.join(custom)}")
    model = TfliteModel(content, variant, num_threads=1)
    size = model.image_size
    wanted = {"score": (1,), "zero_one_map": (1, size // 8, size // 8, 1)}
    if not score_only:
        wanted |= dict.fromkeys(("noise", "live_estimate"), (1, size, size, 6))
    found = model.despoof(np.zeros((size, size, 3), np.uint8))
    shapes = {name: value.shape for name, value in found.items()}
    if shapes != wanted:
        raise DataError(
            f"{variant}: not exported, for it was expected to give {wanted}; it gives {shapes}"
        )
    return model


def compare(model, crops, expected, gap, score_only=False):
    """The differences of an export from the Keras model.

    Args:
        model: `TfliteModel`.
        crops: `(n, S, S, 3)` uint8.
        expected: `Answers` of the Keras model.
        gap: live-spoof gap, in units of the score.
        score_only: the model gives no noise.

    Returns:
        Mapping: `score_error_median`, `score_error_largest` and `score_bias` (the mean error with
        its sign), as shares of the gap; `score_difference`, the largest in the score's own units;
        `rank_correlation` (Spearman); `noise_error`, see `Bounds`, None where there is no noise.
        Errors are NaN where the model's answers are.
    """
    if score_only:
        scores, noise_error = model.score_batch(crops)["score"], None
    else:
        scores, difference, size = np.empty(len(crops), np.float32), 0.0, 0.0
        for number, (crop, noise) in enumerate(zip(crops, expected.noise, strict=True)):
            found = model.despoof(crop)
            scores[number] = found["score"][0]
            difference += np.abs(found["noise"][0] - noise).mean(dtype=np.float64)
            size += np.abs(noise).mean(dtype=np.float64)
        noise_error = float(difference / size)
        # The signature of its own gives the same score.
        scores = np.where(np.isclose(scores, model.score_batch(crops)["score"]), scores, np.nan)
    errors = (scores - expected.score) / gap
    return {
        "score_error_median": float(np.median(np.abs(errors))),
        "score_error_largest": float(np.abs(errors).max()),
        "score_bias": float(errors.mean()),
        "score_difference": float(np.abs(scores - expected.score).max()),
        "rank_correlation": float(spearmanr(scores, expected.score).statistic),
        "noise_error": noise_error,
    }


def check_bounds(found, bounds, variant):
    """Makes sure that differences, as from `compare`, are within bounds.

    Raises:
        DataError: they are not, or they are NaN.
    """
    pairs = {
        "median score error": (found["score_error_median"], bounds.median, "live-spoof gap"),
        "largest score error": (found["score_error_largest"], bounds.largest, "live-spoof gap"),
        "noise's mean error": (found["noise_error"], bounds.noise, "noise"),
    }
    for what, (value, bound, unit) in pairs.items():
        # Written so that NaN does not pass.
        if value is not None and not value <= bound:
            raise DataError(
                f"{variant}: not exported, for its {what} is {value * _PER_CENT:.3g} % of the "
                f"{unit}, more than {bound * _PER_CENT:.3g} %"
            )


def carried_threshold(threshold, dev, float_scores, scores):
    """A threshold of the float model as one of an export's scores.

    The equal error rate of few videos lies somewhere between two of them. Chosen anew, rounding
    can take it to the next two and change decisions far from it; carried over, only those of videos
    that lie nearer to it than the rounding goes.

    Args:
        threshold: the float model's.
        dev: `LabelledCrops`.
        float_scores, scores: `(n,)` scores of its crops, by the float model and the export.

    Returns:
        The threshold, moved by the median difference of the dev videos nearest to it.
    """
    expected, found = (
        dev.with_scores(values).by_video().scores["score"] for values in (float_scores, scores)
    )
    nearest = np.argsort(np.abs(expected - threshold))[:_NEAREST_VIDEOS]
    return threshold + float(np.median(found[nearest] - expected[nearest]))


def error_rates(dev, dev_scores, test=None, test_scores=None, threshold=None):
    """Error rates on dev and test, by video.

    Args:
        dev, test: `LabelledCrops`; test may be None.
        dev_scores, test_scores: `(n,)` scores of their crops.
        threshold: default: dev's EER point.

    Returns:
        Mapping: `threshold`; `eer_dev`; `acer_dev` and `acer_test` at the threshold, None without
        test.
    """
    videos = dev.with_scores(dev_scores).by_video()
    rate, eer_point = metrics.eer(videos.bona_fide("score"), videos.attack("score"))
    threshold = eer_point if threshold is None else threshold
    found = {"threshold": threshold, "eer_dev": rate, "acer_test": None}
    found["acer_dev"] = rates_at(videos, "score", threshold)["acer"]
    if test is not None:
        videos = test.with_scores(test_scores).by_video()
        found["acer_test"] = rates_at(videos, "score", threshold)["acer"]
    return found


def latency_ratios(models, crop, rounds):
    """Time of a score relative to the first model's, measured in turns.

    Args:
        models: mapping from name to `TfliteModel`.
        crop: `(S, S, 3)` uint8.
        rounds: of which the median is taken.

    Returns:
        Mapping from name to ratio.
    """
    seconds = {name: [] for name in models}
    for _ in range(rounds + 1):
        for name, model in models.items():
            start = time.perf_counter()
            model.score(crop)
            seconds[name].append(time.perf_counter() - start)
    # The first round warms the models up.
    medians = {name: statistics.median(values[1:]) for name, values in seconds.items()}
    first = next(iter(medians.values()))
    return {name: value / first for name, value in medians.items()}
