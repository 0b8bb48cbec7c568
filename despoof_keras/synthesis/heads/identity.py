"""The identity of a synthetic subject: the numbers that determine a head's shape and skin."""

import dataclasses

import numpy as np

# Linear reflectance of very light and very dark skin (RGB, at about 620/540/460 nm) after published
# skin spectra. Tones in between are interpolated on a log scale, since melanin absorbs light.
LIGHT_SKIN = np.array([0.62, 0.40, 0.30])
DARK_SKIN = np.array([0.13, 0.070, 0.045])
HAIR_COLOURS = np.array(
    [
        [0.012, 0.010, 0.010],
        [0.045, 0.026, 0.016],
        [0.13, 0.075, 0.04],
        [0.34, 0.23, 0.12],
        [0.30, 0.29, 0.28],
        [0.16, 0.05, 0.02],
    ]
)  # black, dark brown, brown, blond, grey, red
IRIS_COLOURS = np.array(
    [[0.06, 0.03, 0.015], [0.13, 0.075, 0.03], [0.12, 0.15, 0.08], [0.13, 0.20, 0.28]]
)  # dark brown, hazel, green, blue


@dataclasses.dataclass(frozen=True)
class Identity:
    """A subject. Lengths are in eye distances (about 63 mm), colours are linear reflectances."""

    skin: tuple[float, float, float]
    hair: tuple[float, float, float]
    iris: tuple[float, float, float]
    lip_redness: float  # 0 skin-coloured .. 1 very red
    head_width: float  # half width at the cheekbones
    chin: float  # distance of the chin below the eye line
    crown: float  # distance of the crown above the eye line
    jaw_power: float  # large: square jaw, small: pointed
    nose_length: float
    nose_width: float
    nose_height: float
    mouth_y: float
    mouth_width: float
    lip_height: float
    eye_width: float
    eye_height: float
    brow_y: float
    brow_thickness: float
    brow_arch: float
    cheek: float  # relief of the cheekbones
    hairline: float  # how far hair reaches down the forehead from the crown
    long_hair: float  # length of the hair beside the face, 0 for short hair
    bald: bool
    beard: float  # 0 none .. 1 full
    glasses: str  # "", "round" or "square"
    freckles: float
    texture_seed: int


def draw_identity(rng: np.random.Generator) -> Identity:
    """Draw a subject.

    Args:
        rng: `numpy.random.Generator`.

    Returns:
        `Identity`.
    """
    tone = rng.beta(1.2, 1.3)
    skin = np.exp((1 - tone) * np.log(LIGHT_SKIN) + tone * np.log(DARK_SKIN))
    skin = skin * rng.normal(1.0, [0.04, 0.03, 0.06])
    dark = tone > 0.55
    hair = HAIR_COLOURS[rng.integers(0, 2) if dark else rng.integers(0, len(HAIR_COLOURS))]
    iris = IRIS_COLOURS[0 if dark else rng.integers(0, len(IRIS_COLOURS))]
    long_hair = rng.uniform(1.0, 2.2) if rng.random() < 0.4 else 0.0
    return Identity(
        skin=tuple(skin),
        hair=tuple(hair * rng.uniform(0.8, 1.25)),
        iris=tuple(iris * rng.uniform(0.8, 1.2)),
        lip_redness=rng.uniform(0.25, 0.9),
        head_width=rng.uniform(1.04, 1.22),
        chin=rng.uniform(1.72, 2.0),
        crown=rng.uniform(1.7, 1.95),
        jaw_power=rng.uniform(2.2, 3.6),
        nose_length=rng.uniform(0.68, 0.86),
        nose_width=rng.uniform(0.17, 0.25),
        nose_height=rng.uniform(0.30, 0.46),
        mouth_y=rng.uniform(1.12, 1.24),
        mouth_width=rng.uniform(0.36, 0.48),
        lip_height=rng.uniform(0.075, 0.13),
        eye_width=rng.uniform(0.22, 0.26),
        eye_height=rng.uniform(0.075, 0.105),
        brow_y=rng.uniform(-0.36, -0.26),
        brow_thickness=rng.uniform(0.035, 0.075),
        brow_arch=rng.uniform(0.02, 0.1),
        cheek=rng.uniform(0.02, 0.1),
        hairline=rng.uniform(0.5, 0.95),
        long_hair=long_hair,
        bald=not long_hair and rng.random() < 0.12,
        beard=0.0
        if long_hair
        else rng.choice([0.0, rng.uniform(0.15, 0.5), 1.0], p=[0.5, 0.3, 0.2]),
        glasses=str(rng.choice(["", "round", "square"], p=[0.7, 0.15, 0.15])),
        freckles=rng.uniform(0, 1) ** 3 * (1 - tone),
        texture_seed=int(rng.integers(2**31)),
    )
