"""The functions behind a model's signatures, the same for Keras models and exported graphs."""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import ops

from despoof_keras.faces.crop import PIXEL_SCALE
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.models.scores import spoof_scores

# Lower than any noise. LiteRT's WebGPU delegate (2.3) gives garbage for an output that other
# operations of the graph read, as the live estimate reads the noise; this maximum, which changes
# nothing, makes an output of its own. The number is the lowest in half precision.
LOWEST_HALF = -65504.0
# A function from an image tensor to the outputs of a signature.
Endpoint = Callable[[tf.Tensor], dict[str, tf.Tensor]]


def score_endpoint(model: Despoofer) -> Endpoint:
    """Make a function from face crops to spoof scores, without anything the score does not need.

    Args:
        model: Model to run.

    Returns:
        Function of `image`, a `(batch, S, S, 3)` RGB tensor of 8-bit values (uint8, or float32 in
        [0, 255]), that returns `{"score": (batch,)}`, float32.
    """
    ds_net, name = model.ds_net, model.score
    output = ds_net.get_layer("hsv_rgb").output if name == "depth" else ds_net.output[name]
    part = keras.Model(ds_net.input, output)

    def score(image):
        output = part(_network_range(image), training=False)
        if name == "depth":
            output = model.depth_net(output, training=False)["depth"]
        return {"score": spoof_scores({name: output})[name]}

    return score


def despoof_endpoint(model: Despoofer, with_depth: bool = False) -> Endpoint:
    """Make a function from face crops to the spoof score and DSNet's outputs.

    Args:
        model: Model to run.
        with_depth: Return the input's depth too.

    Returns:
        Function of `image`, as in `score_endpoint`, that returns, in float32, `score` `(batch,)`,
        `noise` and `live_estimate` `(batch, S, S, 6)` (HSV, then RGB; the live estimate in the
        networks' input range), `zero_one_map` `(batch, S / 8, S / 8, 1)` and, with `with_depth`,
        `depth` `(batch, S / 8, S / 8, 1)`.
    """
    name = model.score
    has_depth = with_depth or name == "depth"

    def despoof(image):
        despoofed = model.despoof(_network_range(image))
        outputs = {key: despoofed[key] for key in ("noise", "live_estimate", "zero_one_map")}
        if has_depth:
            outputs["depth"] = model.depth_net(despoofed["hsv_rgb"], training=False)["depth"]
        outputs["score"] = spoof_scores(outputs)[name]
        outputs["noise"] = ops.maximum(outputs["noise"], LOWEST_HALF)
        if not with_depth:
            outputs.pop("depth", None)
        return {key: ops.cast(value, "float32") for key, value in outputs.items()}

    return despoof


def light_endpoint(model: Despoofer) -> Endpoint:
    """Make a function from face crops to the 0/1 map and its score: the encoder and the map's head.

    Args:
        model: Model to run.

    Returns:
        Function of `image`, as in `score_endpoint`, that returns `score` `(batch,)`, the mean of
        the map, and `zero_one_map` `(batch, S / 8, S / 8, 1)`, float32.
    """
    name = "zero_one_map"
    part = keras.Model(model.ds_net.input, model.ds_net.output[name])

    def light(image):
        zero_one_map = part(_network_range(image), training=False)
        return {"score": spoof_scores({name: zero_one_map})[name], name: zero_one_map}

    return light


def _network_range(image):
    return tf.cast(image, tf.float32) / PIXEL_SCALE
