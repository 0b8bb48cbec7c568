"""Score files: CSV that bob.pad.base reads as well.

```
claimed_id,test_label,is_bonafide,attack_type,session,phone,frame,spoof_score,score
20,1_1_20_1,True,,1,1,25,0.125,-0.125
20,1_1_20_4,False,replay_1,1,1,,nan,nan
```

Sign: `spoof_score` is higher for attacks, as everywhere in this package; `score` is its negative,
because bob takes higher for bona fide. `claimed_id` is the subject, `test_label` the video's key,
`attack_type` the species (empty for bona fide). `frame` is empty in rows for whole videos. A
presentation without a score (failure to acquire) keeps its row, with `nan`.

Reference: bob.pad.base's CSV score files, in which the first four columns and `score` are mandatory
and all others are metadata.
"""

import csv
import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from despoof_keras.datasets.samples import BONA_FIDE, VideoSample
from despoof_keras.errors import DataError
from despoof_keras.utils.files import atomic_path

MANDATORY = ("claimed_id", "test_label", "is_bonafide", "attack_type", "score")
COLUMNS = (*MANDATORY[:-1], "session", "phone", "frame", "spoof_score", MANDATORY[-1])


@dataclasses.dataclass(frozen=True)
class PresentationScore:
    """Score of one frame or one video, a row of a score file.

    Attributes:
        key: the video's name; the frames of a video share it.
        pai: `"bona_fide"` or the name of the attack's species.
        spoof_score: higher = attack; NaN where nothing could be scored.
        subject, session, phone: as in `VideoSample`; `None` where unknown.
        frame: number of the frame, from 0; `None` for a whole video.
        groups: mapping from the name of any further column, such as `"skin_tone"`, to its text.
    """

    key: str
    pai: str
    spoof_score: float
    subject: int | str | None = None
    session: int | str | None = None
    phone: int | str | None = None
    frame: int | None = None
    groups: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(
        cls, sample: VideoSample, spoof_score: float, frame: int | None = None
    ) -> "PresentationScore":
        """Score of a video, or of one of its frames."""
        return cls(
            key=sample.key,
            pai=sample.pai,
            spoof_score=float(spoof_score),
            subject=sample.subject,
            session=sample.session,
            phone=sample.phone,
            frame=frame,
            groups=dict(sample.groups),
        )


def write_scores(path: str | Path, rows: Iterable[PresentationScore]) -> int:
    """Write a score file.

    Args:
        path: CSV file to write; it appears when it is complete.
        rows: the scores, in the order to write. All have the same groups, a column each.

    Returns:
        How many rows had no score (NaN): failures to acquire.
    """
    failures = 0
    rows = iter(rows)
    first = next(rows, None)
    groups = () if first is None else tuple(first.groups)
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, (*COLUMNS, *groups), lineterminator="\n")
        writer.writeheader()
        for row in rows if first is None else itertools.chain([first], rows):
            writer.writerow(_fields(row))
            failures += math.isnan(row.spoof_score)
    return failures


def read_scores(path: str | Path) -> list[PresentationScore]:
    """Read a score file of this package or of bob.

    Where there is no column `spoof_score`, it is the negative of `score`.

    Args:
        path: CSV file.

    Returns:
        The scores, in the file's order. Subject, session and phone are integers where they are
        digits.

    Raises:
        DataError: the file is missing, lacks a mandatory column, has a malformed row, or a row
            whose `spoof_score` is not minus its `score`; the message names file and line.
    """
    path = Path(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in MANDATORY if name not in (reader.fieldnames or ())]
            if missing:
                raise DataError(
                    f"{path}: expected a score file with the columns {', '.join(MANDATORY)}; "
                    f"{', '.join(missing)} missing"
                )
            return [_row(fields, f"{path}:{reader.line_num}") for fields in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: expected a score file in CSV format: {error}") from error


def mean_of_frames(scores: Sequence[float] | np.ndarray) -> float:
    """The score of a video: the mean over its frames that have a score.

    Args:
        scores: of its frames, `(frames,)`, NaN for a frame without a score. Infinite scores are
            kept, for they are the model's fault and the metrics refuse them.

    Returns:
        The mean, added up in float64 in the frames' order; NaN where no frame has a score.

    Example:
        >>> mean_of_frames([1.0, math.nan, 3.0])
        2.0
    """
    scores = np.asarray(scores, np.float64)
    scores = scores[~np.isnan(scores)]
    return float(np.cumsum(scores)[-1] / len(scores)) if len(scores) else math.nan


def video_scores(rows: Iterable[PresentationScore]) -> list[PresentationScore]:
    """Average the frames of every video.

    Args:
        rows: scores of frames; those of one video share `key`.

    Returns:
        One score for each video, in the order of first appearance, with `frame` `None`, see
        `mean_of_frames`. A video without any score keeps its place, with NaN, and
        `metrics.split_failures` counts it.

    Raises:
        DataError: frames of one video differ in anything but frame and score.

    Example:
        >>> frames = [PresentationScore("a", "print_1", score) for score in (1.0, 3.0)]
        >>> video_scores(frames)[0].spoof_score
        2.0
    """
    videos, scores = {}, {}
    for row in rows:
        video = dataclasses.replace(row, frame=None, spoof_score=math.nan)
        if _identity(videos.setdefault(row.key, video)) != _identity(video):
            raise DataError(
                f"{row.key}: expected one presentation under this key; found "
                f"{_identity(videos[row.key])} and {_identity(video)}"
            )
        scores.setdefault(row.key, []).append(row.spoof_score)
    return [
        dataclasses.replace(video, spoof_score=mean_of_frames(scores[key]))
        for key, video in videos.items()
    ]


def _identity(row):
    return row.pai, row.subject, row.session, row.phone, dict(row.groups)


def _fields(row):
    # repr gives the shortest text that reads back as the same float64.
    return {
        "claimed_id": _text(row.subject),
        "test_label": row.key,
        "is_bonafide": str(row.pai == BONA_FIDE),
        "attack_type": "" if row.pai == BONA_FIDE else row.pai,
        "session": _text(row.session),
        "phone": _text(row.phone),
        "frame": _text(row.frame),
        **row.groups,
        "spoof_score": repr(float(row.spoof_score)),
        "score": repr(-float(row.spoof_score)),
    }


def _text(value):
    return "" if value is None else str(value)


def _row(fields, where):
    try:
        score = float(fields["score"])
        spoof_score = float(fields.get("spoof_score") or -score)
        frame = _number(fields.get("frame"))
        bona_fide = {"true": True, "false": False}[fields["is_bonafide"].strip().lower()]
    except (KeyError, ValueError, TypeError, AttributeError):
        raise DataError(
            f"{where}: expected numbers (or nan) as scores and True or False as is_bonafide; found "
            f"{ {name: fields.get(name) for name in ('is_bonafide', 'spoof_score', 'score')} }"
        ) from None
    if spoof_score != -score and not (math.isnan(spoof_score) and math.isnan(score)):
        raise DataError(
            f"{where}: expected score to be minus spoof_score; found {score} and {spoof_score}"
        )
    if not bona_fide and not fields["attack_type"]:
        raise DataError(f"{where}: expected the species of an attack as attack_type; found none")
    return PresentationScore(
        key=fields["test_label"],
        pai=BONA_FIDE if bona_fide else fields["attack_type"],
        spoof_score=spoof_score,
        subject=_number(fields["claimed_id"]),
        session=_number(fields.get("session")),
        phone=_number(fields.get("phone")),
        frame=frame,
        groups={name: text for name, text in fields.items() if name not in COLUMNS and text},
    )


def _number(text):
    """An integer for digits, `None` for no text, and any other text as it is."""
    if not text:
        return None
    return int(text) if text.isdecimal() else text
