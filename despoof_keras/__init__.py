"""Face presentation-attack detection by noise modeling, on Keras 3.

Importing this package needs NumPy alone and loads neither TensorFlow nor OpenCV: every public
name is resolved on first use (PEP 562). `keras.models.load_model` knows the package's classes all
the same, see `models.registration`.
"""

import importlib

from despoof_keras.models.registration import register_with_keras
from despoof_keras.utils.libraries import explaining
from despoof_keras.version import __version__

# Public name -> module that defines it.
_PUBLIC = {
    "CropSettings": "datasets.prepare",
    "DataError": "errors",
    "DespoofHyperModel": "training.search.space",
    "Despoofer": "models.despoofer",
    "FaceFinder": "faces.finder",
    "LivenessDetector": "tflite.detector",
    "LossWeights": "models.loss_weights",
    "ModelMetadata": "metadata",
    "PAPER_WEIGHTS": "models.loss_weights",
    "RELEASED_WEIGHTS": "models.loss_weights",
    "build_depth_net": "models",
    "build_discriminator": "models",
    "build_ds_net": "models",
    "crop_face": "faces.crop",
    "export_saved_model": "export.saved_model",
    "load_model": "models.saving",
    "load_released": "models.released",
    "load_tflite": "tflite.detector",
    "open_model": "inference.open_model",
    "read_image": "utils.pictures.images",
    "read_metadata": "inference.read_metadata",
    "to_network_range": "faces.crop",
}
# Public module -> where it lies.
_MODULES = {
    "datasets": "datasets",
    "losses": "models.losses",
    "metrics": "evaluation.metrics",
    "models": "models",
    "preprocessing": "faces.crop",
    "scoring": "models.scores",
    "synthesis": "synthesis",
}

__all__ = ["__version__", *_PUBLIC, *_MODULES]


def __getattr__(name):
    if name not in _PUBLIC and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with explaining():
        if name in _PUBLIC:
            value = getattr(importlib.import_module(f"{__name__}.{_PUBLIC[name]}"), name)
        else:
            value = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)


register_with_keras()
