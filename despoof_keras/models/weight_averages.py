"""Moving averages of a model's weights, for validation and for use after training."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras
import tensorflow as tf
from keras import ops


class WeightAverages:
    """Mixin for a model that trains the networks in `networks()`.

    The averages are variables of the model, and are saved and restored with it; so are the states
    of dropout's random generators, which Keras does not save.
    """

    networks: Callable[[], tuple[keras.Model, ...]]

    def start_averages(self, decay: float | None) -> None:
        """Start the averages from the present values; with a decay of None there are none."""
        self.average_decay = decay
        self.averages: list[keras.Variable] = []
        if decay is not None:
            self.averages = [
                keras.Variable(
                    variable,
                    trainable=False,
                    dtype=variable.dtype,
                    aggregation="only_first_replica",
                )
                for variable in self.averaged_variables()
            ]

    def averaged_variables(self) -> list[keras.Variable]:
        """Return weights and batch norm statistics of the networks, in the order of `averages`."""
        seeds = {id(state) for state in self.seed_states()}
        return [v for network in self.networks() for v in network.variables if id(v) not in seeds]

    def seed_states(self) -> list[keras.Variable]:
        """Return the states of dropout's random generators, which are not averaged."""
        layers = (layer for network in self.networks() for layer in network.layers)
        return [layer.seed_generator.state for layer in layers if hasattr(layer, "seed_generator")]

    def update_averages(self, steps_done: tf.Tensor) -> None:
        """Move the averages towards the weights after a step.

        The decay grows with the number of steps, as in TensorFlow 1's `ExponentialMovingAverage`,
        which the released code uses: min(decay, (1 + steps) / (10 + steps)).
        """
        if not self.averages:
            return
        done = ops.cast(steps_done, "float32")
        decay = ops.minimum(self.average_decay, (1.0 + done) / (10.0 + done))
        for average, variable in self._pairs():
            average.assign(average + (1.0 - decay) * (variable - average))

    def swap_averages(self) -> None:
        """Swap the weights with their moving averages; calling it twice restores them."""
        for average, variable in self._pairs():
            value = ops.convert_to_numpy(variable)
            variable.assign(ops.convert_to_numpy(average))
            average.assign(value)

    def adopt_averages(self) -> None:
        """Replace the weights by their moving averages, for use after training."""
        for average, variable in self._pairs():
            variable.assign(ops.convert_to_numpy(average))

    def save_own_variables(self, store: Any) -> None:
        for name, variable in self._own_variables().items():
            store[name] = ops.convert_to_numpy(variable)

    def load_own_variables(self, store: Any) -> None:
        for name, variable in self._own_variables().items():
            variable.assign(store[name])

    def _own_variables(self):
        averages = {f"average_{n}": v for n, v in enumerate(self.averages)}
        return averages | {f"seed_{n}": v for n, v in enumerate(self.seed_states())}

    def _pairs(self) -> Iterable[tuple[keras.Variable, keras.Variable]]:
        return zip(self.averages, self.averaged_variables(), strict=True) if self.averages else ()
