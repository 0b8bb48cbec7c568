"""Videos with every kind of damage."""

import av
import numpy as np
from video_cases import DEFAULT_OPTIONS, OPTIONS, Case, encoded
from video_files import picture


def _spoil(path, codec, change):
    """Write a video with a picture that fills it with data, and change its bytes."""
    noise = np.random.default_rng(0)

    def frame(number):
        image = picture(number, 320, 240).astype(int) + noise.integers(-12, 12, (240, 320, 3))
        return av.VideoFrame.from_ndarray(np.clip(image, 0, 255).astype(np.uint8), "rgb24")

    options = {"movflags": "faststart"} if path.suffix in (".mp4", ".mov") else {}
    if path.suffix == ".m2ts":
        options = {"mpegts_m2ts_mode": "1"}
    encoded(
        path,
        codec,
        "yuv420p" if codec != "mjpeg" else "yuvj420p",
        size=(320, 240),
        frame=frame,
        container_options=options,
        options=dict(OPTIONS.get(codec, DEFAULT_OPTIONS), b="4M"),
    )
    path.write_bytes(change(bytearray(path.read_bytes())))


def _cut(share):
    return lambda content: content[: int(len(content) * share) | 1]


def _zeros(content, share=0.5, length=1500):
    place = int(len(content) * share)
    content[place : place + length] = bytes(length)
    return content


def _noise(content):
    place = len(content) // 2
    content[place : place + 2000] = np.random.default_rng(1).bytes(2000)
    return content


def _flips(content):
    random = np.random.default_rng(2)
    for place in random.integers(len(content) // 4, len(content) * 9 // 10, 12):
        content[place] ^= 1 << int(random.integers(8))
    return content


def _lost(content):
    place = len(content) // 2
    return content[: place - 700] + content[place + 800 :]


DAMAGES = {
    "cut-30": _cut(0.3),
    "cut-60": _cut(0.6),
    "cut-97": _cut(0.97),
    "zeros": _zeros,
    "zeros-early": lambda content: _zeros(content, 0.2, 5000),
    "noise": _noise,
    "flips": _flips,
    "lost": _lost,
    "no-head": lambda content: bytearray(64) + content[64:],
    "half-head": lambda content: content[:40],
}
# Codecs without anything to check their data by.
_UNCHECKED = {
    "libvpx",
    "libvpx-vp9",
    "mjpeg",
    "rawvideo",
    "wmv2",
    "flv",
    "mpeg4",
    "mpeg2video",
    "libx265",
    "ffv1",
}


def damaged_cases():
    kinds = (
        "mp4/libx264 mov/mpeg4 mp4/libx265 mp4/mjpeg mkv/libx264 webm/libvpx webm/libvpx-vp9 "
        "mkv/ffv1 avi/mpeg4 avi/mjpeg ts/libx264 m2ts/libx264 ts/mpeg2video mpg/mpeg2video "
        "vob/mpeg2video flv/flv flv/libx264 wmv/wmv2 ogv/libvpx 3gp/mpeg4 mxf/mpeg2video"
    )
    for kind in kinds.split():
        suffix, codec = kind.split("/")
        for name, change in DAMAGES.items():
            yield Case(
                f"{name}-{codec}.{suffix}",
                lambda path, codec=codec, change=change: _spoil(path, codec, change),
                is_sound=False,
                is_silent=name in ("flips", "noise", "zeros", "zeros-early", "lost", "no-head")
                and codec in _UNCHECKED,
            )
