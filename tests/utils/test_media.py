"""What a file is, by its first bytes."""

import io

import pytest
from PIL import Image

from despoof_keras.utils.media import (
    CONTAINER,
    OTHER,
    PICTURE,
    UNKNOWN,
    UNREADABLE,
    identify,
    identify_file,
)


@pytest.mark.parametrize(
    ("format_name", "expected"),
    [
        *((name, name) for name in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "JPEG2000")),
        *((name, name) for name in ("AVIF", "PPM", "ICO", "TGA", "DDS", "QOI", "PCX", "SGI")),
        ("MPO", "JPEG"),
    ],
)
def test_what_pillow_writes_is_a_picture(format_name, expected, tmp_path):
    Image.new("RGB", (40, 30), (90, 60, 30)).save(tmp_path / "a.bin", format_name)
    media = identify_file(tmp_path / "a.bin")
    assert (media.kind, media.name) == (PICTURE, expected)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_an_old_tga_file_is_known_by_its_length(mode):
    buffer = io.BytesIO()
    Image.new(mode, (40, 30)).save(buffer, "TGA")
    plain = buffer.getvalue()[:-26]
    assert identify(plain).name == "TGA"
    assert identify(plain + b"x").kind == UNKNOWN


@pytest.mark.parametrize(
    ("brands", "kind", "name"),
    [
        (b"heic\0\0\0\0mif1heic", PICTURE, "HEIF"),
        (b"mif1\0\0\0\0mif1heic", PICTURE, "HEIF"),
        (b"heix\0\0\0\0mif1heix", PICTURE, "HEIF"),
        (b"avif\0\0\0\0mif1miaf", PICTURE, "AVIF"),
        (b"mif1\0\0\0\0avifmiaf", PICTURE, "AVIF"),
        (b"avis\0\0\0\0msf1avif", PICTURE, "AVIF"),
        (b"crx \0\0\0\1crx isom", UNREADABLE, "a RAW photograph"),
        (b"jxl \0\0\0\0jxl mp42", UNREADABLE, "a JPEG XL picture"),
        (b"isom\0\0\2\0isomavc1", CONTAINER, "a video or sound file"),
        (b"qt  \0\0\0\0qt  qt  ", CONTAINER, "a video or sound file"),
        (b"hevc\0\0\0\0hevcmsf1", CONTAINER, "a video or sound file"),
        (b"M4A \0\0\0\0M4A mp42", OTHER, "a sound file"),
    ],
)
def test_brands_tell_pictures_from_videos(brands, kind, name):
    content = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands + bytes(50)
    media = identify(content)
    assert (media.kind, media.name) == (kind, name)


@pytest.mark.parametrize(
    "content",
    [
        b"I'm free to write any text",
        b"BM is no bitmap",
        b"P1 and P2 are parts",
        b"GIF of the week",
        b"MAC addresses",
        "Grüße".encode("latin-1"),
        "Grüße".encode("utf-16"),
        b"\xef\xbb\xbfwith a mark",
    ],
)
def test_text_is_text(content):
    media = identify(content)
    assert (media.kind, media.is_text) == (UNKNOWN, True)


def test_something_in_front_of_a_pdf_does_not_hide_it():
    assert identify(b"HTTP/1.1 200 OK\r\n\r\n%PDF-1.4").name == "a PDF"
    assert identify(b"").name == "an empty file"
    assert identify(bytes(3000)).kind == UNKNOWN
