"""The named configurations."""

import dataclasses
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.training.config import TrainingConfig

# For the embedded set on a CPU with two cores: 64 pixels and a learning rate that gets there in
# minutes. At 64 pixels the media's structure is one or two pixels fine, and the released model's
# early pooling loses it (see README); from every 8th pixel of such a crop the decoder makes one
# texture of its own for all media. The weights start so small (0.02) that a step of 5e-4 is a
# fortieth of them: at that rate, and more so at 1e-3, some seeds stay on the plateau where the map
# is the same for all faces; at 2e-4 none of those tried did.
EMBEDDED = TrainingConfig(
    image_size=64,
    batch_size=16,
    epochs=3,
    steps_per_epoch=320,
    frames_per_video=6,
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
# The authors' training code: weights, schedule (an epoch there is 40,000 samples), batch.
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
# The same with the loss weights and the depth target of the paper, as recalled.
PAPER = dataclasses.replace(RELEASED, loss_weights="paper", attack_depth="face")

CONFIGURATIONS = {"embedded": EMBEDDED, "released": RELEASED, "paper": PAPER}


def named_or_stored(name):
    """The configuration of a name, or of a JSON file.

    Raises:
        DataError: there is neither.
    """
    if name in CONFIGURATIONS:
        return CONFIGURATIONS[name]
    if not Path(name).is_file():
        raise DataError(
            f"--config: expected one of {', '.join(CONFIGURATIONS)}, or a JSON file; "
            f"received {name!r}"
        )
    return TrainingConfig.from_file(name)
