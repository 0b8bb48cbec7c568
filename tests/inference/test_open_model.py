"""Opening model files: every kind scores alike, and what is no model is named."""

import dataclasses
import json
import shutil
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.errors import DataError
from despoof_keras.export.saved_model import export_saved_model
from despoof_keras.faces.crop import crop_box, to_network_range
from despoof_keras.inference.open_model import open_despoofer, open_model
from despoof_keras.inference.scoring_model import SCORING_BATCH
from despoof_keras.metadata import SAVED_MODEL_METADATA, SCORE_NAMES, ModelMetadata

METADATA = ModelMetadata(image_size=32, threshold=0.25, threshold_rule="a rule")


def random_crops(count, size=32):
    return np.random.default_rng(5).uniform(0, 255, (count, size, size, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def model(make_despoofer):
    return make_despoofer(metadata=METADATA)


@pytest.fixture(scope="module")
def files(model, tmp_path_factory):
    """The model's file of every kind that this package writes."""
    folder = tmp_path_factory.mktemp("files")
    model.save(folder / "model.keras")
    export_saved_model(model, folder / "exported")
    return {"keras": folder / "model.keras", "saved_model": folder / "exported"}


@pytest.mark.parametrize("kind", ["keras", "saved_model"])
def test_every_kind_gives_the_models_answers(kind, model, files):
    opened = open_model(files[kind])
    assert (opened.kind, opened.metadata) == (kind, METADATA)
    crops = random_crops(3)
    expected = {k: np.asarray(v) for k, v in model(to_network_range(np.rint(crops))).items()}
    np.testing.assert_allclose(opened.scores(crops), expected["score"], rtol=1e-5)
    outputs = opened.despoof(crops)
    names = {"score", "noise", "live_estimate", "zero_one_map"}
    assert set(outputs) == (names | {"depth"} if kind == "keras" else names)
    for name, values in outputs.items():
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, expected[name], rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("kind", ["keras", "saved_model"])
def test_batches_of_every_size_give_the_same_scores(kind, files):
    opened = open_model(files[kind])
    crops = random_crops(SCORING_BATCH + 3)
    whole = opened.scores(crops)
    assert whole.shape == (SCORING_BATCH + 3,)
    for count in (1, 2, 7):
        np.testing.assert_allclose(opened.scores(crops[:count]), whole[:count], rtol=1e-5)
    assert opened.scores(crops[:0]).shape == (0,)
    assert opened.despoof(crops[:0])["noise"].shape == (0, 32, 32, 6)


def test_one_graph_serves_batches_of_every_size(files):
    opened = open_model(files["keras"])
    for count in (1, 2, 3, SCORING_BATCH + 1):
        opened.scores(random_crops(count))
    assert opened.score_batch.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("score", SCORE_NAMES)
def test_the_score_is_the_one_that_the_metadata_name(score, make_despoofer, tmp_path):
    model = make_despoofer(score=score)
    model.save(tmp_path / "model.keras")
    opened = open_model(tmp_path / "model.keras")
    crops = random_crops(2)
    expected = model.predict_scores(to_network_range(np.rint(crops)))[score]
    np.testing.assert_allclose(opened.scores(crops), expected, rtol=1e-5)
    np.testing.assert_allclose(opened.despoof(crops)["score"], expected, rtol=1e-5)


def test_crops_are_rounded_where_the_metadata_say_so(make_despoofer, files, tmp_path):
    crops = random_crops(2)
    whole = np.rint(crops)
    rounding = open_model(files["keras"])
    assert np.array_equal(rounding.scores(crops), rounding.scores(whole))
    make_despoofer(metadata=dataclasses.replace(METADATA, crop_dtype="float32")).save(
        tmp_path / "exact.keras"
    )
    exact = open_model(tmp_path / "exact.keras")
    assert np.array_equal(exact.scores(whole), rounding.scores(whole))
    assert not np.array_equal(exact.scores(crops), exact.scores(whole))


@pytest.mark.parametrize(
    ("crops", "expected"),
    [
        (np.zeros((32, 32, 3)), r"\(n, 32, 32, 3\).*\(32, 32, 3\).*crop\[None\]"),
        (np.zeros((1, 64, 64, 3)), r"\(n, 32, 32, 3\).*\(1, 64, 64, 3\).*crop_face"),
        (np.zeros((2, 3, 32, 32)), r"\(n, 32, 32, 3\).*\(2, 3, 32, 32\).*moveaxis"),
        (np.zeros((1, 32, 32)), r"\(n, 32, 32, 3\).*\(1, 32, 32\)$"),
        (np.zeros((1, 32, 32, 4)), r"\(n, 32, 32, 3\).*\(1, 32, 32, 4\)$"),
        (np.zeros(()), r"\(n, 32, 32, 3\).*\(\)$"),
        ([np.zeros((32, 32, 3)), np.zeros((31, 32, 3))], r"\(n, 32, 32, 3\).*unlike shapes"),
        (np.zeros((1, 32, 32, 3), bool), "numbers.*bool$"),
        (np.zeros((1, 32, 32, 3), complex), "numbers.*complex"),
        (["photo.jpg"], "numbers.*U9$"),
        (None, "numbers.*object$"),
        (np.full((1, 32, 32, 3), np.nan), "finite"),
        (np.full((1, 32, 32, 3), np.inf), "finite"),
        (random_crops(2) / 255, r"\[0, 255\].*received .* to 0\.99.*divided by 255"),
        (np.full((1, 32, 32, 3), 40000, np.uint16), r"\[0, 255\].*40000"),
        (np.full((1, 32, 32, 3), 256.0), r"\[0, 255\].*256"),
        (np.full((1, 32, 32, 3), -1.0), r"\[0, 255\].*-1"),
    ],
)
def test_other_crops_are_refused(crops, expected, files):
    opened = open_model(files["keras"])
    for ask in (opened.scores, opened.despoof):
        with pytest.raises(DataError, match=f"^crops: expected.*{expected}"):
            ask(crops)


def test_black_crops_and_no_crops_are_scored(files):
    opened = open_model(files["keras"])
    black = np.zeros((1, 32, 32, 3), np.uint8)
    assert np.array_equal(opened.scores(black), opened.scores(black.astype(np.float32)))
    assert np.isfinite(opened.scores(black + 1)).all()  # as dark as whole numbers can be
    assert opened.scores([]).shape == (0,)
    assert opened.despoof([])["noise"].shape == (0, 32, 32, 6)
    assert np.array_equal(opened.scores(list(random_crops(2))), opened.scores(random_crops(2)))


def test_an_answer_that_is_not_finite_is_nan_for_its_crop_alone(make_despoofer, tmp_path):
    model = make_despoofer()
    # Black has no features at all, anything else overflows.
    kernel = model.ds_net.get_layer("noise").kernel
    kernel.assign(np.full(kernel.shape, 3e38))
    model.save(tmp_path / "model.keras")
    crops = np.concatenate([np.zeros((1, 32, 32, 3)), random_crops(1), np.zeros((1, 32, 32, 3))])
    opened = open_model(tmp_path / "model.keras")
    for scores in (opened.scores(crops), opened.despoof(crops)["score"]):
        assert np.isnan(scores).tolist() == [False, True, False]


@pytest.mark.parametrize("kind", ["keras", "saved_model"])
def test_a_given_threshold_takes_the_place_of_the_models(kind, files):
    metadata = open_model(files[kind], threshold=0.5).metadata
    assert (metadata.threshold, metadata.threshold_rule) == (0.5, "given by the caller")
    assert open_model(files[kind], threshold=0).metadata.threshold == 0.0
    with pytest.raises(DataError, match=r"^threshold: expected.*nan"):
        open_model(files[kind], threshold=float("nan"))


def test_models_that_need_another_resize_are_refused(make_despoofer, files, tmp_path):
    other = dataclasses.replace(METADATA, resize="half_pixel")
    make_despoofer(metadata=other).save(tmp_path / "other.keras")
    for open_file in (open_model, open_despoofer):
        with pytest.raises(DataError, match=r"other\.keras: resize: expected"):
            open_file(tmp_path / "other.keras")
    folder = shutil.copytree(files["saved_model"], tmp_path / "exported")
    (folder / SAVED_MODEL_METADATA).write_text(other.to_json())
    with pytest.raises(DataError, match="exported: resize: expected"):
        open_model(folder)


def test_models_of_another_crop_scale_are_opened_with_their_rule(make_despoofer, tmp_path):
    crop = {"left": 1.0, "up": 1.0, "side": 3.0}
    make_despoofer(metadata=dataclasses.replace(METADATA, crop=crop)).save(tmp_path / "wide.keras")
    rule = open_model(tmp_path / "wide.keras").metadata.crop_rule
    assert crop_box((100, 120, 140, 120), rule) == (60, 80, 120)


def write_foreign_saved_model(folder):
    module = tf.Module()
    module.a = tf.Variable(1.0)
    tf.saved_model.save(module, str(folder))


def write_foreign_keras(path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)


def write_archive(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "no model")


@pytest.mark.parametrize(
    ("name", "write", "expected"),
    [
        ("missing", lambda path: None, "nothing is there"),
        ("text.keras", lambda path: path.write_text("no model"), "another kind of file"),
        ("empty.keras", lambda path: path.touch(), "another kind of file"),
        ("archive.keras", write_archive, "another kind of file"),
        ("other.keras", write_foreign_keras, "Despoofer; found Sequential"),
        ("hollow", lambda path: path.mkdir(), "another kind of folder"),
        ("foreign", write_foreign_saved_model, "nor is it another model of this package"),
        ("a.npz", lambda path: np.savez(path, a=np.zeros(2)), "FirstAMIN"),
    ],
)
def test_what_is_no_model_is_named(name, write, expected, tmp_path):
    write(tmp_path / name)
    for open_file in (open_model, open_despoofer):
        with pytest.raises(DataError, match=f"{name}: .*expected.*{expected}"):
            open_file(tmp_path / name)


def test_damaged_keras_files_are_named(files, tmp_path):
    content = files["keras"].read_bytes()
    (tmp_path / "cut.keras").write_bytes(content[: len(content) // 2])
    middle = len(content) // 2
    damaged = content[:middle] + bytes(2000) + content[middle + 2000 :]
    (tmp_path / "damaged.keras").write_bytes(damaged)
    for name in ("cut", "damaged"):
        with pytest.raises(DataError, match=rf"{name}\.keras: expected"):
            open_model(tmp_path / f"{name}.keras")


@pytest.mark.parametrize("name", ["model.keras", "model.npz"])
def test_archives_with_a_damaged_directory_are_named(name, tmp_path):
    np.savez(tmp_path / "whole.npz", a=np.zeros(2))
    content = bytearray((tmp_path / "whole.npz").read_bytes())
    content[content.rindex(b"PK\x01\x02")] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}: expected.*or a damaged one"):
        open_model(tmp_path / name)


def without_graph(folder):
    (folder / "saved_model.pb").unlink()


def with_damaged_graph(folder):
    (folder / "saved_model.pb").write_bytes(b"no graph" * 10)


def without_weights(folder):
    shutil.rmtree(folder / "variables")


def with_another_size(folder):
    path = folder / SAVED_MODEL_METADATA
    path.write_text(json.dumps({**json.loads(path.read_text()), "image_size": 64}))


def with_metadata_cut_short(folder):
    path = folder / SAVED_MODEL_METADATA
    path.write_text(path.read_text()[:50])


def of_another_program(folder):
    metadata = (folder / SAVED_MODEL_METADATA).read_text()
    shutil.rmtree(folder)
    write_foreign_saved_model(folder)
    (folder / SAVED_MODEL_METADATA).parent.mkdir()
    (folder / SAVED_MODEL_METADATA).write_text(metadata)


@pytest.mark.parametrize(
    "damage",
    [
        without_graph,
        with_damaged_graph,
        without_weights,
        with_another_size,
        with_metadata_cut_short,
        of_another_program,
    ],
)
def test_damaged_saved_models_are_named(damage, files, tmp_path):
    folder = shutil.copytree(files["saved_model"], tmp_path / "exported")
    damage(folder)
    with pytest.raises(DataError, match=r"exported.*: expected"):
        open_model(folder)


def test_a_saved_model_is_no_keras_model(files):
    with pytest.raises(DataError, match=r"exported: expected.*found a SavedModel"):
        open_despoofer(files["saved_model"])


@pytest.mark.slow
def test_the_released_arrays_are_a_model(reference, released_model):
    opened = open_model(reference / "released_weights.npz")
    assert opened.kind == "released"
    assert opened.metadata == released_model.metadata
    crops = random_crops(2, size=256)
    expected = released_model(to_network_range(crops))
    np.testing.assert_allclose(opened.scores(crops), expected["score"], rtol=0, atol=1e-5)
    assert opened.despoof(crops)["depth"].shape == (2, 32, 32, 1)
