"""Photographs of every kind, and files that are none."""

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
from PIL import Image

from despoof_keras.errors import DataError
from despoof_keras.utils.images import read_image


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
