"""Crops that are simulated anew whenever they are drawn for training, inside `tf.data`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from despoof_keras.datasets.augment import simulate
from despoof_keras.datasets.crops import CropSettings, PreparedCrops


def fresh_crop(
    record: Mapping[str, tf.Tensor], index: tf.Tensor, seed: tf.Tensor, crops: PreparedCrops
) -> tf.Tensor:
    """Simulate a crop of a simulated video; that of any other video stays as it is.

    Args:
        record: as from `shards.parse_record`.
        index: of the record in its epoch, int64.
        seed: of the epoch, int64; with the index it decides every draw.
        crops: what the record is of; all simulated videos are fresh.

    Returns:
        uint8 `(height, width, 3)` RGB.
    """
    simulations = {
        sample.key.encode(): sample.simulation for sample in crops.samples if sample.simulation
    }
    eyes = eyes_in_crop(crops.settings)

    def made(image, key, index, seed):
        return simulate(simulations[key], image, eyes, int(seed), int(index))[0]

    def simulated():
        inputs = [record["image"], record["key"], index, seed]
        return tf.numpy_function(made, inputs, tf.uint8, stateful=False)

    keys = tf.constant(list(simulations), tf.string)
    image = tf.cond(tf.reduce_any(keys == record["key"]), simulated, lambda: record["image"])
    return tf.ensure_shape(image, record["image"].shape)


def eyes_in_crop(settings: CropSettings) -> np.ndarray:
    """Where the rule of a crop puts the eyes in it, with its jitter around: `(4,)` pixels.

    They are where the rule has them if they are level; it knows no tilt.
    """
    rule, jitter = settings.crop_rule, settings.jitter
    distance = settings.image_size / rule.side
    x, y = jitter + rule.left * distance, jitter + rule.up * distance
    return np.array([x, y, x + distance, y])
