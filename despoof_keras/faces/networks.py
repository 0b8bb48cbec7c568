"""MediaPipe's BlazeFace detector and face mesh: two TFLite files, opened and run.

The files lie in `models/`, with their licence and where they come from (`NOTICE.txt`). Decoding
the two networks' outputs takes a hundred lines, less than patching a library from outside.
"""

import ctypes
import hashlib
import os
import threading
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.utils.litert import open_interpreter

FOLDER = Path(__file__).parent / "models"
# Of MediaPipe's detectors, the 256-pixel one finds faces from the size of the whole picture down to
# a fiftieth of it; the 128- and 192-pixel ones miss those below a tenth.
DETECTOR_FILE = "face_detection_back.tflite"
MESH_FILE = "face_landmark.tflite"
SHA256 = {
    DETECTOR_FILE: "e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
    MESH_FILE: "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
}
LARGEST_LOGIT = 80.0  # its exp() still fits into a float32
Logits = TypeVar("Logits", float, np.ndarray)


class FaceNetwork:
    """One of the two networks. Threads may share it, and take turns.

    A copy in another process, made by `fork` or by pickling, opens the file again: an interpreter's
    threads, and a lock that another thread holds, do not survive a fork.

    Args:
        name: `DETECTOR_FILE` or `MESH_FILE`.
        num_threads: as for `utils.litert.open_interpreter`.

    Raises:
        DataError: the file is missing or damaged.
        ImportError: no TFLite runtime is installed.
    """

    def __init__(self, name: str, num_threads: int | None = None):
        self._arguments = name, num_threads
        self._opened = self._open()

    def __reduce__(self):
        return type(self), self._arguments

    def __call__(self, tensor: np.ndarray) -> dict[int, np.ndarray]:
        """Run the network.

        Args:
            tensor: `(side, side, 3)` float32.

        Returns:
            The outputs by their number of elements, flat; their names in the files are arbitrary.
        """
        if self._opened[0] != os.getpid():
            _never_close(self._opened)
            self._opened = self._open()
        _, lock, interpreter = self._opened
        with lock:
            index = interpreter.get_input_details()[0]["index"]
            interpreter.set_tensor(index, tensor[np.newaxis])
            interpreter.invoke()
            # These are copies, so that the next run does not change them.
            outputs = [
                interpreter.get_tensor(detail["index"]).ravel()
                for detail in interpreter.get_output_details()
            ]
        return {output.size: output for output in outputs}

    def _open(self) -> tuple[int, threading.Lock, Any]:
        name, num_threads = self._arguments
        interpreter = open_interpreter(_read(FOLDER / name), num_threads)
        return os.getpid(), threading.Lock(), interpreter


def _never_close(opened):
    """Leave an interpreter that a fork has copied as it is, to the end of the process.

    Closing it takes locks of its threads, one of which may have held one at the fork.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(opened))


def _read(path):
    """Read a model file, which must be whole: a runtime can crash the process on a damaged one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: expected a face model, which is part of this package; {error}"
        ) from error
    if hashlib.sha256(content).hexdigest() != SHA256[path.name]:
        raise DataError(
            f"{path}: expected the face model of this package; the file is another or damaged; "
            "'pip install --force-reinstall despoof-keras' brings it back"
        )
    return content


def probability(logits: Logits) -> Logits:
    """Convert logits to probabilities, without overflow in single precision."""
    return 1 / (1 + np.exp(-np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT)))
