"""Learning rates of single layers, by their names; layers with the rate 0 stay as they are.

A layer is named `<network>/<layer>`, such as `ds_net/encoder_1_1_conv`. The networks are `ds_net`,
`depth_net` and `discriminator`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

import keras

from despoof_keras.errors import DataError
from despoof_keras.models.despoofer import Despoofer

NETWORKS = ("ds_net", "depth_net", "discriminator")


def freeze_layers(model: Despoofer, rates: Mapping[str, float]) -> None:
    """Freeze every layer whose factor is 0: its weights and its batch norm statistics.

    Args:
        model: not compiled yet.
        rates: mapping from patterns of names, in which `*` stands for any text, to factors on the
            learning rate; the last pattern that fits a layer counts. A network's name stands for
            all of its layers.

    Raises:
        DataError: a pattern fits no layer, or no layer of DSNet is left to train.
    """
    names = [name for name, _ in _layers(model)]
    for pattern in rates:
        if not any(_fits(pattern, name) for name in names):
            raise DataError(
                f"layer_rates: expected names of layers such as {names[0]} or {names[-1]}, or of "
                f"networks ({', '.join(NETWORKS)}); received {pattern!r}"
            )
    for name, layer in _layers(model):
        layer.trainable = _factor(name, rates) > 0
    if not model.ds_net.trainable_variables:
        raise DataError("layer_rates: expected layers of ds_net to train; all have the rate 0")


def factors_of(network: str, model: Despoofer, rates: Mapping[str, float]) -> dict[str, float]:
    """The factors of a network's variables, for `LayerwiseAdam`; without those that are 1.

    Args:
        network: one of `NETWORKS`.
        model: whose network it is.
        rates: as for `freeze_layers`.
    """
    return {
        variable.path: factor
        for name, layer in _layers(model)
        if name.startswith(f"{network}/") and (factor := _factor(name, rates)) != 1
        for variable in layer.trainable_variables
    }


def _layers(model: Despoofer) -> Iterator[tuple[str, keras.layers.Layer]]:
    """The layers that have weights, with their names."""
    for network, own in zip(NETWORKS, model.networks(), strict=True):
        for layer in own.layers:
            if layer.weights:
                yield f"{network}/{layer.name}", layer


def _factor(name, rates):
    fitting = [factor for pattern, factor in rates.items() if _fits(pattern, name)]
    return fitting[-1] if fitting else 1.0


def _fits(pattern, name):
    return pattern == name.partition("/")[0] or fnmatchcase(name, pattern)
