"""How an attack's medium is held before the camera: perspective, hand motion, light on it.

Positions on the medium are in canvas units: sensor pixels from the middle of the canvas.
"""

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.simulation.cameras import EARLY_BLUR, RASTER
from despoof_keras.simulation.lighting import TOWARDS_CAMERA, Lighting
from despoof_keras.simulation.motion import Pose, rotation, sway

OVERSCAN = 1.18  # the medium is larger than the frame, so that its border is never visible
TILT = 6.0  # degrees, standard deviation: people hold the medium roughly parallel to the phone
DISTANCE = 2.5  # from the eye point of the perspective to the medium, in widths of the canvas
HAND_SHIFT = 0.006  # share of the frame's width, standard deviation of hand motion
HAND_ROLL = 0.5  # degrees
HAND_TILT = 0.7  # degrees


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


class Presentation:
    """The way in which a medium is held before the camera during a clip.

    Args:
        framing: where the face is to lie in the recording, in sensor pixels.
        source_eyes: (2, 2) eyes of the reference frame in canvas units.
        rng: generator of all random draws.
        hand: factor on the motion of the hand; 0 for a medium on a stand.
    """

    def __init__(
        self,
        framing: Framing,
        source_eyes: NDArray[np.float64],
        rng: np.random.Generator,
        hand: float = 1.0,
    ):
        self.size = size = framing.size
        self.frames = frames = framing.frames
        tilt = np.radians(rng.normal(0, TILT, 2))[:, None] + np.radians(
            [sway(rng, frames, HAND_TILT * hand), sway(rng, frames, HAND_TILT * hand)]
        )
        roll = np.radians(sway(rng, frames, HAND_ROLL * hand))
        shift = np.array([sway(rng, frames, HAND_SHIFT * size[1] * hand) for _ in range(2)])
        held = [_tilt(tilt[0, i], tilt[1, i], roll[i], size[1] * OVERSCAN) for i in range(frames)]
        eyes = transform(held[0], source_eyes)
        scale = framing.distance / np.abs(eyes[1] - eyes[0]).max()
        offset = np.asarray(framing.centre) - eyes.mean(axis=0) * scale - shift[:, 0]
        self.homographies = [
            np.array(
                [
                    [scale, 0, offset[0] + shift[0, i]],
                    [0, scale, offset[1] + shift[1, i]],
                    [0, 0, 1.0],
                ]
            )
            @ held[i]
            for i in range(frames)
        ]

    def soften(self, medium: NDArray[np.float32]) -> np.ndarray:
        """Give a medium the early part of the lens blur.

        Args:
            medium: float32 (rows, columns, 3), radiance or reflectance; covers the canvas.

        Returns:
            float32 of the same shape, blurred by `EARLY_BLUR`.
        """
        height, width = self.size
        rows, columns = medium.shape[:2]
        pitch = columns / (width * OVERSCAN), rows / (height * OVERSCAN)  # samples per pixel
        return cv2.GaussianBlur(
            medium, (0, 0), sigmaX=EARLY_BLUR * pitch[0], sigmaY=EARLY_BLUR * pitch[1]
        )

    def view(self, softened: NDArray[np.float32], frame: int) -> np.ndarray:
        """Resample a softened medium to the camera's raster.

        Args:
            softened: float32 (rows, columns, 3), result of `soften`.
            frame: number of the frame.

        Returns:
            float32 (RASTER * height, RASTER * width, 3).
        """
        height, width = self.size
        rows, columns = softened.shape[:2]
        to_canvas = np.array(
            [
                [width * OVERSCAN / columns, 0, 0.5 * width * OVERSCAN * (1 / columns - 1)],
                [0, height * OVERSCAN / rows, 0.5 * height * OVERSCAN * (1 / rows - 1)],
                [0, 0, 1],
            ]
        )
        to_raster = np.array(
            [[RASTER, 0, (RASTER - 1) / 2], [0, RASTER, (RASTER - 1) / 2], [0, 0, 1.0]]
        )
        matrix = to_raster @ self.homographies[frame] @ to_canvas
        return cv2.warpPerspective(
            softened,
            matrix,
            (width * RASTER, height * RASTER),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )

    def eyes(self, source_eyes: NDArray[np.float64], frame: int) -> NDArray[np.float64]:
        """Map eyes (2, 2) from the canvas to the sensor."""
        return transform(self.homographies[frame], source_eyes)


def _tilt(yaw, pitch, roll, width):
    """Compute the homography (3, 3) of a turned plane seen from DISTANCE times its width."""
    turn = rotation(Pose(yaw, pitch, roll, 0, 0, 0))
    perspective = -turn[2, :2] / (DISTANCE * width)
    return np.array([[*turn[0, :2], 0], [*turn[1, :2], 0], [*perspective, 1.0]])


def transform(homography: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply a homography (3, 3) to points (n, 2)."""
    lifted = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return lifted[:, :2] / lifted[:, 2:]


def sheet_light(
    lighting: Lighting,
    gloss: float,
    size: tuple[int, int],
    rng: np.random.Generator,
    bend: float,
) -> list[np.ndarray]:
    """Compute the light on a bent sheet.

    Args:
        lighting: `Lighting` of the room.
        gloss: strength of the sheen.
        size: (height, width) of the frame in sensor pixels.
        rng: `numpy.random.Generator`.
        bend: standard deviation of how far the sheet is bent.

    Returns:
        The factor by which to multiply the reflectance, and the sheen's radiance to add; each is
        float32 (RASTER * height, RASTER * width, 3).
    """
    y, x = np.mgrid[-1:1:60j, -1:1:45j].astype(np.float32)
    curve, angle = rng.normal(0, bend), rng.uniform(0, np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    slope = curve * (along + 0.6 * along**3) + 0.04 * np.sin(3 * along + rng.uniform(0, 6))
    normals = np.dstack([-np.cos(angle) * slope, -np.sin(angle) * slope, np.ones_like(slope)])
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    diffuse = np.zeros_like(normals) + lighting.ambient
    for light in (lighting.key, lighting.fill):
        diffuse += np.clip(normals @ light.direction, 0, None)[..., None] * light.colour
    half = lighting.key.direction + TOWARDS_CAMERA
    half /= np.linalg.norm(half)
    # A sheet mirrors a broad patch of the room around the lamp, visible where the bend turns it.
    sheen = gloss * np.clip(normals @ half, 0, 1)[..., None] ** 40 * lighting.key.colour
    full = size[1] * RASTER, size[0] * RASTER
    return [cv2.resize(field.astype(np.float32), full) for field in (diffuse, sheen)]


def display_reflection(
    lighting: Lighting,
    reflectance: float,
    glare: float,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Compute the room light that a display reflects, in units of the room's light.

    Args:
        lighting: `Lighting` of the room.
        reflectance: diffuse share.
        glare: strength of the blurred mirror image of lamps and windows.
        size: (height, width) of the frame in sensor pixels.
        rng: `numpy.random.Generator`.

    Returns:
        float32 (RASTER * height, RASTER * width, 3), radiance to add.
    """
    y, x = np.mgrid[0:1:60j, 0:1:45j].astype(np.float32)
    mirrored = np.zeros_like(x)
    for _ in range(rng.integers(0, 4)):
        angle, width = rng.uniform(0, np.pi), rng.uniform(0.05, 0.35)
        along = np.cos(angle) * (x - rng.random()) + np.sin(angle) * (y - rng.random())
        across = np.sin(angle) * (x - rng.random()) - np.cos(angle) * (y - rng.random())
        mirrored += np.exp(-((along / width) ** 2) - (across / rng.uniform(0.1, 0.6)) ** 4)
    light = (reflectance + glare * mirrored)[..., None] * lighting.mean_colour()
    return cv2.resize(light.astype(np.float32), (size[1] * RASTER, size[0] * RASTER))
