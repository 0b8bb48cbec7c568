"""Hand-made features of a face crop: global colour and sharpness, local binary patterns."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable

import cv2
import numpy as np
from skimage.feature import local_binary_pattern

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
# Points and radius, among those of Määttä, Hadid, Pietikäinen, IJCB 2011, for faces of 64 pixels.
LBP_SCALES = ((8, 1), (16, 2))
# Patterns of 8 points that change at most twice around the circle (58), and all others as one.
UNIFORM_PATTERNS = 59
# Rings of the spectrum, in cycles a pixel.
RINGS, RING_WIDTH = (0.1, 0.2, 0.3, 0.4), 0.1


def once_for_each_crop(
    describe: Callable[[np.ndarray], np.ndarray],
) -> Callable[[np.ndarray], np.ndarray]:
    """Keep the features of every crop, for the folds of a protocol share most of their videos.

    Args:
        describe: function of a crop, `(S, S, 3)` uint8, that returns `(features,)`.
    """
    known: dict[bytes, np.ndarray] = {}

    @functools.wraps(describe)
    def remembered(crop):
        content = hashlib.blake2b(np.ascontiguousarray(crop), digest_size=16).digest()
        if content not in known:
            known[content] = describe(crop)
        return known[content]

    return remembered


@once_for_each_crop
def global_statistics(crop: np.ndarray) -> np.ndarray:
    """Compute colour and sharpness of a whole crop.

    Args:
        crop: `(S, S, 3)` uint8 RGB.

    Returns:
        `(61,)`: mean, standard deviation and `PERCENTILES` of R, G, B, H, S and V, then the
        logarithms of the Laplacian's variance, of the gradient's mean and mean square, and of the
        shares of the spectrum's energy in `RINGS`.
    """
    hsv = cv2.cvtColor(crop, cv2.COLOR_RGB2HSV)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    channels = np.concatenate([crop.reshape(-1, 3), hsv.reshape(-1, 3)], axis=1)
    colour = [
        channels.mean(axis=0),
        channels.std(axis=0),
        *np.percentile(channels, PERCENTILES, axis=0),
    ]
    gradient = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    sharpness = [
        cv2.Laplacian(grey, cv2.CV_32F).var(),
        gradient.mean(),
        (gradient**2).mean(),
        *ring_energies(grey),
    ]
    return np.concatenate([*colour, np.log1p(sharpness)])


def ring_energies(grey: np.ndarray) -> list[float]:
    """Compute the share of the spectrum's energy in rings of rising frequency, in thousandths.

    Args:
        grey: `(S, S)` float array.
    """
    power = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
    y, x = np.meshgrid(*(np.fft.fftfreq(side) for side in grey.shape), indexing="ij")
    radius = np.hypot(x, y)
    return [
        power[(radius >= low) & (radius < low + RING_WIDTH)].sum() / (power.sum() + 1e-6) * 1e3
        for low in RINGS
    ]


@once_for_each_crop
def lbp_histograms(crop: np.ndarray) -> np.ndarray:
    """Compute histograms of uniform local binary patterns, whatever way they are turned.

    Args:
        crop: `(S, S, 3)` uint8 RGB.

    Returns:
        `(168,)`: for the grey crop, R, G, B and the two colour differences of YCrCb, the share of
        the pixels with each of the `points + 2` patterns, at each of `LBP_SCALES`.

    Reference: Ojala, Pietikäinen, Mäenpää, PAMI 2002 (uniform, rotation-invariant patterns).
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    ycrcb = cv2.cvtColor(crop, cv2.COLOR_RGB2YCrCb)
    planes = [grey, *cv2.split(crop), ycrcb[..., 1], ycrcb[..., 2]]
    return np.concatenate(
        [
            _shares(local_binary_pattern(plane, points, radius, "uniform"), points + 2)
            for plane in planes
            for points, radius in LBP_SCALES
        ]
    )


@once_for_each_crop
def colour_lbp_histograms(crop: np.ndarray) -> np.ndarray:
    """Compute histograms of uniform local binary patterns of the planes of HSV and YCrCb.

    Args:
        crop: `(S, S, 3)` uint8 RGB.

    Returns:
        `(354,)`: for each plane, the share of the pixels with each of the `UNIFORM_PATTERNS` of 8
        points at the radius 1.

    Reference: Boulkenafet, Komulainen, Hadid, "Face spoofing detection using colour texture
    analysis", IEEE TIFS 2016, its LBP features.
    """
    spaces = (cv2.cvtColor(crop, code) for code in (cv2.COLOR_RGB2HSV, cv2.COLOR_RGB2YCrCb))
    return np.concatenate(
        [
            _shares(local_binary_pattern(plane, 8, 1, "nri_uniform"), UNIFORM_PATTERNS)
            for space in spaces
            for plane in cv2.split(space)
        ]
    )


def _shares(patterns, count):
    return np.bincount(patterns.astype(int).ravel(), minlength=count) / patterns.size
