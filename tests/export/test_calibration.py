"""The crops of an export: whose threshold they may choose, and what it refuses to leave out."""

import dataclasses
import importlib.util
import shutil
from pathlib import Path

import pytest

from despoof_keras.errors import DataError
from despoof_keras.export import calibration
from despoof_keras.metadata import ModelMetadata
from despoof_keras.synthesis import embedded

SCRIPT = Path(__file__).parents[2] / "export" / "to_tflite.py"
METADATA = ModelMetadata(image_size=32, threshold=0.25)


@pytest.mark.parametrize(
    ("training_data", "is_of_others", "protocol"),
    [
        (None, True, (1, None)),
        ("embedded set oulu_npu_v4_seed0, protocol 2", False, (2, None)),
        ("embedded set oulu_npu_v4_seed1, protocol 4, fold 6", False, (4, 6)),
        ("/data/Oulu_NPU, protocol 3, fold 2", True, (3, 2)),
        ("OULU-NPU protocol 1, by the released folder's name", True, (1, None)),
    ],
)
def test_the_embedded_set_gives_thresholds_to_models_of_it_alone(
    training_data, is_of_others, protocol
):
    metadata = dataclasses.replace(METADATA, training_data=training_data)
    assert calibration.is_of_other_faces(metadata) == is_of_others
    assert calibration.trained_protocol(metadata) == protocol
    unsaid = dataclasses.replace(METADATA, training_data=None, threshold=None)
    assert not calibration.is_of_other_faces(unsaid)


def test_an_export_takes_crops_that_its_model_can_be_rated_on(
    make_despoofer, small_set, tmp_path, monkeypatch
):
    root = shutil.copytree(small_set, tmp_path / "set")
    monkeypatch.setenv("DESPOOF_KERAS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(embedded, "default_root", lambda seed, **_: root)
    make_despoofer().save(tmp_path / "m.keras")
    script = importlib.util.spec_from_file_location("to_tflite", SCRIPT)
    to_tflite = importlib.util.module_from_spec(script)
    script.loader.exec_module(to_tflite)

    def data(training_data, *arguments):
        metadata = dataclasses.replace(METADATA, training_data=training_data)
        arguments = ("--model", f"{tmp_path}/m.keras", "--output", "exported", *arguments)
        return to_tflite.export_data(metadata, to_tflite.parse_arguments(arguments))

    own, other = "embedded set x, protocol 4, fold 2", "/data/real, protocol 1"
    assert data(own).source == "embedded set, protocol 4, fold 2"
    assert data(own, "--protocol", "2").source == "embedded set, protocol 2"
    faces = data(other)
    assert (faces.source, faces.dev, faces.test) == (None, None, None)
    assert faces.calibration.shape[1:] == faces.held_out.shape[1:] == (32, 32, 3)
    chosen = data(other, "--calibration", str(root), "--frames", "1")
    assert chosen.source == f"{root}, protocol 1"
    assert len(chosen.dev.crops) == len(set(chosen.dev.keys))
    for arguments in (("--protocol", "1"), ("--frames", "3"), ("--skip-bad",), ("--find-eyes",)):
        with pytest.raises(DataError, match=f"expected --calibration DATA with {arguments[0]}"):
            data(other, *arguments)
    eyes = next((root / "Dev_files").glob("?_1_*_1.txt"))
    eyes.unlink()
    with pytest.raises(DataError, match=eyes.name):
        data(other, "--calibration", str(root))
    left = data(other, "--calibration", str(root), "--frames", "1", "--skip-bad")
    assert len(left.dev.crops) == len(chosen.dev.crops) - 1
