"""The findings about a data set as text that fits on a screen."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from despoof_keras.datasets.data_sets import data_set
from despoof_keras.datasets.samples import BONA_FIDE, SPLITS
from despoof_keras.errors import shown

# Files, pairs, species and values of a kind that are listed; the JSON has all.
MOST_LISTED = 5
MOST_SPECIES = 12
# Subjects that are named, in all splits together.
MOST_SUBJECTS = 12
# Characters of a line of the lists.
_WIDTH = 160
_NAME_WIDTH = 16


def screen(findings: Mapping[str, Any]) -> str:
    """Describe a data set.

    Args:
        findings: as from `check_data`.
    """
    return "\n".join(_lines(findings))


def next_command(findings: Mapping[str, Any], skip_bad: bool = False) -> str:
    """The command that trains on the data set, as it is typed in the package's folder."""
    words = ["python", "recipes/train_oulu.py", "--dataset", findings["data_set"]]
    words += ["--data-root", findings["root"]]
    if findings["protocol"] != data_set(findings["data_set"]).default_protocol:
        words += ["--protocol", str(findings["protocol"])]
    if findings["fold"] is not None:
        words += ["--fold", str(findings["fold"])]
    return shlex.join(words + ["--skip-bad"] * skip_bad)


def _lines(findings) -> Iterator[str]:
    fold = "" if findings["fold"] is None else f", fold {findings['fold']}"
    yield f"{findings['title']}: {findings['root']}, protocol {findings['protocol']}{fold}"
    if "presentations" in findings:
        yield ""
        yield from _table(findings["presentations"], findings["subjects"])
        yield ""
        yield from _facts(findings)
        lists = {
            "cannot be used": [_left_out(left) for left in findings["left_out"]],
            "near-duplicates": [_pair(pair) for pair in findings["near_duplicates"]],
            "to be known": findings["notes"],
        }
        for name, lines in lists.items():
            # Paths below the root, which is named above, are shown from there.
            yield from _list(name, [line.replace(f"{findings['root']}/", "") for line in lines])
    yield ""
    yield _verdict(findings)


def _verdict(findings):
    if not findings["usable"]:
        return f"not usable: {findings['reason']}"
    looked_for, total = findings["faces"]["looked_for"], sum(findings["media"].values())
    if looked_for < total:
        return f"usable, as far as faces in {looked_for} of {total} presentations tell"
    return "usable"


def _table(presentations, subjects):
    counts = {split: dict(own) for split, own in presentations.items()}
    species = list(dict.fromkeys(pai for own in counts.values() for pai in own))
    species.sort(key=lambda pai: (pai != BONA_FIDE, pai))
    width = max(_NAME_WIDTH, *(len(pai) + 2 for pai in species[:MOST_SPECIES]))

    def row(name, values):
        return f"{name:{width}}" + "".join(f"{value:>8}" for value in values)

    yield row("", SPLITS)
    for pai in species[:MOST_SPECIES]:
        yield row(pai, [counts[split].get(pai, 0) for split in SPLITS])
    if len(species) > MOST_SPECIES:
        rest = species[MOST_SPECIES:]
        sums = [sum(counts[split].get(pai, 0) for pai in rest) for split in SPLITS]
        yield row(f"{len(rest)} others", sums)
    yield row("subjects", [len(subjects[split]) for split in SPLITS])
    if sum(map(len, subjects.values())) <= MOST_SUBJECTS:
        named = (f"{split}: {', '.join(subjects[split])}" for split in SPLITS)
        yield shown("; ".join(named), _WIDTH)


def _facts(findings):
    yield _fact("files", _counts(findings["media"], plural=True))
    yield _fact("resolution", _counts(findings["resolutions"]))
    if findings["frames"]:
        yield _fact("frame rate", _counts(findings["frame_rates"]))
        yield _fact(
            "frames", "{least} to {most} a video, median {median}".format_map(findings["frames"])
        )
    faces = findings["faces"]
    if faces["looked_for"]:
        text = f"in {faces['found']} of {faces['looked_for']} presentations looked at"
        if faces["crop_side"]:
            text += "; {least} to {most} pixels wide, median {median}".format_map(
                faces["crop_side"]
            )
        yield _fact("faces", text)


def _fact(name, text):
    return f"{name:{_NAME_WIDTH}}{text}"


def _counts(counts: Mapping[str, int], plural: bool = False) -> str:
    listed = [
        f"{count} {value}{'s' * (plural and count != 1)}" if plural else f"{value} ({count})"
        for value, count in list(counts.items())[:MOST_LISTED]
    ]
    rest = len(counts) - MOST_LISTED
    return ", ".join(listed) + (f" and {rest} others" if rest > 0 else "")


def _list(name: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"{name}: {len(lines)}"
        yield from (f"  {shown(line, _WIDTH)}" for line in lines[:MOST_LISTED])
        if len(lines) > MOST_LISTED:
            yield f"  ... and {len(lines) - MOST_LISTED} more (--json lists them)"


def _left_out(left):
    split = f" ({left['split']})" if left["split"] else ""
    return f"{left['name']}{split}: {left['reason']}"


def _pair(pair):
    first, second = (f"{own['name']} ({own['split']})" for own in (pair["first"], pair["second"]))
    return f"{first} and {second}"
