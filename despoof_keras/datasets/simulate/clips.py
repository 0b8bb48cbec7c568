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

from despoof_keras.datasets.clip_crops import chosen_eyes
from despoof_keras.datasets.eye_files import write_eyes
from despoof_keras.datasets.sample_frames import read_sample_frames
from despoof_keras.datasets.samples import PRINT, SIMULATED_PREFIX, VideoSample
from despoof_keras.errors import DataError
from despoof_keras.simulation.draws import draw_display, draw_printer
from despoof_keras.simulation.recapture import show_clip
from despoof_keras.utils.files import atomic_path

# Videos are motion JPEG at its best quality, so that they keep what the camera's JPEG has left.
BEST_QUALITY = {"qmin": "1", "qmax": "1"}
# Where the source does not say how fast it is.
FRAME_RATE = fractions.Fraction(30)


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
    """

    sample: VideoSample
    kind: str
    path: Path
    eyes: Path
    seed: int = 0
    border: bool = False

    @property
    def pai(self) -> str:
        """The species."""
        return f"{SIMULATED_PREFIX}{self.kind}"


def simulate(job: SimulationJob) -> str | None:
    """Make an attack, unless it is there already; what a worker does.

    One medium is held before one camera. A print is of the first frame whose eyes are known; a
    replay shows them all.

    Returns:
        Why it cannot be made; None where it is there.
    """
    # The eyes are written last.
    if job.path.is_file() and job.eyes.is_file():
        return None
    try:
        known, _ = chosen_eyes(job.sample, None, skip_bad=True)
        found: dict[int, np.ndarray] = {}
        shown = _shown(job, known, found)
        with atomic_path(job.path) as temporary:
            if job.path.suffix == ".png":
                cv2.imwrite(str(temporary), next(shown)[..., ::-1])
            else:
                _write_video(temporary, shown, _rate(job.sample))
        write_eyes(job.eyes, found)
    except DataError as error:
        return str(error)
    return None


def _shown(job, known, found) -> Iterator[np.ndarray]:
    """The frames of the attack; the eyes in them are put into `found`."""
    numbers = list(known)
    rng = np.random.default_rng(
        (job.seed, zlib.crc32(job.sample.key.encode()), zlib.crc32(job.path.name.encode()))
    )
    medium = draw_printer(rng) if job.kind == PRINT else draw_display(rng)
    places = np.reshape([known[number] for number in numbers], (-1, 2, 2))
    frames = (_even(frame) for _, frame in read_sample_frames(job.sample, numbers))
    for number, (picture, eyes) in enumerate(show_clip(frames, places, medium, rng, job.border)):
        found[number] = eyes.ravel()
        yield picture


def _even(frame):
    """A frame of whose odd sides the last row or column is left out, which a mosaic cannot have."""
    return np.ascontiguousarray(frame[: len(frame) // 2 * 2, : frame.shape[1] // 2 * 2])


def _rate(sample) -> fractions.Fraction:
    with sample.path.open("rb") as file, av.open(file) as container:
        return container.streams.video[0].average_rate or FRAME_RATE


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
