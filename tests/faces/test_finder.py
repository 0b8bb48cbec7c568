"""Face finding on a real photograph and on the embedded set; what may be scored and what not."""

import csv
import dataclasses
import json
import pickle
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest

from despoof_keras.errors import DataError
from despoof_keras.faces.crop import crop_box
from despoof_keras.faces.finder import (
    CUT,
    LEAST_UPSIDE_DOWN,
    MOST_TILT,
    OK,
    TILTED,
    TOO_SMALL,
    UPSIDE_DOWN,
    face_at,
    face_status,
    tilt_of,
)
from despoof_keras.faces.mesh import LANDMARKS
from despoof_keras.utils.pictures.images import read_image

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


@pytest.mark.parametrize("degrees", [-110, -90, -60, -40, -20, 20, 40, 60, 90, 110, 150, 180])
def test_a_face_on_its_side_gets_no_score(degrees, astronaut, finder):
    turn = cv2.getRotationMatrix2D((224, 110), degrees, 1.0)
    turn[:, 2] += [32, 146]  # the face into the middle
    turned = cv2.warpAffine(astronaut, turn, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    (face,) = finder(turned)
    status = face_status(face, turned.shape, 64)
    if abs(degrees) < MOST_TILT:
        assert status == OK
    else:
        kind = UPSIDE_DOWN if abs(degrees) >= LEAST_UPSIDE_DOWN else TILTED
        assert status.startswith(kind)
    assert tilt_of(face) == pytest.approx(abs(degrees), abs=10)
    expected = (PUPILS.reshape(2, 2) @ turn[:, :2].T + turn[:, 2]).ravel()
    assert np.abs(face.eyes - expected).max() < 0.2 * distance(PUPILS)


def test_eyes_in_the_wrong_order_are_those_of_a_face_upside_down(face, astronaut):
    turned = dataclasses.replace(face, eyes=np.roll(face.eyes, 2))
    assert face_status(turned, astronaut.shape, 64).startswith(f"{UPSIDE_DOWN}: turned by 17")


def statuses_of(picture, finder):
    return [face_status(face, picture.shape, 32) for face in finder(picture)]


@pytest.mark.slow
def test_rendered_faces_upside_down_are_named(embedded_clips, finder):
    upright, turned = [], []
    for frame, _, _ in embedded_clips:
        upright += statuses_of(frame, finder)
        turned += statuses_of(np.rot90(frame, 2), finder)
    assert upright.count(OK) >= 0.9 * len(embedded_clips)
    assert all(status.startswith(UPSIDE_DOWN) for status in turned)
    assert len(turned) >= 0.9 * len(embedded_clips)


def test_beside_an_upright_face_one_upside_down_is_not_scored(astronaut, finder):
    upright = astronaut[:300, 100:400]
    pair = np.concatenate([upright, np.rot90(upright, 2)], axis=1)
    (face,) = [face for face in finder(pair) if face_status(face, pair.shape, 32) == OK]
    assert face.eyes[2] < 300


@pytest.mark.slow
def test_no_photograph_upside_down_or_on_its_side_is_scored(finder, reference):
    upright, turned = [], []
    for name in ("bona_fide", "dev_real"):
        with open(reference / name / "index.csv") as file:
            paths = [reference / row["file"] for row in csv.DictReader(file)][::4]
        for photograph in map(read_image, paths):
            upright.append(statuses_of(photograph, finder))
            turned += [
                statuses_of(np.rot90(photograph, quarters), finder) for quarters in (1, 2, 3)
            ]
    assert sum(OK in statuses for statuses in upright) >= 0.95 * len(upright)
    assert not [statuses for statuses in turned if OK in statuses]
    # Most of them get the reason, instead of "no face found".
    assert sum(bool(statuses) for statuses in turned) >= 0.95 * len(turned)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.zeros((40, 40), np.uint8), r"\(height, width, 3\).*\(40, 40\)"),
        (np.zeros((40, 40, 4), np.uint8), r"\(height, width, 3\).*\(40, 40, 4\)"),
        (np.zeros((1, 40, 40, 3), np.uint8), r"\(height, width, 3\).*\(1, 40, 40, 3\)"),
        (np.zeros((40, 40, 3), np.float32), "uint8.*float32, 0 to 0"),
        (np.full((40, 40, 3), np.nan), "uint8.*not finite"),
        (np.zeros((40, 40, 3), np.uint16), "uint8.*uint16"),
        (np.zeros((0, 40, 3), np.uint8), r"one pixel.*\(0, 40, 3\)"),
        ("photo.jpg", "NumPy array.*str"),
        (None, "NumPy array.*NoneType"),
    ],
)
def test_what_is_no_picture_is_named(image, expected, finder):
    with pytest.raises(DataError, match=f"^image: expected.*{expected}"):
        finder(image)


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (1, 20000), (20000, 1), (3, 20000), (300, 2)])
def test_pictures_of_odd_shapes_have_no_face(shape, finder):
    assert finder(np.full((*shape, 3), 200, np.uint8)) == []


def test_how_an_array_lies_in_memory_makes_no_difference(astronaut, face, finder):
    for picture in (np.asfortranarray(astronaut), astronaut[::-1].copy()[::-1]):
        np.testing.assert_allclose(finder(picture)[0].eyes, face.eyes, atol=1e-3)


def test_threads_may_share_a_finder(astronaut, finder):
    pictures = [np.ascontiguousarray(astronaut[start:, start:]) for start in (0, 5, 20, 40)]
    expected = [finder(picture)[0].eyes for picture in pictures]
    wrong = []

    def ask(number):
        for turn in range(20):
            index = (number + turn) % len(pictures)
            try:
                (found,) = finder(pictures[index])
                np.testing.assert_allclose(found.eyes, expected[index], atol=1e-3)
            except Exception as error:  # an exception would end the thread silently
                wrong.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_finder_can_be_pickled(astronaut, face, finder):
    copy = pickle.loads(pickle.dumps(finder))
    np.testing.assert_allclose(copy(astronaut)[0].eyes, face.eyes, atol=1e-3)


def test_a_finder_works_in_forked_processes():
    # The other thread holds the lock of the networks nearly all the time, also when the fork comes.
    code = (
        "import json, multiprocessing, threading\n"
        "from skimage import data\n"
        "from despoof_keras import FaceFinder\n"
        "finder, picture = FaceFinder(num_threads=2), data.astronaut()\n"
        "stop = threading.Event()\n"
        "def work():\n"
        "    while not stop.is_set():\n"
        "        finder(picture)\n"
        "def eyes(_):\n"
        "    return finder(picture)[0].eyes.tolist()\n"
        "thread = threading.Thread(target=work)\n"
        "thread.start()\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    found = pool.map(eyes, range(4))\n"
        "stop.set()\n"
        "thread.join()\n"
        "print(json.dumps([eyes(0), *found]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    own, *others = json.loads(done.stdout.splitlines()[-1])
    np.testing.assert_allclose(others, [own] * 4, atol=1e-3)
