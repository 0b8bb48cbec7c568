"""Static int8: ranges, weights, corrected means, and which layers stay in float."""

import dataclasses
import itertools

import numpy as np
import pytest

from despoof_keras.errors import DataError
from despoof_keras.export import graph as graphs
from despoof_keras.export.data import ExportData
from despoof_keras.export.int8 import choose_layers, quantiser
from despoof_keras.export.int8.choose_layers import (
    ACER_AIM,
    MEDIAN_AIM,
    quantise,
    split_calibration,
    steps_of,
)
from despoof_keras.export.int8.measurements import Measurements
from despoof_keras.export.int8.operations import int8_operations, layer_of
from despoof_keras.export.int8.ranges import INT8_HIGH, INT8_LOW, Int8, best_int8, elu
from despoof_keras.export.int8.rounding import PatchStatistics, int8_weights
from despoof_keras.export.tflite_files import export_tflite
from despoof_keras.export.variants import VARIANTS
from despoof_keras.metadata import SCORE_NAMES
from despoof_keras.tflite.file import read_tflite_metadata
from despoof_keras.utils.litert import open_interpreter


def crops_of(count, size=32, seed=5):
    """Crops with large patches, as faces have."""
    patches = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3))
    return patches.repeat(size // 4, axis=1).repeat(size // 4, axis=2).astype(np.uint8)


@pytest.fixture(scope="module")
def float_content(make_despoofer):
    return VARIANTS["int8"].convert(make_despoofer())


def test_steps_cover_what_matters():
    values = np.append(np.linspace(-1, 1, 5000), 40.0).astype(np.float32)
    covering, best = Int8.covering(-1.0, 40.0), best_int8(values)
    assert np.mean((best.rounded(values) - values) ** 2) <= np.mean(
        (covering.rounded(values) - values) ** 2
    )
    assert best.rounded(np.zeros(1)) == 0
    # Far below zero an ELU is flat, so that range is not paid for.
    values = np.linspace(-60, 4, 5000).astype(np.float32)
    before_elu = best_int8(values, before_elu=True)
    assert before_elu.scale < best_int8(values).scale / 4
    assert np.abs(elu(before_elu.rounded(values)) - elu(values)).max() < 0.1


def test_an_elu_rounds_nothing_positive_twice():
    codes = np.arange(INT8_LOW, INT8_HIGH + 1)
    for low, high in ((-3.0, 10.0), (-0.4, 2.0), (-8.0, 0.5), (0.0, 4.0)):
        before = Int8.covering(low, high)
        values = elu(before.decode(codes))
        behind = before.behind_elu().rounded(values)
        assert before.behind_elu().scale == before.scale
        np.testing.assert_array_equal(behind[values >= 0], values[values >= 0])
        assert np.abs(behind - values).max() <= before.scale / 2 + 1e-6


def test_patch_statistics_are_of_what_a_kernel_sees():
    picture = np.full((1, 64, 64, 2), 3.0, np.float32)
    statistics = PatchStatistics(side=3)
    for scale in (1, 2):
        statistics.add(scale * picture)
    assert statistics.mean.shape == (18,)
    # The middle of the kernel never sees the zeros around the picture.
    np.testing.assert_allclose(statistics.mean[8:10], 4.5)
    np.testing.assert_allclose(statistics.moment[8:10, 8:10], 22.5)
    np.testing.assert_allclose(statistics.covariance[8:10, 8:10], 2.25)
    assert statistics.mean[0] < 4.5
    again = PatchStatistics(side=3)
    for scale in (1, 2):
        again.add(scale * picture)
    np.testing.assert_array_equal(again.moment, statistics.moment)


def test_rounded_weights_change_the_output_less_than_the_nearest_do():
    random = np.random.default_rng(0)
    mixed = random.normal(size=(500, 4)) @ random.normal(size=(4, 12))
    inputs = mixed + 0.1 * random.normal(size=(500, 12))
    weights = random.normal(size=(6, 12)).astype(np.float32)
    codes, scales = int8_weights(weights, inputs.T @ inputs / len(inputs))
    nearest = np.rint(weights / scales[:, None])
    errors = [inputs @ (weights - scales[:, None] * rounded).T for rounded in (codes, nearest)]
    assert np.square(errors[0]).mean() < 0.5 * np.square(errors[1]).mean()


@pytest.mark.slow
def test_means_stay_those_of_the_float_file(float_content, monkeypatch):
    crops = crops_of(8)
    measurements = Measurements(float_content, crops)

    def means(content):
        runner = open_interpreter(content).get_signature_runner("despoof")
        return np.mean([runner(image=crop[None])["noise"] for crop in crops], axis=(0, 1, 2, 3))

    def error():
        content = quantiser.StaticQuantiser(measurements).finish()
        return np.abs(means(content) - means(float_content)).mean()

    corrected = error()
    monkeypatch.setattr(quantiser, "_mean_shift", lambda weights, *_: np.zeros(len(weights)))
    assert corrected < 0.7 * error()


@pytest.mark.parametrize("score", SCORE_NAMES)
def test_each_step_keeps_more_layers_that_the_score_needs(score):
    steps = steps_of(score)
    for before, kept in itertools.pairwise(steps):
        assert kept[: len(before)] == before
        assert len(kept) > len(before)
    assert any("decoder" in layer for layer in steps[-1]) == (score == "noise")
    assert any("zero_one_map" in layer for layer in steps[0]) == (score == "zero_one_map")
    assert len(set(steps[-1])) == len(steps[-1])


@pytest.mark.slow
def test_kept_layers_are_layers_of_the_file(float_content):
    model = graphs.unpack(float_content)
    (graph,) = model.subgraphs
    names = {layer_of(model, graph, operation) for operation in graph.operators}
    kept = {*steps_of("noise")[-1], *steps_of("zero_one_map")[-1]}
    assert names - {None} == kept | {"decoder_1"}
    assert not any(int8_operations(model, graph, kept))


def test_calibration_crops_serve_one_purpose_each():
    fitted, judged = split_calibration(np.arange(10))
    assert sorted([*fitted, *judged]) == list(range(10))
    sizes = {n: [len(part) for part in split_calibration(np.arange(n))] for n in (2, 10, 78, 150)}
    # Ranges of few crops are of every other one, of many of a quarter.
    assert sizes == {2: [1, 1], 10: [5, 5], 78: [39, 39], 150: [38, 112]}


def choose(monkeypatch, score, errors, changes=None):
    """The step that `quantise` takes if its files have these errors of the score in turn.

    `changes` are those of the ACER, for the files whose scores are good.
    """
    expected = np.arange(3.0)
    answers = iter([expected, *(expected + np.asarray(error) for error in errors)])
    monkeypatch.setattr(choose_layers, "Measurements", lambda *_: None)
    monkeypatch.setattr(choose_layers, "_scores", lambda *_: next(answers))

    class Fake:
        def __init__(self, _, kept):
            self._kept = kept

        def finish(self):
            return repr(self._kept).encode()

    monkeypatch.setattr(choose_layers, "StaticQuantiser", Fake)
    left = iter(changes or ())
    acer_change = None if changes is None else lambda _: next(left)
    content, kept = quantise(b"", crops_of(4), score, 1.0, acer_change)
    assert content == repr(tuple(kept)).encode()
    return steps_of(score).index(tuple(kept))


def test_the_fastest_file_that_meets_the_aims_is_taken(monkeypatch):
    good, wrong_order, off = [0, 0, 0], [0.0, 1.2, 0.0], [2 * MEDIAN_AIM] * 3
    assert choose(monkeypatch, "noise", [off, wrong_order, good]) == 2
    assert choose(monkeypatch, "zero_one_map", [good]) == 0
    # The ACER is measured only if the scores are good.
    errors = [good, off, good, good]
    assert choose(monkeypatch, "noise", errors, [2 * ACER_AIM, ACER_AIM]) == 2


@pytest.mark.parametrize("score", SCORE_NAMES)
def test_the_best_is_taken_where_none_meets_the_aims(score, monkeypatch):
    worst = [[4 * MEDIAN_AIM] * 3] * len(steps_of(score))
    better, wrong_order = [2 * MEDIAN_AIM] * 3, [0.0, 1.2, 0.0]
    assert choose(monkeypatch, score, [*worst[:2], better, *worst[3:]]) == 2
    assert choose(monkeypatch, score, [better, wrong_order, *worst[2:]]) == 1
    good = [[0, 0, 0]] * 2
    changes = [3 * ACER_AIM, 2 * ACER_AIM]
    assert choose(monkeypatch, score, [*good, wrong_order, *worst[3:]], changes) == 1


def test_one_crop_is_too_few():
    with pytest.raises(DataError, match="calibration: expected at least two crops; received 1"):
        quantise(b"", crops_of(1), "noise", gap=1.0)


@pytest.mark.slow
def test_a_model_that_scores_by_depth(make_despoofer, tmp_path, monkeypatch):
    monkeypatch.setattr(choose_layers, "RANK_AIM", 0.0)
    model = make_despoofer()
    model.metadata = dataclasses.replace(model.metadata, score="depth")
    data = ExportData(calibration=crops_of(16), held_out=crops_of(8, seed=6), gap=1.0)
    report = export_tflite(model, tmp_path, ["int8"], data)
    figures = report["variants"]["int8"]
    assert figures["score"] == "depth" == read_tflite_metadata(tmp_path / "int8.tflite").score
    runner = open_interpreter((tmp_path / "int8.tflite").read_bytes())
    runner = runner.get_signature_runner("score")
    crop = crops_of(1, seed=7)
    depth = model.depth_net(model.despoof(crop.astype(np.float32) / 256)["hsv_rgb"])["depth"]
    # The score is sign and scale of the depth; how exact int8 is depends on the processor.
    tolerance = figures["bounds"]["largest"] * data.gap
    assert runner(image=crop)["score"][0] == pytest.approx(-np.mean(depth), abs=tolerance)
