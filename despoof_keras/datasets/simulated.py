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
    SIMULATED_PREFIX,
    SimulatedVideos,
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


def with_simulated(samples: Sequence[VideoSample], made: SimulatedVideos) -> list[VideoSample]:
    """The videos, then those that are made of the bona fide ones, see `frame_of`."""
    simulations = made.simulations()
    bona_fide = (sample for sample in samples if not sample.label)
    return [
        *samples,
        *(_made_of(sample, simulation) for sample in bona_fide for simulation in simulations),
    ]


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
    key: str,
    simulation: Simulation,
    index: int,
    frame: np.ndarray,
    eyes: np.ndarray,
    settings: CropSettings,
) -> tuple[np.ndarray, np.ndarray]:
    """Make a frame of a simulated video.

    The draws depend on the video's name and the frame's number alone, so that every machine makes
    the same frame.

    Args:
        key, simulation: of a video of `with_simulated`.
        index: number of the frame.
        frame: uint8 `(height, width, 3)` RGB, of the bona fide video.
        eyes: `(4,)`, in pixels.
        settings: how crops are made; what lies far beyond the crop stays as it is.

    Returns:
        The frame and the eyes in it.

    Raises:
        DataError: the eyes are not in the frame, or the face is too small.
    """
    from despoof_keras.datasets.augment import simulate

    left, top, right, bottom = _part(frame, eyes, settings)
    part, corner = frame[top:bottom, left:right], np.array([left, top] * 2)
    seed = zlib.crc32(key.encode())
    shown, found = simulate(simulation, part, eyes - corner, seed, index)
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
