"""The colours of a head: linear RGB reflectance painted over head coordinates."""

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.synthesis.heads.identity import Identity
from despoof_keras.synthesis.heads.shape import EYE_X, TEXELS, bump, half_width, pair, soft_step

IRIS_RADIUS = 0.094  # 5.9 mm at an eye distance of 63 mm; it varies little between adults
PUPIL_RADIUS = 0.036
SCLERA = np.array([0.55, 0.52, 0.50])
LASHES = 0.18  # share of the light that remains where lashes shade the lid's edge


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int], sigma: tuple[float, float]
) -> NDArray[np.float32]:
    """Draw Gaussian noise of unit variance that is smooth over `sigma` (x, y) texels."""
    sigma_x, sigma_y = sigma
    small = (max(4, int(shape[0] / max(1, sigma_y))), max(4, int(shape[1] / max(1, sigma_x))))
    coarse = cv2.resize(
        rng.standard_normal(small, np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC
    )
    return coarse / (coarse.std() + 1e-6)


def paint(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    identity: Identity,
    rng: np.random.Generator,
    make_up: float,
) -> dict[str, NDArray[np.float32]]:
    """Paint a head.

    Args:
        x, y: head coordinates, float32 (rows, columns).
        identity: `Identity`.
        rng: generator of everything that differs from day to day (blemishes, gaze).
        make_up: 0 to 1; it evens out the skin, reddens lips and cheeks and darkens the lids.

    Returns:
        Mapping of float32 arrays: `open` and `closed` (rows, columns, 3), reflectance with
        open and closed eyes; `hair`, `gloss` and `eyes` (rows, columns) in [0, 1].
    """
    fixed = np.random.default_rng(identity.texture_seed)
    albedo = _skin(x, y, identity, fixed, rng, make_up)
    _paint_lips(albedo, x, y, identity, make_up)
    _paint_nostrils(albedo, x, y, identity)
    _paint_beard(albedo, x, y, identity, fixed)
    _paint_brows(albedo, x, y, identity, fixed)
    closed = albedo.copy()
    _paint_closed_eyes(closed, x, y, identity, make_up)
    eyes = _paint_open_eyes(albedo, x, y, identity, rng, make_up)
    hair = hair_mask(x, y, identity, fixed)
    streaks = np.exp(0.35 * smooth_noise(fixed, x.shape, (1.3, 26)))[..., None]
    for layer in (albedo, closed):
        blend(layer, hair, np.asarray(identity.hair) * streaks)
        if identity.glasses:
            blend(layer, glasses_mask(x, y, identity.glasses), np.array([0.03, 0.028, 0.03]))
    gloss = np.clip(0.55 + 0.4 * bump(x, y, 0, 0.2, 0.25, 0.9) - 0.3 * make_up, 0, 1)
    gloss = gloss * (1 + 0.25 * smooth_noise(fixed, x.shape, (1.5, 1.5))) * (1 - 0.6 * hair)
    return {
        "open": np.clip(albedo, 0.004, 0.9).astype(np.float32),
        "closed": np.clip(closed, 0.004, 0.9).astype(np.float32),
        "hair": hair.astype(np.float32),
        "gloss": np.clip(gloss, 0, 1).astype(np.float32),
        "eyes": eyes.astype(np.float32),
    }


def blend(
    albedo: NDArray[np.floating], mask: NDArray[np.floating], colour: NDArray[np.floating]
) -> None:
    """Lay `colour` over `albedo`, in place, where `mask` is 1."""
    albedo += mask[..., None] * (colour - albedo)


def hair_mask(
    x: NDArray[np.float32], y: NDArray[np.float32], identity: Identity, rng: np.random.Generator
) -> NDArray[np.floating]:
    """Draw the mask of the hair that covers the head, (rows, columns) in [0, 1]."""
    if identity.bald:
        return np.zeros_like(x)
    edge = -identity.crown + identity.hairline - 0.28 * (x / identity.head_width) ** 2
    temple = 0.93 * half_width(y, identity) - 0.05
    ragged = 0.035 * smooth_noise(rng, x.shape, (2.5, 12))
    top = soft_step(edge - y + ragged, width=9)
    sides = soft_step(np.abs(x) - temple + ragged, width=7)
    low = 0.12 if not identity.long_hair else identity.long_hair
    return np.maximum(top, sides * soft_step(low - y, width=14))


def glasses_mask(
    x: NDArray[np.float32], y: NDArray[np.float32], style: str
) -> NDArray[np.floating]:
    """Compute the mask of a pair of glasses' frame, (rows, columns) in [0, 1]."""
    dx, dy = (np.abs(x) - 0.52) / 0.37, (y - 0.06) / 0.27
    power = 2.2 if style == "round" else 4.5
    radius = (np.abs(dx) ** power + np.abs(dy) ** power) ** (1 / power)
    rim = np.abs(radius - 1) * 0.3 - 0.022
    bridge = np.maximum(np.abs(y + 0.02 - 0.06 * np.cos(8 * x)) - 0.02, np.abs(x) - 0.18)
    temple = np.maximum(np.abs(y + 0.06) - 0.028, 0.87 - np.abs(x))
    return soft_step(-np.minimum(np.minimum(rim, bridge), temple), width=2)


def _skin(x, y, identity, fixed, rng, make_up):
    tone = np.asarray(identity.skin)
    shape = x.shape
    red = 0.5 * pair(x, y, 0.68, 0.68, 0.28, 0.24) * (0.5 + make_up)
    red = red + 0.3 * bump(x, y, 0, identity.nose_length, 0.2, 0.15)
    red = red + 0.35 * soft_step(np.abs(x) - half_width(y, identity), width=6)
    red = red + 0.10 * smooth_noise(fixed, shape, (22, 22)) * (1 - 0.6 * make_up)
    dark = 0.05 * smooth_noise(fixed, shape, (30, 30)) + 0.30 * pair(x, y, 0.46, 0.19, 0.15, 0.06)
    pores = 0.08 * smooth_noise(fixed, shape, (1, 1)) + 0.08 * smooth_noise(
        fixed, shape, (2.6, 2.6)
    )
    dark = dark + pores * (1.2 - 0.8 * make_up)
    dark = dark + 0.10 * _wrinkles(x, y, identity)
    dark = dark + (1 - make_up) * _spots(x, y, fixed, int(60 * identity.freckles), 0.012, 0.5)
    spots = (1 - 0.8 * make_up) * _spots(x, y, rng, rng.integers(0, 9), 0.02, 0.7)
    absorb = red[..., None] * np.array([-0.05, 0.45, 0.38]) + dark[..., None] * np.array(
        [0.7, 1.0, 1.15]
    )
    absorb = absorb + spots[..., None] * np.array([0.15, 0.8, 0.7])
    return tone * np.exp(-absorb)


def _wrinkles(x, y, identity):
    folds = np.abs(np.abs(x) - (identity.nose_width + 0.12 + 0.35 * (y - identity.nose_length)))
    lines = np.exp(-0.5 * (folds / 0.03) ** 2) * bump(x, y, 0, identity.nose_length + 0.22, 9, 0.15)
    return lines * 1.6 + pair(x, y, EYE_X, 0.17, 0.2, 0.018)


def _spots(x, y, rng, count, size, strength):
    field = np.zeros_like(x)
    for _ in range(count):
        column = int(rng.uniform(0.22, 0.78) * x.shape[1])
        row = int(rng.uniform(0.3, 0.85) * x.shape[0])
        radius = int(4 * size * TEXELS) + 2
        window = np.s_[
            max(0, row - radius) : row + radius, max(0, column - radius) : column + radius
        ]
        sigma = size * rng.uniform(0.6, 1.6)
        field[window] += (
            strength
            * rng.uniform(0.3, 1)
            * bump(x[window], y[window], x[row, column], y[row, column], sigma, sigma)
        )
    return field


def _paint_lips(albedo, x, y, identity, make_up):
    centre, width, lip = identity.mouth_y, identity.mouth_width, identity.lip_height
    arch = np.clip(1 - (x / width) ** 2, 0, 1)
    bow = lip * (arch**0.8 - 0.35 * bump(x, 0, 0, 0, 0.045, 1))
    upper = soft_step(y - centre + 0.95 * bow, width=4) * soft_step(centre - y, width=3)
    lower = soft_step(centre + 1.35 * lip * arch**0.6 - y, width=5) * soft_step(y - centre, width=3)
    inside = np.maximum(upper, lower) * (arch > 0)
    strength = np.clip(identity.lip_redness + 0.5 * make_up, 0, 1.2)
    tint = np.exp(-strength * np.array([0.25, 0.85, 0.65]))
    blend(albedo, inside, albedo * tint)
    slit = np.exp(-0.5 * ((y - centre - 0.02 * (x / width) ** 2) / 0.013) ** 2)
    slit = slit * soft_step(width * 1.05 - np.abs(x), width=8)
    blend(albedo, 0.8 * slit, albedo * np.array([0.25, 0.15, 0.15]))


def _paint_nostrils(albedo, x, y, identity):
    holes = pair(x, y, 0.11, identity.nose_length + 0.085, 0.05, 0.026)
    blend(albedo, np.clip(1.3 * holes, 0, 0.9), albedo * 0.12)


def _paint_beard(albedo, x, y, identity, rng):
    if not identity.beard:
        return
    jaw = soft_step(y - 0.95 + 0.5 * (1 - np.abs(x)), width=28)
    moustache = bump(x, y, 0, identity.mouth_y - 0.19, 0.32, 0.07)
    area = np.clip(np.maximum(jaw * soft_step(y - 0.6, 20), 1.3 * moustache), 0, 1)
    mouth = bump(x, y, 0, identity.mouth_y, identity.mouth_width * 0.8, 0.11)
    area = area * (1 - np.clip(1.4 * mouth, 0, 1))
    strands = np.clip(0.75 + 0.3 * smooth_noise(rng, x.shape, (1.2, 4)), 0, 1)
    blend(
        albedo,
        area * strands * (0.55 * identity.beard + 0.25 * (identity.beard >= 1)),
        np.asarray(identity.hair),
    )


def _paint_brows(albedo, x, y, identity, rng):
    along = (np.abs(x) - 0.46) / 0.34
    centre = identity.brow_y - identity.brow_arch * (1 - (along - 0.3) ** 2) + 0.05 * along
    thick = identity.brow_thickness * (1.15 - 0.5 * (along + 1) / 2)
    inside = soft_step(thick - np.abs(y - centre), width=4) * soft_step(
        0.34 - np.abs(np.abs(x) - 0.46), 8
    )
    strands = np.clip(0.75 + 0.35 * smooth_noise(rng, x.shape, (1.2, 2.5)), 0, 1)
    blend(albedo, 0.9 * inside * strands, np.asarray(identity.hair) * 0.8)


def _lids(x, identity):
    """Compute the lids' distances from the eye line (upper, lower) and the eye's span."""
    along = (np.abs(x) - EYE_X) / identity.eye_width
    span = np.clip(1 - along**2, 0, 1)
    slant = 0.02 * along
    return identity.eye_height * 1.2 * span**0.75 + slant, identity.eye_height * span - slant, span


def _paint_open_eyes(albedo, x, y, identity, rng, make_up):
    upper, lower, span = _lids(x, identity)
    inside = soft_step(upper + y, 2) * soft_step(lower - y, 2) * (span > 0)
    gaze_x, gaze_y = rng.normal(0, 0.02), rng.normal(-0.005, 0.01)
    side = np.where(x < 0, -EYE_X, EYE_X)
    radius = np.hypot(x - side - gaze_x, y - gaze_y)
    lid_shade = 1 - 0.6 * np.exp(-np.clip(upper + y, 0, None) / 0.035)
    ball = np.broadcast_to(SCLERA, albedo.shape) * (1 - 0.25 * (1 - span))[..., None]
    ball = ball - 0.25 * np.exp(-0.5 * ((np.abs(x) - 0.29) / 0.03) ** 2)[..., None] * np.array(
        [0.1, 0.6, 0.5]
    )
    angle = np.arctan2(y - gaze_y, x - side - gaze_x)
    fibres = 1 + 0.25 * np.cos(17 * angle) * np.cos(31 * angle)
    iris = np.asarray(identity.iris) * (fibres * (0.7 + 5 * np.clip(radius, 0, 0.09)))[..., None]
    iris = iris * (1 - 0.6 * soft_step(radius - IRIS_RADIUS + 0.012, 3))[..., None]
    blend(ball, soft_step(IRIS_RADIUS - radius, 2), iris)
    blend(ball, soft_step(PUPIL_RADIUS - radius, 2), np.array([0.006, 0.006, 0.006]))
    blend(albedo, inside, ball * lid_shade[..., None])
    line = np.exp(-0.5 * ((y + upper) / 0.016) ** 2) * (span > 0)
    blend(albedo, (0.7 + 0.3 * make_up) * line, albedo * LASHES)
    crease = np.exp(-0.5 * ((y + upper + 0.05) / 0.014) ** 2) * span
    blend(albedo, (0.35 + 0.4 * make_up) * crease, albedo * 0.4)
    low_line = np.exp(-0.5 * ((y - lower) / 0.012) ** 2) * (span > 0)
    blend(albedo, 0.35 * low_line, albedo * 0.4)
    return inside


def _paint_closed_eyes(albedo, x, y, identity, make_up):
    _, lower, span = _lids(x, identity)
    line = np.exp(-0.5 * ((y - 0.8 * lower) / 0.016) ** 2) * (span > 0)
    blend(albedo, 0.85 * line, albedo * LASHES)
    lid = np.exp(-0.5 * (y / identity.eye_height) ** 2) * span
    blend(albedo, (0.1 + 0.4 * make_up) * lid, albedo * 0.5)
