"""A picture is a presentation of one frame: its eyes, its crop, its record in a shard."""

import numpy as np
import pytest
from media_files import write_truncated, write_video
from PIL import Image

from despoof_keras.datasets import Data
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.eye_files import read_eyes
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.datasets.samples import SPLITS
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.errors import DataError
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.faces.crop import crop_face

SIZE = 64
SETTINGS = CropSettings(SIZE, 3)
LONG_NAME = 80 * "\u5f20" + ".png"


@pytest.fixture(scope="module")
def root(astronaut, tmp_path_factory):
    """Three subjects with two photographs each, one of them turned, and a clip of a print."""
    folder = tmp_path_factory.mktemp("own")
    for place, name in enumerate(("ada", "ben", "cleo")):
        shifted = np.roll(astronaut, 4 * place, axis=1)
        for pai in ("bona_fide", "attack/print"):
            (folder / pai / name).mkdir(parents=True)
        exif = Image.Exif()
        exif[274] = 6
        turned = Image.fromarray(np.rot90(shifted))
        turned.save(folder / "bona_fide" / name / "turned.png", exif=exif)
        # With the ending of an eye file, the name is too long for a file system.
        Image.fromarray(shifted // 2).save(folder / "attack" / "print" / name / LONG_NAME)
        write_video(folder / "attack" / "print" / name / "2.avi", [shifted // 2] * 6)
    return folder


def test_pictures_and_clips_become_crops(root, tmp_path, finder, astronaut):
    data = Data(root, tmp_path, name="folder", processes=1)
    splits = data.load()
    assert [len(splits[split]) for split in SPLITS] == [3, 3, 3]
    crops = prepare_data(data, splits["train"], SETTINGS)
    shown = [(frame.key, frame.frame) for frame in frames_in_order(crops)]
    clip = [("attack/print/ada/2.avi", frame) for frame in (1, 3, 5)]
    expected = [("bona_fide/ada/turned.png", 0), (f"attack/print/ada/{LONG_NAME}", 0), *clip]
    assert sorted(shown) == sorted(expected)
    assert crops.counts == {0: 1, 1: 4}
    assert [frame.depth_source for frame in frames_in_order(crops)][:1] == ["mesh"]
    sample = next(own for own in crops.samples if own.label == 0)
    eyes = read_eyes(sample.eye_path)
    assert list(eyes) == [0]
    assert np.abs(eyes[0] - finder(astronaut)[0].eyes).max() < 1
    cut = LabelledCrops.of(crops).crops[0]
    np.testing.assert_array_equal(cut, np.rint(crop_face(astronaut, eyes[0], SIZE)))


def test_pictures_that_cannot_be_used_are_left_out(root, tmp_path, astronaut):
    made = tmp_path / "own"
    made.symlink_to(root)
    wall = np.full((200, 200, 3), 120, np.uint8)
    Image.fromarray(wall).save(root / "bona_fide" / "ada" / "wall.png")
    write_truncated(root / "bona_fide" / "ada" / "cut.jpg", astronaut)
    try:
        data = Data(made, tmp_path / "cache", name="folder", skip_bad=True, processes=1)
        crops = prepare_data(data, data.load()["train"], SETTINGS)
        assert crops.counts == {0: 1, 1: 4}
        reasons = {key.rpartition("/")[2]: text for key, text in crops.left_out.items()}
        assert set(reasons) == {"wall.png", "cut.jpg"}
        assert "wall.png: expected a face; none was found" in reasons["wall.png"]
        assert "cut.jpg: expected a whole image, it is damaged" in reasons["cut.jpg"]
        strict = Data(made, tmp_path / "other", name="folder", processes=1)
        with pytest.raises(DataError, match=r"cut\.jpg: .* damaged|wall\.png: expected a face"):
            prepare_data(strict, strict.load()["train"], SETTINGS)
    finally:
        (root / "bona_fide" / "ada" / "wall.png").unlink()
        (root / "bona_fide" / "ada" / "cut.jpg").unlink()


def test_heic_photographs(root, tmp_path, astronaut):
    heif = pytest.importorskip("pillow_heif")
    own = tmp_path / "own"
    for place, name in enumerate(("ada", "ben", "cleo")):
        for pai, light in (("bona_fide", 1), ("attack/print", 2)):
            (own / pai).mkdir(parents=True, exist_ok=True)
            shifted = np.roll(astronaut // light, 4 * place, axis=1)
            heif.from_pillow(Image.fromarray(shifted)).save(own / pai / f"{name}__1.heic")
    data = Data(own, tmp_path / "cache", name="folder", processes=1)
    crops = prepare_data(data, data.load()["dev"], SETTINGS)
    assert crops.counts == {0: 1, 1: 1}
    bona_fide, attack = LabelledCrops.of(crops).crops.astype(int)
    assert np.abs(bona_fide // 2 - attack).mean() < 10
