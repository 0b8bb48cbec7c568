"""Face crop and resize: by hand, pixel by pixel, and against TensorFlow 1's resize."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from despoof_keras.errors import DataError
from despoof_keras.faces.crop import (
    RELEASED_CROP,
    RESIZE_RULES,
    crop_box,
    crop_face,
    cut_square,
    resize,
    to_network_range,
)


def random_image(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def legacy_resize(image, size):
    batch = tf.constant(image[None], tf.float32)
    return tf.compat.v1.image.resize_bilinear(batch, (size, size)).numpy()[0]


@pytest.mark.parametrize(
    ("eyes", "expected"),
    [
        # l = 40: corner (100 - 30, 120 - 33), side 100.
        ((100, 120, 140, 120), (70, 87, 100)),
        # l = max(74.5, 16.6): corner (196.3 - 55.875, 205.8 - 61.4625), side 186.25.
        ((196.3, 205.8, 270.8, 222.4), (140, 144, 186)),
        # l = 26: corner (50.4 - 19.5, 60.5 - 21.45) = (30.9, 39.05), side 65.
        ((50.4, 60.5, 76.4, 60.5), (31, 39, 65)),
        # The line of the eyes leans by 45 degrees: l = max(40, 40) and max(40, -40).
        ((50, 50, 90, 90), (20, 17, 100)),
        ((50, 90, 90, 50), (20, 57, 100)),
        # The square may leave the image: corner (10 - 30, 5 - 33).
        ((10, 5, 50, 5), (-20, -28, 100)),
    ],
)
def test_crop_box_by_hand(eyes, expected):
    assert crop_box(eyes) == expected
    assert all(isinstance(value, int) for value in crop_box(np.array(eyes)))


@pytest.mark.parametrize(
    ("eyes", "expected"),
    [
        ((np.nan, 120, 140, 118), "finite"),
        ((100, 120, np.inf, 118), "finite"),
        ((-1e308, 120, 1e308, 118), "finite"),
        ((100, 120, 140), r"four numbers.*shape \(3,\)"),
        (((100, 120), (140, 118)), r"four numbers.*shape \(2, 2\)"),
        (((100, 120), 140), "four numbers"),
        ("eyes", "four numbers"),
        (None, "four numbers"),
        ((100, 120, 100, 120), r"two places.*both are at \(100, 120\)"),
        ((100, 120, 100.1, 120), "far enough apart"),  # a square of a quarter of a pixel
        ((140, 120, 100, 120), "right eye.*first; they are in the other order"),
        ((140, 120, 100, 118), "right eye.*first"),
        ((140, 118, 100, 120), "right eye.*first"),
        ((100, 100, 140, 141), "at most 45 degrees; it leans by 45.7"),
        ((100, 141, 140, 100), "at most 45 degrees; it leans by 45.7"),
        ((50, 50, 50, 90), "at most 45 degrees; it leans by 90.0"),
        ((50, 90, 50, 50), "at most 45 degrees; it leans by 90.0"),
        ((50, 50, 45, 90), "at most 45 degrees; it leans by 97.1"),
    ],
)
def test_eyes_that_are_no_eyes_are_refused(eyes, expected):
    with pytest.raises(DataError, match=f"^eyes: expected.*{expected}") as caught:
        crop_box(eyes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("degrees", range(-180, 180, 5))
def test_the_rule_of_tilted_eyes_is_the_same_on_both_sides(degrees):
    radians = np.radians(degrees)
    across, down = 80 * np.cos(radians), 80 * np.sin(radians)
    eyes = (200, 200, 200 + across, 200 + down)
    if abs(degrees) == 45:
        pass  # the sine and the cosine may differ in the last place
    elif abs(degrees) > 45:
        with pytest.raises(DataError, match=r"^eyes: expected"):
            crop_box(eyes)
    else:
        # The released rule.
        distance = max(across, down)
        corner = 200 - 0.75 * distance, 200 - 0.825 * distance
        assert crop_box(eyes) == (*map(round, corner), round(2.5 * distance))


@pytest.mark.parametrize(
    "corner", [(-3, 2), (7, 2), (2, -3), (2, 7), (-3, -3), (7, 7), (-3, 7), (3, 2)]
)
@pytest.mark.parametrize("margin", [0, 2])
def test_border_pixels_are_replicated(corner, margin):
    image = random_image(11, 12)
    x, y = corner
    padded = np.pad(image, ((20, 20), (20, 20), (0, 0)), mode="edge")
    low_y, low_x = 20 + y - margin, 20 + x - margin
    side = 6 + 2 * margin
    expected = padded[low_y : low_y + side, low_x : low_x + side]
    np.testing.assert_array_equal(cut_square(image, (x, y, 6), margin), expected)


def test_replication_by_hand():
    image = np.array([[1, 2], [3, 4]], np.uint8)
    expected = [[1, 1, 2], [1, 1, 2], [3, 3, 4]]
    np.testing.assert_array_equal(cut_square(image, (-1, -1, 3)), expected)


@pytest.mark.parametrize("box", [(12, 0, 6), (0, 11, 6), (-6, 0, 6), (0, -6, 6)])
def test_a_square_outside_the_image_is_refused(box):
    with pytest.raises(DataError, match="outside the image of 12 x 11"):
        cut_square(random_image(11, 12), box)


def test_a_square_that_would_fill_the_memory_is_refused():
    image = random_image(11, 12)
    assert cut_square(image, (-90, -90, 16 * 12)).shape[:2] == (192, 192)
    with pytest.raises(DataError, match=r"at most 16 times the image's, which has 12 x 11"):
        cut_square(image, (-90, -90, 16 * 12 + 1))
    with pytest.raises(DataError, match="at most 16 times"):
        crop_face(image, (0, 0, 1e9, 0), 8)


@pytest.mark.parametrize("shape", [(0, 10, 3), (10, 0, 3), (10,), (2, 10, 10, 3)])
def test_an_array_that_is_no_image_is_refused(shape):
    with pytest.raises(DataError, match=r"image.*received shape"):
        crop_face(np.zeros(shape, np.uint8), (3, 5, 7, 5), 8)


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (100, 100, 64),
        (187, 171, 256),
        (400, 400, 256),
        (33, 91, 64),
        (7, 5, 64),
        (256, 128, 32),
        (1, 1, 8),
    ],
)
def test_resize_is_tensorflow_1s(height, width, size):
    image = random_image(height, width)
    # Positions are the same to the last bit; only the order of the two axes' sums differs.
    np.testing.assert_allclose(
        resize(image, size),
        legacy_resize(image, size),
        rtol=0,
        atol=4 * np.spacing(np.float32(255)),
    )


def test_resize_by_hand():
    # Positions 0, 0.5, 1, 1.5 of two pixels; the last one's upper neighbour is clamped.
    np.testing.assert_array_equal(resize(np.array([[0, 8], [0, 8]], np.uint8), 4)[0], [0, 4, 8, 8])


def test_resize_of_the_side_itself_changes_nothing():
    image = random_image(64, 64)
    found = resize(image, 64)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, image)
    # Eyes 26 apart give a side of 65.
    face = crop_face(random_image(200, 200), (80, 90, 106, 90), 65)
    np.testing.assert_array_equal(face, cut_square(random_image(200, 200), (60, 69, 65)))


@pytest.mark.parametrize(
    ("height", "width", "size"), [(100, 100, 64), (187, 171, 256), (400, 300, 64), (33, 33, 33)]
)
def test_the_antialiased_resize_is_tensorflows_and_pillows(height, width, size):
    image = random_image(height, width)
    found = resize(image, size, rule="antialiased")
    expected = tf.image.resize(image, (size, size), antialias=True).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-3)
    pillow = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(found, pillow, atol=1.01)  # which rounds twice


@pytest.mark.parametrize("distance", [14, 26, 63, 200])
@pytest.mark.parametrize("jitter", [1, 8])
def test_the_centre_of_a_jittered_antialiased_crop_is_the_plain_crop_all_of_it(distance, jitter):
    rule = dataclasses.replace(RELEASED_CROP, resize="antialiased")
    image, eyes = random_image(600, 620), (180, 290, 180 + distance, 290)
    plain = crop_face(image, eyes, 64, rule=rule)
    jittered = crop_face(image, eyes, 64, jitter, rule)
    np.testing.assert_allclose(jittered[jitter:-jitter, jitter:-jitter], plain, atol=1e-3)


def test_fine_stripes_are_folded_by_the_released_resize_and_averaged_by_the_other():
    # A display's pixels, one bright of three, on a face that is reduced tenfold.
    image = np.zeros((800, 800, 3), np.uint8)
    image[:, ::3] = 255
    eyes = (300, 330, 556, 330)
    contrasts = {
        rule: crop_face(image, eyes, 64, rule=dataclasses.replace(RELEASED_CROP, resize=rule)).std()
        for rule in RESIZE_RULES
    }
    assert contrasts["tf1_bilinear"] > 60
    assert contrasts["antialiased"] < 3


@pytest.mark.parametrize("distance", [14, 26, 40, 63])
@pytest.mark.parametrize("jitter", [1, 8])
def test_the_centre_of_a_jittered_crop_is_the_plain_crop(distance, jitter):
    """All but the last row and column, whose outer neighbour is a pixel there, no clamped one.

    Holds for enlargements of at most twice: 2.5 * 14 = 35 pixels to 64.
    """
    image, eyes, size = random_image(200, 220), (80, 90, 80 + distance, 90), 64
    plain = crop_face(image, eyes, size)
    jittered = crop_face(image, eyes, size, jitter)
    assert jittered.shape == (size + 2 * jitter, size + 2 * jitter, 3)
    centre = jittered[jitter:-jitter, jitter:-jitter]
    np.testing.assert_array_equal(centre[:-1, :-1], plain[:-1, :-1])


def test_a_jittered_crop_of_a_ramp_goes_on_outside_the_plain_one():
    # Bilinear sampling keeps a ramp: sample (i, j), counted from the crop's corner (67, 86.5 ~ 86),
    # lies at row 86 + i * 110 / 64 and column 67 + j * 110 / 64. l = 44: (100 - 33, 122 - 36.3).
    y, x = np.mgrid[:300, :320]
    jitter = 5
    assert crop_box((100, 122, 144, 122)) == (67, 86, 110)
    found = crop_face((3 * x + 5 * y)[..., None], (100, 122, 144, 122), 64, jitter)[..., 0]
    i, j = np.mgrid[-jitter : 64 + jitter, -jitter : 64 + jitter] * (110 / 64)
    np.testing.assert_allclose(found, 3 * (67 + j) + 5 * (86 + i), rtol=1e-6)


@pytest.mark.parametrize(("down", "across"), [(0, 0), (8, 8), (0, 8), (5, -3), (-8, 2)])
def test_a_shift_by_samples_is_a_shift_of_the_face_by_pixels(down, across):
    # Side 128 to 64: one sample of shift is two pixels of the frame.
    image, jitter = random_image(300, 300), 8
    box = (90, 80, 128)
    jittered = resize(cut_square(image, box, 2 * jitter + 1), 64, jitter, 2 * jitter + 1)
    window = jittered[jitter + down : jitter + down + 64, jitter + across : jitter + across + 64]
    moved = cut_square(image, (90 + 2 * across, 80 + 2 * down, 128))
    np.testing.assert_array_equal(window, resize(moved, 64))


def test_a_jittered_crop_replicates_the_frame_beyond_its_border():
    # Eyes 40 apart at the frame's corner: box (-20, -23, 100) resized to 50, two pixels a sample,
    # so the samples before the frame's first column and row lie at jitter + 0 ... 9 and 0 ... 11.
    image = random_image(90, 90)
    found = crop_face(image, (10, 10, 50, 10), 50, jitter=4)
    assert crop_box((10, 10, 50, 10)) == (-20, -23, 100)
    np.testing.assert_array_equal(
        found[: 4 + 12, : 4 + 10], np.broadcast_to(image[0, 0], (16, 14, 3))
    )


def test_maps_without_channels_are_cropped_alike():
    image, eyes = random_image(120, 120), (40, 45, 75, 48)
    for jitter in (0, 4):
        np.testing.assert_array_equal(
            crop_face(image[..., 1], eyes, 64, jitter), crop_face(image, eyes, 64, jitter)[..., 1]
        )


def test_pixels_are_divided_by_256():
    found = to_network_range(np.array([0, 1, 128, 255], np.uint8))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [0, 1 / 256, 0.5, 255 / 256])
