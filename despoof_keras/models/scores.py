"""Network outputs to spoof scores: one code for training, evaluation and the exported graph.

A spoof score is higher for attacks. A video's score is the mean over its frames.

Reference: the released model returns the mean absolute noise; the paper scores by the norm of the
noise and of the depth (section 3.4).
"""

from keras import ops

from despoof_keras.metadata import SCORE_NAMES


def _mean(x):
    """Mean over rows, columns and channels, axis by axis.

    TFLite's MEAN over three axes at once loses precision in tflite-runtime 2.14.
    """
    return ops.mean(ops.mean(ops.mean(ops.cast(x, "float32"), axis=1), axis=1), axis=1)


def noise_score(noise):
    """Mean absolute noise over all pixels and six channels. `(batch, S, S, 6)` to `(batch,)`."""
    return _mean(ops.abs(noise))


def zero_one_map_score(zero_one_map):
    """Mean of the 0/1 map. `(batch, S / 8, S / 8, 1)` to `(batch,)`."""
    return _mean(zero_one_map)


def depth_score(depth):
    """Minus the input's mean depth: flat is high. `(batch, S / 8, S / 8, 1)` to `(batch,)`."""
    return -_mean(depth)


def spoof_scores(outputs):
    """Every score that the networks' outputs allow.

    Args:
        outputs: mapping with `noise`, `zero_one_map` and `depth` (of the input), or some of them.

    Returns:
        Mapping from score name to `(batch,)`.
    """
    functions = {"noise": noise_score, "zero_one_map": zero_one_map_score, "depth": depth_score}
    return {name: functions[name](outputs[name]) for name in SCORE_NAMES if name in outputs}
