"""Networks compute as they were made to, whatever Keras is set to for other work."""

import threading

import keras
import numpy as np
import pytest
from fresh_python import ROOT, json_from, keras_home

from despoof_keras.models import build_ds_net
from despoof_keras.models.precision import precision

pytestmark = pytest.mark.slow

# Settings that a user may have for other work: in keras.json, or made by code beforehand.
SETTINGS = {
    "float16": (
        {"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.1},
        "",
    ),
    "mixed_float16": ({"floatx": "float64"}, "keras.config.set_dtype_policy('mixed_float16')"),
}
# Prints what every way to a score gives, and the losses and weights of a short training.
PROBE = """
import json, sys
import numpy as np
import keras
CODE
import despoof_keras as dk
from despoof_keras.models.precision import precision
run, released = sys.argv[1:]
before = keras.config.floatx(), keras.config.dtype_policy().name
images = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)
trained = dk.load_model(run)
values = {
    "called": trained(images)["score"],
    "predicted": trained.predict(images, verbose=0)["score"],
    "opened": dk.open_model(run).scores(images * 255),
    "averages": sum(float(keras.ops.sum(keras.ops.cast(v, "float32"))) for v in trained.averages),
}
if released:
    faces = np.random.default_rng(0).integers(0, 255, (1, 256, 256, 3)) / np.float32(256)
    model = dk.load_released(released)
    values["released"] = model(faces)["score"]
    values["released, predicted"] = model.predict(faces, verbose=0)["score"]
keras.utils.set_random_seed(1)
builders = dk.build_ds_net, dk.build_depth_net, dk.build_discriminator
model = dk.Despoofer(*(build(16) for build in builders), average_decay=0.9)
schedule = keras.optimizers.schedules.ExponentialDecay(1e-4, 100_000, 0.9)
model.compile(*(keras.optimizers.Adam(schedule) for _ in range(3)))
batch = {"image": images, "depth": np.ones((2, 2, 2, 1), np.float32),
         "label": np.float32([0, 1]), "instrument": np.int32([0, 1])}
history = model.fit(batch, epochs=2, batch_size=2, verbose=0, shuffle=False).history
values["losses"] = history["loss"]
values["weights"] = [float(np.abs(w).astype(np.float64).sum()) for w in model.get_weights()]
assert (keras.config.floatx(), keras.config.dtype_policy().name) == before
print(json.dumps({name: np.asarray(value).tolist() for name, value in values.items()}))
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory, reference_file):
    """Function from a name in `SETTINGS` to what `PROBE` prints there."""

    def run(name):
        settings, code = SETTINGS.get(name, ({}, ""))
        home = keras_home(tmp_path_factory.mktemp("keras"), **settings)
        model = ROOT / "tests" / "fixtures" / "run" / "model.keras"
        return json_from(PROBE.replace("CODE", code), model, reference_file, KERAS_HOME=home)

    return run


@pytest.fixture(scope="module")
def reference_file():
    """The released weights, or an empty text where they are not at hand."""
    path = ROOT.parent / "shared" / "reference" / "released_weights.npz"
    return path if path.is_file() else ""


@pytest.fixture(scope="module")
def usual(probe):
    return probe("usual")


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_keras_change_no_score_and_no_training(name, probe, usual):
    values = probe(name)
    assert set(values) == set(usual)
    for key, value in values.items():
        np.testing.assert_allclose(value, usual[key], rtol=1e-5, err_msg=key)


def test_the_users_settings_return_when_the_last_block_ends():
    keras.config.set_floatx("float64")
    try:
        inside, leave = threading.Event(), threading.Event()

        def hold():
            with precision():
                inside.set()
                leave.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        inside.wait()
        with precision("mixed_bfloat16"):
            assert keras.config.dtype_policy().name == "mixed_bfloat16"
        assert keras.config.floatx() == "float32"
        leave.set()
        thread.join()
        assert keras.config.floatx() == "float64"
    finally:
        keras.config.set_floatx("float32")
    assert keras.config.dtype_policy().name == "float32"


def test_a_builder_states_the_policy_of_its_layers():
    policies = {layer.dtype_policy.name for layer in build_ds_net(16).layers}
    assert policies == {"float32"}
    mixed = build_ds_net(16, dtype_policy="mixed_bfloat16")
    assert mixed.get_layer("decoder_1_conv").dtype_policy.name == "mixed_bfloat16"
    assert mixed.get_layer("noise").dtype_policy.name == "float32"
    assert mixed.input.dtype == "float32"
