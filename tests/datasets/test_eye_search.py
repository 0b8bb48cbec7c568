"""Eyes from annotations and faces together, with faces made up and with real ones."""

import dataclasses

import av
import numpy as np
import pytest
from media_files import write_video
from video_files import write_video as encode_video

from despoof_keras.datasets.annotations import Position, eyes_in_box
from despoof_keras.datasets.clip_crops import clip_records
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.eye_files import read_eyes
from despoof_keras.datasets.eye_search import Seen, locate_eyes
from despoof_keras.datasets.find_eyes import find_eyes, with_eye_file, with_eye_files
from despoof_keras.datasets.sample_frames import read_sample_frames
from despoof_keras.datasets.samples import Annotation, VideoSample
from despoof_keras.errors import DataError
from despoof_keras.faces.finder import Face

SIZE = (400, 300)
BOX = (100.0, 80.0, 80.0, 100.0)
EYES = np.array([120.0, 110.0, 160.0, 112.0])


def face(box=BOX, eyes=EYES):
    return Face(box, np.array(eyes), np.zeros((468, 3)), 1.0)


def moved(across, down=0):
    box = (BOX[0] + across, BOX[1] + down, *BOX[2:])
    return face(box, EYES + np.tile([across, down], 2))


def turned(own, size=SIZE):
    """The face of the picture that is turned by half."""
    x, y, width, height = own.box
    box = (size[0] - x - width, size[1] - y - height, width, height)
    return face(box, np.tile(np.subtract(size, 1), 2) - own.eyes)


def test_without_an_annotation_the_eyes_are_those_of_the_largest_face():
    other = moved(200)
    found = locate_eyes(
        [Seen(0, SIZE, [face(), other]), Seen(5, SIZE, []), Seen(10, SIZE, [other])]
    )
    assert list(found.eyes) == [0, 10]
    np.testing.assert_array_equal(found.eyes[0], EYES)
    np.testing.assert_array_equal(found.eyes[10], other.eyes)
    assert (found.is_upside_down, found.by_box) == (False, 0)


def test_a_box_chooses_among_the_faces():
    """The larger face is that of the person who holds the photograph."""
    other = moved(200)
    found = locate_eyes([Seen(0, SIZE, [other, face()])], {0: Position(BOX)})
    np.testing.assert_array_equal(found.eyes[0], EYES)
    assert found.by_box == 0


def test_where_no_face_is_at_the_box_the_eyes_are_placed_in_it():
    other = moved(200)
    found = locate_eyes(
        [Seen(0, SIZE, [other]), Seen(5, SIZE, [])], {0: Position(BOX), 5: Position(BOX)}
    )
    for frame in (0, 5):
        np.testing.assert_allclose(found.eyes[frame], [120, 108, 160, 108])
    assert found.by_box == 2


def test_the_eyes_in_a_box_give_the_box_again_by_bobs_paddings():
    x, y, width, _ = BOX
    eyes = eyes_in_box(BOX)
    distance = eyes[2] - eyes[0]
    middle = (eyes[0] + eyes[2]) / 2
    assert middle - distance == x
    assert middle + distance == x + width
    assert eyes[1] - 0.7 * distance == pytest.approx(y)


def test_annotated_eyes_are_taken_as_they_are_in_every_frame():
    given = {frame: Position(BOX, EYES + frame) for frame in range(7)}
    found = locate_eyes([Seen(0, SIZE, [face()]), Seen(5, SIZE, [])], given)
    assert list(found.eyes) == list(range(7))
    for frame in range(7):
        np.testing.assert_array_equal(found.eyes[frame], EYES + frame)


def test_annotated_eyes_that_are_tilted_or_at_one_place_are_not_used():
    tilted = {0: Position(BOX, np.array([120.0, 80.0, 160.0, 120.0]))}
    np.testing.assert_array_equal(locate_eyes([Seen(0, SIZE, [face()])], tilted).eyes[0], EYES)
    same = {0: Position(BOX, np.array([120.0, 80.0, 120.0, 80.0]))}
    np.testing.assert_array_equal(locate_eyes([Seen(0, SIZE, [face()])], same).eyes[0], EYES)


def test_a_frame_without_an_annotated_face_is_that_of_the_largest_face():
    found = locate_eyes([Seen(0, SIZE, [face()]), Seen(5, SIZE, [face()])], {0: Position(BOX)})
    np.testing.assert_array_equal(found.eyes[5], EYES)


@pytest.mark.parametrize("annotation_is_turned", [False, True])
@pytest.mark.parametrize("with_eyes", [False, True])
@pytest.mark.parametrize("video_is_turned", [False, True])
def test_what_is_upside_down_is_turned(annotation_is_turned, with_eyes, video_is_turned):
    """The video, the annotation, both or none: the eyes are those of the upright picture."""
    own = face()
    seen = [Seen(frame, SIZE, [turned(own) if video_is_turned else own]) for frame in (0, 5)]
    position = Position(BOX, EYES if with_eyes else None)
    if annotation_is_turned:
        other = turned(own)
        # The eye on the image's left stands first, as the reader of annotations has it.
        position = Position(other.box, np.roll(other.eyes, 2) if with_eyes else None)
    found = locate_eyes(seen, {0: position, 5: position})
    assert found.is_upside_down == video_is_turned
    assert found.by_box == 0
    for frame in (0, 5):
        np.testing.assert_allclose(found.eyes[frame], EYES)


def test_one_frame_the_other_way_up_does_not_turn_a_video():
    seen = [Seen(frame, SIZE, [face()]) for frame in (0, 5, 10)]
    found = locate_eyes([*seen, Seen(15, SIZE, [turned(face())])])
    assert not found.is_upside_down
    assert list(found.eyes) == [0, 5, 10]


FRAMES = 6


@pytest.fixture(scope="module")
def pictures(astronaut):
    return [np.ascontiguousarray(astronaut[:300, 60 + n : 360 + n]) for n in range(FRAMES)]


@pytest.fixture(scope="module")
def upright(pictures, finder, tmp_path_factory):
    """A video of a real face, and its eyes."""
    path = tmp_path_factory.mktemp("upright") / "real_client001_android_SD_scene01.avi"
    write_video(path, pictures)
    return path, find_eyes(path, finder).eyes


def sample_of(path, annotation=None):
    return VideoSample(path, path.stem, 1, None, "bona_fide", annotation=annotation)


def test_an_upside_down_video_gives_the_crops_of_the_upright_one(upright, pictures, tmp_path):
    path = tmp_path / "real_client003_android_SD_scene01.avi"
    write_video(path, [picture[::-1, ::-1] for picture in pictures])
    (turned_sample,) = with_eye_files([sample_of(path)], tmp_path / "eyes", processes=1)
    assert turned_sample.is_upside_down
    assert (turned_sample, 0) == with_eye_file(sample_of(path), tmp_path / "eyes")
    own, _ = with_eye_file(sample_of(upright[0]), tmp_path / "eyes")
    assert not own.is_upside_down
    for frame, eyes in read_eyes(own.eye_path).items():
        np.testing.assert_allclose(read_eyes(turned_sample.eye_path)[frame], eyes, atol=3)
    settings = CropSettings(64, 2, face_depth="generic")
    from cv2 import IMREAD_COLOR, imdecode

    pairs = zip(clip_records(turned_sample, settings), clip_records(own, settings), strict=True)
    for record, expected in pairs:
        crop, other = (
            imdecode(np.frombuffer(one.image, np.uint8), IMREAD_COLOR).astype(float)
            for one in (record, expected)
        )
        # Turned over, the crop would differ by 60 and more.
        assert np.abs(crop - other).mean() < 20


@pytest.mark.parametrize("annotated", ["as stored", "as shown"])
@pytest.mark.parametrize("says_so", [True, False])
def test_a_clip_of_a_camera_held_upside_down_and_its_annotation(
    says_so, annotated, upright, pictures, tmp_path
):
    """MSU-MFSD's android clips, with the turn beside the pictures or without it."""
    path = tmp_path / "real_client003_android_SD_scene01.mp4"
    one, unit = 1 << 16, 1 << 30
    half_turn = [-one, 0, 0, 0, -one, 0, 0, 0, unit]

    def stored(number):
        return av.VideoFrame.from_ndarray(pictures[number][::-1, ::-1].copy(), "rgb24")

    encode_video(
        path,
        FRAMES,
        size=(300, 300),
        frame=stored,
        prepare=lambda stream: says_so and stream.set_display_matrix(half_turn),
    )
    eyes = upright[1][0]
    own = eyes if annotated == "as shown" else np.roll(299 - eyes, 2)
    x, y = own[:2] - (40, 28 if annotated == "as shown" else 72)
    numbers = [x, y, x + 120, y + 120, *own[2:], *own[:2]]
    lines = [",".join(map(str, [n, *numbers])) for n in range(FRAMES)]
    path.with_suffix(".face").write_text("\r\n".join(lines))
    sample = sample_of(path, Annotation(path.with_suffix(".face"), "msu_mfsd"))
    (found,) = with_eye_files([sample], tmp_path / "eyes", processes=1)
    assert found.is_upside_down != says_so
    np.testing.assert_allclose(read_eyes(found.eye_path)[0], eyes, atol=0.01)
    _, shown = next(read_sample_frames(found))
    # H.264 changes the picture a little; upside down it would differ by 60 and more.
    assert np.abs(shown.astype(float) - pictures[0]).mean() < 15


def test_the_eyes_of_a_real_video_lie_where_its_annotations_say(upright, finder, tmp_path):
    path, eyes = upright
    x, y = np.floor(eyes[0][:2]) - 30
    face_file = tmp_path / "own.face"
    face_file.write_text("".join(f"{n} {x + n} {y} 110 140\n" for n in range(FRAMES)))
    found = find_eyes(path, finder, annotation=Annotation(face_file, "replay_attack"))
    assert found.by_box == 0
    np.testing.assert_allclose(found.eyes[0], eyes[0])
    # A box at the wall behind: the eyes are placed in it, and counted.
    face_file.write_text("0 5 200 40 40\n")
    found = find_eyes(path, finder, annotation=Annotation(face_file, "replay_attack"))
    np.testing.assert_allclose(found.eyes[0], [15, 214, 35, 214])
    assert found.by_box == 1


def test_what_is_guessed_or_left_out_is_told(upright, tmp_path, caplog):
    face_file = tmp_path / "own.face"
    face_file.write_text("0 5 200 40 40\n5 nonsense\n")
    sample = sample_of(upright[0], Annotation(face_file, "replay_attack"))
    with pytest.raises(DataError, match=r"own\.face:2: expected frame x y width height"):
        with_eye_files([sample], tmp_path / "eyes", processes=1)
    (own,) = with_eye_files([sample], tmp_path / "eyes", processes=1, skip_bad=True)
    assert own.eye_path.is_file()
    assert "own.face:2" in caplog.text
    assert "where they are on average in it; frames: 1, videos: 1" in caplog.text
    # Another annotation is another eye file.
    face_file.write_text("0 6 200 40 40\n")
    (other,) = with_eye_files([sample], tmp_path / "eyes", processes=1)
    assert other.eye_path != own.eye_path
    assert dataclasses.replace(other, eye_path=own.eye_path) == own
