"""Moving averages of weights: kept beside them, exchanged for validation, adopted at the end."""

import keras
from keras import ops


class WeightAverages:
    """Mixed into a model whose `networks()` are what it trains.

    The averages are variables of the model, so that they are saved and restored with it.
    """

    def start_averages(self, decay):
        """Makes the averages, of the present values; None for a decay makes none."""
        self.average_decay = decay
        self.averages = []
        if decay is not None:
            self.averages = [
                keras.Variable(variable, trainable=False, aggregation="only_first_replica")
                for variable in self.averaged_variables()
            ]

    def averaged_variables(self):
        """Weights and batch norm statistics of the networks, in the order of `averages`."""
        seeds = {id(state) for state in self.seed_states()}
        return [v for network in self.networks() for v in network.variables if id(v) not in seeds]

    def seed_states(self):
        """The states of dropout's random numbers, which have no average."""
        layers = (layer for network in self.networks() for layer in network.layers)
        return [layer.seed_generator.state for layer in layers if hasattr(layer, "seed_generator")]

    def follow_averages(self, steps_done):
        """Moves the averages towards the weights after a step.

        The decay grows with the steps, as in TensorFlow 1's `ExponentialMovingAverage`, which the
        released code uses: min(decay, (1 + steps) / (10 + steps)).
        """
        if not self.averages:
            return
        done = ops.cast(steps_done, "float32")
        decay = ops.minimum(self.average_decay, (1.0 + done) / (10.0 + done))
        for average, variable in self._pairs():
            average.assign(average + (1.0 - decay) * (variable - average))

    def swap_averages(self):
        """Exchanges the weights and their moving averages; twice is as never."""
        for average, variable in self._pairs():
            value = ops.convert_to_numpy(variable)
            variable.assign(ops.convert_to_numpy(average))
            average.assign(value)

    def adopt_averages(self):
        """Makes the moving averages the weights, for use after training."""
        for average, variable in self._pairs():
            variable.assign(ops.convert_to_numpy(average))

    def _pairs(self):
        return zip(self.averages, self.averaged_variables(), strict=True) if self.averages else ()
