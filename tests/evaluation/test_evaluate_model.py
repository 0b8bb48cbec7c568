"""A model file on a data set's protocols: the figures of the run that made it, and its own."""

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from despoof_keras.datasets import Data, oulu_npu
from despoof_keras.datasets.prepare import CropSettings, prepare_crops
from despoof_keras.errors import DataError
from despoof_keras.evaluation import rates
from despoof_keras.evaluation.evaluate_model import evaluate_model
from despoof_keras.evaluation.video_scores import score_crops
from despoof_keras.inference.open_model import open_model

# By how much a rate moves where rounding moves a score past another's: of six videos of a species.
ONE_VIDEO = 1 / 6 + 1e-6
RECIPE = Path(__file__).parents[2] / "recipes" / "evaluate.py"


@pytest.mark.parametrize("side", [2.5, 3.0])
def test_the_figures_are_those_of_the_evaluation_in_training(
    side, small_set, make_despoofer, tmp_path
):
    model = make_despoofer()
    rule = model.metadata.crop_rule.scaled(side)
    model.metadata = dataclasses.replace(model.metadata, crop=rule.place(), threshold=0.25)
    model.save(tmp_path / "model.keras")
    splits = oulu_npu.load(small_set, 1)
    settings = CropSettings(model.image_size, 1, crop_rule=rule)
    dev, test = (
        score_crops(model, prepare_crops(splits[split], tmp_path, settings))
        for split in ("dev", "test")
    )
    eer_dev, threshold = rates.dev_threshold(dev.by_video(), "noise")
    expected = {"eer_dev": eer_dev, **rates.rates_at(test.by_video(), "noise", threshold)}
    found = evaluate_model(
        open_model(tmp_path / "model.keras"), Data(small_set, tmp_path), frames=1
    )
    assert found["score"] == "noise"
    at_dev = {"eer_dev": found["eer_dev"], **found["at_dev_threshold"]}
    assert at_dev.pop("threshold") == pytest.approx(expected.pop("threshold"), rel=1e-4)
    assert at_dev.keys() == expected.keys()
    for name, value in at_dev.items():
        assert value == pytest.approx(expected[name], abs=ONE_VIDEO), name
    assert found["at_own_threshold"]["threshold"] == 0.25


def test_a_video_without_eyes_is_refused_found_or_left_out(small_set, make_despoofer, tmp_path):
    copy = shutil.copytree(small_set, tmp_path / "set")
    eyes = next((copy / "Test_files").glob("*_3_*_1.txt"))
    eyes.unlink()
    make_despoofer().save(tmp_path / "model.keras")
    model = open_model(tmp_path / "model.keras")
    data = Data(copy, tmp_path / "crops")
    with pytest.raises(DataError, match="--find-eyes"):
        evaluate_model(model, data, frames=1)
    found = evaluate_model(model, dataclasses.replace(data, find_eyes=True), frames=1)
    assert found["videos_left_out"] == {"dev": 0, "test": 0}
    found = evaluate_model(model, dataclasses.replace(data, skip_bad=True), frames=1)
    assert found["videos_left_out"] == {"dev": 0, "test": 1}
    with pytest.raises(DataError, match=r"frames of each video: .*received 0"):
        evaluate_model(model, data, frames=0)


def test_a_wrong_folder_is_named_in_one_line(tmp_path, make_despoofer):
    make_despoofer().save(tmp_path / "model.keras")
    command = [sys.executable, str(RECIPE), str(tmp_path / "model.keras"), "--data-root"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith(f"evaluate.py: {tmp_path}")
