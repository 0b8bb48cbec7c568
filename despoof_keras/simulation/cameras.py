"""Cameras of phones: from linear radiance at the sensor to 8-bit pictures.

The steps follow the order in a real camera: lens, vignette and flare, colour filter mosaic, shot
and read noise, white balance, demosaicing, colour matrix, tone curve, denoising, sharpening.
`draw_capture` draws what varies from clip to clip and knows nothing of what the camera sees.
"""

import dataclasses
import functools

import cv2
import numpy as np
from numpy.typing import NDArray

RASTER = 2  # radiance samples per sensor pixel and axis
SATURATION = 65535  # the mosaic is demosaiced as 16-bit integers
# The part of the lens blur, in sensor pixels, that a medium gets before it is resampled. The
# squares of blurs add up, and blurs commute with the nearly rigid resampling, so the picture stays
# physically the same; but structure finer than the raster cannot alias where no sensor grid is.
EARLY_BLUR = 0.33
MIDDLE_GREY = 0.18  # the mean luminance at the centre after automatic exposure
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # ITU-R BT.709


@dataclasses.dataclass(frozen=True)
class Phone:
    """The properties that all pictures of one phone share."""

    lens: float  # standard deviation of a point's sharpest image, sensor pixels
    crosstalk: float  # share of each colour filter's neighbours that leaks in
    bayer: str  # colours of the upper left 2 x 2 pixels
    full_well: float  # electrons at saturation, sets the shot noise
    read_noise: float  # electrons
    contrast: float  # strength of the tone curve's S
    gamma: float
    saturation: float
    vignette: float  # light lost in the corners
    denoise: float  # standard deviation of the chroma blur, pixels
    sharpen: float  # amount of unsharp masking
    jpeg: tuple[int, int]  # range of JPEG qualities that the encoder uses
    frame_bytes: int  # bytes of storage per picture of 240 x 320, see `avi`


PHONES = {
    1: Phone(0.44, 0.06, "RGGB", 9000, 5, 0.25, 2.2, 1.10, 0.15, 0.4, 0.5, (80, 95), 32000),
    2: Phone(0.52, 0.10, "GRBG", 6500, 6, 0.10, 2.2, 1.00, 0.25, 0.6, 0.3, (78, 94), 31000),
    3: Phone(0.40, 0.04, "BGGR", 8500, 4, 0.40, 2.3, 1.20, 0.20, 0.3, 0.8, (82, 96), 34500),
    4: Phone(0.60, 0.12, "GBRG", 5000, 8, 0.15, 2.1, 0.95, 0.30, 0.8, 0.6, (76, 93), 30000),
    5: Phone(0.48, 0.08, "RGGB", 6000, 6, 0.30, 2.2, 1.05, 0.10, 0.5, 0.9, (80, 95), 32000),
    6: Phone(0.56, 0.07, "BGGR", 7500, 5, 0.20, 2.25, 1.15, 0.25, 0.7, 0.2, (78, 94), 31000),
}

_DEMOSAIC = {
    "RGGB": cv2.COLOR_BayerRGGB2RGB,
    "GRBG": cv2.COLOR_BayerGRBG2RGB,
    "BGGR": cv2.COLOR_BayerBGGR2RGB,
    "GBRG": cv2.COLOR_BayerGBRG2RGB,
}


@dataclasses.dataclass(frozen=True)
class Capture:
    """A phone's settings while it records a clip, drawn alike for all presentations."""

    phone: Phone
    blur: float  # lens and focus together, standard deviation in sensor pixels
    exposure: float  # stops off the automatic exposure
    balance: NDArray[np.float64]  # error of the automatic white balance, gains (3,)
    grey_world: float  # how much white balance relies on the picture's mean, not the light
    adaptation: float  # share of the light's colour that white balance removes
    saturation: float
    contrast: float
    flare: float  # share of the mean light that spreads over the whole picture
    noise: float  # factor on the noise: amplification, temperature
    denoise: float
    sharpen: float
    jpeg: int


def draw_capture(phone: Phone, rng: np.random.Generator) -> Capture:
    """Draw the settings of one clip.

    Args:
        phone: the camera.
        rng: `numpy.random.Generator`.

    Returns:
        `Capture`.
    """
    focus = rng.exponential(0.16)
    return Capture(
        phone=phone,
        blur=float(np.hypot(phone.lens, min(focus, 1.1))),
        exposure=rng.normal(0, 0.50),
        balance=np.exp(rng.normal(0, 1, 3) * [0.13, 0.05, 0.14]),
        grey_world=rng.uniform(0.1, 0.6),
        adaptation=rng.uniform(0.65, 1.0),
        saturation=phone.saturation * rng.uniform(0.65, 1.35),
        contrast=phone.contrast + rng.uniform(-0.25, 0.30),
        flare=rng.uniform(0, 0.20),
        noise=float(np.exp(rng.uniform(np.log(0.5), np.log(1.5)))),
        denoise=phone.denoise * rng.uniform(0.3, 1.3),
        sharpen=phone.sharpen * rng.uniform(0.3, 1.6),
        jpeg=int(rng.integers(*phone.jpeg)),
    )


class Camera:
    """A phone that records one clip.

    Args:
        capture: `Capture`.
        light: colour of the room's light, linear RGB (3,), which white balance estimates.
        level: relative illuminance of the room; less light means more noise.
        rng: `numpy.random.Generator` for the noise.
    """

    def __init__(
        self,
        capture: Capture,
        light: NDArray[np.float64],
        level: float,
        rng: np.random.Generator,
    ):
        self.capture = capture
        self.rng = rng
        self.light = np.asarray(light)
        # Exposure and white balance are locked on the first picture, as phones lock them.
        self.gain = self.gains = None
        leak = capture.phone.crosstalk
        self.response = (1 - 2 * leak) * np.eye(3) + leak * (1 - np.eye(3))
        self.full_well = capture.phone.full_well * level / capture.noise**2
        self.correction = _colour_matrix(self.response, capture.saturation)
        self.tone = _tone_curve(capture)

    def take(self, radiance: NDArray[np.float32], early_blur: float = 0.0) -> NDArray[np.uint8]:
        """Take a picture.

        Args:
            radiance: float32 (RASTER * height, RASTER * width, 3), linear RGB.
            early_blur: standard deviation of the lens blur already applied, sensor pixels.

        Returns:
            uint8 (height, width, 3), RGB.
        """
        sensor = self._focus(radiance, early_blur)
        mosaic = self._read_out(sensor)
        rgb = cv2.cvtColor(mosaic, _DEMOSAIC[self.capture.phone.bayer])
        linear = rgb.astype(np.float32)
        linear /= SATURATION
        linear = cv2.transform(linear, self.correction)
        linear *= len(self.tone) - 1
        np.clip(linear, 0, len(self.tone) - 1, out=linear)
        return self._finish(np.take(self.tone, linear.astype(np.uint16)))

    def _focus(self, radiance, early_blur):
        size = radiance.shape[1] // RASTER, radiance.shape[0] // RASTER
        late_blur = np.sqrt(self.capture.blur**2 - early_blur**2)
        blurred = cv2.GaussianBlur(radiance, (0, 0), RASTER * late_blur)
        sensor = cv2.resize(blurred, size, interpolation=cv2.INTER_AREA)
        # The same sums as `mean(axis=(0, 1))`, which takes eight times as long.
        mean = np.einsum("ij->j", sensor.reshape(-1, 3)) / (sensor.size // 3)
        if self.gain is None:
            self._meter(sensor, mean)
        # Whole rows at a time: NumPy is slow where the last axis has only three elements.
        rows = sensor.reshape(len(sensor), -1)
        rows += np.tile(self.capture.flare * mean.astype(np.float32), sensor.shape[1])
        rows /= 1 + self.capture.flare
        return cv2.transform(sensor, self.gain * self.response)

    def _meter(self, sensor, mean):
        height, width = sensor.shape[:2]
        centre = sensor[height // 4 : -height // 4, width // 4 : -width // 4].reshape(-1, 3)
        metered = max(np.dot(centre.mean(axis=0), LUMINANCE), 1e-6)
        self.gain = MIDDLE_GREY / metered * 2**self.capture.exposure
        guess = self.capture.grey_world
        estimate = (self.light / np.dot(self.light, LUMINANCE)) ** (1 - guess)
        estimate *= (mean / np.dot(mean, LUMINANCE)) ** guess
        balance = self.capture.balance / estimate**self.capture.adaptation
        self.gains = np.empty((height, width), np.float32)
        for cells, channel in self._bayer_cells():
            self.gains[cells] = balance[channel]

    def _bayer_cells(self):
        """Yield the slices of the mosaic under each of the four filters, and their channel."""
        for place, colour in enumerate(self.capture.phone.bayer):
            yield np.s_[place // 2 :: 2, place % 2 :: 2], "RGB".index(colour)

    def _read_out(self, sensor):
        height, width = sensor.shape[:2]
        mosaic = np.empty((height, width), np.float32)
        for cells, channel in self._bayer_cells():
            mosaic[cells] = sensor[..., channel][cells]
        mosaic *= _vignette((height, width), self.capture.phone.vignette)
        read = (self.capture.phone.read_noise / self.full_well) ** 2
        noise = np.maximum(mosaic, 0)
        noise /= self.full_well
        noise += read
        np.sqrt(noise, out=noise)
        noise *= self.rng.standard_normal(mosaic.shape, np.float32)
        mosaic += noise
        mosaic *= self.gains
        np.clip(mosaic, 0, 1, out=mosaic)
        mosaic *= SATURATION
        return mosaic.astype(np.uint16)

    def _finish(self, picture):
        capture = self.capture
        if capture.denoise > 0.25:  # phones blur colour, where noise is most visible, not detail
            luma = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)
            colour = cv2.GaussianBlur(luma, (0, 0), capture.denoise)
            cv2.mixChannels([luma], [colour], [0, 0])
            picture = cv2.cvtColor(colour, cv2.COLOR_YCrCb2RGB)
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        return cv2.addWeighted(picture, 1 + capture.sharpen, soft, -capture.sharpen, 0)


def _colour_matrix(response, saturation):
    """Build the matrix that undoes the filters' crosstalk and then scales the saturation."""
    grey = np.tile(LUMINANCE, (3, 1))
    return (grey + saturation * (np.eye(3) - grey)) @ np.linalg.inv(response)


def _tone_curve(capture, entries=4096):
    linear = np.linspace(0, 1, entries)
    encoded = linear ** (1 / capture.phone.gamma)
    curved = encoded + capture.contrast * (3 * encoded**2 - 2 * encoded**3 - encoded)
    return np.clip(curved * 255 + 0.5, 0, 255).astype(np.uint8)


@functools.lru_cache(maxsize=len(PHONES))
def _vignette(shape, loss):
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    return 1 - loss * (x**2 + y**2) / 2
