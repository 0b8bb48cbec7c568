"""What a data set holds: presentations, subjects, media, faces, what is unusable, what is odd."""

import collections
import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from despoof_keras.datasets.check.look import Look, LookJob, look_at
from despoof_keras.datasets.check.perceptual_hash import near_duplicates
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.repeated_files import check_files, repeated_files
from despoof_keras.datasets.samples import BONA_FIDE, SPLITS, VideoSample, species_of
from despoof_keras.datasets.splits import Splits
from despoof_keras.errors import DataError, encodable
from despoof_keras.utils.processes import Call, in_processes
from despoof_keras.utils.progress import tracked

# Pairs of near-duplicates that are listed.
MOST_PAIRS = 1000


def check_data(data: Data, sampled: int | None) -> dict[str, Any]:
    """Check a data set, as recipes with the same options would use it.

    Args:
        data: the data set, its protocol and how it is read.
        sampled: presentations in which a face is looked for; None for all.

    Returns:
        JSON values: `usable`, and `reason` where it is not; `data_set`, `title`, `root`,
        `protocol`, `fold`; `presentations`, mapping from split to the number of each species;
        `subjects`, mapping from split to their names; `media`, `resolutions` and `frame_rates`,
        mappings to numbers of presentations; `frames`, the `least`, `median` and `most` of a
        video; `faces`: `looked_for`, `found`, and the least, median and most `crop_side` in pixels;
        `left_out`, what cannot be used: `split`, `name` and `reason`; `near_duplicates`: `first`,
        `second` (`split` and `name`) and `different_bits`; `notes`, sentences about what is odd.
        Where the data set cannot be read at all, there are `usable`, `reason` and its names alone.
    """
    about = {
        "data_set": data.name,
        "title": data.data_set.title,
        "root": data.title,
        "protocol": data.protocol,
        "fold": data.fold,
    }
    try:
        splits = dataclasses.replace(data, skip_bad=True).load()
        check_files(splits)
    except DataError as error:
        return {"usable": False, "reason": str(error), **about}
    looks = _looks(data, splits, sampled)
    left_out = _left_out(splits, looks)
    reason = _unusable(splits, looks, None if data.skip_bad else len(left_out))
    return {
        "usable": reason is None,
        "reason": reason,
        **about,
        "presentations": {split: _species_counts(splits[split]) for split in SPLITS},
        "subjects": {split: _subjects(splits[split]) for split in SPLITS},
        **_media(looks),
        "faces": _faces(looks),
        "left_out": left_out,
        "near_duplicates": _near_duplicates(splits, looks),
        "notes": _notes(splits, looks),
    }


@dataclasses.dataclass(frozen=True)
class _Seen:
    split: str
    sample: VideoSample
    is_sampled: bool
    look: Look

    @property
    def is_usable(self):
        return self.look.problem is None


def _looks(data: Data, splits: Splits, sampled: int | None) -> list[_Seen]:
    listed = [(split, sample) for split in SPLITS for sample in splits[split]]
    chosen = _sample(listed, sampled)
    needs_eye_file = data.data_set.has_eye_files and not data.find_eyes
    jobs = [
        LookJob(sample, place in chosen, needs_eye_file) for place, (_, sample) in enumerate(listed)
    ]
    made = in_processes(look_at, jobs, data.processes, on_death=_look_alone)
    with tracked(made, "checking", len(jobs)) as looks:
        return [
            _Seen(split, sample, job.finds_face, look)
            for (split, sample), job, look in zip(listed, jobs, looks, strict=True)
        ]


def _look_alone(job: LookJob, call: Call) -> Look:
    """Look once more at a file whose worker died, for it may have died of the others' memory."""
    try:
        return call(look_at, job)
    except BrokenProcessPool:
        return Look(problem="expected a picture or video; the process that reads it is killed")


def _sample(listed, wanted):
    """Places of presentations, of every split and species in turn, evenly spread over each."""
    if wanted is None or wanted >= len(listed):
        return set(range(len(listed)))
    groups: dict[tuple[str, str], list[int]] = {}
    for place, (split, sample) in enumerate(listed):
        groups.setdefault((split, sample.pai), []).append(place)
    shares = dict.fromkeys(groups, 0)
    rest = wanted
    while rest:
        for group in groups:
            if rest and shares[group] < len(groups[group]):
                shares[group] += 1
                rest -= 1
    return {
        places[number * len(places) // shares[group]]
        for group, places in groups.items()
        for number in range(shares[group])
    }


def _species_counts(samples: Sequence[VideoSample]) -> dict[str, int]:
    counts = collections.Counter(sample.pai for sample in samples)
    return {pai: counts[pai] for pai in species_of(samples)}


def _subjects(samples):
    return sorted({encodable(str(sample.subject)) for sample in samples})


def _media(seen: Sequence[_Seen]) -> dict[str, Any]:
    looks = [own.look for own in seen if own.look.medium]
    frames = [look.frames for look in looks if look.medium == "video" and look.frames]
    rates = [round(look.frame_rate) for look in looks if look.frame_rate]
    return {
        "media": _counted(look.medium for look in looks),
        "resolutions": _counted(_resolution(look) for look in looks),
        "frame_rates": _counted(map(str, rates)),
        "frames": _spread(frames),
    }


def _resolution(look):
    return "{}x{}".format(*look.size)


def _counted(values) -> dict[str, int]:
    return dict(collections.Counter(values).most_common())


def _spread(numbers):
    if not numbers:
        return None
    median = round(statistics.median(numbers))
    return {"least": min(numbers), "median": median, "most": max(numbers)}


def _faces(seen: Sequence[_Seen]) -> dict[str, Any]:
    looked = [own.look for own in seen if own.is_sampled and own.look.medium]
    sides = [look.crop_side for look in looked if look.crop_side is not None]
    return {"looked_for": len(looked), "found": len(sides), "crop_side": _spread(sides)}


def _left_out(splits: Splits, seen: Sequence[_Seen]) -> list[dict[str, str]]:
    listed = [left._asdict() for left in splits.left_out if not left.is_note]
    for own in seen:
        if own.look.problem is not None:
            name = encodable(str(own.sample.path))
            listed.append({"split": own.split, "name": name, "reason": own.look.problem})
    return listed


def _unusable(splits: Splits, seen: Sequence[_Seen], bad: int | None) -> str | None:
    """Why nothing can be trained and evaluated; `bad` is how much may not be left out."""
    for split in SPLITS:
        rest = {own.sample.instrument for own in seen if own.split == split and own.is_usable}
        lost = {sample.instrument for sample in splits[split]} - rest
        if lost:
            return f"of {split}, no {' and no '.join(sorted(lost))} presentation can be used"
    if bad:
        what = "1 file or line" if bad == 1 else f"{bad} files or lines"
        return f"{what} cannot be used; --skip-bad leaves out what cannot be used"
    return None


def _near_duplicates(splits: Splits, seen: Sequence[_Seen]) -> list[dict[str, Any]]:
    by_split = {split: [own for own in seen if own.split == split] for split in SPLITS}
    hashes = {split: [own.look.hash for own in own_split] for split, own_split in by_split.items()}

    def named(split, place):
        return {"split": split, "name": encodable(str(by_split[split][place].sample.path))}

    return [
        {"first": named(*first), "second": named(*second), "different_bits": bits}
        for first, second, bits in near_duplicates(hashes)[:MOST_PAIRS]
    ]


def _notes(splits: Splits, seen: Sequence[_Seen]) -> list[str]:
    notes = [f"{left.name}: {left.reason}" for left in splits.left_out if left.is_note]
    train = {sample.pai for sample in splits["train"]}
    for split in SPLITS[1:]:
        unseen = sorted({sample.pai for sample in splits[split]} - train)
        if unseen:
            notes.append(f"{', '.join(unseen)}: in {split}, and not in train")
    repeated = len(repeated_files(splits))
    if repeated:
        notes.append(f"files that are there twice, with the same content: {repeated}")
    usable = [own for own in seen if own.split == "train" and own.look.medium]
    for what, value in (("media", lambda look: look.medium), ("resolutions", _resolution)):
        if note := _confounded(what, [(own.sample, value(own.look)) for own in usable]):
            notes.append(note)
    return notes


def _confounded(what: str, values: Sequence[tuple[VideoSample, str]]) -> str | None:
    """Say that a property of the files tells bona fide presentations from attacks."""
    own: Mapping[bool, set[str]] = {
        is_bona_fide: {
            value for sample, value in values if (sample.pai == BONA_FIDE) == is_bona_fide
        }
        for is_bona_fide in (True, False)
    }
    if not own[True] or not own[False] or own[True] & own[False]:
        return None
    return (
        f"bona fide presentations and attacks of train have no {what} in common "
        f"({', '.join(sorted(own[True])[:3])}; {', '.join(sorted(own[False])[:3])}): a model may "
        "learn these instead of the attacks"
    )
