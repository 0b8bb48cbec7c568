"""How many simulated attacks and captures a processor makes in a second.

    python benchmarks/simulated_attacks.py

On crops of scikit-image's photograph, in one process, in as many as there are processors, and by as
many threads, as `tf.data` makes those of `simulated_fresh`.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from rich.table import Table
from skimage import data, transform

from despoof_keras.datasets.augment import SimulatedAttack, SimulatedCapture
from despoof_keras.evaluation.tables import show
from despoof_keras.utils.processes import default_processes, in_processes

SIZES = (72, 128, 256)
KINDS = ("print", "replay", "capture")
# The eyes in parts of the crop's side, as in the released crop.
EYES = np.array([0.3, 0.33, 0.7, 0.33])


def make(job: tuple[str, int, int]) -> int:
    """Make so many pictures of a kind and a size; return how many."""
    kind, size, count = job
    face = transform.resize(data.astronaut()[20:240, 120:340], (size, size), anti_aliasing=True)
    image = np.rint(face * 255).astype(np.uint8)
    made = SimulatedCapture() if kind == "capture" else SimulatedAttack(kind)
    for _ in range(count):
        made(image, EYES * size)
    return count


def pace(kind: str, size: int, count: int, processes: int) -> float:
    """Pictures a second."""
    jobs = [(kind, size, count)] * processes
    start = time.perf_counter()
    total = sum(in_processes(make, jobs, processes)) if processes > 1 else make(jobs[0])
    return total / (time.perf_counter() - start)


def pace_of_threads(kind: str, size: int, count: int, threads: int) -> float:
    """Pictures a second."""
    jobs = [(kind, size, count)] * threads
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        total = sum(pool.map(make, jobs))
    return total / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="of each, in each process")
    options = parser.parse_args()
    # Workers import what they run, and know nothing of this program's main module.
    import simulated_attacks

    processes = default_processes()
    table = Table(title="pictures a second")
    heads = ("one process", f"{processes} processes", f"{processes} threads")
    for name in ("kind", "pixels", *heads):
        table.add_column(name, justify="right")
    for kind in KINDS:
        for size in SIZES:
            paces = [simulated_attacks.pace(kind, size, options.count, n) for n in (1, processes)]
            paces.append(pace_of_threads(kind, size, options.count, processes))
            table.add_row(kind, str(size), *(f"{value:.1f}" for value in paces))
    show(table)


if __name__ == "__main__":
    main()
