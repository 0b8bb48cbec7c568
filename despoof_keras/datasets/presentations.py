"""The presentations of some data without their splits: to calibrate on, or to test on alone."""

from __future__ import annotations

from despoof_keras.datasets import folder, manifest
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.errors import DataError

_OWN = {"folder": folder.list_files, "manifest": manifest.list_files}


def list_presentations(data: Data, split: str | None = None) -> list[VideoSample]:
    """List presentations; of data of one's own without any demand on what a split holds.

    Args:
        data: where they are.
        split: of which one; None for all.

    Raises:
        DataError: the data are not as needed, or nothing is in that split.
    """
    if split is None and data.name in _OWN:
        return _OWN[data.name](data.root, data.skip_bad)
    splits = data.load()
    chosen = [split] if split else list(splits)
    samples = {sample.key: sample for name in chosen for sample in splits[name]}
    if not samples:
        raise DataError(f"{data.root}: expected presentations; found none")
    return list(samples.values())
