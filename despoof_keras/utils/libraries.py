"""A sentence about a library that is missing, cannot be imported, or is set up otherwise."""

import contextlib
import importlib
import traceback
from collections.abc import Iterator
from types import ModuleType

from despoof_keras.utils.keras_settings import problem_with_settings

# Module -> the smallest extra of this package that brings it.
EXTRAS = {
    "apache_beam": "beam",
    "ai_edge_litert": "tflite",
    "av": "score",
    "cv2": "camera",
    "flatbuffers": "train",
    "grpc": "train",
    "jinja2": "report",
    "keras": "train",
    "keras_tuner": "train",
    "matplotlib": "score",
    "PIL": "score",
    "pillow_heif": "heif",
    "rich": "score",
    "scipy": "score",
    "sklearn": "report",
    "tensorboard": "train",
    "tensorflow": "train",
}
_OPENCV_REMEDY = (
    "'pip uninstall -y opencv-python opencv-python-headless' and then "
    "'pip install opencv-python-headless' mend it"
)
# Of a library's own message; some are pages long.
_MOST_CHARACTERS = 200


class ExplainedImportError(ImportError):
    """A library cannot be imported; the text is a sentence that says what to do."""


@contextlib.contextmanager
def explaining() -> Iterator[None]:
    """Turn what goes wrong while a block imports libraries into a sentence for the user.

    Raises:
        ExplainedImportError: a library is missing (the extra that brings it is named), or cannot
            be imported, or the user's settings of Keras do not fit.
    """
    try:
        yield
    except Exception as error:  # Keras raises various kinds where its settings are wrong
        sentence = explanation(error)
        if sentence is None:
            raise
        raise ExplainedImportError(sentence, name=getattr(error, "name", None)) from error


def explanation(error: BaseException) -> str | None:
    """Say in a sentence why a library could not be imported.

    Returns:
        The sentence; None if the error is about something else, or its own text is the sentence.
    """
    if isinstance(error, ExplainedImportError):
        return None
    libraries = _libraries_in(error)
    if "keras" in libraries and (problem := problem_with_settings()):
        return problem
    name = (getattr(error, "name", None) or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and name in EXTRAS:
        return (
            f"the Python package {name} is not installed; "
            f"\"pip install 'despoof-keras[{EXTRAS[name]}]'\" brings it"
        )
    # With another NumPy than it was built for, OpenCV raises AttributeError.
    if "cv2" in libraries or (name == "cv2" and isinstance(error, ImportError)):
        return (
            f"OpenCV is installed and cannot be imported ({_first_line(error)}); {_OPENCV_REMEDY}"
        )
    broken = next((library for library in (name, *libraries) if library in EXTRAS), None)
    if broken is None or not isinstance(error, ImportError):
        return None
    return (
        f"{broken} is installed and cannot be imported ({_first_line(error)}); "
        f"\"pip install --force-reinstall 'despoof-keras[{EXTRAS[broken]}]'\" may mend it"
    )


def import_opencv() -> ModuleType:
    """Import OpenCV, of whichever of its packages is installed.

    Raises:
        ImportError: there is none, or it cannot be imported; the text says what to do.
    """
    with explaining():
        cv2 = importlib.import_module("cv2")
    # Where opencv-python and opencv-python-headless share a folder and one of them is removed.
    if not hasattr(cv2, "VideoCapture"):
        raise ExplainedImportError(f"OpenCV is installed incompletely; {_OPENCV_REMEDY}")
    return cv2


def _libraries_in(error):
    """Top-level names of the modules that an error passed through, the outermost first."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    names = (str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame in frames)
    return tuple(dict.fromkeys(names))


def _first_line(error):
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0][:_MOST_CHARACTERS] if lines else type(error).__name__
