"""Metadata: valid values only, the same after every file, readable without TensorFlow."""

import dataclasses
import json
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

from despoof_keras.errors import DataError
from despoof_keras.faces import crop
from despoof_keras.inference.read_metadata import read_metadata
from despoof_keras.metadata import SCORE_NAMES, ModelMetadata
from despoof_keras.models.saving import load_model
from despoof_keras.models.scores import spoof_scores

FULL = ModelMetadata(
    image_size=32,
    score="depth",
    threshold=-0.125,
    threshold_rule="a rule",
    training_data="some videos",
    training_commit="0123abc-dirty",
    crop_dtype="float32",
    package_version="0.0",
)


def test_defaults_are_what_preprocessing_does():
    metadata = ModelMetadata(image_size=64)
    box = crop.crop_box((100, 200, 140, 200))
    square = {name: value * 40 for name, value in metadata.crop.items()}
    assert box == (100 - square["left"], 200 - square["up"], square["side"])
    assert crop.to_network_range(metadata.pixel_scale) == 1.0
    assert (metadata.colour, metadata.threshold) == ("RGB", None)
    metadata.check_usable("a file")


def test_the_scores_are_those_of_scoring():
    one = np.zeros((1, 4, 4, 1), np.float32)
    assert set(spoof_scores(dict.fromkeys(SCORE_NAMES, one))) == set(SCORE_NAMES)


def test_metadata_are_the_same_after_json():
    assert ModelMetadata.from_json(FULL.to_json(), "here") == FULL
    assert ModelMetadata.from_dict(FULL.to_dict(), "here") == FULL


def test_a_numpy_threshold_becomes_a_number_that_json_takes():
    metadata = dataclasses.replace(FULL, threshold=np.float32(0.5))
    assert json.loads(metadata.to_json())["threshold"] == 0.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_size", 0),
        ("image_size", -8),
        ("image_size", 20),
        ("image_size", 32.0),
        ("image_size", True),
        ("score", "fusion"),
        ("score", None),
        ("threshold", float("nan")),
        ("threshold", float("inf")),
        ("threshold", "0.3"),
        ("threshold", True),
        ("threshold", 10**400),
        ("threshold_rule", 3),
        ("training_data", ["a"]),
        ("crop_dtype", "float16"),
        ("colour", None),
        ("pixel_scale", 0.0),
        ("pixel_scale", "256"),
        ("crop", {"left": 0.75, "up": 0.825}),
        ("crop", {"left": 0.75, "up": 0.825, "side": float("nan")}),
        ("crop", 2.5),
        ("resize", 1),
    ],
)
def test_values_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(DataError, match=f"^{name}: expected"):
        dataclasses.replace(FULL, **{name: value})
    # In a file the file is named too.
    with pytest.raises(DataError, match=f"^some file: {name}: expected"):
        ModelMetadata.from_dict({**FULL.to_dict(), name: value}, "some file")


def test_missing_and_unknown_fields_are_named():
    values = FULL.to_dict()
    del values["threshold_rule"]
    with pytest.raises(DataError, match=r"some file: .*'threshold_rule' is missing"):
        ModelMetadata.from_dict(values, "some file")
    values = {**FULL.to_dict(), "treshold": 0.5}
    with pytest.raises(DataError, match=r"some file: .*'treshold' is unknown"):
        ModelMetadata.from_json(json.dumps(values), "some file")


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", b"\xff\xfe{}"])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(DataError, match=r"^some file: expected"):
        ModelMetadata.from_json(text, "some file")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "BGR"),
        ("pixel_scale", 255.0),
        ("resize", "half_pixel"),
    ],
)
def test_models_that_need_other_crops_are_not_usable(name, value):
    other = dataclasses.replace(FULL, **{name: value})
    with pytest.raises(DataError, match=f"^some file: {name}: expected"):
        other.check_usable("some file")


def test_score_and_metadata_of_a_model_are_one(make_despoofer):
    assert make_despoofer().score == "noise"
    model = make_despoofer(score="depth")
    assert (model.metadata.score, model.metadata.image_size) == ("depth", 32)
    images = np.full((2, 32, 32, 3), 0.25, np.float32)
    expected = {name: np.asarray(v) for name, v in model.predict_scores(images).items()}
    assert expected["noise"] != pytest.approx(expected["depth"])
    for name in ("depth", "noise"):
        model.metadata = dataclasses.replace(FULL, score=name)
        assert model.score == name
        found = model.predict(images, verbose=0)["score"]
        np.testing.assert_allclose(found, expected[name], rtol=1e-4)


def test_contradictions_between_model_and_metadata_are_refused(make_despoofer):
    with pytest.raises(ValueError, match=r"score.*depth.*noise"):
        make_despoofer(score="noise", metadata=FULL)
    with pytest.raises(DataError, match=r"image_size 64.*received 32"):
        make_despoofer(size=64, metadata=FULL)
    model = make_despoofer(metadata=FULL)
    with pytest.raises(DataError, match=r"image_size 32.*received 64"):
        model.metadata = ModelMetadata(image_size=64)
    assert model.metadata == FULL


@pytest.fixture(scope="module")
def keras_file(make_despoofer, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model.keras"
    make_despoofer(metadata=FULL).save(path)
    return path


def test_a_keras_file_carries_its_metadata(keras_file):
    assert read_metadata(keras_file) == FULL
    loaded = load_model(keras_file)
    assert loaded.metadata == FULL
    assert loaded.score == "depth"


def test_metadata_are_read_without_the_heavy_libraries(keras_file):
    code = (
        "import json, sys\n"
        "import despoof_keras\n"
        "metadata = despoof_keras.read_metadata(sys.argv[1])\n"
        "print(json.dumps([metadata.to_dict(), sorted(sys.modules)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, keras_file], capture_output=True, text=True, check=True
    )
    found, loaded = json.loads(done.stdout)
    assert found == FULL.to_dict()
    assert not {"tensorflow", "keras", "cv2"} & set(loaded)


def rewritten(path, target, change):
    """A `.keras` file with a changed configuration."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config["config"])
                content = json.dumps(config)
            copy.writestr(name, content)
    return target


def test_a_file_from_before_metadata_gives_size_and_score_alone(keras_file, tmp_path):
    def as_before(settings):
        settings["score"] = settings.pop("metadata")["score"]

    old = rewritten(keras_file, tmp_path / "old.keras", as_before)
    metadata = read_metadata(old)
    assert metadata == ModelMetadata(image_size=32, score="depth", package_version=None)
    loaded = load_model(old)
    assert loaded.metadata == metadata


def test_wrong_metadata_in_a_keras_file_are_named(keras_file, tmp_path):
    wrong = rewritten(
        keras_file,
        tmp_path / "wrong.keras",
        lambda settings: settings["metadata"].update(threshold="high"),
    )
    for read in (read_metadata, load_model):
        with pytest.raises(DataError, match=r"wrong\.keras.*threshold"):
            read(wrong)
    neither = rewritten(
        keras_file, tmp_path / "neither.keras", lambda settings: settings.pop("metadata")
    )
    with pytest.raises(DataError, match=r"neither\.keras.*score"):
        read_metadata(neither)


def test_other_files_have_no_metadata(keras_file, tmp_path):
    (tmp_path / "text.keras").write_text("no model")
    (tmp_path / "cut.keras").write_bytes(keras_file.read_bytes()[:5000])
    (tmp_path / "hollow").mkdir()
    np.savez(tmp_path / "arrays.npz", a=np.zeros(3))
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    for name, expected in (
        ("missing.keras", "nothing is there"),
        ("text.keras", r"\.keras file"),
        ("cut.keras", r"\.keras file"),
        ("hollow", "SavedModel.*missing"),
        ("arrays.npz", r"\.keras file.*config\.json"),
        ("other.keras", "Despoofer.*Sequential"),
    ):
        with pytest.raises(DataError, match=f"{name}: .*{expected}"):
            read_metadata(tmp_path / name)


def test_the_released_model_says_where_its_threshold_comes_from(released_model):
    metadata = released_model.metadata
    assert (metadata.image_size, metadata.score, metadata.crop_dtype) == (256, "noise", "float32")
    # The authors' example videos average 0.126 live and 0.467 print.
    assert metadata.threshold - 0.126 == pytest.approx(0.467 - metadata.threshold)
    assert "not calibrated" in metadata.threshold_rule
    assert "OULU-NPU protocol 1" in metadata.training_data
    metadata.check_usable("released")
