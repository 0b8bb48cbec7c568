"""One bona fide presentation to one simulated attack, as a picture or a video with its eyes."""

from __future__ import annotations

import dataclasses
import fractions
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from despoof_keras.datasets.clip_crops import chosen_eyes, clip_frames
from despoof_keras.datasets.eye_files import write_eyes
from despoof_keras.datasets.samples import SIMULATED_PREFIX, VideoSample
from despoof_keras.errors import DataError
from despoof_keras.simulation.draws import draw_medium
from despoof_keras.simulation.recapture import show_clip
from despoof_keras.utils.files import atomic_path

# Videos are motion JPEG at its best quality, so that they keep what the camera's JPEG has left.
BEST_QUALITY = {"qmin": "1", "qmax": "1"}
# Where the source does not say how fast it is.
FRAME_RATE = fractions.Fraction(30)
# Larger frames are reduced to so many pixels. To simulate one of this size takes 1.6 GB, measured:
# a camera's raster and a printer's dots are several times as fine as its pixels.
MOST_PIXELS = 1080 * 1920
BYTES_PER_WORKER = 1600 * 2**20


@dataclasses.dataclass(frozen=True)
class SimulationJob:
    """An attack to be made.

    Attributes:
        sample: the bona fide presentation; with an eye file.
        kind: `"print"` or `"replay"`.
        path: of the picture or the video.
        eyes: of its eye file.
        seed: with the sample's key and the path's name it decides every draw.
        border: as for `SimulatedAttack`.
        skip_bad: leave out frames that cannot be used.
    """

    sample: VideoSample
    kind: str
    path: Path
    eyes: Path
    seed: int = 0
    border: bool = False
    skip_bad: bool = False

    @property
    def pai(self) -> str:
        """The species."""
        return f"{SIMULATED_PREFIX}{self.kind}"

    @property
    def is_made(self) -> bool:
        """Whether it is there already; its eyes are written last."""
        return self.path.is_file() and self.eyes.is_file()


def simulate(job: SimulationJob) -> str | None:
    """Make an attack, unless it is there already; what a worker does.

    One medium is held before one camera. A print is of the first frame whose eyes are known; a
    replay shows them all.

    Returns:
        Why it cannot be made; None where it is there.
    """
    if job.is_made:
        return None
    try:
        found: dict[int, np.ndarray] = {}
        shown = _shown(job, found)
        with atomic_path(job.path) as temporary:
            if job.path.suffix == ".png":
                _write_picture(temporary, next(shown))
            else:
                _write_video(temporary, shown, _rate(job.sample))
        with atomic_path(job.eyes) as temporary:
            write_eyes(temporary, found)
    except DataError as error:
        return str(error)
    return None


def _shown(job, found) -> Iterator[np.ndarray]:
    """The frames of the attack; the eyes in them are put into `found`."""
    names = (job.sample.key, job.path.name)
    rng = np.random.default_rng((job.seed, *(zlib.crc32(name.encode()) for name in names)))
    medium = draw_medium(job.kind, rng)
    # A still picture is one frame, whatever the number of the eye file's lines.
    wanted = 1 if job.path.suffix == ".png" else None
    frames = len(chosen_eyes(job.sample, wanted, skip_bad=job.skip_bad)[0])
    presented = (
        _of_size(frame, eyes)
        for _, frame, eyes, _ in clip_frames(
            job.sample, lambda *_: None, wanted, [] if job.skip_bad else None
        )
    )
    for number, (picture, eyes) in enumerate(show_clip(presented, frames, medium, rng, job.border)):
        found[number] = eyes.ravel()
        yield picture


def _of_size(frame, eyes):
    """A frame of at most `MOST_PIXELS` with even sides, which a mosaic must have, and the eyes."""
    scale = min(1.0, (MOST_PIXELS / (frame.shape[0] * frame.shape[1])) ** 0.5)
    if scale < 1:
        frame = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    even = frame[: len(frame) // 2 * 2, : frame.shape[1] // 2 * 2]
    return np.ascontiguousarray(even), np.reshape(eyes, (2, 2)) * scale


def _rate(sample) -> fractions.Fraction:
    with sample.path.open("rb") as file, av.open(file) as container:
        return container.streams.video[0].average_rate or FRAME_RATE


def _write_picture(path: Path, picture: np.ndarray) -> None:
    path.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())


def _write_video(path: Path, frames: Iterable[np.ndarray], rate: fractions.Fraction) -> None:
    """Write pictures as a video, one in memory at a time."""
    with av.open(str(path), "w", format="mov") as container:
        stream = None
        for number, picture in enumerate(frames):
            if stream is None:
                stream = container.add_stream("mjpeg", rate=rate, options=BEST_QUALITY)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuvj444p"
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            for packet in stream.encode(frame):
                container.mux(packet)
        if stream is not None:
            for packet in stream.encode():
                container.mux(packet)
