"""A manifest of one's own: a CSV file that lists pictures and videos, and what they show.

```
path,label,pai,subject,split,eyes,lighting
faces/1.jpg,bona_fide,,anna,train,412 300 530 298,indoors
clips/2.mov,attack,print_1,ben,test,eyes/2.txt,outdoors
```

- `path` is relative to the CSV's folder, or absolute.
- `label` is `bona_fide` (or 0) or `attack` (or 1); `pai` is the species of an attack, and empty or
  `bona_fide` otherwise. The two must agree.
- `subject` names the person; capitals do not count.
- `split` is `train`, `dev` or `test`. Without the column, or without a row of dev, subjects are
  dealt out, see `subject_splits`.
- `eyes`, which may be missing or empty, is an eye file in OULU-NPU's format, or, for a picture,
  `x_right y_right x_left y_left` in pixels of the upright picture. Other eyes are found.
- `session` and `phone` may be given; every other column is a group to give rates by.

Commas, semicolons or tabs part the columns, whatever the line ends, with or without a byte order
mark.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from despoof_keras.datasets.folder import check_splits, subject_name
from despoof_keras.datasets.left_out import Problems
from despoof_keras.datasets.presentation_files import FileKind, kind_of_file
from despoof_keras.datasets.samples import BONA_FIDE, BONA_FIDE_WORDS, SPLITS, VideoSample
from despoof_keras.datasets.splits import Splits
from despoof_keras.datasets.subject_splits import DEV_TURNS, by_split, deal_subjects
from despoof_keras.errors import DataError, encodable, shown, summarize
from despoof_keras.utils.text import decode_text

# There is one protocol; the run folder's name has its number.
PROTOCOLS: dict[int | str, tuple[int, ...]] = {1: ()}
REQUIRED = ("path", "label", "pai", "subject")
OPTIONAL = ("split", "eyes", "session", "phone")
# Columns of score files, which no group may have the name of.
RESERVED = frozenset(
    ("claimed_id", "test_label", "is_bonafide", "attack_type", "frame", "spoof_score", "score")
)
_DELIMITERS = (",", ";", "\t")
_ATTACK_WORDS = frozenset({"attack", "spoof", "1"})
_BONA_FIDE_WORDS = BONA_FIDE_WORDS | {"0"}


def load(path, protocol=1, fold=None, skip_bad=False, needs_attacks=True):
    """List the pictures and videos of a manifest. They are not decoded.

    Args:
        path: the CSV file.
        protocol: 1, the only one.
        fold: None; there are none.
        skip_bad: warn of rows that cannot be used, and leave them out, instead of raising.
        needs_attacks: whether a split without attacks is an error.

    Returns:
        `Splits`; a sample's key is its path as the manifest has it.

    Raises:
        DataError: the file is no such manifest, a row cannot be used, a subject or a file is in two
            splits, or a split lacks bona fide presentations or attacks. The message names the file,
            and the row where it is about one.
    """
    path, problems = Path(path), Problems(skip_bad)
    splits = Splits(_parted(_samples(path, problems)), problems.left_out)
    check_splits(splits, path, needs_attacks)
    return splits


def list_files(path: str | Path, skip_bad: bool = False) -> list[VideoSample]:
    """List the pictures and videos of a manifest, whatever their splits.

    There need not be any attacks.

    Args:
        path, skip_bad: as for `load`.

    Raises:
        DataError: the file is no such manifest, or a row cannot be used.
    """
    samples = _samples(Path(path), Problems(skip_bad))
    return [sample for own in samples.values() for sample in own]


def _samples(path: Path, problems: Problems) -> dict[str, list[VideoSample]]:
    """The samples of each split that is named, `""` where there is no such column."""
    reader = _RowReader(path)
    samples: dict[str, list[VideoSample]] = {}
    lines: dict[str, int] = {}
    for number, row in _rows(path, problems):
        where = f"{path}:{number}"
        try:
            split, sample = reader.sample(row)
            if str(sample.path) in lines:
                raise DataError(
                    f"expected each file once; {row['path']} is in line {lines[str(sample.path)]}"
                )
        except DataError as error:
            problems.add(where, str(error))
            continue
        lines[str(sample.path)] = number
        samples.setdefault(split, []).append(sample)
    problems.report(path)
    if not samples:
        raise DataError(f"{path}: expected rows with pictures or videos; found none that is usable")
    return samples


class _RowReader:
    """Turns rows into samples, with keys that are unique."""

    def __init__(self, path):
        self._folder = path.parent
        self._keys: set[str] = set()

    def sample(self, row: Mapping[str, str]) -> tuple[str, VideoSample]:
        """The split, empty where there is no such column, and the sample of a row."""
        empty = [name for name in ("path", "subject") if not row[name]]
        if empty:
            raise DataError(f"expected a {empty[0]}; it is empty")
        pai = _species(row["label"], row["pai"])
        split = _split(row)
        path = self._path(row["path"])
        kind, reason = kind_of_file(path)
        if kind not in (FileKind.PICTURE, FileKind.VIDEO):
            raise DataError(f"{row['path']}: {reason}")
        eye_path, eyes = self._eyes(row.get("eyes", ""), kind)
        groups = tuple(
            (name, text) for name, text in row.items() if name not in (*REQUIRED, *OPTIONAL)
        )
        return split, VideoSample(
            path=path,
            key=self._key(row["path"]),
            subject=subject_name(row["subject"]),
            session=row.get("session") or None,
            phone=row.get("phone") or None,
            pai=pai,
            eye_path=eye_path,
            eyes=eyes,
            groups=groups,
        )

    def _path(self, text: str) -> Path:
        path = self._folder / text
        try:
            is_there = path.exists()
        except OSError as error:  # a name that is too long, a folder that may not be searched
            raise DataError(f"{shown(text)}: expected a file; {error.strerror}") from error
        # Written on Windows, read elsewhere.
        return path if is_there else self._folder / text.replace("\\", "/")

    def _eyes(self, text, kind):
        """`(eye file, None)`, `(None, positions)`, or neither."""
        if not text:
            return None, None
        try:
            positions = [float(number) for number in text.replace(",", " ").split()]
        except ValueError:
            path = self._path(text)
            if not path.is_file():
                raise DataError(
                    "eyes: expected x_right y_right x_left y_left, or an eye file; found no file "
                    f"{shown(text)}"
                ) from None
            return path, None
        if len(positions) != 4 or not np.isfinite(positions).all():
            raise DataError(f"eyes: expected four numbers or an eye file; found {shown(text)}")
        if kind is not FileKind.PICTURE:
            raise DataError("eyes: expected an eye file, for a video; found four numbers")
        if positions[0] >= positions[2]:
            raise DataError(
                "eyes: expected the subject's right eye, the one on the image's left, first "
                f"(x_right < x_left); found {shown(text)}"
            )
        return None, tuple(positions)

    def _key(self, text):
        """The path without what leads out of a folder, because files are named after keys."""
        parts = [part for part in text.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        key = plain = encodable("/".join(parts))
        number = 1
        while key in self._keys:
            number += 1
            key = f"{plain}~{number}"
        self._keys.add(key)
        return key


def _species(label: str, pai: str) -> str:
    """The species that label and `pai` agree on; its name is checked by `VideoSample`."""
    label, pai = (text.lower().replace("-", "_").replace(" ", "_") for text in (label, pai))
    if label not in _BONA_FIDE_WORDS | _ATTACK_WORDS:
        raise DataError(f"label: expected {BONA_FIDE} or attack; found {shown(label)}")
    is_named_bona_fide = pai in ("", *BONA_FIDE_WORDS)
    if (label in _BONA_FIDE_WORDS) != is_named_bona_fide:
        raise DataError(
            f"expected label and pai to agree ({BONA_FIDE} without a pai, or attack with its "
            f"species); found label {shown(label)} and pai {shown(pai)}"
        )
    return BONA_FIDE if is_named_bona_fide else pai


def _split(row):
    if "split" not in row:
        return ""
    split = row["split"].lower()
    if split not in SPLITS:
        raise DataError(f"split: expected {', '.join(SPLITS)}; found {shown(row['split'])}")
    return split


def _rows(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, str]]]:
    """The number of the line in which each row ends, and its texts by column."""
    text = _text(path)
    names, delimiter = _header(path, text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    has_header = False
    try:
        for fields in reader:
            if not any(field.strip() for field in fields):
                continue
            if not has_header:
                has_header = True
                continue
            # Spreadsheets end rows with empty fields.
            while len(fields) > len(names) and not fields[-1].strip():
                fields.pop()
            if len(fields) != len(names):
                problems.add(
                    f"{path}:{reader.line_num}",
                    f"expected {len(names)} fields ({', '.join(names)}); found {len(fields)}",
                )
                continue
            stripped = (field.strip() for field in fields)
            yield reader.line_num, dict(zip(names, stripped, strict=True))
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: expected CSV: {error}") from error


def _text(path):
    if path.is_dir():
        raise DataError(f"{path}: expected a manifest, a CSV file; it is a folder")
    try:
        return decode_text(path.read_bytes()).lstrip("\ufeff")
    except OSError as error:
        raise DataError(f"{path}: expected a manifest, a CSV file; {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path}:{line}: expected a manifest in UTF-8; save it as such ('CSV UTF-8'): "
            f"{summarize(error)}"
        ) from error


def _header(path, text):
    """The names of the columns, and what parts them."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    for delimiter in _DELIMITERS:
        row = next(csv.reader([first], delimiter=delimiter), [])
        names = [name.strip().lower().replace(" ", "_") for name in row]
        while names and not names[-1]:
            names.pop()
        if set(REQUIRED) <= set(names):
            break
    else:
        raise DataError(
            f"{path}:1: expected the columns {', '.join(REQUIRED)} (and split, eyes, groups), "
            f"parted by commas, semicolons or tabs; found {shown(first)}"
        )
    repeated = {name for name in names if names.count(name) > 1 or not name}
    reserved = RESERVED & set(names)
    if repeated or reserved:
        raise DataError(
            f"{path}:1: expected columns with names of their own, other than "
            f"{', '.join(sorted(RESERVED))}; found {shown(', '.join(names))}"
        )
    return names, delimiter


def _parted(samples):
    """The samples of each split, dealt out where the manifest does not say it."""
    if "" in samples:
        samples = by_split(samples[""], deal_subjects(samples[""]))
    elif "dev" not in samples and "train" in samples:
        samples = samples | by_split(samples["train"], deal_subjects(samples["train"], DEV_TURNS))
    return {split: samples.get(split, []) for split in SPLITS}
