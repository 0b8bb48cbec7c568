"""A folder of one's own: pictures and videos, sorted into bona fide ones and species of attacks.

```
root/bona_fide/anna__selfie.jpg         a name that begins with the subject and two underscores
root/bona_fide/ben/monday/clip.mp4      or a folder for each subject
root/attack/print_a4/anna__1.heic       attacks by species
root/attack/replay_tablet/ben/1.mov
root/{train,dev,test}/bona_fide/...     optionally in splits
```

A picture is a presentation of one frame. A file is known by its content, never by its name, and
what is no picture or video is passed over. Names of the folders above may be in capitals, and have
spaces or hyphens for underscores. Of a subject's name, capitals do not count.

Without folders of splits, subjects are dealt out, see `subject_splits`; where `train/` and `test/`
are there and `dev/` is not, every fifth subject of train makes dev.
"""

import collections
import os
import unicodedata
from pathlib import Path
from typing import NamedTuple

from despoof_keras.datasets.left_out import Problems
from despoof_keras.datasets.listing import walk
from despoof_keras.datasets.presentation_files import FileKind, kind_of_file
from despoof_keras.datasets.repeated_files import check_files
from despoof_keras.datasets.samples import BONA_FIDE, SPLITS, VideoSample, check_species
from despoof_keras.datasets.splits import Splits, check_classes, check_subjects
from despoof_keras.datasets.subject_splits import DEV_TURNS, TURNS, by_split, deal_subjects
from despoof_keras.errors import DataError, encodable, shown

# There is one protocol; the run folder's name has its number.
PROTOCOLS: dict[int | str, tuple[int, ...]] = {1: ()}
ATTACK = "attack"
# What parts the subject from the rest of a file's name.
SUBJECT_END = "__"
_LAYOUT = (
    "bona_fide/ and attack/<species>/ holding pictures or videos, optionally in train/, dev/ and "
    "test/"
)
# Endings that a message lists.
_MOST_SHOWN = 5


class Place(NamedTuple):
    """What the folders and the name of a file say.

    Attributes:
        split: `"train"`, `"dev"` or `"test"`; empty where there are no folders of splits.
        pai: `"bona_fide"` or the species.
        subject: name of the person.
    """

    split: str
    pai: str
    subject: str


def load(root, protocol=1, fold=None, skip_bad=False, needs_attacks=True):
    """List the pictures and videos of a folder. They are not decoded.

    Args:
        root: the folder.
        protocol: 1, the only one.
        fold: None; there are none.
        skip_bad: warn of files that cannot be used, and leave them out, instead of raising.
        needs_attacks: whether a split without attacks is an error.

    Returns:
        `Splits`; a sample's key is its path below the root.

    Raises:
        DataError: the folder is not laid out so, a subject or a file is in two splits, or a split
            lacks bona fide presentations or attacks. The message names the file or folder.
    """
    root, problems = Path(root), Problems(skip_bad)
    if root.is_file():
        raise DataError(f"{root}: expected a folder; it is a file (a CSV list is a manifest)")
    base = _base(root)
    samples = _samples(root, base, problems)
    problems.report(root)
    splits = Splits(_parted(root, samples), problems.left_out)
    check_splits(splits, root, needs_attacks)
    return splits


def list_files(root: str | Path, skip_bad: bool = False) -> list[VideoSample]:
    """List the pictures and videos of a folder without dealing them out to splits.

    There need not be any attacks.

    Args:
        root, skip_bad: as for `load`.

    Raises:
        DataError: the folder is not laid out so, or a file cannot be used.
    """
    root, problems = Path(root), Problems(skip_bad)
    samples = _samples(root, _base(root), problems)
    problems.report(root)
    return [sample for own in samples.values() for sample in own]


def check_splits(splits: Splits, source: Path, needs_attacks: bool = True) -> None:
    """Make sure that nobody and no file is in two splits, and that no split lacks a class.

    Args:
        splits: the splits.
        source: what messages begin with: the folder or file.
        needs_attacks: whether attacks are one of the classes.

    Raises:
        DataError: something is; the message names the file, or `source`.
    """
    check_subjects(splits)
    check_files(splits)
    subjects = len({sample.subject for samples in splits.values() for sample in samples})
    try:
        check_classes(splits, source, f"{subjects} subjects", needs_attacks)
    except DataError as error:
        skipped = [left for left in splits.left_out if not left.is_note]
        if skipped:
            first = f"the first: {skipped[0].name}: {skipped[0].reason}"
            raise DataError(f"{error}; {len(skipped)} were left out, {first}") from None
        which = "three subjects with both" if needs_attacks else "three subjects"
        raise DataError(f"{error}; {which} are enough where the subjects are dealt out") from None


def parse(parts: tuple[str, ...]) -> Place:
    """Read what the folders and the name of a file say.

    Args:
        parts: of its path below the root.

    Raises:
        DataError: it lies elsewhere, its species is no name of one, or it tells no subject.

    Example:
        >>> parse(("train", "Attack", "Print A4", "Anna__1.JPG"))
        Place(split='train', pai='print_a4', subject='anna')
    """
    *folders, name = parts
    plain = [_plain(folder) for folder in folders]
    split = plain.pop(0) if plain and plain[0] in SPLITS else ""
    pai = BONA_FIDE
    if plain[:1] == [ATTACK] and len(plain) > 1:
        pai = plain[1]
        check_species(pai)
    elif plain[:1] != [BONA_FIDE]:
        raise DataError(f"expected it in bona_fide/ or attack/<species>/; found {shown(parts[0])}")
    inner = folders[len(folders) - len(plain) + (1 if pai == BONA_FIDE else 2) :]
    before, end, _ = name.partition(SUBJECT_END)
    subject = subject_name(before if end else inner[0] if inner else "")
    if not subject:
        raise DataError(
            f"expected a subject, as <subject>{SUBJECT_END}{shown(name)} or as a folder of the "
            "subject's name around it; without it nobody can tell who is in which split"
        )
    return Place(split, pai, subject)


def subject_name(text: str) -> str:
    """A subject's name as it is compared: systems differ in capitals and in how accents are kept.

    Example:
        >>> subject_name(" Anna")
        'anna'
    """
    return encodable(unicodedata.normalize("NFC", text.strip()).casefold())


def _plain(folder):
    """Name of a folder as species and splits are written."""
    return folder.strip().lower().replace(" ", "_").replace("-", "_")


def _base(root):
    """The root, or the only folder in it, around which an archive or a copy put another."""
    base = root
    while base.is_dir():
        inside = [path for path in base.iterdir() if not path.name.startswith((".", "__"))]
        if len(inside) != 1 or not inside[0].is_dir():
            break
        if _plain(inside[0].name) in (*SPLITS, BONA_FIDE, ATTACK):
            break
        base = inside[0]
    return base


def _samples(root, base, problems):
    """Samples by the split of their folder, which is empty without such folders."""
    samples: dict[str, list[VideoSample]] = {}
    bad: list[tuple[Path, str]] = []
    passed_over: collections.Counter[str] = collections.Counter()
    for path in walk(base):
        kind, reason = kind_of_file(path)
        parts = path.relative_to(base).parts
        if kind is FileKind.OTHER:
            passed_over[path.suffix.lower() or path.name] += 1
            continue
        try:
            if kind is FileKind.UNUSABLE:
                raise DataError(reason)
            place = parse(parts)
        except DataError as error:
            bad.append((path, str(error)))
            continue
        key = encodable("/".join(parts))
        sample = VideoSample(path, key, place.subject, None, place.pai)
        samples.setdefault(place.split, []).append(sample)
    if not samples:
        first = "; the first file: {}: {}".format(*bad[0]) if bad else ""
        raise DataError(f"{root}: expected {_LAYOUT}; found {_contents(base)}{first}")
    for path, reason in bad:
        problems.add(path, reason)
    if passed_over:
        problems.note(base, f"passed over, being no pictures or videos: {_listed(passed_over)}")
    return samples


def _parted(root, samples):
    """The samples of each split."""
    if "" in samples:
        if len(samples) > 1:
            *_, other = sorted(samples)
            raise DataError(
                f"{root}: expected all presentations in train/, dev/ and test/, or none; found "
                f"{samples[''][0].path} beside {other}/"
            )
        parted = by_split(samples[""], deal_subjects(samples[""], TURNS))
    elif "dev" in samples or "train" not in samples:
        parted = samples
    else:
        train = by_split(samples["train"], deal_subjects(samples["train"], DEV_TURNS))
        parted = samples | train
    return {split: parted.get(split, []) for split in SPLITS}


def _listed(counts):
    most = [f"{count} {ending}" for ending, count in counts.most_common(_MOST_SHOWN)]
    return ", ".join(most) + (" and others" if len(counts) > _MOST_SHOWN else "")


def _contents(folder):
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    return shown(", ".join(names)) if names else "nothing"
