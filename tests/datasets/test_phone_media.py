"""What telephones record, through the whole preparation: every file gives the upright face's crop.

The same photograph is stored in every orientation, as HDR and with 10 bits, in the formats and
codecs of telephones, with uneven frame times. A file that is read with the wrong orientation or
colours gives another crop, or no face.
"""

import itertools
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image
from video_cases import OPTIONS, TURNS, high_range
from video_files import write_video

from despoof_keras.datasets import Data
from despoof_keras.datasets.batches import evaluation_batches
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.datasets.samples import SPLITS
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.errors import DataError
from despoof_keras.faces.crop import crop_face

SIZE, FRAMES = 64, 6
# Mean absolute difference of coarse crops in grey levels. In lossy files the eyes may be found a
# pixel beside; a crop in another orientation differs by three times as much and more.
TOLERANCE = 8
BLOCK = 8
KINDS = ("bona_fide", "attack/print")
# As a sensor stores what stands upright with this EXIF orientation.
STORED = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.swapaxes(0, 1),
    6: lambda image: np.rot90(image, 1),
    7: lambda image: image[::-1, ::-1].swapaxes(0, 1),
    8: lambda image: np.rot90(image, -1),
}


def exif_of(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def photographs(face):
    """Pictures by file name: functions that write them."""

    def stored(orientation):
        return Image.fromarray(np.ascontiguousarray(STORED[orientation](face)))

    for orientation in STORED:
        exif = exif_of(orientation)
        for name, options in (
            (f"exif-{orientation}.jpg", {"quality": 90}),
            (f"exif-{orientation}.webp", {"quality": 90}),
            (f"exif-{orientation}.avif", {"quality": 85, "speed": 10}),
        ):
            yield (
                name,
                lambda path, exif=exif, orientation=orientation, options=options: stored(
                    orientation
                ).save(path, exif=exif, **options),
            )
    for orientation in STORED:
        yield (
            f"exif-{orientation}.heic",
            lambda path, orientation=orientation: save_heic(path, stored(orientation), orientation),
        )


def save_heic(path, image, orientation):
    pillow_heif = pytest.importorskip("pillow_heif")
    heif = pillow_heif.HeifFile()
    heif.add_frombytes("RGB", image.size, image.tobytes())
    heif.save(path, quality=90, exif=exif_of(orientation).tobytes())


def videos(face):
    """Videos by file name: functions that write them."""
    for turn in TURNS:
        for name, codec in (("mov", "libx264"), ("mp4", "libx265")):
            yield (
                f"turned-{turn}-{codec}.{name}",
                lambda path, turn=turn, codec=codec: clip(path, face, codec, turn=turn),
            )
    for name, codec, pixels in (
        ("10-bit-hevc.mov", "libx265", "yuv420p10le"),
        ("10-bit-h264.mp4", "libx264", "yuv420p10le"),
        ("10-bit-prores.mov", "prores_ks", "yuv422p10le"),
        ("av1.mp4", "libsvtav1", "yuv420p"),
        ("10-bit-av1.mkv", "libsvtav1", "yuv420p10le"),
        ("vp9.webm", "libvpx-vp9", "yuv420p"),
    ):
        yield name, lambda path, codec=codec, pixels=pixels: clip(path, face, codec, pixels)
    for transfer in ("PQ", "HLG"):
        yield (
            f"hdr-{transfer}.mov",
            lambda path, transfer=transfer: high_range(
                path,
                "libx265",
                "yuv420p10le",
                transfer,
                lambda number: face,
                size=face.shape[1::-1],
            ),
        )
    yield "uneven-times.mp4", lambda path: clip(path, face, "libx264", is_uneven=True)


def hdr(path, face, transfer):
    size = face.shape[1::-1]
    high_range(path, "libx265", "yuv420p10le", transfer, lambda number: face, size=size)


def coarse(crop):
    """A crop's means over blocks."""
    return crop.reshape(SIZE // BLOCK, BLOCK, SIZE // BLOCK, BLOCK, 3).mean(axis=(1, 3))


def clip(path, face, codec, pixels="yuv420p", turn="0", is_uneven=False):
    (a, b, c, d), store = TURNS[turn]
    picture = np.ascontiguousarray(store(face))
    one = 1 << 16

    def frame(number):
        made = av.VideoFrame.from_ndarray(picture, "rgb24")
        if is_uneven:  # as telephones record in the dark: 30 frames a second, then 8
            made.pts, made.time_base = (number**2 + number) * 20, Fraction(1, 600)
        return made

    def prepare(stream):
        stream.set_display_matrix([a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30])
        if is_uneven:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 600)

    write_video(
        path,
        FRAMES,
        codec,
        size=picture.shape[1::-1],
        pixels=pixels,
        options=OPTIONS.get(codec, {}),
        prepare=prepare,
        frame=frame,
    )


@pytest.fixture(scope="module")
def face(astronaut):
    """The face with some of what is around it, upright, of even size and not square."""
    return np.ascontiguousarray(astronaut[:320, 80:352])


@pytest.fixture(scope="module")
def prepared(face, tmp_path_factory):
    """The crops of all files, by the file's name."""
    root, cache = (tmp_path_factory.mktemp(name) for name in ("own", "cache"))
    for number, (split, kind) in enumerate(
        itertools.product(SPLITS, ("bona_fide", "attack/print"))
    ):
        folder = root / split / kind
        folder.mkdir(parents=True)
        # The same file may not be in two splits.
        Image.fromarray(np.roll(face, 3 * number, axis=0)).save(folder / f"{split}__0.png")
    for name, write in (*photographs(face), *videos(face)):
        write(root / "train" / "bona_fide" / f"train__{name}")
    data = Data(root, cache, name="folder", processes=2)
    crops = prepare_data(data, data.load()["train"], CropSettings(SIZE, 1))
    assert crops.left_out == {}
    images = (image for batch in evaluation_batches(crops) for image in batch["image"].numpy())
    return {
        shown.key.partition("__")[2]: image * 256
        for shown, image in zip(frames_in_order(crops), images, strict=True)
        if shown.label == 0
    }


NAMES = [name for name, _ in (*photographs(None), *videos(None))]


@pytest.mark.parametrize("name", NAMES)
def test_the_crop_is_that_of_the_upright_photograph(name, prepared, face, finder):
    if name.endswith(".heic"):
        pytest.importorskip("pillow_heif")
    expected = crop_face(face, finder(face)[0].eyes, SIZE)
    np.testing.assert_allclose(prepared["0.png"], np.rint(expected))
    assert np.abs(coarse(prepared[name]) - coarse(expected)).mean() < TOLERANCE


def test_any_other_orientation_would_give_another_crop(prepared):
    crop = coarse(prepared["0.png"])
    for orientation, store in STORED.items():
        if orientation != 1:
            assert np.abs(store(crop) - crop).mean() > 3 * TOLERANCE


@pytest.mark.parametrize(
    ("name", "content", "remedy"),
    [
        ("photo.dng", b"II*\0\x08\0\0\0\0\0", "convert"),
        ("photo.jxl", b"\xff\x0a" + bytes(60), "convert"),
    ],
)
def test_what_is_not_read_is_refused_with_what_to_do(name, content, remedy, face, tmp_path):
    for number, (subject, kind) in enumerate(
        itertools.product("abc", ("bona_fide", "attack/print"))
    ):
        folder = tmp_path / "own" / kind
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.roll(face, 3 * number, axis=0)).save(folder / f"{subject}__0.png")
    (tmp_path / "own" / "bona_fide" / f"a__{name}").write_bytes(content)
    data = Data(tmp_path / "own", tmp_path / "cache", name="folder", processes=1)
    with pytest.raises(DataError, match=f"{name}.*{remedy}"):
        prepare_data(data, data.load()["train"], CropSettings(SIZE, 1))
