"""Short names for systems, from the parts in which the paths of their score files differ."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

# Words that say which split a file is of, at the beginning or end of its name.
_SPLIT = re.compile(r"^(?:test|eval|scores?)[-_. ]+|[-_. ]+(?:test|eval|scores?)$", re.IGNORECASE)
# Names of files that say nothing of the system; a run's model is always called `model.keras`.
_PLAIN_WORDS = ("test", "eval", "score", "scores", "model")


def names_of(tests: Sequence[str | Path], devs: Sequence[str | Path]) -> list[str]:
    """Name systems after their score files.

    Args:
        tests: test score file of each system.
        devs: dev score files, which tell systems with the same test file apart.

    Returns:
        Names, all different.

    Example:
        >>> names_of(["runs/a/scores/test-noise.csv", "runs/b/scores/test-noise.csv"], ["d", "d"])
        ['a', 'b']
        >>> names_of(["p1/scores/test-noise.csv"], ["p1/scores/dev-noise.csv"])
        ['noise']
        >>> names_of(["full/p1/scores/test-noise.csv", "cnn/p1/scores/test-score.csv"], ["d", "e"])
        ['full/noise', 'cnn']
    """
    names = _differing(tests)
    if len(set(names)) < len(names):
        names = [f"{name}, dev {dev}" for name, dev in zip(names, _differing(devs), strict=True)]
    counts, seen = Counter(names), Counter[str]()
    for position, name in enumerate(names):
        if counts[name] > 1:
            seen[name] += 1
            names[position] = f"{name} ({seen[name]})"
    return names


def _differing(paths):
    parts = [Path(os.path.abspath(path)).with_suffix("").parts for path in paths]
    if len(set(parts)) == 1:
        return [_of_single(parts[0])] * len(parts)
    start = _common(parts)
    end = _common([part[start:][::-1] for part in parts])
    kept = [part[start : len(part) - end or None] for part in parts]
    if not all(kept):  # "a/test" and "a/b/test"
        kept = [part[start:] for part in parts]
    kept = _shortened(kept)
    return ["/".join(own) for own in kept]


def _shortened(kept):
    """Without folders that all have in the same place from the end, and words that say nothing."""
    depth = min(map(len, kept))
    same = [i for i in range(2, depth + 1) if len({own[-i] for own in kept}) == 1]
    short = [_without(own, same) for own in kept]
    shorter = [(*own[:-1], _without_split(own[-1])) for own in short]
    shortest = [_without_plain(own) for own in shorter]
    if any(own[-1].lower() in _PLAIN_WORDS for own in shortest):
        shortest = shorter
    telling = (names for names in (shortest, shorter, short) if len(set(names)) == len(set(kept)))
    return next(telling, kept)


def _without(parts, places):
    """Parts of a path without those at some places, counted from the end."""
    return tuple(part for i, part in enumerate(parts) if len(parts) - i not in places)


def _without_plain(parts):
    plain = len(parts) > 1 and parts[-1].lower() in _PLAIN_WORDS
    return parts[:-1] if plain else parts


def _common(rows):
    """How many items all rows begin with, of the same length or not."""
    columns = zip(*rows, strict=False)
    return next((i for i, c in enumerate(columns) if len(set(c)) > 1), min(map(len, rows)))


def _of_single(parts):
    """A file's name, or its folder's where the file's says nothing of the system."""
    for part in reversed(parts[1:]):
        name = _without_split(part)
        if name.lower() not in _PLAIN_WORDS:
            return name
    return parts[-1]


def _without_split(text):
    return _SPLIT.sub("", text) or text
