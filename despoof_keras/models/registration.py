"""The package's classes in Keras' register, before the modules that define them are imported.

`keras.models.load_model` finds the classes in a `.keras` file by their registered names. Importing
the package must not import Keras, so the names are entered when Keras is imported, whichever of the
two comes first, and a class's module is imported when a file asks for the class.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Callable, Mapping
from typing import Any

PACKAGE = "despoof_keras"
# Registered class -> module of this package that defines and registers it.
CLASSES = {
    "BatchDropout": "models.layers",
    "Despoofer": "models.despoofer",
    "FusedBatchNormalization": "models.layers",
    "HsvRgb": "models.layers",
    "LayerwiseAdam": "models.layerwise_adam",
    "PresentationAttackRates": "evaluation.streaming_metric",
    "Subsample": "models.layers",
    "SupervisedNetwork": "models.supervised",
    "UpsampledConv2D": "models.layers",
}


class LateClass:
    """Stands in Keras' register for a class until the class itself is registered.

    Args:
        name: of the class.
    """

    def __init__(self, name: str):
        self.name = name

    def from_config(self, config: Mapping[str, Any]) -> Any:
        """Import the class, and make an instance as Keras would have it made."""
        from despoof_keras.utils.libraries import explaining

        with explaining():
            module = importlib.import_module(f"{PACKAGE}.{CLASSES[self.name]}")
        return getattr(module, self.name).from_config(config)


def register_with_keras() -> None:
    """Enter the classes into Keras' register: now, or as soon as Keras is imported."""
    if hasattr(sys.modules.get("keras"), "saving"):
        _register()
    else:
        sys.meta_path.insert(0, _AfterImport("keras", _register))


def _register():
    register = importlib.import_module("keras").saving.get_custom_objects()
    for name in CLASSES:
        register.setdefault(f"{PACKAGE}>{name}", LateClass(name))


class _AfterImport(importlib.abc.MetaPathFinder):
    """Calls a function once, after a module was imported in the usual way."""

    def __init__(self, name: str, function: Callable[[], None]):
        self._name, self._function, self._is_looking = name, function, False

    def find_spec(self, name, path=None, target=None):
        if name != self._name or self._is_looking:
            return None
        self._is_looking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._is_looking = False
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_call(module):
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            self._function()

        spec.loader.exec_module = execute_and_call
        return spec
