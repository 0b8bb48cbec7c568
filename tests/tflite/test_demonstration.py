"""The model inside the package: there, small, and honest about what it is."""

import math

import numpy as np
import pytest

from despoof_keras import load_tflite, read_metadata
from despoof_keras.tflite import demonstration

MOST_BYTES = 300 * 1024


@pytest.fixture(scope="module")
def detector():
    demonstration._has_warned = False
    with pytest.warns(demonstration.DemonstrationWarning, match="never rely on"):
        detector = load_tflite()
    return detector


def test_it_is_small_and_says_what_it_is():
    path = demonstration.DEMONSTRATION
    assert path.stat().st_size < MOST_BYTES
    metadata = read_metadata(path)
    assert metadata.variant == "float16"
    assert "never to be relied on" in metadata.model_version
    assert metadata.training_data.startswith("embedded set")
    assert metadata.training_commit
    assert "dirty" not in metadata.training_commit
    assert metadata.licence == "MIT"
    assert math.isfinite(metadata.threshold)
    assert len(metadata.weights_sha256) == 64


def test_it_tells_the_embedded_sets_faces_apart(detector, embedded_clips):
    frame, eyes, _ = embedded_clips[0]
    crop = detector.crop(frame, eyes)
    assert crop.shape == (64, 64, 3)
    prediction = detector.predict(crop)
    assert prediction.threshold == detector.metadata.threshold
    assert math.isfinite(prediction.spoof_score)
    outputs = detector.despoof(crop)
    assert outputs["noise"].shape == (64, 64, 6)
    assert np.isfinite(outputs["noise"]).all()
