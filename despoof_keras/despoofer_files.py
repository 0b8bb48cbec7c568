"""What a `Despoofer` writes into a `.keras` file, so that training goes on where it stood."""

import dataclasses

import keras
from keras import ops

from despoof_keras.loss_weights import LossWeights
from despoof_keras.metadata import ModelMetadata

_NETWORKS = ("ds_net", "depth_net", "discriminator")
_OPTIMIZERS = ("optimizer", "depth_optimizer", "discriminator_optimizer")


class DespooferFiles:
    """The part of `Despoofer` that Keras calls to save and load it."""

    def get_config(self):
        networks = {name: getattr(self, name) for name in _NETWORKS}
        return {
            **super().get_config(),
            **{k: keras.saving.serialize_keras_object(v) for k, v in networks.items()},
            "loss_weights": dataclasses.asdict(self.loss_weights),
            "attack_depth": self.attack_depth,
            "instruments": self.instruments,
            "average_decay": self.average_decay,
            "metadata": self.metadata.to_dict(),
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        for name in _NETWORKS:
            config[name] = keras.saving.deserialize_keras_object(config[name])
        config["loss_weights"] = LossWeights(**config["loss_weights"])
        if "metadata" in config:
            config["metadata"] = ModelMetadata.from_dict(config["metadata"], "metadata")
        else:  # saved before there was metadata, see `read_metadata`
            size, score = config["ds_net"].input.shape[1], config.pop("score")
            config["metadata"] = ModelMetadata(size, score, package_version=None)
        return cls(**config)

    def get_compile_config(self):
        if not self.compiled:
            return None
        optimizers = {name: getattr(self, name) for name in _OPTIMIZERS}
        saved = {k: keras.saving.serialize_keras_object(v) for k, v in optimizers.items()}
        return {**saved, "jit_compile": self.jit_gradients}

    def compile_from_config(self, config):
        optimizers = {k: keras.saving.deserialize_keras_object(config[k]) for k in _OPTIMIZERS}
        self.compile(**optimizers, jit_compile=config.get("jit_compile", False))

    def _own_variables(self):
        """Moving averages, and dropout's random state, which Keras itself saves nowhere."""
        averages = {f"average_{n}": v for n, v in enumerate(self.averages)}
        return averages | {f"seed_{n}": v for n, v in enumerate(self.seed_states())}

    def save_own_variables(self, store):
        for name, variable in self._own_variables().items():
            store[name] = ops.convert_to_numpy(variable)

    def load_own_variables(self, store):
        for name, variable in self._own_variables().items():
            variable.assign(store[name])
