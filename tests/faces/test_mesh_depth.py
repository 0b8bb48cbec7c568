"""Depth from landmarks: hand-made meshes, a real face, the embedded set's truth."""

import numpy as np
import pytest

from despoof_keras.faces.crop import crop_box
from despoof_keras.faces.depth import (
    DEPTH_SPAN,
    _rasterise,
    exact_depth,
    generic_face_depth,
    mesh_depth,
    triangles,
)
from despoof_keras.faces.finder import face_at
from despoof_keras.faces.mesh import LANDMARKS, NOSE_TIP, eye_positions


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
    for faces in ([[0, 1, 2], [3, 4, 5]], [[3, 5, 4], [0, 2, 1]]):
        raster = _rasterise(corners, values, np.array(faces), 9)
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
    found = depth[places[inside, 1], places[inside, 0]]
    assert np.median(np.abs(found - expected[inside])) < 3


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
        found = face_at(finder(frame), eyes)
        if found is None:
            continue
        truth = exact_depth(exact, eyes, 64) / 255
        errors["mesh"].append(np.abs(mesh_depth(found.landmarks, 64, eyes=eyes) / 255 - truth))
        errors["generic"].append(np.abs(generic_face_depth(eyes, 64) / 255 - truth))
    assert len(errors["mesh"]) >= 0.9 * len(embedded_clips)
    assert np.mean(errors["mesh"]) < np.mean(errors["generic"])
    assert np.mean(errors["mesh"]) < 0.12
