"""Where a face lies in a recording."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Framing:
    """Where a face lies in a frame of a recording.

    Attributes:
        size: (height, width) of the frame in pixels.
        centre: (x, y) between the eyes in the first frame.
        distance: eye distance in that frame, see `synthesis.scene.rendering.place_eyes`.
        frames: number of frames.
    """

    size: tuple[int, int]
    centre: tuple[float, float]
    distance: float
    frames: int
