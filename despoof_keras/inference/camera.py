"""A camera's frames, scored as they come, shown on the screen or written as pictures."""

import subprocess
import sys

import cv2

from despoof_keras.errors import DataError
from despoof_keras.inference.drawing import draw_overlay, writable_folder
from despoof_keras.inference.stream import Frame, score_stream
from despoof_keras.utils.files import atomic_path

WINDOW = "despoof (q ends)"
QUIT_KEYS = (ord("q"), 27)  # 27 is Escape


def camera_records(source, model, finder, *, every=1, most=None, all_faces=False, show=None):
    """Scores a camera's frames one after the other, in the order in which the camera gives them.

    A frame is taken only when the one before is done; what the driver does with those between is
    its own affair (most keep a few and drop the rest).

    Args:
        source: number of a device, from 0, or the address or file of a stream.
        model: `ScoringModel`.
        finder: `FaceFinder`.
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
    name = f"camera {source}"
    done = 0
    for number, image in _frames(source, every):
        records = list(
            score_stream(model, finder, [Frame(name, number, image)], all_faces=all_faces)
        )
        yield from records
        done += 1
        if (show and show(_overlay(image, records), number)) or done == most:
            return
    if not done:
        raise DataError(f"{name}: expected frames; it gives none")


def _frames(source, every):
    """Every so many frames of a camera: `(number, RGB uint8 frame)`."""
    is_device = str(source).isdigit()
    # FFmpeg by name, because other backends read a file name with digits as a series of pictures.
    capture = (
        cv2.VideoCapture(int(source))
        if is_device
        else cv2.VideoCapture(str(source), cv2.CAP_FFMPEG)
    )
    try:
        if not capture.isOpened():
            raise DataError(f"camera {source}: expected a device or stream that can be opened")
        number = 0
        while capture.grab():
            good, image = capture.retrieve() if number % every == 0 else (False, None)
            if good:
                yield number, cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
            number += 1
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

    Raises:
        DataError: the folder cannot be written to.
    """

    def __init__(self, folder):
        self._folder = writable_folder(folder)

    def __call__(self, image, number):
        with atomic_path(self._folder / f"camera-{number:05d}.png") as temporary:
            if not cv2.imwrite(str(temporary), cv2.cvtColor(image, cv2.COLOR_RGB2BGR)):
                raise DataError(f"{temporary}: cannot be written")
        return False


def can_show_windows():
    """Whether this OpenCV and this machine can open a window.

    Tried in a process of its own: Qt ends the process where a display cannot be reached.
    """
    tried = subprocess.run(
        [sys.executable, "-c", "import cv2; cv2.namedWindow('despoof')"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return tried.returncode == 0
