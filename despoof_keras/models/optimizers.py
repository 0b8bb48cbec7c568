"""A model's networks and their optimizers: compiled, saved and loaded together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from despoof_keras.distribution.gradients import build_optimizers, check_compile_settings
from despoof_keras.distribution.xla import compile_methods
from despoof_keras.models.layers import has_synchronized_norms
from despoof_keras.models.precision import precision


class OwnOptimizers(keras.Model):
    """Keras model that trains the networks in `networks()`, each with an optimizer of its own.

    The optimizers are saved with the model.
    """

    # The attributes with the optimizers, in the order of `networks()`, and arguments of `compile`.
    OPTIMIZERS: tuple[str, ...] = ("optimizer",)
    networks: Callable[[], tuple[keras.Model, ...]]

    def compile_networks(
        self,
        optimizers: Sequence[keras.optimizers.Optimizer],
        parts: Mapping[str, Sequence[keras.Variable]],
        jit_compile: bool,
        **kwargs: Any,
    ) -> None:
        """Configure training; the work of `compile`.

        Args:
            optimizers: one for each network.
            parts: the methods that XLA can compile, see `xla.compile_methods`.
            jit_compile: whether it does.
            **kwargs: as in `keras.Model.compile`.

        Raises:
            ValueError: the settings would silently train differently on several replicas.
        """
        synchronized_norm = any(map(has_synchronized_norms, self.networks()))
        with self.distribute_strategy.scope():
            check_compile_settings(kwargs, jit_compile, synchronized_norm)
            built = build_optimizers(optimizers, self.networks(), self.dtype_policy.name)
            for name, optimizer in zip(self.OPTIMIZERS[1:], built[1:], strict=True):
                setattr(self, name, optimizer)
            # Keras' own jit_compile would compile the update of the weights as well.
            super().compile(optimizer=built[0], jit_compile=False, **kwargs)
        self.jit_gradients = jit_compile
        compile_methods(self, parts, jit_compile)

    def optimizers(self) -> tuple[keras.optimizers.Optimizer, ...]:
        """Return the optimizers in the order of `networks()`."""
        return tuple(getattr(self, name) for name in self.OPTIMIZERS)

    def get_compile_config(self) -> dict[str, Any] | None:
        if not self.compiled:
            return None
        saved = [keras.saving.serialize_keras_object(one) for one in self.optimizers()]
        return {**dict(zip(self.OPTIMIZERS, saved, strict=True)), "jit_compile": self.jit_gradients}

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        with precision(self.dtype_policy):
            optimizers = {
                name: keras.saving.deserialize_keras_object(config[name])
                for name in self.OPTIMIZERS
            }
            self.compile(**optimizers, jit_compile=config.get("jit_compile", False))
