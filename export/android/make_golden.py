"""Writes a golden input and score to check an app against.

    python export/android/make_golden.py exported/float32.tflite golden/

writes `frame.png`, a made-up frame without a face; `crop.png`, what must be cut out of it by the
eyes in `golden.json`, pixel for pixel; and `golden.json`, with the spoof score of that crop.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from despoof_keras import DataError, load_tflite
from despoof_keras.faces.crop import resize

WIDTH, HEIGHT = 320, 240
# The square around these leaves the frame on the left and above, where its border is replicated.
EYES = (35.3, 40.8, 100.1, 46.4)
# Largest difference that another runtime's score may have, as a share of the score: kernels for
# other processors add in another order.
TOLERANCE = 1e-3


def make_frame():
    """`(HEIGHT, WIDTH, 3)` RGB uint8: smooth colours, blocks and fine noise, always the same."""
    random = np.random.default_rng(0)
    smooth = resize(random.integers(40, 216, (4, 4, 3)).astype(np.uint8), WIDTH)[:HEIGHT]
    blocks = np.kron(random.integers(-20, 21, (HEIGHT // 16, WIDTH // 16, 1)), np.ones((16, 16, 1)))
    noise = random.integers(-20, 21, (HEIGHT, WIDTH, 3))
    return np.rint(smooth + blocks + noise).clip(0, 255).astype(np.uint8)


def write_golden(model, folder):
    """Writes the three files.

    Args:
        model: path of a `.tflite` file with metadata.
        folder: for the files; created where missing.

    Raises:
        DataError: the model cannot be used.
    """
    detector = load_tflite(model)
    frame = make_frame()
    crop = detector.crop(frame, EYES)
    score, threshold = detector.score(crop), detector.metadata.threshold
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(frame).save(folder / "frame.png")
    Image.fromarray(crop).save(folder / "crop.png")
    golden = {
        "model": model.name,
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "eyes": EYES,
        "spoof_score": score,
        "threshold": threshold,
        "is_attack": None if threshold is None else score >= threshold,
        "relative_tolerance": TOLERANCE,
    }
    (folder / "golden.json").write_text(json.dumps(golden, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help=".tflite file")
    parser.add_argument("folder", type=Path, help="where to write")
    options = parser.parse_args()
    try:
        write_golden(options.model, options.folder)
    except (DataError, ImportError, OSError) as error:
        sys.exit(f"make_golden.py: {error}")
    print(f"golden input and score: {options.folder}")


if __name__ == "__main__":
    main()
