"""`despoof score`: the model, the faces and the lines that are printed."""

import contextlib
import json
import os
import sys
import time

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from despoof_keras.errors import DataError
from despoof_keras.faces.finder import FaceFinder
from despoof_keras.inference.camera import (
    FrameFolder,
    ScreenWindow,
    camera_records,
    can_show_windows,
)
from despoof_keras.inference.drawing import DECISIONS, PanelWriter
from despoof_keras.inference.inputs import expand
from despoof_keras.inference.open_model import open_model
from despoof_keras.inference.stream import FIND, read_inputs, score_stream
from despoof_keras.utils.threads import BusyTimes

_COLUMNS = "{score:>9}  {decision:12}  {frame:>6}  {path}  {rest}"


def open_parts(options):
    """Opens what scoring needs, before anything is read.

    Args:
        options: the parsed arguments of `despoof score`.

    Returns:
        `(ScoringModel, FaceFinder, what draws or None)`.

    Raises:
        DataError: the model or the folder for pictures cannot be used.
        ImportError: a library is missing.
    """
    draw = None
    if options.camera is not None:
        draw = _camera_show(options)
    elif options.visuals:
        draw = PanelWriter(options.visuals)
    return open_model(options.model, threshold=options.threshold), FaceFinder(), draw


def _camera_show(options):
    if options.visuals:
        return FrameFolder(options.visuals)
    return ScreenWindow() if can_show_windows() else None


def run_score(options, model, finder, draw):
    """Scores what the command line names and prints a line for each outcome.

    Args:
        options: the parsed arguments of `despoof score`.
        model, finder, draw: as from `open_parts`.

    Returns:
        Whether everything could be scored.

    Raises:
        DataError: the camera cannot be opened, or nothing was named.
    """
    if model.metadata.threshold is None:
        note(
            f"despoof: {options.model} carries no threshold: scores without decisions; "
            "--threshold gives one"
        )
    write = _write_json if options.json else _TableWriter()
    bar = _progress()
    if options.camera is not None:
        return _print_all(_camera(options, model, finder, draw), write, bar)
    times = BusyTimes()
    inputs = expand(options.paths, _listed_paths())
    expect = _Expectation(bar)
    stream = read_inputs(inputs, options.every, options.max_frames, expect)
    records = score_stream(
        model, finder, stream, all_faces=options.all_faces, on_face=draw, times=times
    )
    start = time.perf_counter()
    all_ok = _print_all(records, write, bar)
    _report_pace(times, time.perf_counter() - start)
    return all_ok


def _listed_paths():
    """Lines of standard input as paths; their bytes are file names, whatever their encoding."""
    if sys.stdin is None:
        return ()
    return (os.fsdecode(line) for line in sys.stdin.buffer)


def note(text):
    """A line for the user beside the results, where standard error is open."""
    if sys.stderr is not None:
        print(text, file=sys.stderr)


def _camera(options, model, finder, draw):
    return camera_records(
        options.camera,
        model,
        finder,
        every=options.every,
        most=options.max_frames,
        all_faces=options.all_faces,
        show=draw,
    )


def _print_all(records, write, bar):
    """Prints every record; whether every input could be scored."""
    outcome = _Outcome()
    with contextlib.closing(records), bar:
        for record in records:
            write(record)
            outcome.add(record)
            if isinstance(bar, Progress) and record.frame is not None:
                bar.update(bar.task_ids[0], advance=1, description=escape(printable(record.path)))
    if outcome.is_empty:
        raise DataError("expected something to score; the list of paths is empty")
    return outcome.all_ok


class _Expectation:
    """Raises the progress bar's total as inputs turn out to have frames."""

    def __init__(self, bar):
        self._bar, self._total = bar, 0

    def __call__(self, frames):
        self._total += frames
        if isinstance(self._bar, Progress):
            self._bar.update(self._bar.task_ids[0], total=self._total)


class _Outcome:
    """Whether every input was scored: an image by any of its faces, a video by its own record."""

    def __init__(self):
        self._ok_of = {}

    def add(self, record):
        was_ok = self._ok_of.get(record.path, False)
        is_video = record.frame is None
        self._ok_of[record.path] = record.is_ok if is_video else was_ok or record.is_ok

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
        decision = DECISIONS[record.is_attack] if record.is_ok else "-"
        rest = "" if record.is_ok else record.status
        if record.box:
            rest = "face at {:.0f}, {:.0f}, {:.0f} x {:.0f}".format(*record.box)
        line = _COLUMNS.format(
            score=f"{record.spoof_score:.4g}" if record.is_ok else "-",
            decision=decision,
            frame="video" if record.frame is None else record.frame,
            path=printable(record.path),
            rest=rest,
        )
        print(line.rstrip(), flush=True)


def printable(text):
    """A text on one line that every terminal takes: other characters as escape sequences."""
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return "".join(shown).encode(errors="backslashreplace").decode()


def _progress():
    """A bar on stderr while the lines go to a file; on a terminal the lines tell the progress."""
    if sys.stderr is None or not sys.stderr.isatty() or sys.stdout.isatty():
        return contextlib.nullcontext()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    progress = Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, redirect_stdout=False
    )
    progress.add_task("scoring", total=None)
    return progress


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
