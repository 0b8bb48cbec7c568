"""Adam with a learning rate of its own for each layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras


@keras.saving.register_keras_serializable("despoof_keras")
class LayerwiseAdam(keras.optimizers.Adam):
    """Adam whose learning rate is multiplied by a factor for each variable.

    Factors on gradients would not do: Adam's steps do not depend on the gradients' scale.

    Args:
        factors: mapping from `keras.Variable.path` to a positive factor; variables that are not
            named have the factor 1.
        **kwargs: as in `keras.optimizers.Adam`.
    """

    def __init__(self, *args: Any, factors: Mapping[str, float] | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.factors = dict(factors or {})

    def build(self, variables: Sequence[keras.Variable]) -> None:
        self._factor_list = [self.factors.get(variable.path, 1.0) for variable in variables]
        super().build(variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        # A TensorFlow variable, of which only Keras knows which one it is.
        factor = self._factor_list[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * factor)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factors": self.factors}
