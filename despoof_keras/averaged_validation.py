"""Validation with the moving averages of the weights."""

import keras


class AveragedValidation(keras.callbacks.Callback):
    """Validates with the moving averages of the weights, and puts the weights back afterwards."""

    def on_test_begin(self, logs=None):
        self.model.swap_averages()

    def on_test_end(self, logs=None):
        self.model.swap_averages()
