"""The conditions of a robustness measurement: what is changed, where, and how strongly.

Each family changes one thing at several strengths, and has a neutral strength that changes nothing.
What acts on a picture acts on the whole frame before the face is cut out; what acts on the face box
leaves the frame as it is. `perturbation` does what is listed here.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from despoof_keras.errors import DataError

BOX, FRAME, CLIP = "face box", "frame", "clip"
# Correlated colour temperature of the white of sRGB, in kelvin (CIE standard illuminant D65).
SRGB_WHITE = 6504.0


@dataclasses.dataclass(frozen=True)
class Family:
    """One thing that is changed.

    Attributes:
        name: in results and options.
        title: what it is called in charts.
        unit: what the labels of its strengths are measured in; may be empty.
        acts_on: `BOX`, `FRAME`, or `CLIP` where a frame depends on those before it.
        neutral: the strength that changes nothing; infinite for a compression without loss.
        strengths: those to measure, from one end of the scale to the other.
        label: makes a strength's label.
        what: what is done, in a sentence.
    """

    name: str
    title: str
    unit: str
    acts_on: str
    neutral: float
    strengths: tuple[float, ...]
    label: Callable[[float], str]
    what: str


class Condition(NamedTuple):
    """A family of `FAMILIES`, by name, at a strength."""

    family: str
    strength: float

    @property
    def label(self) -> str:
        """The strength as a reader sees it."""
        return FAMILIES[self.family].label(self.strength)


def _percent(strength):
    return f"{round(100 * strength, 6):g} %"


def _plain(strength):
    return f"{strength:g}"


def _fraction(strength):
    return f"1/{1 / strength:g}"


_ROWS = (
    Family(
        "shift",
        "Face box shifted",
        "of its side",
        BOX,
        0.0,
        (0.05, 0.10, 0.20),
        _percent,
        "The box moves by this share of its side, in a direction of its own for each presentation.",
    ),
    Family(
        "scale",
        "Face box scaled",
        "times its side",
        BOX,
        1.0,
        (0.8, 0.9, 1.1, 1.25),
        _plain,
        "The box's side is multiplied; its centre stays.",
    ),
    Family(
        "rotation",
        "Face box rotated",
        "degrees",
        BOX,
        0.0,
        (5.0, 10.0, 20.0),
        _plain,
        "The box turns around its centre, to the side of each presentation's own; cubic "
        "interpolation.",
    ),
    Family(
        "downscale",
        "Picture reduced",
        "of its size",
        FRAME,
        1.0,
        (0.5, 0.25),
        _fraction,
        "The frame is reduced by averaging over areas, and enlarged again bilinearly.",
    ),
    Family(
        "jpeg",
        "JPEG quality",
        "",
        FRAME,
        math.inf,
        (90.0, 70.0, 50.0, 30.0),
        _plain,
        "The frame is compressed as JPEG, colours at half the resolution (4:2:0).",
    ),
    Family(
        "h264",
        "H.264",
        "bits per pixel",
        CLIP,
        math.inf,
        (0.3, 0.1, 0.03),
        _plain,
        "The clip is compressed at this average bit rate, by x264 as a phone's camera would: a key "
        "frame each second, no B-frames, 4:2:0.",
    ),
    Family(
        "gamma",
        "Gamma",
        "",
        FRAME,
        1.0,
        (0.5, 0.7, 1.4, 2.0),
        _plain,
        "Pixel values, in [0, 1], are raised to this power: below 1 the picture is brighter.",
    ),
    Family(
        "darken",
        "Darkened",
        "of the light",
        FRAME,
        1.0,
        (0.5, 0.25, 0.1),
        _percent,
        "This share of the light is left, in linear light (sRGB), rounded to 8 bits.",
    ),
    Family(
        "white_balance",
        "White balance off",
        "kelvin",
        FRAME,
        SRGB_WHITE,
        (4000.0, 5000.0, 9000.0, 15000.0),
        _plain,
        "The picture is balanced for daylight of this temperature instead of 6504 K: lower is "
        "bluer, higher is redder.",
    ),
    Family(
        "blur",
        "Blurred",
        "of the eye distance",
        FRAME,
        0.0,
        (0.01, 0.02, 0.04),
        _percent,
        "Gaussian blur; its standard deviation is this share of the distance of the eyes.",
    ),
)
FAMILIES = {family.name: family for family in _ROWS}


def conditions_of(families: Iterable[str] | None = None) -> tuple[Condition, ...]:
    """List the conditions of some families, in the order of `FAMILIES`.

    Args:
        families: names; None takes all.

    Raises:
        DataError: there is no such family.

    Example:
        >>> [condition.label for condition in conditions_of(["downscale"])]
        ['1/2', '1/4']
    """
    names = set(FAMILIES if families is None else families)
    unknown = sorted(names - set(FAMILIES))
    if unknown:
        raise DataError(
            f"families: expected some of {', '.join(FAMILIES)}; received {', '.join(unknown)}"
        )
    return tuple(
        Condition(family.name, strength)
        for family in _ROWS
        if family.name in names
        for strength in family.strengths
    )
