"""Depth targets: the generic face, exact maps from files, and the mesh of real landmarks."""

import dataclasses

import numpy as np
import pytest

from despoof_keras.errors import DataError
from despoof_keras.faces.crop import RELEASED_CROP, crop_box, crop_face
from despoof_keras.faces.depth import (
    DEPTH_SPAN,
    _rasterise,
    exact_depth,
    generic_face_depth,
    mesh_depth,
    read_depth_maps,
    triangles,
)
from despoof_keras.faces.finder import face_at
from despoof_keras.faces.mesh import LANDMARKS, NOSE_TIP, eye_positions

UPRIGHT = (100, 120, 140, 120)


def test_a_face_fills_the_range_and_leaves_the_corners():
    depth = generic_face_depth(UPRIGHT, 100)
    assert depth.shape == (100, 100)
    assert depth.dtype == np.uint8
    assert depth.max() >= 250
    corners = depth[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.tolist() == [0, 0, 0, 0]
    # More than half of the square is face, the ellipse with half axes 1.12 and 1.55 in a square
    # with side 2.5, and at most its whole area, pi * 1.12 * 1.55 / 2.5^2 = 87 %.
    assert 0.5 < (depth > 0).mean() < 0.88


def test_the_nearest_point_is_the_nose_between_and_below_the_eyes():
    # In eye distances from the corner: x = 0.75 + 0.5, y = 0.825 + 0.68; one is 40 pixels of 100.
    depth = generic_face_depth(UPRIGHT, 100)
    y, x = np.argwhere(depth == depth.max()).mean(axis=0)
    assert x == pytest.approx(1.25 * 40, abs=0.5)
    assert y == pytest.approx(1.505 * 40, abs=2)


def test_a_face_stands_out_from_its_eyes_and_ends_at_its_sides():
    # Row of the eyes, 0.825 * 40 = 33: the face's ellipse ends at x = 50 +- 40 * 1.12
    # * sqrt(1 - (0.45 / 1.55)^2) = 50 +- 42.87.
    row = generic_face_depth(UPRIGHT, 100)[33]
    assert np.flatnonzero(row).tolist() == list(range(8, 93))
    assert (np.diff(row[8:51].astype(int)) >= 0).all()


def test_the_generic_face_depends_on_the_eyes_place_in_the_crop_alone():
    moved_and_doubled = (300, 10, 380, 10)
    np.testing.assert_array_equal(
        generic_face_depth(UPRIGHT, 64), generic_face_depth(moved_and_doubled, 64)
    )


def test_an_upright_face_is_symmetric():
    # The mirror line is at column 50, so column 50 + k mirrors 50 - k.
    depth = generic_face_depth(UPRIGHT, 100)
    np.testing.assert_array_equal(depth[:, 1:], depth[:, 1:][:, ::-1])


def in_frame(eyes, corner, side, shape):
    """The map put where its crop lies, one pixel a sample."""
    frame = np.zeros(shape, np.uint8)
    x, y = corner
    frame[y : y + side, x : x + side] = generic_face_depth(eyes, side)
    return frame


def test_mirrored_eyes_give_the_mirrored_face():
    # In a frame of 301 columns x becomes 300 - x; the subject's right eye is again the first one.
    # l = 80: corners (120 - 60, 150 - 66) and (100 - 60, 170 - 66), side 200.
    tilted = in_frame((120, 150, 200, 170), (60, 84), 200, (340, 301))
    mirrored = in_frame((100, 170, 180, 150), (40, 104), 200, (340, 301))
    # Both squares hold rows 104 to 283 and columns 61 to 239.
    both = slice(104, 284), slice(61, 240)
    assert tilted[both].max() >= 250
    np.testing.assert_array_equal(tilted[both], mirrored[:, ::-1][both])


def test_tilted_eyes_turn_the_face():
    # Eyes 200 apart, level, l = 200: corner (180 - 150, 260 - 165), side 500; then turned about
    # their middle (280, 260) by the angle with cosine 0.8 and sine 0.6, l = 160: corner
    # (200 - 120, 200 - 132), side 400. Steps of 5 pixels stay whole when turned.
    level = in_frame((180, 260, 380, 260), (30, 95), 500, (700, 700))
    turned = in_frame((200, 200, 360, 320), (80, 68), 400, (700, 700))
    a, b = np.meshgrid(np.arange(-20, 21), np.arange(-20, 21))
    found = turned[260 + 3 * a + 4 * b, 280 + 4 * a - 3 * b]
    expected = level[260 + 5 * b, 280 + 5 * a]
    assert np.ptp(expected) > 100
    np.testing.assert_allclose(found.astype(int), expected.astype(int), rtol=0, atol=1)


def test_the_samples_of_an_antialiased_crop_lie_in_the_middles_of_their_shares(face):
    # A side of 100 pixels to 20 samples: each is the middle of 5 pixels, 2 beyond the first.
    averaged = dataclasses.replace(RELEASED_CROP, resize="antialiased")
    shifted = dataclasses.replace(RELEASED_CROP, left=0.75 - 2 / 40, up=0.825 - 2 / 40)
    np.testing.assert_array_equal(
        generic_face_depth(UPRIGHT, 20, rule=averaged),
        generic_face_depth(UPRIGHT, 20, rule=shifted),
    )
    landmarks = face.landmarks * [0.5, 0.5, 0.5]
    x, y = np.rint(eye_positions(landmarks))[:2]
    eyes = (x, y, x + 40, y)
    np.testing.assert_allclose(
        mesh_depth(landmarks, 20, eyes=eyes, rule=averaged).astype(int),
        mesh_depth(landmarks, 20, eyes=eyes, rule=shifted),
        atol=1,
    )


def test_jitter_goes_on_around_the_plain_map():
    jittered = generic_face_depth((100, 120, 140, 130), 64, jitter=6)
    assert jittered.shape == (76, 76)
    np.testing.assert_array_equal(
        jittered[6:-6, 6:-6], generic_face_depth((100, 120, 140, 130), 64)
    )


@pytest.mark.parametrize("jitter", [0, 4])
def test_an_exact_map_is_cropped_like_its_frame(jitter):
    exact = np.random.default_rng(0).integers(0, 256, (240, 200), np.uint8)
    found = exact_depth(exact, UPRIGHT, 64, jitter)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.rint(crop_face(exact, UPRIGHT, 64, jitter)))
    # At the crop's own scale it is the map itself: corner (70, 87), side 100.
    np.testing.assert_array_equal(exact_depth(exact, UPRIGHT, 100), exact[87:187, 70:170])


def test_depth_maps_come_back_from_their_file(tmp_path):
    depth = np.random.default_rng(0).integers(0, 256, (3, 8, 6), np.uint8)
    np.savez_compressed(tmp_path / "clip.npz", depth=depth)
    np.testing.assert_array_equal(read_depth_maps(tmp_path / "clip.npz"), depth)


def write_nothing(path):
    path.write_bytes(b"")


def write_cut_archive(path):
    np.savez(path, depth=np.zeros((2, 30, 30), np.uint8))
    path.write_bytes(path.read_bytes()[:900])


def write_flipped_bytes(path):
    np.savez(path, depth=np.zeros((2, 30, 30), np.uint8))
    data = bytearray(path.read_bytes())
    data[600:610] = b"\xff" * 10
    path.write_bytes(data)


def write_single_array(path):
    with open(path, "wb") as file:
        np.save(file, np.zeros((2, 3, 3), np.uint8))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_text("no archive\n"), "expected an .npz file"),
        (lambda path: np.savez(path, deep=np.zeros((2, 3, 3), np.uint8)), "array 'depth'"),
        (lambda path: np.savez(path, depth=np.zeros((2, 3, 3))), "uint8; found .* float64"),
        (lambda path: np.savez(path, depth=np.zeros((3, 3), np.uint8)), r"found \(3, 3\) uint8"),
        (lambda path: None, "expected an .npz file"),
        (write_nothing, "expected an .npz file"),
        (write_cut_archive, "expected an .npz file"),
        (write_flipped_bytes, "expected an .npz file"),
        (write_single_array, "expected an .npz file"),
    ],
    ids=["text", "key", "dtype", "rank", "missing", "empty", "cut", "flipped", "single"],
)
def test_files_that_hold_no_depth_maps_are_refused(write, message, tmp_path):
    write(tmp_path / "clip.npz")
    with pytest.raises(DataError, match=f"clip.npz.*{message}"):
        read_depth_maps(tmp_path / "clip.npz")


def test_a_triangle_is_interpolated_at_whole_positions():
    corners = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    raster = _rasterise(corners, np.array([0.0, 1.0, 0.5]), np.array([[0, 1, 2]]), 6)
    expected = np.zeros((6, 6))
    for y in range(5):
        for x in range(5 - y):
            expected[y, x] = x / 4 + 0.5 * y / 4
    np.testing.assert_allclose(raster, expected, atol=1e-12)


def test_of_overlapping_triangles_the_nearer_one_shows_in_either_order():
    corners = np.array([[0, 0], [8, 0], [0, 8], [1, 1], [3, 1], [1, 3]], float)
    values = np.array([0.2, 0.2, 0.2, 0.9, 0.9, 0.9])
    for indices in ([[0, 1, 2], [3, 4, 5]], [[3, 5, 4], [0, 2, 1]]):
        raster = _rasterise(corners, values, np.array(indices), 9)
        assert raster[1, 1] == pytest.approx(0.9)
        assert raster[5, 1] == pytest.approx(0.2)
        assert raster[8, 8] == 0


def test_triangles_outside_the_raster_and_without_area_draw_nothing():
    corners = np.array([[-9, -9], [-5, -9], [-9, -5], [1, 1], [2, 2], [3, 3]], float)
    faces = np.array([[0, 1, 2], [3, 4, 5]])
    assert not _rasterise(corners, np.ones(6), faces, 5).any()


@pytest.fixture(scope="module")
def face(astronaut, finder):
    return finder(astronaut)[0]


def test_every_landmark_is_a_corner_of_the_mesh_and_the_mesh_covers_the_face(face):
    faces = triangles(face.landmarks)
    assert set(faces.ravel()) == set(range(LANDMARKS))
    turned = face.landmarks @ np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]]).T
    assert len(triangles(turned)) == len(faces)


def test_the_nose_is_near_the_border_dark_and_the_landmarks_have_their_own_depth(face):
    size = 256
    depth = mesh_depth(face.landmarks, size)
    assert depth.dtype == np.uint8
    assert depth.shape == (size, size)
    x, y, side = crop_box(face.eyes)
    places = np.rint((face.landmarks[:, :2] - [x, y]) * size / side).astype(int)
    nose = places[NOSE_TIP]
    assert depth[nose[1], nose[0]] >= 240
    # Brightest pixel within the nose: a tenth of the crop round its tip.
    top = np.array(np.unravel_index(depth.argmax(), depth.shape))[::-1]
    assert np.abs(top - nose).max() <= size / 10
    for corner in (depth[0, 0], depth[0, -1], depth[-1, 0], depth[-1, -1]):
        assert corner == 0
    eyes = np.asarray(eye_positions(face.landmarks))
    span = DEPTH_SPAN * np.hypot(*(eyes[2:] - eyes[:2]))
    expected = 255 * (1 - (face.landmarks[:, 2] - face.landmarks[:, 2].min()) / span)
    inside = (places >= 0).all(axis=1) & (places < size).all(axis=1) & (expected > 100)
    drawn = depth[places[inside, 1], places[inside, 0]]
    assert np.median(np.abs(drawn - expected[inside])) < 3


def test_jitter_widens_the_map_round_the_same_middle(face):
    plain, wide = mesh_depth(face.landmarks, 64), mesh_depth(face.landmarks, 64, jitter=5)
    np.testing.assert_array_equal(wide[5:-5, 5:-5], plain)


def test_given_eyes_place_the_crop(face):
    side = crop_box(face.eyes)[2]  # at this size the crop has the picture's own pixels
    moved = face.eyes + np.array([10, 0, 10, 0])
    plain, other = mesh_depth(face.landmarks, side), mesh_depth(face.landmarks, side, eyes=moved)
    np.testing.assert_array_equal(other[:, :-10], plain[:, 10:])


@pytest.mark.slow
def test_it_is_nearer_to_the_embedded_sets_truth_than_the_generic_face(embedded_clips, finder):
    errors = {"mesh": [], "generic": []}
    for frame, eyes, exact in embedded_clips:
        face = face_at(finder(frame), eyes)
        if face is None:
            continue
        truth = exact_depth(exact, eyes, 64) / 255
        errors["mesh"].append(np.abs(mesh_depth(face.landmarks, 64, eyes=eyes) / 255 - truth))
        errors["generic"].append(np.abs(generic_face_depth(eyes, 64) / 255 - truth))
    assert len(errors["mesh"]) >= 0.9 * len(embedded_clips)
    assert np.mean(errors["mesh"]) < np.mean(errors["generic"])
    assert np.mean(errors["mesh"]) < 0.12
