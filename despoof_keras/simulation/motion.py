"""The movements of a head and a hand while a clip is recorded."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

CLIP_SECONDS = 5.0  # OULU-NPU's videos last about five seconds
BLINK_SECONDS = 0.3  # a blink takes 0.1 to 0.4 s
FREQUENCIES = (0.08, 0.45)  # Hz: how slowly people sway when they try to hold still

# Standard deviations around the frontal pose, in degrees: people look at the phone they hold.
YAW, PITCH, ROLL = 7.0, 5.0, 2.5


@dataclasses.dataclass(frozen=True)
class Pose:
    """Head pose in one frame: angles in radians, everything else from 0 (at rest) to 1."""

    yaw: float
    pitch: float
    roll: float
    blink: float
    smile: float
    jaw: float


def sway(rng: np.random.Generator, frames: int, deviation: float) -> NDArray[np.float64]:
    """Draw a slow random movement around zero, float64 (frames,)."""
    seconds = np.arange(frames) * (CLIP_SECONDS / max(frames, 1))
    value = np.zeros(frames)
    for _ in range(2):
        angle = 2 * np.pi * (rng.uniform(*FREQUENCIES) * seconds + rng.random())
        value += deviation * rng.normal(0, 1) * np.sin(angle)
    return value


def head_poses(rng: np.random.Generator, frames: int) -> list[Pose]:
    """Draw the poses of one clip.

    Args:
        rng: `numpy.random.Generator`.
        frames: number of frames.

    Returns:
        One `Pose` per frame.
    """
    yaw = np.clip(rng.normal(0, YAW) + sway(rng, frames, 3.0), -18, 18)
    pitch = np.clip(rng.normal(0, PITCH) + sway(rng, frames, 2.0), -12, 12)
    roll = np.clip(rng.normal(0, ROLL) + sway(rng, frames, 1.0), -7, 7)
    seconds = np.arange(frames) * (CLIP_SECONDS / max(frames, 1))
    blink_at = rng.uniform(0, 1.5 * CLIP_SECONDS)  # so that a third of the clips show no blink
    blink = np.clip(1 - np.abs(seconds - blink_at) / BLINK_SECONDS, 0, 1)
    smile = np.clip(rng.uniform(-0.3, 0.6) + sway(rng, frames, 0.2), 0, 1)
    jaw = np.clip(sway(rng, frames, 0.25), 0, 1)
    angles = np.radians([yaw, pitch, roll])
    return [Pose(*values) for values in np.stack([*angles, blink, smile, jaw], axis=1)]


def rotation(pose: Pose) -> NDArray[np.float64]:
    """Build a pose's rotation matrix (3, 3): yaw about y, pitch about x, then roll about z."""
    cy, sy = np.cos(pose.yaw), np.sin(pose.yaw)
    cp, sp = np.cos(pose.pitch), np.sin(pose.pitch)
    cr, sr = np.cos(pose.roll), np.sin(pose.roll)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_z @ about_x @ about_y
