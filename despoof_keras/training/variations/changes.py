"""Configurations that differ from another one in what is to be tried."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from despoof_keras.errors import DataError
from despoof_keras.training.config import TrainingConfig

UNCHANGED = "unchanged"
# What may not stand in the name of a folder.
_UNSAFE = re.compile(r"[^A-Za-z0-9._=,-]+")
_LONGEST = 60


@dataclasses.dataclass(frozen=True)
class Variation:
    """A row of the table.

    Attributes:
        name: what was changed, such as `"crop_side=4 image_size=96"`, or `UNCHANGED`.
        config: what it is trained with.
    """

    name: str
    config: TrainingConfig

    @property
    def folder(self) -> str:
        """Name of the folder with its runs."""
        plain = _UNSAFE.sub("_", self.name.replace(" ", ","))
        if len(plain) <= _LONGEST and plain == self.name.replace(" ", ","):
            return plain
        return f"{plain[:_LONGEST]}-{hashlib.sha256(self.name.encode()).hexdigest()[:8]}"


def variations_of(config: TrainingConfig, changes: Sequence[Sequence[str]]) -> list[Variation]:
    """The configuration itself, and it with each of some changes.

    Args:
        config: what to change.
        changes: of each row, texts such as `"crop_side=4"`; values are JSON, or plain text.

    Raises:
        DataError: a text is not such, there is no such setting, a value is out of range, or a row
            changes nothing or what another one changes.
    """
    rows = [Variation(UNCHANGED, config)]
    for texts in changes:
        name = " ".join(texts)
        try:
            row = Variation(name, dataclasses.replace(config, **dict(map(_setting, texts))))
        except (DataError, TypeError) as error:
            raise DataError(f"--vary {name}: {error}") from error
        for other in rows:
            if row.config == other.config:
                raise DataError(
                    f"--vary {name}: expected other settings than those of {other.name}; they are "
                    "the same"
                )
        rows.append(row)
    return rows


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    names = [field.name for field in dataclasses.fields(TrainingConfig)]
    if not equals or name not in names:
        raise DataError(f"expected SETTING=VALUE, SETTING one of {', '.join(names)}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
