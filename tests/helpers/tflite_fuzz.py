"""Damages a TFLite file in many ways, one process at a time, and tells what loading it leads to.

python tests/tflite_fuzz.py MODEL FIRST LAST: a line `case outcome` for each case, flushed, so that
the caller knows which case has ended the process.
"""

import collections
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SCORED, REFUSED, CRASHED = "loads and scores", "DataError", "crash"
# A threshold stands in for the metadata of files that have none.
THRESHOLD = 0.5


def damage(content, case):
    """The content with the damage of a case, the same in every run."""
    random = np.random.default_rng(case)
    values = np.frombuffer(content, np.uint8).copy()
    kind = case % 4
    # The graph follows the weights in a file: the last part is where its structure is.
    start = 0 if kind < 2 else len(values) * 3 // 4
    count = 1 if kind in (0, 2) else int(random.integers(2, 9))
    places = random.integers(start, len(values), count)
    values[places] ^= random.integers(1, 256, count).astype(np.uint8)
    damaged = values.tobytes()
    if case % 16 == 15:  # cut short as well
        damaged = damaged[: random.integers(0, len(damaged))]
    return damaged


def outcome(path):
    from despoof_keras import DataError, load_tflite

    try:
        detector = load_tflite(path, threshold=THRESHOLD)
        size = detector.metadata.image_size
        crop = np.arange(size * size * 3, dtype=np.uint32).reshape(size, size, 3) % 251
        detector.predict(crop.astype(np.uint8))
        return SCORED
    except DataError:
        return REFUSED
    except BaseException as error:
        return f"leaked {type(error).__name__}: {error}"


def count_outcomes(path, cases, python=sys.executable):
    """What the cases from 0 lead to: a `Counter` of outcomes.

    A case that ends its process is a crash, and another process goes on after it.
    """
    found, first = collections.Counter(), 0
    while first < cases:
        done = subprocess.run(
            [str(python), __file__, str(path), str(first), str(cases)],
            capture_output=True,
            text=True,
        )
        lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
        found.update(one for _, one in lines)
        first += len(lines)
        if first < cases:
            found[f"{CRASHED} ({done.returncode})"] += 1
            first += 1
    return found


def main():
    path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    content = Path(path).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        damaged = Path(folder) / "damaged.tflite"
        for case in range(first, last):
            damaged.write_bytes(damage(content, case))
            print(case, outcome(damaged), flush=True)


if __name__ == "__main__":
    main()
