"""Pictures that look the same are told from others."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from despoof_keras.datasets.check.perceptual_hash import (
    BITS,
    MOST_DIFFERENT,
    near_duplicates,
    perceptual_hash,
)


def compressed(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=30)
    return Image.open(buffer).convert("RGB")


SAME = {
    "scaled": lambda picture: picture.resize((128, 128)),
    "compressed": compressed,
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.2),
    "less contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(0.7),
}


def bits(one, other):
    return int(np.sum(one != other))


@pytest.mark.parametrize("change", SAME)
def test_a_picture_that_was_changed_a_little_is_the_same(change, astronaut):
    changed = np.asarray(SAME[change](Image.fromarray(astronaut)))
    assert bits(perceptual_hash(astronaut), perceptual_hash(changed)) <= MOST_DIFFERENT


def test_other_pictures_are_others(astronaut, embedded_clips):
    hashes = [perceptual_hash(frame) for frame, _, _ in embedded_clips]
    hashes += [perceptual_hash(astronaut), perceptual_hash(astronaut[:, ::-1])]
    assert all(own.shape == (BITS,) for own in hashes)
    distances = [bits(a, b) for place, a in enumerate(hashes) for b in hashes[:place]]
    assert min(distances) > MOST_DIFFERENT


def test_a_black_frame_looks_like_nothing():
    assert perceptual_hash(np.zeros((20, 30, 3), np.uint8)) is None


def test_pairs_are_those_of_brute_force():
    rng = np.random.default_rng(0)
    base = rng.integers(0, 2, (5, BITS)).astype(bool)
    hashes = {}
    for split, count in (("train", 40), ("dev", 30), ("test", 20)):
        own = base[rng.integers(0, 5, count)] ^ (rng.random((count, BITS)) < 0.06)
        hashes[split] = [None if place % 7 == 3 else each for place, each in enumerate(own)]
    expected = set()
    for one, other in (("train", "dev"), ("train", "test"), ("dev", "test")):
        for i, first in enumerate(hashes[one]):
            for j, second in enumerate(hashes[other]):
                if first is None or second is None:
                    continue
                if bits(first, second) <= MOST_DIFFERENT:
                    expected.add(((one, i), (other, j), bits(first, second)))
    pairs = near_duplicates(hashes)
    assert 0 < len(expected) < 40 * 30
    assert set(pairs) == expected
    assert [pair[2] for pair in pairs] == sorted(pair[2] for pair in pairs)
    assert near_duplicates({"train": [], "dev": [None]}) == []
