"""The streaming ACER and AUC against the exact ones of `metrics`."""

import keras
import numpy as np
import pytest

from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.streaming_metric import PresentationAttackRates


def presentations(seed, bona_fide=64, attacks=(32, 32)):
    """Scores on a grid of 0.01, several bins apart everywhere; instrument 0 is bona fide."""
    random = np.random.default_rng(seed)
    counts = (bona_fide, *attacks)
    means = (30, 50, 65, 40)[: len(counts)]
    scores = [random.normal(mean, 15, n) for mean, n in zip(means, counts, strict=True)]
    score = np.clip(np.rint(np.concatenate(scores)), -20, 120) / 100
    instrument = np.repeat(np.arange(len(counts)), counts)
    order = random.permutation(len(score))
    return score[order].astype(np.float32), instrument[order].astype(np.int32)


def streamed(score, instrument, instruments=2):
    metric = PresentationAttackRates(instruments)
    metric.update_state(score, instrument)
    return {name: float(value) for name, value in metric.result().items()}


def exact(score, instrument):
    score = score.astype(np.float64)
    bona_fide, attack = score[instrument == 0], score[instrument > 0]
    species = instrument[instrument > 0]
    threshold = metrics.threshold_at_eer(bona_fide, attack)
    return {
        "acer": metrics.acer(bona_fide, attack, species, threshold),
        "auc": metrics.auc(bona_fide, attack),
    }


@pytest.mark.parametrize("seed", range(10))
def test_figures_are_the_exact_ones_at_the_equal_error_rate(seed):
    score, instrument = presentations(seed)
    assert streamed(score, instrument) == pytest.approx(exact(score, instrument), abs=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_figures_are_exact_for_classes_of_unequal_size(seed):
    score, instrument = presentations(seed, bona_fide=61, attacks=(37, 90, 16))
    found = streamed(score, instrument, instruments=3)
    assert found == pytest.approx(exact(score, instrument), abs=1e-6)


def test_figures_by_hand():
    # At a threshold in (0.3, 0.4): one of four bona fide is above (BPCER 1/4), print has one of
    # two below, replay none of two: pooled 1/4, the worst species 1/2. ACER (1/2 + 1/4) / 2.
    # AUC: pairs won: 0.4 beats 3, 0.5 ties with one: each of 0.6, 0.7 beats all 4, and 0.3 ties
    # with 0.3 and beats 2: 3 + 4 + 4 + 2.5 of 16.
    score = np.array([0.1, 0.2, 0.3, 0.5, 0.3, 0.4, 0.6, 0.7], np.float32)
    instrument = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    assert streamed(score, instrument) == pytest.approx({"acer": 0.375, "auc": 13.5 / 16})


def test_separated_classes_have_no_errors_and_swapped_ones_nothing_else():
    instrument = np.array([0, 0, 1, 2])
    right = streamed(np.array([-0.9, -0.5, 0.5, 3.0], np.float32), instrument)
    wrong = streamed(np.array([3.0, 0.5, -0.5, -0.9], np.float32), instrument)
    assert right == {"acer": 0.0, "auc": 1.0}
    assert wrong == {"acer": 1.0, "auc": 0.0}


def test_batches_add_up():
    score, instrument = presentations(0)
    metric = PresentationAttackRates(2)
    for start in range(0, len(score), 7):
        metric.update_state(score[start : start + 7], instrument[start : start + 7])
    found = {name: float(value) for name, value in metric.result().items()}
    assert found == streamed(score, instrument)


def test_a_reset_forgets_everything():
    metric = PresentationAttackRates(2)
    metric.update_state(*presentations(0))
    metric.reset_state()
    metric.update_state(*presentations(1))
    found = {name: float(value) for name, value in metric.result().items()}
    assert found == streamed(*presentations(1))
    assert found != streamed(*presentations(0))


@pytest.mark.parametrize("kept", [[], [0], [1, 2]])
def test_a_missing_class_gives_no_figure(kept):
    score, instrument = presentations(0)
    rows = np.isin(instrument, kept)
    found = streamed(score[rows], instrument[rows])
    assert np.isnan(found["acer"])
    assert np.isnan(found["auc"])


def test_a_missing_instrument_does_not_count():
    score, instrument = presentations(3)
    rows = instrument != 1
    found = streamed(score[rows], instrument[rows])
    assert found == pytest.approx(exact(score[rows], instrument[rows]), abs=1e-6)


def test_the_metric_survives_serialization():
    metric = PresentationAttackRates(5, name="watch")
    config = keras.saving.serialize_keras_object(metric)
    copy = keras.saving.deserialize_keras_object(config)
    assert isinstance(copy, PresentationAttackRates)
    assert (copy.instruments, copy.name) == (5, "watch")
    score, instrument = presentations(0)
    copy.update_state(score, instrument)
    assert float(copy.result()["acer"]) == streamed(score, instrument)["acer"]
