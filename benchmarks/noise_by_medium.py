"""How well the spoof noise tells print from replay, besides attack from bona fide.

    python benchmarks/noise_by_medium.py runs/p1-seed0/model.keras

The benchmark takes the noise of every test crop of the embedded set's protocol 1. It prints the
noise's mean magnitude by species, and how often a logistic regression on the noise's statistics
(mean magnitude of each channel, their correlations, a coarse spectrum) tells print from replay,
cross-validated over subjects; 50 % is chance. The same statistics of the crops themselves serve for
comparison.
"""

import argparse

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from despoof_keras.datasets.batches import evaluation_batches
from despoof_keras.datasets.prepare import CropSettings, prepare_data
from despoof_keras.datasets.samples import BONA_FIDE, instrument_of, species_of
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.evaluation.figures import noise_spectrum
from despoof_keras.models.saving import load_model
from despoof_keras.synthesis import data_at

FRAMES = 6  # of each video, as in the configuration `embedded`
SPECTRUM_STEP = 4  # every fourth row and column of the spectrum
FOLDS = 4


def statistics(noise):
    """Compute the features of a crop's noise, `(S, S, 6)`."""
    spectrum = noise_spectrum(noise)[::SPECTRUM_STEP, ::SPECTRUM_STEP].ravel()
    varied = noise.reshape(-1, noise.shape[-1]) + np.random.default_rng(0).normal(
        scale=1e-9, size=(noise.shape[0] * noise.shape[1], noise.shape[-1])
    )  # a channel without any noise has no correlation
    pairs = np.corrcoef(varied.T)[np.triu_indices(noise.shape[-1], 1)]
    return np.concatenate([np.abs(noise).mean(axis=(0, 1)), pairs, spectrum])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    model = load_model(parser.parse_args().model)
    data = data_at(None)
    settings = CropSettings(model.image_size, FRAMES, crop_rule=model.metadata.crop_rule)
    crops = prepare_data(data, data.load()["test"], settings, "face crops of test")
    hsv_rgb, parts = model.ds_net.get_layer("hsv_rgb"), {"noise": [], "crops": []}
    for batch in evaluation_batches(crops):
        parts["noise"].append(model.ds_net(batch["image"])["noise"].numpy())
        parts["crops"].append(hsv_rgb(batch["image"]).numpy())
    maps = {name: np.concatenate(values) for name, values in parts.items()}
    noise = maps["noise"]
    frames = frames_in_order(crops)
    pais = np.array([frame.pai for frame in frames])
    for pai in species_of(crops.samples):
        print(f"{pai:10s} mean absolute noise {np.abs(noise[pais == pai]).mean():.4f}")
    attack = pais != BONA_FIDE
    is_replay = np.array([instrument_of(pai) == "replay" for pai in pais[attack]])
    subject_of = {sample.key: sample.subject for sample in crops.samples}
    subjects = np.array([subject_of[frame.key] for frame in frames])[attack]
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    folds = {"groups": subjects, "cv": GroupKFold(FOLDS)}
    for name, values in maps.items():
        features = np.stack([statistics(picture) for picture in values[attack]])
        shares = cross_val_score(classifier, features, is_replay, **folds)
        print(f"print told from replay by the {name}: {shares.mean():.1%}")


if __name__ == "__main__":
    main()
