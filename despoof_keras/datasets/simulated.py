"""Simulated attacks among the videos of a training split: made of its bona fide ones."""

from __future__ import annotations

import dataclasses
import logging
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from despoof_keras.datasets.samples import (
    BONA_FIDE,
    CAPTURE,
    PHYSICS,
    PRINT,
    REPLAY,
    SIMULATED_PREFIX,
    Simulation,
    VideoSample,
)
from despoof_keras.faces.crop import crop_box

if TYPE_CHECKING:
    from despoof_keras.datasets.crops import CropSettings

logger = logging.getLogger(__name__)

# The part of a frame that is shown by a medium is the face square and this much more, in parts of
# its side, on all sides: the medium is held askew, and its picture of the square moves by less.
_AROUND = 0.15


def with_simulated(
    samples: Sequence[VideoSample],
    attacks: int,
    captures: int = 0,
    by: str = PHYSICS,
    is_fresh: bool = False,
    border: bool = False,
) -> list[VideoSample]:
    """Add simulated videos to others.

    Args:
        samples: the videos.
        attacks, captures: how many of each there are of each bona fide one.
        by, is_fresh, border: as in `Simulation`.

    Returns:
        The videos, then those that `frame_of` makes of the bona fide ones: prints and replays in
        turn, as `SimulatedAttack` makes them, and bona fide ones as of `SimulatedCapture`.
    """
    added = []
    for sample in samples:
        if sample.label:
            continue
        for number in range(attacks):
            kind = (PRINT, REPLAY)[number % 2]
            added.append(_made_of(sample, Simulation(kind, number // 2, by, is_fresh, border)))
        for number in range(captures):
            added.append(_made_of(sample, Simulation(CAPTURE, number, PHYSICS, is_fresh)))
    return [*samples, *added]


def _made_of(sample, simulation):
    kind = simulation.kind
    return dataclasses.replace(
        sample,
        key=f"{sample.key}~{kind}{simulation.number}",
        pai=BONA_FIDE if kind == CAPTURE else f"{SIMULATED_PREFIX}{kind}",
        # Exact depth is of the face; a medium is flat.
        depth_path=sample.depth_path if kind == CAPTURE else None,
        simulation=simulation,
    )


def warn_of_simulated(splits: Mapping[str, Sequence[VideoSample]], source: str | Path) -> list[str]:
    """Warn of the splits whose attacks are simulated for want of others, and list them.

    Args:
        splits: of data that were loaded with `simulate_attacks`.
        source: what the warning begins with.
    """
    found = [split for split, own in splits.items() if any(sample.simulation for sample in own)]
    if found:
        logger.warning(
            "%s: no attacks in %s: simulated prints and replays of the bona fide presentations "
            "take their place. Error rates of these say nothing of other attacks",
            source,
            ", ".join(found),
        )
    return found


def frame_of(
    sample: VideoSample, index: int, frame: np.ndarray, eyes: np.ndarray, settings: CropSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Make a frame of a simulated video.

    The draws depend on the video's name and the frame's number alone, so that every machine makes
    the same frame.

    Args:
        sample: a video of `with_simulated`.
        index: number of the frame.
        frame: uint8 `(height, width, 3)` RGB, of the bona fide video.
        eyes: `(4,)`, in pixels.
        settings: how crops are made; what lies far beyond the crop stays as it is.

    Returns:
        The frame and the eyes in it.

    Raises:
        DataError: the eyes are not in the frame, or the face is too small.
    """
    from despoof_keras.datasets.augment import SimulatedAttack, SimulatedCapture

    left, top, right, bottom = _part(frame, eyes, settings)
    seed = zlib.crc32(sample.key.encode())
    part, corner = frame[top:bottom, left:right], np.array([left, top] * 2)
    simulation = sample.simulation or Simulation(CAPTURE, 0)
    if simulation.kind == CAPTURE:
        shown, found = SimulatedCapture(seed)(part, eyes - corner, index)
    else:
        attack = SimulatedAttack(simulation.kind, seed, simulation.by, simulation.border)
        shown, found, _ = attack(part, eyes - corner, index)
    made = frame.copy()
    made[top:bottom, left:right] = shown
    return made, found + corner


def _part(frame, eyes, settings):
    """The face square with its jitter and more, as far as it is in the frame."""
    x, y, side = crop_box(eyes, settings.crop_rule)
    around = round(side * (_AROUND + settings.jitter / settings.image_size))
    height, width = frame.shape[:2]
    return (
        max(0, x - around),
        max(0, y - around),
        min(width, x + side + around),
        min(height, y + side + around),
    )
