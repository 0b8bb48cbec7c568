"""What callers name: paths, bytes, open files, and texts that are none of these."""

import base64
import io
import os
import socket

import numpy as np
import pytest
from PIL import Image

from despoof_keras.errors import DataError
from despoof_keras.utils.contents import as_path, read_source, regular_file
from despoof_keras.utils.pictures.images import read_image

MOST = 1000


def read(source):
    return read_source(source, "image", "an image", MOST)


@pytest.fixture(scope="module")
def content():
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20), (200, 100, 50)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_file_is_read_from_its_path_its_bytes_and_an_open_file(content, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    for source in (path, str(path), open(path, "rb")):  # noqa: SIM115
        assert read(source) == (str(path), content)
    assert read(path.as_uri()) == (path.as_uri(), content)
    for source in (content, bytearray(content), memoryview(content), io.BytesIO(content)):
        assert read(source) == ("image", content)


def test_an_open_file_is_read_from_its_position_and_left_open(content):
    file = io.BytesIO(b"mail header" + content)
    file.seek(11)
    assert read(file)[1] == content
    assert not file.closed


def test_a_picture_is_the_same_whatever_it_comes_from(content, tmp_path):
    (tmp_path / "a.png").write_bytes(content)
    expected = read_image(tmp_path / "a.png")
    assert expected[0, 0].tolist() == [200, 100, 50]
    sources = content, memoryview(content), io.BytesIO(content), Image.open(io.BytesIO(content))
    for source in sources:
        np.testing.assert_array_equal(read_image(source), expected)


class Coroutine:
    async def read(self):
        return b""


class Failing:
    name = "connection"

    def read(self):
        raise ConnectionResetError("reset by peer")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "image: expected an image as a path, bytes or a binary file; received NoneType"),
        (3.5, "received float"),
        ([b"a"], "received list"),
        (io.StringIO("text"), r"opened to read bytes, with open\(..., 'rb'\); its read.* text"),
        (Coroutine(), "opened to read bytes.*coroutine"),
        (Failing(), "connection: expected an image in an open file; reset by peer"),
        (bytes(MOST + 1), "at most 1000 bytes"),
        ("", "^'': expected an image, received an empty path"),
        ("no\0where", r"no\\x00where: .*NUL"),
        ("gone.png", "^gone.png: expected an image, found no such file$"),
        ("~/gone.png", "found no such file in .*only a shell replaces ~"),
        ("s3://bucket/a.png", "an address is no path: download it first"),
        ("file:///gone.png", "found no such file"),
        ("x" * 5000, r"^x+\.\.\.x+ \(5000 characters\): expected an image, file name too long$"),
    ],
)
def test_what_cannot_be_read_is_explained_in_a_line(source, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=message) as caught:
        read(source)
    assert len(str(caught.value)) < 400


def test_base64_and_data_uris_are_recognised_and_not_repeated(content):
    text = base64.b64encode(content + bytes(300_000)).decode()
    for source in (text, f"data:image/png;base64,{text}", text.encode()):
        with pytest.raises(DataError, match=r"base64\.b64decode and pass the bytes") as caught:
            read(source)
        assert len(str(caught.value)) < 250


def test_special_files_are_told_apart_and_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(tmp_path)  # the system's limit on the length of such a name
        server.bind("socket")
        for name, kind in (("pipe", "a named pipe"), ("socket", "a socket"), (".", "a folder")):
            with pytest.raises(DataError, match=f"a regular file; found {kind}"):
                regular_file(name, "an image")
    with pytest.raises(DataError, match="found a device"):
        regular_file("/dev/zero", "an image")


def test_addresses_of_files_of_this_machine_are_paths():
    assert as_path("file:///a%20b/%C3%BC.png") == "/a b/ü.png"
    assert as_path("file://localhost/a.png") == "/a.png"
    assert as_path("file://elsewhere/a.png") == "file://elsewhere/a.png"
    assert as_path(b"/gr\xfc.png") == "/gr\udcfc.png"
