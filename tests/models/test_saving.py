"""Models trained in half precision compute, and are exported, in float32."""

import keras
import numpy as np
import pytest

from despoof_keras.export.saved_model import export_saved_model, trial_crops
from despoof_keras.export.tflite_files import export_tflite
from despoof_keras.models.saving import in_float32
from despoof_keras.utils.litert import open_interpreter


@pytest.fixture(scope="module", params=["mixed_bfloat16", "mixed_float16", "bfloat16"])
def half(request, make_despoofer):
    return make_despoofer(average_decay=0.9, dtype_policy=request.param)


def numpy(tensor):
    return np.asarray(keras.ops.cast(tensor, "float32"))


def test_a_model_in_half_precision_is_converted_to_float32(half):
    exact = in_float32(half)
    assert in_float32(exact) is exact
    layers = [layer for network in exact.networks() for layer in network.layers]
    assert {layer.compute_dtype for layer in layers} == {"float32"}
    assert exact.metadata == half.metadata
    assert exact.average_decay == half.average_decay
    variables = (model.averaged_variables() + model.averages for model in (exact, half))
    for converted, original in zip(*variables, strict=True):
        np.testing.assert_array_equal(numpy(converted), numpy(original))
    image = trial_crops(half.image_size) / np.float32(256)
    outputs = exact(image)
    for name, value in half(image).items():
        output, expected = numpy(outputs[name]), numpy(value)
        assert np.abs(output - expected).max() < 0.05 * max(1.0, np.abs(expected).max()), name


@pytest.mark.slow
def test_a_model_in_half_precision_is_exported_in_float32(half, tmp_path):
    exact, crops = in_float32(half), trial_crops(half.image_size)
    export_saved_model(half, tmp_path / "saved_model")
    export_tflite(half, tmp_path, ["float32"])
    content = (tmp_path / "float32.tflite").read_bytes()
    score = open_interpreter(content).get_signature_runner("score")
    for crop in crops:
        expected = float(exact(crop[None] / np.float32(256))["score"][0])
        assert score(image=crop[None])["score"][0] == pytest.approx(expected, abs=1e-5)
