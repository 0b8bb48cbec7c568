"""A clip of the embedded set: the subject, the scene, the phone and what is held before it."""

import dataclasses
import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.datasets.oulu_npu_protocols import SPLITS
from despoof_keras.synthesis.heads.head import Head, build_head
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
from despoof_keras.synthesis.scene.lighting import Lighting, draw_lighting
from despoof_keras.synthesis.scene.motion import Pose, head_poses, sway
from despoof_keras.synthesis.scene.rendering import Placement, cast_shadows, place_eyes, render_head

BONA_FIDE = 1  # file number; 2, 3 are prints, 4, 5 replays

# Where faces lie in the frame, whatever the presentation: a crop of 2.5 eye distances is 100 to
# 140 pixels wide in a frame 240 pixels wide and 320 high.
EYE_DISTANCE = (0.168, 0.232)  # share of the frame's width
EYE_X, EYE_Y = (0.44, 0.56), (0.36, 0.46)  # share of the frame's width and height
CAMERA_SHAKE = 0.006  # share of the frame's width

# An attack shows a picture taken beforehand by a good camera with more pixels than the phone.
SOURCE_RASTER = 1.5  # samples per sensor pixel of the phone that later records the medium
SOURCE_BLUR = 0.6  # samples
SOURCE_SHARPEN = (
    0.3,
    1.2,
)  # amount of unsharp masking: cameras sharpen what they store
SOURCE_WHITE = 2.2  # the source camera's white, in multiples of the picture's linear mean


@dataclasses.dataclass(frozen=True)
class ClipKey:
    """The name of a clip, which together with the set's seed determines all its random draws."""

    split: str
    subject: int
    session: int
    phone: int
    file: int

    @property
    def stem(self) -> str:
        """File name without suffix, as in OULU-NPU."""
        return f"{self.phone}_{self.session}_{self.subject:02d}_{self.file}"


@dataclasses.dataclass(frozen=True)
class Clip:
    """A rendered clip.

    Attributes:
        pictures: list of uint8 (height, width, 3), RGB.
        eyes: int (frames, 4): x_right, y_right, x_left, y_left in pixels.
        depth: uint8 (frames, height, width), 255 nearest, 0 no face; None for attacks.
        quality: JPEG quality chosen by the phone.
    """

    pictures: list[NDArray[np.uint8]]
    eyes: NDArray[np.int_]
    depth: NDArray[np.uint8] | None
    quality: int


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


def render_clip(key: ClipKey, frames: int, size: tuple[int, int], seed: int) -> Clip:
    """Render a clip.

    Args:
        key: the clip's name.
        frames: number of frames.
        size: (height, width) in pixels, even numbers.
        seed: seed of the whole set.

    Returns:
        The rendered clip.
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
    """Build a subject's head on the day of a session; all clips of the session share it."""
    identity = draw_identity(np.random.default_rng([seed, subject]))
    rng = np.random.default_rng([seed, subject, session, 1])
    make_up = rng.uniform(0, 1) if rng.random() < 0.5 else 0.0
    return build_head(identity, rng, make_up)


def _scene(head, session, lighting, centre, distance, frames, shape, shake, rng):
    """Place a subject on a raster of `shape`; centre, distance and shake are in its samples."""
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
    first = source.picture(0)
    held = Presentation(size, first[1], centre, distance, frames, rng)
    show = _printed if key.file in PRINTERS else _replayed
    pictures, positions = [], []
    shown = show(key.file, source, first, held, lighting, size, frames, rng)
    for frame, (radiance, source_eyes) in enumerate(shown):
        pictures.append(camera.take(radiance, EARLY_BLUR))
        positions.append(held.eyes(source_eyes, frame))
    return Clip(pictures, _pixels(positions), None, camera.capture.jpeg)


def _printed(file, source, first, held, lighting, size, frames, rng):
    """Yield the radiance and the source's eyes of each frame of a print attack."""
    printer = PRINTERS[file]
    picture, source_eyes = first
    sheet = print_sheet(printer, picture, (size[1] * OVERSCAN, size[0] * OVERSCAN), rng)
    diffuse, sheen = sheet_light(lighting, rng.uniform(*printer.gloss), size, rng)
    softened = held.soften(sheet)
    for frame in range(frames):
        radiance = held.view(softened, frame)
        radiance *= diffuse
        radiance += sheen
        yield radiance, source_eyes


def _replayed(file, source, first, held, lighting, size, frames, rng):
    """Yield the radiance and the source's eyes of each frame of a replay attack."""
    display = DISPLAYS[file]
    panel = Panel(display, (size[1] * OVERSCAN, size[0] * OVERSCAN), rng)
    glow = display_reflection(
        lighting, rng.uniform(*display.reflectance), rng.uniform(*display.glare), size, rng
    )
    for frame in range(frames):
        picture, source_eyes = source.picture(frame) if frame else first
        radiance = held.view(held.soften(panel.show(picture)), frame)
        radiance += glow
        yield radiance, source_eyes


class Source:
    """The recording that an attack shows: the same subject and session at another moment.

    Args:
        head: `Head`.
        session: 1 to 3.
        size: (height, width) of the final frame in sensor pixels.
        centre: (x, y) between the eyes in the final frame; the source has them nearly there.
        distance: eye distance in the final frame.
        frames: number of frames.
        rng: generator of all random draws.
    """

    def __init__(
        self,
        head: Head,
        session: int,
        size: tuple[int, int],
        centre: tuple[float, float],
        distance: float,
        frames: int,
        rng: np.random.Generator,
    ):
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


def _pixels(positions):
    return np.rint(np.reshape(positions, (-1, 4))).astype(int)
