"""Colours of HDR video brought to those of ordinary video, by one documented rule.

HLG and PQ frames (ITU-R BT.2100) show an ordinary picture's white at 203 cd/m2 (BT.2408) and keep
the light above for highlights. They look grey and flat if their values are taken as they are. The
rule: signal to light in cd/m2 (BT.2100; HLG for a display of 1000 cd/m2); BT.2020 primaries to
BT.709; light divided by 203; what is brighter than 90% of white bent smoothly into the last 10%, by
the largest of the three colours so that the hue stays; light to signal by BT.1886, gamma 2.4.
"""

import functools

import numpy as np

PQ, HLG = "PQ", "HLG"
# The numbers of the transfer functions and primaries in ITU-T H.273.
TRANSFERS = {16: PQ, 18: HLG}
BT2020_PRIMARIES, UNKNOWN_PRIMARIES = 9, 2
# BT.2408: an ordinary picture's white, in cd/m2.
WHITE = 203.0
# Share of white up to which light is not changed.
KNEE = 0.9
# BT.1886.
GAMMA = 2.4
HLG_PEAK, HLG_GAMMA = 1000.0, 1.2
# BT.2087: linear light of BT.2020 primaries to those of BT.709.
TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    np.float32,
)
# Steps of the table that turns light into 8 bits; enough for one step of the darkest grey levels.
_STEPS = 1 << 14


def tone_mapped(signal: np.ndarray, transfer: str, primaries: int) -> np.ndarray:
    """Turn an HDR frame into one for an ordinary display.

    Args:
        signal: `(height, width, 3)` RGB uint16, over the whole range.
        transfer: `PQ` or `HLG`.
        primaries: their number in ITU-T H.273; unknown ones are taken for BT.2020.

    Returns:
        `(height, width, 3)` RGB uint8.
    """
    light = _light_table(transfer)[signal]
    if transfer == HLG:  # the display's own gamma acts on the brightness of the scene
        brightness = light @ np.array([0.2627, 0.6780, 0.0593], np.float32)
        light *= (brightness ** (HLG_GAMMA - 1))[..., np.newaxis]
        light *= np.float32(HLG_PEAK / WHITE)
    if primaries in (BT2020_PRIMARIES, UNKNOWN_PRIMARIES):
        light = np.dot(light.reshape(-1, 3), TO_BT709.T).reshape(light.shape)
    largest = light.max(axis=-1, keepdims=True)
    if (largest > KNEE).any():
        over = np.maximum(largest - KNEE, 0) / np.float32(1 - KNEE)
        bent = KNEE + np.float32(1 - KNEE) * over / (1 + over)
        light *= np.where(largest > KNEE, bent / np.maximum(largest, KNEE), 1)
    steps = np.sqrt(np.clip(light, 0, 1)) * (_STEPS - 1)
    return _signal_table()[np.rint(steps).astype(np.uint16)]


@functools.cache
def _light_table(transfer):
    """Light of every 16-bit value: in shares of white for PQ, of the brightest scene for HLG."""
    signal = np.linspace(0, 1, 1 << 16)
    return (_pq_light(signal) / WHITE if transfer == PQ else _hlg_scene(signal)).astype(np.float32)


def _pq_light(signal):
    """BT.2100, table 4: light in cd/m2."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    power = signal ** (1 / m2)
    return 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)


def _hlg_scene(signal):
    """BT.2100, table 5: light of the scene, in shares of the brightest."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)


@functools.cache
def _signal_table():
    """The 8-bit value of light, by the light's square root, which has finer steps in the dark."""
    light = np.linspace(0, 1, _STEPS) ** 2
    return np.rint(255 * light ** (1 / GAMMA)).astype(np.uint8)
