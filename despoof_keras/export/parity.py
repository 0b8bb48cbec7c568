"""Comparison of TFLite files with the Keras model that they were made from."""

import dataclasses
import statistics
import time
from collections.abc import Iterator, Mapping

import numpy as np
from scipy.stats import spearmanr

from despoof_keras.errors import DataError
from despoof_keras.export.graph import operation_counts
from despoof_keras.export.variants import Bounds, Variant
from despoof_keras.faces.crop import MAP_FACTOR, to_network_range
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.models.scores import spoof_scores
from despoof_keras.tflite.file import TfliteFile
from despoof_keras.tflite.model import DESPOOF, TfliteModel

# Crops in a call of the Keras model.
_KERAS_BATCH = 16
_PER_CENT = 100


@dataclasses.dataclass(frozen=True)
class Answers:
    """The Keras model's answers for crops.

    Attributes:
        score: `(n,)` spoof scores.
        noise: `(n, S, S, 6)` noise.
    """

    score: np.ndarray
    noise: np.ndarray


@dataclasses.dataclass(frozen=True)
class Differences:
    """How far a file's answers are from the Keras model's; NaN where the file answers NaN.

    Attributes:
        score_error_median: Median absolute error of the score, as a share of the live-spoof gap.
        score_error_largest: Largest absolute error of the score, as a share of the gap.
        score_bias: Mean error with its sign, as a share of the gap.
        score_difference: Largest absolute error, in units of the score.
        rank_correlation: Spearman's, of the file's scores with the Keras model's.
        noise_error: Mean absolute error of the noise, as a share of its mean absolute value; None
            for files without noise.
    """

    score_error_median: float
    score_error_largest: float
    score_bias: float
    score_difference: float
    rank_correlation: float
    noise_error: float | None


def keras_answers(model: Despoofer, crops: np.ndarray, score: str) -> Answers:
    """Run the Keras model.

    Args:
        model: Model to run.
        crops: `(n, S, S, 3)` uint8 RGB.
        score: Name of the score to take.

    Raises:
        DataError: The answers are not finite.
    """
    parts = []
    for images in _network_batches(crops):
        outputs = model(images)
        parts.append((np.asarray(spoof_scores(outputs)[score]), np.asarray(outputs["noise"])))
    answers = Answers(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    if not (np.isfinite(answers.score).all() and np.isfinite(answers.noise).all()):
        raise DataError("model: expected finite scores and noise; received others")
    return answers


def keras_scores(model: Despoofer, crops: np.ndarray, score: str) -> np.ndarray:
    """Return `(n,)` scores, as in `keras_answers`, without keeping the noise."""
    parts = [model.predict_scores(images)[score] for images in _network_batches(crops)]
    return np.concatenate([np.asarray(part) for part in parts])


def _network_batches(crops: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(crops), _KERAS_BATCH):
        yield to_network_range(crops[start : start + _KERAS_BATCH])


def open_trial(content: bytes, variant: Variant) -> TfliteModel:
    """Open a newly made file and make sure that it has the variant's signatures and outputs.

    Args:
        content: Bytes of the file.
        variant: The variant that it is.

    Returns:
        The model, which runs on one thread.

    Raises:
        DataError: An operation is not built in, or signatures, types or shapes are wrong.
    """
    custom = [name for name in operation_counts(content) if name.startswith("CUSTOM:")]
    if custom:
        raise DataError(f"{variant.name}: not exported, because it needs {', '.join(custom)}")
    model = TfliteModel(TfliteFile(content, variant.name), num_threads=1)
    size, side = model.image_size, model.image_size // MAP_FACTOR
    expected = {"score": (1,), "zero_one_map": (1, side, side, 1)}
    if variant.gives_noise:
        expected |= dict.fromkeys(("noise", "live_estimate"), (1, size, size, 6))
    outputs = model.despoof(np.zeros((size, size, 3), np.uint8))
    shapes = {name: values.shape for name, values in outputs.items()}
    if shapes != expected:
        raise DataError(
            f"{variant.name}: not exported, because its outputs are {shapes}; expected {expected}"
        )
    return model


def compare(model: TfliteModel, crops: np.ndarray, expected: Answers, gap: float) -> Differences:
    """Compare a file with the Keras model.

    Args:
        model: The file, opened.
        crops: `(n, S, S, 3)` uint8 RGB.
        expected: The Keras model's answers for the crops.
        gap: Live-spoof gap, in units of the score.
    """
    scores, noise_error = model.score_batch(crops)["score"], None
    if DESPOOF in model.signatures:
        despoof_scores, noise_error = _compare_noise(model, crops, expected.noise)
        # A file whose two signatures disagree must not pass.
        scores = np.where(np.isclose(despoof_scores, scores), despoof_scores, np.nan)
    errors = (scores - expected.score) / gap
    return Differences(
        score_error_median=float(np.median(np.abs(errors))),
        score_error_largest=float(np.abs(errors).max()),
        score_bias=float(errors.mean()),
        score_difference=float(np.abs(scores - expected.score).max()),
        rank_correlation=float(spearmanr(scores, expected.score).statistic),
        noise_error=noise_error,
    )


def _compare_noise(model, crops, expected):
    """Return the scores `(n,)` of the signature `despoof`, and the noise's error."""
    scores, difference, size = np.empty(len(crops), np.float32), 0.0, 0.0
    # Crop by crop, because the noise of all of them would take a lot of memory.
    for number, (crop, noise) in enumerate(zip(crops, expected, strict=True)):
        outputs = model.despoof(crop)
        scores[number] = outputs["score"][0]
        difference += np.abs(outputs["noise"][0] - noise).mean(dtype=np.float64)
        size += np.abs(noise).mean(dtype=np.float64)
    return scores, float(difference / size)


def check_bounds(differences: Differences, bounds: Bounds, name: str) -> None:
    """Make sure that differences are within bounds.

    Args:
        differences: Of the file from the Keras model.
        bounds: Of the file's variant.
        name: The variant's, for the message.

    Raises:
        DataError: A difference is larger than its bound, or NaN.
    """
    pairs = {
        "median score error": (differences.score_error_median, bounds.median, "live-spoof gap"),
        "largest score error": (differences.score_error_largest, bounds.largest, "live-spoof gap"),
        "mean noise error": (differences.noise_error, bounds.noise, "noise"),
    }
    for what, (value, bound, unit) in pairs.items():
        # Written so that NaN does not pass.
        if value is not None and not value <= bound:
            raise DataError(
                f"{name}: not exported, because its {what} is {value * _PER_CENT:.3g} % of the "
                f"{unit}, more than {bound * _PER_CENT:.3g} %"
            )


def latency_ratios(
    models: Mapping[str, TfliteModel], crop: np.ndarray, rounds: int
) -> dict[str, float]:
    """Measure the time of a score relative to the first model's.

    The models take turns, so that other load on the machine slows all of them alike.

    Args:
        models: Mapping from name to model.
        crop: `(S, S, 3)` uint8 RGB.
        rounds: Number of scores of each model that the median is taken of.

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
