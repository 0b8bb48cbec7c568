"""The data sets that the package reads: one table, and the door to it.

To add a data set, write a module with its reader and add one row to `DATA_SETS`.
"""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from despoof_keras.datasets import oulu_npu
from despoof_keras.datasets.oulu_npu_protocols import PROTOCOLS, SPECIES, check_protocol
from despoof_keras.datasets.samples import VideoSample, instruments_of
from despoof_keras.errors import DataError


@dataclasses.dataclass(frozen=True)
class DataSet:
    """A data set and its reader.

    Attributes:
        title: the name that its authors gave it.
        load: reader, a function of root, protocol and fold; it returns a mapping from each of
            `samples.SPLITS` to a list of `VideoSample`. Where it is called with `skip_bad=True`,
            what is wrong with single videos or lines of a list is no error but a counted warning.
        check_protocol: function of protocol and fold; it returns both as integers (the fold None
            where the protocol has none) and raises `DataError` where there are none such.
        protocols: mapping from each protocol to its folds, which are empty where it has none.
        species: `samples.BONA_FIDE` and the attack instrument species, all among
            `samples.SPECIES`.
    """

    title: str
    load: Callable[..., dict[str, list[VideoSample]]]
    check_protocol: Callable[[int, int | None], tuple[int, int | None]]
    protocols: Mapping[int, tuple[int, ...]]
    species: tuple[str, ...]

    @property
    def instruments(self) -> tuple[str, ...]:
        """The attack instruments that the species belong to."""
        return instruments_of(self.species)


DEFAULT_DATA_SET = "oulu_npu"
DATA_SETS = {
    DEFAULT_DATA_SET: DataSet("OULU-NPU", oulu_npu.load, check_protocol, PROTOCOLS, SPECIES),
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
    protocol: int,
    fold: int | None = None,
    *,
    skip_bad: bool = False,
) -> dict[str, list[VideoSample]]:
    """List the videos of one protocol of a data set. Videos are not opened.

    Args:
        name: of the data set, a key of `DATA_SETS`.
        root: the data set's folder.
        protocol: one of the data set's protocols.
        fold: one of the protocol's folds; None where it has none.
        skip_bad: warn of single videos and lines of a list that cannot be used, and count them,
            instead of raising.

    Returns:
        Mapping with the lists of `VideoSample` of `"train"`, `"dev"` and `"test"`.

    Raises:
        DataError: there is no such data set, protocol or fold, or the folder is not laid out as
            the data set is.

    Example:
        >>> load("oulu_npu", "/data/Oulu_NPU", protocol=3, fold=2)["dev"]  # doctest: +SKIP
    """
    choice = {"skip_bad": True} if skip_bad else {}
    return data_set(name).load(Path(root), protocol, fold, **choice)
