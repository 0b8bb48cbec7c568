"""The static int8 variant: as many layers in int8 as the score can bear.

Each step of `steps_of` keeps more layers in float (their weights in int8 all the same). The first
that meets the aims on crops that it was not calibrated on is taken, else the best.
docs/quantisation.md has what else was tried.
"""

import logging

import numpy as np
from scipy.stats import spearmanr

from despoof_keras.errors import DataError
from despoof_keras.export.int8.measurements import Measurements
from despoof_keras.export.int8.quantiser import StaticQuantiser
from despoof_keras.models.ds_net import DECODER_CHANNELS
from despoof_keras.utils.litert import open_interpreter

logger = logging.getLogger(__name__)

# Aims for the score: median error as a share of the live-spoof gap, rank correlation with float.
# 0.999 is wanted of the latter; on 800 other crops of the same split it was up to 0.0005 less than
# on the 150 that it was chosen on.
MEDIAN_AIM, RANK_AIM = 0.03, 0.9995
# How far the ACER of dev may be from the float model's.
ACER_AIM = 0.003
# One crop of so many is for the ranges, the others are for the choice: a rank correlation close to
# one needs many crops, a range few.
_RANGES_EVERY = 4
# The enlargement in the decoder's first layer is no convolution and always in float.
DECODER = tuple(f"decoder_{number}" for number in range(2, len(DECODER_CHANNELS) + 1))
# The last layers before each score. The noise of bona fide faces is less than a step of eight bits,
# and it is these layers, the decoder's narrowest, that lose it. The maps are an eighth of the
# picture's side, so their layers cost next to nothing in float.
_LAST = {
    "noise": DECODER[-2:],
    "zero_one_map": ("zero_one_map_1", "zero_one_map_2"),
    "depth": ("depth_1", "depth_2"),
}
# Then the first layer, whose errors go through all others, and the later blocks, whose pictures are
# small. The rest of the first block has the most channels on the most pixels, and each layer costs.
_CHEAP = (
    ("encoder_0",),
    tuple(f"encoder_{block}_{number}" for block in (2, 3) for number in (1, 2, 3)),
)
_DEAR = (("encoder_1_1",), ("encoder_1_2",), ("encoder_1_3",))


def steps_of(score):
    """The layers to keep in float, from the fastest choice to the most exact.

    Args:
        score: name of the model's score; layers that it does not need are never kept.

    Returns:
        List of tuples of names; for the depth they are DepthNet's, and DSNet's of the same name.
    """
    parts = [_LAST[score], *_CHEAP, *_DEAR]
    if score == "noise":
        parts.append(DECODER[:-2])
    return [sum(parts[:count], ()) for count in range(1, len(parts) + 1)]


def quantise(content, crops, score, gap, acer_change=None):
    """Makes the int8 file.

    Args:
        content: bytes of the float file with the signature `despoof`.
        crops: `(n, S, S, 3)` uint8, at least two, bona fide and attacks mixed: ranges are measured
            and weights fitted on some, the layers to keep chosen on the rest.
        score: name of the model's score.
        gap: live-spoof gap, in units of the score.
        acer_change: function from a file's bytes to the difference of its ACER on dev from the
            float model's, a fraction of 1; None where there is no dev.

    Returns:
        `(bytes, layers kept in float)`.

    Raises:
        DataError: there are fewer than two crops.
    """
    if len(crops) < 2:
        raise DataError(f"calibration: expected at least two crops; received {len(crops)}")
    fitted, judged = split_calibration(crops)
    measurements = Measurements(content, fitted)
    expected = _scores(content, judged)
    candidates = []
    for kept in steps_of(score):
        made = StaticQuantiser(measurements, kept).finish()
        found = _scores(made, judged)
        median = float(np.median(np.abs(found - expected))) / gap
        rank = float(np.nan_to_num(spearmanr(found, expected).statistic, nan=-1.0))
        logger.info(
            "int8 with %d layers in float: %s differs by %.2f %%, rank correlation %.4f",
            len(kept), score, 100 * median, rank,
        )  # fmt: skip
        # Of those within one aim, the nearest to the next.
        place = [max(median, MEDIAN_AIM), -min(rank, RANK_AIM), 0.0, len(kept)]
        is_within = median <= MEDIAN_AIM and rank >= RANK_AIM
        if is_within and acer_change is not None:
            change = acer_change(made)
            logger.info("ACER of dev differs by %.2f points", 100 * change)
            place[2] = max(change, ACER_AIM)
            is_within = change <= ACER_AIM
        if is_within:
            return made, list(kept)
        candidates.append((place, made, kept))
    _, made, kept = min(candidates)
    return made, list(kept)


def split_calibration(crops):
    """Calibration crops as those to fit on and those to choose on."""
    is_fitted = np.arange(len(crops)) % _RANGES_EVERY == 0
    return crops[is_fitted], crops[~is_fitted]


def _scores(content, crops):
    runner = open_interpreter(content).get_signature_runner("despoof")
    return np.array([runner(image=crop[np.newaxis])["score"].ravel()[0] for crop in crops])
