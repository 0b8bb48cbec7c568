"""What ends a write: the file is named, whatever library has written it, and nothing is left."""

import errno
import resource
import signal

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.errors import DataError
from despoof_keras.utils.files import atomic_path, check_writable, storage_error

LIMIT = 4096


@pytest.fixture
def little_room():
    """Files cannot grow beyond `LIMIT` bytes, as on a disk that gets full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def with_keras(path):
    keras.Sequential([keras.Input((64,)), keras.layers.Dense(64)]).save(path)


def with_hdf5(path):
    with h5py.File(path, "w") as file:
        file["values"] = np.arange(4 * LIMIT)


def with_tensorflow(path):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for _ in range(100):
            writer.write(bytes(LIMIT))


def with_numpy(path):
    np.savez(path, values=np.arange(4 * LIMIT))


def with_python(path):
    path.write_text("x" * 4 * LIMIT)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("model.keras", with_keras),
        ("values.h5", with_hdf5),
        ("crops.tfrecord", with_tensorflow),
        ("depth.npz", with_numpy),
        ("run.json", with_python),
    ],
)
def test_a_full_disk_is_one_error_that_names_the_file(name, write, tmp_path, little_room):
    path = tmp_path / name
    path.write_bytes(b"the old one")
    with pytest.raises(OSError, match="File too large") as caught, atomic_path(path) as temporary:
        write(temporary)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_about_another_file_keeps_its_name(tmp_path):
    with (
        pytest.raises(OSError, match="other") as caught,
        atomic_path(tmp_path / "one"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device", "other")
    assert caught.value.filename == "other"


def test_other_errors_are_no_errors_of_storage():
    assert storage_error(ValueError("shape")) is None
    assert storage_error(FileNotFoundError(errno.ENOENT, "No such file", "x")) is None


def test_folders_that_cannot_be_written_to_are_told_beforehand(tmp_path):
    (tmp_path / "file").write_text("")
    check_writable(tmp_path / "new" / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    for path in (tmp_path / "file", tmp_path / "file" / "run", "/proc/run"):
        with pytest.raises(DataError, match=f"{path}: expected a folder that can be written to"):
            check_writable(path)
