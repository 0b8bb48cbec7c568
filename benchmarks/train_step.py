"""Pace of the training step beside plain three-pass steps, and the input pipeline's share of it.

    python benchmarks/train_step.py [--image-size 64] [--batch-size 8] [--rounds 12]

Three formulations of the same step run in turns in the same process, so that the ratios hold on a
busy machine too:

- "shared", the package's: a single DSNet forward pass, and layers of its own that save operations;
- "three-pass": three passes over the same networks, which shows what sharing alone gains. Sharing
  saves a single DSNet forward pass, so the count of multiplications limits the gain;
- "plain": three passes over networks of Keras' own layers, with the features enlarged before the
  decoder's first convolution: the method as the paper describes it.
"""

import argparse
import math
import statistics
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from despoof_keras.datasets import load
from despoof_keras.datasets.batches import training_batches
from despoof_keras.datasets.prepare import CropSettings, prepare_crops
from despoof_keras.models import build_depth_net, build_discriminator, build_ds_net
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.synthesis import write_oulu_npu

# The plain formulations are those of the tests, which compare the step with them.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

from three_pass import ThreePassDespoofer, plain_network

STEPS_PER_ROUND = 5


def compiled_step(cls, size, form=lambda network: network):
    keras.utils.set_random_seed(0)
    builders = (build_ds_net, build_depth_net, build_discriminator)
    model = cls(*(form(build(size)) for build in builders))
    model.compile(*(keras.optimizers.Adam(1e-3) for _ in range(3)))
    return tf.function(model.train_step)


def multiplications(network):
    """Count the multiplications in a forward pass of an image; only convolutions matter."""
    image = tf.TensorSpec((1, *network.input.shape[1:]))
    graph = tf.function(lambda x: network(x, training=False)).get_concrete_function(image).graph
    return sum(
        math.prod(operation.inputs[1].shape) * math.prod(operation.outputs[0].shape[1:3])
        for operation in graph.get_operations()
        if operation.type == "Conv2D"
    )


def sharing_limit(size):
    """Compute the ratio of the multiplications of a step in three passes to the shared step's.

    A backward pass costs as much as two forward passes, or a single one if only the input's
    gradient is needed. DSNet is passed forward and back. DepthNet is passed forward and back in its
    own turn, then forward and back to its input in DSNet's. The same holds for the discriminator,
    which has two inputs in its own turn.
    """
    ds_net, depth_net, discriminator = (
        multiplications(build(size))
        for build in (build_ds_net, build_depth_net, build_discriminator)
    )
    return 1 + ds_net / (3 * ds_net + (3 + 2) * depth_net + (6 + 2) * discriminator)


def seconds(step, batches):
    start = time.perf_counter()
    for batch in batches:
        result = step(batch)
    float(result["loss"])
    return (time.perf_counter() - start) / len(batches)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args()
    size, batch_size = options.image_size, options.batch_size

    with tempfile.TemporaryDirectory() as folder:
        write_oulu_npu(folder, subjects=(2, 1, 1), frames=4, progress=False)
        samples = load("oulu_npu", folder, 1)["train"]
        crops = prepare_crops(samples, f"{folder}/crops", CropSettings(size, 4, size // 16))
        total = options.rounds * STEPS_PER_ROUND
        stream = iter(training_batches(crops, batch_size, total + STEPS_PER_ROUND, 1))
        held = [next(stream) for _ in range(STEPS_PER_ROUND)]
        steps = {
            "shared": compiled_step(Despoofer, size),
            "three-pass": compiled_step(ThreePassDespoofer, size),
            "plain": compiled_step(ThreePassDespoofer, size, plain_network),
        }
        for step in steps.values():
            seconds(step, held[:2])
        times = {"shared": [], "three-pass": [], "plain": [], "with pipeline": []}
        for _ in range(options.rounds):
            for name, step in steps.items():
                times[name].append(seconds(step, held))
            start = time.perf_counter()
            for _ in range(STEPS_PER_ROUND):
                result = steps["shared"](next(stream))
            float(result["loss"])
            times["with pipeline"].append((time.perf_counter() - start) / STEPS_PER_ROUND)

    median = {name: statistics.median(values) for name, values in times.items()}

    def ratio(name):
        return statistics.median(np.array(times[name]) / np.array(times["shared"]))

    share = statistics.median(1 - np.array(times["shared"]) / np.array(times["with pipeline"]))
    print(f"{size} pixels, batches of {batch_size}, {options.rounds} rounds of {STEPS_PER_ROUND}")
    for name, value in median.items():
        print(f"{name:14s} {batch_size / value:7.1f} images/s")
    print(f"images/s, shared to plain three passes: {ratio('plain'):.2f}")
    print(f"images/s, shared to three passes over the same networks: {ratio('three-pass'):.2f}")
    print(f"the most that sharing can give, by count of multiplications: {sharing_limit(size):.2f}")
    print(f"the input pipeline's share of a step: {share:.1%}")


if __name__ == "__main__":
    main()
