"""Pictures of a medium for a report: what a model makes of one kind of presentation."""

import dataclasses
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib.image
import numpy as np

from despoof_keras.evaluation.figures import RGB, amplified, noise_gain, noise_spectrum
from despoof_keras.faces.crop import MAP_FACTOR

# Presentations of a medium whose noise is averaged, at most, and those that are shown.
AVERAGED = 64
EXAMPLES = 3
# How the pictures that are no colour photographs are coloured, as in `figures.panels_figure`.
_SPECTRUM, _MAP, _DEPTH = "magma", "gray", "viridis"


@dataclasses.dataclass(frozen=True)
class Medium:
    """What a model makes of the presentations of one species.

    Attributes:
        name: the species.
        count: how many presentations the means are of.
        mean_noise: PNG file, the noise's mean over them, amplified around mid-grey.
        mean_spectrum: PNG file, the mean spectrum of the noise.
        mean_noise_level: mean absolute value of the noise.
        examples: mappings from `"input"`, `"noise"`, `"spectrum"`, `"live_estimate"`,
            `"zero_one_map"` and `"depth"`, where the model has them, to PNG files.
    """

    name: str
    count: int
    mean_noise: bytes
    mean_spectrum: bytes
    mean_noise_level: float
    examples: Sequence[Mapping[str, bytes]]


@dataclasses.dataclass(frozen=True)
class MediumNoise:
    """What `draw_media` needs of a medium, in numbers.

    Attributes:
        name, count, mean_noise_level: as in `Medium`.
        mean_noise: `(S, S, 3)`, the RGB part.
        mean_spectrum: `(S, S)`, see `figures.noise_spectrum`.
        examples: mappings from the names of `Medium.examples` to arrays: the noise's RGB part as
            it is, the maps as the model gives them, all others as they are drawn.
    """

    name: str
    count: int
    mean_noise: np.ndarray
    mean_spectrum: np.ndarray
    mean_noise_level: float
    examples: Sequence[Mapping[str, np.ndarray]]

    @classmethod
    def of(cls, name: str, crops: np.ndarray, outputs: Mapping[str, np.ndarray]) -> "MediumNoise":
        """Average what a model gives for the crops of a medium, and choose examples among them.

        Args:
            name: the species.
            crops: `(n, S, S, 3)` RGB in [0, 1], one crop for each presentation.
            outputs: the model's, with `noise`, `(n, S, S, 6)`, and, where it has them,
                `live_estimate`, of the same shape, `zero_one_map` and `depth`,
                `(n, S / 8, S / 8, 1)`.
        """
        noise = outputs["noise"]
        spectra = [noise_spectrum(crop_noise) for crop_noise in noise]
        examples = []
        for i in spread(len(crops), EXAMPLES):
            example = {"input": crops[i], "noise": noise[i][..., RGB], "spectrum": spectra[i]}
            if "live_estimate" in outputs:
                example["live_estimate"] = np.clip(outputs["live_estimate"][i][..., RGB], 0, 1)
            maps = (key for key in ("zero_one_map", "depth") if key in outputs)
            examples.append(example | {key: outputs[key][i][..., 0] for key in maps})
        return cls(
            name,
            len(crops),
            noise[..., RGB].mean(axis=0),
            np.mean(spectra, axis=0),
            float(np.abs(noise).mean()),
            examples,
        )


def spread(total: int, count: int) -> list[int]:
    """At most `count` of the numbers from 0 to `total` - 1, evenly spread, both ends among them."""
    return np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int)).tolist()


def draw_media(media: Iterable[MediumNoise]) -> tuple[Medium, ...]:
    """Draw media, each kind of picture to the same scale for all of them.

    Args:
        media: numbers of each medium, in the order of the pictures.
    """
    media = tuple(media)
    if not media:
        return ()
    mean_gain = noise_gain(np.stack([medium.mean_noise for medium in media]))
    gain = noise_gain(np.stack([e["noise"] for medium in media for e in medium.examples]))
    brightest = max(float(medium.mean_spectrum.max()) for medium in media)
    brightest_example = max(float(e["spectrum"].max()) for m in media for e in m.examples)
    return tuple(
        Medium(
            medium.name,
            medium.count,
            png(amplified(medium.mean_noise, mean_gain)),
            png(medium.mean_spectrum, _SPECTRUM, brightest),
            medium.mean_noise_level,
            [_drawn(example, gain, brightest_example) for example in medium.examples],
        )
        for medium in media
    )


def _drawn(example, gain, brightest):
    draw = {
        "noise": lambda noise: png(amplified(noise, gain)),
        "spectrum": lambda spectrum: png(spectrum, _SPECTRUM, brightest),
        "zero_one_map": lambda values: png(_enlarged(values), _MAP),
        "depth": lambda values: png(_enlarged(values), _DEPTH),
    }
    return {name: draw.get(name, png)(values) for name, values in example.items()}


def png(values: np.ndarray, colours: str | None = None, highest: float = 1.0) -> bytes:
    """Encode an array as a PNG file, one pixel for each of its own.

    Args:
        values: `(height, width, 3)` RGB in [0, 1] or uint8, or `(height, width)` with `colours`.
        colours: name of a matplotlib colour map, from 0 to `highest`.
        highest: see `colours`.
    """
    scale: dict[str, Any] = (
        {} if colours is None else {"cmap": colours, "vmin": 0.0, "vmax": max(highest, 1e-6)}
    )
    buffer = io.BytesIO()
    # Without what matplotlib says of itself, which would change the bytes with its version.
    scale["metadata"] = {"Software": None}
    matplotlib.image.imsave(buffer, values, format="png", **scale)
    return buffer.getvalue()


def _enlarged(values):
    """A map's cells in the size of the crop, so that it lines up with the pictures beside it."""
    return np.kron(values, np.ones((MAP_FACTOR, MAP_FACTOR)))
