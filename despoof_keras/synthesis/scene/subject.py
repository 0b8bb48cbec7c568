"""A subject in a room, before a camera that is held in a hand."""

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.simulation.lighting import Lighting
from despoof_keras.simulation.motion import Pose, head_poses, sway
from despoof_keras.simulation.presentation import Framing
from despoof_keras.synthesis.heads.head import Head
from despoof_keras.synthesis.scene.background import draw_background
from despoof_keras.synthesis.scene.rendering import Placement, cast_shadows, place_eyes, render_head

CAMERA_SHAKE = 0.006  # share of the frame's width


@dataclasses.dataclass(frozen=True)
class Scene:
    """A subject in a room: everything that is needed to render a frame of a recording."""

    head: Head
    poses: list[Pose]
    placement: Placement
    lighting: Lighting
    background: NDArray[np.float32]
    shadow: NDArray[np.float32]
    shake: NDArray[np.float64]  # (2, frames), raster samples

    def render(self, frame: int) -> tuple[np.ndarray, NDArray[np.float64], NDArray[np.float32]]:
        """Render a frame's radiance, with eyes and depth as `rendering.render_head` gives them."""
        shift = self.shake[:, frame]
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
        rows, columns = self.background.shape[:2]
        canvas = cv2.warpAffine(
            self.background, matrix, (columns, rows), borderMode=cv2.BORDER_REPLICATE
        )
        placement = dataclasses.replace(
            self.placement, x=self.placement.x + shift[0], y=self.placement.y + shift[1]
        )
        eyes, depth = render_head(
            canvas, self.head, self.poses[frame], placement, self.lighting, self.shadow
        )
        return canvas, eyes, depth


def place_subject(
    head: Head, lighting: Lighting, framing: Framing, shake: float, rng: np.random.Generator
) -> Scene:
    """Place a subject in a room.

    Args:
        head: of the subject.
        lighting: of the room.
        framing: where the face lies, in samples of the raster on which the scene is rendered.
        shake: movement of the camera in those samples.
        rng: generator of all random draws.
    """
    centre, distance = framing.centre, framing.distance
    poses = head_poses(rng, framing.frames)
    placement = place_eyes(head, poses[0], centre, distance)
    background = draw_background(lighting, head.identity, (*centre, distance), framing.size, rng)
    movement = np.array([sway(rng, framing.frames, shake) for _ in range(2)])
    return Scene(
        head,
        poses,
        placement,
        lighting,
        background,
        cast_shadows(head, poses[0], lighting),
        movement - movement[:, :1],
    )
