"""`despoof score`: opens the model, scores what was named and prints a line for each outcome."""

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable, Generator
from typing import NamedTuple

from despoof_keras.errors import DataError
from despoof_keras.faces.finder import FaceFinder
from despoof_keras.inference.camera import (
    FrameFolder,
    FrameFunction,
    ScreenWindow,
    camera_records,
    can_show_windows,
)
from despoof_keras.inference.drawing import DECISIONS, PanelWriter
from despoof_keras.inference.inputs import PassedOver, expand, listed_paths
from despoof_keras.inference.open_model import open_model
from despoof_keras.inference.records import ScoreRecord
from despoof_keras.inference.scoring_model import ScoringModel
from despoof_keras.inference.stream import FIND, FaceFunction, read_inputs, score_stream
from despoof_keras.utils.progress import StageProgress, is_terminal
from despoof_keras.utils.threads import BusyTimes

_COLUMNS = "{score:>9}  {decision:12}  {frame:>6}  {path}  {rest}"


class Parts(NamedTuple):
    """What scoring works with.

    Attributes:
        model: scores the crops.
        finder: finds the faces.
        draw: shows or writes a camera's frames, or writes pictures of the faces; None draws
            nothing.
    """

    model: ScoringModel
    finder: FaceFinder
    draw: FrameFunction | FaceFunction | None


def open_parts(options: argparse.Namespace) -> Parts:
    """Open what scoring needs, before anything is read.

    Args:
        options: the parsed arguments of `despoof score`.

    Raises:
        DataError: the model or the folder for pictures cannot be used.
        ImportError: a library is missing.
    """
    draw: FrameFunction | FaceFunction | None = None
    if options.visuals:
        draw = (PanelWriter if options.camera is None else FrameFolder)(options.visuals)
    elif options.camera is not None and can_show_windows():
        draw = ScreenWindow()
    return Parts(open_model(options.model, threshold=options.threshold), FaceFinder(), draw)


def run_score(options: argparse.Namespace, parts: Parts) -> bool:
    """Score what the command line names and print a line for each outcome.

    Args:
        options: the parsed arguments of `despoof score`.
        parts: as from `open_parts`.

    Returns:
        Whether everything could be scored.

    Raises:
        DataError: the camera cannot be opened, or nothing was named.
    """
    if parts.model.metadata.threshold is None:
        note(
            f"despoof: {options.model} carries no threshold, so there are scores and no "
            "decisions; --threshold supplies one"
        )
    elif parts.model.kind == "released" and options.threshold is None:
        note(
            "despoof: the released model's threshold is midway between two of its authors' "
            "videos; on other cameras most live faces lie above it. `despoof calibrate` chooses "
            "one on your own clips"
        )
    write = _write_json if options.json else _TableWriter()
    # On a terminal the lines themselves show the progress.
    progress = StageProgress(None if is_terminal(sys.stdout) else "scoring")
    if options.camera is not None:
        return _print_records(_camera_records(options, parts), write, progress)
    times = BusyTimes()
    start = time.perf_counter()
    passed_over = PassedOver()
    records = _file_records(options, parts, progress, times, passed_over)
    all_ok = _print_records(records, write, progress)
    if passed_over:
        note(f"despoof: {passed_over}")
    _report_pace(times, time.perf_counter() - start)
    return all_ok


def _camera_records(options, parts) -> Generator[ScoreRecord, None, None]:
    return camera_records(
        options.camera,
        parts.model,
        parts.finder,
        every=options.every,
        most=options.max_frames,
        all_faces=options.all_faces,
        show=parts.draw,
    )


def _file_records(
    options, parts, progress, times, passed_over
) -> Generator[ScoreRecord, None, None]:
    # There is none where standard input is closed.
    listed = () if sys.stdin is None else listed_paths(sys.stdin.buffer, options.null)
    inputs = expand(options.paths, listed, passed_over)
    return score_stream(
        parts.model,
        parts.finder,
        read_inputs(inputs, options.every, options.max_frames, progress.expect),
        all_faces=options.all_faces,
        on_face=parts.draw,
        times=times,
    )


def note(text: str):
    """Print a line for the user beside the results, if standard error is open."""
    if sys.stderr is not None:
        print(text, file=sys.stderr)


def _print_records(
    records: Generator[ScoreRecord, None, None],
    write: Callable[[ScoreRecord], None],
    progress: StageProgress,
) -> bool:
    """Print every record, and return whether every input could be scored."""
    outcome = _Outcome()
    with contextlib.closing(records), progress:
        for record in records:
            write(record)
            outcome.add(record)
            if record.frame is not None:
                progress.describe(f"scoring {printable(record.path)}")
                progress.advance()
    if outcome.is_empty:
        raise DataError("expected something to score; the list of paths is empty")
    return outcome.all_ok


class _Outcome:
    """Whether every input was scored: an image by any face, a video by its record, and whole."""

    def __init__(self):
        self._ok_of = {}

    def add(self, record):
        was_ok = self._ok_of.get(record.path, False)
        is_video = record.frame is None
        is_scored = record.is_ok and record.is_complete
        self._ok_of[record.path] = is_scored if is_video else was_ok or is_scored

    @property
    def is_empty(self):
        return not self._ok_of

    @property
    def all_ok(self):
        return all(self._ok_of.values())


def _write_json(record):
    print(json.dumps(record.to_dict()), flush=True)


class _TableWriter:
    """Prints records as aligned lines, with a heading before the first."""

    def __init__(self):
        self._is_first = True

    def __call__(self, record):
        if self._is_first:
            heading = {name: name for name in ("score", "decision", "frame", "path")}
            print(_COLUMNS.format(**heading, rest="").rstrip())
            self._is_first = False
        print(table_line(record), flush=True)


def table_line(record: ScoreRecord) -> str:
    """Format a record as a line of the table."""
    rest = "; ".join(filter(None, ["" if record.is_ok else record.status, record.note]))
    if record.box:
        rest = "face at {:.0f}, {:.0f}, {:.0f} x {:.0f}".format(*record.box)
    return _COLUMNS.format(
        score=f"{record.spoof_score:.4g}" if record.is_ok else "-",
        decision=DECISIONS[record.is_attack] if record.is_ok else "-",
        frame="video" if record.frame is None else record.frame,
        path=printable(record.path),
        rest=rest,
    ).rstrip()


def printable(text: str) -> str:
    """Put a text on one line that every terminal takes: other characters become escapes."""
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return "".join(shown).encode(errors="backslashreplace").decode()


def _report_pace(times, seconds):
    frames = times.counts.get(FIND, 0)
    if frames < 2:
        return
    shares = ", ".join(f"{stage} {spent / seconds:.0%}" for stage, spent in times.seconds.items())
    slowest = max(times.seconds, key=times.seconds.get)
    note(
        f"despoof: {frames} frames in {seconds:.1f} s, {frames / seconds:.1f} a second; "
        f"busy: {shares}; bound by: {slowest}"
    )
