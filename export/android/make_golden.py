"""Write a golden input, and its score, to check an app against.

    python export/android/make_golden.py exported/float32.tflite golden/

writes `frame.png`, a made-up frame without a face; `crop.png`, the crop that the eyes in
`golden.json` must give, pixel for pixel; and `golden.json`, with the spoof score of that crop.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from despoof_keras import load_tflite
from despoof_keras.faces.crop import resize
from despoof_keras.utils.files import write_json
from despoof_keras.utils.programs import run_script, script_parser

WIDTH, HEIGHT = 320, 240
# The square around these leaves the frame on the left and at the top, where the border is
# replicated.
EYES = (35.3, 40.8, 100.1, 46.4)
# Largest difference of another runtime's score, as a share of the score: kernels for other
# processors sum in another order.
TOLERANCE = 1e-3


def make_frame():
    """Make a frame of smooth colours, blocks and fine noise, always the same.

    Returns:
        `(HEIGHT, WIDTH, 3)` RGB uint8.
    """
    random = np.random.default_rng(0)
    smooth = resize(random.integers(40, 216, (4, 4, 3)).astype(np.uint8), WIDTH)[:HEIGHT]
    blocks = np.kron(random.integers(-20, 21, (HEIGHT // 16, WIDTH // 16, 1)), np.ones((16, 16, 1)))
    noise = random.integers(-20, 21, (HEIGHT, WIDTH, 3))
    return np.rint(smooth + blocks + noise).clip(0, 255).astype(np.uint8)


def parse_arguments(arguments=None):
    parser = script_parser(__doc__)
    parser.add_argument("model", type=Path, help=".tflite file with metadata")
    parser.add_argument("folder", type=Path, help="where to write; made if it is missing")
    return parser.parse_args(arguments)


def run(options):
    detector = load_tflite(options.model)
    frame = make_frame()
    crop = detector.crop(frame, EYES)
    score, threshold = detector.score(crop), detector.metadata.threshold
    options.folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(frame).save(options.folder / "frame.png")
    Image.fromarray(crop).save(options.folder / "crop.png")
    golden = {
        "model": options.model.name,
        "model_sha256": hashlib.sha256(options.model.read_bytes()).hexdigest(),
        "eyes": EYES,
        "spoof_score": score,
        "threshold": threshold,
        "is_attack": None if threshold is None else score >= threshold,
        "relative_tolerance": TOLERANCE,
    }
    write_json(options.folder / "golden.json", golden)
    print(f"golden input and score: {options.folder}")


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run))
