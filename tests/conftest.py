"""Fixtures that several modules share: the reference folder and the released model."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pathlib import Path

import numpy as np
import pytest

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"


@pytest.fixture(scope="session")
def reference():
    """Folder with the released model's variables and what its graph gives."""
    if not (REFERENCE / "released_weights.npz").is_file():
        pytest.skip(f"the reference material is not at {REFERENCE}")
    return REFERENCE


@pytest.fixture(scope="session")
def released_arrays(reference):
    """The released variables, by their original names."""
    with np.load(reference / "released_weights.npz") as archive:
        return {name: archive[name] for name in archive.files}


@pytest.fixture(scope="session")
def released_model(reference):
    """The released model, read from the arrays."""
    import despoof_keras

    return despoof_keras.load_released(reference / "released_weights.npz")
