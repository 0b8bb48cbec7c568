"""From a configuration and prepared crops to a trained `Despoofer`: build, fit, keep, resume."""

import csv
import dataclasses
import logging
import re
from pathlib import Path

import keras
import tensorflow as tf

from despoof_keras import pipeline
from despoof_keras.averaged_validation import AveragedValidation
from despoof_keras.files import atomic_path
from despoof_keras.keras_files import load_model
from despoof_keras.metadata import ModelMetadata
from despoof_keras.models import build_depth_net, build_discriminator, build_ds_net
from despoof_keras.models.layers import synchronize_norms
from despoof_keras.trainer import Despoofer

logger = logging.getLogger(__name__)

_CHECKPOINT_NAME = re.compile(r"epoch-(\d+)\.keras")


def build_despoofer(config):
    """Builds the three networks of a `TrainingConfig` as one uncompiled `Despoofer`."""
    size, pooling, width = config.image_size, config.pooling, config.width
    networks = (
        build_ds_net(size, pooling, width, config.decoder_stride),
        build_depth_net(size, config.depth_variant, pooling, width),
        build_discriminator(size),
    )
    if config.synchronized_norm:
        for network in networks:
            synchronize_norms(network)
    return Despoofer(
        *networks,
        loss_weights=config.term_weights(),
        attack_depth=config.attack_depth,
        average_decay=config.average_decay,
        metadata=ModelMetadata(
            size, config.monitor_score, crop=dataclasses.asdict(config.crop_rule)
        ),
    )


def compile_despoofer(model, config, steps):
    """Compiles with three Adams under the configuration's staircase schedule, `steps` an epoch."""

    def adam(rate):
        schedule = keras.optimizers.schedules.ExponentialDecay(
            config.learning_rate if rate is None else rate,
            config.decay_epochs * steps,
            config.decay_rate,
            staircase=True,
        )
        return keras.optimizers.Adam(schedule, global_clipnorm=config.global_clipnorm)

    rates = (None, config.depth_learning_rate, config.discriminator_learning_rate)
    model.compile(*map(adam, rates), jit_compile=config.jit_compile)


class RunCheckpoint(keras.callbacks.Callback):
    """Keeps the newest finished epoch: the whole model with its optimizers, and the history.

    Files appear complete: the history first, the checkpoint after it. A resumed run cuts the
    history back to the checkpoint's epoch.

    Args:
        folder: of the run; `checkpoints/epoch-NNNN.keras` and `history.csv` are written there.
    """

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)

    def on_epoch_end(self, epoch, logs=None):
        done = epoch + 1
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        row = {
            "epoch": done,
            "learning_rate": rate,
            **{k: float(v) for k, v in (logs or {}).items()},
        }
        write_history(self.folder, [*read_history(self.folder, until=epoch), row])
        with atomic_path(checkpoint_path(self.folder, done)) as temporary:
            self.model.save(temporary)
        for number, path in checkpoints(self.folder):
            if number < done:
                path.unlink()


def checkpoint_path(folder, epochs_done):
    return Path(folder) / "checkpoints" / f"epoch-{epochs_done:04d}.keras"


def checkpoints(folder):
    """`(epochs done, path)` of a run's checkpoints, oldest first."""
    found = []
    for path in (Path(folder) / "checkpoints").glob("*.keras"):
        match = _CHECKPOINT_NAME.fullmatch(path.name)
        if match:
            found.append((int(match[1]), path))
    return sorted(found)


def read_history(folder, until=None):
    """Rows of `history.csv` up to epoch `until`, mappings of strings; none where it is missing."""
    path = Path(folder) / "history.csv"
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if until is None or int(row["epoch"]) <= until]


def write_history(folder, rows):
    with (
        atomic_path(Path(folder) / "history.csv") as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, fieldnames=list(rows[-1]))
        writer.writeheader()
        writer.writerows(rows)


def train(config, train_crops, dev_crops, folder, *, seed=0, resume=False, callbacks=(), verbose=1):
    """Trains, validates on dev after every epoch; leaves checkpoints, history, TensorBoard logs.

    With the same seed and data the weights are the same, whether or not the run was interrupted
    and resumed in between.

    Args:
        config: `TrainingConfig`.
        train_crops: `PreparedCrops` to train on.
        dev_crops: `PreparedCrops` to validate on.
        folder: of the run.
        seed: of the initial weights, the order and the augmentation.
        resume: go on from the newest checkpoint in `folder`, if there is one.
        callbacks: further Keras callbacks.
        verbose: as in `keras.Model.fit`.

    Returns:
        `Despoofer`; where the configuration averages weights, with the averages as its weights.

    Raises:
        DataError: the checkpoint to resume from cannot be read.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    keras.config.set_dtype_policy(config.dtype_policy)
    steps = config.steps_per_epoch or pipeline.steps_per_epoch(train_crops, config.batch_size)
    found = checkpoints(folder) if resume else []
    if found:
        initial_epoch, path = found[-1]
        model = load_model(path)
        logger.info("resuming after epoch %d of %d", initial_epoch, config.epochs)
    else:
        initial_epoch = 0
        model = build_despoofer(config)
        compile_despoofer(model, config, steps)
    if initial_epoch < config.epochs:
        batches = pipeline.training_batches(
            train_crops,
            config.batch_size,
            steps,
            config.epochs,
            initial_epoch=initial_epoch,
            seed=seed,
            colour_jitter=config.colour_jitter,
        )
        model.fit(
            batches,
            epochs=config.epochs,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps,
            validation_data=pipeline.evaluation_batches(dev_crops),
            callbacks=_callbacks(config, folder, callbacks),
            verbose=verbose,
        )
    if config.average_decay is not None:
        model.adopt_averages()
    return model


def _callbacks(config, folder, further):
    averaged = [AveragedValidation()] if config.average_decay is not None else []
    board = keras.callbacks.TensorBoard(str(Path(folder) / "tensorboard"), write_graph=False)
    return [*averaged, board, keras.callbacks.TerminateOnNaN(), *further, RunCheckpoint(folder)]
