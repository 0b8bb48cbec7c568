"""Published shortcuts to a simulated attack: marks of print and replay put on a picture.

They cost a hundredth of the physics of `recapture`, know no camera and no medium, and are here to
be compared with it.

- SPSC, "simulated physical spoofing clues": He and others, Joint Physical-Digital Facial Attack
  Detection via Simulating Spoofing Clues, CVPR workshops 2024, arXiv 2404.08450. Three live
  pictures in ten become prints by a strong colour jitter and three replays by a moire pattern; the
  strengths are those of the authors' code. Their moire blends in a copy that is swirled around the
  middle; here it is the interference of two gratings, which is what moire is.
- FAS-Aug: Cai and others, Towards Data-Centric Face Anti-Spoofing, 2024, arXiv 2409.03501. A print
  has the colours that inks give, there by ICC profiles of presses, here by the inks of
  `draws.draw_printer`, and dots: grey levels that are cut to ten and dithered. A replay has the
  colours of another display.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np

from despoof_keras.simulation.draws import draw_display, draw_printer, log_uniform
from despoof_keras.simulation.lighting import temperature_rgb

# Of SPSC's colour jitter: factors from 1 - 0.4 to 1 + 0.4, and hue by up to 0.4 of the circle.
JITTER = 0.4
# Share of the pattern in SPSC's moire.
MOIRE_SHARE = 0.2
# Periods of the gratings in pixels: from what a picture just resolves to clearly visible.
MOIRE_PERIOD = (2.0, 6.0)
# Levels of FAS-Aug's halftone.
LEVELS = 10
# Side of the blue noise that dithers, and how often it is filtered.
_TILE, _ROUNDS = 64, 12
# What a picture's values are taken to be encoded by, as in `recapture`.
_GAMMA = 2.2
# OpenCV's hue of 8-bit pictures.
_HUES = 180


def jittered(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change brightness, contrast, saturation and hue strongly: SPSC's print.

    Args:
        picture: uint8 (height, width, 3), RGB.
        rng: generator of all random draws.

    Returns:
        uint8 of the same shape.
    """
    brightness, contrast, saturation = 1 + rng.uniform(-JITTER, JITTER, 3)
    values = picture * np.float32(brightness)
    values = (values - values.mean()) * contrast + values.mean()
    grey = values.mean(axis=2, keepdims=True)
    values = grey + saturation * (values - grey)
    hsv = cv2.cvtColor(_rounded(values), cv2.COLOR_RGB2HSV)
    turn = round(rng.uniform(-JITTER, JITTER) * _HUES) % _HUES
    hsv[..., 0] = (hsv[..., 0].astype(int) + turn) % _HUES
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def with_moire(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lay the interference of two gratings over a picture: SPSC's replay, without its swirl.

    Args, Returns: as for `jittered`.
    """
    period, angle = log_uniform(rng, *MOIRE_PERIOD), rng.uniform(0, np.pi)
    first = _grating(picture.shape, period, angle, rng.uniform(0, 2 * np.pi, 3))
    # The display's pixels against the camera's: nearly the same period, nearly the same angle.
    other, turned = period * rng.uniform(1.03, 1.25), angle + rng.uniform(-0.12, 0.12)
    second = _grating(picture.shape, other, turned, rng.uniform(0, 2 * np.pi, 3))
    return _rounded(picture * (1 + MOIRE_SHARE * first * second))


def halftoned(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Print a picture by ten levels of dots in the colours of inks: FAS-Aug's print.

    Args, Returns: as for `jittered`.
    """
    values = inked(picture, rng).astype(np.float32) * ((LEVELS - 1) / 255)
    row, column = rng.integers(0, _TILE, 2)
    noise = np.roll(_blue_noise(), (row, column), (0, 1))
    height, width = picture.shape[:2]
    tiled = np.tile(noise, (-(-height // _TILE), -(-width // _TILE)))[:height, :width]
    return _rounded(np.floor(values + tiled[..., None]) * (255 / (LEVELS - 1)))


def inked(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give a picture the colours that the inks of a printer can: its gamut, without dots.

    Args, Returns: as for `jittered`.

    Reference: Demichel's and Neugebauer's equations, the mean reflectance of dots that overlap by
    chance.
    """
    printer = draw_printer(rng)
    linear = (picture / np.float32(255)) ** _GAMMA
    reflectance = np.asarray(printer.paper, np.float32)
    # Cyan takes red, magenta green, yellow blue; each takes a little of the others, too.
    for ink, coverage in zip(printer.inks, np.moveaxis(1 - linear, 2, 0), strict=False):
        reflectance = reflectance * (1 - coverage[..., None] * (1 - np.asarray(ink, np.float32)))
    return _rounded(255 * np.clip(reflectance, 0, 1) ** (1 / _GAMMA))


def redisplayed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give a picture the primaries, white point and gamma of another display: FAS-Aug's replay.

    Args, Returns: as for `jittered`.
    """
    display = draw_display(rng)
    light = (picture / np.float32(255)) ** np.float32(rng.uniform(*display.gamma))
    white = temperature_rgb(rng.uniform(*display.white))
    light = light @ np.asarray(display.mixing, np.float32).T * np.float32(white / white.max())
    return _rounded(255 * np.clip(light, 0, 1) ** (1 / _GAMMA))


def _grating(shape, period, angle, phases):
    """Stripes of each channel, float32 of a picture's shape, from -1 to 1."""
    row, column = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    along = (np.cos(angle) * column + np.sin(angle) * row) * np.float32(2 * np.pi / period)
    return np.cos(along[..., None] + np.float32(phases))


@functools.lru_cache(maxsize=1)
def _blue_noise():
    """Thresholds from 0 to 1, each equally often, without low frequencies.

    White noise whose low frequencies are taken out, and whose values are spread evenly again, time
    after time; void and cluster (Ulichney 1993) gives a slightly better one and takes minutes.
    """
    values = np.random.default_rng(0).random((_TILE, _TILE))
    for _ in range(_ROUNDS):
        smooth = cv2.GaussianBlur(np.tile(values, (3, 3)), (0, 0), 1.5)
        high = values - smooth[_TILE : 2 * _TILE, _TILE : 2 * _TILE]
        ranks = np.argsort(np.argsort(high, axis=None)).reshape(values.shape)
        values = (ranks + 0.5) / values.size
    return values.astype(np.float32)


def _rounded(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
