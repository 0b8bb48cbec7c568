"""Files that several tests make, and the rights they are read with."""

import contextlib
import os

import cv2
import numpy as np

NOBODY = 65534


def write_video(path, pictures, codec="MJPG"):
    """Writes `(height, width, 3)` RGB uint8 pictures as a video of 30 frames a second."""
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 30, (width, height))
    for picture in pictures:
        writer.write(np.ascontiguousarray(picture[..., ::-1]))
    writer.release()


@contextlib.contextmanager
def as_nobody(folder):
    """Runs a block without the right to read everything, which root has; `folder` stays open."""
    for place in (folder, *folder.parents):
        if place.stat().st_uid == os.geteuid() and str(place).startswith("/tmp/"):
            place.chmod(0o755)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
