"""A trained model that another training begins with."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.metadata import ModelMetadata
from despoof_keras.models.despoofer import INSTRUMENT_COUNT, Despoofer
from despoof_keras.models.released import load_released
from despoof_keras.models.saving import load_model
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.layer_rates import freeze_layers

_SUFFIX = ".keras"


def load_initial(path: str | Path) -> Despoofer:
    """Load a `.keras` file, or the authors' released folder or `.npz` file.

    Raises:
        DataError: it is neither, or is damaged.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(
            f"{path}: expected a .keras file, or the authors' released folder or .npz file; there "
            "is no such file"
        )
    return load_model(path) if path.suffix == _SUFFIX else load_released(path)


def config_for(model: Despoofer, config: TrainingConfig) -> TrainingConfig:
    """The configuration with the crops of a model, and without a training of DepthNet before.

    Raises:
        DataError: no configuration has such crops, or training in half precision is asked for.
    """
    metadata = model.metadata
    own = dataclasses.replace(
        config,
        image_size=metadata.image_size,
        crop_side=metadata.crop_rule.side,
        resize=metadata.resize,
        jitter=min(config.jitter, metadata.image_size // 8),
        depth_pretraining_epochs=0,
    )
    if own.crop_rule != metadata.crop_rule:
        raise DataError(
            f"model: expected crops as of this package's models, {own.crop_rule}; received "
            f"{metadata.crop_rule}"
        )
    if config.dtype_policy != "float32":
        raise DataError(
            f"dtype_policy: expected float32 for a model that is trained on; received "
            f"{config.dtype_policy!r}"
        )
    return own


def begin_with(
    path: str | Path, config: TrainingConfig, instruments: int = INSTRUMENT_COUNT
) -> Despoofer:
    """Load a model, and make it ready to be trained by a configuration, not compiled.

    Args:
        path: as for `load_initial`.
        config: as from `config_for`.
        instruments: number of attack instruments that validation tells apart.
    """
    given = load_initial(path)
    freeze_layers(given, config.layer_rates)
    metadata = given.metadata
    return Despoofer(
        *given.networks(),
        loss_weights=config.term_weights(),
        attack_depth=config.attack_depth,
        visual_quality_on=config.visual_quality_on,
        instruments=instruments,
        average_decay=config.average_decay,
        metadata=ModelMetadata(
            metadata.image_size,
            config.monitor_score,
            crop=metadata.crop,
            resize=metadata.resize,
            licence=metadata.licence,
        ),
    )
