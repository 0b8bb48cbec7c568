"""Read hundreds of generated media files, sound and damaged, and count what becomes of them.

Every file is read as `despoof score` reads it. A video's frames carry their own number and a card
of colours, so it is known what must come. Outcomes: `right` (all that is in it, and nothing said);
`remark` (what came is right, and what is missing or was changed is said); `refused` (a reason is
given); `silent` (changed picture data that still decode, in a format that has nothing to check
them by). Anything else is `wrong`, is printed, and makes the exit code 1.

    python benchmarks/media_files.py
    python benchmarks/media_files.py --count 50 --only damaged
"""

import argparse
import collections
import itertools
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "helpers"))

import damaged_videos
import edited_videos
import video_cases

from despoof_keras.faces.finder import OK
from despoof_keras.inference.inputs import expand
from despoof_keras.inference.stream import EndOfVideo, Frame, read_inputs


class Group(NamedTuple):
    """Files of a kind.

    Attributes:
        cases: makes them; each has a `name` and `make(path)`, which writes the file.
        judge: `(case, items) -> outcome`, from what `read_inputs` gives for the file.
    """

    cases: Callable[[], Iterable]
    judge: Callable[[object, list], str]


def judge_video(case: video_cases.Case, items: list) -> str:
    """Name the outcome of reading a video."""
    frames = [(item.number, item.image) for item in items if isinstance(item, Frame)]
    end = items[-1]
    is_refused = not isinstance(end, EndOfVideo) or end.status != OK
    note = None if is_refused else end.note
    return video_cases.judge(case, frames, note, end.status if is_refused else None)


# Further kinds of files join here.
GROUPS = {
    "containers and codecs": Group(video_cases.sound_cases, judge_video),
    "turned": Group(video_cases.turned_cases, judge_video),
    "colour tags": Group(video_cases.coloured_cases, judge_video),
    "HDR": Group(video_cases.hdr_cases, judge_video),
    "pixel aspect": Group(video_cases.stretched_cases, judge_video),
    "interlaced": Group(video_cases.interlaced_cases, judge_video),
    "joined": Group(edited_videos.joined_cases, judge_video),
    "fragmented": Group(edited_videos.fragmented_cases, judge_video),
    "trimmed, uneven, odd names": Group(edited_videos.unharmed_cases, judge_video),
    "damaged": Group(damaged_videos.damaged_cases, judge_video),
}
OUTCOMES = ("right", "remark", "refused", "silent", "wrong")


def run(group: Group, count: int | None, folder: pathlib.Path) -> collections.Counter:
    """Make, read and judge a group's files, and count the outcomes."""
    outcomes = collections.Counter()
    for case in itertools.islice(group.cases(), count):
        path = folder / case.name
        case.make(path)
        try:
            outcome = group.judge(case, list(read_inputs(expand([str(path)], ()))))
        except Exception as error:  # nothing a file contains may end in an exception
            outcome = f"wrong: {type(error).__name__}: {error}"
        path.unlink()
        outcomes[outcome.split(":")[0]] += 1
        if outcome.startswith("wrong"):
            print(f"  {case.name!a}: {outcome}", flush=True)
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, help="files of each group at most")
    parser.add_argument("--only", choices=GROUPS, help="one group")
    options = parser.parse_args()
    start, total = time.perf_counter(), collections.Counter()
    heading = "".join(f"{name:>9}" for name in ("files", *OUTCOMES))
    print(f"{'':28}{heading}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, group in GROUPS.items():
            if options.only in (None, name):
                outcomes = run(group, options.count, pathlib.Path(folder))
                total += outcomes
                _print_line(name, outcomes)
    _print_line("all", total)
    print(f"{time.perf_counter() - start:.0f} s")
    return 1 if total["wrong"] else 0


def _print_line(name, outcomes):
    numbers = (outcomes.total(), *(outcomes[outcome] for outcome in OUTCOMES))
    print(f"{name:28}" + "".join(f"{number:9}" for number in numbers), flush=True)


if __name__ == "__main__":
    sys.exit(main())
