"""What `skip_bad` leaves out of a clip, and when it leaves out the clip."""

import numpy as np
import pytest
from media_files import write_video

from despoof_keras.datasets.clip_crops import clip_records
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.prepare import prepare_crops
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.errors import DataError

FRAMES = 10
GOOD = "20,40,60,40"
SETTINGS = CropSettings(32, None, face_depth="generic")
KINDS = {"bona_fide": 1, "print_1": 2, "replay_1": 3}


def lines(**other):
    """An eye file's lines, with others for some frames, such as `frame_3="nonsense"`."""
    return [f"{n},{other.get(f'frame_{n}', GOOD)}" for n in range(FRAMES)]


@pytest.fixture
def samples(tmp_path):
    """A clip of every instrument."""
    picture = np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8)
    made = []
    for pai, number in KINDS.items():
        path = tmp_path / "set" / f"1_1_01_{number}.avi"
        path.parent.mkdir(exist_ok=True)
        write_video(path, [picture] * FRAMES)
        path.with_suffix(".txt").write_text("\n".join(lines()))
        made.append(VideoSample(path, path.stem, 1, 1, pai, eye_path=path.with_suffix(".txt")))
    return made


@pytest.mark.parametrize(
    ("own", "named"),
    [
        ("60,40,20,40", r"1_1_01_1\.txt:4: .*image's left"),
        ("20,40,60,nan", r"1_1_01_1\.txt:4: expected frame,x_right"),
        ("20,40,60", r"1_1_01_1\.txt:4: expected frame,x_right"),
        ("920,940,960,940", r"1_1_01_1\.txt: frame 3: face square .* outside the image"),
    ],
    ids=["swapped", "not a number", "too few columns", "outside"],
)
def test_a_bad_line_loses_a_frame_and_not_the_clip(samples, own, named):
    samples[0].eye_path.write_text("\n".join(lines(frame_3=own)))
    with pytest.raises(DataError, match=named):
        clip_records(samples[0], SETTINGS)
    left_out = []
    records = clip_records(samples[0], SETTINGS, left_out)
    assert [record.frame for record in records] == [n for n in range(FRAMES) if n != 3]
    (message,) = left_out
    with pytest.raises(DataError, match=named):
        raise DataError(message)


def test_of_two_frames_one_may_be_bad(samples):
    samples[0].eye_path.write_text(f"0,{GOOD}\n1,60,40,20,40\n")
    left_out = []
    assert [record.frame for record in clip_records(samples[0], SETTINGS, left_out)] == [0]
    assert len(left_out) == 1


@pytest.mark.parametrize(("own", "what"), [("60,40,20,40", "lines"), ("920,940,960,940", "frames")])
def test_a_clip_that_is_mostly_bad_is_left_out_as_a_whole(samples, own, what):
    samples[0].eye_path.write_text("\n".join(lines(**{f"frame_{n}": own for n in range(5)})))
    assert len(clip_records(samples[0], SETTINGS, [])) == 5
    samples[0].eye_path.write_text("\n".join(lines(**{f"frame_{n}": own for n in range(6)})))
    with pytest.raises(DataError, match=f"6 of 10 {what} cannot be used, more than 50%; the first"):
        clip_records(samples[0], SETTINGS, [])


def test_frames_at_the_end_that_do_not_decode_are_left_out(samples):
    content = samples[0].path.read_bytes()
    start = content.index(b"movi")
    samples[0].path.write_bytes(content[: start + (len(content) - start) * 7 // 10])
    with pytest.raises(DataError, match=r"1_1_01_1\.avi: the video stops after"):
        clip_records(samples[0], SETTINGS)
    left_out = []
    records = clip_records(samples[0], SETTINGS, left_out)
    assert FRAMES // 2 < len(records) < FRAMES
    assert [record.frame for record in records] == list(range(len(records)))
    assert len(left_out) == FRAMES - len(records)
    samples[0].path.write_bytes(content[: start + (len(content) - start) * 3 // 10])
    with pytest.raises(DataError, match="stops after"):
        clip_records(samples[0], SETTINGS, [])


def test_they_are_counted_kept_and_told_again(samples, tmp_path, caplog):
    samples[0].eye_path.write_text("\n".join(lines(frame_3="60,40,20,40", frame_7="1,2,3")))
    samples.append(VideoSample(tmp_path / "set" / "no.avi", "no", 1, 1, "print_2"))
    for folder in ("set", "moved"):
        caplog.clear()
        crops = prepare_crops(samples, tmp_path / "crops", SETTINGS, processes=1, skip_bad=True)
        assert crops.counts == {0: FRAMES - 2, 1: 2 * FRAMES}
        (reason,) = crops.left_out.values()
        assert list(crops.left_out) == ["no"]
        assert reason.startswith(f"{tmp_path / folder / 'no.avi'}: expected its eye file")
        first, second = crops.frames_left_out
        video = tmp_path / folder / "1_1_01_1.avi"
        assert first.startswith(f"{video}: 1_1_01_1.txt:4: ")
        assert second.startswith(f"{video}: 1_1_01_1.txt:8: ")
        assert "1 of 4 videos left out" in caplog.text
        assert "frames left out of the other videos: 2" in caplog.text
        # The same crops, found again for the same videos elsewhere.
        if folder == "set":
            (tmp_path / "set").rename(tmp_path / "moved")
            place = tmp_path / "moved"
            samples = [
                VideoSample(
                    place / sample.path.name,
                    sample.key,
                    1,
                    1,
                    sample.pai,
                    eye_path=sample.eye_path and place / sample.eye_path.name,
                )
                for sample in samples
            ]
    with pytest.raises(DataError, match=r"no\.avi: expected its eye file"):
        prepare_crops(samples, tmp_path / "crops", SETTINGS, processes=1)
