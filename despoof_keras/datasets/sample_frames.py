"""Frames of a sample's video or picture, the right way up."""

from collections.abc import Iterable, Iterator

import numpy as np

from despoof_keras.datasets.samples import VideoSample
from despoof_keras.utils.frames import read_media_frames


def read_sample_frames(
    sample: VideoSample, indices: Iterable[int] | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Decode frames of a sample, see `read_media_frames`; turned by half where it needs that."""
    for index, frame in read_media_frames(sample.path, indices):
        yield index, np.ascontiguousarray(frame[::-1, ::-1]) if sample.is_upside_down else frame
