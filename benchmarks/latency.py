"""Latency of exported models: ratios in the same run, and the cold start.

    python benchmarks/latency.py exported/ [--keras MODEL] [--rounds 20]

`exported/` is the output of `export/to_tflite.py --variants all`. On one thread and on two, the
benchmark prints these ratios, each the median over rounds in which everything runs once in random
order: each file to the baseline; `load_tflite(...).score` to the bare interpreter on the same crop;
and, with --keras, Keras' `predict` to the baseline. Then, for each file, it prints how long a fresh
process takes to import the package (with NumPy), to load the model (with its runtime), and to
compute the first score.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from despoof_keras import DataError, load_tflite
from despoof_keras.utils.litert import open_interpreter

THREADS = (1, 2)
WARM_UP = 2
COLD_STARTS = 5
_COLD_START = """
import json, sys, time
start = time.perf_counter()
from despoof_keras import load_tflite
imported = time.perf_counter()
detector = load_tflite(sys.argv[1], threshold=0.5)
loaded = time.perf_counter()
size = detector.metadata.image_size
import numpy as np
detector.score(np.zeros((size, size, 3), np.uint8))
scored = time.perf_counter()
print(json.dumps([imported - start, loaded - imported, scored - loaded]))
"""


def random_crop(size):
    return np.random.default_rng(0).integers(0, 256, (size, size, 3)).astype(np.uint8)


def bare_interpreter(path, threads, crop):
    """Make a function that calls the runtime alone, without this package."""
    interpreter = open_interpreter(path, threads)
    score = interpreter.get_signature_runner("score")
    batch = crop[np.newaxis]
    return lambda: score(image=batch)["score"]


def keras_predict(path, crop):
    from despoof_keras import to_network_range
    from despoof_keras.inference.open_model import open_despoofer

    model = open_despoofer(path)
    if model.image_size != len(crop):
        raise DataError(f"{path}: expected a model for {len(crop)} pixel crops, as exported")
    batch = to_network_range(crop)[np.newaxis]
    return lambda: model.predict(batch, verbose=0)


def seconds_in_turn(calls, rounds):
    """Map names to the seconds of each round; in a round all calls run once, in random order."""
    seconds, shuffled = {name: [] for name in calls}, random.Random(0)
    for number in range(rounds + WARM_UP):
        for name in shuffled.sample(list(calls), len(calls)):
            start = time.perf_counter()
            calls[name]()
            if number >= WARM_UP:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def ratio(seconds, name, base):
    return statistics.median(a / b for a, b in zip(seconds[name], seconds[base], strict=True))


def print_ratios(paths, baseline, threads, keras_model, rounds):
    detectors = {path.stem: load_tflite(path, num_threads=threads) for path in paths}
    crop = random_crop(detectors[baseline].metadata.image_size)
    calls = {
        name: lambda detector=detector: detector.score(crop) for name, detector in detectors.items()
    }
    path = next(path for path in paths if path.stem == baseline)
    calls["bare"] = bare_interpreter(path, threads, crop)
    if keras_model:
        calls["keras"] = keras_predict(keras_model, crop)
    seconds = seconds_in_turn(calls, rounds)
    milliseconds = 1000 * statistics.median(seconds[baseline])
    print(f"{threads} thread(s); {baseline}: {milliseconds:.1f} ms a score")
    for name in detectors:
        print(f"  {name} to {baseline}: {ratio(seconds, name, baseline):.2f}")
    bare = ratio(seconds, baseline, "bare")
    print(f"  load_tflite(...).score to the bare interpreter: {bare:.3f}")
    if keras_model:
        print(f"  Keras predict (all cores) to {baseline}: {ratio(seconds, 'keras', baseline):.2f}")


def print_cold_start(path):
    parts = []
    for _ in range(COLD_STARTS):
        done = subprocess.run(
            [sys.executable, "-c", _COLD_START, str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        parts.append(json.loads(done.stdout))
    imported, loaded, scored = (1000 * statistics.median(part) for part in zip(*parts, strict=True))
    print(
        f"cold start, {path.stem}: import {imported:.0f} ms, load {loaded:.0f} ms, "
        f"first score {scored:.0f} ms, together {imported + loaded + scored:.0f} ms"
    )


def main():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of exported .tflite files")
    parser.add_argument(
        "--baseline", default="float32", help="file to compare with (default: float32)"
    )
    parser.add_argument("--keras", type=Path, help="the model that was exported")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    paths = sorted(options.folder.glob("*.tflite"))
    baseline = options.baseline
    if baseline not in [path.stem for path in paths]:
        sys.exit(f"latency.py: {options.folder}: expected {baseline}.tflite among the files")
    try:
        for threads in THREADS:
            print_ratios(paths, baseline, threads, options.keras, options.rounds)
    except DataError as error:
        sys.exit(f"latency.py: {error}")
    for path in paths:
        print_cold_start(path)


if __name__ == "__main__":
    main()
