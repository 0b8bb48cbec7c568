"""Training's progress lines: what they tell, how often, and where `fit` calls for them."""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.training.callbacks import ProgressLines

LOGGER = "despoof_keras.training.callbacks"


class Clock:
    """A clock that goes on by a second whenever it is read."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


@pytest.fixture
def lines(caplog):
    """Function from a `ProgressLines` and arguments of `fit` to the lines that it logs."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    batches = tf.data.Dataset.from_tensors((np.ones((1, 1)), np.ones((1, 1)))).repeat()

    def fit(callback, **arguments):
        caplog.clear()
        with caplog.at_level(logging.INFO, LOGGER):
            model.fit(batches, shuffle=False, verbose=0, callbacks=[callback], **arguments)
        return [record.message for record in caplog.records if record.name == LOGGER]

    return fit


def test_lines_tell_epoch_step_loss_and_time_left(lines):
    found = lines(ProgressLines(interval=2, clock=Clock()), epochs=3, steps_per_epoch=4)
    # Twelve steps of a second each; the clock has been read once before them.
    assert len(found) == 6
    assert found[0].startswith("epoch 1 of 3, step 2 of 4, loss ")
    assert found[0].endswith(", 10 s left")
    assert found[2].startswith("epoch 2 of 3, step 2 of 4, loss ")
    assert found[2].endswith(", 6 s left")
    assert found[-1].endswith(", 0 s left")


def test_the_first_step_promises_nothing(lines):
    (only,) = lines(ProgressLines(interval=0, clock=Clock()), epochs=1, steps_per_epoch=1)
    assert only.startswith("epoch 1 of 1, step 1 of 1, loss ")
    assert "left" not in only


def test_a_resumed_run_counts_its_own_steps(lines):
    found = lines(
        ProgressLines(interval=1, clock=Clock()), epochs=3, initial_epoch=2, steps_per_epoch=4
    )
    assert found[1].startswith("epoch 3 of 3, step 2 of 4")
    assert found[1].endswith(", 2 s left")


def test_a_long_validation_shows_itself(lines):
    validation = tf.data.Dataset.from_tensors((np.ones((1, 1)), np.ones((1, 1)))).repeat(5)
    found = lines(
        ProgressLines(interval=3, clock=Clock()),
        epochs=1,
        steps_per_epoch=1,
        validation_data=validation,
    )
    assert found == ["epoch 1 of 1, validation step 2", "epoch 1 of 1, validation step 5"]


def test_a_short_run_logs_nothing(lines):
    assert lines(ProgressLines(), epochs=1, steps_per_epoch=3) == []


def test_a_data_set_is_fitted_without_a_warning(lines, recwarn):
    lines(ProgressLines(), epochs=1, steps_per_epoch=1)
    assert [str(w.message) for w in recwarn if "shuffle" in str(w.message)] == []
