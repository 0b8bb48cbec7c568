"""SavedModels: what their signatures give, what they carry, and when none is written."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from scripts import run_here

from despoof_keras.errors import DataError
from despoof_keras.export import saved_model
from despoof_keras.export.saved_model import export_saved_model, trial_crops
from despoof_keras.inference.read_metadata import read_metadata
from despoof_keras.metadata import SAVED_MODEL_METADATA, SCORE_NAMES, ModelMetadata

SCRIPT = Path(__file__).parents[2] / "export" / "to_saved_model.py"
METADATA = ModelMetadata(image_size=32, threshold=0.25, threshold_rule="a rule")
# Relative, of scores by other kernels than the model's own, see tests/inference/test_open_model.py.
ROUNDING = 1e-4
OUTPUTS = {
    "noise": (None, 32, 32, 6),
    "live_estimate": (None, 32, 32, 6),
    "zero_one_map": (None, 4, 4, 1),
    "score": (None,),
}


def random_crops(count, seed=5):
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)


def contents(folder):
    return {path.relative_to(folder) for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def models(make_despoofer):
    """A model of every score."""
    return {
        name: make_despoofer(metadata=dataclasses.replace(METADATA, score=name))
        for name in SCORE_NAMES
    }


@pytest.fixture(scope="module")
def exported(models, tmp_path_factory):
    """The folder of every model's export."""
    folder = tmp_path_factory.mktemp("exported")
    for name, model in models.items():
        export_saved_model(model, folder / name)
    return folder


@pytest.mark.parametrize("score", SCORE_NAMES)
def test_an_export_gives_the_models_outputs(score, models, exported):
    loaded = tf.saved_model.load(str(exported / score))
    crops = random_crops(7)
    expected = models[score](crops.astype(np.float32) / 256)
    outputs = loaded.signatures["despoof"](image=tf.constant(crops))
    assert outputs.keys() == OUTPUTS.keys()
    for name, values in outputs.items():
        assert np.abs(expected[name]).max() > 0.01
        np.testing.assert_allclose(values, expected[name], rtol=1e-4, atol=1e-4, err_msg=name)
    for name in ("score", "serving_default"):
        outputs = loaded.signatures[name](image=tf.constant(crops))
        assert outputs.keys() == {"score"}
        np.testing.assert_allclose(outputs["score"], expected["score"], rtol=ROUNDING)


@pytest.mark.parametrize("score", SCORE_NAMES)
def test_signatures_take_pictures_and_hold_only_what_they_need(score, models, exported):
    loaded = tf.saved_model.load(str(exported / score))
    assert set(loaded.signatures) == {"score", "despoof", "serving_default"}
    picture = tf.TensorSpec((None, 32, 32, 3), tf.uint8, name="image")
    for name, signature in loaded.signatures.items():
        assert signature.structured_input_signature == ((), {"image": picture})
        shapes = {k: tuple(v.shape) for k, v in signature.structured_outputs.items()}
        assert shapes == (OUTPUTS if name == "despoof" else {"score": (None,)})
    network = models[score].depth_net if score == "depth" else models[score].ds_net
    unneeded = {"noise": ("zero_one_map",), "zero_one_map": ("decoder", "noise"), "depth": ()}
    needed = [
        variable
        for layer in network.layers
        if not layer.name.startswith(unneeded[score])
        for variable in layer.variables
        if variable.name != "seed_generator_state"
    ]
    assert len(loaded.signatures["score"].variables) == len(needed)


@pytest.mark.parametrize("score", SCORE_NAMES)
def test_metadata_lie_in_the_folder(score, exported):
    path = exported / score / "assets.extra" / "despoof_keras.json"
    assert json.loads(path.read_text())["score"] == score
    assert read_metadata(exported / score) == dataclasses.replace(METADATA, score=score)


def test_an_export_takes_whole_pixels_whatever_the_model_took(make_despoofer, tmp_path):
    metadata = dataclasses.replace(METADATA, crop_dtype="float32")
    export_saved_model(make_despoofer(metadata=metadata), tmp_path / "model")
    assert read_metadata(tmp_path / "model") == METADATA


def test_an_export_needs_nothing_of_this_package(models, exported):
    code = (
        "import json, sys\n"
        "import tensorflow as tf\n"
        "loaded = tf.saved_model.load(sys.argv[1])\n"
        "image = tf.constant(json.load(sys.stdin), tf.uint8)\n"
        "score = loaded.signatures['serving_default'](image=image)['score']\n"
        "print(json.dumps([score.numpy().tolist(), sorted(sys.modules)]))"
    )
    crops = random_crops(2)
    done = subprocess.run(
        [sys.executable, "-c", code, exported / "noise"],
        input=json.dumps(crops.tolist()),
        capture_output=True,
        text=True,
        check=True,
    )
    scores, loaded = json.loads(done.stdout)
    assert scores == pytest.approx(
        np.asarray(models["noise"](crops.astype(np.float32) / 256)["score"]), rel=ROUNDING
    )
    assert "despoof_keras" not in loaded


def test_trial_crops_are_of_all_kinds():
    crops = trial_crops(32)
    assert (crops.dtype, crops.shape[1:]) == (np.uint8, (32, 32, 3))
    assert (crops.min(), crops.max()) == (0, 255)
    roughness = np.abs(np.diff(crops.astype(int), axis=2)).mean(axis=(1, 2, 3))
    assert (roughness > 50).sum() == (roughness < 10).sum() == 3
    assert np.ptp(crops[-1], axis=-1).max() == 0


def test_a_model_that_gives_nan_is_not_exported(make_despoofer, tmp_path):
    model = make_despoofer()
    kernel = model.ds_net.get_layer("noise").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    with pytest.raises(DataError, match=r"target: not exported.*not finite"):
        export_saved_model(model, tmp_path / "target")
    assert contents(tmp_path) == set()


@pytest.mark.parametrize(
    ("endpoint", "output"), [("despoof_endpoint", "noise"), ("score_endpoint", "score")]
)
def test_an_export_that_disagrees_leaves_nothing(endpoint, output, models, tmp_path, monkeypatch):
    make_endpoint = getattr(saved_model, endpoint)

    def off_by_a_little(model):
        function = make_endpoint(model)

        def shifted(image):
            outputs = function(image)
            return {**outputs, output: outputs[output] + 0.01}

        return shifted

    export_saved_model(models["noise"], tmp_path / "target")
    before = contents(tmp_path)
    monkeypatch.setattr(saved_model, endpoint, off_by_a_little)
    with pytest.raises(DataError, match=rf"target: not exported.*{output} differs"):
        export_saved_model(models["noise"], tmp_path / "target", overwrite=True)
    # What was there stays as it was.
    assert contents(tmp_path) == before
    assert read_metadata(tmp_path / "target") == METADATA
    tf.saved_model.load(str(tmp_path / "target"))


def test_only_an_export_of_ours_is_replaced_and_only_if_asked(models, tmp_path):
    export_saved_model(models["noise"], tmp_path / "ours")
    (tmp_path / "ours" / "mark").write_text("old")
    with pytest.raises(DataError, match="ours: already holds an exported model"):
        export_saved_model(models["depth"], tmp_path / "ours")
    assert (tmp_path / "ours" / "mark").read_text() == "old"
    export_saved_model(models["depth"], tmp_path / "ours", overwrite=True)
    assert not (tmp_path / "ours" / "mark").exists()
    assert read_metadata(tmp_path / "ours").score == "depth"
    assert [path.name for path in tmp_path.iterdir()] == ["ours"]


def test_what_is_no_export_of_ours_is_never_replaced(models, tmp_path):
    (tmp_path / "hollow").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "saved_model.pb").write_bytes(b"somebody's")
    (tmp_path / "file").write_text("a text")
    before = contents(tmp_path)
    for name in ("hollow", "foreign", "file"):
        with pytest.raises(DataError, match=f"{name}: expected"):
            export_saved_model(models["noise"], tmp_path / name, overwrite=True)
    assert contents(tmp_path) == before


def test_the_script_exports_a_keras_file(models, tmp_path):
    models["noise"].save(tmp_path / "model.keras")
    target = tmp_path / "new" / "exported"
    command = [SCRIPT, "--model", tmp_path / "model.keras", "--output", target]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(target) in done.stdout
    assert read_metadata(target) == METADATA
    code, _, errors = run_here(*command)
    assert code == 1
    assert "exported: already holds an exported model" in errors.splitlines()[-1]


def test_a_mistake_is_one_line(exported, tmp_path):
    for model, expected in ((tmp_path / "missing", "missing"), (exported / "noise", "SavedModel")):
        code, _, errors = run_here(SCRIPT, "--model", model, "--output", tmp_path / "target")
        assert code == 1
        assert "Traceback" not in errors
        assert errors.splitlines()[-1].startswith(f"to_saved_model.py: {model}: expected")
        assert expected in errors.splitlines()[-1]
    assert contents(tmp_path) == set()


@pytest.mark.slow
def test_the_released_model_is_exported_from_its_arrays(reference, released_model, tmp_path):
    arrays = reference / "released_weights.npz"
    code, _, errors = run_here(SCRIPT, "--model", arrays, "--output", tmp_path / "released")
    assert code == 0, errors
    metadata = read_metadata(tmp_path / "released")
    assert metadata.to_dict() == {**released_model.metadata.to_dict(), "crop_dtype": "uint8"}
    loaded = tf.saved_model.load(str(tmp_path / "released"))
    crops = np.random.default_rng(0).integers(0, 256, (1, 256, 256, 3)).astype(np.uint8)
    scores = loaded.signatures["score"](image=tf.constant(crops))["score"]
    expected = released_model(crops.astype(np.float32) / 256)["score"]
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-5)
    assert (tmp_path / "released" / SAVED_MODEL_METADATA).is_file()
