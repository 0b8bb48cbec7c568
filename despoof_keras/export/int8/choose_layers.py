"""The choice of the layers that static int8 computes in int8: as many as the score allows.

Each step of `steps_of` keeps more layers in float (with weights in int8 all the same). The first
that meets the aims on crops that it was not calibrated on is taken, or else the best.
docs/quantisation.md says what else was tried.
"""

import logging
from collections.abc import Callable

import numpy as np
from scipy.stats import spearmanr

from despoof_keras.errors import DataError
from despoof_keras.export.int8.measurements import Measurements
from despoof_keras.export.int8.quantiser import StaticQuantiser
from despoof_keras.models.ds_net import DECODER_CHANNELS
from despoof_keras.tflite.model import DESPOOF
from despoof_keras.utils.litert import open_interpreter

logger = logging.getLogger(__name__)

# Aims for the score: median error as a share of the live-spoof gap, rank correlation with float.
# The latter is to be 0.999; on 800 other crops of the same split it was up to 0.0005 lower than on
# the 150 crops that the layers were chosen on.
MEDIAN_AIM, RANK_AIM = 0.03, 0.9995
# How far the ACER of dev may be from the float model's, as a fraction of 1.
ACER_AIM = 0.003
# One of every so many crops serves the ranges, the others serve the choice: a rank correlation
# close to 1 needs many crops, a range only a few; but of few crops every other one, for whatever
# lies beyond the ranges is cut off.
_RANGES_EVERY, _FEWEST_EVERY, _ENOUGH_FOR_RANGES = 4, 2, 32
# The decoder's first layer is an enlargement, not a convolution, and is always in float.
DECODER = tuple(f"decoder_{number}" for number in range(2, len(DECODER_CHANNELS) + 1))
# The last layers before each score. The noise of bona fide faces is smaller than a step of eight
# bits, and the decoder's narrowest layers, these, lose it. The maps are an eighth of the picture's
# side, so their layers cost next to nothing in float.
_LAST = {
    "noise": DECODER[-2:],
    "zero_one_map": ("zero_one_map_1", "zero_one_map_2"),
    "depth": ("depth_1", "depth_2"),
}
# Then come the first layer, whose errors pass through all others, and the later blocks, whose maps
# are small. The rest of the first block has the most channels on the most pixels, so that each of
# its layers costs time.
_CHEAP = (
    ("encoder_0",),
    tuple(f"encoder_{block}_{number}" for block in (2, 3) for number in (1, 2, 3)),
)
_EXPENSIVE = (("encoder_1_1",), ("encoder_1_2",), ("encoder_1_3",))


def steps_of(score: str) -> list[tuple[str, ...]]:
    """List the choices of layers to keep in float, from the fastest to the most exact.

    Args:
        score: Name of the model's score; layers that it does not need are never kept.

    Returns:
        Names of layers for each choice; for the score `depth`, the layers of DepthNet, and those
        of DSNet with the same names.
    """
    parts = [_LAST[score], *_CHEAP, *_EXPENSIVE]
    if score == "noise":
        parts.append(DECODER[:-2])
    return [sum(parts[:count], ()) for count in range(1, len(parts) + 1)]


def quantise(
    content: bytes,
    crops: np.ndarray,
    score: str,
    gap: float,
    acer_change: Callable[[bytes], float] | None = None,
) -> tuple[bytes, list[str]]:
    """Make the int8 file.

    Args:
        content: Bytes of the float file with the signature `despoof`.
        crops: `(n, S, S, 3)` uint8 RGB, at least two, bona fide and attacks mixed. Some of them
            serve to measure ranges and fit weights, the others to choose the layers to keep.
        score: Name of the model's score.
        gap: Live-spoof gap, in units of the score.
        acer_change: Function from a file's bytes to the absolute difference of its ACER on dev
            from the float model's, a fraction of 1; None without dev.

    Returns:
        `(content, kept)`: the bytes of the file, and the names of the layers kept in float.

    Raises:
        DataError: There are fewer than two crops.
    """
    if len(crops) < 2:
        raise DataError(f"calibration: expected at least two crops; received {len(crops)}")
    fitted, judged = split_calibration(crops)
    measurements = Measurements(content, fitted)
    expected = _scores(content, judged)
    candidates = []
    for kept in steps_of(score):
        quantised = StaticQuantiser(measurements, kept).finish()
        median, rank = _agreement(_scores(quantised, judged), expected, gap)
        logger.info(
            "int8 with %d layers in float: %s differs by %.2f %%, rank correlation %.4f",
            len(kept), score, 100 * median, rank,
        )  # fmt: skip
        # Candidates are compared by the first aim that they miss.
        order = [max(median, MEDIAN_AIM), -min(rank, RANK_AIM), 0.0, len(kept)]
        is_within = median <= MEDIAN_AIM and rank >= RANK_AIM
        if is_within and acer_change is not None:
            change = acer_change(quantised)
            logger.info("ACER of dev differs by %.2f points", 100 * change)
            order[2] = max(change, ACER_AIM)
            is_within = change <= ACER_AIM
        if is_within:
            return quantised, list(kept)
        candidates.append((order, quantised, kept))
    _, quantised, kept = min(candidates)
    return quantised, list(kept)


def split_calibration(crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split calibration crops into those to fit to and those to choose layers on."""
    every = min(max(len(crops) // _ENOUGH_FOR_RANGES, _FEWEST_EVERY), _RANGES_EVERY)
    is_fitted = np.arange(len(crops)) % every == 0
    return crops[is_fitted], crops[~is_fitted]


def _agreement(scores, expected, gap):
    """Return the median error, as a share of the gap, and the rank correlation, -1 for NaN."""
    median = float(np.median(np.abs(scores - expected))) / gap
    return median, float(np.nan_to_num(spearmanr(scores, expected).statistic, nan=-1.0))


def _scores(content, crops):
    runner = open_interpreter(content).get_signature_runner(DESPOOF)
    return np.array([runner(image=crop[np.newaxis])["score"].ravel()[0] for crop in crops])
