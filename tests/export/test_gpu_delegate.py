"""Float files on a GPU delegate that may not fall back to the CPU: LiteRT's, on software Vulkan."""

import os
import subprocess
import sys

import numpy as np
import pytest
import strict_gpu

from despoof_keras.export.variants import VARIANTS
from despoof_keras.utils.litert import open_interpreter

FLOAT = ("float32", "float16", "light")
# Of a large number, the share by which a GPU's single precision may differ.
RELATIVE = 1e-3
NETWORKS = {"released": {}, "late": {"pooling": "late", "decoder_stride": 2, "width": 0.6}}


@pytest.fixture(scope="module")
def environment():
    variables = strict_gpu.vulkan_environment()
    if variables is None:
        pytest.skip("Vulkan in software (Debian's chromium-common) is not installed")
    return os.environ | variables


@pytest.fixture(scope="module", params=NETWORKS)
def files(request, make_despoofer, tmp_path_factory):
    """The float variants of a model, by name."""
    folder = tmp_path_factory.mktemp(request.param)
    model = make_despoofer(ds_net=NETWORKS[request.param])
    for name in FLOAT:
        (folder / f"{name}.tflite").write_bytes(VARIANTS[name].convert(model))
    return folder


@pytest.mark.parametrize("variant", FLOAT)
def test_a_gpu_takes_every_operation_and_gives_the_interpreters_answers(
    variant, files, environment, tmp_path
):
    path = files / f"{variant}.tflite"
    crop = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    np.save(tmp_path / "crop.npy", crop)
    program = [sys.executable, strict_gpu.__file__, path, "crop.npy", "answers.npz"]
    done = subprocess.run(
        program, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    interpreter = open_interpreter(path)
    with np.load(tmp_path / "answers.npz") as answers:
        assert {name.split("/")[0] for name in answers.files} == set(
            interpreter.get_signature_list()
        )
        for name, values in answers.items():
            signature, output = name.split("/")
            expected = interpreter.get_signature_runner(signature)(image=crop[np.newaxis])[output]
            size = np.abs(expected).max()
            assert size > 0
            np.testing.assert_allclose(values, expected, atol=RELATIVE * size)


@pytest.mark.parametrize("variant", FLOAT)
def test_no_tensor_has_more_than_four_axes_and_no_product_is_of_two_computed_tensors(
    variant, files
):
    from despoof_keras.export import graph as graphs

    content = (files / f"{variant}.tflite").read_bytes()
    for graph in graphs.unpack(content).subgraphs:
        assert max(len(t.shape) for t in graph.tensors if t.shape is not None) == 4
    assert not set(graphs.operation_counts(content)) & {"BATCH_MATMUL", "FULLY_CONNECTED"}
