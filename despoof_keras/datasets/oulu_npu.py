"""OULU-NPU: from its folder to the samples of one protocol.

```
root/Train_files/P_S_UU_F.avi and .txt (eyes), Dev_files/, Test_files/
root/Protocols/Protocol_1/{Train,Dev,Test}.txt, Protocol_3/{Train,Dev,Test}_{1..6}.txt
root/Depth_maps/Train_files/P_S_UU_F.npz        only in the embedded set
```

Folders that were unpacked into a folder of their own name (`Train_files/Train_files/`) are read,
too. Without `Protocols/`, the lists follow from the file names, see `oulu_npu_protocols`.
"""

import os
import re
from pathlib import Path

from despoof_keras.datasets.left_out import LeftOutFile, Problems
from despoof_keras.datasets.oulu_npu_protocols import (
    SUBJECTS,
    check_protocol,
    list_label,
    list_path,
    parse_stem,
    protocol_lines,
    protocol_stems,
)
from despoof_keras.datasets.samples import SPLITS, VideoSample
from despoof_keras.datasets.splits import Splits
from despoof_keras.errors import DataError
from despoof_keras.utils.text import decode_text

__all__ = ["list_path", "load", "protocol_lines", "protocol_stems"]

_LIST_LINE = re.compile(r"\s*([+-]?\d+)\s*,\s*(\S+)\s*")


def load(root, protocol, fold=None, skip_bad=False):
    """List the videos of one protocol. Videos are not opened.

    Args:
        root: the data set's folder.
        protocol: 1 to 4, number or digit.
        fold: 1 to 6 for protocols 3 and 4, else `None`.
        skip_bad: warn of lines of a list and of files in the wrong place, and leave them out,
            instead of raising. A video that is listed but missing is among the samples: whoever
            reads the videos counts it.

    Returns:
        `Splits` with the lists of `VideoSample` of `"train"`, `"dev"` and `"test"`, in the order of
        the protocol list, or sorted by name where the list follows from the file names.

    Raises:
        DataError: the folder does not have OULU-NPU's layout, a list and the folder disagree, or a
            split lacks bona fide presentations or attacks. The message names the file or folder.
    """
    protocol, fold = check_protocol(protocol, fold)
    root = Path(root)
    folders = {split: _split_folder(root, split) for split in SPLITS}
    samples = {}
    left_out: list[LeftOutFile] = []
    for split, folder in folders.items():
        problems = Problems(skip_bad, split)
        videos = _videos(root, folder, split, problems)
        stems = _listed_stems(root, folder, videos, protocol, fold, split, problems)
        source = folder if stems is None else _list_file(root, protocol, fold, split)
        if stems is None:
            stems = protocol_stems(sorted(videos), protocol, fold, split)
        problems.report(source)
        left_out += problems.left_out
        samples[split] = _samples(root, folder, videos, stems)
        _check_classes(samples[split], source, protocol, fold, split, len(videos))
    return Splits(samples, left_out)


def _split_folder(root, split):
    name = f"{split.capitalize()}_files"
    folder = _unnested(root / name)
    if folder.is_dir():
        return folder
    raise _wrong_layout(root, root)


def _unnested(folder):
    """The folder itself, or the one of the same name that it holds in its place."""
    inner = folder / folder.name
    if inner.is_dir() and not any(_is_name(path.stem) for path in folder.glob("*.avi")):
        return inner
    return folder


def _is_name(stem):
    try:
        parse_stem(stem)
    except DataError:
        return False
    return True


def _wrong_layout(root, looked_in):
    if not looked_in.is_dir():
        contents = "no such folder"
    else:
        names = sorted(entry.name for entry in looked_in.iterdir())
        contents = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    where = "" if looked_in == root else f" in {looked_in.relative_to(root)}"
    return DataError(
        f"{root}: expected an OULU-NPU tree with Train_files/, Dev_files/, Test_files/ holding "
        f"P_S_UU_F.avi; found {contents or 'nothing'}{where}"
    )


def _videos(root, folder, split, problems):
    """Stem to path of all videos of a split's folder, checked against the split's subjects."""
    videos = {}
    with os.scandir(folder) as entries:
        files = sorted(entries, key=lambda entry: entry.name)
    for entry in files:
        path = Path(entry.path)
        # Names with a leading dot are leftovers of unpacking or of an interrupted writer.
        if path.suffix.lower() != ".avi" or entry.name.startswith("."):
            continue
        try:
            name = parse_stem(path.stem)
        except DataError as error:
            problems.add(folder, str(error))
            continue
        if name.split != split:
            first, last = SUBJECTS[split]
            problems.add(
                path,
                f"expected subjects {first:02d} to {last:02d} in {folder.name}/, "
                f"subject {name.subject:02d} belongs to {name.split}",
            )
        elif path.stem in videos:
            problems.add(path, f"expected no other video of the name; {videos[path.stem]} has it")
        else:
            if not entry.is_file():
                problems.add(path, "expected a video; it is a folder or a link without a target")
            videos[path.stem] = path
    if not videos:
        raise _wrong_layout(root, folder)
    return videos


def _list_file(root, protocol, fold, split):
    return _unnested(root / "Protocols") / list_path(protocol, fold, split)


def _listed_stems(root, folder, videos, protocol, fold, split, problems):
    """Stems of the protocol list, checked; `None` where the data set has no `Protocols/`."""
    if not (root / "Protocols").exists():
        return None
    path = _list_file(root, protocol, fold, split)
    stems = {}
    for number, line in enumerate(_list_lines(path), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            stem = _listed_stem(line, split, where)
        except DataError as error:
            problems.add(where, error)
            continue
        if stem in stems:
            problems.add(where, f"{stem} is listed twice, first in line {stems[stem]}")
            continue
        if stem not in videos:
            problems.add(where, f"{stem} is listed, but {folder / stem}.avi is missing")
        stems[stem] = number
    return list(stems)


def _list_lines(path):
    try:
        # A line with bytes that are no text is reported like any other that names no video.
        return decode_text(path.read_bytes(), "backslashreplace").splitlines()
    except FileNotFoundError:
        raise DataError(
            f"{path}: expected a protocol list here, found no such file "
            "(without the folder Protocols/ the lists are made from the file names)"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: expected a protocol list, could not read it: {error}") from error


def _listed_stem(line, split, where):
    match = _LIST_LINE.fullmatch(line)
    if not match:
        raise DataError(
            f"{where}: expected a label and a video such as '+1,1_1_01_1'; found {line!r}"
        )
    try:
        name = parse_stem(match[2])
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
    if int(match[1]) != list_label(name, split):
        raise DataError(
            f"{where}: expected label {list_label(name, split):+d} for {match[2]} ({name.pai}) "
            f"in a {split} list; found {match[1]}"
        )
    return match[2]


def _samples(root, folder, videos, stems):
    # Each folder is listed once, because asking file by file is slow on network drives.
    eye_files = {path.stem: path for path in folder.iterdir() if path.suffix.lower() == ".txt"}
    depth_folder = root / "Depth_maps" / folder.name
    depth_files = {path.stem: path for path in depth_folder.glob("*.npz")}
    samples = []
    for stem in stems:
        name = parse_stem(stem)
        samples.append(
            VideoSample(
                path=videos.get(stem, folder / f"{stem}.avi"),
                key=stem,
                subject=name.subject,
                session=name.session,
                pai=name.pai,
                phone=name.phone,
                eye_path=eye_files.get(stem),
                depth_path=depth_files.get(stem),
            )
        )
    return samples


def _check_classes(samples, source, protocol, fold, split, videos):
    labels = [sample.label for sample in samples]
    if 0 in labels and 1 in labels:
        return
    which = f"protocol {protocol}" + (f" fold {fold}" if fold else "")
    raise DataError(
        f"{source}: expected bona fide presentations and attacks in the {split} split of {which}; "
        f"found {labels.count(0)} and {labels.count(1)} (the folder holds {videos} videos)"
    )
