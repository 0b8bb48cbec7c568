"""The loss guard stops training and names the last checkpoint; the history survives a restart."""

import keras
import numpy as np
import pytest

from despoof_keras.errors import TrainingError
from despoof_keras.training.callbacks import RunGuard, RunHistory
from despoof_keras.training.run_folder import read_history

X = np.linspace(-1, 1, 24, dtype="float32").reshape(12, 2)
Y = X.sum(axis=1, keepdims=True)


def fit(rate, checkpoint=None, validation=None):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), loss="mse")
    guard = RunGuard(lambda: checkpoint)
    return model.fit(
        X, Y, batch_size=4, epochs=3, validation_data=validation, callbacks=[guard], verbose=0
    )


def test_a_healthy_run_is_not_stopped():
    assert len(fit(1e-2, validation=(X, Y)).history["loss"]) == 3


def test_a_loss_that_is_not_finite_names_the_step_and_the_lack_of_a_checkpoint():
    with pytest.raises(TrainingError) as caught:
        fit(1e30)
    assert str(caught.value).startswith("training stopped in epoch 1, step 2, not finite: loss; ")
    assert "there is no earlier checkpoint" in str(caught.value)
    assert "learning_rate" in str(caught.value)


def test_a_loss_that_diverges_stops_the_run_and_names_the_checkpoint():
    with pytest.raises(
        TrainingError,
        match=r"epoch 1, step 2, diverged: loss .*; the last good .* good\.keras is kept",
    ):
        fit(1e4, checkpoint="good.keras")


def test_weights_that_only_validation_sees_are_not_kept():
    # The epoch has a single step, so no training loss is computed with the weights that it leaves.
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e4), loss="mse")
    with pytest.raises(TrainingError, match=r"validation after epoch 1, diverged: .*val_loss"):
        model.fit(
            X,
            Y,
            batch_size=len(X),
            validation_data=(X, Y),
            callbacks=[RunGuard(lambda: None)],
            verbose=0,
        )


HISTORY = "epoch,learning_rate,loss,acer\n1,0.1,3.0,0.5\n2,0.1,2.0,0.4\n3,0.1,1.0"


def test_the_history_is_cut_back_to_the_checkpoint_and_continued(tmp_path):
    # The columns are in another order than Keras', and the last row is incomplete.
    (tmp_path / "history.csv").write_text(HISTORY)
    assert [row["epoch"] for row in read_history(tmp_path)] == ["1", "2"]
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.25), loss="mse")
    history = RunHistory(tmp_path, epochs_done=1)
    history.set_model(model)
    history.on_train_begin()
    history.on_epoch_end(1, {"loss": 1.5, "acer": 0.25})
    history.on_train_end()
    rows = read_history(tmp_path)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert [float(row["loss"]) for row in rows] == [3.0, 1.5]
    assert [float(row["acer"]) for row in rows] == [0.5, 0.25]
    assert float(rows[1]["learning_rate"]) == 0.25


def test_a_new_run_starts_a_new_history(tmp_path):
    (tmp_path / "history.csv").write_text(HISTORY)
    RunHistory(tmp_path)
    assert read_history(tmp_path) == []
