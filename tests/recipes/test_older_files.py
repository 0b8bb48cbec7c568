"""Files made by version 0.1.0, before the package was arranged in rooms, still open."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from recipe_runs import PATIENCE, start

from despoof_keras import load_model, open_model, read_metadata
from despoof_keras.export.saved_model import trial_crops
from despoof_keras.models.loss_weights import RELEASED_WEIGHTS
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.run_folder import read_history

RUN = Path(__file__).parents[1] / "fixtures" / "run"
# What that version's `open_model` gave for `trial_crops`.
SCORES = [
    0.00018559632007963955,
    0.00018559063028078526,
    0.0001855969021562487,
    0.00018559559248387814,
    0.00018559662566985935,
    0.0001855966547736898,
]


def test_a_model_file_gives_the_scores_that_it_gave():
    model = open_model(RUN / "model.keras")
    scores = model.scores(trial_crops(16).astype(np.float32))
    np.testing.assert_allclose(scores, SCORES, rtol=1e-4)
    metadata = read_metadata(RUN / "model.keras")
    assert (metadata.score, metadata.package_version) == ("zero_one_map", "0.1.0")
    assert metadata.training_data == "set, protocol 1"


def test_a_model_file_trains_on():
    model = load_model(RUN / "model.keras")
    assert model.loss_weights == RELEASED_WEIGHTS
    assert int(model.optimizer.iterations) == 4
    image = np.random.default_rng(0).random((4, 16, 16, 3), np.float32)
    data = {
        "image": image,
        "depth": np.zeros((4, 2, 2, 1), np.float32),
        "label": np.array([0, 1, 0, 1], np.float32),
        "instrument": np.array([0, 1, 0, 2]),
    }
    losses = model.train_step({k: keras.ops.convert_to_tensor(v) for k, v in data.items()})
    assert np.isfinite([float(loss) for loss in losses.values()]).all()
    assert int(model.optimizer.iterations) == 5


def test_settings_and_history_are_read():
    settings = json.loads((RUN / "run.json").read_text())["config"]
    assert TrainingConfig(**settings).image_size == 16
    assert [row["epoch"] for row in read_history(RUN)] == ["1", "2"]


@pytest.mark.slow
def test_a_run_folder_is_gone_on_with(workplace):
    folder = workplace / "older"
    shutil.copytree(RUN, folder)
    (folder / "checkpoints").mkdir()
    # The run's last checkpoint: its model file is one, with its optimizers.
    (folder / "model.keras").rename(folder / "checkpoints" / "epoch-0002.keras")
    arguments = ("--config", str(folder / "small.json"), "--data-root", "set")
    process = start(workplace, *arguments, "--output", "older", "--resume", real=True)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    was, now = (json.loads((at / "results.json").read_text()) for at in (RUN, folder))
    assert (now["data"], now["seed"]) == (was["data"], was["seed"])
    assert was["config"].items() <= now["config"].items()  # settings have been added since
    assert read_metadata(folder / "model.keras").score == now["best_score"]
