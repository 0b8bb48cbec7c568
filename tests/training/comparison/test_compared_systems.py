"""Which systems and folds are compared, and what an ablation changes."""

import dataclasses

import pytest

from despoof_keras.datasets.data_sets import data_set
from despoof_keras.datasets.protocol_folds import Fold, folds_of
from despoof_keras.errors import DataError
from despoof_keras.models.loss_weights import PAPER_WEIGHTS, RELEASED_WEIGHTS, TERMS
from despoof_keras.training.comparison.ablations import ABLATIONS, ablated
from despoof_keras.training.comparison.baselines import BASELINES
from despoof_keras.training.comparison.systems import chosen, systems_of
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.presets import CONFIGURATIONS, EMBEDDED, PAPER

OULU = data_set("oulu_npu")


def changed(config, other):
    values = dataclasses.asdict(config)
    return {n: v for n, v in dataclasses.asdict(other).items() if v != values[n]}


@pytest.mark.parametrize("term", TERMS)
def test_a_term_that_is_left_out_has_no_weight_and_the_others_keep_theirs(term):
    own = ablated(f"without_{term}", EMBEDDED)
    assert set(changed(EMBEDDED, own)) == {"loss_weights"}
    weights = own.term_weights()
    assert weights[term] == 0
    assert {name for name in TERMS if weights[name] != RELEASED_WEIGHTS[name]} == {term}


def test_other_ablations_change_what_they_say():
    assert changed(EMBEDDED, ablated("attack_depth_face", EMBEDDED)) == {"attack_depth": "face"}
    assert changed(PAPER, ablated("attack_depth_zero", PAPER)) == {"attack_depth": "zero"}
    assert ablated("paper_weights", EMBEDDED).term_weights() == PAPER_WEIGHTS
    assert changed(EMBEDDED, ablated("paper_reading", EMBEDDED)) == {
        "attack_depth": "face",
        "visual_quality_on": "attack",
        "depth_pretraining_epochs": EMBEDDED.epochs,
    }


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("attack_depth_zero", EMBEDDED),
        ("attack_depth_face", PAPER),
        ("paper_weights", PAPER),
        ("paper_reading", PAPER),
        # The paper's weights of terms that only the released code has are 0 already.
        ("without_spoof_noise", PAPER),
        # The same weights, spelled out.
        ("paper_weights", TrainingConfig(loss_weights=dict(PAPER_WEIGHTS))),
        # The only term.
        ("without_magnitude", TrainingConfig(loss_weights={"magnitude": 1.0})),
    ],
)
def test_an_ablation_that_changes_nothing_or_leaves_nothing_is_no_system(name, config):
    assert ablated(name, config) is None
    assert name not in systems_of(config)
    with pytest.raises(DataError, match=rf"{name}: expected a change.*no other term"):
        chosen(systems_of(config), [name])


@pytest.mark.parametrize("config", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_every_system_trains_something_of_its_own(config):
    systems = systems_of(config)
    trained = [s for s in systems.values() if s.kind in ("full", "ablation")]
    different = {
        str({**dataclasses.asdict(s.config), "loss_weights": s.config.term_weights()})
        for s in trained
    }
    assert len(different) == len(trained)
    assert len({system.title for system in systems.values()}) == len(systems)
    assert set(systems) >= {"full", "score_noise", "score_zero_one_map", *BASELINES}
    assert all(systems[name].config == config for name in BASELINES)


def test_rows_are_chosen_by_name_or_by_kind_in_the_order_of_the_table():
    systems = systems_of(EMBEDDED)

    def names(*rows):
        return [system.name for system in chosen(systems, rows or None)]

    assert names("statistics", "lbp_svm") == ["lbp_svm", "statistics"]
    assert names("baselines") == list(BASELINES)
    assert set(names("ablations")) == set(ABLATIONS) - {"attack_depth_zero"}
    # The scores of the full DSNet come from its run.
    assert names("score_depth", "score_fusion") == ["full"]
    assert names("full", "baselines", "ablations") == names()
    with pytest.raises(DataError, match=r"--rows: expected names among .*cnn.*received 'lpb'"):
        names("lpb")


def test_folds_are_listed_by_protocol():
    listed = folds_of(OULU, None, None)
    assert [fold.folder for fold in listed] == [
        *("p1", "p2"),
        *(f"p3-fold{number}" for number in range(1, 7)),
        *(f"p4-fold{number}" for number in range(1, 7)),
    ]
    # Only some protocols have folds.
    assert folds_of(OULU, [4, 1], [2]) == [Fold(4, 2), Fold(1)]
    assert folds_of(OULU, [1, 1], None) == [Fold(1)]


@pytest.mark.parametrize(
    ("protocols", "folds", "message"),
    [
        ([5], None, r"--protocols: .*1, 2, 3, 4; received 5"),
        ([3], [7], r"--folds: .*received 7"),
        ([3, 4], [1, 7], r"--folds: .*received .*7"),
        ([1, 2], [1], r"--folds: .*received 1"),
    ],
)
def test_protocols_and_folds_that_there_are_not_are_refused(protocols, folds, message):
    with pytest.raises(DataError, match=message):
        folds_of(OULU, protocols, folds)


def test_protocols_may_be_given_as_text_or_by_name():
    assert folds_of(OULU, ["3", 1], [2]) == [Fold(3, 2), Fold(1)]
    casia = data_set("casia_fasd")
    assert folds_of(casia, ["overall"]) == [Fold("overall")]
    assert Fold("cross_validation", 2).folder == "cross_validation-fold2"
