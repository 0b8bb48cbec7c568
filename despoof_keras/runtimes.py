"""The TFLite runtimes that may be there, and one way to open a model with any of them."""

import importlib

# In order of preference: the kept-up runtime, its predecessor (Python <= 3.11, NumPy 1), and the
# deprecated interpreter inside TensorFlow.
RUNTIMES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
    "tensorflow": "tensorflow.lite",
}


def open_interpreter(path, num_threads=None, runtime="auto"):
    """Opens a TFLite model.

    Args:
        path: `.tflite` file.
        num_threads: threads an invocation may use; None leaves it to the runtime.
        runtime: a name in `RUNTIMES`, or `"auto"` for the first of them that can be imported.

    Returns:
        The runtime's `Interpreter` with its tensors allocated. It serves one thread at a time.

    Raises:
        ImportError: the runtime, or with `"auto"` every one, is missing.
        ValueError: `runtime` is no known name, or the file is no model.
    """
    if runtime not in ("auto", *RUNTIMES):
        raise ValueError(f"runtime: expected 'auto' or one of {list(RUNTIMES)}; received {runtime}")
    interpreter = _module(runtime).Interpreter(model_path=str(path), num_threads=num_threads)
    interpreter.allocate_tensors()
    return interpreter


def _module(runtime):
    reasons = []
    for name in RUNTIMES if runtime == "auto" else (runtime,):
        try:
            return importlib.import_module(RUNTIMES[name])
        except ImportError as error:
            reasons.append(f"{name} ({error})")
    raise ImportError(
        f"a TFLite runtime is needed, none can be imported: {'; '.join(reasons)}; "
        "'pip install ai-edge-litert' brings one"
    )
