"""Where the errors of runs come from: the threshold, the ranking, the medium, the normalisation.

For each run folder and score the benchmark prints the test ACER at dev's threshold, the part of it
that no threshold could avoid, and for each medium how its scores moved from dev to test, see
`evaluation.diagnosis`; of several runs, such as the folds of a protocol, also the means. With
`--normalisation` it scores the crops of the runs once more, with the statistics of batch
normalisation measured anew on each split, on batches that are half bona fide as those of training:
the difference is what an unseen session or phone costs through the statistics.

    python benchmarks/diagnosis.py runs/p1-seed0 runs/p4-fold1-seed0
    python benchmarks/diagnosis.py runs/p1-seed0 --normalisation
"""

import argparse
import json
from pathlib import Path

import numpy as np
from rich.table import Table

from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.evaluation.diagnosis import diagnose
from despoof_keras.evaluation.score_files import read_scores
from despoof_keras.evaluation.score_table import ScoreTable
from despoof_keras.evaluation.tables import show
from despoof_keras.metadata import SCORE_NAMES
from despoof_keras.utils.programs import set_environment

SPLITS = ("dev", "test")
# As many bona fide crops as attacks in a batch; so many batches are drawn.
BATCH = 32
BATCHES = 40
SEED = 0
# The ACER, and what it is the sum of: the ranking's part and the threshold's.
PARTS = ("acer", "best_acer", "threshold_error")


def stored_tables(run):
    """The score tables of a run, `{score: (dev, test)}`."""
    names = [path.stem.removeprefix("dev-") for path in sorted((run / "scores").glob("dev-*.csv"))]
    return {
        name: tuple(
            ScoreTable.of(read_scores(run / "scores" / f"{split}-{name}.csv")) for split in SPLITS
        )
        for name in names
    }


def renormalised_tables(run):
    """The same, from crops scored with statistics of batch normalisation of each split itself."""
    from despoof_keras.datasets.crops import CropSettings
    from despoof_keras.datasets.prepare import prepare_data
    from despoof_keras.evaluation.labelled_crops import LabelledCrops
    from despoof_keras.evaluation.video_scores import score_crops
    from despoof_keras.faces.crop import to_network_range
    from despoof_keras.models.saving import load_model
    from despoof_keras.synthesis import data_at
    from despoof_keras.training.config import TrainingConfig

    settings = json.loads((run / "run.json").read_text(encoding="utf-8"))
    data = data_at(None, protocol=settings["protocol"], fold=settings["fold"])
    config = TrainingConfig(**settings["config"])
    samples = data.load()
    tables = {name: [] for name in SCORE_NAMES}
    for split in SPLITS:
        model = load_model(run / "model.keras")
        prepared = prepare_data(data, samples[split], CropSettings.of(config, split))
        crops = LabelledCrops.of(prepared)
        measure_statistics(model, to_network_range(crops.crops), np.array(crops.pais) == BONA_FIDE)
        videos = score_crops(model, prepared).by_video()
        for name, own in tables.items():
            own.append(ScoreTable(videos.keys, np.array(videos.pais), videos.scores[name]))
    return tables


def measure_statistics(model, crops, is_bona_fide):
    """Replace the statistics of batch normalisation by those of some crops, a mean over batches."""
    import keras
    import tensorflow as tf

    networks = (model.ds_net, model.depth_net)
    norms = [
        layer
        for network in networks
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    random = np.random.default_rng(SEED)
    classes = [np.flatnonzero(is_bona_fide), np.flatnonzero(~is_bona_fide)]
    # The first batch replaces the old statistics, and every later one weighs as much.
    for number in range(BATCHES):
        for norm in norms:
            norm.momentum = number / (number + 1)
        chosen = np.concatenate([random.choice(own, BATCH // 2, replace=False) for own in classes])
        outputs = model.despoof(tf.constant(crops[chosen]), training=True)
        model.depth_net(outputs["hsv_rgb"], training=True)


def diagnosis_table(title, diagnoses):
    table = Table(title=title)
    table.add_column("score")
    for name in ("ACER", "ranking", "threshold", "medium", "videos"):
        table.add_column(name, justify="left" if name == "medium" else "right")
    for name in ("dev median", "test median", "shift", "error", "best error", "AUC"):
        table.add_column(name, justify="right")
    for score, figures in diagnoses.items():
        shares = [f"{figures[key]:.1%}" for key in PARTS]
        for number, (pai, medium) in enumerate(figures["media"].items()):
            table.add_row(
                *([score.replace("_", " "), *shares] if number == 0 else [""] * 4),
                pai.replace("_", " "),
                str(medium["count"]),
                *(_text(medium.get(key), "{:.3f}") for key in ("dev_median", "test_median")),
                _text(medium["shift"], "{:+.1f}"),
                *(f"{medium[key]:.1%}" for key in ("error", "best_error")),
                _text(medium.get("auc"), "{:.3f}"),
            )
        table.add_section()
    return table


def overview_table(title, diagnoses):
    """Means and standard deviations over runs, of the ACER's parts and of each medium."""
    pais = dict.fromkeys(pai for run in diagnoses for own in run.values() for pai in own["media"])
    table = Table(title=title)
    table.add_column("score")
    for name in ("ACER", "ranking", "threshold", *(f"{pai.replace('_', ' ')}" for pai in pais)):
        table.add_column(name, justify="right")
    for score in diagnoses[0]:
        runs = [run[score] for run in diagnoses if score in run]
        parts = [_spread([figures[key] for figures in runs]) for key in PARTS]
        media = []
        for pai in pais:
            own = [figures["media"][pai] for figures in runs if pai in figures["media"]]
            text = f"error {_spread([medium['error'] for medium in own])}"
            if pai != BONA_FIDE:
                aucs = [medium["auc"] for medium in own]
                text += f"\nAUC {np.mean(aucs):.3f} ± {np.std(aucs):.3f}"
            media.append(text)
        table.add_row(score.replace("_", " "), *parts, *media)
        table.add_section()
    return table


def _spread(rates):
    return f"{100 * np.mean(rates):.1f} ± {100 * np.std(rates):.1f} %"


def _text(value, form):
    return "-" if value is None else form.format(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, help="run folders")
    parser.add_argument(
        "--normalisation", action="store_true", help="of the embedded set's runs, see above"
    )
    options = parser.parse_args()
    set_environment()
    sources = {"": stored_tables}
    if options.normalisation:
        sources[", normalised by the statistics of each split"] = renormalised_tables
    for title, tables_of in sources.items():
        diagnoses = []
        for run in options.runs:
            tables = tables_of(run)
            diagnoses.append({score: diagnose(*pair) for score, pair in tables.items()})
            show(diagnosis_table(f"{run}{title}", diagnoses[-1]))
        if len(diagnoses) > 1:
            show(overview_table(f"{len(diagnoses)} runs{title}", diagnoses))


if __name__ == "__main__":
    main()
