"""OULU-NPU's file names and its four protocols, as pure functions on names.

A video is called `P_S_UU_F`: phone 1-6, session 1-3, subject 01-55, file 1 (bona fide), 2 and 3
(print), 4 and 5 (replay). The loader and the writer of the embedded set share these rules.

Reference: Z. Boulkenafet et al., "OULU-NPU: A mobile face presentation attack database with
real-world variations", FG 2017.
"""

import re
from typing import NamedTuple

from despoof_keras.datasets.samples import BONA_FIDE, SPLITS
from despoof_keras.errors import DataError

FOLDS = range(1, 7)
# The folds of each protocol.
PROTOCOLS: dict[int | str, tuple[int, ...]] = {1: (), 2: (), 3: tuple(FOLDS), 4: tuple(FOLDS)}
# By the number of the file.
SPECIES = (BONA_FIDE, "print_1", "print_2", "replay_1", "replay_2")
# First and last subject.
SUBJECTS = {"train": (1, 20), "dev": (21, 35), "test": (36, 55)}
_STEM = re.compile(r"([1-6])_([1-3])_(\d\d)_([1-5])")


class VideoName(NamedTuple):
    """The four numbers of a video's name; `file` is 1 for bona fide, 2 to 5 for the species."""

    phone: int
    session: int
    subject: int
    file: int

    @property
    def pai(self):
        """Species, one of `SPECIES`."""
        return SPECIES[self.file - 1]

    @property
    def split(self):
        """`"train"`, `"dev"` or `"test"`: the split that the subject belongs to."""
        return next(s for s, (first, last) in SUBJECTS.items() if first <= self.subject <= last)


def parse_stem(stem):
    """Read a video's name.

    Args:
        stem: file name without suffix, such as `"1_2_36_4"`.

    Returns:
        `VideoName`.

    Raises:
        DataError: the name is not `P_S_UU_F` with numbers in range.

    Example:
        >>> parse_stem("1_2_36_4").pai
        'replay_1'
    """
    match = _STEM.fullmatch(stem)
    if not match or not 1 <= int(match[3]) <= 55:
        raise DataError(
            f"{stem}: expected a video name P_S_UU_F (phone 1-6, session 1-3, subject 01-55, "
            "file 1-5)"
        )
    return VideoName(*(int(number) for number in match.groups()))


def check_protocol(protocol, fold=None):
    """Check a protocol and its fold, and turn both into numbers.

    Args:
        protocol: 1 to 4, number or digit.
        fold: 1 to 6 (number or digit) for protocols 3 and 4, `None` for the others.

    Returns:
        `(protocol, fold)`, integers; the fold is `None` for protocols 1 and 2.

    Raises:
        DataError: there is no such protocol or fold, a fold is missing, or there is one too many.
    """
    if str(protocol) not in map(str, PROTOCOLS):
        raise DataError(f"protocol: OULU-NPU has 1, 2, 3 and 4; received {protocol!r}")
    protocol = int(protocol)
    if not PROTOCOLS[protocol]:
        if fold is not None:
            raise DataError(f"fold: OULU-NPU's protocol {protocol} has no folds; received {fold!r}")
        return protocol, None
    if str(fold) not in map(str, PROTOCOLS[protocol]):
        raise DataError(
            f"fold: OULU-NPU's protocol {protocol} needs one of 1 to 6; received {fold!r}"
        )
    return protocol, int(fold)


def protocol_stems(stems, protocol, fold, split):
    """The videos of one protocol's split, by the rules.

    Args:
        stems: names of the videos there are, of any split.
        protocol: 1 (unseen session), 2 (unseen attack instrument), 3 (unseen phone) or 4 (all).
        fold: the unseen phone, 1 to 6, for protocols 3 and 4; else `None`.
        split: `"train"`, `"dev"` or `"test"`.

    Returns:
        List of the stems that belong to the split, in the order received.

    Raises:
        DataError: the protocol, fold or split is unknown, or a name is not one of OULU-NPU's.

    Example:
        >>> protocol_stems(["1_1_01_2", "1_1_01_3", "1_1_36_3"], 2, None, "train")
        ['1_1_01_2']
    """
    protocol, fold = check_protocol(protocol, fold)
    if split not in SPLITS:
        raise DataError(f"split: expected one of {', '.join(SPLITS)}; received {split!r}")
    return [stem for stem in stems if _belongs(parse_stem(stem), protocol, fold, split)]


def _belongs(name, protocol, fold, split):
    if name.split != split:
        return False
    test = split == "test"
    if protocol in (1, 4) and (name.session == 3) != test:
        return False
    if protocol in (2, 4) and name.file not in ((1, 3, 5) if test else (1, 2, 4)):
        return False
    return protocol not in (3, 4) or (name.phone == fold) == test


def list_label(name, split):
    """Label of a video in a protocol list.

    Args:
        name: `VideoName`.
        split: the list's split. Only test lists distinguish print (-1) from replay (-2).

    Returns:
        1 for bona fide, -1 or -2 for an attack.
    """
    if name.file == 1:
        return 1
    return -2 if split == "test" and name.file in (4, 5) else -1


def protocol_lines(stems, protocol, fold, split):
    """The lines of one protocol list, as OULU-NPU's `Protocols/` folder has them.

    Args:
        stems, protocol, fold, split: see `protocol_stems`.

    Returns:
        List of lines without line ends.

    Raises:
        DataError: see `protocol_stems`.

    Example:
        >>> protocol_lines(["6_3_36_1", "6_3_36_3", "6_3_36_5"], 4, 6, "test")
        ['+1,6_3_36_1', '-1,6_3_36_3', '-2,6_3_36_5']
    """
    chosen = protocol_stems(stems, protocol, fold, split)
    return [f"{list_label(parse_stem(stem), split):+d},{stem}" for stem in chosen]


def list_path(protocol, fold, split):
    """Path of a protocol list below `Protocols/`.

    Example:
        >>> list_path(3, 2, "dev")
        'Protocol_3/Dev_2.txt'
    """
    protocol, fold = check_protocol(protocol, fold)
    suffix = "" if fold is None else f"_{fold}"
    return f"Protocol_{protocol}/{split.capitalize()}{suffix}.txt"
