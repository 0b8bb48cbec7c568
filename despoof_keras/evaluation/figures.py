"""The pictures of a run: the noise of every kind of presentation, scores, training curves."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.utils.files import atomic_path

if TYPE_CHECKING:  # it imports TensorFlow, which scoring with a TFLite model does without
    from despoof_keras.evaluation.video_scores import VideoScores

# Channels 3 to 5 of the six are RGB.
RGB = slice(3, 6)
# The noise is drawn around mid-grey; its 99th percentile over all panels becomes black or white.
NOISE_PERCENTILE = 99
DPI = 110


@dataclasses.dataclass(frozen=True)
class _Column:
    """A column of panels, with a picture and perhaps a label for each face.

    `options` are those of `matplotlib.axes.Axes.imshow`.
    """

    title: str
    pictures: Sequence[np.ndarray] | np.ndarray
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    labels: list[str] | None = None


def draw_panels(path: str | Path, model, faces: dict[str, np.ndarray]) -> None:
    """Draw what a model makes of faces, see `draw_outputs`.

    Args:
        path: PNG file to write.
        model: `Despoofer`.
        faces: mapping from a row's name to a `(S, S, 3)` RGB crop in [0, 1].
    """
    outputs = model(np.stack(list(faces.values())))
    draw_outputs(path, faces, {name: np.asarray(value) for name, value in outputs.items()})


def draw_outputs(
    path: str | Path, faces: dict[str, np.ndarray], outputs: dict[str, np.ndarray]
) -> None:
    """Draw what a model makes of faces to a PNG file, see `panels_figure`."""
    _save(panels_figure(faces, outputs), path)


def panels_figure(faces: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> Figure:
    """Draw input, noise, spectrum, live estimate, 0/1 map and depth, one row for each face.

    Scales are the same for all rows, so that rows can be compared.

    Args:
        faces: mapping from a row's name to a `(S, S, 3)` RGB crop in [0, 1].
        outputs: mapping with `zero_one_map`, `(rows, S / 8, S / 8, 1)`, and, where the model has
            them, `noise` and `live_estimate`, `(rows, S, S, 6)`, and `depth`, as the map.
    """
    columns = [_Column("input", list(faces.values()))]
    if "noise" in outputs:
        columns += _noise_columns(outputs["noise"])
    if "live_estimate" in outputs:
        estimates = np.clip(outputs["live_estimate"][..., RGB], 0, 1)
        columns.append(_Column("live estimate", estimates))
    for title, name, colours in (
        ("0/1 map", "zero_one_map", "gray"),
        ("depth", "depth", "viridis"),
    ):
        if name in outputs:
            maps = outputs[name][..., 0]
            options = {"cmap": colours, "vmin": 0, "vmax": 1}
            labels = [f"mean {values.mean():.3f}" for values in maps]
            columns.append(_Column(title, maps, options, labels))
    figure = Figure(figsize=(2.1 * len(columns), 2.25 * len(faces) + 0.3), layout="constrained")
    axes = figure.subplots(len(faces), len(columns), squeeze=False)
    for number, column in enumerate(columns):
        axes[0, number].set_title(column.title, fontsize=10)
        for row, picture in enumerate(column.pictures):
            axis = axes[row, number]
            axis.imshow(picture, **column.options)
            axis.set(xticks=[], yticks=[])
            if column.labels:
                axis.set_xlabel(column.labels[row], fontsize=9)
    for row, name in enumerate(faces):
        axes[row, 0].set_ylabel(name, fontsize=10)
    return figure


def noise_gain(rgb: np.ndarray) -> float:
    """Gain by which noise is drawn around mid-grey: its `NOISE_PERCENTILE` becomes the extreme.

    Args:
        rgb: RGB part of the noise of all pictures that are to be compared, any shape.
    """
    return 0.5 / max(float(np.percentile(np.abs(rgb), NOISE_PERCENTILE)), 1e-6)


def amplified(rgb: np.ndarray, gain: float) -> np.ndarray:
    """Noise as a picture around mid-grey, in [0, 1], of the shape of `rgb`."""
    return np.clip(0.5 + gain * rgb, 0, 1)


def _noise_columns(noise: np.ndarray) -> list[_Column]:
    """The amplified noise and its spectrum."""
    rgb = noise[..., RGB]
    gain = noise_gain(rgb)
    spectra = np.stack([noise_spectrum(face_noise) for face_noise in noise])
    scale = {"cmap": "magma", "vmin": 0, "vmax": spectra.max()}
    labels = [f"mean |N| {np.abs(face_noise).mean():.3f}" for face_noise in noise]
    return [
        _Column(f"spoof noise (x{gain:.2g})", amplified(rgb, gain), labels=labels),
        _Column("its spectrum", spectra, scale),
    ]


def noise_spectrum(noise: np.ndarray) -> np.ndarray:
    """Log magnitude of the noise's spectrum, zero frequency in the middle, mean over the channels.

    Args:
        noise: `(S, S, channels)`.

    Returns:
        `(S, S)` float array, `log1p` of the magnitude.
    """
    spectrum = np.fft.fftshift(np.abs(np.fft.fft2(noise, axes=(0, 1))), axes=(0, 1))
    return np.log1p(spectrum).mean(axis=-1)


def draw_scores(path: str | Path, videos: "VideoScores", results: dict) -> None:
    """Draw each score's distribution over the test videos, by species, with dev's threshold.

    Args:
        path: PNG file to write.
        videos: `VideoScores` of test.
        results: mapping with `"scores"`, by name, each with `threshold`, `acer` and `auc`.
    """
    figure = Figure(figsize=(9, 2.3 * len(results["scores"])), layout="constrained")
    axes = figure.subplots(len(results["scores"]), 1, squeeze=False)[:, 0]
    pais = np.array(videos.pais)
    for axis, (name, rates) in zip(axes, results["scores"].items(), strict=True):
        values = videos.scores[name]
        bins = np.histogram_bin_edges(values[np.isfinite(values)], bins=40)
        for pai in sorted(set(pais), key=lambda pai: (pai != BONA_FIDE, pai)):
            filled = (
                {"histtype": "stepfilled", "alpha": 0.35}
                if pai == BONA_FIDE
                else {"histtype": "step"}
            )
            axis.hist(values[pais == pai], bins, label=pai.replace("_", " "), **filled)
        axis.axvline(rates["threshold"], color="black", linestyle="--", label="threshold of dev")
        axis.set(xlabel=f"spoof score: {name.replace('_', ' ')}", ylabel="test videos")
        axis.set_title(f"ACER {rates['acer']:.1%}, AUC {rates['auc']:.3f}", fontsize=10)
    axes[0].legend(fontsize=8)
    _save(figure, path)


def draw_history(path: str | Path, rows: list[dict[str, str]]) -> None:
    """Draw every value of a training history over the epochs, of training and dev together.

    Args:
        path: PNG file to write.
        rows: list of mappings, as from `run_folder.read_history`.
    """
    names = [n for n in rows[0] if n != "epoch" and not n.startswith("val_")]
    names += [
        n.removeprefix("val_")
        for n in rows[0]
        if n.startswith("val_") and n.removeprefix("val_") not in names
    ]
    columns = 4
    lines = -(-len(names) // columns)
    figure = Figure(figsize=(3.2 * columns, 2.2 * lines), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    epochs = [int(row["epoch"]) for row in rows]
    for axis, name in zip(axes, names, strict=False):
        for column, label, colour in ((name, "train", "C0"), (f"val_{name}", "dev", "C1")):
            if column in rows[0]:
                values = [float(row[column]) for row in rows]
                axis.plot(epochs, values, ".-", color=colour, label=label)
        axis.set_title(name.replace("_", " "), fontsize=9)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axis in axes[len(names) :]:
        axis.set_axis_off()
    curves = {line.get_label(): line for axis in axes for line in axis.get_lines()}
    axes[0].legend(curves.values(), curves.keys(), fontsize=8)
    _save(figure, path)


def _save(figure, path):
    with atomic_path(Path(path)) as temporary:
        figure.savefig(temporary, dpi=DPI)
