"""What TensorBoard shows of a training run besides its losses: panels, curves, histograms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from despoof_keras.datasets.crops import PreparedCrops
from despoof_keras.datasets.samples import BONA_FIDE, species_of
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.evaluation.figures import panels_figure
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.evaluation.report.media import spread
from despoof_keras.evaluation.streaming_metric import BINS, PresentationAttackRates
from despoof_keras.faces.crop import to_network_range

# Dev crops of each species whose noise is looked at; the panels show the first of them.
CROPS_PER_SPECIES = 6
# Dots an inch: pictures are drawn after every epoch, and large ones take their time.
_DPI = 64
_HISTOGRAM_BINS = 40

Logs = Mapping[str, float] | None


class Board(keras.callbacks.Callback):
    """Pictures and histograms for TensorBoard after every epoch, of the weights that are validated.

    Written under `tensorboard/dev`: the images `panels` (input, noise, spectrum, live estimate, 0/1
    map and depth of a few dev crops, the same in every epoch), `roc` and `scores` (curve and
    histograms by instrument of the crops that were validated), the histograms `score/<class>` and
    `noise/<class>`, and the scalars `learning_rate/<network>`. Steps are epochs, from 0 as in
    Keras' own `TensorBoard`.

    The scores are those that validation counted, up to the width of a bin of
    `PresentationAttackRates`, and cost nothing. Neither weights nor random states are changed.

    Args:
        folder: folder of the run.
        dev_crops: the crops that training is validated on.
        is_chief: whether this machine writes. The others must have the callback too, for all
            machines together sum what each has counted.
    """

    def __init__(self, folder: Path, dev_crops: PreparedCrops, is_chief: bool = True):
        super().__init__()
        self._is_chief = is_chief
        self._folder = Path(folder) / "tensorboard" / "dev"
        self._dev_crops = dev_crops
        self._writer: Any = None
        self._crops: LabelledCrops | None = None

    def on_train_begin(self, logs: Logs = None) -> None:
        if not self._is_chief:
            return
        self._writer = tf.summary.create_file_writer(str(self._folder))
        self._crops = LabelledCrops.of(self._dev_crops, _positions(self._dev_crops))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        counts = keras.ops.convert_to_numpy(self._rates().counts)
        if not self._is_chief:
            return
        outputs = self._outputs()
        with self._writer.as_default(step=epoch):
            self._write_learning_rates()
            self._write_panels(outputs)
            self._write_noise(outputs["noise"])
            _write_scores((BONA_FIDE, *self._dev_crops.instruments), counts)
        self._writer.flush()

    def on_train_end(self, logs: Logs = None) -> None:
        if self._is_chief:
            self._writer.close()

    def _rates(self):
        return next(m for m in self.model.metrics if isinstance(m, PresentationAttackRates))

    def _outputs(self):
        """What the model gives with its moving averages, if it has any, as in validation."""
        self.model.swap_averages()
        try:
            outputs = self.model(to_network_range(self._crops.crops), training=False)
        finally:
            self.model.swap_averages()
        return {name: keras.ops.convert_to_numpy(values) for name, values in outputs.items()}

    def _write_learning_rates(self):
        networks = zip(self.model.networks(), self.model.optimizers(), strict=True)
        for network, optimizer in networks:
            rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
            tf.summary.scalar(f"learning_rate/{network.name}", rate)

    def _write_panels(self, outputs):
        rows = {
            pai: self._crops.pais.index(pai)
            for pai in species_of(self._dev_crops.samples)
            if pai in self._crops.pais
        }
        faces = {
            pai.replace("_", " "): to_network_range(self._crops.crops[row])
            for pai, row in rows.items()
        }
        chosen = {name: values[list(rows.values())] for name, values in outputs.items()}
        tf.summary.image("panels", _picture(panels_figure(faces, chosen)))

    def _write_noise(self, noise):
        is_bona_fide = np.array([pai == BONA_FIDE for pai in self._crops.pais])
        for name, mask in ((BONA_FIDE, is_bona_fide), ("attack", ~is_bona_fide)):
            if mask.any():
                tf.summary.histogram(f"noise/{name}", noise[mask].ravel())


def _positions(crops):
    """Places of the middle crops of a few videos of each species, evenly spread over them."""
    places: dict[str, dict[str, list[int]]] = {}
    for position, frame in enumerate(frames_in_order(crops)):
        places.setdefault(frame.pai, {}).setdefault(frame.key, []).append(position)
    chosen = []
    for videos in places.values():
        middles = [frames[len(frames) // 2] for frames in videos.values()]
        chosen += [middles[number] for number in spread(len(middles), CROPS_PER_SPECIES)]
    return chosen


def _write_scores(classes, counts):
    """Write curve and histograms of scores that were counted by class and bin."""
    edges = np.linspace(-1.0, 1.0, BINS + 1)
    squashed = (edges[1:] + edges[:-1]) / 2
    numbers = counts.astype(int)
    for name, own in zip(classes, numbers, strict=True):
        if own.any():
            values = np.repeat(squashed, own)
            tf.summary.histogram(f"score/{name}", values / (1.0 - np.abs(values)))
    tf.summary.image("scores", _picture(_scores_figure(classes, squashed, numbers)))
    if numbers[0].any() and numbers[1:].any():
        tf.summary.image("roc", _picture(_roc_figure(classes, numbers)))


def _scores_figure(classes, squashed, numbers):
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axis = figure.subplots()
    seen = np.flatnonzero(numbers.sum(axis=0))
    first, last = (seen[0], seen[-1]) if len(seen) else (0, BINS - 1)
    width = 2.0 / BINS
    edges = np.linspace(squashed[first] - width, squashed[last] + width, _HISTOGRAM_BINS + 1)
    for name, own in zip(classes, numbers, strict=True):
        if own.any():
            share = own / own.sum()
            style = {"histtype": "stepfilled", "alpha": 0.35} if name == BONA_FIDE else {}
            axis.hist(
                squashed,
                edges,
                weights=share,
                label=name.replace("_", " "),
                **{"histtype": "step", **style},
            )
    axis.set(xlabel="spoof score s, as s / (1 + |s|)", ylabel="share of dev crops")
    axis.legend()
    return figure


def _roc_figure(classes, numbers):
    """APCER of each instrument against BPCER, at every threshold between two bins."""
    figure = Figure(figsize=(4.4, 4.2), layout="constrained")
    axis = figure.subplots()
    bpcer = np.append(1.0 - _share_below(numbers[0]), 0.0)
    for name, own in zip(classes[1:], numbers[1:], strict=True):
        if own.any():
            apcer = np.append(_share_below(own), 1.0)
            axis.step(bpcer, apcer, where="post", label=name.replace("_", " "))
    axis.set(xlabel="BPCER", ylabel="APCER", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axis.set_title("dev crops", fontsize=10)
    axis.legend()
    return figure


def _share_below(numbers):
    return (np.cumsum(numbers) - numbers) / numbers.sum()


def _picture(figure):
    """A figure as TensorBoard takes it: `(1, height, width, 3)` uint8."""
    figure.set_dpi(_DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[np.newaxis, ..., :3]
