"""The authors' released weights: reading them and loading them into this package's networks.

github.com/yaojieliu/ECCV2018-FaceDeSpoofing, MIT licence, Copyright 2019 Yaojie Liu. According to
the folder's name the model was trained on OULU-NPU protocol 1. The weights are not part of this
package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.metadata import ModelMetadata
from despoof_keras.models.depth_net import build_depth_net
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.models.discriminator import build_discriminator
from despoof_keras.models.ds_net import build_ds_net
from despoof_keras.utils.files import read_arrays

IMAGE_SIZE = 256

# Mean scores of the authors' example videos of a live face and a print, computed with the released
# graph and crop (their replay video scores 0.527).
EXAMPLE_LIVE_SCORE = 0.126
EXAMPLE_PRINT_SCORE = 0.467
METADATA = ModelMetadata(
    image_size=IMAGE_SIZE,
    score="noise",
    threshold=(EXAMPLE_LIVE_SCORE + EXAMPLE_PRINT_SCORE) / 2,
    threshold_rule=(
        "midway between the mean scores of the authors' live and print example videos "
        f"({EXAMPLE_LIVE_SCORE} and {EXAMPLE_PRINT_SCORE}); not calibrated on any dev set"
    ),
    training_data="OULU-NPU protocol 1, by the released folder's name",
    # The authors' script does not round the resized crops.
    crop_dtype="float32",
    licence="MIT, Copyright 2019 Yaojie Liu (github.com/yaojieliu/ECCV2018-FaceDeSpoofing)",
)

# Name of a layer here -> scope of the variables in the released code.
_ENCODER = {
    "encoder_0": "conv0",
    "encoder_1_1": "conv1",
    "encoder_1_2": "bconv1",
    "encoder_1_3": "conv2",
    "encoder_2_1": "conv3",
    "encoder_2_2": "bconv2",
    "encoder_2_3": "conv4",
    "encoder_3_1": "conv5",
    "encoder_3_2": "bconv3",
    "encoder_3_3": "conv6",
}
_DS_NET = {
    **_ENCODER,
    "zero_one_map_1": "conv7",
    "zero_one_map_2": "conv8",
    "zero_one_map": "conv11",
    "decoder_1": "conv9",
    "decoder_2": "conv10",
    "decoder_3": "conv12",
    "decoder_4": "conv13",
    "decoder_5": "conv14",
    "decoder_6": "conv15",
    "decoder_7": "conv16",
    "noise": "conv17",
}
_DEPTH_NET = {**_ENCODER, "depth_1": "conv7", "depth_2": "conv8", "depth": "conv11"}
_DISCRIMINATOR = {
    "stage_1_1": "conv9",
    "stage_1_2": "conv10",
    "stage_2_1": "conv12",
    "stage_2_2": "conv13",
    "stage_3_1": "conv14",
    "stage_3_2": "conv15",
    "evidence": "conv16",
    "dense": "bconv15_sc333_dis",
    "logits": "bconv10_sc",
}
# The order in which Keras keeps the variables of batch normalisation.
_NORM_VARIABLES = ("gamma", "beta", "moving_mean", "moving_variance")


def read_released_variables(path: str | Path) -> dict[str, np.ndarray]:
    """Read the variables of the released model.

    Args:
        path: the authors' SavedModel folder (their `lib/`, with `variables/` inside), its
            `variables/` folder, or an `.npz` file with the arrays under their original names.

    Returns:
        Mapping from variable name (`FirstAMIN/conv0/weights`, ...) to array.

    Raises:
        DataError: the path does not exist or cannot be read, or one of the three networks is
            missing.
    """
    path = Path(path)
    if path.is_dir():
        variables = _read_checkpoint(path)
    elif path.is_file():
        variables = read_arrays(path)
    else:
        raise DataError(
            f"{path}: expected the authors' SavedModel folder or an .npz file; nothing is there"
        )
    missing = {"FirstAMIN", "SecondAMIN", "ThirdAMIN"} - {name.split("/")[0] for name in variables}
    if missing:
        raise DataError(
            f"{path}: expected the released model's variables; {sorted(missing)} are missing"
        )
    return variables


def _read_checkpoint(folder: Path) -> dict[str, np.ndarray]:
    import tensorflow as tf

    prefixes = [folder / "variables" / "variables", folder / "variables"]
    prefix = next((path for path in prefixes if Path(f"{path}.index").is_file()), None)
    if prefix is None:
        raise DataError(
            f"{folder}: expected a SavedModel folder with variables/variables.index inside"
        )
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        # The checkpoint may also hold training variables (Adam's slots, moving averages).
        weight = re.compile(r"(First|Second|Third)AMIN/\w+(/BatchNorm)?/\w+")
        names = [name for name in reader.get_variable_to_shape_map() if weight.fullmatch(name)]
        return {name: reader.get_tensor(name) for name in names}
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{prefix}.index: cannot be read as a TensorFlow checkpoint; {error}"
        ) from error


def load_released(path: str | Path) -> Despoofer:
    """Load the authors' released model.

    Args:
        path: as in `read_released_variables`.

    Returns:
        Model for 256 x 256 crops with the released DSNet, DepthNet and discriminator, and
        `METADATA`.

    Raises:
        DataError: the path does not hold the released variables, or a variable has the wrong
            shape.

    Example:
        >>> model = load_released("ECCV2018-FaceDeSpoofing/lib")  # doctest: +SKIP
        >>> crop = crop_face(frame, eyes, 256)  # doctest: +SKIP
        >>> model.predict(to_network_range(crop)[None])["score"]  # doctest: +SKIP
    """
    variables = read_released_variables(path)
    networks = (
        build_ds_net(IMAGE_SIZE),
        build_depth_net(IMAGE_SIZE),
        build_discriminator(IMAGE_SIZE),
    )
    tables = (("FirstAMIN", _DS_NET), ("SecondAMIN", _DEPTH_NET), ("ThirdAMIN", _DISCRIMINATOR))
    for network, (prefix, table) in zip(networks, tables, strict=True):
        for layer, scope in table.items():
            _assign(network, layer, variables, f"{prefix}/{scope}", path)
    return Despoofer(*networks, metadata=METADATA)


def _assign(
    network: keras.Model,
    layer: str,
    variables: Mapping[str, np.ndarray],
    scope: str,
    path: str | Path,
) -> None:
    names = {each.name for each in network.layers}
    try:
        if f"{layer}_norm" in names:
            norm = [variables[f"{scope}/BatchNorm/{name}"] for name in _NORM_VARIABLES]
            network.get_layer(f"{layer}_norm").set_weights(norm)
            layer = f"{layer}_conv"
        weights = [variables[f"{scope}/weights"]]
        if f"{scope}/biases" in variables:
            weights.append(variables[f"{scope}/biases"])
        network.get_layer(layer).set_weights(weights)
    except KeyError as error:
        raise DataError(
            f"{path}: expected the released model's variables; {error} is missing"
        ) from error
    except ValueError as error:
        raise DataError(
            f"{path}: {scope} does not fit layer {layer!r} of {network.name}; {error}"
        ) from error
