"""Frames that are changed as a whole: reduced, compressed, darkened, wrongly balanced, blurred."""

from collections.abc import Callable

import cv2
import numpy as np

from despoof_keras.evaluation.robustness.conditions import SRGB_WHITE
from despoof_keras.faces.crop import eye_distance

# Coefficients of x in powers of 1000 K / temperature, by ascending power, of daylight of up to
# 7000 K and of more, and of y in powers of x.
# CIE 15:2018, "Colorimetry", section 4.1.2; valid from 4000 K to 25000 K.
_DAYLIGHT_X = ((0.244063, 0.09911, 2.9678, -4.6070), (0.237040, 0.24748, 1.9018, -2.0064))
_DAYLIGHT_BREAK = 7000.0
_DAYLIGHT_Y = (-0.275, 2.870, -3.000)
# Of the linear light of sRGB, IEC 61966-2-1.
_XYZ_TO_RGB = np.array(
    [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
)
_GREEN = 1


def downscaled(frame: np.ndarray, share: float, eyes: np.ndarray) -> np.ndarray:
    """Reduce a frame to a share of its size, averaging over areas, and enlarge it bilinearly."""
    if share == 1:
        return frame
    height, width = frame.shape[:2]
    small = (max(1, round(share * width)), max(1, round(share * height)))
    reduced = cv2.resize(frame, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR)


def jpeg(frame: np.ndarray, quality: float, eyes: np.ndarray) -> np.ndarray:
    """Compress a frame as JPEG with 4:2:0, and decompress it."""
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        int(quality),
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]
    _, content = cv2.imencode(".jpg", frame[..., ::-1], options)
    decoded = np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR))
    return np.ascontiguousarray(decoded[..., ::-1])


def with_gamma(frame: np.ndarray, gamma: float, eyes: np.ndarray) -> np.ndarray:
    """Raise pixel values, in [0, 1], to a power."""
    return _to_8_bits((np.arange(256) / 255) ** gamma)[frame]


def darkened(frame: np.ndarray, share: float, eyes: np.ndarray) -> np.ndarray:
    """Leave a share of the light, in linear light."""
    return _to_8_bits(_to_signal(share * _to_light()))[frame]


def balanced_for(frame: np.ndarray, temperature: float, eyes: np.ndarray) -> np.ndarray:
    """Balance a picture for daylight of another temperature than that of sRGB's white.

    Green stays as it is, as in a camera, and what exceeds the range is cut off.
    """
    light = _to_light()
    tables = [_to_8_bits(_to_signal(gain * light)) for gain in balance_gains(temperature)]
    return np.stack([table[frame[..., i]] for i, table in enumerate(tables)], axis=-1)


def blurred(frame: np.ndarray, share: float, eyes: np.ndarray) -> np.ndarray:
    """Blur a frame; the standard deviation is a share of the distance of the eyes."""
    sigma = share * eye_distance(eyes)
    if sigma <= 0:
        return frame
    return cv2.GaussianBlur(frame, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


FRAME_FUNCTIONS: dict[str, Callable[[np.ndarray, float, np.ndarray], np.ndarray]] = {
    "downscale": downscaled,
    "jpeg": jpeg,
    "gamma": with_gamma,
    "darken": darkened,
    "white_balance": balanced_for,
    "blur": blurred,
}


def balance_gains(temperature: float) -> np.ndarray:
    """Gains on linear red, green and blue of a picture balanced for another daylight, `(3,)`.

    A camera divides by the colour of the light that it assumes. Under sRGB's white, assuming
    daylight of `temperature`, what is grey gets the quotient of the two colours.

    Args:
        temperature: in kelvin, from 4000 to 25000.

    Reference: CIE 15:2018 for the colour of daylight.
    """
    gains = _daylight_rgb(SRGB_WHITE) / _daylight_rgb(temperature)
    return gains / gains[_GREEN]


def _daylight_rgb(temperature):
    powers = (1000 / temperature) ** np.arange(4)
    x = float(np.dot(_DAYLIGHT_X[temperature > _DAYLIGHT_BREAK], powers))
    y = float(np.dot(_DAYLIGHT_Y, x ** np.arange(3)))
    return _XYZ_TO_RGB @ np.array([x / y, 1, (1 - x - y) / y])


def _to_light():
    """Linear light of all 8-bit values, in [0, 1] (IEC 61966-2-1)."""
    signal = np.arange(256) / 255
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def _to_signal(light):
    """The inverse of `_to_light`."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _to_8_bits(signal):
    return np.rint(255 * np.clip(signal, 0, 1)).astype(np.uint8)
