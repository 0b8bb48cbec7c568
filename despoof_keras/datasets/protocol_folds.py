"""The protocols and folds of a data set that a command runs on."""

from collections.abc import Sequence
from typing import NamedTuple

from despoof_keras.datasets.data_sets import DataSet
from despoof_keras.errors import DataError


class Fold(NamedTuple):
    """A protocol, and one of its folds where it has any."""

    protocol: int | str
    fold: int | None = None

    @property
    def folder(self) -> str:
        """Name of a run's folder, such as `"p3-fold2"`, or `"p1"` where there are no folds."""
        name = self.protocol if isinstance(self.protocol, str) else f"p{self.protocol}"
        return name + (f"-fold{self.fold}" if self.fold else "")


def folds_of(
    data_set: DataSet,
    protocols: Sequence[int | str] | None = None,
    folds: Sequence[int] | None = None,
) -> list[Fold]:
    """List protocols and folds.

    Args:
        data_set: row of `data_sets.DATA_SETS`.
        protocols: some of the data set, numbers or text; None for all.
        folds: folds of those protocols that have folds; None for all.

    Raises:
        DataError: there is no such protocol, or none of the protocols has such a fold.
    """
    known = data_set.protocols
    named = {str(protocol): protocol for protocol in known}
    listed, existing = [], set()
    for name in named if protocols is None else dict.fromkeys(map(str, protocols)):
        if name not in named:
            raise DataError(f"--protocols: expected some of {_joined(named)}; received {name}")
        protocol = named[name]
        own = known[protocol]
        existing |= set(own)
        listed += [Fold(protocol, fold) for fold in own if folds is None or fold in folds]
        listed += [] if own else [Fold(protocol)]
    if set(folds or ()) - {each.fold for each in listed}:
        expected = f"expected some of {_joined(sorted(existing))}" if existing else "expected none"
        raise DataError(f"--folds: {expected} for these protocols; received {_joined(folds or ())}")
    return listed


def _joined(names):
    return ", ".join(map(str, names))
