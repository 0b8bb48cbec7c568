"""Pictures that look the same: scaled, compressed again, a little brighter.

A picture is made small and grey, and of its cosine transform only the signs of the lowest
frequencies around their median are kept: small changes leave nearly all of them. A picture that was
mirrored, turned or cut is another.

Reference: C. Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010
(the hash by the cosine transform, here without the constant term and of more frequencies).
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image
from scipy.fft import dctn

# Zauner takes 32 and 8. Different heads before the same wall then differ in as small a share of the
# bits as copies of a picture do.
SIDE, LOWEST = 64, 16
BITS = LOWEST**2 - 1
# Bits in which two pictures that look the same may differ. Scaling to a quarter, compression at
# quality 30 and a fifth more light changed at most 22 of 255 in 63 photographs and rendered frames,
# and cutting off a fiftieth on every side 30 in half of them. Of 500 frames of the embedded set, no
# two of different people differed in fewer than 44.
MOST_DIFFERENT = 30
# Grey levels: a picture of less contrast, such as a black first frame, looks like any other such.
LEAST_CONTRAST = 8.0
# Rows of the comparison at a time.
_ROWS = 4096


def perceptual_hash(image: np.ndarray) -> np.ndarray | None:
    """Hash a picture.

    Args:
        image: `(height, width, 3)` RGB uint8.

    Returns:
        `(BITS,)` bool; None for a picture without contrast.
    """
    small = Image.fromarray(image).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    grey = np.asarray(small, np.float64)
    if grey.std() < LEAST_CONTRAST:
        return None
    lowest = dctn(grey, norm="ortho")[:LOWEST, :LOWEST].ravel()[1:]
    return lowest > np.median(lowest)


def near_duplicates(
    hashes: Mapping[str, Sequence[np.ndarray | None]],
) -> list[tuple[tuple[str, int], tuple[str, int], int]]:
    """Find pictures that look the same and are in different splits.

    Args:
        hashes: mapping from split to the hashes of its pictures, as from `perceptual_hash`.

    Returns:
        `((split, place), (split, place), bits)` of each such pair, where the place is that in the
        split's list and `bits` is how many of `BITS` differ; those that differ least come first.
    """
    places = {
        split: [place for place, own in enumerate(all_of) if own is not None]
        for split, all_of in hashes.items()
    }
    signs = {split: _signs([hashes[split][place] for place in places[split]]) for split in places}
    pairs = []
    for one, other in itertools.combinations(hashes, 2):
        for start in range(0, len(signs[one]), _ROWS):
            # Of signs, the product is the number of those that agree minus those that differ.
            different = (BITS - signs[one][start : start + _ROWS] @ signs[other].T) / 2
            for row, column in np.argwhere(different <= MOST_DIFFERENT).tolist():
                first, second = places[one][start + row], places[other][column]
                pairs.append(((one, first), (other, second), int(different[row, column])))
    return sorted(pairs, key=lambda pair: pair[2])


def _signs(hashes):
    bits = np.array(hashes, np.float32).reshape(len(hashes), BITS)
    return 2 * bits - 1
