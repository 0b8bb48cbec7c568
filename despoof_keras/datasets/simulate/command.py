"""`despoof data simulate`: its options, and what it does."""

from __future__ import annotations

import argparse
import csv
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from despoof_keras.datasets import arguments
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.simulation import KINDS

SIMULATE_HELP = """Makes simulated prints and replays of the bona fide presentations of a data set.

despoof data simulate faces --output simulated
despoof data simulate --dataset oulu_npu /data/Oulu_NPU --output simulated --kind print --border

DIR/manifest.csv lists them for --dataset manifest. The same command goes on where an interrupted
one stopped."""

MANIFEST, SETTINGS = "manifest.csv", "settings.json"
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
    parser.add_argument("--kind", choices=KINDS, help="only these (default: both, in turn)")
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
        DataError: the data cannot be used, the folder holds attacks of other data or settings, or,
            without `skip_bad`, an attack cannot be made.
    """
    from despoof_keras.datasets.simulate.clips import BYTES_PER_WORKER, simulate
    from despoof_keras.errors import DataError
    from despoof_keras.utils.files import check_writable
    from despoof_keras.utils.processes import default_processes, in_processes
    from despoof_keras.utils.progress import tracked

    if options.count < 1:
        raise DataError(f"--count: expected at least 1; received {options.count}")
    check_writable(options.output)
    samples = _bona_fide(options)
    _claim(options, samples)
    jobs = list(_jobs(samples, options))
    made = []
    processes = options.processes or default_processes(BYTES_PER_WORKER)
    outcomes = in_processes(simulate, jobs, processes, on_death=_told)
    with tracked(outcomes, "simulated attacks", len(jobs)) as results:
        for job, problem in zip(jobs, results, strict=True):
            if problem is None:
                made.append(job)
            elif options.skip_bad:
                logger.warning("left out: %s", problem)
            else:
                raise DataError(problem)
    _write_manifest(options.output, made)
    return f"{options.output / MANIFEST}: {len(made)} simulated attacks, of {len(samples)} files"


def _bona_fide(options) -> list[VideoSample]:
    """The bona fide presentations, with their eyes."""
    from despoof_keras.datasets.crops import CropSettings
    from despoof_keras.datasets.data import Data
    from despoof_keras.datasets.find_eyes import with_eye_files
    from despoof_keras.datasets.store.contents import contents_of
    from despoof_keras.errors import DataError
    from despoof_keras.utils.cache import writable_cache

    cache = writable_cache() / "crops"
    data = Data(options.data_root, cache, name=options.dataset, skip_bad=options.skip_bad)
    if data.data_set.is_own:
        listed = data.presentations()
    else:  # the videos of all protocols
        settings = CropSettings()
        contents = contents_of(data.name, data.root, settings, skip_bad=options.skip_bad)
        listed = list(contents.samples)
    samples = [sample for sample in listed if not sample.label]
    if not samples:
        raise DataError(f"{options.data_root}: expected bona fide presentations; found none")
    if options.find_eyes or data.find_eyes:
        samples = with_eye_files(
            samples, cache / EYES, processes=options.processes, skip_bad=options.skip_bad
        )
    return samples


def _claim(options, samples):
    """Make sure that what is in the folder was made of the same data, with the same settings."""
    import json

    from despoof_keras.datasets.fingerprint import describe, fingerprint
    from despoof_keras.errors import DataError
    from despoof_keras.utils.files import write_json

    path = options.output / SETTINGS
    settings = {
        "data": fingerprint(describe(samples)),
        "seed": options.seed,
        "border": options.border,
        "kind": options.kind,
    }
    if not path.is_file():
        write_json(path, settings)
        return
    try:
        before = dict(json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: expected what the attacks were made with; {error}") from error
    for name, value in settings.items():
        if before.get(name) != value:
            raise DataError(
                f"{options.output}: expected attacks that were made with {name} {value}; it holds "
                f"some with {before.get(name)}; pass another --output"
            )


def _told(job, call) -> str:
    """What is said of an attack whose worker died."""
    return (
        f"{job.sample.path}: the process that simulates it is killed, as happens where memory runs "
        "out or a video makes its decoder fail"
    )


def _jobs(samples: Sequence[VideoSample], options) -> Iterator:
    from despoof_keras.datasets.simulate.clips import SimulationJob
    from despoof_keras.utils.frames import STILL, medium_of

    taken: set[str] = set()
    for sample in samples:
        ending = ".png" if medium_of(sample.path) == STILL else ".mov"
        name = _unique(f"{_plain(str(sample.subject))}__{_plain(sample.key)}", taken)
        for number in range(options.count):
            kind = options.kind or KINDS[number % len(KINDS)]
            yield SimulationJob(
                sample,
                kind,
                options.output / "attack" / f"simulated_{kind}" / f"{name}-{number}{ending}",
                options.output / EYES / f"{name}-{number}.txt",
                options.seed,
                options.border,
                options.skip_bad,
            )


def _plain(text):
    return _UNSAFE.sub("_", text)


def _unique(name, taken):
    """A name that no other presentation has, also where capitals do not count."""
    chosen, number = name, 1
    while chosen.lower() in taken:
        number += 1
        chosen = f"{name}~{number}"
    taken.add(chosen.lower())
    return chosen


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
