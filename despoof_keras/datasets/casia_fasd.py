"""CASIA-FASD: from its folder to the samples of one protocol.

```
root/train_release/{1..20}/{1..8,HR_1..HR_4}.avi
root/test_release/{1..30}/{1..8,HR_1..HR_4}.avi
```

Bona fide are 1, 2 and HR_1; 3, 4 and HR_2 show a warped photo, 5, 6 and HR_3 a photo with the eyes
cut out, 7, 8 and HR_4 a video. Odd numbers are of normal quality, even ones of low, HR of high.

The set has no dev split: a fifth of the subjects of train makes it, see `splits.dev_subjects`.

Reference: Z. Zhang et al., "A face antispoofing database with diverse attacks", ICB 2012, whose
seven test scenarios are the protocols. The qualities are those of bob.db.casia_fasd.
"""

import re
from pathlib import Path
from typing import NamedTuple

from despoof_keras.datasets.left_out import Problems
from despoof_keras.datasets.listing import list_videos, note_missing
from despoof_keras.datasets.samples import BONA_FIDE, Annotation, VideoSample
from despoof_keras.datasets.splits import FOLDS, Splits, check_classes, with_dev
from despoof_keras.errors import DataError

SPECIES = (BONA_FIDE, "warped_photo", "cut_photo", "replay")
QUALITIES = ("low", "normal", "high")
# Folders of each release, and what is added to their numbers.
SUBJECTS = {"train": (20, 0), "test": (30, 20)}
# All videos, with five ways to choose the dev split.
CROSS_VALIDATION = "cross_validation"
PROTOCOLS: dict[int | str, tuple[int, ...]] = {
    **dict.fromkeys(("overall", *QUALITIES, *SPECIES[1:]), ()),
    CROSS_VALIDATION: FOLDS,
}
# By name: species and quality.
_CLIPS = {
    **{str(n): (SPECIES[(n - 1) // 2], "normal" if n % 2 else "low") for n in range(1, 9)},
    **{f"HR_{n}": (SPECIES[n - 1], "high") for n in range(1, 5)},
}
_LAYOUT = (
    "a CASIA-FASD tree with train_release/ and test_release/, a folder for each subject in them "
    "holding 1.avi to 8.avi and HR_1.avi to HR_4.avi"
)
_NAME = re.compile(
    r"(?:.*/)?(?P<split>train|test)_release/(?P<folder>\d+)/(?P<clip>hr_?[1-4]|[1-8])"
)


class VideoName(NamedTuple):
    """What a video's name and folders say.

    Attributes:
        split: `"train"` or `"test"`.
        folder: number of the subject within the split.
        clip: the file's name, such as `"HR_1"`.
    """

    split: str
    folder: int
    clip: str

    @property
    def key(self) -> str:
        """Name of the video, unique within the data set."""
        return f"{self.split}_{self.folder:02d}_{self.clip}"

    @property
    def subject(self) -> int:
        """1 to 20 in train, 21 to 50 in test."""
        return self.folder + SUBJECTS[self.split][1]

    @property
    def pai(self) -> str:
        """One of `SPECIES`."""
        return _CLIPS[self.clip][0]

    @property
    def quality(self) -> str:
        """One of `QUALITIES`."""
        return _CLIPS[self.clip][1]


def load(
    root: str | Path, protocol: int | str, fold: int | None = None, skip_bad: bool = False
) -> Splits:
    """List the videos of one protocol. Videos are not opened.

    Args:
        root: the data set's folder.
        protocol: a key of `PROTOCOLS`: all videos (`"overall"`, `"cross_validation"`), those of a
            quality, or those of a species with the bona fide presentations.
        fold: 1 to 5 for `"cross_validation"`: which fifth of train is dev; else `None`, for the
            first.
        skip_bad: warn of files that cannot be used, and leave them out, instead of raising.

    Returns:
        `Splits`; the samples have the group `quality`.

    Raises:
        DataError: the folder does not have CASIA-FASD's layout, or a split lacks bona fide
            presentations or attacks. The message names the file or folder.
    """
    root, problems = Path(root), Problems(skip_bad)
    releases: dict[str, list[VideoSample]] = {"train": [], "test": []}
    clips: dict[str, list[str]] = {}
    for video in list_videos(root, parse, _LAYOUT, problems):
        name = video.name
        clips.setdefault(f"{name.split}_release/{name.folder}", []).append(name.clip)
        if _belongs(name, protocol):
            releases[name.split].append(_sample(video))
    note_missing(clips, _CLIPS, problems)
    problems.report(root)
    train, dev = with_dev(releases["train"], fold)
    splits = Splits({"train": train, "dev": dev, "test": releases["test"]}, problems.left_out)
    check_classes(splits, root, f"protocol {protocol}{f', fold {fold}' if fold else ''}")
    return splits


def parse(place: str) -> VideoName:
    """Read a video's name.

    Args:
        place: see `listing.place`.

    Raises:
        DataError: it is no name of the data set.

    Example:
        >>> name = parse("test_release/3/hr_2")
        >>> name.key, name.subject, name.pai, name.quality
        ('test_03_HR_2', 23, 'warped_photo', 'high')
    """
    match = _NAME.fullmatch(place)
    if match is None or not 1 <= int(match["folder"]) <= SUBJECTS[match["split"]][0]:
        raise DataError(
            "expected a place and name such as train_release/1/HR_1.avi, with subjects 1 to 20 in "
            "train_release/ and 1 to 30 in test_release/, and videos 1 to 8 and HR_1 to HR_4"
        )
    clip = match["clip"]
    if clip.startswith("hr"):
        clip = f"HR_{clip[-1]}"
    return VideoName(match["split"], int(match["folder"]), clip)


def _belongs(name, protocol):
    if protocol in QUALITIES:
        return name.quality == protocol
    return protocol in ("overall", CROSS_VALIDATION) or name.pai in (BONA_FIDE, protocol)


def _sample(video):
    name = video.name
    return VideoSample(
        path=video.path,
        key=name.key,
        subject=name.subject,
        session=None,
        pai=name.pai,
        annotation=video.face_path and Annotation(video.face_path, "replay_attack"),
        groups=(("quality", name.quality),),
    )
