"""The variants of a TFLite export: made, tried against the Keras model, rated."""

import dataclasses
import functools
import hashlib
import itertools

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.export import parity
from despoof_keras.export.conversion import convert
from despoof_keras.export.graph import minimum_runtime, operation_counts, with_metadata
from despoof_keras.export.int8.choose_layers import quantise
from despoof_keras.export.parity import Bounds
from despoof_keras.export.report import ExportReport
from despoof_keras.export.saved_model import trial_crops
from despoof_keras.models.saving import in_float32
from despoof_keras.tflite.model import TfliteModel

VARIANTS = ("float32", "float16", "dynamic", "int8", "light")
# What each variant may differ from the Keras model, see `Bounds`; docs/quantisation.md has what
# was measured.
BOUNDS = {
    "float32": Bounds(median=1e-4, largest=1e-3, noise=1e-4),
    "float16": Bounds(median=0.01, largest=0.05, noise=0.02),
    "dynamic": Bounds(median=0.15, largest=0.60, noise=0.50),
    "int8": Bounds(median=0.03, largest=0.25, noise=0.25),
    "light": Bounds(median=0.01, largest=0.05, noise=0.0),
}
LIGHT_SCORE = "zero_one_map"
THRESHOLD_RULE = (
    "equal error rate of the dev videos{source}, each video's score the mean of its frames, by the "
    "Keras model; moved by the median difference of this export's scores of the dev videos nearest "
    "to it"
)
# Crops that an export is compared with the Keras model on, where there are that many: rank
# correlations of 0.999 say something from about a hundred on.
HELD_OUT_CROPS = 200
# Crops that int8 is made on: a quarter for ranges and weights, the others for the layers to keep.
CALIBRATION_CROPS = 200
# Scores of which the median time is taken.
LATENCY_ROUNDS = 20


@dataclasses.dataclass(frozen=True)
class ExportData:
    """What an export is fitted to and tried on.

    Attributes:
        calibration: `(n, S, S, 3)` uint8 crops, bona fide and attacks mixed, for the ranges of
            `int8`; default: crops of `dev`.
        held_out: `(n, S, S, 3)` uint8 crops to compare with the Keras model on; default: crops of
            `test`, else `saved_model.trial_crops`.
        dev, test: `LabelledCrops`; the threshold is chosen anew on dev, error rates are of both.
        gap: live-spoof gap that errors are shares of, in units of the score; default: that of the
            Keras model on `dev`, else the range of its scores of `held_out`.
        source: what dev's videos are of, for the threshold's rule.
    """

    calibration: np.ndarray | None = None
    held_out: np.ndarray | None = None
    dev: object = None
    test: object = None
    gap: float | None = None
    source: str | None = None


def weights_sha256(model):
    """SHA-256 of DSNet's and DepthNet's weights, float32, in Keras' order, as hexadecimal digits.

    Args:
        model: `Despoofer`.
    """
    digest = hashlib.sha256()
    for network in (model.ds_net, model.depth_net):
        for weights in network.get_weights():
            # Dropout's random state is a weight of Keras', not of the model.
            if weights.dtype.kind == "f":
                digest.update(np.ascontiguousarray(weights, "<f4").tobytes())
    return digest.hexdigest()


@dataclasses.dataclass(frozen=True)
class Artifact:
    """A variant that has passed.

    Attributes:
        content: bytes, with metadata.
        model: `TfliteModel` of it.
        figures: mapping for the report.
    """

    content: bytes
    model: object
    figures: dict


class Exporter:
    """What the variants of one export share."""

    def __init__(self, model, data, licence, model_version):
        self._model = model = in_float32(model)
        self._data = data
        # Error rates need dev.
        self._splits = [split for split in (data.dev, data.test) if split and data.dev]
        self._metadata = dataclasses.replace(
            model.metadata,
            # The graph takes no others.
            crop_dtype="uint8",
            weights_sha256=weights_sha256(model),
            licence=licence or model.metadata.licence,
            model_version=model_version or model.metadata.model_version,
        )
        self._held_out = self._choose_held_out()
        self._float32 = None
        self._references = {}

    def make(self, variant):
        """The `Artifact` of a variant.

        Raises:
            DataError: see `export_tflite`.
        """
        score = LIGHT_SCORE if variant == "light" else self._model.score
        reference = self._reference(score)
        content, kept = self._content(variant), None
        if variant == "int8":
            change = functools.partial(self._acer_change, reference) if self._splits else None
            content, kept = quantise(content, self._calibration(), score, reference["gap"], change)
        is_light = variant == "light"
        trial = parity.open_trial(content, variant, is_light)
        found = parity.compare(
            trial, self._held_out, reference["answers"], reference["gap"], is_light
        )
        parity.check_bounds(found, BOUNDS[variant], variant)
        scores = [trial.score_batch(split.crops)["score"] for split in self._splits]
        rates = self._rates(scores, reference)
        metadata = self._metadata_of(variant, score, rates)
        content = with_metadata(content, metadata)
        figures = {
            "kib": len(content) / 1024,
            "score": score,
            "gap": reference["gap"],
            **found,
            "bounds": dataclasses.asdict(BOUNDS[variant]),
            "threshold": metadata.threshold,
            "threshold_rule": metadata.threshold_rule,
            "rates": rates,
            "keras_rates": reference["rates"],
            "layers_in_float": kept,
            "operations": operation_counts(content),
            "minimum_runtime": minimum_runtime(content),
        }
        # Opened again as it will be written, with its metadata.
        model = parity.open_trial(content, variant, is_light)
        return Artifact(content, model, figures)

    def report(self, artifacts):
        """`ExportReport` of the variants' artifacts, with the latencies."""
        models = {"float32": parity.open_trial(self._content("float32"), "float32", False)}
        models |= {name: one.model for name, one in artifacts.items()}
        ratios = parity.latency_ratios(models, self._held_out[0], LATENCY_ROUNDS)
        figures = {
            name: {**one.figures, "latency_ratio": ratios[name]} for name, one in artifacts.items()
        }
        return ExportReport(self._metadata, len(self._held_out), figures)

    def _content(self, variant):
        """The converter's file; for `int8` the float one that it is made from."""
        if variant == "int8":
            # The signature `score` is cut out of this one, so that they share their weights.
            return convert(self._model, "float32", {"despoof": "despoof"})
        if variant != "float32":
            return convert(self._model, variant)
        self._float32 = self._float32 or convert(self._model, "float32")
        return self._float32

    def _choose_held_out(self):
        data, size = self._data, self._model.image_size
        if data.held_out is not None:
            return _checked_crops(data.held_out, size, "held_out")
        if data.test is not None:
            return _checked_crops(data.test.balanced(HELD_OUT_CROPS), size, "test")
        return trial_crops(size)

    def _calibration(self):
        data, size = self._data, self._model.image_size
        if data.calibration is not None:
            return _checked_crops(data.calibration, size, "calibration")
        if data.dev is None:
            raise DataError(
                "calibration: expected bona fide and attack crops, which int8 is calibrated on; "
                "received none"
            )
        return _checked_crops(data.dev.balanced(CALIBRATION_CROPS), size, "dev")

    def _reference(self, score):
        """What the Keras model gives by a score: answers, gap, scores of dev, error rates."""
        if score not in self._references:
            answers = parity.keras_answers(self._model, self._held_out, score)
            scores = [
                parity.keras_scores(self._model, split.crops, score) for split in self._splits
            ]
            gap = self._data.gap if score == self._model.score else None
            if gap is None and self._data.dev is not None:
                gap = self._data.dev.gap(scores[0])
            elif gap is None:
                gap = float(np.ptp(answers.score))
            if not gap > 0:
                raise DataError(
                    f"gap: expected attacks to score higher than bona fide crops; it is {gap:g} by "
                    f"{score}"
                )
            self._references[score] = {
                "answers": answers,
                "gap": gap,
                "dev_scores": scores and scores[0],
                "rates": self._rates(scores),
            }
        return self._references[score]

    def _acer_change(self, reference, content):
        """How far the ACER on dev of a file is from the Keras model's."""
        dev = self._splits[0]
        scores = TfliteModel(content, "int8", num_threads=1).score_batch(dev.crops)["score"]
        threshold = self._carried(reference, scores)
        rates = parity.error_rates(dev, scores, threshold=threshold)
        return abs(rates["acer_dev"] - reference["rates"]["acer_dev"])

    def _carried(self, reference, dev_scores):
        return parity.carried_threshold(
            reference["rates"]["threshold"],
            self._splits[0],
            reference["dev_scores"],
            dev_scores,
        )

    def _rates(self, scores, reference=None):
        """Error rates from the scores of the splits, None where there are none."""
        if not self._splits:
            return None
        threshold = reference and self._carried(reference, scores[0])
        pairs = itertools.chain(*zip(self._splits, scores, strict=True))
        return parity.error_rates(*pairs, threshold=threshold)

    def _metadata_of(self, variant, score, rates):
        values = {"variant": variant, "score": score}
        if rates is not None:
            source = f" of {self._data.source}" if self._data.source else ""
            rule = THRESHOLD_RULE.format(source=source)
            values |= {"threshold": rates["threshold"], "threshold_rule": rule}
        elif score != self._model.score:
            # A threshold of another score means nothing.
            values |= {"threshold": None, "threshold_rule": None}
        return dataclasses.replace(self._metadata, **values)


def _checked_crops(crops, size, name):
    crops = np.asarray(crops)
    if crops.dtype != np.uint8 or crops.shape[1:] != (size, size, 3) or not len(crops):
        raise DataError(
            f"{name}: expected uint8 crops of shape (n, {size}, {size}, 3); received "
            f"{crops.dtype} of {crops.shape}"
        )
    return crops
