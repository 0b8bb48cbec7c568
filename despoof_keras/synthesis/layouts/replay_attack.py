"""Replay-Attack's layout: a laptop's camera; a print, a telephone's and a tablet's display.

Each client has four bona fide clips and twenty attacks, as in the data set, and every clip has
`face-locations/<the same place>.face`. Camera and media differ from those of the OULU-NPU-shaped
set: a coarser sensor, other inks and paper, displays with other pixels and primaries.
"""

import itertools
from typing import NamedTuple

from despoof_keras.datasets.replay_attack import LIGHTINGS, SUPPORTS, TAKES
from despoof_keras.simulation.cameras import Phone
from despoof_keras.simulation.displays import DENSE_STRIPES, STRIPES, Display
from despoof_keras.simulation.lighting import WINDOW, SessionLight
from despoof_keras.simulation.printing import Printer
from despoof_keras.synthesis.clips import Person, Shot
from despoof_keras.synthesis.layouts.layout import Layout, PlannedClip, box_line, change_ending
from despoof_keras.synthesis.media.attacks import Attack

# Sets the seeds of this layout apart from those of others.
_CODE = 101
SPLITS = ("train", "devel", "test")
# First client of each split; the data set has 15, 15 and 20 of them, here counted through.
FIRST_CLIENT = (1, 16, 31)

WEBCAM = Phone(0.72, 0.13, "GRBG", 4200, 9, 0.20, 2.2, 0.90, 0.15, 0.9, 0.5, (70, 88), 28000)
# Ceiling lights before a plain wall; a window without them.
LIGHTS = {
    "controlled": SessionLight(
        (-25, 25), (30, 70), (3700, 4700), (3700, 4700), (0.40, 0.60), (0.5, 1.0)
    ),
    "adverse": SessionLight(
        *((40, 85), (0, 40), (5200, 7600), (4200, 6500), (0.50, 0.80), (0.35, 1.0)), WINDOW
    ),
}
# An office's colour laser printer, on bright plain paper.
LASER = Printer(
    pitch=1.35,
    inks=((0.05, 0.30, 0.62), (0.66, 0.09, 0.28), (0.88, 0.76, 0.12), (0.03, 0.03, 0.035)),
    paper=(0.85, 0.87, 0.92),
    gain=(-0.05, 0.20),
    spread=0.22,
    black=0.7,
    texture=0.015,
    gloss=(0.0, 0.10),
)
# A telephone's small display, held close: its pixels are large.
MOBILE = Display(
    pitch=(1.7, 2.3),
    cells=STRIPES,
    mixing=((0.88, 0.10, 0.02), (0.08, 0.86, 0.06), (0.03, 0.09, 0.88)),
    white=(6200, 8200),
    gamma=(1.8, 2.2),
    black=(0.002, 0.015),
    reflectance=(0.005, 0.03),
    glare=(0.0, 0.08),
)
# A tablet's display.
HIGHDEF = Display(
    pitch=(1.25, 1.6),
    cells=DENSE_STRIPES,
    mixing=((0.97, 0.03, 0.0), (0.02, 0.95, 0.03), (0.0, 0.04, 0.96)),
    white=(5600, 7200),
    gamma=(2.0, 2.4),
    black=(0.001, 0.008),
    reflectance=(0.004, 0.03),
    glare=(0.0, 0.08),
)


class _Kind(NamedTuple):
    """Part of an attack's name: what shows the face, and what with which camera it shows."""

    device: str
    source: str
    medium: str
    shown: Printer | Display


_KINDS = (
    _Kind("print", "highdef", "photo", LASER),
    *(
        _Kind(device, device, medium, display)
        for device, display in (("mobile", MOBILE), ("highdef", HIGHDEF))
        for medium in ("photo", "video")
    ),
)


def _plan(subjects, seed):
    return [
        _planned(place, number, first + offset, seed, lighting, attack)
        for split, first, count in zip(SPLITS, FIRST_CLIENT, subjects, strict=True)
        for offset in range(count)
        for number, (place, lighting, attack) in enumerate(_clips(split, first + offset))
    ]


def _clips(split, client):
    """The places, lightings and attacks of a client's clips."""
    name = f"client{client:03d}_session01"
    for lighting, take in itertools.product(LIGHTINGS, TAKES):
        yield f"{split}/real/{name}_webcam_authenticate_{lighting}_{take}", lighting, None
    for kind, support, lighting in itertools.product(_KINDS, SUPPORTS, LIGHTINGS):
        stem = f"attack_{kind.device}_{name}_{kind.source}_{kind.medium}_{lighting}"
        attack = Attack(kind.shown, kind.medium == "photo", float(support == "hand"))
        yield f"{split}/attack/{support}/{stem}", lighting, attack


def _planned(place, number, client, seed, lighting, attack):
    person = Person((seed, _CODE, client), (seed, _CODE, client, 1))
    shot = Shot(person, (seed, _CODE, client, 2, number), LIGHTS[lighting], WEBCAM, attack)
    positions = change_ending(f"face-locations/{place}", ".face")
    return PlannedClip(f"{place}.mov", positions, shot)


REPLAY_ATTACK = Layout(
    title="Replay-Attack",
    version=1,
    plan=_plan,
    position_line=box_line,
    splits=SPLITS,
    most_subjects=(15, 15, 20),
    subjects=(8, 6, 8),
    size=(240, 320),
    owned=(*SPLITS, "face-locations"),
)
