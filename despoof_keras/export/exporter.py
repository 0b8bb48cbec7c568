"""Makes TFLite files, tries each against the Keras model, and rates it."""

import dataclasses
import hashlib

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.evaluation.rates import threshold_rule
from despoof_keras.export import parity
from despoof_keras.export.data import ExportData
from despoof_keras.export.error_rates import ErrorRates, carried_threshold, error_rates
from despoof_keras.export.graph import minimum_runtime, operation_counts, with_metadata
from despoof_keras.export.report import ExportReport, Figures
from despoof_keras.export.variants import BASELINE, Variant
from despoof_keras.metadata import ModelMetadata
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.models.saving import in_float32
from despoof_keras.tflite.file import TfliteFile
from despoof_keras.tflite.model import TfliteModel

# How a variant's threshold follows from the Keras model's.
CARRIED_RULE = (
    "{rule}, by the Keras model; moved by the median difference of this export's scores of the dev "
    "videos nearest to it"
)
# Number of scores that the median time is taken of.
LATENCY_ROUNDS = 20


@dataclasses.dataclass(frozen=True)
class Artifact:
    """A file that has passed its trial.

    Attributes:
        content: Bytes of the file, with metadata and checksum.
        model: The file, opened.
        figures: For the report.
    """

    content: bytes
    model: TfliteModel
    figures: Figures


@dataclasses.dataclass(frozen=True)
class DevReference:
    """What the Keras model gives for dev by one of its scores.

    Attributes:
        split: Dev's crops.
        scores: `(n,)` scores of the crops.
        rates: Error rates, of test too where there is one.
    """

    split: LabelledCrops
    scores: np.ndarray
    rates: ErrorRates

    def carry_threshold(self, scores: np.ndarray) -> float:
        """Translate the threshold into a file's scores `(n,)` of dev, see `carried_threshold`."""
        return carried_threshold(self.rates.threshold, self.split, self.scores, scores)

    def acer_change(self, content: bytes) -> float:
        """Compute how far a file's ACER on dev is from the Keras model's, a fraction of 1."""
        model = TfliteModel(TfliteFile(content, "trial file"), num_threads=1)
        scores = model.score_batch(self.split.crops)["score"]
        rates = error_rates(self.split, scores, threshold=self.carry_threshold(scores))
        return abs(rates.acer_dev - self.rates.acer_dev)


@dataclasses.dataclass(frozen=True)
class Reference:
    """What the Keras model gives by one of its scores.

    Attributes:
        answers: For the held-out crops.
        gap: Live-spoof gap, in units of the score.
        dev: For dev, or None without it.
    """

    answers: parity.Answers
    gap: float
    dev: DevReference | None


def weights_sha256(model: Despoofer) -> str:
    """Compute the SHA-256 of DSNet's and DepthNet's weights.

    Returns:
        Hexadecimal digits of the hash of the weights in float32, in Keras' order.
    """
    digest = hashlib.sha256()
    for network in (model.ds_net, model.depth_net):
        for weights in network.get_weights():
            # The random state of dropout is a weight to Keras, but is not the model's.
            if weights.dtype.kind == "f":
                digest.update(np.ascontiguousarray(weights, "<f4").tobytes())
    return digest.hexdigest()


class Exporter:
    """Makes the files of one export; what they share is computed once.

    Args:
        model: Model to export.
        data: Crops to calibrate, compare and rate on.
        licence: Of the weights, for the metadata; by default, the model's.
        model_version: A name for the model, for the metadata; by default, the model's.

    Raises:
        DataError: Crops of `data` have another type or shape than the model's.
    """

    def __init__(
        self,
        model: Despoofer,
        data: ExportData,
        licence: str | None = None,
        model_version: str | None = None,
    ):
        self._model = model = in_float32(model)
        self._data = data
        self._metadata = dataclasses.replace(
            model.metadata,
            # The graphs take no other crops.
            crop_dtype="uint8",
            weights_sha256=weights_sha256(model),
            licence=licence or model.metadata.licence,
            model_version=model_version or model.metadata.model_version,
        )
        self._held_out = data.held_out_crops(model.image_size)
        self._references = {}

    def make(self, variant: Variant) -> Artifact:
        """Make a variant's file and try it.

        Raises:
            DataError: The variant cannot be made, or is not within its bounds.
        """
        score = variant.score or self._model.score
        reference = self._reference(score)
        content, kept = variant.convert(self._model), None
        if variant.finish is not None:
            change = reference.dev.acer_change if reference.dev else None
            crops = self._data.calibration_crops(self._model.image_size)
            content, kept = variant.finish(content, crops, score, reference.gap, change)
        trial = parity.open_trial(content, variant)
        differences = parity.compare(trial, self._held_out, reference.answers, reference.gap)
        parity.check_bounds(differences, variant.bounds, variant.name)
        rates = self._rates(trial, reference)
        metadata = self._metadata_of(variant, score, rates)
        content = with_metadata(content, metadata)
        figures = Figures(
            kib=len(content) / 1024,
            score=score,
            gap=reference.gap,
            differences=differences,
            bounds=variant.bounds,
            threshold=metadata.threshold,
            threshold_rule=metadata.threshold_rule,
            rates=rates,
            keras_rates=reference.dev.rates if reference.dev else None,
            layers_in_float=kept,
            operations=operation_counts(content),
            minimum_runtime=minimum_runtime(content),
        )
        # Opened again as it will be written, with its metadata.
        return Artifact(content, parity.open_trial(content, variant), figures)

    def report(self, artifacts: dict[str, Artifact]) -> ExportReport:
        """Measure latencies and gather the report.

        Args:
            artifacts: Mapping from the names of variants to what `make` returned.
        """
        if BASELINE.name in artifacts:
            baseline = artifacts[BASELINE.name].model
        else:
            baseline = parity.open_trial(BASELINE.convert(self._model), BASELINE)
        models = {name: artifact.model for name, artifact in artifacts.items()}
        ratios = parity.latency_ratios(
            {BASELINE.name: baseline} | models, self._held_out[0], LATENCY_ROUNDS
        )
        figures = {
            name: dataclasses.replace(artifact.figures, latency_ratio=ratios[name])
            for name, artifact in artifacts.items()
        }
        return ExportReport(self._metadata, len(self._held_out), figures)

    def _reference(self, score: str) -> Reference:
        if score not in self._references:
            answers = parity.keras_answers(self._model, self._held_out, score)
            splits = self._data.splits
            scores = [parity.keras_scores(self._model, split.crops, score) for split in splits]
            gap = self._gap(score, answers, scores[0] if scores else None)
            rates = _rates_of(splits, scores)
            dev = DevReference(splits[0], scores[0], rates) if rates else None
            self._references[score] = Reference(answers, gap, dev)
        return self._references[score]

    def _gap(self, score, answers, dev_scores):
        gap = self._data.gap if score == self._model.score else None
        if gap is None and dev_scores is not None:
            gap = self._data.dev.gap(dev_scores)
        elif gap is None:
            gap = float(np.ptp(answers.score))
        if not gap > 0:
            raise DataError(
                f"gap: expected attacks to have higher {score} scores than bona fide crops; the "
                f"gap is {gap:g}"
            )
        return gap

    def _rates(self, model: TfliteModel, reference: Reference) -> ErrorRates | None:
        splits = self._data.splits
        scores = [model.score_batch(split.crops)["score"] for split in splits]
        threshold = reference.dev.carry_threshold(scores[0]) if reference.dev else None
        return _rates_of(splits, scores, threshold)

    def _metadata_of(self, variant, score, rates) -> ModelMetadata:
        values = {"variant": variant.name, "score": score}
        if rates is not None:
            rule = CARRIED_RULE.format(rule=threshold_rule(self._data.source or ""))
            values |= {"threshold": rates.threshold, "threshold_rule": rule}
        elif score != self._model.score:
            # The model's threshold means nothing to another score.
            values |= {"threshold": None, "threshold_rule": None}
        return dataclasses.replace(self._metadata, **values)


def _rates_of(
    splits: list[LabelledCrops], scores: list[np.ndarray], threshold: float | None = None
) -> ErrorRates | None:
    """Compute the `ErrorRates` of the splits' scores; None without splits."""
    if not splits:
        return None
    test, test_scores = (splits[1], scores[1]) if len(splits) > 1 else (None, None)
    return error_rates(splits[0], scores[0], test, test_scores, threshold)
