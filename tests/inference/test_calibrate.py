"""`despoof calibrate`: a new model file with another threshold, and the same scores."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from written_sets import tree

from despoof_keras.cli import main
from despoof_keras.errors import DataError
from despoof_keras.export.graph import replace_metadata
from despoof_keras.inference.calibrate.model_files import check_output
from despoof_keras.inference.open_model import open_model
from despoof_keras.inference.read_metadata import read_metadata
from despoof_keras.metadata import ModelMetadata
from despoof_keras.tflite.demonstration import demonstration_path


@pytest.fixture(scope="module")
def faces(astronaut, tmp_path_factory):
    """A folder with bona fide and attack photographs of four people."""
    root = tmp_path_factory.mktemp("faces")
    for number in range(8):
        shifted = np.roll(astronaut, 3 * number, axis=1)
        for place, picture in (
            ("bona_fide", shifted),
            ("attack/print", np.clip(shifted * 0.6 + 8 * number, 0, 255).astype(np.uint8)),
        ):
            path = root / place / f"person{number // 2}__{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path)
    return root


@pytest.fixture(scope="module")
def live(faces, tmp_path_factory):
    """The bona fide photographs alone."""
    root = tmp_path_factory.mktemp("live")
    shutil.copytree(faces / "bona_fide", root / "bona_fide")
    return root


@pytest.fixture
def model(make_despoofer, tmp_path, monkeypatch):
    """A `.keras` file, which has no threshold, and a cache of its own."""
    monkeypatch.setenv("DESPOOF_KERAS_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "model.keras"
    make_despoofer().save(path)
    return path


def run(capsys, *arguments):
    code = main(["calibrate", *map(str, arguments), "--json"])
    output, errors = capsys.readouterr()
    return code, json.loads(output) if code == 0 else errors


def crops_for(model):
    size = model.metadata.image_size
    return np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)


def test_the_new_file_has_the_same_scores_and_another_threshold(model, faces, tmp_path, capsys):
    before, output = model.read_bytes(), tmp_path / "mine.keras"
    code, facts = run(capsys, model, faces, "--output", output, "--apcer", "0.25")
    assert code == 0
    assert model.read_bytes() == before
    old, new = open_model(model), open_model(output)
    crops = crops_for(old)
    np.testing.assert_array_equal(new.scores(crops), old.scores(crops))
    metadata = new.metadata
    assert metadata.threshold == facts["threshold"]
    assert (metadata.uncertain_from, metadata.uncertain_to) == (
        facts["uncertain_from"],
        facts["uncertain_to"],
    )
    assert "APCER of the worst instrument at most 0.25 on 8 bona fide" in metadata.threshold_rule
    assert "4 subjects" in metadata.threshold_rule
    changed = ("threshold", "threshold_rule", "uncertain_from", "uncertain_to")
    kept = {name: getattr(old.metadata, name) for name in changed}
    assert dataclasses.replace(metadata, **kept) == old.metadata
    assert facts["threshold_before"] is None
    assert facts["apcer"]["print"]["rate"] <= 0.25
    assert json.loads((tmp_path / "mine.keras.calibration.json").read_text()) == facts


def test_bona_fide_photographs_alone_are_enough_for_their_error_rate(model, live, tmp_path, capsys):
    arguments = ("calibrate", model, live, "--output", tmp_path / "mine.keras")
    assert main([*map(str, arguments)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "8 bona fide and 0 attack presentations, 4 subjects" in text
    assert "APCER cannot be known" in text
    assert "takes 59 bona fide presentations" in text
    metadata = read_metadata(tmp_path / "mine.keras")
    assert "BPCER at most 0.05" in metadata.threshold_rule
    code, errors = run(capsys, model, live, "--output", tmp_path / "b.keras", "--apcer", "0.1")
    assert code == 1
    assert "expected attacks" in errors
    assert not (tmp_path / "b.keras").exists()


def test_a_tflite_file_is_calibrated_by_its_own_scores(faces, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DESPOOF_KERAS_CACHE", str(tmp_path / "cache"))
    model, output = tmp_path / "model.tflite", tmp_path / "mine.tflite"
    shutil.copy(demonstration_path(), model)
    before = model.read_bytes()
    code, facts = run(capsys, model, faces, "--output", output, "--bpcer", "0.25")
    assert code == 0
    assert model.read_bytes() == before
    old, new = open_model(model), open_model(output)
    crops = crops_for(old)
    np.testing.assert_array_equal(new.scores(crops), old.scores(crops))
    assert new.metadata.threshold == facts["threshold"] != old.metadata.threshold
    assert facts["threshold_before"] == old.metadata.threshold
    assert facts["bpcer"]["rate"] <= 0.25
    # Once more gives the same file.
    run(capsys, model, faces, "--output", tmp_path / "again.tflite", "--bpcer", "0.25")
    assert (tmp_path / "again.tflite").read_bytes() == output.read_bytes()


def test_replaced_metadata_are_sealed(tmp_path):
    path = tmp_path / "changed.tflite"
    content = demonstration_path().read_bytes()
    metadata = read_metadata(demonstration_path())
    path.write_bytes(replace_metadata(content, metadata.with_threshold(0.75)))
    assert read_metadata(path) == metadata.with_threshold(0.75)
    assert abs(path.stat().st_size - len(content)) < 1024


def test_where_it_would_be_written_is_checked_before_anything_is_scored(model, faces, tmp_path):
    with pytest.raises(DataError, match="expected another file than the model"):
        check_output(model, model)
    with pytest.raises(DataError, match=r"expected a \.keras file; received .*mine\.tflite"):
        check_output(model, tmp_path / "mine.tflite")
    (tmp_path / "other.keras").symlink_to(model)
    with pytest.raises(DataError, match="expected another file than the model"):
        check_output(model, tmp_path / "other.keras")
    with pytest.raises(DataError, match=r"nothing\.keras"):
        check_output(tmp_path / "nothing.keras", tmp_path / "mine.keras")
    assert tree(faces)  # untouched


@pytest.mark.parametrize(
    "band", [(0.1, None), (0.3, 0.6), (0.1, 0.2), (float("nan"), 0.3), ("low", 0.3)]
)
def test_a_band_that_does_not_hold_the_threshold_is_refused(band):
    with pytest.raises(DataError, match="uncertain_from: expected a band"):
        ModelMetadata(64, threshold=0.25, uncertain_from=band[0], uncertain_to=band[1])


def test_a_given_threshold_has_no_band():
    metadata = ModelMetadata(64, threshold=0.25, uncertain_from=0.2, uncertain_to=0.3)
    assert ModelMetadata.from_json(metadata.to_json(), "model") == metadata
    given = metadata.with_threshold(0.5)
    assert given.uncertain_from is given.uncertain_to is None
