"""Attacks that are made of bona fide faces, and bona fide faces that went the same way."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from despoof_keras.datasets.samples import (
    CAPTURE,
    FAS_AUG,
    PHYSICS,
    SIMULATED_PREFIX,
    SPSC,
    WAYS,
    Simulation,
)
from despoof_keras.errors import DataError
from despoof_keras.faces.crop import eye_distance
from despoof_keras.simulation import KINDS, PRINT, REPLAY, clues
from despoof_keras.simulation.draws import draw_medium
from despoof_keras.simulation.recapture import photograph, show_again

# What other ways than the physics put on a picture.
_MARKS = {
    (SPSC, PRINT): clues.jittered,
    (SPSC, REPLAY): clues.with_moire,
    (FAS_AUG, PRINT): clues.halftoned,
    (FAS_AUG, REPLAY): lambda picture, rng: clues.with_moire(clues.redisplayed(picture, rng), rng),
}
# The smallest picture whose medium has any structure.
SMALLEST = 32


class _Simulated:
    """What both have in common: a stream of draws by a seed and the number of the call."""

    def __init__(self, seed: int = 0):
        self._seed = seed
        self._numbers = itertools.count()

    def _draws(self, number):
        return np.random.default_rng(
            (self._seed, next(self._numbers) if number is None else number)
        )


class SimulatedAttack(_Simulated):
    """Turns a bona fide picture into a presentation attack by the physics of print and replay.

    A printer's inks, dots and paper, or a display's subpixels, gamut and reflections; then
    perspective, the light of a room, a camera's optics, mosaic, noise and processing, and JPEG.
    Every parameter is drawn anew from the wide ranges of `simulation.draws`.

    What the camera does to attacks it must do to bona fide pictures, or a network learns to tell
    pictures that were taken twice: pass those through `SimulatedCapture`.

    Args:
        kind: `"print"` or `"replay"`; None draws one of them.
        seed: with the number of the call it decides everything. Threads may share an object.
        by: `"physics"`; or, to compare it with, the marks that `"spsc"` or `"fas_aug"` put on a
            picture, see `simulation.clues`. These leave the eyes where they are.
        border: whether the medium may end within the picture: a sheet's margin, a display's bezel,
            fingers and the room behind, see `simulation.border`. It shows in crops of 3.5 eye
            distances and more. The marks have none.

    Raises:
        DataError: there is no such kind or way.

    Example:
        >>> attack = SimulatedAttack("print", seed=1)
        >>> image = np.full((64, 64, 3), 128, np.uint8)
        >>> attack(image, (20, 30, 44, 30))[2]
        'simulated_print'
    """

    def __init__(
        self,
        kind: str | None = None,
        seed: int = 0,
        by: str = PHYSICS,
        border: bool = False,
    ):
        if kind not in (None, *KINDS):
            raise DataError(f"kind: expected one of {', '.join(KINDS)}, or none; received {kind!r}")
        if by not in WAYS:
            raise DataError(f"by: expected one of {', '.join(WAYS)}; received {by!r}")
        super().__init__(seed)
        self._kind, self._by, self._border = kind, by, border

    def __call__(
        self, image: np.ndarray, eyes: npt.ArrayLike, number: int | None = None
    ) -> tuple[np.ndarray, np.ndarray, str]:
        """Make an attack of a picture.

        Args:
            image: uint8 `(height, width, 3)` RGB, a crop or a whole frame.
            eyes: `(x_right, y_right, x_left, y_left)` in pixels, the subject's right eye first.
            number: takes the place of the call's own.

        Returns:
            The picture, of the same size; the eyes in it, `(4,)` float64; and the species,
            `"simulated_print"` or `"simulated_replay"`.

        Raises:
            DataError: the picture or the eyes are not as described.
        """
        picture, places = _checked(image, eyes)
        rng = self._draws(number)
        kind = self._kind or KINDS[rng.integers(len(KINDS))]
        if self._by == PHYSICS:
            medium = draw_medium(kind, rng)
            shown, found = show_again(picture, places, medium, rng, self._border)
        else:
            shown, found = _MARKS[self._by, kind](picture, rng), places
        return _of_size(shown, image), found.ravel(), f"{SIMULATED_PREFIX}{kind}"


class SimulatedCapture(_Simulated):
    """Passes a bona fide picture through the camera of `SimulatedAttack`, without a medium.

    Args:
        seed: as in `SimulatedAttack`.
    """

    def __call__(
        self, image: np.ndarray, eyes: npt.ArrayLike, number: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Photograph a picture; arguments as in `SimulatedAttack`, the eyes stay where they are."""
        picture, places = _checked(image, eyes)
        return _of_size(photograph(picture, self._draws(number)), image), places.ravel()


def simulate(
    simulation: Simulation, image: np.ndarray, eyes: npt.ArrayLike, seed: int, number: int
) -> tuple[np.ndarray, np.ndarray]:
    """Make of a picture what a simulation says, an attack or a capture.

    Args:
        simulation: how it is made.
        image, eyes: as for `SimulatedAttack`.
        seed, number: decide every draw.

    Returns:
        The picture, of the same size, and the eyes in it.

    Raises:
        DataError: the picture or the eyes are not as described.
    """
    if simulation.kind == CAPTURE:
        return SimulatedCapture(seed)(image, eyes, number)
    attack = SimulatedAttack(simulation.kind, seed, simulation.by, simulation.border)
    return attack(image, eyes, number)[:2]


def _checked(image: Any, eyes: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The picture with even sides, which a mosaic needs, and the eyes, `(2, 2)`."""
    picture = np.asarray(image)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise DataError(
            f"image: expected uint8 (height, width, 3) RGB; received {picture.dtype} "
            f"{picture.shape}"
        )
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST:
        raise DataError(
            f"image: expected at least {SMALLEST} x {SMALLEST} pixels; received {width} x {height}"
        )
    eye_distance(eyes)
    places = np.asarray(eyes, np.float64).reshape(2, 2)
    if not ((places >= 0) & (places < [width, height])).all():
        raise DataError(
            f"eyes: expected them in the image of {width} x {height} pixels; received "
            f"{places.ravel().tolist()}"
        )
    odd = ((0, height % 2), (0, width % 2), (0, 0))
    return np.pad(picture, odd, "edge"), places


def _of_size(picture, image):
    return np.ascontiguousarray(picture[: image.shape[0], : image.shape[1]])
