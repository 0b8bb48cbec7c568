"""Face finding on a real photograph and on the embedded set; what may be scored and what not."""

import dataclasses

import cv2
import numpy as np
import pytest

from despoof_keras.faces.crop import crop_box
from despoof_keras.faces.finder import CUT, MOST_TILT, OK, TILTED, TOO_SMALL, face_at, face_status
from despoof_keras.faces.mesh import LANDMARKS

# The astronaut's pupils, read off the picture by hand.
PUPILS = np.array([203.0, 101.0, 246.0, 103.0])


def distance(eyes):
    return np.hypot(*(np.asarray(eyes)[2:] - np.asarray(eyes)[:2]))


@pytest.fixture(scope="module")
def face(astronaut, finder):
    faces = finder(astronaut)
    assert len(faces) == 1
    return faces[0]


def test_the_eyes_are_where_they_are_seen_the_subjects_right_one_first(face):
    assert np.abs(face.eyes - PUPILS).max() < 0.1 * distance(PUPILS)
    x, y, width, height = face.box
    assert x < PUPILS[0] < PUPILS[2] < x + width
    assert y < PUPILS[1] < y + height
    assert face.landmarks.shape == (LANDMARKS, 3)
    assert face.confidence > 0.5


def test_a_picture_without_a_face_has_none(finder):
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    for picture in (noise, np.zeros((50, 3000, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)):
        assert finder(picture) == []


@pytest.mark.parametrize("side", [1024, 2048])
def test_a_face_is_found_far_away_and_its_positions_are_the_pictures(side, astronaut, finder):
    large = np.full((side, side, 3), 128, np.uint8)
    top, left = side // 3, side // 4
    large[top : top + 512, left : left + 512] = astronaut
    (face,) = finder(large)
    shift = np.array([left, top, left, top])
    assert np.abs(face.eyes - shift - PUPILS).max() < 0.1 * distance(PUPILS)


@pytest.mark.parametrize("degrees", [-25, 25])
def test_a_tilted_head_is_followed(degrees, astronaut, finder):
    turn = cv2.getRotationMatrix2D((224, 110), degrees, 1.0)
    turned = cv2.warpAffine(astronaut, turn, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    expected = (PUPILS.reshape(2, 2) @ turn[:, :2].T + turn[:, 2]).ravel()
    (face,) = finder(turned)
    assert np.abs(face.eyes - expected).max() < 0.12 * distance(PUPILS)


def test_of_several_faces_the_largest_is_first(astronaut, finder):
    half = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    pair = np.full((512, 800, 3), 128, np.uint8)
    pair[:256, :256] = half
    pair[:, 288:] = astronaut
    faces = finder(pair)
    assert len(faces) == 2
    assert faces[0].box[2] > 1.5 * faces[1].box[2]
    assert face_at(faces, PUPILS / 2) is faces[1]
    assert face_at(faces, PUPILS + np.array([288, 0, 288, 0])) is faces[0]
    assert face_at(faces, PUPILS + 200) is None
    assert face_at([], PUPILS) is None


@pytest.mark.slow
def test_the_embedded_sets_eyes_are_found(embedded_clips, finder):
    errors = []
    for frame, eyes, _ in embedded_clips:
        found = face_at(finder(frame), eyes)
        if found is not None:
            errors.append(np.abs(found.eyes - eyes).mean() / distance(eyes))
    assert len(errors) >= 0.9 * len(embedded_clips)
    assert np.mean(errors) < 0.06


def test_a_face_is_scored_from_half_the_models_size_on(face, astronaut):
    side = crop_box(face.eyes)[2]
    assert face_status(face, astronaut.shape, side * 2 // 8 * 8) == OK
    status = face_status(face, astronaut.shape, (side * 2 // 8 + 1) * 8)
    assert status.startswith(TOO_SMALL)
    assert str(side) in status


@pytest.mark.parametrize("border", ["left", "top", "right", "bottom"])
def test_a_face_cut_by_the_border_is_named(border, astronaut, finder):
    # The mesh covers columns 177 to 273 and rows 67 to 175; about a quarter is cut away.
    window = {
        "left": np.s_[:, 205:],
        "right": np.s_[:, :250],
        "top": np.s_[95:, :],
        "bottom": np.s_[:145, :],
    }[border]
    cut = np.ascontiguousarray(astronaut[window])
    (face,) = finder(cut)
    assert face_status(face, cut.shape, 64).startswith(CUT)


def test_a_face_in_a_tight_frame_is_whole(astronaut, finder):
    tight = np.ascontiguousarray(astronaut[55:185, 165:283])
    (face,) = finder(tight)
    assert face_status(face, tight.shape, 64) == OK


def test_a_face_that_fills_the_picture_is_one_face(astronaut, finder):
    assert len(finder(np.ascontiguousarray(astronaut[60:182, 172:276]))) == 1


@pytest.mark.parametrize("degrees", [-110, -90, -60, -40, -20, 20, 40, 60, 90, 110, 180])
def test_a_face_on_its_side_gets_no_score(degrees, astronaut, finder):
    turn = cv2.getRotationMatrix2D((224, 110), degrees, 1.0)
    turn[:, 2] += [32, 146]  # the face into the middle
    turned = cv2.warpAffine(astronaut, turn, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    statuses = [face_status(face, turned.shape, 64) for face in finder(turned)]
    if abs(degrees) < MOST_TILT:
        assert statuses == [OK]
    else:
        assert all(status.startswith(TILTED) for status in statuses)
        # Up to a right angle the finder sees the face, so that there is a reason to give.
        assert statuses or abs(degrees) > 60


def test_eyes_in_the_wrong_order_are_a_tilt_of_half_a_turn(face, astronaut):
    turned = dataclasses.replace(face, eyes=np.roll(face.eyes, 2))
    assert face_status(turned, astronaut.shape, 64).startswith(f"{TILTED}: by 17")
