"""Every frame of every kind of video, upright and in its colours; what is missing is said."""

import operator
import os
import subprocess
import sys
from pathlib import Path

import av
import cv2
import media_files
import numpy as np
import pytest
from damaged_videos import DAMAGES, damaged_cases
from edited_videos import fragmented_cases, joined, joined_cases, unharmed_cases
from video_cases import (
    FRAMES,
    coloured_cases,
    hdr_cases,
    interlaced_cases,
    judge,
    sound_cases,
    stretched_cases,
    turned_cases,
)
from video_files import CARD, colours_of, number_of, picture, write_video

from despoof_keras.errors import DataError
from despoof_keras.synthesis.video.clip_files import encode_clip
from despoof_keras.utils.processes import in_processes
from despoof_keras.utils.video.decoder import Video
from despoof_keras.utils.video.file import thread_count
from despoof_keras.utils.video.frames import TruncatedVideoError, frame_count, read_frames


def outcome(case, folder):
    path = folder / case.name
    case.make(path)
    frames, note, error = [], None, None
    try:
        with Video(path) as video:
            frames, note = list(video.frames()), video.note
    except DataError as problem:
        error = problem
    return judge(case, frames, note, error)


def by_name(cases, *names):
    """The cases whose name begins so, or all; each is a parameter of a test."""
    chosen = [case for case in cases if case.name.startswith(names or "")]
    assert chosen
    return [pytest.param(case, id=ascii(case.name)) for case in chosen]


@pytest.mark.parametrize(
    "case",
    [
        *by_name(sound_cases(), "libx264-yuv4", "libvpx", "libsvtav1", "ffv1", "rawvideo"),
        *by_name(turned_cases(), "turned-90", "turned-180", "turned-mirrored-lib"),
        *by_name(coloured_cases(), "bt709", "bt601-full"),
        *by_name(stretched_cases()),
        *by_name(joined_cases()),
        *by_name(fragmented_cases()),
        *by_name(unharmed_cases()),
    ],
)
def test_a_sound_video_gives_every_frame_without_a_remark(case, tmp_path):
    assert outcome(case, tmp_path) == "right"


@pytest.mark.parametrize("case", by_name(hdr_cases(), "PQ", "HLG"))
def test_hdr_comes_back_as_the_picture_that_it_was_made_of(case, tmp_path):
    assert outcome(case, tmp_path) == "remark"


@pytest.mark.parametrize("case", by_name(interlaced_cases()))
def test_interlaced_videos_give_every_frame(case, tmp_path):
    assert outcome(case, tmp_path) == "remark"


@pytest.mark.parametrize("case", by_name(damaged_cases(), "cut", "zeros-", "lost"))
def test_damage_is_said_or_refused_and_no_spoilt_frame_is_handed_out(case, tmp_path):
    assert not outcome(case, tmp_path).startswith("wrong")


@pytest.mark.parametrize(("suffix", "codec"), [("ts", "libx264"), ("mpg", "mpeg2video")])
def test_moving_fields_leave_no_stripes(suffix, codec, tmp_path):
    def frame(number):
        fields = np.full((2, 240, 320, 3), 60, np.uint8)
        for field in range(2):
            left = 20 + 12 * number + 6 * field
            fields[field, 40:200, left : left + 60] = 220
        fields[0, 1::2] = fields[1, 1::2]
        return av.VideoFrame.from_ndarray(fields[0], "rgb24")

    def prepare(stream):
        stream.codec_context.flags |= 0x40000 | 0x20000000  # interlaced, also in its motion

    def stripes(image):
        grey = image[..., 0].astype(int)
        return np.count_nonzero(abs(2 * grey[1:-1] - grey[:-2] - grey[2:]) > 120)

    path = tmp_path / f"fields.{suffix}"
    options = {"b": "4M", "x264-params": "tff=1"} if codec == "libx264" else {"b": "4M"}
    write_video(path, 9, codec, size=(320, 240), frame=frame, prepare=prepare, options=options)
    raw = [one.to_ndarray(format="rgb24") for one in av.open(str(path)).decode(video=0)]
    frames = [image for _, image in read_frames(path)]
    assert len(frames) == 9
    assert min(map(stripes, raw)) > 1000
    assert max(map(stripes, frames)) < 300  # the rectangle's own edges


def opencv_frames(path):
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    while capture.grab():
        yield capture.retrieve()[1][..., ::-1]


@pytest.mark.parametrize("kind", ["the embedded set's", "OpenCV's MJPEG", "H.264"])
def test_pixels_are_opencvs_on_which_published_figures_rest(kind, astronaut, tmp_path):
    pictures = [np.ascontiguousarray(np.roll(astronaut, 9 * i, 1)[::2, ::2]) for i in range(5)]
    path = tmp_path / ("clip.mp4" if kind == "H.264" else "clip.avi")
    if kind == "H.264":

        def frame(number):
            return av.VideoFrame.from_ndarray(pictures[number], "rgb24")

        write_video(path, 5, size=(256, 256), frame=frame)
    elif kind == "OpenCV's MJPEG":
        media_files.write_video(path, pictures)
    else:
        path.write_bytes(encode_clip(pictures, 90, 400_000))
    ours = [image for _, image in read_frames(path)]
    np.testing.assert_array_equal(ours, list(opencv_frames(path)))


def test_frames_are_decoded_once_and_a_count_is_not_believed(tmp_path):
    path = tmp_path / "three.mkv"
    joined(path, "libx264")
    assert [index for index, _ in read_frames(path, every=30)] == [0, 30, 60]
    assert frame_count(path) == 3 * FRAMES
    assert number_of(dict(read_frames(path, [50]))[50]) == 50


def test_a_wanted_frame_that_is_damaged_is_an_error(tmp_path):
    path = tmp_path / "holes.mp4"
    write_video(path, FRAMES, "mpeg4", options={"g": "8", "b": "4M"}, size=(320, 240))
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as file:
        packet = [packet for packet in file.demux(video=0) if packet.size][10]
    content[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(content)
    assert [number_of(image) for _, image in read_frames(path, [3, 9])] == [3, 9]
    # The number of a frame behind the one that is lost would be too low by one.
    for wanted in (10, 12, 20):
        frames = read_frames(path, [3, wanted])
        next(frames)
        with pytest.raises(TruncatedVideoError, match="damaged") as caught:
            next(frames)
        assert not caught.value.is_sound


def test_what_cannot_be_decoded_is_named(tmp_path):
    path = tmp_path / "clip.mp4"
    write_video(path, 3)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzz9"))
    with pytest.raises(DataError, match=r"clip\.mp4: .* codec zzz9 has no decoder here"):
        Video(path)
    key = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "0" * 32}
    write_video(path, 3, container_options=key | {"encryption_kid": "1" * 32})
    with pytest.raises(DataError, match=r"clip\.mp4: .* encrypted \(DRM\)"):
        Video(path)


def test_a_streamed_avi_has_placeholders_for_its_sizes_and_counts(tmp_path):
    path = tmp_path / "streamed.avi"
    write_video(path, FRAMES, "mpeg4")
    content = bytearray(path.read_bytes())
    content[4:8] = b"\xff" * 4
    place = content.index(b"strh") + 40
    content[place : place + 4] = (1 << 30).to_bytes(4, "little")
    path.write_bytes(content[: content.index(b"idx1")])
    with Video(path) as video:
        assert [number_of(image) for _, image in video.frames()] == list(range(FRAMES))
        assert video.note is None
        assert video.expected <= FRAMES


def test_a_playlist_is_not_followed(tmp_path):
    write_video(tmp_path / "clip.ts", 3, "mpeg2video")
    lists = {
        "a.m3u8": "#EXTM3U\n#EXTINF:1,\nclip.ts\n#EXT-X-ENDLIST\n",
        "b.mp4": "#EXTM3U\n#EXTINF:1,\nclip.ts\n#EXT-X-ENDLIST\n",
        "c.avi": f"ffconcat version 1.0\nfile {tmp_path / 'clip.ts'}\n",
        "d.mkv": "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(DataError, match="expected a video that FFmpeg can decode"):
            Video(tmp_path / name)


def test_leaving_early_closes_the_file(tmp_path):
    path = tmp_path / "clip.mp4"
    write_video(path, FRAMES)

    def is_open():
        links = Path("/proc/self/fd")
        return any(os.path.realpath(link) == str(path) for link in links.iterdir())

    frames = read_frames(path)
    next(frames)
    assert is_open()
    frames.close()
    assert not is_open()


def test_the_old_tag_of_an_angle_turns_a_video(tmp_path):
    path = tmp_path / "turned.mkv"

    def frame(number):
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(np.rot90(picture(number))), "rgb24")

    def prepare(stream):
        stream.metadata["ROTATE"] = "90"

    write_video(path, 3, size=(120, 160), frame=frame, prepare=prepare)
    for number, image in read_frames(path):
        assert number_of(image) == number
        np.testing.assert_allclose(colours_of(image), CARD, atol=14)


def test_a_worker_process_decodes_in_one_thread():
    call = operator.methodcaller("__call__")
    assert list(in_processes(call, [thread_count] * 2, 2)) == [1, 1]
    assert thread_count() == 0


def test_ffmpegs_own_messages_stay_silent(tmp_path):
    path = tmp_path / "noise.ts"
    write_video(path, FRAMES, "libx264", size=(320, 240))
    path.write_bytes(DAMAGES["noise"](bytearray(path.read_bytes())))
    program = (
        f"from despoof_keras.utils.video.decoder import Video\nlist(Video({str(path)!r}).frames())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
