"""What fine-tuning with int8's rounding in the network gives, beside the export's own recipe.

    python benchmarks/quantisation_aware.py --model runs/p1-seed0/model.keras [--score noise]

The float model teaches a copy of itself that computes as an int8 file does, on crops of the
embedded set's train split. Files of both are compared with the float model on all crops of test.
"""

import argparse
import dataclasses
import os
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from int8_alternatives import UncorrectedMeans, nearest_weights
from rich.progress import track
from rounded_ds_net import rounded_ds_net
from scipy.stats import spearmanr

from despoof_keras.datasets import oulu_npu
from despoof_keras.datasets.batches import training_batches
from despoof_keras.datasets.prepare import CropSettings, prepare_crops
from despoof_keras.distribution.determinism import make_repeatable
from despoof_keras.export import parity
from despoof_keras.export.calibration import labelled_data
from despoof_keras.export.conversion import convert
from despoof_keras.export.int8 import quantiser
from despoof_keras.export.int8.choose_layers import split_calibration, steps_of
from despoof_keras.export.int8.measurements import Measurements
from despoof_keras.export.int8.quantiser import StaticQuantiser
from despoof_keras.export.variants import CALIBRATION_CROPS
from despoof_keras.faces.crop import PIXEL_SCALE
from despoof_keras.inference.open_model import open_despoofer
from despoof_keras.synthesis import cache_folder, data_at, default_root
from despoof_keras.tflite.model import TfliteModel

FRAMES = 6
PROTOCOL = 1
BATCH_SIZE = 16
# As the training of the embedded configuration has them.
JITTER, COLOUR_JITTER = 4, 0.1
# Choices of layers in float that are compared: the fastest ones.
CHOICES = 3


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, help=".keras file of a run")
    parser.add_argument("--score", choices=("noise", "zero_one_map"), help="default: the model's")
    parser.add_argument("--steps", type=int, default=300, help="(default: 300)")
    parser.add_argument("--learning-rate", type=float, default=1e-5, help="(default: 1e-5)")
    parser.add_argument("--seed", type=int, default=0, help="of the order (default: 0)")
    return parser.parse_args()


def training_images(metadata, steps, seed):
    """Augmented crops of train, in batches, RGB in [0, 1]."""
    samples = oulu_npu.load(default_root(), PROTOCOL)["train"]
    settings = CropSettings(metadata.image_size, FRAMES, JITTER, crop_rule=metadata.crop_rule)
    crops = prepare_crops(
        samples, cache_folder() / "crops", settings, description="face crops of train"
    )
    batches = training_batches(crops, BATCH_SIZE, steps, 1, seed=seed, colour_jitter=COLOUR_JITTER)
    return batches.map(lambda batch: batch["image"])


def fine_tune(model, crops, kept, gap, images, learning_rate):
    """Brings the int8 form of a model's DSNet near to what DSNet gives now, on images."""
    ds_net = model.ds_net
    teacher = keras.models.clone_model(ds_net)
    teacher.set_weights(ds_net.get_weights())
    student = rounded_ds_net(ds_net, crops.astype(np.float32) / PIXEL_SCALE, kept)
    steps = len(images)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps))
    optimizer.build(ds_net.trainable_variables)

    @tf.function
    def step(image):
        wanted = teacher(image, training=False)
        with tf.GradientTape() as tape:
            loss = distance(student(image, training=False), wanted, gap)
        optimizer.apply(tape.gradient(loss, [v.value for v in ds_net.trainable_variables]))

    for image in track(images, "fine-tuning", steps):
        step(image)


def distance(found, wanted, gap):
    """Mean errors of the noise, of the 0/1 map and of the map's mean over the face."""
    noise = tf.reduce_mean(tf.abs(found["noise"] - wanted["noise"]))
    difference = found["zero_one_map"] - wanted["zero_one_map"]
    means = tf.reduce_mean(difference, axis=(1, 2, 3))
    return (
        noise / tf.reduce_mean(tf.abs(wanted["noise"]))
        + (tf.reduce_mean(tf.abs(difference)) + tf.reduce_mean(tf.abs(means))) / gap
    )


def print_rows(name, model, fitted, against):
    for row, content in rows_of(name, model, fitted):
        print(f"| {' | '.join([row, *against.row(content)])} |", flush=True)


def rows_of(name, model, fitted):
    """Files with everything that the score can bear in int8, then with more in float."""
    measurements = Measurements(convert(model, "float32", {"despoof": "despoof"}), fitted)
    for kept in steps_of(model.score)[:CHOICES]:
        yield (
            f"{name}, {len(kept)} layers in float: the export's recipe",
            StaticQuantiser(measurements, kept).finish(),
        )
        with mock.patch.object(quantiser, "int8_weights", nearest_weights):
            yield (
                f"{name}, {len(kept)} layers in float: nearest weights",
                UncorrectedMeans(measurements, kept).finish(),
            )


class Comparison:
    """Holds files against the float model as it was before the fine-tuning."""

    def __init__(self, model, data):
        self._splits = data.dev, data.test
        self._expected = [
            parity.keras_scores(model, split.crops, model.score) for split in self._splits
        ]
        self.gap = data.dev.gap(self._expected[0])
        self._threshold = parity.error_rates(data.dev, self._expected[0])["threshold"]

    def row(self, content):
        """Median and largest error on test, rank correlation, ACER of test."""
        file = TfliteModel(content, "row", num_threads=1)
        return self.figures([file.score_batch(split.crops)["score"] for split in self._splits])

    def figures(self, scores):
        """The same from scores of dev and test."""
        (dev, test), (dev_scores, test_scores) = self._splits, scores
        threshold = parity.carried_threshold(self._threshold, dev, self._expected[0], dev_scores)
        rates = parity.error_rates(dev, dev_scores, test, test_scores, threshold)
        errors = np.abs(test_scores - self._expected[1]) / self.gap
        return [
            f"{np.median(errors):.2%}",
            f"{errors.max():.1%}",
            f"{spearmanr(test_scores, self._expected[1]).statistic:.5f}",
            f"{rates['acer_test']:.2%}",
        ]


def main():
    options = parse_arguments()
    model = open_despoofer(options.model)
    model.metadata = dataclasses.replace(
        model.metadata, score=options.score or model.score, threshold=None
    )
    data = labelled_data(model.metadata, data_at(None, protocol=PROTOCOL), FRAMES)
    fitted, _ = split_calibration(data.dev.balanced(CALIBRATION_CROPS))
    against = Comparison(model, data)
    print(f"score {model.score}, gap {against.gap:.4g}, {len(data.test.crops)} crops of test")
    print("|  | median | largest | rank | test ACER |", "| --- | --- | --- | --- | --- |", sep="\n")
    print_rows("as trained", model, fitted, against)
    make_repeatable(options.seed)
    images = training_images(model.metadata, options.steps, options.seed)
    kept = steps_of(model.score)[0]
    fine_tune(model, fitted, kept, against.gap, images, options.learning_rate)
    scores = [
        parity.keras_scores(model, split.crops, model.score) for split in (data.dev, data.test)
    ]
    print(f"| {' | '.join(['fine-tuned, float', *against.figures(scores)])} |", flush=True)
    print_rows("fine-tuned", model, fitted, against)


if __name__ == "__main__":
    main()
