"""Fixtures that several modules share: the reference folder and the released model."""

import fcntl
import logging
import os
import signal

# A shell starts what it runs in the background with Ctrl-C ignored, and programs hand that on to
# theirs, which the tests of interruptions would wait for in vain.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# TensorFlow leaves oneDNN's kernels, twice as fast, off on x86 processors without VNNI.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

from pathlib import Path

import numpy as np
import pytest

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"


# The files that take longest, the longest first.
LONGEST = ("test_strategy.py", "test_train_oulu.py", "test_search.py", "test_multi_worker.py")


def pytest_collection_modifyitems(items):
    """Files with slow tests first, so that no process is left alone with one of them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def place(item):
        if item.path.name in LONGEST:
            return LONGEST.index(item.path.name)
        return len(LONGEST) + (item.path not in slow)

    items.sort(key=place)


@pytest.fixture(autouse=True)
def usual_log():
    """The package's log at its usual level, whatever programs an earlier test has run."""
    logging.getLogger("despoof_keras").setLevel(logging.NOTSET)


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


@pytest.fixture(scope="session")
def make_despoofer():
    """Function from `Despoofer`'s keyword arguments to an untrained one for 32 x 32 crops.

    Its convolutions are enlarged, so that noise, map and depth are not all near zero.
    """
    import keras

    from despoof_keras import Despoofer, build_depth_net, build_discriminator, build_ds_net

    def make(size=32, dtype_policy="float32", ds_net=None, **arguments):
        keras.utils.set_random_seed(1)
        builders = build_ds_net, build_depth_net, build_discriminator
        options = {build_ds_net: ds_net or {}}
        networks = [
            build(size, dtype_policy=dtype_policy, **options.get(build, {})) for build in builders
        ]
        for network in networks[:2]:
            for variable in network.trainable_variables:
                if variable.name == "kernel":
                    variable.assign(6.0 * variable)
        return Despoofer(*networks, **arguments)

    return make


@pytest.fixture(scope="session")
def astronaut():
    """scikit-image's public-domain photograph of Eileen Collins, `(512, 512, 3)` RGB uint8."""
    from skimage import data

    return data.astronaut()


@pytest.fixture(scope="session")
def finder():
    """The face finder."""
    from despoof_keras.faces.finder import FaceFinder

    return FaceFinder()


@pytest.fixture(scope="session")
def embedded_clips():
    """Frames of the embedded set with their truth: `(frame, eyes, exact depth)`, 12 subjects."""
    from despoof_keras.synthesis.layouts.oulu_npu import BONA_FIDE, ClipKey, render_clip

    frames = []
    for subject in range(1, 13):
        key = ClipKey("train", subject, subject % 3 + 1, subject % 6 + 1, BONA_FIDE)
        clip = render_clip(key, 2, (320, 240), seed=5)
        frames.append((clip.pictures[1], clip.eyes[1], clip.depth[1]))
    return frames


@pytest.fixture(scope="session")
def tflite_folder(make_despoofer, tmp_path_factory):
    """Folder of `make_despoofer`'s model: `model.tflite`, as exported, `bare.tflite`, just it."""
    import tflite_files

    folder = tmp_path_factory.mktemp("tflite")
    content = tflite_files.convert_despoofer(make_despoofer(), folder / "saved")
    (folder / "model.tflite").write_bytes(tflite_files.with_metadata(content))
    (folder / "bare.tflite").write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def detector(tflite_folder):
    """The `LivenessDetector` of the exported model."""
    from despoof_keras import load_tflite

    return load_tflite(tflite_folder / "model.tflite")


@pytest.fixture(scope="session")
def small_set(tmp_path_factory):
    """A tiny data set in OULU-NPU's layout, the same for all processes; copy it to change it."""
    from despoof_keras.synthesis import write_oulu_npu

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # the processes have a folder each in a common one
    sizes = {"subjects": (1, 1, 1), "frames": 2, "size": (120, 96)}
    with (folder / "small_set.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until it is closed
        return write_oulu_npu(folder / "small_set", **sizes, seed=2, progress=False)


@pytest.fixture(scope="session")
def workplace(small_set, tmp_path_factory):
    """Folder with a tiny data set, `set`, and settings for it, `small.json`."""
    import json

    from recipe_runs import SMALL

    folder = tmp_path_factory.mktemp("recipe")
    (folder / "set").symlink_to(small_set)
    (folder / "small.json").write_text(json.dumps(SMALL))
    return folder
