"""OULU-NPU: from its folder to the samples of one protocol.

```
root/Train_files/P_S_UU_F.avi and .txt (eyes), Dev_files/, Test_files/
root/Protocols/Protocol_1/{Train,Dev,Test}.txt, Protocol_3/{Train,Dev,Test}_{1..6}.txt
root/Depth_maps/Train_files/P_S_UU_F.npz        only in the embedded set
```

Folders that were unpacked into a folder of their own name (`Train_files/Train_files/`) are read,
too. Without `Protocols/`, the lists follow from the file names, see `oulu_npu_protocols`.
"""

import re
from pathlib import Path

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
from despoof_keras.errors import DataError

__all__ = ["list_path", "load", "protocol_lines", "protocol_stems"]

_LIST_LINE = re.compile(r"\s*([+-]?\d+)\s*,\s*(\S+)\s*")


def load(root, protocol, fold=None):
    """List the videos of one protocol. Videos are not opened.

    Args:
        root: the data set's folder.
        protocol: 1 to 4, number or digit.
        fold: 1 to 6 for protocols 3 and 4, else `None`.

    Returns:
        Mapping with the lists of `VideoSample` of `"train"`, `"dev"` and `"test"`, in the order of
        the protocol list, or sorted by name where the list follows from the file names.

    Raises:
        DataError: the folder does not have OULU-NPU's layout, a list and the folder disagree, or a
            split lacks bona fide presentations or attacks. The message names the file or folder.
    """
    protocol, fold = check_protocol(protocol, fold)
    root = Path(root)
    folders = {split: _split_folder(root, split) for split in SPLITS}
    samples = {}
    for split, folder in folders.items():
        videos = _videos(root, folder, split)
        stems = _listed_stems(root, folder, videos, protocol, fold, split)
        source = folder if stems is None else _list_file(root, protocol, fold, split)
        if stems is None:
            stems = protocol_stems(sorted(videos), protocol, fold, split)
        samples[split] = _samples(root, folder, videos, stems)
        _check_classes(samples[split], source, protocol, fold, split, len(videos))
    return samples


def _split_folder(root, split):
    name = f"{split.capitalize()}_files"
    folder = _unnested(root / name)
    if folder.is_dir():
        return folder
    raise _wrong_layout(root, root)


def _unnested(folder):
    """The folder itself, or the one of the same name that it holds in its place."""
    inner = folder / folder.name
    if inner.is_dir() and not any(folder.glob("*.avi")):
        return inner
    return folder


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


def _videos(root, folder, split):
    """Stem to path of all videos of a split's folder, checked against the split's subjects."""
    videos = {}
    for path in folder.iterdir():
        # Names with a leading dot are leftovers of unpacking or of an interrupted writer.
        if path.suffix.lower() != ".avi" or path.name.startswith("."):
            continue
        try:
            name = parse_stem(path.stem)
        except DataError as error:
            raise DataError(f"{folder}: {error}") from None
        if name.split != split:
            first, last = SUBJECTS[split]
            raise DataError(
                f"{path}: expected subjects {first:02d} to {last:02d} in {folder.name}/, "
                f"subject {name.subject:02d} belongs to {name.split}"
            )
        videos[path.stem] = path
    if not videos:
        raise _wrong_layout(root, folder)
    return videos


def _list_file(root, protocol, fold, split):
    return _unnested(root / "Protocols") / list_path(protocol, fold, split)


def _listed_stems(root, folder, videos, protocol, fold, split):
    """Stems of the protocol list, checked; `None` where the data set has no `Protocols/`."""
    if not (root / "Protocols").exists():
        return None
    path = _list_file(root, protocol, fold, split)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise DataError(
            f"{path}: expected a protocol list here, found no such file "
            "(without the folder Protocols/ the lists are made from the file names)"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected a protocol list, could not read it: {error}") from error
    stems = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        stem = _listed_stem(line, split, f"{path}:{number}")
        if stem in stems:
            raise DataError(f"{path}:{number}: {stem} is listed twice, first in line {stems[stem]}")
        if stem not in videos:
            raise DataError(
                f"{path}:{number}: {stem} is listed, but {folder / stem}.avi is missing"
            )
        stems[stem] = number
    return list(stems)


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
    eye_files = {path.stem: path for path in folder.glob("*.txt")}
    depth_folder = root / "Depth_maps" / folder.name
    depth_files = {path.stem: path for path in depth_folder.glob("*.npz")}
    samples = []
    for stem in stems:
        name = parse_stem(stem)
        samples.append(
            VideoSample(
                path=videos[stem],
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
