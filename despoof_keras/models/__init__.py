"""Networks, losses, spoof scores, the trainable model and the authors' released weights.

Names are resolved on first use (PEP 562), because Keras is slow to import and light modules such
as `loss_weights` do not need it.
"""

from __future__ import annotations

import importlib
from typing import Any

from despoof_keras.utils.libraries import explaining

_PUBLIC = {
    "Despoofer": "despoofer",
    "build_depth_net": "depth_net",
    "build_discriminator": "discriminator",
    "build_ds_net": "ds_net",
    "load_released": "released",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with explaining():
        value = getattr(importlib.import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
