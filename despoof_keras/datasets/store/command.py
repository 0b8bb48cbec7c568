"""`despoof data prepare` and `despoof data verify`: their options, and what they do."""

from __future__ import annotations

import argparse
import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

from despoof_keras.datasets import arguments
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.faces.crop import RELEASED_CROP, RESIZE_RULES

PREPARE_HELP = """Cuts the faces out of every video of a data set, once, into a store.

despoof data prepare --dataset oulu_npu /data/Oulu_NPU --output stores/oulu
despoof data prepare --dataset oulu_npu /data/Oulu_NPU --output stores/oulu --runner FlinkRunner \\
  --flink_master host:8081

The same command goes on where an interrupted one stopped, and does nothing where all is done. With
--runner the work is spread by Apache Beam, whose own options may follow; all machines must see the
videos and the store under the same paths."""

VERIFY_HELP = """Compares every byte of a store with its checksums.

despoof data verify stores/oulu

Exit code: 0 all is as it was written, 1 it is not (each line says what), 2 there is no store."""

_DEFAULTS = CropSettings()
ALL_FRAMES = "all"


def add_prepare_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `despoof data prepare`."""
    parser.add_argument("data_root", type=Path, metavar="DIR", help="folder of the data set")
    arguments.add_data_set_argument(parser)
    parser.add_argument(
        "--output", type=Path, required=True, metavar="STORE", help="folder of the store"
    )
    arguments.add_protocol_arguments(parser, "the videos of all")
    parser.add_argument(
        "--image-size",
        type=_positive,
        default=_DEFAULTS.image_size,
        metavar="N",
        help=f"side of the crops in pixels (default: {_DEFAULTS.image_size})",
    )
    parser.add_argument(
        "--frames-per-video",
        type=_frames,
        default=_DEFAULTS.frames_per_video,
        metavar="N",
        help=f"frames of each video, evenly spread, or {ALL_FRAMES} "
        f"(default: {_DEFAULTS.frames_per_video})",
    )
    parser.add_argument(
        "--jitter",
        type=_natural,
        default=_DEFAULTS.jitter,
        metavar="N",
        help="pixels kept beyond every side, for shifted crops in training "
        f"(default: {_DEFAULTS.jitter})",
    )
    parser.add_argument(
        "--crop-side",
        type=float,
        default=_DEFAULTS.crop_rule.side,
        metavar="D",
        help=f"side of the face square in eye distances (default: {_DEFAULTS.crop_rule.side:g})",
    )
    parser.add_argument(
        "--resize",
        choices=RESIZE_RULES,
        default=_DEFAULTS.crop_rule.resize,
        help=f"how the square is resized (default: {_DEFAULTS.crop_rule.resize})",
    )
    parser.add_argument(
        "--face-depth",
        choices=("mesh", "generic"),
        default=_DEFAULTS.face_depth,
        help="depth of bona fide faces: from the face's landmarks, or a generic face's "
        f"(default: {_DEFAULTS.face_depth})",
    )
    arguments.add_video_arguments(parser)
    parser.add_argument(
        "--runner", metavar="NAME", help="runner of Apache Beam; default: this machine alone"
    )


def add_verify_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `despoof data verify`."""
    parser.add_argument("store", metavar="STORE", help="folder of the store")


def prepare(options: argparse.Namespace, beam_options: Sequence[str]) -> str:
    """Make a store as the options say.

    Args:
        options: those of `add_prepare_arguments`.
        beam_options: further ones, for Beam.

    Returns:
        A sentence about the store.

    Raises:
        DataError: as for `contents_of` and `prepare_store`.
        ImportError: `--runner` was given, and Apache Beam is not installed.
    """
    from despoof_keras.datasets.store.build import prepare_store
    from despoof_keras.datasets.store.contents import contents_of
    from despoof_keras.datasets.store.manifest import is_finished, read_manifest
    from despoof_keras.utils.programs import start_tensorflow

    runner = None
    if options.runner:
        from despoof_keras.datasets.store.beam import run_pipeline

        own = [f"--runner={options.runner}", *beam_options]
        runner = functools.partial(run_pipeline, arguments=own)
    contents = contents_of(
        options.dataset,
        options.data_root,
        CropSettings(
            options.image_size,
            options.frames_per_video,
            options.jitter,
            options.face_depth,
            dataclasses.replace(RELEASED_CROP.scaled(options.crop_side), resize=options.resize),
        ),
        protocol=options.protocol,
        fold=options.fold,
        skip_bad=options.skip_bad,
        find_eyes=options.find_eyes,
    )
    if not is_finished(options.output):
        start_tensorflow()
    made = prepare_store(contents, options.output, processes=options.processes, runner=runner)
    manifest = read_manifest(options.output)
    crops = sum(manifest["crops"].values())
    size = sum(facts["bytes"] for facts in manifest["shards"].values())
    left_out = len(manifest["videos_left_out"])
    # Stores of older versions do not say.
    by_box = manifest.get("eyes_by_box", {})
    return (
        f"{options.output}: {'' if made else 'nothing was left to do; '}{crops:,} crops of "
        f"{len(contents.samples) - left_out:,} videos in {len(manifest['shards']):,} shards, "
        f"{size / 2**20:,.1f} MiB"
        + (f"; {left_out:,} videos left out" if left_out else "")
        + (
            f"; eyes placed by the data set's box in {sum(by_box.values()):,} frames of "
            f"{len(by_box):,} videos"
            if by_box
            else ""
        )
    )


def verify(store: Path) -> list[str]:
    """Compare a store with its checksums; return what is wrong with it, nothing if all is well.

    Raises:
        DataError: the folder is no finished store.
    """
    from despoof_keras.datasets.store.manifest import problems_of

    return list(problems_of(store))


def _frames(text):
    return None if text == ALL_FRAMES else _positive(text)


def _positive(text):
    number = _natural(text)
    if not number:
        raise argparse.ArgumentTypeError("expected a positive whole number; received 0")
    return number


def _natural(text):
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number; received {text}")
    return int(text)
