"""What an embedded set's folder holds."""

import cv2
import numpy as np


def tree(root):
    """Bytes of all files below a folder, by relative path."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def decode(path):
    """Frames of a video as OpenCV decodes them, and how many its header announces."""
    capture = cv2.VideoCapture(str(path))
    frames = []
    while True:
        is_read, frame = capture.read()
        if not is_read:
            return np.array(frames), int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        frames.append(frame)
