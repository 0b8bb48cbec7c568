"""A camera's frames, scored as they come, and shown on the screen or written as pictures."""

import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
from PIL import Image

from despoof_keras.errors import DataError
from despoof_keras.faces.finder import FaceFinder
from despoof_keras.inference.drawing import draw_overlay, writable_folder
from despoof_keras.inference.records import ScoreRecord
from despoof_keras.inference.scoring_model import ScoringModel
from despoof_keras.inference.stream import Frame, score_stream
from despoof_keras.utils.files import atomic_path
from despoof_keras.utils.libraries import import_opencv

WINDOW = "despoof (press q to quit)"
QUIT_KEYS = (ord("q"), 27)  # 27 is Escape

# Called with a scored frame, `(height, width, 3)` RGB uint8 with the overlay drawn, and its number;
# returns whether to stop.
FrameFunction = Callable[[np.ndarray, int], bool]


def camera_records(
    source: int | str | Path,
    model: ScoringModel,
    finder: FaceFinder,
    *,
    every: int = 1,
    most: int | None = None,
    all_faces: bool = False,
    show: FrameFunction | None = None,
) -> Generator[ScoreRecord, None, None]:
    """Score a camera's frames one after the other, in the order in which the camera gives them.

    A frame is taken only when the one before is done. What becomes of those between is up to the
    driver (most keep a few and drop the rest).

    Args:
        source: number of a device, from 0, or the address or file of a stream.
        model: the model.
        finder: the face finder.
        every: distance between scored frames.
        most: frames to score; None for as long as the camera gives frames.
        all_faces: score every face instead of the largest alone.
        show: called with each scored frame.

    Yields:
        `ScoreRecord`.

    Raises:
        DataError: the camera cannot be opened, or gives no frame.
        ImportError: OpenCV, which reads cameras, cannot be imported.
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
    """Yield every so many frames of a camera as `(number, RGB uint8 frame)`."""
    cv2 = import_opencv()
    is_device = str(source).isdigit()
    # FFmpeg is named because other backends read a file name with digits as a series of pictures.
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
    """Shows frames in a window, until q or Escape is pressed."""

    def __init__(self):
        self._cv2 = import_opencv()

    def __call__(self, image: np.ndarray, number: int) -> bool:
        self._cv2.imshow(WINDOW, np.ascontiguousarray(image[..., ::-1]))
        return self._cv2.waitKey(1) & 0xFF in QUIT_KEYS


class FrameFolder:
    """Writes frames as pictures, for machines without a screen.

    Args:
        folder: where to write `camera-<frame>.png`.

    Raises:
        DataError: the folder cannot be written to.
    """

    def __init__(self, folder: Path | str):
        self._folder = writable_folder(folder)

    def __call__(self, image: np.ndarray, number: int) -> bool:
        with atomic_path(self._folder / f"camera-{number:05d}.png") as temporary:
            Image.fromarray(image).save(temporary)
        return False


def can_show_windows() -> bool:
    """Try whether this OpenCV can open a window on this machine.

    A process of its own tries it, because Qt ends the process if it cannot reach a display.

    Raises:
        ImportError: OpenCV cannot be imported.
    """
    import_opencv()
    tried = subprocess.run(
        [sys.executable, "-c", "import cv2; cv2.namedWindow('despoof')"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return tried.returncode == 0
