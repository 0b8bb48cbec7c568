"""The best epoch of a history, and when no further one is waited for."""

import csv

import pytest

from despoof_keras.training.early_stopping import (
    best_epoch,
    best_path,
    has_stopped,
    keep_initial,
)


@pytest.fixture
def history(tmp_path):
    """Function that writes a history with these areas under the curve."""

    def write(*values):
        with (tmp_path / "history.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["epoch", "val_auc"])
            writer.writeheader()
            for epoch, value in enumerate(values, start=1):
                writer.writerow({"epoch": epoch, "val_auc": value})
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("values", "best"),
    [
        ((), None),
        ((0.5,), 1),
        ((0.5, 0.7, 0.6), 2),
        ((0.7, 0.9, 0.9, 0.9), 2),
        (("nan", 0.4), 2),
        (("nan", "nan"), None),
    ],
)
def test_the_best_epoch_is_the_first_of_the_highest(values, best, history):
    assert best_epoch(history(*values)) == best


@pytest.mark.parametrize(
    ("values", "patience", "stopped"),
    [
        ((0.5, 0.4), 2, False),
        ((0.5, 0.4, 0.5), 2, True),
        ((0.5, 0.4, 0.6), 2, False),
        ((0.5, 0.4, 0.3), None, False),
        ((), 1, False),
    ],
)
def test_training_stops_after_so_many_epochs_without_a_better_one(
    values, patience, stopped, history
):
    assert has_stopped(history(*values), len(values), patience) is stopped


class Saved:
    """Stands for a model, of which nothing is needed here but its file."""

    def save(self, path):
        path.write_text("initial")


@pytest.mark.parametrize(
    ("values", "best", "stopped"),
    [((), 0, False), ((0.8, 0.7), 0, True), ((0.9, 0.85), 0, True), ((0.8, 0.95), 2, False)],
)
def test_a_model_that_training_begins_with_may_be_the_best(values, best, stopped, history):
    folder = history(*values)
    keep_initial(folder, Saved(), 0.9)
    assert best_epoch(folder) == best
    assert has_stopped(folder, len(values), 2) is stopped
    assert best_path(folder).read_text() == "initial"
