"""Training that loses its loss ends at once, and says what is kept."""

import keras
import numpy as np
import pytest

from despoof_keras.errors import TrainingError
from despoof_keras.training.callbacks import RunGuard

X = np.linspace(-1, 1, 24, dtype="float32").reshape(12, 2)
Y = X.sum(axis=1, keepdims=True)


def fit(rate, kept=None, validation=None):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), loss="mse")
    guard = RunGuard(lambda: kept)
    return model.fit(
        X, Y, batch_size=4, epochs=3, validation_data=validation, callbacks=[guard], verbose=0
    )


def test_a_sound_run_goes_on_to_its_end():
    assert len(fit(1e-2, validation=(X, Y)).history["loss"]) == 3


def test_a_loss_that_is_not_finite_names_the_step_and_that_nothing_is_kept():
    with pytest.raises(TrainingError) as caught:
        fit(1e30)
    assert str(caught.value).startswith("training stopped in epoch 1, step 2, not finite: loss; ")
    assert "there is no checkpoint from before" in str(caught.value)
    assert "learning_rate" in str(caught.value)


def test_a_loss_that_explodes_stops_the_run_and_names_the_checkpoint():
    with pytest.raises(TrainingError, match=r"epoch 1, step 2, exploded: loss .*; kept.keras is"):
        fit(1e4, kept="kept.keras")


def test_weights_that_only_the_validation_sees_are_not_kept():
    # The step is the epoch's last, so that no loss in training is computed with what it has left.
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e4), loss="mse")
    with pytest.raises(TrainingError, match=r"validation after epoch 1, exploded: .*val_loss"):
        model.fit(
            X,
            Y,
            batch_size=len(X),
            validation_data=(X, Y),
            callbacks=[RunGuard(lambda: None)],
            verbose=0,
        )
