"""What `load_tflite` and its detector cannot use: one exception type, a sentence, no crash."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
import tflite_files
import tflite_fuzz
from tflite_files import METADATA, random_crops

from despoof_keras import DataError, load_tflite, open_model
from despoof_keras.tflite import demonstration
from despoof_keras.tflite.file import TfliteFile
from despoof_keras.tflite.model import TfliteModel
from despoof_keras.utils import litert

# Files without a checksum are damaged in so many ways.
FUZZ_CASES = 400


@pytest.fixture(scope="module")
def bare_content(tflite_folder):
    return (tflite_folder / "bare.tflite").read_bytes()


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.zeros((32, 32, 3), np.float32), r"uint8.*float32, 0 to 0.*rint\(255 \* image"),
        (np.linspace(0, 1, 48).reshape(4, 4, 3), r"uint8.*float64, 0 to 1.*rint\(255 \* image"),
        (np.linspace(0, 255, 48).reshape(4, 4, 3), r"uint8.*0 to 255.*rint\(image\)"),
        (np.linspace(-1, 1, 48).reshape(4, 4, 3), "uint8.*float64, -1 to 1$"),
        (np.full((4, 4, 3), np.nan), "uint8.*not finite"),
        (np.full((4, 4, 3), np.inf, np.float32), "uint8.*not finite"),
        (np.zeros((4, 4, 3), np.int32), "uint8.*int32$"),
        (np.zeros((4, 4, 3), object), "uint8.*object$"),
        (np.zeros((4, 4, 3), bool), "uint8.*bool$"),
        (np.zeros((0, 4, 3)), "uint8.*float64$"),
        (np.zeros((4, 4), np.uint8), r"height, width, 3.*\(4, 4\)$"),
        (np.zeros((4, 4, 1), np.uint8), r"height, width, 3.*\(4, 4, 1\)$"),
        (np.zeros((4, 4, 4), np.uint8), r"height, width, 3.*\(4, 4, 4\)$"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"list for several.*\(1, 4, 4, 3\)$"),
        (np.zeros((0, 4, 3), np.uint8), r"one pixel.*\(0, 4, 3\)$"),
        (np.zeros(0, np.uint8), r"height, width, 3.*\(0,\)$"),
        (None, "NumPy array.*NoneType$"),
        ([[1, 2]], "NumPy array.*int$"),
        (b"bytes", "an image; no known format"),
    ],
)
def test_what_is_no_picture_is_named(image, expected, detector):
    for ask in (detector.score, detector.predict, detector.despoof):
        with pytest.raises(DataError, match=f"^image: expected.*{expected}"):
            ask(image)


def test_a_score_that_is_not_finite_is_an_error(tmp_path):
    def score(image):
        first = tf.cast(image, tf.float32)[:, 0, 0, 0]
        return {"score": first / (first - first)}

    content = tflite_files.convert({"score": score}, tmp_path / "saved")
    (tmp_path / "nan.tflite").write_bytes(tflite_files.with_metadata(content, METADATA))
    detector = load_tflite(tmp_path / "nan.tflite")
    for ask in (detector.score, detector.predict, detector.despoof):
        with pytest.raises(DataError, match=r"^image: the model gives no finite score.*(nan|inf)"):
            ask(random_crops(1)[0])
    assert np.isnan(open_model(tmp_path / "nan.tflite").scores(np.stack(random_crops(2)))).all()


def test_files_without_metadata_take_them_from_arguments(tflite_folder, detector):
    path, crops = tflite_folder / "bare.tflite", random_crops(1)
    with pytest.raises(DataError, match=r"bare\.tflite: .*threshold=T.*metadata=ModelMetadata"):
        load_tflite(path)
    given = load_tflite(path, threshold=0.1)
    np.testing.assert_allclose(given.score(crops), detector.score(crops), rtol=1e-5)
    assert (given.metadata.image_size, given.predict(crops[0]).threshold) == (32, 0.1)
    metadata = dataclasses.replace(METADATA, score="depth")
    assert load_tflite(path, metadata=metadata).metadata == metadata
    with pytest.raises(DataError, match=r"bare\.tflite: image_size: expected 32.*64"):
        load_tflite(path, metadata=dataclasses.replace(METADATA, image_size=64))


def test_models_that_need_other_crops_are_refused(bare_content, tmp_path):
    other = dataclasses.replace(METADATA, colour="BGR")
    (tmp_path / "a.tflite").write_bytes(tflite_files.with_metadata(bare_content, other))
    with pytest.raises(DataError, match=r"a\.tflite: colour: expected"):
        load_tflite(tmp_path / "a.tflite")


def mean_score(image):
    return {"score": tf.reduce_mean(tf.cast(image, tf.float32), (1, 2, 3))}


@pytest.mark.parametrize(
    ("functions", "arguments"),
    [
        ({"serve": mean_score}, {}),
        ({"score": lambda image: {"logits": mean_score(image)["score"]}}, {}),
        ({"score": lambda image: {"score": tf.cast(image, tf.float32)}}, {}),
        ({"score": lambda image: {"score": tf.cast(mean_score(image)["score"], tf.int32)}}, {}),
        ({"score": mean_score}, {"dtype": tf.float32}),
        ({"score": mean_score}, {"name": "input"}),
        ({"score": mean_score}, {"shape": (1, 32, 40, 3)}),
        ({"score": mean_score}, {"shape": (1, 30, 30, 3)}),
        ({"score": mean_score}, {"shape": (2, 32, 32, 3)}),
        ({"score": mean_score}, {"shape": (1, 32, 32, 1)}),
    ],
)
def test_foreign_models_are_named(functions, arguments, tmp_path):
    content = tflite_files.convert(functions, tmp_path / "saved", **arguments)
    (tmp_path / "foreign.tflite").write_bytes(content)
    with pytest.raises(DataError, match=r"foreign\.tflite: expected a signature 'score' from"):
        load_tflite(tmp_path / "foreign.tflite", threshold=0.5)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"num_threads": 0}, "num_threads: expected a positive number; received 0"),
        ({"num_threads": 1.5}, "num_threads: expected a positive number; received 1.5"),
        ({"runtime": "torch"}, "runtime: expected 'auto' or one of.*torch"),
        ({"threshold": float("nan")}, "threshold: expected a finite number.*nan"),
        ({"threshold": "0.5"}, "threshold: expected a finite number.*'0.5'"),
    ],
)
def test_wrong_arguments_are_named(arguments, expected, tflite_folder):
    with pytest.raises(DataError, match=f"^{expected}"):
        load_tflite(tflite_folder / "model.tflite", **arguments)


def test_without_a_runtime_the_three_are_named(tflite_folder, monkeypatch):
    monkeypatch.setattr(litert, "RUNTIMES", {name: f"not_{name}" for name in litert.RUNTIMES})
    with pytest.raises(ImportError, match=r"ai-edge-litert.*tflite-runtime.*tensorflow.*pip"):
        load_tflite(tflite_folder / "model.tflite")


@pytest.mark.parametrize("length", [0, 4, 8, 64, 5000, -1])
def test_a_file_cut_short_is_refused_before_a_runtime_sees_it(
    length, tflite_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(litert, "RUNTIMES", {})
    for name in ("model", "bare"):
        (tmp_path / "cut.tflite").write_bytes(
            (tflite_folder / f"{name}.tflite").read_bytes()[:length]
        )
        # Without its last byte a file without a checksum may still be whole as far as can be told.
        if (name, length) != ("bare", -1):
            with pytest.raises(DataError, match=r"cut\.tflite: "):
                load_tflite(tmp_path / "cut.tflite", threshold=0.5)


def test_random_files_are_refused_before_a_runtime_sees_them(tmp_path, monkeypatch):
    monkeypatch.setattr(litert, "RUNTIMES", {})
    random = np.random.default_rng(0)
    for number in range(200):
        content = random.bytes(int(random.integers(0, 2000)))
        if number % 2:
            content = content[:4] + b"TFL3" + content[4:]
        if number % 4 == 3:  # places that lie inside the file
            content = b"\x10\x00\x00\x00" + content[4:8] + bytes(b % 64 for b in content[8:])
        (tmp_path / "random.tflite").write_bytes(content)
        with pytest.raises(DataError, match=r"random\.tflite: expected"):
            load_tflite(tmp_path / "random.tflite", threshold=0.5)


def test_what_is_no_file_is_named(tmp_path):
    for path in (tmp_path, tmp_path / "missing.tflite"):
        with pytest.raises(DataError, match=rf"{path}: expected a \.tflite file"):
            load_tflite(path)


def test_what_a_runtime_says_of_a_file_is_passed_on(tflite_folder):
    content = (tflite_folder / "bare.tflite").read_bytes()
    # A graph whose tensors have other types than its weights.
    with pytest.raises(DataError, match="model: expected a TFLite model; the runtime says: "):
        TfliteModel(TfliteFile(tflite_files.with_other_types(content), "model"))


def test_a_sealed_file_with_any_damage_is_refused(tflite_folder):
    outcomes = tflite_fuzz.count_outcomes(tflite_folder / "model.tflite", 400)
    assert outcomes == {tflite_fuzz.REFUSED: 400}


def test_damage_to_a_file_without_a_checksum_crashes_nothing(tflite_folder, capsys):
    outcomes = tflite_fuzz.count_outcomes(tflite_folder / "bare.tflite", FUZZ_CASES)
    with capsys.disabled():
        print(f"\ndamaged files without a checksum: {dict(outcomes)}")
    assert set(outcomes) == {tflite_fuzz.SCORED, tflite_fuzz.REFUSED}
    assert outcomes.total() == FUZZ_CASES


def test_a_missing_demonstration_is_named(tflite_folder, monkeypatch):
    monkeypatch.setattr(demonstration, "DEMONSTRATION", tflite_folder / "nothing.tflite")
    with pytest.raises(DataError, match=r"nothing\.tflite: expected.*train_oulu.*to_tflite"):
        load_tflite()
