"""The vocabulary of all data sets: splits, species, instruments, and one record for each video."""

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from despoof_keras.errors import DataError
from despoof_keras.simulation import KINDS

SPLITS = ("train", "dev", "test")
BONA_FIDE = "bona_fide"
# What a simulated video is besides one of `simulation.KINDS`: a face, by the camera of these.
CAPTURE = "capture"
# The species of simulated attacks begin so, so that nobody takes them for recorded ones.
SIMULATED_PREFIX = "simulated_"
# How simulated attacks are made: by the physics of print and replay, or by marks that others put on
# pictures, see `simulation.clues`.
PHYSICS, SPSC, FAS_AUG = WAYS = ("physics", "spsc", "fas_aug")
# Other words for a bona fide presentation, which would otherwise pass for attack species.
BONA_FIDE_WORDS = frozenset({"bona_fide", "bonafide", "live", "real", "genuine", "client"})
# A species is named in lower case. A number at the end distinguishes makes of one instrument (two
# printers, two displays); without it, the name is the instrument's.
_SPECIES = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_MAKE = re.compile(r"_\d+$")


def instrument_of(pai: str) -> str:
    """Instrument of a species: `"print"` for `"print_2"`; a name without a number is its own."""
    return _MAKE.sub("", pai)


def instruments_of(species: Iterable[str]) -> tuple[str, ...]:
    """The attack instruments of some species, each once, in the order of the species."""
    return tuple(dict.fromkeys(instrument_of(pai) for pai in species if pai != BONA_FIDE))


class Annotation(NamedTuple):
    """Positions of a face or its eyes, in a format of the data set.

    Attributes:
        path: the file.
        kind: its format, a key of `annotations.FORMATS`.
    """

    path: Path
    kind: str


class Simulation(NamedTuple):
    """How a simulated video is made of a bona fide one.

    Attributes:
        kind: one of `simulation.KINDS`, or `CAPTURE`.
        number: tells several of a kind apart.
        by: one of `WAYS`; captures are of the physics.
        is_fresh: whether crops are made of the frames as they are, and simulated whenever they are
            drawn for training.
        border: whether the medium may end within the frame.
    """

    kind: str
    number: int
    by: str = PHYSICS
    is_fresh: bool = False
    border: bool = False


@dataclasses.dataclass(frozen=True)
class SimulatedVideos:
    """What is made of every bona fide video.

    Attributes:
        attacks: number of simulated attacks, prints and replays in turn.
        captures: number of bona fide videos that went through the camera of those attacks.
        by, is_fresh, border: as in `Simulation`.
    """

    attacks: int = 0
    captures: int = 0
    by: str = PHYSICS
    is_fresh: bool = False
    border: bool = False

    def simulations(self) -> list[Simulation]:
        """How each of them is made."""
        attacks = [
            Simulation(KINDS[number % 2], number // 2, self.by, self.is_fresh, self.border)
            for number in range(self.attacks)
        ]
        captures = [
            Simulation(CAPTURE, number, PHYSICS, self.is_fresh) for number in range(self.captures)
        ]
        return attacks + captures


NOTHING = SimulatedVideos()
# A print and a replay: what takes the place of attacks where there are none.
ONE_OF_EACH = SimulatedVideos(attacks=2)


@dataclasses.dataclass(frozen=True)
class VideoSample:
    """One video, or one picture, of a presentation: where it is and what it shows.

    Attributes:
        path: the video file.
        key: name of the video, unique within its data set; score files use it.
        subject: number or name of the person shown.
        session: number or name of the recording session; None where the data set has none.
        pai: `"bona_fide"` or the species of the attack, in lower case, such as `"print_2"`.
        phone: number or name of the recording device; None where the data set has only one.
        eye_path: file with the eye positions, see `eye_files.read_eyes`; None without one.
        depth_path: exact depth maps, which only the embedded set has; None elsewhere.
        annotation: positions of face or eyes in the data set's own format; None without any.
        is_upside_down: whether the video is to be turned by half before its eyes are where the eye
            file has them.
        eyes: `(x_right, y_right, x_left, y_left)` in pixels of the only frame of a picture, where
            the data set has them without an eye file; None elsewhere.
        first_frames: only so many frames from the beginning belong to the sample; None for all.
        groups: further columns, such as `(("skin_tone", "3"),)`, for rates by group.
        simulation: how the frames are made of those of `path`, which shows a bona fide
            presentation; None for what was recorded.

    Raises:
        DataError: `pai` is no name of a species.

    Example:
        >>> sample = VideoSample("1_1_20_4.avi", "1_1_20_4", subject=20, session=1, pai="replay_1")
        >>> sample.label, sample.instrument
        (1, 'replay')
    """

    path: Path
    key: str
    subject: int | str
    session: int | str | None
    pai: str
    phone: int | str | None = None
    eye_path: Path | None = None
    depth_path: Path | None = None
    annotation: Annotation | None = None
    first_frames: int | None = None
    is_upside_down: bool = False
    eyes: tuple[float, float, float, float] | None = None
    groups: tuple[tuple[str, str], ...] = ()
    simulation: Simulation | None = None

    def __post_init__(self):
        check_species(self.pai)

    @property
    def label(self) -> int:
        """0 for a bona fide presentation, 1 for an attack."""
        return int(self.pai != BONA_FIDE)

    @property
    def instrument(self) -> str:
        """`"bona_fide"` or the attack instrument, by which the official error rates are grouped."""
        return instrument_of(self.pai)


def check_species(pai: str) -> None:
    """Make sure that a text is `"bona_fide"` or names a species.

    Raises:
        DataError: it does not, or it is another word for a bona fide presentation.
    """
    if pai == BONA_FIDE:
        return
    if not _SPECIES.fullmatch(pai) or pai in BONA_FIDE_WORDS:
        raise DataError(
            f"pai: expected {BONA_FIDE} or an attack's species in lower case, such as print_1; "
            f"received {pai!r}"
        )


def species_of(samples: Iterable[VideoSample]) -> tuple[str, ...]:
    """The species of some videos: `"bona_fide"` first, where there is any, then sorted by name."""
    pais = {sample.pai for sample in samples}
    return tuple(sorted(pais, key=lambda pai: (pai != BONA_FIDE, pai)))
