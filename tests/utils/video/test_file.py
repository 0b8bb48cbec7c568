"""Which files are videos: by their content, and nothing but media is ever opened."""

import av
import numpy as np
import pytest
from PIL import Image
from video_files import write_video

from despoof_keras.errors import DataError
from despoof_keras.utils.video.frames import has_video, read_frames


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    write_video(path, 12)
    return path


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        ("mp4", "libx264"),
        ("mov", "mpeg4"),
        ("3g2", "mpeg4"),
        ("avi", "mpeg4"),
        ("mkv", "libx264"),
        ("webm", "libvpx"),
        ("ts", "libx264"),
        ("mpg", "mpeg2video"),
        ("vob", "mpeg2video"),
        ("wmv", "wmv2"),
        ("flv", "flv"),
        ("ogv", "libvpx"),
        ("mxf", "mpeg2video"),
        ("h264", "libx264"),
    ],
)
def test_videos_of_every_container_are_known_without_their_names_ending(suffix, codec, tmp_path):
    path = tmp_path / f"clip.{suffix}"
    write_video(path, 12, codec)
    assert has_video(path.rename(tmp_path / "clip"))


def test_what_is_no_media_file_is_no_video(tmp_path, clip):
    picture = Image.fromarray(np.full((40, 60, 3), 90, np.uint8))
    for name in ("a.jpg", "a.png", "a.gif", "a.webp", "a.avif", "a.tif"):
        picture.save(tmp_path / name)
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n")
    (tmp_path / "list.ffconcat").write_text(f"ffconcat version 1.0\nfile {clip}\n")
    (tmp_path / "letter.mp4").write_text("This is a letter, and no video.\n" * 50)
    (tmp_path / "zeros.mp4").write_bytes(bytes(20_000))
    for path in tmp_path.iterdir():
        assert not has_video(path), path


def test_a_song_is_no_video_though_it_has_a_cover(tmp_path):
    path = tmp_path / "song.mp3"
    with av.open(str(path), "w") as song:
        stream = song.add_stream("libmp3lame", rate=44100)
        sound = av.AudioFrame.from_ndarray(np.zeros((2, 44100), np.int16), "s16p", "stereo")
        sound.rate = 44100
        for packet in [*stream.encode(sound), *stream.encode()]:
            song.mux(packet)
    with pytest.raises(DataError, match=r"song\.mp3: expected a video; there is no video in it"):
        has_video(path)


def test_a_recording_that_was_interrupted_says_so(tmp_path, clip):
    path = tmp_path / "cut.mp4"
    path.write_bytes(clip.read_bytes()[:1500])
    with pytest.raises(DataError, match=r"cut\.mp4: expected a video; the file's index \(moov\)"):
        has_video(path)


def test_a_cover_beside_a_video_is_not_taken_for_it(tmp_path, clip):
    path = tmp_path / "film.mp4"
    cover = Image.fromarray(np.full((400, 400, 3), 200, np.uint8))
    cover.save(tmp_path / "cover.jpg")
    with (
        av.open(str(clip)) as film,
        av.open(str(tmp_path / "cover.jpg")) as picture,
        av.open(str(path), "w") as both,
    ):
        sources = picture.streams.video[0], film.streams.video[0]
        copies = {source: both.add_stream_from_template(source) for source in sources}
        copies[sources[0]].disposition = av.stream.Disposition.attached_pic
        for source in sources:
            for packet in source.container.demux(source):
                if packet.dts is not None:
                    packet.stream = copies[source]
                    both.mux(packet)
    assert has_video(path)
    assert [image.shape for _, image in read_frames(path)] == [(120, 160, 3)] * 12
