"""What every data set gives: one record a video."""

import dataclasses
from pathlib import Path

from despoof_keras.errors import DataError

BONA_FIDE = "bona_fide"
# Presentation attack instrument species. A number at the end tells makes of one instrument apart
# (two printers, two displays); without it the name is the instrument.
SPECIES = (BONA_FIDE, "print_1", "print_2", "replay_1", "replay_2")
# The attack instruments that the species belong to; networks see them numbered from 1.
INSTRUMENTS = ("print", "replay")


@dataclasses.dataclass(frozen=True)
class VideoSample:
    """One video of a presentation: where it lies and what it shows.

    Attributes:
        path: the video file.
        key: name of the video, unique within its data set; score files use it.
        subject: number of the person shown.
        session: number of the recording session.
        pai: species, one of `SPECIES`.
        phone: number of the recording device; `None` where the data set has only one.
        eye_path: file with the eye positions, see `eye_files.read_eyes`; `None` for none.
        depth_path: exact depth maps (the embedded set alone has them); `None` elsewhere.

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
    def label(self):
        """0 for a bona fide presentation, 1 for an attack."""
        return int(self.pai != BONA_FIDE)

    @property
    def instrument(self):
        """`"bona_fide"`, `"print"` or `"replay"`: the grouping of OULU-NPU's official figures."""
        return instrument_of(self.pai)


def instrument_of(pai):
    """Instrument of a species: `"print_2"` to `"print"`; `"bona_fide"` stays as it is."""
    return pai if pai == BONA_FIDE else pai.rsplit("_", 1)[0]
