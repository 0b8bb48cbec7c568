"""`despoof data simulate`: its options, and what it does."""

from __future__ import annotations

import argparse
import csv
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from despoof_keras.datasets import arguments
from despoof_keras.datasets.samples import PRINT, REPLAY, VideoSample

SIMULATE_HELP = """Makes simulated prints and replays of the bona fide presentations of a data set.

despoof data simulate faces --output simulated
despoof data simulate --dataset oulu_npu /data/Oulu_NPU --output simulated --kind print --border

DIR/manifest.csv lists them for --dataset manifest. The same command goes on where an interrupted
one stopped."""

MANIFEST = "manifest.csv"
EYES = "eyes"
_UNSAFE = re.compile(r"[^\w.-]+")

logger = logging.getLogger(__name__)


def add_simulate_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `despoof data simulate`."""
    parser.add_argument(
        "data_root", type=Path, metavar="DIR", help="folder of the data set, or a manifest"
    )
    arguments.add_data_set_argument(parser, "folder")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder")
    parser.add_argument(
        "--kind", choices=(PRINT, REPLAY), help="only these (default: both, in turn)"
    )
    parser.add_argument(
        "--count",
        type=int,
        default=2,
        metavar="N",
        help="attacks of each bona fide presentation (default: 2)",
    )
    parser.add_argument(
        "--border",
        action="store_true",
        help="media may end within the frame: margins, bezels, fingers, the room behind",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="(default: 0)")
    arguments.add_video_arguments(parser)


def simulate_clips(options: argparse.Namespace) -> str:
    """Make the attacks that the options ask for.

    Returns:
        A sentence about them.

    Raises:
        DataError: the data cannot be used, or, without `skip_bad`, an attack cannot be made.
    """
    from despoof_keras.datasets.data import Data
    from despoof_keras.datasets.find_eyes import with_eye_files
    from despoof_keras.datasets.presentations import list_presentations
    from despoof_keras.datasets.simulate.clips import simulate
    from despoof_keras.errors import DataError
    from despoof_keras.utils.cache import writable_cache
    from despoof_keras.utils.files import check_writable
    from despoof_keras.utils.processes import in_processes
    from despoof_keras.utils.progress import tracked

    if options.count < 1:
        raise DataError(f"--count: expected at least 1; received {options.count}")
    check_writable(options.output)
    cache = writable_cache() / "crops"
    data = Data(options.data_root, cache, name=options.dataset, skip_bad=options.skip_bad)
    samples = [sample for sample in list_presentations(data) if not sample.label]
    if not samples:
        raise DataError(f"{options.data_root}: expected bona fide presentations; found none")
    if options.find_eyes or data.find_eyes:
        samples = with_eye_files(
            samples, cache / EYES, processes=options.processes, skip_bad=options.skip_bad
        )
    jobs = list(_jobs(samples, options))
    made = []
    outcomes = in_processes(simulate, jobs, options.processes)
    with tracked(outcomes, "simulated attacks", len(jobs)) as results:
        for job, problem in zip(jobs, results, strict=True):
            if problem is None:
                made.append(job)
            elif options.skip_bad:
                logger.warning("left out: %s", problem)
            else:
                raise DataError(problem)
    _write_manifest(options.output, made)
    return f"{options.output / MANIFEST}: {len(made)} simulated attacks, of {len(samples)} videos"


def _jobs(samples: Sequence[VideoSample], options) -> Iterator:
    from despoof_keras.datasets.simulate.clips import SimulationJob
    from despoof_keras.utils.frames import STILL, medium_of

    for sample in samples:
        ending = ".png" if medium_of(sample.path) == STILL else ".mov"
        name = _UNSAFE.sub("_", str(Path(sample.key).with_suffix("")))
        for number in range(options.count):
            kind = options.kind or (PRINT, REPLAY)[number % 2]
            stem = f"{_UNSAFE.sub('_', str(sample.subject))}__{name}-{number}"
            yield SimulationJob(
                sample,
                kind,
                options.output / "attack" / f"simulated_{kind}" / f"{stem}{ending}",
                options.output / EYES / f"{stem}.txt",
                options.seed,
                options.border,
            )


def _write_manifest(output, made):
    from despoof_keras.utils.files import atomic_path

    with (
        atomic_path(output / MANIFEST) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["path", "label", "pai", "subject", "eyes"])
        for job in made:
            path, eyes = (each.relative_to(output).as_posix() for each in (job.path, job.eyes))
            writer.writerow([path, "attack", job.pai, job.sample.subject, eyes])
