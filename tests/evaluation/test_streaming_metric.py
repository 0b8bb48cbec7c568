"""The streaming ACER and AUC compared with the exact ones in `metrics`."""

import keras
import numpy as np
import pytest

from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.streaming_metric import PresentationAttackRates


def presentations(seed, bona_fide=64, attacks=(32, 32)):
    """Return scores on a grid of 0.01, which is several bins everywhere, and instruments."""
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
def test_the_metric_is_exact(seed):
    score, instrument = presentations(seed)
    assert streamed(score, instrument) == pytest.approx(exact(score, instrument), abs=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_the_metric_is_exact_for_classes_of_unequal_size(seed):
    score, instrument = presentations(seed, bona_fide=61, attacks=(37, 90, 16))
    rates = streamed(score, instrument, instruments=3)
    assert rates == pytest.approx(exact(score, instrument), abs=1e-6)


def test_acer_and_auc_computed_by_hand():
    # At a threshold in (0.3, 0.4), one of four bona fide scores is above (BPCER 1/4), and one of
    # two print scores and none of two replay scores are below: pooled 1/4, the worst species 1/2.
    # ACER = (1/2 + 1/4) / 2. AUC: 0.4 is above 3 bona fide scores, 0.6 and 0.7 are above all 4, and
    # 0.3 is above 2 and ties with 0.3: 3 + 4 + 4 + 2.5 of 16 pairs.
    score = np.array([0.1, 0.2, 0.3, 0.5, 0.3, 0.4, 0.6, 0.7], np.float32)
    instrument = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    assert streamed(score, instrument) == pytest.approx({"acer": 0.375, "auc": 13.5 / 16})


def test_separated_classes_give_no_errors_and_swapped_classes_only_errors():
    instrument = np.array([0, 0, 1, 2])
    separated = streamed(np.array([-0.9, -0.5, 0.5, 3.0], np.float32), instrument)
    swapped = streamed(np.array([3.0, 0.5, -0.5, -0.9], np.float32), instrument)
    assert separated == {"acer": 0.0, "auc": 1.0}
    assert swapped == {"acer": 1.0, "auc": 0.0}


def test_batches_accumulate():
    score, instrument = presentations(0)
    metric = PresentationAttackRates(2)
    for start in range(0, len(score), 7):
        metric.update_state(score[start : start + 7], instrument[start : start + 7])
    rates = {name: float(value) for name, value in metric.result().items()}
    assert rates == streamed(score, instrument)


def test_a_reset_forgets_everything():
    metric = PresentationAttackRates(2)
    metric.update_state(*presentations(0))
    metric.reset_state()
    metric.update_state(*presentations(1))
    rates = {name: float(value) for name, value in metric.result().items()}
    assert rates == streamed(*presentations(1))
    assert rates != streamed(*presentations(0))


@pytest.mark.parametrize("present", [[], [0], [1, 2]])
def test_without_a_class_the_rates_are_nan(present):
    score, instrument = presentations(0)
    rows = np.isin(instrument, present)
    rates = streamed(score[rows], instrument[rows])
    assert np.isnan(rates["acer"])
    assert np.isnan(rates["auc"])


def test_a_missing_instrument_is_left_out():
    score, instrument = presentations(3)
    rows = instrument != 1
    rates = streamed(score[rows], instrument[rows])
    assert rates == pytest.approx(exact(score[rows], instrument[rows]), abs=1e-6)


def test_the_metric_survives_serialization():
    metric = PresentationAttackRates(5, name="watch")
    config = keras.saving.serialize_keras_object(metric)
    copy = keras.saving.deserialize_keras_object(config)
    assert isinstance(copy, PresentationAttackRates)
    assert (copy.instruments, copy.name) == (5, "watch")
    score, instrument = presentations(0)
    copy.update_state(score, instrument)
    assert float(copy.result()["acer"]) == streamed(score, instrument)["acer"]
