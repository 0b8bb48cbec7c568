"""Figures of a run: network outputs for every kind of presentation, scores, training curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from despoof_keras.datasets.samples import SPECIES
from despoof_keras.utils.files import atomic_path

if TYPE_CHECKING:
    from despoof_keras.evaluation.video_scores import VideoScores

# Channels 3 to 5 of the six are RGB.
RGB = slice(3, 6)
# Zero noise is drawn mid-grey, and this percentile over all panels becomes black or white.
NOISE_PERCENTILE = 99
DPI = 110


def draw_panels(
    path: str | Path, model: Callable[[NDArray], Mapping[str, Any]], faces: Mapping[str, NDArray]
) -> None:
    """Draw the outputs of a model for some faces, see `draw_outputs`.

    Args:
        path: PNG file to write.
        model: `Despoofer`, or another function from crops to outputs.
        faces: mapping from the name of a row to a `(S, S, 3)` RGB crop in [0, 1].
    """
    outputs = model(np.stack(list(faces.values())))
    draw_outputs(path, faces, {name: np.asarray(value) for name, value in outputs.items()})


def draw_outputs(
    path: str | Path, faces: Mapping[str, NDArray], outputs: Mapping[str, NDArray]
) -> None:
    """Draw input, noise, spectrum, live estimate, 0/1 map and depth, a row for each face.

    All rows have the same scale, so they can be compared.

    Args:
        path: PNG file to write.
        faces: mapping from the name of a row to a `(S, S, 3)` RGB crop in [0, 1].
        outputs: mapping with some or all of `zero_one_map` and `depth`, `(rows, S / 8, S / 8, 1)`,
            and `noise` and `live_estimate`, `(rows, S, S, 6)`.
    """
    columns: list[tuple[str, Any, dict[str, Any], list[str] | None]] = [
        ("input", list(faces.values()), {}, None)
    ]
    if "noise" in outputs:
        columns += _noise_columns(outputs["noise"])
    if "live_estimate" in outputs:
        estimates = np.clip(outputs["live_estimate"][..., RGB], 0, 1)
        columns.append(("live estimate", estimates, {}, None))
    for title, name, colours in (
        ("0/1 map", "zero_one_map", "gray"),
        ("depth", "depth", "viridis"),
    ):
        if name in outputs:
            maps = outputs[name][..., 0]
            means = [f"mean {values.mean():.3f}" for values in maps]
            columns.append((title, maps, {"cmap": colours, "vmin": 0, "vmax": 1}, means))
    figure = Figure(figsize=(2.1 * len(columns), 2.25 * len(faces) + 0.3), layout="constrained")
    axes = figure.subplots(len(faces), len(columns), squeeze=False)
    for column, (title, pictures, options, labels) in enumerate(columns):
        axes[0, column].set_title(title, fontsize=10)
        for row, picture in enumerate(pictures):
            axis = axes[row, column]
            axis.imshow(picture, **options)
            axis.set(xticks=[], yticks=[])
            if labels:
                axis.set_xlabel(labels[row], fontsize=9)
    for row, name in enumerate(faces):
        axes[row, 0].set_ylabel(name, fontsize=10)
    _save(figure, path)


def _noise_columns(noise):
    """Return title, pictures, options and labels of the amplified noise and of its spectrum."""
    rgb = noise[..., RGB]
    gain = 0.5 / max(float(np.percentile(np.abs(rgb), NOISE_PERCENTILE)), 1e-6)
    amplified = np.clip(0.5 + gain * rgb, 0, 1)
    spectra = np.stack([noise_spectrum(channels) for channels in noise])
    scale = {"cmap": "magma", "vmin": 0, "vmax": spectra.max()}
    labels = [f"mean |N| {np.abs(channels).mean():.3f}" for channels in noise]
    return [
        (f"spoof noise (x{gain:.2g})", amplified, {}, labels),
        ("its spectrum", spectra, scale, None),
    ]


def noise_spectrum(noise: NDArray) -> NDArray:
    """Compute the noise's log spectrum, averaged over channels, zero frequency in the middle.

    Args:
        noise: `(S, S, channels)`.

    Returns:
        `(S, S)` float array, `log1p` of the magnitude.
    """
    spectrum = np.fft.fftshift(np.abs(np.fft.fft2(noise, axes=(0, 1))), axes=(0, 1))
    return np.log1p(spectrum).mean(axis=-1)


def draw_scores(path: str | Path, videos: VideoScores, results: Mapping[str, Any]) -> None:
    """Draw the distribution of each score over the videos, by species, with dev's threshold.

    Args:
        path: PNG file to write.
        videos: scores of the test videos.
        results: as from `rates.evaluate`.
    """
    figure = Figure(figsize=(9, 2.3 * len(results["scores"])), layout="constrained")
    axes = figure.subplots(len(results["scores"]), 1, squeeze=False)[:, 0]
    pais = np.array(videos.pais)
    for axis, (name, rates) in zip(axes, results["scores"].items(), strict=True):
        values = videos.scores[name]
        bins = np.histogram_bin_edges(values[np.isfinite(values)], bins=40)
        for pai in SPECIES:
            if (pais == pai).any():
                style: dict[str, Any] = {"histtype": "step"}
                if pai == SPECIES[0]:
                    style = {"histtype": "stepfilled", "alpha": 0.35}
                axis.hist(values[pais == pai], bins, label=pai.replace("_", " "), **style)
        axis.axvline(rates["threshold"], color="black", linestyle="--", label="threshold of dev")
        axis.set(xlabel=f"spoof score: {name.replace('_', ' ')}", ylabel="test videos")
        axis.set_title(f"ACER {rates['acer']:.1%}, AUC {rates['auc']:.3f}", fontsize=10)
    axes[0].legend(fontsize=8)
    _save(figure, path)


def draw_history(path: str | Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Draw the metrics of a training history over the epochs, training and dev together.

    Args:
        path: PNG file to write.
        rows: as from `run_folder.read_history`.
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


def _save(figure: Figure, path: str | Path) -> None:
    with atomic_path(Path(path)) as temporary:
        figure.savefig(temporary, dpi=DPI)
