"""A camera's frames, scored as they come, shown on the screen or written as pictures."""

import os
import sys
from pathlib import Path

import cv2

from despoof_keras.errors import DataError
from despoof_keras.files import atomic_path
from despoof_keras.liveness import Frame, score_stream
from despoof_keras.visuals import draw_overlay, file_name

WINDOW = "despoof (q ends)"
QUIT_KEYS = (ord("q"), 27)  # 27 is Escape
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def camera_records(source, model, finder, *, every=1, most=None, all_faces=False, show=None):
    """Scores a camera's frames one after the other, none waiting.

    Args:
        source: number of a device, from 0, or the address or file of a stream.
        model: `model_files.ScoringModel`.
        finder: `faces.FaceFinder`.
        every: distance between scored frames.
        most: frames to score; None for as long as the camera gives frames.
        all_faces: score every face, not the largest alone.
        show: called with each scored frame `(height, width, 3)`, overlay drawn, and its number;
            what it returns as true ends the series.

    Yields:
        `ScoreRecord`.

    Raises:
        DataError: the camera cannot be opened, or gives no frame.
    """
    capture = cv2.VideoCapture(int(source) if str(source).isdigit() else str(source))
    try:
        if not capture.isOpened():
            raise DataError(f"camera {source}: expected a device or stream that can be opened")
        done = number = 0
        while most is None or done < most:
            if not capture.grab():
                break
            if number % every == 0:
                _, image = capture.retrieve()
                frame = Frame(f"camera {source}", number, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
                records = list(score_stream(model, finder, [frame], all_faces=all_faces))
                yield from records
                done += 1
                if show and show(_overlay(frame.image, records), number):
                    return
            number += 1
        if not number:
            raise DataError(f"camera {source}: expected frames; it gives none")
    finally:
        capture.release()


def _overlay(image, records):
    for record in records:
        image = draw_overlay(image, record)
    return image


class ScreenWindow:
    """Shows frames in a window; true when q or Escape was pressed."""

    def __call__(self, image, number):
        cv2.imshow(WINDOW, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        return cv2.waitKey(1) & 0xFF in QUIT_KEYS


class FrameFolder:
    """Writes frames as pictures, for machines without a screen.

    Args:
        folder: for `camera-<frame>.png`.
    """

    def __init__(self, folder):
        self._folder = Path(folder)

    def __call__(self, image, number):
        with atomic_path(self._folder / file_name("camera", number)) as temporary:
            if not cv2.imwrite(str(temporary), cv2.cvtColor(image, cv2.COLOR_RGB2BGR)):
                raise DataError(f"{temporary}: cannot be written")
        return False


def can_show_windows():
    """Whether this OpenCV and this machine can open a window."""
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in _DISPLAYS):
        return False  # Qt would end the process here
    try:
        cv2.namedWindow(WINDOW)
    except cv2.error:  # opencv-python-headless has no windows
        return False
    return True
