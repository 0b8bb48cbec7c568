"""Difficulty of the embedded data set for methods that do not look at faces.

The benchmark prints the test ACER (two instruments: print and replay; threshold at the EER of dev;
a video's score is the mean over its frames) of two baselines on protocols 1 and 4:

- logistic regression on global colour and sharpness statistics of the face crop;
- an RBF support vector machine on histograms of uniform local binary patterns, of the grey crop
  and of every colour channel, C chosen on dev.

    python benchmarks/embedded_set.py                  # the default set from the cache
    python benchmarks/embedded_set.py --root FOLDER --folds 1 2 3 4 5 6
"""

import argparse
import concurrent.futures
import functools
import multiprocessing
import os

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from despoof_keras.datasets import load
from despoof_keras.datasets.eye_files import read_eyes
from despoof_keras.evaluation.metrics import acer, threshold_at_eer
from despoof_keras.faces.crop import crop_face
from despoof_keras.synthesis import default_root
from despoof_keras.synthesis.embedded import LAYOUT
from despoof_keras.training.comparison.features import global_statistics, lbp_histograms
from despoof_keras.utils.video.frames import read_frames

SVM_PENALTIES = (0.1, 1.0, 10.0, 100.0)
REQUIRED = {("statistics", 1): 0.15, ("statistics", 4): 0.20, ("lbp", 1): 0.05, ("lbp", 4): 0.10}


def describe(video, image_size):
    """Compute the features of all frames of a video: two arrays `(frames, features)`."""
    cv2.setNumThreads(1)
    eyes = read_eyes(video.eye_path)
    crops = [
        np.clip(np.rint(crop_face(frame, eyes[index], image_size)), 0, 255).astype(np.uint8)
        for index, frame in read_frames(video.path)
        if index in eyes
    ]
    return (
        np.array([global_statistics(crop) for crop in crops]),
        np.array([lbp_histograms(crop) for crop in crops]),
    )


class Features:
    """Features of a data set's videos, computed once for each on all cores."""

    def __init__(self, image_size):
        self.image_size = image_size
        self.known = {}

    def add(self, videos):
        """Compute the features of videos that are new."""
        new = [video for video in videos if video.path not in self.known]
        with concurrent.futures.ProcessPoolExecutor(
            os.cpu_count(), multiprocessing.get_context("spawn")
        ) as pool:
            work = functools.partial(describe, image_size=self.image_size)
            for video, features in zip(new, pool.map(work, new, chunksize=16), strict=True):
                self.known[video.path] = features

    def frames(self, videos, kind):
        """Return features `(frames, features)` and labels `(frames,)` of all frames of videos."""
        parts = [self.known[video.path][kind] for video in videos]
        labels = np.repeat([video.label for video in videos], [len(part) for part in parts])
        return np.concatenate(parts), labels

    def scores(self, model, videos, kind):
        """Compute the spoof score of each video, the mean over its frames."""
        return np.array(
            [model.decision_function(self.known[video.path][kind]).mean() for video in videos]
        )


def acer_on(model, splits, features, kind, part):
    """Measure the ACER on `part` at the threshold of dev."""
    bona_fide, attack, _ = _scores(model, splits["dev"], features, kind)
    threshold = threshold_at_eer(bona_fide, attack)
    return acer(*_scores(model, splits[part], features, kind), threshold)


def _scores(model, videos, features, kind):
    scores = features.scores(model, videos, kind)
    labels = np.array([video.label for video in videos])
    species = [video.instrument for video in videos if video.label]
    return scores[labels == 0], scores[labels == 1], species


def statistics_acer(splits, features):
    """Measure the test ACER of logistic regression on `global_statistics`."""
    model = make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000)
    )
    return acer_on(model.fit(*features.frames(splits["train"], 0)), splits, features, 0, "test")


def lbp_acer(splits, features):
    """Measure the test ACER of the SVM on `lbp_histograms`, with the C of the lowest dev ACER."""
    candidates = []
    for penalty in SVM_PENALTIES:
        model = make_pipeline(StandardScaler(), SVC(C=penalty, class_weight="balanced"))
        model.fit(*features.frames(splits["train"], 1))
        candidates.append((acer_on(model, splits, features, 1, "dev"), penalty, model))
    _, _, model = min(candidates, key=lambda candidate: candidate[:2])
    return acer_on(model, splits, features, 1, "test")


def measure(root, image_size, folds):
    """Measure the test ACER of both baselines.

    Returns:
        Mapping from (baseline, protocol) to a list with a figure for each fold.
    """
    features = Features(image_size)
    figures = {}
    for protocol, protocol_folds in ((1, [None]), (4, folds)):
        for fold in protocol_folds:
            splits = load(LAYOUT, root, protocol, fold)
            features.add([video for videos in splits.values() for video in videos])
            for name, baseline in (("statistics", statistics_acer), ("lbp", lbp_acer)):
                figures.setdefault((name, protocol), []).append(baseline(splits, features))
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", help="an OULU-NPU tree (default: the embedded set)")
    parser.add_argument("--seed", type=int, default=0, help="of the default set")
    parser.add_argument("--image-size", type=int, default=64, help="side of the face crop")
    parser.add_argument(
        "--folds",
        type=int,
        nargs="+",
        default=[1, 2, 3, 4, 5, 6],
        help="folds of protocol 4; the limit applies to the first",
    )
    options = parser.parse_args()
    root = options.root or default_root(options.seed)
    figures = measure(root, options.image_size, options.folds)
    print(f"{root}, crops of {options.image_size} pixels, test ACER:")
    names = {"statistics": "logistic regression on global statistics", "lbp": "LBP + SVM"}
    for (name, protocol), values in figures.items():
        fold = "" if protocol == 1 else f" fold {options.folds[0]}"
        line = f"{names[name]}, protocol {protocol}{fold}: {values[0]:.1%}"
        line += f" (must exceed {REQUIRED[name, protocol]:.0%})"
        if len(values) > 1:
            each = " ".join(f"{value:.1%}" for value in values)
            line += f"; folds {each}, mean {np.mean(values):.1%} ± {np.std(values):.1%}"
        print(line)


if __name__ == "__main__":
    main()
