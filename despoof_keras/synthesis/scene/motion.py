"""How a head and a hand move while a clip is recorded."""

import dataclasses

import numpy as np

CLIP_SECONDS = 5.0  # OULU-NPU's videos last about five seconds
BLINK_SECONDS = 0.3  # a blink takes 0.1 to 0.4 s
FREQUENCIES = (0.08, 0.45)  # Hz: people who try to hold still sway this slowly

# Standard deviations round the frontal pose, in degrees: people look at the phone they hold.
YAW, PITCH, ROLL = 7.0, 5.0, 2.5


@dataclasses.dataclass(frozen=True)
class Pose:
    """Head pose of one frame: angles in radians, the rest from 0 (rest) to 1."""

    yaw: float
    pitch: float
    roll: float
    blink: float
    smile: float
    jaw: float


def sway(rng, frames, deviation):
    """A slow random movement of zero mean, float64 (frames,)."""
    seconds = np.arange(frames) * (CLIP_SECONDS / max(frames, 1))
    value = np.zeros(frames)
    for _ in range(2):
        angle = 2 * np.pi * (rng.uniform(*FREQUENCIES) * seconds + rng.random())
        value += deviation * rng.normal(0, 1) * np.sin(angle)
    return value


def head_poses(rng, frames):
    """Draws the poses of one clip.

    Args:
        rng: `numpy.random.Generator`.
        frames: number of frames.

    Returns:
        List of `Pose`, one a frame.
    """
    yaw = np.clip(rng.normal(0, YAW) + sway(rng, frames, 3.0), -18, 18)
    pitch = np.clip(rng.normal(0, PITCH) + sway(rng, frames, 2.0), -12, 12)
    roll = np.clip(rng.normal(0, ROLL) + sway(rng, frames, 1.0), -7, 7)
    seconds = np.arange(frames) * (CLIP_SECONDS / max(frames, 1))
    blink_at = rng.uniform(0, 1.5 * CLIP_SECONDS)  # so a third of the clips show no blink
    blink = np.clip(1 - np.abs(seconds - blink_at) / BLINK_SECONDS, 0, 1)
    smile = np.clip(rng.uniform(-0.3, 0.6) + sway(rng, frames, 0.2), 0, 1)
    jaw = np.clip(sway(rng, frames, 0.25), 0, 1)
    angles = np.radians([yaw, pitch, roll])
    return [Pose(*angles[:, i], blink[i], smile[i], jaw[i]) for i in range(frames)]


def rotation(pose):
    """Rotation matrix (3, 3) of a pose: yaw about y, then pitch about x, then roll about z."""
    cy, sy = np.cos(pose.yaw), np.sin(pose.yaw)
    cp, sp = np.cos(pose.pitch), np.sin(pose.pitch)
    cr, sr = np.cos(pose.roll), np.sin(pose.roll)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_z @ about_x @ about_y
