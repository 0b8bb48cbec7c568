"""What becomes of photographs that are turned: how many faces would be scored, and the time.

    python benchmarks/turned_faces.py FOLDER [--image-size 256]

FOLDER holds photographs of upright faces, in sub-folders as well. The benchmark counts, for every
quarter turn, what `despoof score` would say of the largest face, and prints the mean time that the
face finder takes with one thread.
"""

import argparse
import collections
import time
from pathlib import Path

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.faces.finder import NO_FACE, FaceFinder, face_status
from despoof_keras.utils.pictures.images import read_image

TURNS = ("upright", "turned left", "upside down", "turned right")


def photographs(folder):
    """Yield the images in a folder; what is none is passed over."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            yield read_image(path)
        except DataError:
            continue


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--image-size", type=int, default=256, help="side of the model's crops")
    options = parser.parse_args()
    finder = FaceFinder(num_threads=1)
    counts = [collections.Counter() for _ in TURNS]
    seconds = np.zeros(len(TURNS))
    for photograph in photographs(options.folder):
        for turns in range(len(TURNS)):
            turned = np.ascontiguousarray(np.rot90(photograph, turns))
            start = time.process_time()
            faces = finder(turned)
            seconds[turns] += time.process_time() - start
            status = face_status(faces[0], turned.shape, options.image_size) if faces else NO_FACE
            counts[turns][status.split(":")[0]] += 1
    for name, count, total in zip(TURNS, counts, seconds, strict=True):
        outcomes = ", ".join(f"{status} {number}" for status, number in count.most_common())
        print(f"{name}: {outcomes}; {1000 * total / max(1, count.total()):.1f} ms each")


if __name__ == "__main__":
    main()
