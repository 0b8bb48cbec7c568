"""`despoof score`: the model, the faces and the lines that are printed."""

import contextlib
import json
import sys
import time

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from despoof_keras.camera import FrameFolder, ScreenWindow, camera_records, can_show_windows
from despoof_keras.faces import FaceFinder
from despoof_keras.inputs import expand
from despoof_keras.liveness import FIND, read_inputs, score_stream
from despoof_keras.model_files import open_model
from despoof_keras.overlap import BusyTimes
from despoof_keras.visuals import PanelWriter, caption

_COLUMNS = "{score:>8}  {decision:10}  {frame:>6}  {path}  {rest}"


def open_parts(options):
    """Opens what scoring needs, before anything is read: `(ScoringModel, FaceFinder)`.

    Args:
        options: the parsed arguments of `despoof score`.

    Raises:
        DataError: the model cannot be used.
        ImportError: a library is missing.
    """
    return open_model(options.model, threshold=options.threshold), FaceFinder()


def run_score(options, model, finder):
    """Scores what the command line names and prints a line for each outcome.

    Args:
        options: the parsed arguments of `despoof score`.
        model, finder: as from `open_parts`.

    Returns:
        Whether everything could be scored.

    Raises:
        DataError: the camera cannot be opened.
    """
    if model.metadata.threshold is None:
        print(
            f"despoof: {options.model} carries no threshold: scores without decisions; "
            "--threshold gives one",
            file=sys.stderr,
        )
    write = _write_json if options.json else _TableWriter()
    if options.camera is not None:
        records = _camera(options, model, finder)
        return _print_all(records, write, contextlib.nullcontext())
    times = BusyTimes()
    stream = read_inputs(expand(options.paths, sys.stdin), options.every, options.max_frames)
    records = score_stream(
        model,
        finder,
        stream,
        all_faces=options.all_faces,
        on_face=PanelWriter(options.visuals) if options.visuals else None,
        times=times,
    )
    start = time.perf_counter()
    all_ok = _print_all(records, write, _progress())
    _report_pace(times, time.perf_counter() - start)
    return all_ok


def _camera(options, model, finder):
    if options.visuals:
        show = FrameFolder(options.visuals)
    else:
        show = ScreenWindow() if can_show_windows() else None
    return camera_records(
        options.camera,
        model,
        finder,
        every=options.every,
        most=options.max_frames,
        all_faces=options.all_faces,
        show=show,
    )


def _print_all(records, write, progress):
    """Prints every record; whether every input could be scored."""
    outcome = _Outcome()
    with contextlib.closing(records), progress as bar:
        for record in records:
            write(record)
            outcome.add(record)
            if bar is not None:
                bar.update(bar.task_ids[0], advance=1, description=escape(record.path))
    return outcome.all_ok


class _Outcome:
    """Whether every input was scored: an image by any of its faces, a video by its own record."""

    def __init__(self):
        self._ok_of = {}

    def add(self, record):
        was_ok = self._ok_of.get(record.path, False)
        is_video = record.frame is None
        self._ok_of[record.path] = record.is_ok if is_video else was_ok or record.is_ok

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
        decision = caption(record).rsplit(" ", 1)[0] if record.is_ok else "-"
        rest = "" if record.is_ok else record.status
        if record.box:
            rest = "face at {:.0f}, {:.0f}, {:.0f} x {:.0f}".format(*record.box)
        line = _COLUMNS.format(
            score=f"{record.spoof_score:.4f}" if record.is_ok else "-",
            decision=decision,
            frame="video" if record.frame is None else record.frame,
            path=record.path,
            rest=rest,
        )
        print(line.rstrip(), flush=True)


def _progress():
    """A bar on stderr while the lines go to a file; on a terminal the lines tell the progress."""
    console = Console(stderr=True)
    if not console.is_terminal or sys.stdout.isatty():
        return contextlib.nullcontext()
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
    print(
        f"despoof: {frames} frames in {seconds:.1f} s, {frames / seconds:.1f} a second; "
        f"busy: {shares}; bound by: {slowest}",
        file=sys.stderr,
    )
