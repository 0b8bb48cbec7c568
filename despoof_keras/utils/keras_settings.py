"""The user's settings of Keras, in the environment and in keras.json, as far as they matter here.

Keras reads them once, when it is imported, and fails there or works differently. This module reads
them as Keras does, without Keras, to say what is set and where.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

BACKEND = "tensorflow"
_BACKEND_VARIABLE = "KERAS_BACKEND"
# Settings of keras.json with values that Keras refuses to start with.
_CHOICES = {
    "floatx": ("float16", "float32", "float64"),
    "image_data_format": ("channels_last", "channels_first"),
}
_LIMITS = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")


def check_backend() -> None:
    """Make sure that Keras runs on TensorFlow, in which the networks are written.

    Raises:
        ImportError: it does not; the text names the setting and what to set.
    """
    problem = problem_with_settings()
    if problem is not None:
        raise ImportError(problem)


def problem_with_settings() -> str | None:
    """Say which setting of Keras does not fit, where it was made, and what to set.

    Returns:
        A sentence, or None if all is well.
    """
    chosen, path = os.environ.get(_BACKEND_VARIABLE), settings_path()
    imported = getattr(sys.modules.get("keras"), "config", None)
    if imported is not None:
        # What counts is what Keras started with; the settings may have changed since.
        backend = imported.backend()
        if backend == BACKEND:
            return None
        chosen = chosen if chosen == backend else None
    for name in _LIMITS:
        if imported is None and not _is_number(os.environ.get(name, "0")):
            return (
                f"the environment variable {name}={os.environ[name]}: expected a whole number; "
                "correct it or remove it"
            )
    settings, problem = _read(path)
    if problem and imported is None:
        return f"{path}: {problem}; correct the file or remove it"
    if chosen:
        if chosen == BACKEND:
            return None
        return (
            f"the environment variable {_BACKEND_VARIABLE}={chosen}: expected {BACKEND}, the only "
            f"backend of Keras that this package runs on; set {_BACKEND_VARIABLE}={BACKEND}"
        )
    backend = settings.get("backend", BACKEND)
    if imported is not None and imported.backend() != backend:
        return (
            f"Keras was imported with the backend {imported.backend()!r}: expected {BACKEND}; set "
            f"the environment variable {_BACKEND_VARIABLE}={BACKEND} before"
        )
    if backend == BACKEND:
        return None
    return (
        f'{path}: expected "backend": "{BACKEND}", the only backend of Keras that this package '
        f"runs on; found {backend!r}; correct it there, or set the environment variable "
        f"{_BACKEND_VARIABLE}={BACKEND}"
    )


def settings_path() -> Path:
    """Locate Keras' settings: `keras.json` in $KERAS_HOME, or in `.keras` in the home folder."""
    folder = os.environ.get("KERAS_HOME")
    if folder is None:
        home = os.path.expanduser("~")
        # Keras goes there, too, where it cannot write to the home folder.
        folder = os.path.join(home if os.access(home, os.W_OK) else "/tmp", ".keras")
    return Path(os.path.expanduser(os.path.join(folder, "keras.json")))


def _read(path: Path) -> tuple[dict[str, Any], str | None]:
    """Read the settings, and say what is wrong with them."""
    if not path.exists():
        return {}, None
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return {}, f"expected Keras' settings; {str(error.strerror).lower()}"
    except ValueError:  # Keras goes on without them
        return {}, None
    if not isinstance(settings, dict):
        return {}, f"expected a JSON object; found {str(settings)[:40]}"
    for name, values in _CHOICES.items():
        if settings.get(name, values[0]) not in values:
            expected = " or ".join(map(repr, values))
            return settings, f"{name}: expected {expected}; found {settings[name]!r}"
    if not isinstance(settings.get("epsilon", 0.1), float):
        return settings, f"epsilon: expected a fraction; found {settings['epsilon']!r}"
    return settings, None


def _is_number(text):
    try:
        int(text)
    except ValueError:
        return False
    return True
