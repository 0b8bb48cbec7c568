"""The released weights: outputs equal those of the authors' graph; unusable files are refused."""

import csv

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

import despoof_keras
from despoof_keras.errors import DataError
from despoof_keras.faces.crop import crop_face, resize, to_network_range
from despoof_keras.models.released import read_released_variables

numpy = keras.ops.convert_to_numpy
IMAGES = ("gradient", "noise", "face_odd_size", "face_large")
OUTPUTS = (
    "network_input",
    "noise",
    "zero_one_map",
    "live_estimate",
    "depth",
    "depth_of_live_estimate",
    "discriminator_logits_input",
    "discriminator_logits_live_estimate",
)


@pytest.fixture(scope="module")
def expected(reference):
    with np.load(reference / "released_outputs.npz") as archive:
        return {name: archive[name] for name in archive.files}


@pytest.fixture(scope="module")
def inputs(expected):
    """The four images as input of the networks."""
    crops = [resize(expected[f"{image}/image_bgr"][..., ::-1], 256) for image in IMAGES]
    return to_network_range(np.stack(crops))


@pytest.fixture(scope="module")
def outputs(released_model, inputs):
    model = released_model
    values = {**model.despoof(inputs), **model(inputs)}
    values["network_input"] = values["hsv_rgb"]
    for name, six_channels in (("input", "hsv_rgb"), ("live_estimate", "live_estimate")):
        logits = model.discriminator(values[six_channels])["logits"]
        values[f"discriminator_logits_{name}"] = logits
    return {name: numpy(value) for name, value in values.items()}


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("image", IMAGES)
def test_outputs_equal_those_of_the_released_graph(outputs, expected, image, name):
    output = outputs[name][IMAGES.index(image)]
    np.testing.assert_allclose(output, expected[f"{image}/{name}"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("image", IMAGES)
def test_scores_equal_those_of_the_released_graph(outputs, expected, image):
    score = outputs["score"][IMAGES.index(image)]
    assert score == pytest.approx(expected[f"{image}/score"], abs=1e-5)


@pytest.fixture(scope="module")
def photographs(reference):
    with open(reference / "photos" / "index.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_real_photographs_score_as_in_the_released_graph(released_model, reference, photographs):
    assert len(photographs) == 4
    names = ("x_right_eye", "y_right_eye", "x_left_eye", "y_left_eye")
    crops = []
    for row in photographs:
        frame = cv2.imread(str(reference / "photos" / row["file"]))[..., ::-1]
        crops.append(crop_face(frame, [float(row[name]) for name in names], 256))
    outputs = released_model(to_network_range(np.stack(crops)))
    means = {
        "noise_score": np.abs(outputs["noise"]).mean(axis=(1, 2, 3)),
        "zero_one_map_score": numpy(outputs["zero_one_map"]).mean(axis=(1, 2, 3)),
        "depth_mean": numpy(outputs["depth"]).mean(axis=(1, 2, 3)),
        "depth_of_live_estimate_mean": numpy(outputs["depth_of_live_estimate"]).mean(
            axis=(1, 2, 3)
        ),
    }
    for name, values in means.items():
        expected = [float(row[name]) for row in photographs]
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-3, err_msg=name)


def write_checkpoint(folder, arrays):
    """Write arrays in the way a TensorFlow 1 program saves its variables."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variables = [
            tf.compat.v1.get_variable(name, initializer=array, use_resource=False)
            for name, array in arrays.items()
        ]
        session.run(tf.compat.v1.variables_initializer(variables))
        saver = tf.compat.v1.train.Saver(variables)
        saver.save(session, str(folder / "variables" / "variables"), write_meta_graph=False)


@pytest.fixture(scope="module")
def checkpoint(released_arrays, tmp_path_factory):
    """The authors' folder as written by TensorFlow 1, with training variables besides weights."""
    folder = tmp_path_factory.mktemp("lib")
    (folder / "variables").mkdir()
    weights = released_arrays["FirstAMIN/conv0/weights"]
    beta = released_arrays["FirstAMIN/conv0/BatchNorm/beta"]
    extra = {
        "FirstAMIN/conv0/weights/Adam": weights + 1,
        "FirstAMIN/conv0/weights/ExponentialMovingAverage": weights + 2,
        "FirstAMIN/conv0/BatchNorm/beta/Adam_1": beta + 3,
        "FirstAMIN/conv0/BatchNorm/beta/ExponentialMovingAverage": beta + 4,
        "global_step": np.int64(7),
        "beta1_power": np.float32(0.9),
    }
    write_checkpoint(folder, {**released_arrays, **extra})
    return folder


@pytest.mark.parametrize("inside", ["", "variables"])
def test_exactly_the_released_arrays_are_read_from_a_checkpoint(
    checkpoint, released_arrays, inside
):
    variables = read_released_variables(checkpoint / inside)
    assert variables.keys() == released_arrays.keys()
    for name, array in released_arrays.items():
        np.testing.assert_array_equal(variables[name], array, err_msg=name)


def test_a_model_from_a_checkpoint_scores_the_same(checkpoint, inputs, expected):
    scores = despoof_keras.load_released(checkpoint).predict_scores(inputs[:1])["noise"]
    assert float(scores[0]) == pytest.approx(expected["gradient/score"], abs=1e-5)


def remove_discriminator(arrays):
    return {name: array for name, array in arrays.items() if not name.startswith("ThirdAMIN")}


def remove_an_array(arrays):
    return {name: a for name, a in arrays.items() if name != "SecondAMIN/conv8/BatchNorm/gamma"}


def change_a_shape(arrays):
    return {**arrays, "FirstAMIN/conv16/weights": np.zeros((3, 3, 16, 15), np.float32)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (remove_discriminator, "ThirdAMIN"),
        (remove_an_array, "SecondAMIN/conv8/BatchNorm/gamma"),
        (change_a_shape, "FirstAMIN/conv16"),
    ],
)
def test_incomplete_arrays_are_refused(change, message, released_arrays, tmp_path):
    np.savez(tmp_path / "changed.npz", **change(released_arrays))
    with pytest.raises(DataError, match=f"changed.npz.*{message}"):
        despoof_keras.load_released(tmp_path / "changed.npz")


def test_a_missing_path_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.*nothing is there"):
        despoof_keras.load_released(tmp_path / "nowhere")


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "hollow").mkdir()
    with pytest.raises(DataError, match=r"hollow.*variables\.index"):
        despoof_keras.load_released(tmp_path / "hollow")


def test_a_checkpoint_without_its_values_is_refused(checkpoint, tmp_path):
    (tmp_path / "variables").mkdir()
    index = (checkpoint / "variables" / "variables.index").read_bytes()
    (tmp_path / "variables" / "variables.index").write_bytes(index)
    with pytest.raises(DataError, match=r"variables\.index.*checkpoint"):
        despoof_keras.load_released(tmp_path)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "variables.index").write_bytes(b"no index at all" * 10)
    with pytest.raises(DataError, match=r"variables\.index.*checkpoint"):
        despoof_keras.load_released(tmp_path)


def write_text(path):
    path.write_text("no archive\n")


def write_nothing(path):
    path.write_bytes(b"")


def write_cut_archive(path):
    np.savez(path, a=np.zeros(1000))
    path.write_bytes(path.read_bytes()[:500])


def write_single_array(path):
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))


@pytest.mark.parametrize(
    "write", [write_text, write_nothing, write_cut_archive, write_single_array]
)
def test_files_that_are_not_archives_are_refused(write, tmp_path):
    write(tmp_path / "weights.npz")
    with pytest.raises(DataError, match=r"weights\.npz.*expected"):
        despoof_keras.load_released(tmp_path / "weights.npz")
