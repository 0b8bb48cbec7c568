"""Time of all figures of a system with their intervals, at the size of OULU-NPU.

The scores are random, of as many subjects, phones, sessions and species as OULU-NPU has: 4,950
videos, all of them in the test split.

    python benchmarks/bootstrap.py
"""

import argparse
import itertools
import time

import numpy as np

from despoof_keras.evaluation.bootstrap import RESAMPLES
from despoof_keras.evaluation.comparison import compare
from despoof_keras.evaluation.score_table import ScoreTable
from despoof_keras.evaluation.summary import summarise

SUBJECTS, PHONES, SESSIONS = 55, 6, 3
SPECIES = ("bona_fide", "print_1", "print_2", "replay_1", "replay_2")
SEED = 0


def random_scores(random):
    """Scores of one system: attacks are higher, and subjects differ."""
    rows = list(itertools.product(range(SUBJECTS), range(PHONES), range(SESSIONS), SPECIES))
    subjects, phones, sessions, pais = (
        np.array(column).astype(str) for column in zip(*rows, strict=True)
    )
    offsets = random.normal(0, 0.5, SUBJECTS)[subjects.astype(int)]
    scores = random.normal(0, 1, len(rows)) + offsets + 3.0 * (pais != "bona_fide")
    keys = tuple("_".join(map(str, row)) for row in rows)
    return ScoreTable(keys, pais, scores, subjects, {"phone": phones, "session": sessions})


def main():
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    random = np.random.default_rng(SEED)
    dev, test, other = (random_scores(random) for _ in range(3))
    start = time.perf_counter()
    summarise(dev, test)
    middle = time.perf_counter()
    compare({"a": (dev, test), "b": (dev, other)})
    end = time.perf_counter()
    print(f"{len(test.keys)} videos, {SUBJECTS} subjects, {RESAMPLES} resamples:")
    print(f"all figures and intervals of one system: {middle - start:.1f} s")
    print(f"paired differences of two systems: {end - middle:.1f} s")


if __name__ == "__main__":
    main()
