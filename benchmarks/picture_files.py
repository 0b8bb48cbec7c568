"""Some 500 generated picture files of known content, and what `read_image` makes of each.

    python benchmarks/picture_files.py

Formats, modes, depths, orientations, metadata and damage are combined. A file whose pixels are
sound must come back with the right values; a damaged one, or one that is no picture, must be
refused with a reason on one line. Anything else is a failure, and ends with exit code 1.

Takes ten seconds on two cores. Needs the extra `heif`.
"""

import collections
import pathlib
import sys
from collections.abc import Iterator

import numpy as np
from pillow_heif import register_heif_opener

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "helpers"))

from damaged_pictures import damage, damaged_metadata, no_pictures
from picture_cases import depths, hdr, modes, orientations
from picture_content import Case

from despoof_keras.errors import MOST_MESSAGE, DataError
from despoof_keras.utils.pictures.images import read_image

RIGHT, REFUSED = "read right", "refused with a reason"


def cases() -> Iterator[Case]:
    """All of them."""
    parts = (modes, depths, hdr, orientations, damaged_metadata, damage, no_pictures)
    for part in parts:
        yield from part()


def outcome(case: Case) -> str:
    """What happens when a file is read: `RIGHT`, `REFUSED`, or a description of the failure."""
    try:
        image = read_image(case.content)
    except DataError as error:
        text = str(error)
        if "\n" in text or len(text) > MOST_MESSAGE or ": " not in text:
            return f"badly explained: {text}"
        return REFUSED if case.expected is None else f"refused, though sound: {text}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if case.expected is None:
        return "read, though it should be refused"
    if image.shape != case.expected.shape:
        return f"another shape: {image.shape}"
    difference = float(np.abs(image.astype(int) - case.expected).mean())
    return RIGHT if difference <= case.tolerance else f"other values, by {difference:.1f}"


def main() -> int:
    register_heif_opener()  # for writing; reading needs nothing registered
    outcomes = collections.Counter()
    for case in cases():
        result = outcome(case)
        outcomes[result if result in (RIGHT, REFUSED) else "failure"] += 1
        if result not in (RIGHT, REFUSED):
            print(f"{case.name}: {result}")
    print(", ".join(f"{count} {name}" for name, count in outcomes.most_common()))
    return int(outcomes["failure"] > 0)


if __name__ == "__main__":
    sys.exit(main())
