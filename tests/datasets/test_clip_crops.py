"""Depth targets of clips: exact maps, the face mesh, and the generic face as fallback."""

import cv2
import numpy as np
import pytest
from media_files import write_video

from despoof_keras.datasets.clip_crops import clip_records
from despoof_keras.datasets.eye_files import write_eyes
from despoof_keras.datasets.prepare import CropSettings
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.errors import DataError
from despoof_keras.faces.depth import generic_face_depth, mesh_depth
from despoof_keras.faces.finder import face_at
from despoof_keras.utils.video.frames import TruncatedVideoError, read_frames

EYES = (203.0, 101.0, 246.0, 103.0)
SIZE, JITTER = 64, 3


@pytest.fixture(scope="module")
def clips(astronaut, tmp_path_factory):
    """A face and a wall, both with the face's eye file."""
    folder = tmp_path_factory.mktemp("clips")
    pictures = {"face": astronaut, "wall": np.full((512, 512, 3), 120, np.uint8)}
    for name, picture in pictures.items():
        write_video(folder / f"{name}.avi", [picture] * 2)
        write_eyes(folder / f"{name}.txt", {0: EYES, 1: EYES})
    return folder


def depths(clips, name, pai, face_depth):
    path = clips / f"{name}.avi"
    sample = VideoSample(path, name, 1, 1, pai, eye_path=path.with_suffix(".txt"))
    records = list(clip_records(sample, CropSettings(SIZE, 1, JITTER, face_depth)))
    (record,) = records
    return record.depth_source, cv2.imdecode(
        np.frombuffer(record.depth, np.uint8), cv2.IMREAD_UNCHANGED
    )


def announce(path, frames):
    """Makes an AVI's headers tell another number of frames."""
    content = bytearray(path.read_bytes())
    for chunk, offset in ((b"avih", 24), (b"strh", 40)):
        place = content.index(chunk) + offset
        content[place : place + 4] = frames.to_bytes(4, "little")
    path.write_bytes(content)


def test_a_sound_video_gives_the_frames_that_it_holds(astronaut, tmp_path):
    path = tmp_path / "clip.avi"
    write_video(path, [astronaut[::4, ::4]] * 30)
    eyes = tuple(value / 4 for value in EYES)
    write_eyes(path.with_suffix(".txt"), dict.fromkeys(range(33), eyes))
    sample = VideoSample(path, "clip", 1, 1, "print_1", eye_path=path.with_suffix(".txt"))
    settings = CropSettings(SIZE, None, face_depth="generic")
    # Its header tells of more than its index, and there are eyes for them: cameras drop frames.
    announce(path, 33)
    assert [record.frame for record in clip_records(sample, settings)] == list(range(30))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    with pytest.raises(TruncatedVideoError, match="decoded frames"):
        list(clip_records(sample, settings))


def test_a_depth_map_of_other_frames_is_named(clips):
    path = clips / "face.avi"
    for shape in ((1, 512, 512), (2, 512, 256)):
        np.savez(clips / "depth.npz", depth=np.zeros(shape, np.uint8))
        sample = VideoSample(
            path,
            "face",
            1,
            1,
            "bona_fide",
            eye_path=path.with_suffix(".txt"),
            depth_path=clips / "depth.npz",
        )
        with pytest.raises(DataError, match=r"depth\.npz: expected depth of frame"):
            list(clip_records(sample, CropSettings(SIZE, None)))


def test_a_bona_fide_face_gets_the_depth_of_its_own_landmarks(clips, finder):
    source, depth = depths(clips, "face", "bona_fide", "mesh")
    ((_, frame),) = read_frames(clips / "face.avi", [1])
    expected = mesh_depth(face_at(finder(frame), EYES).landmarks, SIZE, JITTER, EYES)
    assert source == "mesh"
    assert depth.shape == (SIZE + 2 * JITTER,) * 2
    # The finder of a worker runs on one thread: landmarks agree to a fraction of a pixel.
    assert np.abs(depth.astype(int) - expected).mean() < 1


@pytest.mark.parametrize(
    ("name", "pai", "face_depth"),
    [
        ("wall", "bona_fide", "mesh"),
        ("face", "bona_fide", "generic"),
        ("face", "print_1", "mesh"),
    ],
    ids=["no landmarks found", "on demand", "attack"],
)
def test_else_it_is_the_generic_face(name, pai, face_depth, clips):
    source, depth = depths(clips, name, pai, face_depth)
    assert source == "generic"
    np.testing.assert_array_equal(depth, generic_face_depth(EYES, SIZE, JITTER))
