"""The TFLite runtimes that may be installed, and a way to open a model with any of them."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from despoof_keras.errors import DataError

# In order of preference: the maintained runtime, its predecessor (Python <= 3.11, NumPy 1), and the
# deprecated interpreter inside TensorFlow.
RUNTIMES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
    "tensorflow": "tensorflow.lite.python.interpreter",
}


def open_interpreter(
    model: Path | str | bytes, num_threads: int | None = None, runtime: str = "auto"
) -> Any:
    """Open a TFLite model.

    Args:
        model: path of a `.tflite` file, or its bytes.
        num_threads: threads that an invocation may use; None leaves it to the runtime.
        runtime: a name in `RUNTIMES`, or `"auto"` for the first of them that can be imported.

    Returns:
        The runtime's `Interpreter` with its tensors allocated. It serves one thread at a time.

    Raises:
        ImportError: the runtime is missing, or with `"auto"` all of them are.
        DataError: `runtime` is an unknown name.
        ValueError: the file is no model.
    """
    if runtime not in ("auto", *RUNTIMES):
        raise DataError(f"runtime: expected 'auto' or one of {list(RUNTIMES)}; received {runtime}")
    where = {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
    interpreter = _module(runtime).Interpreter(**where, num_threads=num_threads)
    interpreter.allocate_tensors()
    return interpreter


def _module(runtime):
    reasons = []
    for name in RUNTIMES if runtime == "auto" else (runtime,):
        try:
            module = importlib.import_module(RUNTIMES[name])
            _refuse_newer_numpy(name)
            return module
        except ImportError as error:
            reasons.append(f"{name} ({error})")
    raise ImportError(
        f"a TFLite runtime is needed, none can be imported: {'; '.join(reasons)}; "
        "'pip install ai-edge-litert' brings one"
    )


def _refuse_newer_numpy(name):
    """Refuse tflite-runtime with NumPy 2: it was built for NumPy 1, imports, and fails in use."""
    if name == "tflite-runtime" and int(np.__version__.split(".")[0]) > 1:
        raise ImportError(f"it needs numpy<2, {np.__version__} is installed")
