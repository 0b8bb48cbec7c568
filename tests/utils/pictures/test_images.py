"""Photographs of every kind, and files that are none."""

import io
import sys

import cv2
import numpy as np
import pytest
from media_files import (
    as_nobody,
    write_corrupt_png,
    write_float,
    write_huge,
    write_nothing,
    write_text,
    write_truncated,
)
from PIL import Image, PngImagePlugin

from despoof_keras.errors import DataError
from despoof_keras.utils.pictures.images import read_image
from despoof_keras.utils.video.colours import tone_mapped


@pytest.fixture(scope="module")
def picture():
    """A smooth picture with a different value in every corner."""
    y, x = np.mgrid[0:40, 0:60]
    return np.stack([4 * x, 6 * y, 2 * x + 3 * y], axis=-1).astype(np.uint8)


def test_a_png_comes_back_exactly(picture, tmp_path):
    Image.fromarray(picture).save(tmp_path / "a.png")
    found = read_image(tmp_path / "a.png")
    assert found.dtype == np.uint8
    assert found.flags.writeable
    np.testing.assert_array_equal(found, picture)


def test_a_jpeg_has_opencvs_pixels(picture, tmp_path):
    Image.fromarray(picture).save(tmp_path / "a.jpg", quality=90)
    expected = cv2.imread(str(tmp_path / "a.jpg"))[..., ::-1]
    np.testing.assert_array_equal(read_image(tmp_path / "a.jpg"), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_stands_upright(orientation, picture, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = {
        1: picture,
        2: picture[:, ::-1],
        3: picture[::-1, ::-1],
        4: picture[::-1],
        5: picture.swapaxes(0, 1),
        6: np.rot90(picture, 1),
        7: picture[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(picture, -1),
    }[orientation]
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), picture)


def test_grey_is_repeated_and_transparency_left_out(picture, tmp_path):
    grey = picture[..., 0]
    Image.fromarray(grey).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(
        read_image(tmp_path / "grey.png"), np.repeat(grey[..., None], 3, axis=-1)
    )
    alpha = np.dstack([picture, np.full(picture.shape[:2], 9, np.uint8)])
    Image.fromarray(alpha).save(tmp_path / "alpha.png")
    np.testing.assert_array_equal(read_image(tmp_path / "alpha.png"), picture)


def test_sixteen_bit_grey_is_scaled_and_not_clipped(tmp_path):
    values = np.array([[0, 257, 65535], [128 * 257, 1000, 40000]], np.uint16)
    cv2.imwrite(str(tmp_path / "deep.png"), values)
    expected = np.rint(values / 257).astype(np.uint8)
    np.testing.assert_array_equal(
        read_image(tmp_path / "deep.png"), np.repeat(expected[..., None], 3, axis=-1)
    )


def test_sixteen_bit_colour_keeps_its_order_and_range(tmp_path):
    values = np.zeros((4, 4, 3), np.uint16)
    values[..., 0], values[..., 1], values[..., 2] = 65535, 32896, 257  # blue, green, red
    cv2.imwrite(str(tmp_path / "deep.png"), values)
    np.testing.assert_allclose(read_image(tmp_path / "deep.png")[0, 0], [1, 128, 255], atol=1)


def test_a_palette_and_cmyk_become_rgb(picture, tmp_path):
    flat = np.zeros((8, 8, 3), np.uint8)
    flat[:, 4:] = (200, 100, 50)
    Image.fromarray(flat).quantize(4).save(tmp_path / "palette.png", transparency=0)
    np.testing.assert_array_equal(read_image(tmp_path / "palette.png"), flat)
    Image.fromarray(picture).convert("CMYK").save(tmp_path / "a.tif")
    np.testing.assert_allclose(read_image(tmp_path / "a.tif"), picture, atol=1)


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (write_truncated, "damaged"),
        (write_nothing, "empty"),
        (write_text, "no known format"),
        (write_huge, "120 megapixels"),
        (write_corrupt_png, "damaged"),
        (write_float, "8 or 16 bits"),
    ],
)
def test_what_is_no_whole_image_is_named(write, expected, picture, tmp_path):
    path = tmp_path / "bad.jpg"
    write(path, picture)
    with pytest.raises(DataError, match=expected) as caught:
        read_image(path)
    assert str(path) in str(caught.value)


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.jpg: expected an image, found no such file"):
        read_image(tmp_path / "gone.jpg")
    with pytest.raises(DataError, match=str(tmp_path)):
        read_image(tmp_path)


def test_a_file_that_may_not_be_read_is_named(picture, tmp_path):
    path = tmp_path / "locked.png"
    Image.fromarray(picture).save(path)
    path.chmod(0)
    with (
        as_nobody(tmp_path),
        pytest.raises(DataError, match=r"locked\.png.*may not be read"),
    ):
        read_image(path)


def test_pixels_just_beyond_pillows_own_limit_are_read(tmp_path):
    # 10,000 x 10,000: beyond Pillow's warning, within ours.
    Image.new("L", (10_000, 10_000)).save(tmp_path / "large.png")
    assert read_image(tmp_path / "large.png").shape == (10_000, 10_000, 3)


def test_heic_is_turned_upright_once(picture, tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = 6
    heif = pillow_heif.HeifFile()
    heif.add_frombytes("RGB", (40, 60), np.ascontiguousarray(np.rot90(picture, 1)).tobytes())
    heif.save(tmp_path / "a.heic", quality=95, exif=exif.tobytes())
    both = (tmp_path / "a.heic").read_bytes()
    assert b"irot" in both  # HEIF's own property, which telephones write beside EXIF
    for content in (both, both.replace(b"Exif", b"skip")):
        found = read_image(content)
        assert found.shape == picture.shape
        assert np.abs(found.astype(int) - picture).mean() < 6


def test_the_primary_picture_of_a_heic_file_is_read(picture, tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    heif = pillow_heif.from_pillow(Image.new("RGB", (60, 40), (255, 0, 0)))
    heif.add_from_pillow(Image.fromarray(picture))
    heif.save(tmp_path / "a.heic", quality=95, primary_index=1)
    found = read_image(tmp_path / "a.heic")
    assert np.abs(found.astype(int) - picture).mean() < 6


def test_without_pillow_heif_a_heic_file_says_what_to_install(picture, tmp_path, monkeypatch):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(Image.fromarray(picture)).save(tmp_path / "a.heic")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(DataError, match=r"a\.heic: HEIC needs pillow-heif: pip install"):
        read_image(tmp_path / "a.heic")


def test_a_raw_photographs_thumbnail_is_not_taken_for_it(picture, tmp_path):
    for name in ("a.nef", "a.DNG", "a.arw"):
        Image.fromarray(picture).save(tmp_path / name, "TIFF")
        with pytest.raises(DataError, match="found a RAW photograph, which is not read: convert"):
            read_image(tmp_path / name)


def test_formats_that_start_programs_or_hold_no_photograph_are_never_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *args, **kwargs: pytest.fail("opened"))
    contents = {
        "a.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "a.pdf": b"%PDF-1.7",
        "a.wmf": b"\xd7\xcd\xc6\x9a" + bytes(60),
        "a.fits": b"SIMPLE  =                    T",
        "a.mpg": b"\0\0\1\xb3" + bytes(60),
        "a.mp3": b"ID3\3\0\0\0\0\0\0" + b"\xff\xd8\xff",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=rf"{name}: expected an image; found a"):
            read_image(tmp_path / name)


@pytest.mark.parametrize("order", ["PNG", "WEBP", "JPEG"])
def test_a_long_or_broken_text_beside_the_pixels_does_not_matter(order, picture, tmp_path):
    exif = b"Exif\0\0II\x2a\0\x08\0\0\0\x09\0" + b"\xff" * 40
    options = {"exif": exif, "icc_profile": b"no profile"}
    if order == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("comment", "x" * 3_000_000, zip=True)
    Image.fromarray(picture).save(tmp_path / "a", order, **options)
    found = read_image(tmp_path / "a")
    assert np.abs(found.astype(int) - picture).mean() < 6


def test_hdr_pictures_are_tone_mapped_like_video(picture):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "AVIF", quality=95)
    content = buffer.getvalue()
    place = content.index(b"colrnclx") + 8
    hdr = content[:place] + b"\0\x09\0\x10" + content[place + 4 :]
    expected = tone_mapped(read_image(content).astype(np.uint16) * 257, "PQ", 9)
    np.testing.assert_array_equal(read_image(hdr), expected)
