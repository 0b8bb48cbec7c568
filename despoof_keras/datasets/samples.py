"""The vocabulary of all data sets: splits, species, instruments, and one record for each video."""

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path

from despoof_keras.errors import DataError

SPLITS = ("train", "dev", "test")
BONA_FIDE = "bona_fide"
# Presentation attack instrument species that readers may use, in the order of tables and pictures.
# A number at the end distinguishes makes of one instrument (two printers, two displays); without
# it, the name is the instrument's.
SPECIES = (BONA_FIDE, "print_1", "print_2", "replay_1", "replay_2")
_MAKE = re.compile(r"_\d+$")


def instrument_of(pai: str) -> str:
    """Instrument of a species: `"print"` for `"print_2"`; a name without a number is its own."""
    return _MAKE.sub("", pai)


def instruments_of(species: Iterable[str]) -> tuple[str, ...]:
    """The attack instruments of some species, each once, in the order of the species."""
    return tuple(dict.fromkeys(instrument_of(pai) for pai in species if pai != BONA_FIDE))


# The attack instruments of all data sets; the networks see them numbered from 1.
INSTRUMENTS = instruments_of(SPECIES)


@dataclasses.dataclass(frozen=True)
class VideoSample:
    """One video of a presentation: where it is and what it shows.

    Attributes:
        path: the video file.
        key: name of the video, unique within its data set; score files use it.
        subject: number of the person shown.
        session: number of the recording session.
        pai: species, one of `SPECIES`.
        phone: number of the recording device; `None` where the data set has only one.
        eye_path: file with the eye positions, see `eye_files.read_eyes`; `None` without one.
        depth_path: exact depth maps, which only the embedded set has; `None` elsewhere.

    Raises:
        DataError: `pai` is not one of `SPECIES`.

    Example:
        >>> sample = VideoSample("1_1_20_4.avi", "1_1_20_4", subject=20, session=1, pai="replay_1")
        >>> sample.label, sample.instrument
        (1, 'replay')
    """

    path: Path
    key: str
    subject: int
    session: int
    pai: str
    phone: int | None = None
    eye_path: Path | None = None
    depth_path: Path | None = None

    def __post_init__(self):
        # A misspelt "bonafide" would otherwise count as an attack.
        if self.pai not in SPECIES:
            raise DataError(f"pai: expected one of {', '.join(SPECIES)}; received {self.pai!r}")

    @property
    def label(self) -> int:
        """0 for a bona fide presentation, 1 for an attack."""
        return int(self.pai != BONA_FIDE)

    @property
    def instrument(self) -> str:
        """`"bona_fide"` or the attack instrument, by which the official error rates are grouped."""
        return instrument_of(self.pai)
