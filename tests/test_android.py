"""The golden pair for apps."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from despoof_keras.faces.crop import crop_box, crop_face
from despoof_keras.utils.pictures.images import read_image

SCRIPT = Path(__file__).parents[1] / "export" / "android" / "make_golden.py"


def run_script(*arguments):
    done = subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True
    )
    return done.returncode, done.stderr


def test_the_golden_pair_is_of_the_model(tflite_folder, detector, tmp_path):
    code, errors = run_script(tflite_folder / "model.tflite", tmp_path / "golden")
    assert code == 0, errors
    golden = json.loads((tmp_path / "golden" / "golden.json").read_text())
    frame, crop = (read_image(tmp_path / "golden" / f"{name}.png") for name in ("frame", "crop"))
    x, y, side = crop_box(golden["eyes"])
    assert x < 0
    assert y < 0
    assert side > 32
    assert np.array_equal(crop, np.rint(crop_face(frame, golden["eyes"], 32)))
    assert golden["spoof_score"] == pytest.approx(detector.score(crop), rel=1e-5)
    assert golden["is_attack"] == (golden["spoof_score"] >= 0.25)
    assert crop.std() > 10


def test_a_mistake_is_one_line(tflite_folder, tmp_path):
    code, errors = run_script(tflite_folder / "bare.tflite", tmp_path / "golden")
    assert code == 1
    assert errors.splitlines()[-1].startswith("make_golden.py: ")
    assert "carries no metadata" in errors
    assert not (tmp_path / "golden").exists()
