"""Clips as files of a fixed size: Motion-JPEG in AVI or MOV.

Phones encode at a constant bit rate, so a clip's size says nothing about what it shows. To the same
end, pictures are encoded here at the clip's own quality (or a lower one, if they do not fit), and a
chunk that every reader skips fills the rest of the camera's budget.
"""

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.errors import DataError
from despoof_keras.synthesis.video.avi import avi_file
from despoof_keras.synthesis.video.mov import mov_file

REFERENCE_PIXELS = 240 * 320  # the cameras' byte budgets hold for pictures of this size
HEADER_BYTES = 4096  # more than a short clip's headers and index need
INDEX_BYTES = 24  # most that a container needs for a frame: index entry and chunk header of AVI
QUALITY_STEP = 6
LOWEST_QUALITY = 8
# By the ending of a file's name: function of the coded pictures, (height, width) and the size.
CONTAINERS: Mapping[str, Callable[[Sequence[bytes], tuple[int, int], int], bytes]] = {
    ".avi": avi_file,
    ".mov": mov_file,
}


def clip_bytes(frame_bytes: int, frames: int, size: tuple[int, int]) -> int:
    """Compute the size in bytes of all clips with one camera, frame count and picture size."""
    picture = frame_bytes * size[0] * size[1] // REFERENCE_PIXELS + 1024
    return HEADER_BYTES + frames * (picture + INDEX_BYTES)


def encode_clip(
    pictures: Sequence[NDArray[np.uint8]], quality: int, total: int, ending: str = ".avi"
) -> bytes:
    """Encode pictures as a video of exactly `total` bytes.

    Args:
        pictures: sequence of uint8 (height, width, 3), RGB.
        quality: JPEG quality from 1 to 100, lowered until the clip fits.
        total: size of the file in bytes.
        ending: a key of `CONTAINERS`.

    Returns:
        The file's contents.

    Raises:
        DataError: if the clip does not fit even at the lowest quality.
    """
    while quality >= LOWEST_QUALITY:
        # Colour keeps its full resolution: a small frame stands for a camera's much larger one,
        # which has more colour samples than this even after subsampling.
        options = [
            cv2.IMWRITE_JPEG_QUALITY,
            quality,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ]
        coded = [
            cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)[1].tobytes()
            for picture in pictures
        ]
        coded = [data + b"\0" * (len(data) % 2) for data in coded]  # chunks start at even bytes
        room = total - HEADER_BYTES - len(coded) * INDEX_BYTES - sum(map(len, coded))
        if room >= 0:
            height, width = pictures[0].shape[:2]
            return CONTAINERS[ending](coded, (height, width), total)
        quality -= QUALITY_STEP
    raise DataError(f"a clip of {len(pictures)} frames does not fit in {total} bytes")
