"""SiW (Spoof in the Wild): from its folder to the samples of one protocol.

```
root/{Train,Test}/{live,spoof}/SSS/SSS-sensor-type-medium-session.mov (or .mp4), and .face
```

`SSS` is the subject, 001 to 165; type 1 is live, 2 print (media 1 and 2), 3 replay (media 1 to 4).

The set has no dev split: a fifth of the subjects of Train makes it, see `splits.dev_subjects`.

Reference: Y. Liu, A. Jourabloo, X. Liu, "Learning deep models for face anti-spoofing: binary or
auxiliary supervision", CVPR 2018.
"""

import dataclasses
import re
from pathlib import Path
from typing import NamedTuple

from despoof_keras.datasets.left_out import Problems
from despoof_keras.datasets.listing import list_videos
from despoof_keras.datasets.samples import BONA_FIDE, Annotation, VideoSample, instrument_of
from despoof_keras.datasets.splits import Splits, check_classes, check_subjects, with_dev
from despoof_keras.errors import DataError

# The folds of each protocol: the replay medium that is unseen, or which of print and replay is.
PROTOCOLS: dict[int | str, tuple[int, ...]] = {1: (), 2: (1, 2, 3, 4), 3: (1, 2)}
# Protocol 1 trains on so many frames from the beginning, in which the face moves little.
FIRST_FRAMES = 60
# By type and medium.
SPECIES = {
    **{(2, medium): f"print_{medium}" for medium in (1, 2)},
    **{(3, medium): f"replay_{medium}" for medium in (1, 2, 3, 4)},
}
LIVE = 1
_LAYOUT = (
    "a SiW tree with Train/ and Test/ holding live/001/001-1-1-1-1.mov and "
    "spoof/001/001-1-2-1-1.mov"
)
# The set's page has the names with underscores, the set itself with hyphens.
_NAME = re.compile(
    r"(?:.*/)?(?P<split>train|test)/(?P<kind>live|spoof)/(?:(?P<folder>\d{3})/)?"
    r"(?P<subject>\d{3})[-_](?P<sensor>\d)[-_](?P<type>\d)[-_](?P<medium>\d)[-_](?P<session>\d+)"
)


class VideoName(NamedTuple):
    """What a video's name and folders say.

    Attributes:
        split: `"train"` or `"test"`.
        subject: number of the person.
        sensor: number of the camera.
        type: 1 live, 2 print, 3 replay.
        medium: of an attack, which print or display.
        session: number of the session.
    """

    split: str
    subject: int
    sensor: int
    type: int
    medium: int
    session: int

    @property
    def key(self) -> str:
        """Name of the video, unique within the data set."""
        return f"{self.subject:03d}-{self.sensor}-{self.type}-{self.medium}-{self.session}"

    @property
    def pai(self) -> str:
        """`"bona_fide"` or the species, one of `SPECIES`."""
        return BONA_FIDE if self.type == LIVE else SPECIES[self.type, self.medium]


def load(
    root: str | Path, protocol: int | str, fold: int | None = None, skip_bad: bool = False
) -> Splits:
    """List the videos of one protocol. Videos are not opened.

    Args:
        root: the data set's folder.
        protocol: 1 (train on the first 60 frames), 2 (unseen replay medium) or 3 (from print to
            replay, or from replay to print).
        fold: of protocol 2 the unseen medium, 1 to 4; of protocol 3, 1 to train on print and 2 to
            train on replay; else `None`.
        skip_bad: warn of files that cannot be used, and leave them out, instead of raising.

    Returns:
        `Splits`.

    Raises:
        DataError: the folder does not have SiW's layout, a subject is in Train and Test, or a split
            lacks bona fide presentations or attacks. The message names the file or folder.
    """
    root, problems = Path(root), Problems(skip_bad)
    folders: dict[str, list[VideoSample]] = {"train": [], "test": []}
    for video in list_videos(root, parse, _LAYOUT, problems):
        folders[video.name.split].append(_sample(video))
    problems.report(root)
    check_subjects(folders)
    chosen = {
        name: [sample for sample in own if _belongs(sample, protocol, fold, name)]
        for name, own in folders.items()
    }
    train, dev = with_dev(chosen["train"])
    if protocol == 1:
        train = [dataclasses.replace(sample, first_frames=FIRST_FRAMES) for sample in train]
    splits = Splits({"train": train, "dev": dev, "test": chosen["test"]}, problems.left_out)
    check_classes(splits, root, f"protocol {protocol}{f', fold {fold}' if fold else ''}")
    return splits


def parse(place: str) -> VideoName:
    """Read a video's name.

    Args:
        place: see `listing.place`.

    Raises:
        DataError: it is no name of the data set, or its folders contradict it.

    Example:
        >>> parse("train/spoof/003/003-1-3-4-2").pai
        'replay_4'
    """
    match = _NAME.fullmatch(place)
    if match is not None:
        numbers = [match[n] for n in ("subject", "sensor", "type", "medium", "session")]
        name = VideoName(match["split"], *map(int, numbers))
        is_known = name.type == LIVE or (name.type, name.medium) in SPECIES
        is_at_place = (name.type == LIVE) == (match["kind"] == "live")
        if is_known and is_at_place and match["folder"] in (None, match["subject"]):
            return name
    raise DataError(
        "expected a place and name such as Train/live/001/001-1-1-1-1.mov, with type 1 in live/, "
        "and type 2 (media 1 and 2) and type 3 (media 1 to 4) in spoof/"
    )


def _belongs(sample, protocol, fold, split):
    if protocol == 1 or sample.pai == BONA_FIDE:
        return True
    instrument = instrument_of(sample.pai)
    if protocol == 2:
        return instrument == "replay" and (sample.pai == f"replay_{fold}") == (split == "test")
    return (instrument == "print") == ((fold == 1) == (split == "train"))


def _sample(video):
    name = video.name
    return VideoSample(
        path=video.path,
        key=name.key,
        subject=name.subject,
        session=name.session,
        pai=name.pai,
        phone=name.sensor,
        annotation=video.face_path and Annotation(video.face_path, "siw"),
    )
