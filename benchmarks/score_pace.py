"""Pace and memory of `despoof score` on a long video, and the stage that limits the pace.

    python benchmarks/score_pace.py [--frames 300] [--model MODEL]

The benchmark scores a video of scikit-image's astronaut and another three times as long, each in a
process of its own. It prints the pace, how long each stage was busy, and the peak memory of both.
Without --model it uses an untrained model for 256-pixel crops, because the time does not depend on
the weights.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from despoof_keras import Despoofer, build_depth_net, build_discriminator, build_ds_net

SHAPE = (720, 1280)
MODEL_SIZE = 256
# Runs a command and prints the peak memory of that command alone, in MiB, on the last line.
_MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr)
sys.exit(done.returncode)
"""


def write_video(path, frames):
    """Write the astronaut, swaying over a grey wall, large enough for the crop to be reduced."""
    face = cv2.resize(data.astronaut(), (720, 720), interpolation=cv2.INTER_CUBIC)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, SHAPE[::-1])
    for number in range(frames):
        picture = np.full((*SHAPE, 3), 120, np.uint8)
        left = 280 + round(40 * np.sin(number / 10))
        picture[:, left : left + 720] = face[..., ::-1]
        writer.write(picture)
    writer.release()


def score(model, video):
    """Return what `despoof score` reports of its pace, and its peak memory in MiB."""
    command = [sys.executable, "-m", "despoof_keras", "score", "--json", "--model", str(model)]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command, str(video)],
        capture_output=True,
        text=True,
        check=True,
    )
    pace = next(line for line in done.stderr.splitlines() if " a second" in line)
    return pace.removeprefix("despoof: "), int(re.search(r"peak (\d+)", done.stderr)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--model")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model
        if model is None:
            builders = (build_ds_net, build_depth_net, build_discriminator)
            model = Path(folder) / "model.keras"
            Despoofer(*(build(MODEL_SIZE) for build in builders)).save(model)
        peaks = []
        for frames in (options.frames, 3 * options.frames):
            video = Path(folder) / f"{frames}.mp4"
            write_video(video, frames)
            pace, peak = score(model, video)
            peaks.append(peak)
            print(f"{pace}; peak memory {peak} MiB")
        print(f"peak memory, three times the frames to once: {peaks[1] / peaks[0]:.2f}")


if __name__ == "__main__":
    main()
