"""Moving averages of weights: kept beside them, exchanged for validation, adopted at the end."""

import keras
from keras import ops


def copies_of(variables):
    """Variables of the same values, to become moving averages."""
    return [
        keras.Variable(variable, trainable=False, aggregation="only_first_replica")
        for variable in variables
    ]


def follow(averages, variables, decay, steps_done):
    """Moves the averages towards the variables after a step.

    The decay grows with the steps, as in TensorFlow 1's `ExponentialMovingAverage`, which the
    released code uses: min(decay, (1 + steps) / (10 + steps)).
    """
    done = ops.cast(steps_done, "float32")
    decay = ops.minimum(decay, (1.0 + done) / (10.0 + done))
    for average, variable in zip(averages, variables, strict=True):
        average.assign(average + (1.0 - decay) * (variable - average))


def exchange(averages, variables):
    """Swaps the values; twice is as never."""
    for average, variable in zip(averages, variables, strict=True):
        value = ops.convert_to_numpy(variable)
        variable.assign(ops.convert_to_numpy(average))
        average.assign(value)


def adopt(averages, variables):
    """Gives the variables the averages' values."""
    for average, variable in zip(averages, variables, strict=True):
        variable.assign(ops.convert_to_numpy(average))
