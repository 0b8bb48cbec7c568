"""The static int8 variant: as many layers in int8 as the score can bear.

Each step of `KEPT` keeps more layers in float (their weights in int8 all the same). The first that
meets the aims on crops that it was not calibrated on is taken, else the best. docs/quantisation.md
has what else was tried.
"""

import logging

import numpy as np
from scipy.stats import spearmanr

from despoof_keras.errors import DataError
from despoof_keras.models.ds_net import DECODER_CHANNELS
from despoof_keras.runtimes import open_interpreter
from despoof_keras.tflite_quantiser import Measurements, StaticQuantiser

logger = logging.getLogger(__name__)

# Aims for the score: median error as a share of the live-spoof gap, rank correlation with float.
MEDIAN_AIM, RANK_AIM = 0.03, 0.999
# The enlargement in the decoder's first layer is no convolution and always in float.
_DECODER = tuple(f"decoder_{number}" for number in range(2, len(DECODER_CHANNELS) + 1))
_FINE = ("encoder_0",)
_FIRST_BLOCK = tuple(f"encoder_1_{number}" for number in (1, 2, 3))
# What the noise is worth to a bona fide face is less than a step of eight bits, and the first
# layers' errors go through all others: hence this order.
KEPT = ((), _DECODER, (*_DECODER, *_FINE), (*_DECODER, *_FINE, *_FIRST_BLOCK))


def quantise(content, crops, score, gap):
    """Makes the int8 file.

    Args:
        content: bytes of the float file with the signature `despoof`.
        crops: `(n, S, S, 3)` uint8, at least two, bona fide and attacks mixed: ranges are measured
            on every other one, the layers to keep chosen on the rest.
        score: name of the model's score, for messages.
        gap: live-spoof gap, in units of the score.

    Returns:
        `(bytes, layers kept in float)`.

    Raises:
        DataError: there are fewer than two crops.
    """
    if len(crops) < 2:
        raise DataError(f"calibration: expected at least two crops; received {len(crops)}")
    measurements, judged = Measurements(content, crops[::2]), crops[1::2]
    expected = _scores(content, judged)
    best = None
    for kept in KEPT:
        made = StaticQuantiser(measurements, kept).finish()
        found = _scores(made, judged)
        median = float(np.median(np.abs(found - expected))) / gap
        rank = float(spearmanr(found, expected).statistic)
        logger.info(
            "int8 with %d layers in float: %s differs by %.2f %%, rank correlation %.4f",
            len(kept), score, 100 * median, rank,
        )  # fmt: skip
        if best is None or median < best[0]:
            best = median, made, kept
        if median <= MEDIAN_AIM and rank >= RANK_AIM:
            return made, list(kept)
    _, made, kept = best
    return made, list(kept)


def _scores(content, crops):
    runner = open_interpreter(content).get_signature_runner("despoof")
    return np.array([runner(image=crop[np.newaxis])["score"].ravel()[0] for crop in crops])
