"""Embedded sets in the layouts of other data sets: files, faces, attacks."""

import json
from collections import Counter

import cv2
import numpy as np
import pytest
from written_sets import decode, tree

from despoof_keras.datasets import load
from despoof_keras.datasets.annotations import eyes_in_box, read_annotation
from despoof_keras.errors import DataError
from despoof_keras.simulation.paper import bend_points, bend_sheet, eye_holes
from despoof_keras.simulation.presentation import Framing, Presentation
from despoof_keras.synthesis import write_embedded_set
from despoof_keras.synthesis.clips import record_clip
from despoof_keras.synthesis.layouts.all_layouts import LAYOUTS

SUBJECTS = {"replay_attack": (1, 1, 1), "casia_fasd": (2, 1)}
SMALL = {"frames": 2, "size": (48, 64), "seed": 3, "progress": False}


@pytest.fixture(scope="module", params=SUBJECTS)
def layout(request):
    return request.param


@pytest.fixture(scope="module")
def root(layout, tmp_path_factory):
    root = tmp_path_factory.mktemp(layout)
    return write_embedded_set(layout, root, subjects=SUBJECTS[layout], processes=2, **SMALL)


def shots_of(layout):
    return [(clip.video, clip.shot) for clip in LAYOUTS[layout].plan(SUBJECTS[layout], 3)]


def test_the_reader_of_the_data_set_finds_every_clip_and_nothing_to_complain_of(layout, root):
    splits = load(layout, root)
    assert splits.left_out == ()
    subjects = {split: {sample.subject for sample in own} for split, own in splits.items()}
    assert sum(map(len, subjects.values())) == sum(SUBJECTS[layout])
    # Of a client of Replay-Attack, and of a subject of CASIA-FASD.
    each = {
        "replay_attack": {
            "bona_fide": 4,
            **dict.fromkeys(
                ("print", "mobile_photo", "mobile_video", "highdef_photo", "highdef_video"), 4
            ),
        },
        "casia_fasd": dict.fromkeys(("bona_fide", "warped_photo", "cut_photo", "replay"), 3),
    }
    for own in splits.values():
        assert Counter(sample.pai for sample in own) == each[layout]
        assert all(sample.annotation for sample in own)


def test_the_box_of_a_face_is_about_its_eyes(layout, root):
    faces = {
        sample.path: read_annotation(sample.annotation)
        for own in load(layout, root).values()
        for sample in own
    }
    for video, shot in shots_of(layout)[::7]:
        clip = record_clip(shot, SMALL["frames"], SMALL["size"])
        positions = faces[root / video]
        assert list(positions) == [0, 1]
        for eyes, position in zip(clip.eyes, positions.values(), strict=True):
            np.testing.assert_allclose(eyes_in_box(position.box), eyes, atol=2)


def test_videos_decode_and_their_sizes_tell_nothing(layout, root):
    sizes = {}
    for video, shot in shots_of(layout):
        frames, announced = decode(root / video)
        assert frames.shape == (2, 48, 64, 3)
        assert announced == 2
        assert frames.std() > 5  # a picture, not a flat field
        sizes.setdefault(shot.camera, set()).add((root / video).stat().st_size)
    assert [len(own) for own in sizes.values()] == [1] * len(sizes)


def test_same_seed_same_bytes_with_any_number_of_processes(layout, root, tmp_path):
    again = write_embedded_set(layout, tmp_path, subjects=SUBJECTS[layout], processes=1, **SMALL)
    first, second = tree(root), tree(again)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_lost_clips_of_an_unfinished_set_are_written_again(layout, root, tmp_path):
    (tmp_path / "set").mkdir()
    for name, contents in tree(root).items():
        target = tmp_path / "set" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents)
    finished = tmp_path / "set" / "embedded_set.json"
    finished.rename(finished.with_name("embedded_set.part.json"))
    lost = [tmp_path / "set" / video for video, _ in shots_of(layout)[:3]]
    for path in lost:
        path.unlink()
    write_embedded_set(layout, tmp_path / "set", subjects=SUBJECTS[layout], processes=1, **SMALL)
    assert tree(tmp_path / "set") == tree(root)


def test_a_set_of_another_layout_is_left_alone(layout, root):
    assert json.loads((root / "embedded_set.json").read_text())["layout"] == layout
    with pytest.raises(DataError, match="expected a set with"):
        write_embedded_set("oulu_npu", root, **{**SMALL, "subjects": (1, 1, 1)})


def test_there_is_no_other_layout(tmp_path):
    with pytest.raises(DataError, match="layout: expected one of oulu_npu, replay_attack"):
        write_embedded_set("siw", tmp_path)
    with pytest.raises(DataError, match="subjects must be 2 numbers"):
        write_embedded_set("casia_fasd", tmp_path, subjects=(1, 1, 1))


def test_persons_cameras_and_media_are_not_those_of_other_layouts():
    used = []
    for layout, own in LAYOUTS.items():
        shots = [clip.shot for clip in own.plan([1] * len(own.splits), 0)]
        used.append(
            [
                {shot.person.identity for shot in shots},
                {shot.camera for shot in shots},
                {shot.attack.medium for shot in shots if shot.attack},
            ]
        )
        assert len({shot.draws for shot in shots}) == len(shots), layout
    for first, second in ((0, 1), (0, 2), (1, 2)):
        for one, other in zip(used[first], used[second], strict=True):
            assert one
            assert not one & other


def test_a_bent_sheet_shows_a_point_where_it_is_said_to():
    sheet = np.zeros((40, 200, 3), np.float32)
    sheet[18:22, 130:134] = 1
    half_width = 100.0
    points = np.array([[131.5 - 99.5, 0.0]])
    for bend in (0.0, 0.2, -0.2):
        (expected,) = bend_points(points, bend, half_width)[:, 0]
        seen = bend_sheet(sheet, bend)[20, :, 0]
        centre = (seen * np.arange(200)).sum() / seen.sum() - 99.5
        assert centre == pytest.approx(expected, abs=0.7)
        # The middle looks wider, or narrower.
        assert np.sign(round(expected - 32, 3)) == np.sign(bend)


def test_holes_are_where_the_eyes_were():
    eyes = np.array([[40.0, 50.0], [100.0, 55.0]])
    holes = eye_holes(eyes, (120, 160))
    assert holes.shape == (120, 160, 1)
    assert [holes[round(y), round(x), 0] for x, y in eyes] == pytest.approx([1, 1], abs=1e-3)
    assert holes[52, 70, 0] == holes[20, 40, 0] == 0


def test_a_cut_photograph_shows_the_eyes_of_someone_else():
    cut = [shot for _, shot in shots_of("casia_fasd") if shot.attacker]
    assert {shot.attack.is_cut for shot in cut} == {True}
    assert len(cut) == 3 * sum(SUBJECTS["casia_fasd"])
    for shot in cut:
        assert shot.attacker != shot.person


def test_a_medium_on_a_stand_does_not_move():
    framing = Framing((48, 64), (32, 20), 12.0, 4)
    eyes = np.array([[-6.0, 0.0], [6.0, 0.0]])
    for hand, moves in ((0.0, False), (1.0, True)):
        held = Presentation(framing, eyes, np.random.default_rng(0), hand)
        first, *others = held.homographies
        assert any(np.abs(other - first).max() > 1e-3 for other in others) is moves


def test_a_photograph_on_a_display_does_not_change_as_a_video_does():
    size = (96, 128)
    changes = {}
    for video, shot in shots_of("replay_attack"):
        if "test/attack/fixed" in video and "highdef" in video and "controlled" in video:
            first, *_, last = record_clip(shot, 6, size).pictures
            # Noise is finer than what a face does.
            small = [
                cv2.resize(picture, (16, 12), interpolation=cv2.INTER_AREA).astype(float)
                for picture in (first, last)
            ]
            changes[video] = np.abs(small[1] - small[0]).max()
    still = max(change for video, change in changes.items() if "photo" in video)
    moving = min(change for video, change in changes.items() if "video" in video)
    assert moving > 2 * still
