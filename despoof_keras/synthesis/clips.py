"""One clip of the embedded set: who, where, by which phone, and what is held before it."""

import dataclasses
import functools

import cv2
import numpy as np

from despoof_keras.datasets.oulu_npu_protocols import SPLITS
from despoof_keras.synthesis.heads.head import build_head
from despoof_keras.synthesis.heads.identity import draw_identity
from despoof_keras.synthesis.media.cameras import EARLY_BLUR, RASTER, Camera, draw_capture
from despoof_keras.synthesis.media.displays import DISPLAYS, Panel
from despoof_keras.synthesis.media.presentation import (
    OVERSCAN,
    Presentation,
    display_reflection,
    sheet_light,
)
from despoof_keras.synthesis.media.printing import PRINTERS, print_sheet
from despoof_keras.synthesis.scene.background import draw_background
from despoof_keras.synthesis.scene.lighting import draw_lighting
from despoof_keras.synthesis.scene.motion import head_poses, sway
from despoof_keras.synthesis.scene.rendering import Placement, cast_shadows, place_eyes, render_head

BONA_FIDE = 1  # file number; 2, 3 are prints, 4, 5 replays

# Where faces lie in the frame, for all presentations alike: the crop of 2.5 eye distances is 100
# to 140 pixels wide at 240 x 320.
EYE_DISTANCE = (0.168, 0.232)  # share of the frame's width
EYE_X, EYE_Y = (0.44, 0.56), (0.36, 0.46)  # share of the frame's width and height
CAMERA_SHAKE = 0.006  # share of the frame's width

# The picture that an attack shows was taken beforehand by a good camera with more pixels.
SOURCE_RASTER = 1.5  # samples per sensor pixel of the phone that later sees the medium
SOURCE_BLUR = 0.6  # samples
SOURCE_SHARPEN = (0.3, 1.2)  # amount of unsharp masking: cameras sharpen what they store
SOURCE_WHITE = 2.2  # linear value of the source camera's white, in means of the picture


@dataclasses.dataclass(frozen=True)
class ClipKey:
    """Names one clip and, with the set's seed, all its random draws."""

    split: str
    subject: int
    session: int
    phone: int
    file: int

    @property
    def stem(self):
        """File name without suffix, as in OULU-NPU."""
        return f"{self.phone}_{self.session}_{self.subject:02d}_{self.file}"


@dataclasses.dataclass(frozen=True)
class Clip:
    """A rendered clip.

    Attributes:
        pictures: list of uint8 (height, width, 3), RGB.
        eyes: int (frames, 4): x_right, y_right, x_left, y_left in pixels.
        depth: uint8 (frames, height, width), 255 nearest, 0 no face; None for attacks.
        quality: JPEG quality that the phone chose.
    """

    pictures: list
    eyes: np.ndarray
    depth: np.ndarray | None
    quality: int


@dataclasses.dataclass(frozen=True)
class Scene:
    """A subject in a room: everything needed to render any frame of a recording."""

    head: object
    poses: list
    placement: Placement
    lighting: object
    background: np.ndarray
    shadow: np.ndarray
    shake: np.ndarray

    def render(self, frame):
        """Radiance of one frame, its eyes and depth as `rendering.render_head`."""
        shift = self.shake[:, frame]
        matrix = np.float32([[1, 0, shift[0]], [0, 1, shift[1]]])
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


def render_clip(key, frames, size, seed):
    """Renders one clip.

    Args:
        key: `ClipKey`.
        frames: number of frames.
        size: (height, width) in pixels, even numbers.
        seed: seed of the whole set.

    Returns:
        `Clip`.
    """
    rng = np.random.default_rng(
        [seed, SPLITS.index(key.split), key.subject, key.session, key.phone, key.file]
    )
    lighting = draw_lighting(key.session, rng)
    capture = draw_capture(key.phone, rng)
    camera = Camera(capture, lighting.mean_colour(), lighting.level, rng)
    distance = rng.uniform(*EYE_DISTANCE) * size[1]
    centre = rng.uniform(*EYE_X) * size[1], rng.uniform(*EYE_Y) * size[0]
    head = _head(seed, key.subject, key.session)
    if key.file == BONA_FIDE:
        return _bona_fide(head, key, lighting, camera, centre, distance, frames, size, rng)
    return _attack(head, key, lighting, camera, centre, distance, frames, size, rng)


@functools.lru_cache(maxsize=4)
def _head(seed, subject, session):
    """A subject's head on the day of a session; the same in all clips of that session."""
    identity = draw_identity(np.random.default_rng([seed, subject]))
    rng = np.random.default_rng([seed, subject, session, 1])
    make_up = rng.uniform(0, 1) if rng.random() < 0.5 else 0.0
    return build_head(identity, rng, make_up)


def _scene(head, session, lighting, centre, distance, frames, shape, shake, rng):
    """Places a subject on a raster of `shape`; centre, distance and shake in its samples."""
    poses = head_poses(rng, frames)
    placement = place_eyes(head, poses[0], centre, distance)
    background = draw_background(session, lighting, head.identity, (*centre, distance), shape, rng)
    movement = np.array([sway(rng, frames, shake) for _ in range(2)])
    return Scene(
        head,
        poses,
        placement,
        lighting,
        background,
        cast_shadows(head, poses[0], lighting),
        movement - movement[:, :1],
    )


def _bona_fide(head, key, lighting, camera, centre, distance, frames, size, rng):
    shape = size[0] * RASTER, size[1] * RASTER
    middle = [RASTER * value + (RASTER - 1) / 2 for value in centre]
    scene = _scene(
        head,
        key.session,
        lighting,
        middle,
        RASTER * distance,
        frames,
        shape,
        CAMERA_SHAKE * shape[1],
        rng,
    )
    pictures, positions, depths = [], [], []
    for frame in range(frames):
        radiance, eyes, depth = scene.render(frame)
        pictures.append(camera.take(radiance))
        positions.append((eyes - (RASTER - 1) / 2) / RASTER)
        depths.append(np.round(depth * 255).astype(np.uint8))
    return Clip(pictures, _pixels(positions), np.stack(depths), camera.capture.jpeg)


def _attack(head, key, lighting, camera, centre, distance, frames, size, rng):
    source = Source(head, key.session, size, centre, distance, frames, rng)
    first, source_eyes = source.picture(0)
    held = Presentation(size, source_eyes, centre, distance, frames, rng)
    canvas = size[1] * OVERSCAN, size[0] * OVERSCAN
    pictures, positions = [], []
    if key.file in PRINTERS:
        printer = PRINTERS[key.file]
        sheet = print_sheet(printer, first, canvas, rng)
        diffuse, sheen = sheet_light(lighting, rng.uniform(*printer.gloss), size, rng)
        softened = held.soften(sheet)
        for frame in range(frames):
            radiance = held.view(softened, frame)
            radiance *= diffuse
            radiance += sheen
            pictures.append(camera.take(radiance, EARLY_BLUR))
            positions.append(held.eyes(source_eyes, frame))
    else:
        display = DISPLAYS[key.file]
        panel = Panel(display, canvas, rng)
        glow = display_reflection(
            lighting, rng.uniform(*display.reflectance), rng.uniform(*display.glare), size, rng
        )
        for frame in range(frames):
            shown, source_eyes = source.picture(frame) if frame else (first, source_eyes)
            radiance = held.view(held.soften(panel.show(shown)), frame)
            radiance += glow
            pictures.append(camera.take(radiance, EARLY_BLUR))
            positions.append(held.eyes(source_eyes, frame))
    return Clip(pictures, _pixels(positions), None, camera.capture.jpeg)


class Source:
    """The recording that an attack shows: the same subject and session, another moment.

    Args:
        head: `Head`.
        session: 1 to 3.
        size: (height, width) of the final frame in sensor pixels.
        centre, distance: the eyes wanted in the final frame; the source has them nearly there.
        frames: number of frames.
        rng: `numpy.random.Generator`.
    """

    def __init__(self, head, session, size, centre, distance, frames, rng):
        self.units = SOURCE_RASTER
        shape = [round(extent * OVERSCAN * self.units) // 2 * 2 for extent in size]
        middle = [
            (value - extent / 2 + extent * rng.normal(0, 0.008)) * self.units + whole / 2
            for value, extent, whole in zip(centre, size[::-1], shape[::-1], strict=True)
        ]
        self.middle = np.array(shape[::-1]) / 2 - 0.5
        lighting = draw_lighting(session, rng)
        self.scene = _scene(
            head,
            session,
            lighting,
            middle,
            distance * self.units * rng.uniform(0.97, 1.03),
            frames,
            shape,
            0.5 * CAMERA_SHAKE * shape[1],
            rng,
        )
        balance = np.exp(rng.normal(0, [0.04, 0.02, 0.05])) / lighting.mean_colour() ** 0.9
        self.gains = balance / balance[1] * 2 ** rng.normal(0, 0.2)
        self.sharpen = rng.uniform(*SOURCE_SHARPEN)
        self.exposure = None

    def picture(self, frame):
        """One frame as stored in the source's file.

        Returns:
            uint8 (rows, columns, 3), gamma-2 encoded RGB, and eyes (2, 2) in canvas units.
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


def _pixels(positions):
    return np.rint(np.reshape(positions, (-1, 4))).astype(int)
