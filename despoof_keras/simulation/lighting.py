"""The light in the three sessions."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

# Black-body light as seen by a camera balanced for 6500 K (linear RGB, green = 1).
TEMPERATURES = np.array([2700.0, 4000.0, 5000.0, 6500.0, 8500.0])
TEMPERATURE_RGB = np.array(
    [[1.75, 1.0, 0.38], [1.28, 1.0, 0.70], [1.12, 1.0, 0.86], [1.0, 1.0, 1.0], [0.90, 1.0, 1.16]]
)
TOWARDS_CAMERA = np.array([0.0, 0.0, 1.0])
# Where the light is: what `background.draw_background` draws behind a face.
OFFICE, WINDOW, EVENING = "office", "window", "evening"
WRAP = 0.25  # how far diffuse light reaches beyond the terminator on skin (subsurface scattering)


@dataclasses.dataclass(frozen=True)
class Light:
    """A distant light."""

    direction: NDArray[np.float64]  # unit vector to the light: x right, y down, z to the camera
    colour: NDArray[np.float64]  # linear RGB


@dataclasses.dataclass(frozen=True)
class Lighting:
    """The light of one clip: key light, fill light, and ambient light from all directions."""

    key: Light
    fill: Light
    ambient: NDArray[np.float64]
    level: float  # relative illuminance: the more light, the less noise
    room: str = OFFICE

    def mean_colour(self) -> NDArray[np.float64]:
        """Compute the light on a flat surface that faces the camera, linear RGB (3,)."""
        lights = (self.key, self.fill)
        facing = sum(light.colour * max(0.0, light.direction[2]) for light in lights)
        return facing + self.ambient


@dataclasses.dataclass(frozen=True)
class SessionLight:
    """The ranges from which the light of a session's clips is drawn, and where it is."""

    azimuth: tuple[float, float]  # degrees, positive to the image's right
    elevation: tuple[float, float]  # degrees above the camera
    temperature: tuple[float, float]  # kelvin, key light
    ambient_temperature: tuple[float, float]  # kelvin
    key: tuple[float, float]  # share of the key light in all light
    level: tuple[float, float]
    room: str = OFFICE


# OULU-NPU's sessions. 1: office with ceiling lights. 2: beside a window by day, with artificial
# light from behind. 3: living room in the evening, with one warm lamp on the other side and little
# else.
SESSIONS = {
    1: SessionLight((-35, 35), (20, 60), (3400, 5400), (3400, 5600), (0.40, 0.70), (0.4, 1.2)),
    2: SessionLight(
        *((-75, -10), (0, 40), (4600, 7800), (3000, 6000), (0.45, 0.80), (0.4, 1.4)), WINDOW
    ),
    3: SessionLight(
        *((10, 70), (-5, 40), (2800, 4300), (2800, 4800), (0.45, 0.78), (0.45, 0.95)), EVENING
    ),
}


def temperature_rgb(kelvin: float) -> NDArray[np.float64]:
    """Look up the linear RGB (3,) of black-body light, green = 1."""
    return np.array([np.interp(kelvin, TEMPERATURES, TEMPERATURE_RGB[:, c]) for c in range(3)])


def draw_lighting(ranges: SessionLight, rng: np.random.Generator) -> Lighting:
    """Draw the light of one clip.

    Args:
        ranges: those of a session.
        rng: `numpy.random.Generator`.

    Returns:
        `Lighting` whose `mean_colour()` has a mean of 1, whatever the level.
    """
    azimuth, elevation = np.radians([rng.uniform(*ranges.azimuth), rng.uniform(*ranges.elevation)])
    direction = np.array(
        [
            np.sin(azimuth) * np.cos(elevation),
            -np.sin(elevation),
            np.cos(azimuth) * np.cos(elevation),
        ]
    )
    key_share = rng.uniform(*ranges.key)
    fill_share = (1 - key_share) * rng.uniform(0.2, 0.5)
    key = temperature_rgb(rng.uniform(*ranges.temperature))
    ambient = temperature_rgb(rng.uniform(*ranges.ambient_temperature))
    fill_direction = np.array(
        [-np.sign(direction[0] or 1) * rng.uniform(0.3, 0.8), rng.uniform(-0.5, 0.1), 0.6]
    )
    fill_direction /= np.linalg.norm(fill_direction)
    lights = Lighting(
        key=Light(direction, 1.5 * key_share * key),
        fill=Light(fill_direction, 1.2 * fill_share * ambient),
        ambient=(1 - key_share - fill_share) * ambient,
        level=rng.uniform(*ranges.level),
        room=ranges.room,
    )
    scale = 1 / lights.mean_colour().mean()
    return dataclasses.replace(
        lights,
        key=Light(direction, key * 1.5 * key_share * scale),
        fill=Light(fill_direction, lights.fill.colour * scale),
        ambient=lights.ambient * scale,
    )
