"""A robustness measurement of one model or several, and what it leaves in a folder."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from despoof_keras.datasets.data import Data
from despoof_keras.datasets.find_eyes import with_eye_files
from despoof_keras.datasets.fingerprint import content_stamp, describe, fingerprint
from despoof_keras.datasets.samples import BONA_FIDE, VideoSample
from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.robustness.journal import Journal, has_journals
from despoof_keras.evaluation.robustness.measure import Measurement, choose, score_videos
from despoof_keras.evaluation.robustness.rates import rates_by_condition
from despoof_keras.evaluation.robustness.results import RESULTS, contents_of, read_results
from despoof_keras.evaluation.score_files import PresentationScore
from despoof_keras.evaluation.score_table import ScoreTable
from despoof_keras.utils.files import write_json

# Raised whenever the crops of a condition change, so that old scores are not taken for new ones.
FORMAT_VERSION = 1
DEV = "dev"


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """A model that is measured.

    Attributes:
        name: in results and charts.
        path: its file or folder, which tells whether it is the same when a measurement goes on.
        model: `ScoringModel`.
    """

    name: str
    path: Path
    model: Any


@dataclasses.dataclass(frozen=True)
class Measured:
    """What was measured of a model.

    Attributes:
        results: contents of `robustness.json`, see `measure_model`.
        dev, test: scores without a change, of dev and of the split that was measured.
    """

    results: dict[str, Any]
    dev: ScoreTable
    test: ScoreTable


class RobustnessRun:
    """A measurement on one protocol of a data set.

    Args:
        data: what to score.
        measurement: what to change.
        folder: where results go.
        split: whose videos are changed.
        videos: number of them, see `measure.choose`; None takes all.
        resume: go on with a measurement of the same settings in `folder`.

    Raises:
        DataError: the folder holds results, or part of them, already, and `resume` is False.
    """

    def __init__(
        self,
        data: Data,
        measurement: Measurement,
        folder: str | Path,
        *,
        split: str = "test",
        videos: int | None = None,
        resume: bool = False,
    ):
        self._folder = Path(folder)
        if not resume and ((self._folder / RESULTS).exists() or has_journals(self._folder)):
            raise DataError(
                f"{folder}: holds a robustness measurement already; pass --resume to continue it, "
                "or another --output"
            )
        self._data, self._measurement, self._split = data, measurement, split
        splits = data.load()
        samples = {DEV: splits[DEV], split: choose(splits[split], videos)}
        self._fingerprints = {name: fingerprint(describe(own)) for name, own in samples.items()}
        if data.find_eyes:
            settings: dict[str, Any] = {"processes": data.processes, "skip_bad": data.skip_bad}
            samples = {
                name: with_eye_files(own, Path(data.cache) / "eyes", **settings)
                for name, own in samples.items()
            }
        self._samples = samples
        self._journals: list[Journal] = []

    def measure(self, file: ModelFile) -> Measured:
        """Measure a model.

        The threshold is the model's own; where it has none, dev's equal error rate point.

        Raises:
            DataError: a video cannot be used, or a class or an attack instrument has no score.
        """
        unchanged = dataclasses.replace(self._measurement, conditions=())
        dev_videos, dev_scores = self._scores(file, DEV, unchanged)
        dev = _table(dev_videos, dev_scores[:, 0], f"{file.name}: {DEV}")
        videos, scores = self._scores(file, self._split, self._measurement)
        metadata = file.model.metadata
        threshold, rule = metadata.threshold, metadata.threshold_rule
        if threshold is None:
            threshold, rule = _eer_threshold(dev), "equal error rate of dev, without a change"
        conditions = self._measurement.conditions
        results = {
            "model": file.name,
            "identity": self._identity(file, self._split, self._measurement),
            "score": metadata.score,
            "threshold": threshold,
            "threshold_rule": rule,
            "data": self._data.description,
            "data_fingerprint": self._fingerprints[self._split],
            "split": self._split,
            "videos": len(videos),
            "videos_left_out": len(self._samples[self._split]) - len(videos),
            "frames": self._measurement.frames,
            "seed": self._measurement.seed,
            **rates_by_condition(videos, conditions, scores, threshold),
        }
        test = _table(videos, scores[:, 0], f"{file.name}: {self._split}")
        return Measured(results, dev, test)

    def _identity(self, file, split, measurement):
        """What the scores depend on, as a hash."""
        metadata = file.model.metadata
        made_from = {
            "version": FORMAT_VERSION,
            "model": _stamps(file.path),
            "crops": [metadata.image_size, metadata.crop_rule.place(), metadata.resize],
            "measurement": dataclasses.asdict(measurement),
            "data": self._fingerprints[split],
            "skip_bad": self._data.skip_bad,
        }
        return fingerprint(made_from)

    def _scores(self, file, split, measurement) -> tuple[list[VideoSample], np.ndarray]:
        journal = Journal(self._folder, self._identity(file, split, measurement))
        self._journals.append(journal)
        scores = score_videos(
            file.model,
            self._samples[split],
            measurement,
            journal,
            processes=self._data.processes,
            skip_bad=self._data.skip_bad,
            description=f"{file.name}: {split}",
        )
        videos = [sample for sample in self._samples[split] if sample.key in scores]
        if not videos:
            raise DataError(f"{split}: expected videos that can be used; all are left out")
        return videos, np.stack(list(scores.values()))

    def finished(self, files: Sequence[ModelFile]) -> dict[str, dict]:
        """The results of these models that a measurement to resume has left; empty if it has none.

        Raises:
            DataError: they are of other models, settings or data.
        """
        path = self._folder / RESULTS
        if not path.exists():
            return {}
        results = read_results(path)
        own = {file.name: self._identity(file, self._split, self._measurement) for file in files}
        if {name: model.get("identity") for name, model in results.items()} != own:
            raise DataError(
                f"{path}: expected the models, settings and data of this measurement; it is of "
                "others; choose another --output"
            )
        return results

    def finish(self, results: Mapping[str, dict]) -> None:
        """Write `robustness.json` of all models, and remove what was kept to go on."""
        write_json(self._folder / RESULTS, contents_of(results))
        for journal in self._journals:
            journal.remove()


def _eer_threshold(dev):
    dev = dev.select(dev.acquired)
    is_bona_fide = dev.pais == BONA_FIDE
    return metrics.threshold_at_eer(dev.spoof_scores[is_bona_fide], dev.spoof_scores[~is_bona_fide])


def _table(videos, scores, source):
    rows = (PresentationScore.of(video, score) for video, score in zip(videos, scores, strict=True))
    return ScoreTable.of(rows, source)


def _stamps(path):
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [content_stamp(file) for file in files if file.is_file()]
