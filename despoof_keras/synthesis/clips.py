"""A clip of an embedded set: a subject, or an attack with a picture of one, before a camera."""

import dataclasses
import functools

import numpy as np
from numpy.typing import NDArray

from despoof_keras.simulation.cameras import EARLY_BLUR, RASTER, Camera, Phone, draw_capture
from despoof_keras.simulation.lighting import SessionLight, draw_lighting
from despoof_keras.simulation.presentation import Framing, Presentation
from despoof_keras.synthesis.heads.head import Head, build_head
from despoof_keras.synthesis.heads.identity import draw_identity
from despoof_keras.synthesis.media.attacks import Attack, show_attack
from despoof_keras.synthesis.media.source import Source
from despoof_keras.synthesis.scene.subject import CAMERA_SHAKE, Scene, place_subject

# Where faces lie in the frame, whatever the presentation: a crop of 2.5 eye distances is 100 to
# 140 pixels wide in a frame 240 pixels wide and 320 high.
EYE_DISTANCE = (0.168, 0.232)  # share of the frame's width
EYE_X, EYE_Y = (0.44, 0.56), (0.36, 0.46)  # share of the frame's width and height

Seeds = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Person:
    """A subject on the day of a recording.

    Attributes:
        identity: seeds of what stays the same from day to day.
        day: seeds of what does not.
    """

    identity: Seeds
    day: Seeds


@dataclasses.dataclass(frozen=True)
class Shot:
    """What a clip shows and what records it; the seeds determine all that is drawn.

    Attributes:
        person: whom the clip shows.
        draws: seeds of everything but the subject's looks.
        light: of the room.
        camera: what records the clip.
        attack: what is presented; None for the subject in person.
        attacker: who looks through a photograph whose eyes are cut out; None for other clips.
    """

    person: Person
    draws: Seeds
    light: SessionLight
    camera: Phone
    attack: Attack | None = None
    attacker: Person | None = None


@dataclasses.dataclass(frozen=True)
class Clip:
    """A rendered clip.

    Attributes:
        pictures: list of uint8 (height, width, 3), RGB.
        eyes: int (frames, 4): x_right, y_right, x_left, y_left in pixels.
        depth: uint8 (frames, height, width), 255 nearest, 0 no face; None for attacks.
        quality: JPEG quality chosen by the camera.
    """

    pictures: list[NDArray[np.uint8]]
    eyes: NDArray[np.int_]
    depth: NDArray[np.uint8] | None
    quality: int


def record_clip(shot: Shot, frames: int, size: tuple[int, int]) -> Clip:
    """Render a clip.

    Args:
        shot: what it shows.
        frames: number of frames.
        size: (height, width) in pixels, even numbers.
    """
    rng = np.random.default_rng(shot.draws)
    lighting = draw_lighting(shot.light, rng)
    capture = draw_capture(shot.camera, rng)
    camera = Camera(capture, lighting.mean_colour(), lighting.level, rng)
    distance = rng.uniform(*EYE_DISTANCE) * size[1]
    centre = rng.uniform(*EYE_X) * size[1], rng.uniform(*EYE_Y) * size[0]
    framing = Framing(size, centre, distance, frames)
    head = _head(shot.person)
    if shot.attack is None:
        return _bona_fide(_before_camera(head, lighting, framing, rng), camera, frames)
    source = Source(head, shot.light, framing, rng)
    held = Presentation(framing, source.first[1], rng, shot.attack.hand)
    behind = None
    if shot.attacker is not None:
        behind = _before_camera(_head(shot.attacker), lighting, framing, rng)
    pictures, positions = [], []
    for seen in show_attack(shot.attack, source, lighting, held, behind, rng):
        pictures.append(camera.take(seen.radiance, EARLY_BLUR))
        positions.append(seen.eyes)
    return Clip(pictures, _pixels(positions), None, capture.jpeg)


@functools.lru_cache(maxsize=4)
def _head(person: Person) -> Head:
    """Build a subject's head on a day; all clips of the day share it."""
    identity = draw_identity(np.random.default_rng(person.identity))
    rng = np.random.default_rng(person.day)
    make_up = rng.uniform(0, 1) if rng.random() < 0.5 else 0.0
    return build_head(identity, rng, make_up)


def _before_camera(head, lighting, framing, rng):
    """A person before the camera itself, on the raster of its sensor."""
    height, width = (side * RASTER for side in framing.size)
    x, y = (RASTER * value + (RASTER - 1) / 2 for value in framing.centre)
    on_raster = Framing((height, width), (x, y), RASTER * framing.distance, framing.frames)
    return place_subject(head, lighting, on_raster, CAMERA_SHAKE * width, rng)


def _bona_fide(scene: Scene, camera: Camera, frames: int) -> Clip:
    pictures, positions, depths = [], [], []
    for frame in range(frames):
        radiance, eyes, depth = scene.render(frame)
        pictures.append(camera.take(radiance))
        positions.append((eyes - (RASTER - 1) / 2) / RASTER)
        depths.append(np.round(depth * 255).astype(np.uint8))
    return Clip(pictures, _pixels(positions), np.stack(depths), camera.capture.jpeg)


def _pixels(positions):
    return np.rint(np.reshape(positions, (-1, 4))).astype(int)
