"""The console script `despoof`: scores, reports, prepares data, calibrates and describes models."""

import argparse
import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from despoof_keras.errors import DataError
from despoof_keras.utils.files import DISK_FULL
from despoof_keras.utils.libraries import explaining, explanation
from despoof_keras.utils.programs import held_back_stderr, set_environment
from despoof_keras.utils.streams import abandon_output, flush_output, prepare_streams, tell
from despoof_keras.version import __version__

SCORED, SOME_FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

_SCORE_HELP = """Finds faces, scores them, and decides at the model's own threshold.

despoof score --model runs/p1-seed0/model.keras photo.jpg clip.mp4 folder/
ls *.jpg | despoof score --model released_weights.npz --json -

A spoof score is higher for attacks. Exit code: 0 everything was scored, 1 some inputs were not
(their lines say why), 2 the command itself was wrong."""

_REPORT_HELP = """Writes a report on one or several systems from their score files.

despoof report scores/test.csv --dev scores/dev.csv --output report/
despoof report a/test.csv b/test.csv --dev a/dev.csv b/dev.csv --name ours theirs --output report/

Score files: CSV of this package or of bob.pad.base, bob's four columns, or lines of label and
score. Thresholds come from the dev files, and the rates are those of the test files.
DIR/report.html is the page, DIR/report.json has the figures."""


def parse_arguments(
    arguments: Sequence[str] | None = None,
) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Parse the command line, the process's own if None; return the parser and the options."""
    parser = argparse.ArgumentParser(prog="despoof", description=__doc__)
    parser.add_argument("--version", action="version", version=f"despoof_keras {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_score(commands)
    _add_report(commands)
    _add_data(commands)
    _add_calibrate(commands)
    info = commands.add_parser("info", help="show what a model file says about itself")
    info.add_argument("model", help=".keras or .tflite file, SavedModel folder, released model")
    info.add_argument("--json", action="store_true", help="print one JSON object")
    options, further = parser.parse_known_args(arguments)
    options.beam_options = further
    if further and not getattr(options, "runner", None):
        parser.error(f"unrecognized arguments: {' '.join(further)}")
    return parser, options


def _add_score(commands):
    score = commands.add_parser(
        "score",
        help="spoof scores of photographs, videos or a camera",
        description=_SCORE_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    score.add_argument("paths", nargs="*", metavar="PATH", help="images, videos, folders, or -")
    score.add_argument(
        "--model",
        required=True,
        help=".keras file of a run, SavedModel folder, .tflite file, or the authors' released "
        "folder or .npz",
    )
    score.add_argument("--threshold", type=float, help="replaces the model's own")
    score.add_argument(
        "-0", "--null", action="store_true", help="the list that - stands for ends paths with NUL"
    )
    score.add_argument("--json", action="store_true", help="print a JSON object on each line")
    score.add_argument(
        "--all-faces", action="store_true", help="score all faces, not only the largest"
    )
    score.add_argument(
        "--every", type=_positive, default=1, metavar="N", help="score every N-th frame"
    )
    score.add_argument(
        "--max-frames", type=_positive, metavar="M", help="score at most M of a video"
    )
    score.add_argument(
        "--visuals",
        metavar="DIR",
        help="write a picture of each face's noise, spectrum, live estimate, 0/1 map and depth; "
        "with --camera, the frames with the overlay",
    )
    score.add_argument(
        "--camera", metavar="N", help="score a camera (its number, or a stream's address)"
    )


def _add_report(commands):
    report = commands.add_parser(
        "report",
        help="a page with error rates and charts, from score files",
        description=_REPORT_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    report.add_argument("files", nargs="+", metavar="FILE", help="test score file of each system")
    report.add_argument(
        "--dev",
        nargs="+",
        required=True,
        metavar="FILE",
        help="dev score file of each system, in the same order",
    )
    report.add_argument("--output", required=True, metavar="DIR", help="folder to write to")
    report.add_argument(
        "--name", nargs="+", help="name of each system; otherwise taken from the paths"
    )
    report.add_argument(
        "--higher",
        nargs="+",
        choices=("attack", "bona_fide"),
        help="which presentations have the higher scores, for all systems or for each; otherwise "
        "the file's format says it",
    )
    report.add_argument(
        "--group-by",
        nargs="+",
        metavar="COLUMN",
        help="columns of the score files to give rates by; otherwise all that have few values",
    )
    report.add_argument(
        "--robustness",
        nargs="+",
        metavar="FILE",
        help="robustness.json of recipes/robustness.py, whose charts the page shows too",
    )
    report.add_argument(
        "--resamples",
        type=_positive,
        default=2000,
        metavar="N",
        help="how often subjects are drawn anew for the intervals",
    )
    report.add_argument("--seed", type=_natural, default=0, metavar="N", help="of the drawing")


def _add_data(commands):
    from despoof_keras.datasets.check.command import CHECK_HELP, add_check_arguments
    from despoof_keras.datasets.simulate.command import SIMULATE_HELP, add_simulate_arguments
    from despoof_keras.datasets.store import command

    data = commands.add_parser("data", help="check a data set, prepare it, make attacks of it")
    parts = data.add_subparsers(dest="part", required=True)
    for name, summary, description, add in (
        (
            "check",
            "say what a data set holds, and whether it can be used",
            CHECK_HELP,
            add_check_arguments,
        ),
        (
            "prepare",
            "cut out the faces of a whole data set",
            command.PREPARE_HELP,
            command.add_prepare_arguments,
        ),
        (
            "verify",
            "compare a store with its checksums",
            command.VERIFY_HELP,
            command.add_verify_arguments,
        ),
        (
            "simulate",
            "make simulated attacks of a data set's bona fide presentations",
            SIMULATE_HELP,
            add_simulate_arguments,
        ),
    ):
        add(
            parts.add_parser(
                name,
                help=summary,
                description=description,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )


def _add_calibrate(commands):
    from despoof_keras.inference.calibrate.command import CALIBRATE_HELP, add_calibrate_arguments

    calibrate = commands.add_parser(
        "calibrate",
        help="choose a model's threshold on your own clips",
        description=CALIBRATE_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_calibrate_arguments(calibrate)


def _natural(text):
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number from 0; received {text}")
    return int(text)


def _positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a positive whole number; received {text}")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: strings; the process's own if None.

    Returns:
        The exit code.
    """
    prepare_streams()
    parser, options = parse_arguments(arguments)
    if options.command == "score" and bool(options.paths) == (options.camera is not None):
        parser.error("score: expected either paths or --camera")
    set_environment()
    try:
        commands = {
            "info": _info,
            "score": _score,
            "report": _report,
            "data": _data,
            "calibrate": _calibrate,
        }
        code = commands[options.command](options)
        flush_output()
        return code
    except ImportError as error:
        tell(f"despoof: {explanation(error) or error}")
        return USAGE
    except DataError as error:
        tell(f"despoof: {error}")
        return USAGE
    except KeyboardInterrupt:
        tell("\ndespoof: interrupted")
        _leave_stuck_threads(INTERRUPTED)
        return INTERRUPTED
    except BrokenPipeError:
        abandon_output()  # nobody reads our lines any more
        return SOME_FAILED
    except OSError as error:  # a full disk, a folder that vanished
        abandon_output()
        is_output = error.filename is None and error.errno in DISK_FULL
        tell(f"despoof: {f'standard output: {error.strerror}' if is_output else error}")
        return SOME_FAILED


def _leave_stuck_threads(code):
    """End the process if a thread would hold it, waiting for input that may never come."""
    if len(threading.enumerate()) > 1:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(code)


def _score(options):
    with held_back_stderr():
        from despoof_keras.inference.command import open_parts, run_score

        parts = open_parts(options)
    return SCORED if run_score(options, parts) else SOME_FAILED


def _report(options):
    from despoof_keras.evaluation.report.command import run_report

    run_report(options)
    return SCORED


def _data(options):
    from despoof_keras.utils.programs import run_program

    if options.part == "check":
        return _check(options)
    from despoof_keras.datasets.store import command

    if options.part == "verify":
        problems = command.verify(Path(options.store))
        print("\n".join(problems) or f"{options.store}: all shards are as they were written")
        return SOME_FAILED if problems else SCORED

    def work():
        if options.part == "prepare":
            print(command.prepare(options, options.beam_options))
        else:
            from despoof_keras.datasets.simulate.command import simulate_clips

            print(simulate_clips(options))

    return run_program("despoof", work, "the same command goes on where it stopped")


def _check(options):
    from despoof_keras.utils.programs import run_program

    outcome = []

    def check():
        from despoof_keras.datasets.check.command import check

        is_usable, text = check(options)
        print(text)
        outcome.append(SCORED if is_usable else SOME_FAILED)

    return run_program("despoof", check, "the same command starts again") or outcome[0]


def _calibrate(options):
    from despoof_keras.utils.programs import run_program

    def calibrate():
        from despoof_keras.inference.calibrate.command import calibrate_model

        facts = calibrate_model(options)
        if options.json:
            print(json.dumps(facts))
            return
        from despoof_keras.evaluation.tables import show
        from despoof_keras.inference.calibrate.screen import screen

        show(*screen(facts))

    return run_program("despoof", calibrate, "the same command starts again")


def _info(options):
    with held_back_stderr():
        values = _description(options.model)
    if options.json:
        print(json.dumps(values))
        return SCORED
    width = max(map(len, values))
    for name, value in values.items():
        print(f"{name:{width}}  {'-' if value is None else value}")
    return SCORED


def _description(path) -> dict[str, Any]:
    from despoof_keras.inference.open_model import kind_of

    kind = kind_of(path)
    if kind == "released":
        with explaining():
            from despoof_keras.models.released import load_released

        metadata = load_released(path).metadata
    else:
        from despoof_keras.inference.read_metadata import read_metadata

        metadata = read_metadata(path)
    return {"kind": kind, **metadata.to_dict()}
