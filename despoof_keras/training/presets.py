"""The named configurations, and the sizes of a search's trials."""

import dataclasses
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.training.config import TrainingConfig

# For the embedded set on a CPU with two cores: 64 pixels, and a learning rate that converges within
# minutes. At 64 pixels the structure of the media is only one or two pixels wide, and the released
# model's early pooling loses it; a decoder that sees every 8th pixel of such a crop makes up one
# texture for all media. The weights start so small (0.02) that a step of 5e-4 is a fortieth of
# them: at that rate, and more often at 1e-3, some seeds stay on the plateau where the map is the
# same for all faces; at 2e-4 none of the seeds that were tried did.
EMBEDDED = TrainingConfig(
    image_size=64,
    batch_size=16,
    epochs=3,
    steps_per_epoch=320,
    frames_per_video=6,
    # Nothing is chosen by the validation, and two of the six frames take a third of its time.
    validation_frames=2,
    jitter=4,
    colour_jitter=0.1,
    learning_rate=2e-4,
    decay_rate=0.5,
    decay_epochs=2,
    pooling="late",
    decoder_stride=2,
    average_decay=0.99,
    monitor_score="zero_one_map",
)
# For a trained model and few other data: batch norm, DepthNet and the discriminator stay as they
# are, DSNet's encoder changes slowly, and there are no more epochs than help on dev. The size of
# the crops is the model's.
FINETUNE = dataclasses.replace(
    EMBEDDED,
    epochs=8,
    steps_per_epoch=30,
    learning_rate=1e-4,
    decay_epochs=4,
    patience=3,
    validation_frames=None,
    layer_rates={"*_norm": 0, "depth_net": 0, "discriminator": 0, "ds_net/encoder_*_conv": 0.1},
)
# As in the authors' training code: weights, schedule (its epoch is 40,000 samples), batch.
RELEASED = TrainingConfig(
    image_size=256,
    batch_size=6,
    epochs=300,
    steps_per_epoch=40_000 // 6,
    frames_per_video=None,
    learning_rate=3e-5,
    decay_rate=0.8,
    decay_epochs=15,
    average_decay=0.9999,
    depth_variant="full",
)


def paper_reading(config: TrainingConfig) -> TrainingConfig:
    """The configuration with what published notes of a reader say of the paper.

    DepthNet is trained first and then frozen, the discriminator judges live estimates of attacks
    alone, and every live estimate is asked for a face's depth. None of it has been checked against
    the paper's text. The notes do not say how long DepthNet trains: here, for as many steps as it
    would in turn with DSNet.
    """
    return dataclasses.replace(
        config,
        attack_depth="face",
        visual_quality_on="attack",
        depth_pretraining_epochs=config.epochs,
    )


# The same with that reading, and with the paper's loss weights as recalled.
PAPER = dataclasses.replace(paper_reading(RELEASED), loss_weights="paper")

CONFIGURATIONS = {
    "embedded": EMBEDDED,
    "finetune": FINETUNE,
    "released": RELEASED,
    "paper": PAPER,
}
# Sizes of a search's trials; one of these takes about a minute on two CPU cores.
TRIAL = {"image_size": 32, "epochs": 2, "steps_per_epoch": 120, "frames_per_video": 3, "jitter": 2}
# Hyperband needs three epochs: it trains the best third of the trials three times as long.
HYPERBAND_EPOCHS = 3


def trial_configuration(
    base: TrainingConfig,
    algorithm: str,
    *,
    image_size: int | None = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    frames_per_video: int | None = None,
) -> TrainingConfig:
    """The configuration of a search's trials.

    Args:
        base: settings of everything but the sizes.
        algorithm: of the search.
        image_size, epochs, steps_per_epoch, frames_per_video: as in `TrainingConfig`; None for
            those of `TRIAL`, or for `HYPERBAND_EPOCHS` with Hyperband.
    """
    usual_epochs = HYPERBAND_EPOCHS if algorithm == "hyperband" else TRIAL["epochs"]
    return dataclasses.replace(
        base,
        image_size=_given_or(image_size, TRIAL["image_size"]),
        epochs=_given_or(epochs, usual_epochs),
        steps_per_epoch=_given_or(steps_per_epoch, TRIAL["steps_per_epoch"]),
        frames_per_video=_given_or(frames_per_video, TRIAL["frames_per_video"]),
        # The objective of a search is measured here, so on all crops.
        validation_frames=None,
        jitter=min(base.jitter, TRIAL["jitter"]),
    )


def _given_or(size: int | None, usual: int) -> int:
    return usual if size is None else size


def named_or_stored(name: str) -> TrainingConfig:
    """The configuration of a name, or the one in a JSON file.

    Raises:
        DataError: there is neither, or the file's settings are not valid.
    """
    if name in CONFIGURATIONS:
        return CONFIGURATIONS[name]
    if not Path(name).is_file():
        raise DataError(
            f"--config: expected one of {', '.join(CONFIGURATIONS)}, or a JSON file; "
            f"received {name!r}"
        )
    return TrainingConfig.from_file(name)
