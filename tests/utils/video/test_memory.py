"""Frames that have been read are let go of at once, for each has the size of its picture."""

import gc

import av
import numpy as np
from media_files import write_video

from despoof_keras.utils.video.frames import read_frames


def test_no_frame_waits_for_the_garbage_collector(tmp_path):
    path = tmp_path / "clip.avi"
    write_video(path, [np.full((64, 64, 3), 90, np.uint8)] * 10)
    gc.collect()
    gc.disable()
    try:
        assert len(list(read_frames(path, range(5)))) == 5
        kept = [thing for thing in gc.get_objects() if isinstance(thing, av.VideoFrame)]
    finally:
        gc.enable()
    assert kept == []
