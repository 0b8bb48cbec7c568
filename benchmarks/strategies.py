"""Pace of a training step: half precision, XLA, several devices, several processes.

    python benchmarks/strategies.py

All steps are those of the configuration `embedded` at the same global batch, on random crops. The
benchmark prints ratios of images a second to the plain step on a single device in the same run. Two
logical CPUs share the processor that a single device has to itself, and so do two processes: the
ratios show what distribution costs, not what more devices bring.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

STEPS_PER_ROUND = 4
PORTS = (29471, 29472)
# Timeout in seconds, longer than any of the runs takes unless it hangs.
PATIENCE = 1800


def compiled_step(distribution, batch_size, **settings):
    """Make a function that runs a step on a fixed batch of random crops and returns the loss."""
    import dataclasses

    import tensorflow as tf

    from despoof_keras.training.fit import build_despoofer, compile_despoofer
    from despoof_keras.training.presets import EMBEDDED

    config = dataclasses.replace(EMBEDDED, batch_size=batch_size, **settings)
    with distribution.strategy.scope():
        model = build_despoofer(config)
        compile_despoofer(model, config, 100)
    size, share = config.image_size, batch_size // distribution.replicas
    random = np.random.default_rng(0)
    label = np.arange(share) % 2
    batch = {
        "image": tf.constant(random.random((share, size, size, 3), np.float32)),
        "depth": tf.constant(random.random((share, size // 8, size // 8, 1), np.float32)),
        "label": tf.constant(label, tf.float32),
        "instrument": tf.constant(label, tf.int32),
    }

    @tf.function
    def step():
        return distribution.strategy.run(model.train_step, args=(batch,))

    def run():
        loss = distribution.strategy.experimental_local_results(step()["loss"])[0]
        return float(loss)

    return run


def seconds(run):
    start = time.perf_counter()
    for _ in range(STEPS_PER_ROUND):
        run()
    return (time.perf_counter() - start) / STEPS_PER_ROUND


def in_this_process(batch_size, rounds):
    """Measure, in turns, `{name: seconds a step}` of everything that fits into a process."""
    from despoof_keras.distribution.strategy import Distribution, distribute

    mirrored = distribute("mirrored", 2)  # splits the processor: before anything else
    import tensorflow as tf

    single = Distribution(tf.distribute.get_strategy())
    steps = {
        "plain": compiled_step(single, batch_size),
        "XLA": compiled_step(single, batch_size, jit_compile=True),
        "bfloat16": compiled_step(single, batch_size, dtype_policy="mixed_bfloat16"),
        "float16": compiled_step(single, batch_size, dtype_policy="mixed_float16"),
        "two logical CPUs": compiled_step(mirrored, batch_size),
        "two logical CPUs, synchronized norm": compiled_step(
            mirrored, batch_size, synchronized_norm=True
        ),
    }
    for run in steps.values():
        run()
    times = {name: [] for name in steps}
    for _ in range(rounds):
        for name, run in steps.items():
            times[name].append(seconds(run))
    return {name: statistics.median(values) for name, values in times.items()}


def worker(batch_size, rounds):
    """Print the seconds a step of this process, which is half of a pair."""
    from despoof_keras.distribution.strategy import distribute

    run = compiled_step(distribute("multi-worker"), batch_size)
    run()
    print(json.dumps(statistics.median(seconds(run) for _ in range(rounds))))


def two_processes(batch_size, rounds):
    """Measure the seconds a step of two worker processes that share the batch."""
    hosts = [f"127.0.0.1:{port}" for port in PORTS]
    command = [sys.executable, __file__, "--worker", "--batch-size", str(batch_size)]
    processes = [
        subprocess.Popen(
            [*command, "--rounds", str(rounds)],
            env={
                **os.environ,
                "TF_CONFIG": json.dumps(
                    {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": index}}
                ),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for index in range(len(hosts))
    ]
    outputs = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    return max(json.loads(output.strip().splitlines()[-1]) for output in outputs)


def main():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options.batch_size, options.rounds)
        return
    times = in_this_process(options.batch_size, options.rounds)
    times["two processes"] = two_processes(options.batch_size, options.rounds)
    print(f"batches of {options.batch_size}, {options.rounds} rounds of {STEPS_PER_ROUND} steps")
    for name, value in times.items():
        print(f"{name:36s} {times['plain'] / value:5.2f} times the plain step's images/s")


if __name__ == "__main__":
    main()
