"""Picture files as a detector takes them, with Pillow or OpenCV alone, and models in memory."""

import io
import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from despoof_keras import DataError, load_tflite
from despoof_keras.tflite import pictures
from despoof_keras.tflite.demonstration import demonstration_path
from despoof_keras.tflite.pictures import rgb_picture


@pytest.fixture
def picture():
    y, x = np.mgrid[0:40, 0:60]
    return np.stack([4 * x, 6 * y, 2 * x + 3 * y], axis=-1).astype(np.uint8)


def saved(picture, format_name, **options):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format_name, **options)
    return buffer.getvalue()


@pytest.fixture
def without_pillow(monkeypatch):
    import_module = pictures.importlib.import_module
    monkeypatch.setattr(
        pictures.importlib,
        "import_module",
        lambda name: cv2 if name == "cv2" else import_module(f"no_{name}"),
    )


def sources(content, tmp_path):
    (tmp_path / "a").write_bytes(content)
    return tmp_path / "a", content, bytearray(content), memoryview(content), io.BytesIO(content)


def test_a_picture_may_come_from_anywhere(picture, tmp_path):
    for source in (*sources(saved(picture, "PNG"), tmp_path), Image.fromarray(picture)):
        np.testing.assert_array_equal(rgb_picture(source), picture)


def test_opencv_alone_gives_the_same(picture, tmp_path, without_pillow):
    for source in sources(saved(picture, "PNG"), tmp_path):
        np.testing.assert_array_equal(rgb_picture(source), picture)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = saved(np.ascontiguousarray(np.rot90(picture)), "JPEG", exif=exif, quality=95)
    assert np.abs(rgb_picture(turned).astype(int) - picture).mean() < 6


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda content: content[: len(content) // 2], "damaged"),
        (lambda content: content[:-30] + bytes(30), "damaged"),
        (lambda content: b"", "found an empty file"),
        (lambda content: b"%PDF-1.7", "found a PDF"),
        (lambda content: b"\xff\x0a" + content, "found a JPEG XL picture, which is not read"),
    ],
)
@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
def test_opencv_alone_refuses_what_is_no_whole_picture(
    format_name, spoil, message, picture, without_pillow
):
    with pytest.raises(DataError, match=f"^image: expected .*{message}"):
        rgb_picture(spoil(saved(picture, format_name)))


def test_a_model_in_memory_needs_numpy_and_a_runtime_alone():
    code = (
        "import json, sys\n"
        "import numpy as np\n"
        "from despoof_keras import load_tflite\n"
        f"content = open({str(demonstration_path())!r}, 'rb').read()\n"
        "crop = np.zeros((64, 64, 3), np.uint8)\n"
        "scores = [load_tflite(source).score(crop) for source in (content, memoryview(content))]\n"
        "heavy = [name for name in ('PIL', 'cv2', 'keras', 'tensorflow') if name in sys.modules]\n"
        "print(json.dumps([scores, heavy]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    scores, heavy = json.loads(done.stdout)
    assert scores[0] == scores[1]
    assert heavy == []


def test_bytes_that_are_no_model_are_named():
    with pytest.raises(DataError, match=r"^model: expected a \.tflite file"):
        load_tflite(b"no model")
