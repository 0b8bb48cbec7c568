"""From what a user names to single images and videos."""

import base64
import io
import os

import numpy as np
import pytest
from media_files import as_nobody, write_video
from PIL import Image

from despoof_keras.errors import DataError
from despoof_keras.inference.inputs import (
    Input,
    PassedOver,
    expand,
    listed_paths,
    video_frames_to_score,
)


@pytest.fixture
def tree(tmp_path):
    picture = Image.fromarray(np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "inner").mkdir()
    for name in ("b.JPG", "a.png", "inner/c.webp", ".hidden.png"):
        picture.save(tmp_path / name, "PNG")
    (tmp_path / "notes.txt").write_text("no picture")
    write_video(tmp_path / "inner" / "d.avi", [np.zeros((64, 64, 3), np.uint8)])
    return tmp_path


def paths_of(inputs, folder):
    return [item.path.removeprefix(f"{folder}/") for item in inputs]


def test_a_folder_gives_its_images_and_videos_in_order(tree):
    inputs = list(expand([str(tree)], ()))
    names = ["a.png", "b.JPG", "inner/c.webp", "inner/d.avi"]
    assert inputs == [Input(str(tree / name), name.endswith("avi")) for name in names]


def test_content_decides_and_not_the_name(tree):
    (tree / "a.png").rename(tree / "photo.mp4")
    (tree / "inner" / "d.avi").rename(tree / "clip.jpg")
    inputs = expand([str(tree / "photo.mp4"), str(tree / "clip.jpg")], ())
    assert [(item.path, item.is_video, item.problem) for item in inputs] == [
        (str(tree / "photo.mp4"), False, None),
        (str(tree / "clip.jpg"), True, None),
    ]


def test_animated_pictures_are_videos_and_other_pictures_of_their_formats_are_not(tmp_path):
    frames = [Image.new("RGB", (40, 30), (20 * n, 0, 0)) for n in range(1, 4)]
    formats = {"gif": "GIF", "png": "PNG", "webp": "WEBP", "avif": "AVIF", "tif": "TIFF"}
    for suffix, name in {**formats, "mpo": "MPO"}.items():
        frames[0].save(tmp_path / f"still.{suffix}", name)
        frames[0].save(tmp_path / f"moving.{suffix}", name, save_all=True, append_images=frames[1:])
    moving = [item.path for item in expand([str(tmp_path)], ()) if item.is_video]
    # The pages of a TIFF file and the pictures of an MPO file follow each other on no screen.
    assert moving == [
        str(tmp_path / f"moving.{suffix}") for suffix in ("avif", "gif", "png", "webp")
    ]


def test_a_folder_of_pictures_without_the_usual_suffixes_is_found(tmp_path):
    picture = Image.new("RGB", (16, 16), (90, 60, 30))
    saved = {"jfif": "JPEG", "jpe": "JPEG", "mpo": "MPO", "gif": "GIF", "avif": "AVIF"}
    for suffix, name in {
        **saved,
        "jp2": "JPEG2000",
        "ppm": "PPM",
        "tga": "TGA",
        "bin": "PNG",
    }.items():
        picture.save(tmp_path / f"a.{suffix}", name)
    inputs = list(expand([str(tmp_path)], ()))
    assert len(inputs) == 9
    assert not [item for item in inputs if item.is_video or item.problem]


def test_folders_behind_links_are_searched_once(tree, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    Image.new("RGB", (8, 8)).save(elsewhere / "far.png")
    (elsewhere / "back").symlink_to(tree)
    (tree / "album").symlink_to(elsewhere)
    (tree / "again").symlink_to(elsewhere)
    (tree / "inner" / "loop").symlink_to(tree)
    (tree / "a_link_to_inner").symlink_to(tree / "inner")
    found = paths_of(expand([str(tree)], ()), tree)
    assert found == ["a.png", "again/far.png", "b.JPG", "inner/c.webp", "inner/d.avi"]


def test_what_systems_leave_in_folders_is_not_looked_at(tree):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._a.png", "@eaDir/x.jpg", ".git/y.png"):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_bytes((tree / "a.png").read_bytes())
    passed_over = PassedOver()
    assert len(list(expand([str(tree)], (), passed_over))) == 4
    assert str(passed_over) == "1 file was passed over: 1 no image or video (.txt)"


def test_other_files_in_a_folder_are_counted_by_what_they_are(tree):
    for name in ("one.pdf", "two.pdf", "three"):
        (tree / name).write_bytes(b"%PDF-1.7 ...")
    (tree / "table.csv").write_text("a,b")
    (tree / "song.mp3").write_bytes(b"ID3\x04\0\0")
    (tree / "code.ts").write_text("let a: number = 1;")
    (tree / "empty").write_bytes(b"")
    passed_over = PassedOver()
    inputs = list(expand([str(tree)], (), passed_over))
    assert not [item for item in inputs if item.problem]
    assert len(passed_over) == 8
    assert str(passed_over) == (
        "8 files were passed over: 3 no image or video (.csv .ts .txt), 3 PDF, 1 empty file, "
        "1 sound file (.mp3)"
    )


JPEG_XL = b"\xff\x0a" + bytes(range(100))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("photo.jxl", JPEG_XL, "JPEG XL"),
        ("photo", JPEG_XL, "JPEG XL"),
        ("photo.cr2", b"II\x2a\0\x10\0\0\0CR\2\0" + bytes(100), "RAW photograph"),
        ("photo.raf", b"FUJIFILMCCD-RAW 0201" + bytes(100), "RAW photograph"),
        ("photo.cr3", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(100), "RAW photograph"),
        ("photo.jpg", b"<html>not found</html>", "no known format is in the file of text"),
        ("photo.jpg", b"", "empty"),
        ("photo.png", b"%PDF-1.4", "a PDF"),
        ("clip.mjpeg", 2 * (b"\xff\xd8\xff\xe0" + bytes(20) + b"\xff\xd9"), "Motion JPEG"),
        ("clip.mp4", b"\0\0\0\x18ftypisom\0\0\0\1isommp42" + bytes(100), "moov"),
    ],
)
def test_what_looks_like_a_picture_or_video_and_cannot_be_read_is_told(
    name, content, reason, tmp_path
):
    (tmp_path / name).write_bytes(content)
    passed_over = PassedOver()
    for path in (tmp_path, tmp_path / name):
        (only,) = expand([str(path)], (), passed_over)
        assert only.path == str(tmp_path / name)
        assert only.problem.startswith("unreadable: ")
        assert reason in only.problem
    assert not passed_over


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a PostScript drawing"),
        (b"\xc5\xd0\xd3\xc6" + bytes(60), "a PostScript drawing"),
        (b"\xd7\xcd\xc6\x9a" + bytes(60), "a WMF or EMF"),
        (b"<?xml version='1.0'?>\n<svg width='3'/>", "an SVG drawing"),
        (b"ID3\4" + bytes(60), "a sound file, and there is no video in it"),
        (b"fLaC" + bytes(60), "a sound file"),
        (b"#EXTM3U\n/etc/passwd\n", "text"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "text"),
        (b"PK\3\4" + bytes(60), "an archive"),
        (b"\x89HDF\r\n\x1a\n" + bytes(60), "an HDF5 file"),
        (bytes(range(200)), "no known format"),
    ],
)
def test_a_file_that_is_something_else_is_named_and_never_opened(content, reason, tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(content)
    (only,) = expand([str(path)], ())
    assert reason in only.problem


def test_a_dash_stands_for_a_list_of_paths(tree):
    lines = [str(tree / "a.png"), "-", str(tree / "inner")]
    paths = [item.path for item in expand(["x.jpg", "-"], lines)]
    assert paths == [
        "x.jpg",
        str(tree / "a.png"),
        str(tree / "inner" / "c.webp"),
        str(tree / "inner" / "d.avi"),
    ]


NAMES = ["a b.png", " c.png ", "d.png", "~/e.png", '"f.png"', "#g.png", "grün.png"]


@pytest.mark.parametrize(
    ("encoding", "ending"),
    [
        ("utf-8", "\n"),
        ("utf-8", "\r\n"),
        ("utf-8-sig", "\n"),
        ("utf-8-sig", "\r\n\r\n"),
        ("utf-16", "\n"),
        ("utf-16-le", "\n"),
        ("utf-16-be", "\r\n"),
        ("utf-16", "\r\n"),
    ],
)
def test_a_list_is_read_in_the_encodings_that_programs_write(encoding, ending):
    # Without a byte order mark, UTF-16 is known by the first line.
    begin = [] if encoding.startswith("utf-16-") else [""]
    content = ending.join([*begin, *NAMES, ""]).encode(encoding)
    assert list(listed_paths(io.BytesIO(content))) == NAMES
    if encoding == "utf-16":  # the other order of bytes
        swapped = b"\xfe\xff" + ending.join(NAMES).encode("utf-16-be")
        assert list(listed_paths(io.BytesIO(swapped))) == NAMES


def test_names_that_are_not_utf8_come_from_a_list_and_open(tmp_path):
    name = os.fsencode(tmp_path) + b"/gr\xfcn.png"
    with open(name, "wb") as file:
        Image.new("RGB", (8, 8)).save(file, "PNG")
    (path,) = listed_paths(io.BytesIO(name + b"\n"))
    assert list(expand([path], ())) == [Input(os.fsdecode(name))]
    assert list(expand([str(tmp_path)], ())) == [Input(os.fsdecode(name))]


def test_a_list_may_be_separated_by_nul(tmp_path):
    content = b"two\nlines.png\0last.png\0"
    names = list(listed_paths(io.BytesIO(content), is_null_separated=True))
    assert names == ["two\nlines.png", "last.png"]
    (only,) = expand(listed_paths(io.BytesIO(b"a.png\0b.png\0")), ())
    assert "NUL" in only.problem
    assert "--null" in only.problem


def test_a_folder_without_anything_to_score_is_a_problem(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    (only,) = expand([str(tmp_path)], ())
    assert only.path == str(tmp_path)
    assert "no images or videos" in only.problem


@pytest.mark.parametrize("path", ["nul\0byte.jpg", "x" * 3000, "a/" * 2000 + "b.jpg"])
def test_a_path_that_cannot_be_one_is_a_problem_and_the_rest_goes_on(path, tree):
    bad, good = expand([path, str(tree / "a.png")], ())
    assert bad.path == path
    assert bad.problem.startswith("unreadable")
    assert good == Input(str(tree / "a.png"))


def test_a_picture_in_base64_is_no_path_and_is_not_repeated(tree):
    text = base64.b64encode((tree / "a.png").read_bytes() + bytes(300_000)).decode()
    for path in (text, f"data:image/png;base64,{text}"):
        (only,) = expand([path], ())
        assert "base64.b64decode" in only.problem
        assert len(only.path) + len(only.problem) < 500


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "expected an image or video, received an empty path"),
        ("https://example.org/a.png", "an address is no path: download it first"),
        ("rtsp://camera/1", "an address is no path"),
        ("~/no such.png", "only a shell replaces ~"),
        ("'{tree}/a.png'", "without the quotation marks around its name there is one"),
        (" {tree}/a.png ", "without the white space around its name there is one"),
        ("{tree}/a.png/", "not a directory"),
        ("{tree}/gone.png", "found no such file"),
    ],
)
def test_a_name_that_leads_nowhere_is_explained(path, reason, tree):
    path = path.replace("{tree}", str(tree))
    (only,) = expand([path], ())
    assert (only.path, only.is_video) == (path, False)
    assert reason in only.problem


@pytest.mark.parametrize("name", ["a:b.png", " a.png", "a.png ", "~.png", "-a.png", "12:30.avi"])
def test_unusual_names_are_opened_as_they_are(name, tree, monkeypatch):
    source = tree / ("inner/d.avi" if name.endswith("avi") else "a.png")
    (tree / "new").mkdir()
    (tree / "new" / name).write_bytes(source.read_bytes())
    monkeypatch.chdir(tree / "new")
    assert list(expand([name], ())) == [Input(name, name.endswith("avi"))]
    assert list(expand(["."], ())) == [Input(f"./{name}", name.endswith("avi"))]
    (tree / "new" / name).rename(tree / "new" / "per cent %41.png")
    address = (tree / "new" / "per cent %41.png").as_uri()
    assert next(expand([address], ())).path == str(tree / "new" / "per cent %41.png")


def test_devices_and_pipes_are_problems(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    for path, kind in (("pipe.jpg", "pipe"), ("pipe", "pipe"), ("/dev/zero", "device")):
        (only,) = expand([str(tmp_path / path)], ())
        assert "regular file" in only.problem
        assert kind in only.problem


def test_dangling_links_and_locked_folders_are_told_and_the_rest_is_found(tree):
    (tree / "z.jpg").symlink_to("nowhere.jpg")
    (tree / "locked").mkdir()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tree / "locked" / "e.png")
    (tree / "locked").chmod(0)
    with as_nobody(tree):
        inputs = list(expand([str(tree)], ()))
    (tree / "locked").chmod(0o755)
    problems = [item for item in inputs if item.problem]
    assert paths_of(problems, tree) == ["locked", "z.jpg"]
    assert "a link to nowhere.jpg, which does not exist" in problems[1].problem
    names = paths_of([item for item in inputs if not item.problem], tree)
    assert names == ["a.png", "b.JPG", "inner/c.webp", "inner/d.avi"]


@pytest.mark.parametrize(
    ("every", "most", "expected"),
    [(1, None, [0, 1, 2, 3, 4, 5, 6]), (3, None, [0, 3, 6]), (2, 2, [0, 2]), (9, 5, [0])],
)
def test_frames_are_spaced_and_limited(every, most, expected):
    assert list(video_frames_to_score(7, every, most)) == expected


@pytest.mark.parametrize(("every", "most"), [(0, None), (1, 0)])
def test_spacing_and_limit_are_at_least_one(every, most):
    with pytest.raises(DataError, match="at least 1"):
        video_frames_to_score(7, every, most)
