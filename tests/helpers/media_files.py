"""Sound and damaged media files that several tests make, and the rights they are read with."""

import contextlib
import io
import os
import struct
import zlib

import cv2
import numpy as np
from PIL import Image

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


def write_truncated(path, picture):
    buffer = io.BytesIO()
    Image.fromarray(np.tile(picture, (4, 4, 1))).save(buffer, "JPEG", quality=95)
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])


def write_nothing(path, picture):
    path.write_bytes(b"")


def write_text(path, picture):
    path.write_text("This is a letter, and no photograph.\n")


def write_huge(path, picture):
    """A PNG whose header announces 20,000 x 20,000 pixels, and whose data are a few zeros."""

    def chunk(kind, body):
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    body = chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def write_corrupt_png(path, picture):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[60:90] = bytes(30)
    path.write_bytes(bytes(data))


def write_float(path, picture):
    Image.fromarray(picture[..., 0].astype(np.float32)).save(path, "TIFF")
