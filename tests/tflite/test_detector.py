"""`load_tflite`: the answers of the Keras model, by every way that leads to them."""

import dataclasses
import os
import subprocess
import sys
import threading
import warnings

import cv2
import numpy as np
import pytest
import tensorflow as tf
import tflite_files
from PIL import Image
from tflite_files import METADATA, random_crops

from despoof_keras import (
    DataError,
    ModelMetadata,
    crop_face,
    load_tflite,
    open_model,
    read_metadata,
)
from despoof_keras.cli import main
from despoof_keras.evaluation.figures import draw_outputs
from despoof_keras.faces.crop import resize, to_network_range
from despoof_keras.tflite import demonstration, file, flatbuffer, pictures

SIZE = 32


@pytest.fixture(scope="module")
def model(make_despoofer):
    return make_despoofer(metadata=METADATA)


def expected_outputs(model, crops):
    outputs = model(to_network_range(np.stack(crops)))
    return {name: np.asarray(values) for name, values in outputs.items()}


def test_scores_are_the_keras_models(detector, model):
    crops = random_crops(3)
    expected = expected_outputs(model, crops)["score"]
    scores = detector.score(crops)
    assert (scores.dtype, scores.shape) == (np.float32, (3,))
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    assert type(detector.score(crops[1])) is float
    assert detector.score(crops[1]) == scores[1]
    assert detector.score([]).shape == (0,)
    assert detector.metadata == METADATA


@pytest.mark.parametrize("runtime", ["ai-edge-litert", "tensorflow"])
def test_every_runtime_that_is_here_gives_them(runtime, tflite_folder, model):
    crops = random_crops(2)
    detector = load_tflite(tflite_folder / "model.tflite", runtime=runtime, num_threads=2)
    expected = expected_outputs(model, crops)["score"]
    np.testing.assert_allclose(detector.score(crops), expected, rtol=1e-5)


def test_despoof_gives_the_pictures(detector, model):
    (crop,) = random_crops(1)
    expected = expected_outputs(model, [crop])
    outputs = detector.despoof(crop)
    assert list(outputs) == ["score", "noise", "live_estimate", "zero_one_map"]
    for name, values in outputs.items():
        np.testing.assert_allclose(values, expected[name][0], rtol=1e-4, atol=1e-5)
    assert [row["score"] for row in detector.despoof([crop, crop])] == [outputs["score"]] * 2


def test_a_decision_is_an_attack_at_the_threshold_and_above(tflite_folder, detector):
    (crop,) = random_crops(1)
    score = detector.score(crop)
    assert detector.predict(crop) == (score, score >= 0.25, 0.25)
    assert detector.predict(crop).score == detector.predict(crop).spoof_score == score
    for threshold, is_attack in ((score, True), (np.nextafter(score, np.inf), False)):
        given = load_tflite(tflite_folder / "model.tflite", threshold=threshold)
        assert given.predict(crop) == (score, is_attack, threshold)
        assert given.metadata.threshold_rule == "given by the caller"
        assert [row.is_attack for row in given.predict([crop, crop])] == [is_attack] * 2


def test_without_a_threshold_there_are_scores_and_no_decisions(tflite_folder, tmp_path):
    bare_content = (tflite_folder / "bare.tflite").read_bytes()
    metadata = ModelMetadata(image_size=SIZE)
    (tmp_path / "a.tflite").write_bytes(tflite_files.with_metadata(bare_content, metadata))
    detector = load_tflite(tmp_path / "a.tflite")
    assert np.isfinite(detector.score(random_crops(1)[0]))
    with pytest.raises(DataError, match=r"^threshold: .*load_tflite\(..., threshold=T\)"):
        detector.predict(random_crops(1)[0])


@pytest.mark.parametrize("shape", [(47, 47), (17, 90), (1, 1)])
def test_other_sizes_are_resized_as_in_training_if_told_so(shape, detector):
    image = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    crop = np.rint(resize(image, SIZE)).astype(np.uint8)
    assert detector.score(image, crop=False) == detector.score(crop)
    assert detector.predict([image], crop=False) == [detector.predict(crop)]
    assert detector.despoof(image, crop=False)["score"] == detector.score(crop)
    mirrored = image[:, ::-1]
    copied = np.ascontiguousarray(mirrored)
    assert detector.score(mirrored, crop=False) == detector.score(copied, crop=False)


@pytest.mark.parametrize(
    "shape",
    [
        (1080, 1920),  # a photograph
        (1080, 1080),  # a square one
        (64, 640),
        (SIZE, SIZE + 1),
        (SIZE - 1, SIZE),
        (1, 1),
    ],
)
def test_what_is_no_crop_is_not_squeezed_into_the_model(shape, detector, tmp_path):
    image = np.full((*shape, 3), 128, np.uint8)
    Image.fromarray(image).save(tmp_path / "photo.png")
    expected = f"expected a face crop of 32 x 32 pixels.*{shape[1]} x {shape[0]}.*eyes=.*crop=False"
    for ask in (detector.score, detector.predict, detector.despoof):
        with pytest.raises(DataError, match=f"^image: {expected}"):
            ask(image)
        with pytest.raises(DataError, match=f"^image: {expected}"):
            ask([image[:SIZE, :SIZE], image])
        with pytest.raises(DataError, match=rf"photo\.png: {expected}"):
            ask(tmp_path / "photo.png")


def test_a_whole_frame_is_cut_by_its_eyes(detector, astronaut, tmp_path):
    Image.fromarray(astronaut).save(tmp_path / "photo.png")
    eyes = [(195.0, 115.0, 250.0, 112.0), (203.0, 101.0, 246.0, 103.0)]
    crops = [detector.crop(astronaut, one) for one in eyes]
    for ask in (detector.score, detector.predict):
        expected = [ask(crop) for crop in crops]
        assert ask(astronaut, eyes=eyes[0]) == expected[0]
        assert ask(tmp_path / "photo.png", eyes=np.array(eyes[1])) == expected[1]
        assert list(ask([astronaut, astronaut], eyes=eyes)) == expected
        assert list(ask((astronaut, crops[1]), eyes=[eyes[0], None])) == expected
        assert list(ask([astronaut, astronaut], eyes=np.array(eyes))) == expected
    outputs = detector.despoof([astronaut] * 2, eyes=eyes)
    assert np.array_equal(outputs[1]["noise"], detector.despoof(crops[1])["noise"])
    for wrong in (eyes[:1], eyes[0], 3.0):
        with pytest.raises(DataError, match=r"^eyes: expected a list of 2"):
            detector.predict([astronaut] * 2, eyes=wrong)
    with pytest.raises(DataError, match=r"^eyes: expected four numbers.*\(2, 4\)"):
        detector.predict(astronaut, eyes=eyes)


def test_crops_of_frames_are_those_of_training(detector, astronaut):
    eyes = (195.0, 115.0, 250.0, 112.0)
    crop = detector.crop(astronaut, eyes)
    assert crop.dtype == np.uint8
    assert np.array_equal(crop, np.rint(crop_face(astronaut, eyes, SIZE)))
    with pytest.raises(DataError, match=r"^eyes: expected"):
        detector.crop(astronaut, (250.0, 112.0, 195.0, 115.0))
    with pytest.raises(DataError, match=r"^image: expected uint8"):
        detector.crop(astronaut / 255, eyes)


def test_a_path_is_read(detector, tmp_path, monkeypatch):
    crops = random_crops(2)
    for number, crop in enumerate(crops):
        Image.fromarray(crop).save(tmp_path / f"{number}.png")
    paths = [str(tmp_path / "0.png"), tmp_path / "1.png"]
    assert np.array_equal(detector.score(paths), detector.score(crops))
    import_module = pictures.importlib.import_module
    libraries = {"cv2": cv2}
    monkeypatch.setattr(
        pictures.importlib,
        "import_module",
        lambda name: libraries[name] if name in libraries else import_module(f"no_{name}"),
    )
    assert np.array_equal(detector.score(paths), detector.score(crops))
    for name in ("missing.png", "text.png"):
        (tmp_path / "text.png").write_text("no image")
        with pytest.raises(DataError, match=rf"{name}: expected an image"):
            detector.score(tmp_path / name)
    libraries.clear()
    with pytest.raises(ImportError, match=r"0\.png: .*needs Pillow or OpenCV.*no_PIL.*no_cv2"):
        detector.score(paths[0])


def test_a_light_model_gives_what_it_has(tmp_path):
    def light(image):
        means = tf.reduce_mean(tf.cast(image, tf.float32), 3, keepdims=True)[:, ::8, ::8] / 256.0
        return {"score": tf.reduce_max(means, (1, 2, 3)), "zero_one_map": means}

    content = tflite_files.convert({"score": light}, tmp_path / "saved")
    metadata = dataclasses.replace(METADATA, score="zero_one_map")
    (tmp_path / "light.tflite").write_bytes(tflite_files.with_metadata(content, metadata))
    (crop,) = random_crops(1)
    outputs = load_tflite(tmp_path / "light.tflite").despoof(crop)
    assert list(outputs) == ["score", "zero_one_map"]
    assert outputs["zero_one_map"].shape == (4, 4, 1)
    assert outputs["score"] == pytest.approx(outputs["zero_one_map"].max())
    assert set(open_model(tmp_path / "light.tflite").despoof(crop[None])) == set(outputs)
    # Input and map are drawn; there is nothing else.
    rows = {name: values[np.newaxis] for name, values in outputs.items() if name != "score"}
    draw_outputs(tmp_path / "light.png", {"face": crop / 256}, rows)
    assert cv2.imread(str(tmp_path / "light.png")).shape[1] < 600


def test_threads_may_share_a_detector(detector):
    crops = random_crops(8)
    expected = [detector.score(crop) for crop in crops]
    wrong = []

    def ask(number):
        for turn in range(40):
            index = (number + turn) % len(crops)
            answer = detector.despoof(crops[index]) if turn % 4 == 0 else None
            score = answer["score"] if answer else detector.score(crops[index])
            if not np.isclose(score, expected[index], rtol=1e-5):
                wrong.append((index, score))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_demonstration_warns_once(tflite_folder, monkeypatch):
    monkeypatch.setattr(demonstration, "DEMONSTRATION", tflite_folder / "model.tflite")
    monkeypatch.setattr(demonstration, "_has_warned", False)
    with pytest.warns(demonstration.DemonstrationWarning, match=r"synthetic.*train_oulu") as caught:
        assert load_tflite().metadata == METADATA
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_tflite()


def test_open_model_takes_tflite_files(tflite_folder, model, tmp_path):
    opened = open_model(tflite_folder / "model.tflite")
    assert (opened.kind, opened.metadata) == ("tflite", METADATA)
    crops = np.stack(random_crops(3))
    expected = expected_outputs(model, crops)
    np.testing.assert_allclose(opened.scores(crops), expected["score"], rtol=1e-5)
    outputs = opened.despoof(crops)
    assert set(outputs) == {"score", "noise", "live_estimate", "zero_one_map"}
    np.testing.assert_allclose(outputs["noise"], expected["noise"], rtol=1e-4, atol=1e-5)
    assert opened.scores(crops[:0]).shape == (0,)
    assert open_model(tflite_folder / "model.tflite", threshold=0.5).metadata.threshold == 0.5
    assert read_metadata(tflite_folder / "model.tflite") == METADATA


@pytest.mark.parametrize("name", ["model.tflite", "bare.tflite"])
def test_a_file_is_parsed_once(name, tflite_folder, monkeypatch):
    parsed = []

    class Counted(flatbuffer.Flatbuffer):
        def __init__(self, content, source):
            parsed.append(source)
            super().__init__(content, source)

    monkeypatch.setattr(file, "Flatbuffer", Counted)
    load_tflite(tflite_folder / name, threshold=0.5)
    open_model(tflite_folder / name, threshold=0.5)
    assert parsed == [tflite_folder / name] * 2


def test_despoof_info_shows_a_tflite_file(tflite_folder, capsys):
    assert main(["info", str(tflite_folder / "model.tflite")]) == 0
    output = capsys.readouterr().out.split("\n")
    assert output[0].split() == ["kind", "tflite"]
    assert main(["info", str(tflite_folder / "bare.tflite")]) == 2
    assert "carries no metadata" in capsys.readouterr().err


def test_despoof_score_with_a_tflite_file_needs_no_tensorflow(tflite_folder, astronaut, tmp_path):
    Image.fromarray(astronaut).save(tmp_path / "face.png")
    code = (
        "import sys\n"
        "for name in ('tensorflow', 'keras'):\n"
        "    sys.modules[name] = None\n"  # importing them fails, as where they are not installed
        "from despoof_keras.cli import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    arguments = [
        "score",
        "--model",
        tflite_folder / "model.tflite",
        "--json",
        "--visuals",
        tmp_path / "v",
    ]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments), str(tmp_path / "face.png")],
        capture_output=True,
        text=True,
        env={**os.environ, "MPLBACKEND": "agg"},
    )
    assert done.returncode == 0, done.stderr
    assert '"status": "ok"' in done.stdout
    assert len(list((tmp_path / "v").iterdir())) == 1
