"""Animated pictures (GIF, PNG, WebP, AVIF) as videos: their frames, one at a time."""

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.utils.contents import read_source
from despoof_keras.utils.media import HEAD_BYTES
from despoof_keras.utils.pictures.images import (
    EXPECTED,
    MOST_BYTES,
    naming_damage,
    open_picture,
    rgb_array,
)

_ANIMATION_FLAG = 0x02  # in the flags of a WebP file's first chunk
_WEBP_FLAGS = 20  # where they are
_GIF_HEADER, _GIF_DESCRIPTOR = 13, 9
_GIF_IMAGE, _GIF_EXTENSION = b",", b"!"


def is_animated(path: str | os.PathLike, format_name: str) -> bool:
    """Tell whether a picture file has several frames to be shown one after the other.

    The pages of a TIFF file, the pictures of an MPO or HEIF file and the sizes of an icon are not
    frames.

    Args:
        path: the file.
        format_name: Pillow's name of its format.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
        if format_name == "GIF":
            return _has_two_images(file, head)
        if format_name == "PNG":
            return _png_frames(file) > 1
        if format_name == "WEBP":
            return head[12:16] == b"VP8X" and bool(head[_WEBP_FLAGS] & _ANIMATION_FLAG)
        return format_name == "AVIF" and b"avis" in head[: int.from_bytes(head[:4], "big")]


class Animation:
    """An animated picture, read once; a context manager with `video.decoder.Video`'s interface.

    Args:
        path: file for which `is_animated` holds.

    Attributes:
        expected: how many frames it announces.
        decoded: how many frames have been decoded.
        damage: what is missing of that which has been read, in words; None if nothing is.

    Raises:
        DataError: the file is missing or unreadable, or its first frame is damaged.
    """

    def __init__(self, path: str | os.PathLike):
        name, content = read_source(path, "animation", EXPECTED, MOST_BYTES)
        self._name = name
        self._picture = open_picture(content, name)
        self._image = self._picture.image
        # An animated PNG may begin with a picture for readers that know no animations.
        self._first = int(bool(self._image.info.get("default_image")))
        self.expected = getattr(self._image, "n_frames", 1) - self._first
        self.decoded = 0
        self.damage: str | None = None
        self._lacks_end = self._image.format == "GIF" and not _has_trailer(content)

    def __enter__(self) -> "Animation":
        return self

    def __exit__(self, *error):
        self._image.close()

    @property
    def note(self) -> str | None:
        """What is missing, as a remark."""
        return f"incomplete: {self.damage}" if self.damage else None

    def frames(self, wanted: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
        """Decode frames.

        Args:
            wanted: numbers of frames, from 0, ascending. Nothing is read behind the last of them,
                and those that do not exist are left out.

        Yields:
            `(number, frame)`: `(height, width, 3)` RGB uint8, as it is shown, without transparency.
        """
        for number in wanted:
            if number >= self.expected:
                if self._lacks_end:
                    self.damage = f"{self.expected} frames decode, then the file breaks off"
                return
            try:
                with naming_damage(self._name):
                    self._image.seek(number + self._first)
                    frame = rgb_array(self._picture)
            except DataError:
                self.damage = f"{self.decoded} of {self.expected} frames decode"
                return
            self.decoded = number + 1
            yield number, frame


def _has_trailer(content):
    # Some programs write zeros behind the end.
    return content.rstrip(b"\0").endswith(b";")


def _has_two_images(file: BinaryIO, head: bytes) -> bool:
    """Walk over a GIF file's blocks, as far as its second image."""

    def skip_palette(flags):
        file.seek(3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0, os.SEEK_CUR)

    file.seek(_GIF_HEADER)
    skip_palette(head[_GIF_HEADER - 3] if len(head) >= _GIF_HEADER else 0)
    images = 0
    while True:
        kind = file.read(1)
        if kind == _GIF_IMAGE:
            images += 1
            descriptor = file.read(_GIF_DESCRIPTOR)
            if images > 1 or len(descriptor) < _GIF_DESCRIPTOR:
                return images > 1
            skip_palette(descriptor[-1])
        elif kind != _GIF_EXTENSION:
            return False
        file.read(1)  # what extension it is, or the size of a code
        while length := file.read(1):
            if not length[0]:
                break
            file.seek(length[0], os.SEEK_CUR)


def _png_frames(file: BinaryIO) -> int:
    """Read how many frames an animated PNG announces, in front of its pixels."""
    file.seek(8)
    while len(header := file.read(8)) == 8 and header[4:] != b"IDAT":
        if header[4:] == b"acTL":
            return int.from_bytes(file.read(4), "big")
        file.seek(int.from_bytes(header[:4], "big") + 4, os.SEEK_CUR)
    return 0
