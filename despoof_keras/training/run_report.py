"""The report and the model card that a run leaves in its folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from despoof_keras.datasets.batches import EVALUATION_BATCH
from despoof_keras.datasets.crops import PreparedCrops
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.samples import SPLITS, VideoSample, species_of
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.evaluation.report import page
from despoof_keras.evaluation.report.media import AVERAGED, MediumNoise, draw_media, png, spread
from despoof_keras.evaluation.report.page import Report, System, write_report
from despoof_keras.evaluation.report.worst import worst_rows
from despoof_keras.faces.crop import to_network_range
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.training.model_card import (
    MODEL_CARD,
    CardFacts,
    library_versions,
    write_model_card,
)

# What a finished run has besides its scores and its model; any of them can be made again.
LEFT = (page.PAGE, page.FIGURES, MODEL_CARD)
# Pixels, about, of a picture in the tables of the worst errors.
_PICTURE = 64


@dataclasses.dataclass(frozen=True)
class FinishedRun:
    """What is known of a run whose scores have been computed.

    Attributes:
        folder: of the run.
        results: the contents of its `results.json`.
        systems: as from `run_figures.read_systems`.
        model: with the metadata that are saved with it.
        data: what was trained and evaluated on.
        splits: mapping from split to its videos.
        test_crops: the crops of test that were scored.
    """

    folder: Path
    results: dict
    systems: Mapping[str, System]
    model: Despoofer
    data: Data
    splits: Mapping[str, Sequence[VideoSample]]
    test_crops: PreparedCrops


def write_run_report(run: FinishedRun) -> None:
    """Write `report.html`, `report.json` and `model_card.md` into a run's folder."""
    facts = CardFacts(
        run.folder.resolve().name,
        run.data,
        run.splits,
        run.model.metadata,
        run.systems[run.results["best_score"]].figures,
        run.results["videos_left_out"],
    )
    write_model_card(run.folder, facts)
    fold = "" if run.results["fold"] is None else f", fold {run.results['fold']}"
    title = f"Protocol {run.results['protocol']}{fold}: {run.results['data']}"
    write_report(run.folder, _report(run, title, {"model card": MODEL_CARD}))


def write_cross_report(run: FinishedRun, title: str, notes: Sequence[str]) -> None:
    """Write `report.html` and `report.json` of a model's test on a data set that is not its own.

    Args:
        run: the folder is that of the test, and so are data, splits and crops.
        title: of the report.
        notes: what must be known besides.
    """
    write_report(run.folder, _report(run, title, {}, notes))


def _report(run, title, further_settings, further_notes=()):
    results, metadata = run.results, run.model.metadata
    best = results["best_score"]
    # The score that the model gives comes first.
    names = sorted(run.systems, key=lambda name: name != best)
    return Report(
        title=title,
        systems={name: run.systems[name] for name in names},
        media=draw_media(_media(run)),
        worst=_pictures(run.test_crops, _worst_keys(run.systems)),
        settings={
            "data": results["data"],
            "protocol": results["protocol"],
            "fold": results["fold"],
            "seed": results["seed"],
            "score of the model": best,
            "data_fingerprint": results.get("data_fingerprint"),
            "training commit": metadata.training_commit,
            **further_settings,
            "config": results["config"],
            "versions": library_versions(),
        },
        notes=[*further_notes, *_notes(run, best)],
    )


def _notes(run, best):
    notes = [f"Systems are the scores of one model. Dev chose {best} as the score that it gives."]
    for split in SPLITS:
        videos = run.results["videos_left_out"].get(split, 0)
        frames = run.results.get("frames_left_out", {}).get(split, 0)
        if videos or frames:
            notes.append(f"Left out of {split}: {videos} videos, and {frames} frames of others.")
    return notes


def _media(run) -> Iterator[MediumNoise]:
    """What the model makes of the middle crops of the videos of each species."""
    middles = _middle_positions(run.test_crops)
    pai_of = {frame.key: frame.pai for frame in frames_in_order(run.test_crops)}
    for pai in species_of(run.test_crops.samples):
        keys = [key for key in middles if pai_of[key] == pai]
        if keys:
            positions = [middles[keys[number]] for number in spread(len(keys), AVERAGED)]
            crops = to_network_range(LabelledCrops.of(run.test_crops, positions).crops)
            yield MediumNoise.of(pai, crops, _outputs(run.model, crops))


def _outputs(model, crops):
    batches = [
        model(crops[start : start + EVALUATION_BATCH], training=False)
        for start in range(0, len(crops), EVALUATION_BATCH)
    ]
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def _middle_positions(crops):
    """The place of each video's middle crop among all crops, by key."""
    places: dict[str, list[int]] = {}
    for position, frame in enumerate(frames_in_order(crops)):
        places.setdefault(frame.key, []).append(position)
    return {key: frames[len(frames) // 2] for key, frames in places.items()}


def _worst_keys(systems):
    """Presentations that the report's tables of the worst errors show."""
    return {
        system.test.keys[row]
        for system in systems.values()
        for rows in worst_rows(system.test)
        for row in rows
    }


def _pictures(crops, keys):
    middles = _middle_positions(crops)
    shown = LabelledCrops.of(crops, [middles[key] for key in keys if key in middles])
    return {key: png(_small(crop)) for key, crop in zip(shown.keys, shown.crops, strict=True)}


def _small(crop):
    """A crop as small as its place in the table, by the mean of blocks of pixels."""
    block = max(1, len(crop) // _PICTURE)
    size = len(crop) // block
    cut = crop[: size * block, : size * block]
    return cut.reshape(size, block, size, block, 3).mean((1, 3)).astype(np.uint8)
