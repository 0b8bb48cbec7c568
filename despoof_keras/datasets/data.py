"""What a run, a search or an export works on: a protocol of a data set, and how it is prepared."""

import dataclasses
import re
from pathlib import Path

from despoof_keras.datasets.data_sets import DEFAULT_DATA_SET, DataSet, data_set, load
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.datasets.splits import Splits
from despoof_keras.errors import DataError

_DESCRIPTION_END = re.compile(r", protocol (\w+)(?:, fold (\d+))?$")


@dataclasses.dataclass(frozen=True)
class Data:
    """One protocol of a data set, and how its face crops are prepared.

    Attributes:
        root: the data set's folder.
        cache: folder for prepared crops and for eye positions that were found.
        protocol: one of the data set's protocols; None stands for its first.
        fold: one of the protocol's folds; None where it has none.
        name: the data set's name in `data_sets.DATA_SETS`.
        title: what runs, results and model files call the data; the root where it is empty.
        skip_bad: leave out unusable videos with a counted warning instead of stopping.
        find_eyes: find the eyes in videos that have no eye file. Always so where the data set
            comes without eye files.
        processes: worker processes; None for as many as there are processors and memory for.
        store: folder of a store of the data set, whose crops are taken instead of decoding videos.
        simulate_attacks: as for `data_sets.load`.

    Raises:
        DataError: there is no such data set, protocol or fold.

    Example:
        >>> Data("/data/Oulu_NPU", "cache", protocol=3, fold=2).description
        '/data/Oulu_NPU, protocol 3, fold 2'
    """

    root: str | Path
    cache: str | Path
    protocol: int | str | None = None
    fold: int | None = None
    name: str = DEFAULT_DATA_SET
    title: str = ""
    skip_bad: bool = False
    find_eyes: bool = False
    processes: int | None = None
    store: str | Path | None = None
    simulate_attacks: bool = False

    def __post_init__(self):
        protocol, fold = self.data_set.check_protocol(self.protocol, self.fold)
        object.__setattr__(self, "protocol", protocol)
        object.__setattr__(self, "fold", fold)
        finds = self.find_eyes or not self.data_set.has_eye_files
        object.__setattr__(self, "find_eyes", finds)
        object.__setattr__(self, "title", self.title or _printable(self.root))

    @property
    def data_set(self) -> DataSet:
        """The row of `data_sets.DATA_SETS`."""
        return data_set(self.name)

    @property
    def description(self) -> str:
        """The data's title, protocol and fold, as a model's `training_data` names them."""
        fold = "" if self.fold is None else f", fold {self.fold}"
        return f"{self.title}, protocol {self.protocol}{fold}"

    def load(self) -> Splits:
        """List the videos of each split, see `data_sets.load`."""
        return load(
            self.name,
            self.root,
            self.protocol,
            self.fold,
            skip_bad=self.skip_bad,
            simulate_attacks=self.simulate_attacks,
        )

    def presentations(self, split: str | None = None) -> list[VideoSample]:
        """List presentations; of data of one's own without any demand on what a split holds.

        Args:
            split: of which one; None for all.

        Raises:
            DataError: the data are not as needed, or nothing is in that split.
        """
        list_files = self.data_set.list_files
        if split is None and list_files is not None:
            return list_files(self.root, self.skip_bad)
        splits = self.load()
        chosen = [split] if split else list(splits)
        samples = {sample.key: sample for name in chosen for sample in splits[name]}
        if not samples:
            raise DataError(f"{self.root}: expected presentations; found none")
        return list(samples.values())


def described_protocol(description: str | None) -> tuple[int | str, int | None] | None:
    """Read protocol and fold from a `Data.description`.

    Args:
        description: any text, or None.

    Returns:
        `(protocol, fold)`, the protocol a number where it is one, the fold None where the protocol
        has none; None where the text is not such a description.

    Example:
        >>> described_protocol("/data/Oulu_NPU, protocol 3, fold 2")
        (3, 2)
    """
    match = _DESCRIPTION_END.search(description or "")
    if match is None:
        return None
    protocol, fold = match.groups()
    return (
        int(protocol) if protocol.isdecimal() else protocol,
        None if fold is None else int(fold),
    )


def _printable(path):
    """A path as a text that any file can hold; bytes that are not UTF-8 are shown as such."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
