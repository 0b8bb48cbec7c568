"""Errors of the depth targets: the face mesh and the generic face on the embedded set.

    python benchmarks/mesh_depth.py [--clips 60] [--picture docs/mesh_depth.png]

The benchmark prints the mean absolute error over the whole crop (64 pixels, depth in [0, 1]) from
the exact depth of the embedded set's renderer, over bona fide clips of all subjects, sessions and
phones. With --picture it draws the depth of scikit-image's astronaut.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure
from skimage import data

from despoof_keras.datasets.oulu_npu_protocols import SUBJECTS
from despoof_keras.faces.crop import crop_face
from despoof_keras.faces.depth import exact_depth, generic_face_depth, mesh_depth
from despoof_keras.faces.finder import FaceFinder, face_at
from despoof_keras.synthesis.layouts.oulu_npu import BONA_FIDE, ClipKey, render_clip
from despoof_keras.utils.files import atomic_path

SIZE = 64
CLIP_FRAMES, CLIP_SIZE, SEED = 2, (320, 240), 0


def clips(count):
    """Yield frames of bona fide clips with their eyes and exact depth, from all over the set."""
    keys = [
        ClipKey(split, subject, subject % 3 + 1, subject % 6 + 1, BONA_FIDE)
        for split, (first, last) in SUBJECTS.items()
        for subject in range(first, last + 1)
    ]
    for key in keys[:: max(1, len(keys) // count)][:count]:
        clip = render_clip(key, CLIP_FRAMES, CLIP_SIZE, SEED)
        yield clip.pictures[-1], clip.eyes[-1], clip.depth[-1]


def print_errors(finder, count):
    errors, missed = {"mesh": [], "generic face": []}, 0
    for frame, eyes, exact in clips(count):
        truth = exact_depth(exact, eyes, SIZE) / 255
        face = face_at(finder(frame), eyes)
        if face is None:
            missed += 1
            continue
        targets = {
            "mesh": mesh_depth(face.landmarks, SIZE, eyes=eyes),
            "generic face": generic_face_depth(eyes, SIZE),
        }
        for name, depth in targets.items():
            errors[name].append(np.abs(depth / 255 - truth).mean())
    for name, values in errors.items():
        print(f"{name:13s} mean absolute error {np.mean(values):.3f}, {len(values)} clips")
    print(f"no face found in {missed} clips")
    ratio = np.mean(errors["mesh"]) / np.mean(errors["generic face"])
    print(f"mesh to generic face: {ratio:.2f}")


def draw_astronaut(finder, path):
    photograph = data.astronaut()
    (face,) = finder(photograph)
    panels = {
        "crop": crop_face(photograph, face.eyes, 256) / 255,
        "depth from the mesh": mesh_depth(face.landmarks, 256) / 255,
        "as DepthNet's target": mesh_depth(face.landmarks, 256).reshape(32, 8, 32, 8).mean((1, 3))
        / 255,
        "generic face": generic_face_depth(face.eyes, 256) / 255,
    }
    figure = Figure(figsize=(10.4, 2.9), layout="constrained")
    for axis, (title, picture) in zip(figure.subplots(1, 4), panels.items(), strict=True):
        axis.imshow(picture, cmap="viridis", vmin=0, vmax=1)
        axis.set(title=title, xticks=[], yticks=[])
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--picture", help="PNG file for the astronaut's depth")
    options = parser.parse_args()
    finder = FaceFinder()
    print_errors(finder, options.clips)
    if options.picture:
        draw_astronaut(finder, options.picture)


if __name__ == "__main__":
    main()
