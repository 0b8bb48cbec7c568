"""The recording that an attack shows: the same subject and session at another moment.

It was taken by a good camera with more pixels than the one that later records the medium.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.simulation.lighting import SessionLight, draw_lighting
from despoof_keras.simulation.presentation import OVERSCAN, Framing
from despoof_keras.synthesis.heads.head import Head
from despoof_keras.synthesis.scene.subject import CAMERA_SHAKE, place_subject

SOURCE_RASTER = 1.5  # samples per sensor pixel of the camera that later records the medium
SOURCE_BLUR = 0.6  # samples
# Amount of unsharp masking: cameras sharpen what they store.
SOURCE_SHARPEN = (0.3, 1.2)
SOURCE_WHITE = 2.2  # the source camera's white, in multiples of the picture's linear mean


class Source:
    """The recording that an attack shows.

    Its attribute `first` is the first frame, as `picture` gives it.

    Args:
        head: of the subject.
        light: in which the subject was recorded.
        framing: where the face lies in the final recording, in sensor pixels; the source has it
            nearly there.
        rng: generator of all random draws.
    """

    def __init__(self, head: Head, light: SessionLight, framing: Framing, rng: np.random.Generator):
        self.units = SOURCE_RASTER
        size = framing.size
        height, width = (round(extent * OVERSCAN * self.units) // 2 * 2 for extent in size)
        x, y = (
            (value - extent / 2 + extent * rng.normal(0, 0.008)) * self.units + whole / 2
            for value, extent, whole in zip(
                framing.centre, size[::-1], (width, height), strict=True
            )
        )
        self.middle = np.array([width, height]) / 2 - 0.5
        lighting = draw_lighting(light, rng)
        own = Framing(
            (height, width),
            (x, y),
            framing.distance * self.units * rng.uniform(0.97, 1.03),
            framing.frames,
        )
        self.scene = place_subject(head, lighting, own, 0.5 * CAMERA_SHAKE * width, rng)
        balance = np.exp(rng.normal(0, [0.04, 0.02, 0.05])) / lighting.mean_colour() ** 0.9
        self.gains = balance / balance[1] * 2 ** rng.normal(0, 0.2)
        self.sharpen = rng.uniform(*SOURCE_SHARPEN)
        self.exposure: float | None = None
        self.first = self.picture(0)

    def picture(self, frame: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Take a frame as the source's file stores it.

        Returns:
            The picture, uint8 (rows, columns, 3), gamma-2 encoded RGB, and the eyes (2, 2) in
            canvas units.
        """
        radiance, eyes, _ = self.scene.render(frame)
        radiance = cv2.GaussianBlur(radiance, (0, 0), SOURCE_BLUR)
        if self.exposure is None:
            self.exposure = 1 / (SOURCE_WHITE * radiance.mean())
        linear = cv2.transform(radiance, np.diag(self.gains * self.exposure))
        encoded = cv2.sqrt(np.clip(linear, 0, 1))
        soft = cv2.GaussianBlur(encoded, (0, 0), 1.2)
        encoded = cv2.addWeighted(encoded, 1 + self.sharpen, soft, -self.sharpen, 0)
        stored = (np.clip(encoded, 0, 1) * 255 + 0.5).astype(np.uint8)
        return stored, (eyes - self.middle) / self.units
