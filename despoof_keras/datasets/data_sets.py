"""The data sets that the package reads: one table, and the door to it.

To add a data set, write a module with its reader and add one row to `DATA_SETS`.
"""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from despoof_keras.datasets import (
    casia_fasd,
    folder,
    manifest,
    msu_mfsd,
    oulu_npu,
    replay_attack,
    siw,
)
from despoof_keras.datasets.oulu_npu_protocols import PROTOCOLS
from despoof_keras.datasets.samples import ONE_OF_EACH, VideoSample
from despoof_keras.datasets.simulated import with_simulated
from despoof_keras.datasets.splits import Splits
from despoof_keras.errors import DataError


@dataclasses.dataclass(frozen=True)
class DataSet:
    """A data set and its reader.

    Attributes:
        title: the name that its authors gave it.
        load: reader, a function of root, protocol and fold; it returns a mapping from each of
            `samples.SPLITS` to a list of `VideoSample`. Where it is called with `skip_bad=True`,
            what is wrong with single videos or lines of a list is no error but a counted warning.
        protocols: mapping from each protocol, a number or a name, to its folds, which are empty
            where it has none. The first is the default.
        has_eye_files: whether a video without an eye file is a mistake; otherwise the eyes come
            from the set's own annotations, or are found.
        list_files: reader of data of one's own, without splits, which may lack a class: a function
            of root and `skip_bad`. None where the data set has its splits.
    """

    title: str
    load: Callable[..., dict[str, list[VideoSample]]]
    protocols: Mapping[int | str, tuple[int, ...]]
    has_eye_files: bool = False
    list_files: Callable[..., list[VideoSample]] | None = None

    @property
    def is_own(self) -> bool:
        """Whether it is data of one's own."""
        return self.list_files is not None

    @property
    def default_protocol(self) -> int | str:
        """The protocol that is meant where none is named."""
        return next(iter(self.protocols))

    def check_protocol(
        self, protocol: int | str | None, fold: int | str | None = None
    ) -> tuple[int | str, int | None]:
        """Check a protocol and its fold, and give both as the table has them.

        Args:
            protocol: number or text; None for the first.
            fold: number or digits; None where the protocol has no folds.

        Returns:
            `(protocol, fold)`; the fold is None where the protocol has none.

        Raises:
            DataError: there is no such protocol or fold, a fold is missing, or there is one too
                many.
        """
        known = {str(name): name for name in self.protocols}
        wanted = str(self.default_protocol if protocol is None else protocol)
        if wanted not in known:
            raise DataError(f"protocol: {self.title} has {_listed(known)}; received {protocol!r}")
        folds = {str(number): number for number in self.protocols[known[wanted]]}
        if not folds and fold is not None:
            raise DataError(
                f"fold: {self.title}'s protocol {wanted} has no folds; received {fold!r}"
            )
        if folds and str(fold) not in folds:
            raise DataError(
                f"fold: {self.title}'s protocol {wanted} needs one of {_listed(folds)}; received "
                f"{fold!r}"
            )
        return known[wanted], folds.get(str(fold))


def _listed(names):
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


DEFAULT_DATA_SET = "oulu_npu"
DATA_SETS = {
    DEFAULT_DATA_SET: DataSet("OULU-NPU", oulu_npu.load, PROTOCOLS, has_eye_files=True),
    "replay_attack": DataSet("Replay-Attack", replay_attack.load, replay_attack.PROTOCOLS),
    "casia_fasd": DataSet("CASIA-FASD", casia_fasd.load, casia_fasd.PROTOCOLS),
    "siw": DataSet("SiW", siw.load, siw.PROTOCOLS),
    "msu_mfsd": DataSet("MSU-MFSD", msu_mfsd.load, msu_mfsd.PROTOCOLS),
    "folder": DataSet("own folder", folder.load, folder.PROTOCOLS, list_files=folder.list_files),
    "manifest": DataSet(
        "own manifest", manifest.load, manifest.PROTOCOLS, list_files=manifest.list_files
    ),
}


def data_set(name: str) -> DataSet:
    """Look up a data set by its name in `DATA_SETS`.

    Raises:
        DataError: there is no data set of this name.
    """
    if name not in DATA_SETS:
        raise DataError(f"data set: expected one of {', '.join(DATA_SETS)}; received {name!r}")
    return DATA_SETS[name]


def load(
    name: str,
    root: str | Path,
    protocol: int | str | None = None,
    fold: int | None = None,
    *,
    skip_bad: bool = False,
    simulate_attacks: bool = False,
) -> Splits:
    """List the videos of one protocol of a data set. Videos are not opened.

    Args:
        name: of the data set, a key of `DATA_SETS`.
        root: the data set's folder.
        protocol: one of the data set's protocols; None for its first.
        fold: one of the protocol's folds; None where it has none.
        skip_bad: warn of single videos and lines of a list that cannot be used, and count them,
            instead of raising.
        simulate_attacks: give each split that has no attacks a simulated print and a simulated
            replay of each bona fide presentation, see `simulated.with_simulated`. Only a folder and
            a manifest of one's own may be without any.

    Returns:
        The lists of `VideoSample` of `"train"`, `"dev"` and `"test"`, and what was left out.

    Raises:
        DataError: there is no such data set, protocol or fold, or the folder is not laid out as
            the data set is.

    Example:
        >>> load("oulu_npu", "/data/Oulu_NPU", protocol=3, fold=2)["dev"]  # doctest: +SKIP
    """
    choice = {"skip_bad": True} if skip_bad else {}
    row = data_set(name)
    if simulate_attacks and row.is_own:
        choice["needs_attacks"] = False
    splits = row.load(Path(root), *row.check_protocol(protocol, fold), **choice)
    splits = splits if isinstance(splits, Splits) else Splits(splits)
    if not simulate_attacks:
        return splits
    for split, samples in splits.items():
        if not any(sample.label for sample in samples):
            splits[split] = with_simulated(samples, ONE_OF_EACH)
    return splits
