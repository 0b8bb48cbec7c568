"""What `despoof calibrate` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from despoof_keras.evaluation.report import wording


def screen(facts: dict[str, Any]) -> Iterator[RenderableType]:
    """Say what was calibrated, in one screen.

    Args:
        facts: as from `command.calibrate_model`.
    """
    counts = facts["presentations"]
    subjects = "" if facts["subjects"] is None else f", {facts['subjects']} subjects"
    yield (
        f"{facts['data']}: {counts['bona_fide']} bona fide and {counts['attack']} attack "
        f"presentations{subjects}; left out: {len(facts['left_out'])}"
    )
    before = facts["threshold_before"]
    yield (
        f"threshold of the {facts['score'].replace('_', ' ')} score: {facts['threshold']:.4f} "
        f"(before: {'none' if before is None else f'{before:.4f}'}), {_aim(facts['aim'])}"
    )
    yield (
        f"uncertain from {facts['uncertain_from']:.4f} to {facts['uncertain_to']:.4f}: where the "
        "threshold of other such people may lie (95 %)"
    )
    yield _rates(facts)
    yield _band(facts)
    yield from _unknown(facts)
    yield f"written: {facts['output']}"


def _aim(aim):
    if aim["rate"] is None:
        return "where both error rates are equal"
    return f"{aim['name'].upper()} at most {wording.percent(aim['rate'])}"


def _rates(facts):
    table = Table(title="at the threshold, on these presentations")
    table.add_column("error rate")
    for column in ("rate", "95 % interval", "presentations"):
        table.add_column(column, justify="right")
    rows = {"BPCER": facts["bpcer"]}
    rows |= {f"APCER {name}": rate for name, rate in (facts["apcer"] or {}).items()}
    for name, rate in rows.items():
        table.add_row(
            name.replace("_", " "),
            wording.percent(rate["rate"]),
            wording.interval(rate["interval"]),
            str(rate["presentations"]),
        )
    return table


def _band(facts):
    shares = facts["outside_band"]
    parts = []
    for name, kind in (("bona_fide", "bona fide"), ("attack", "attacks")):
        if shares[f"{name}_wrong"] is not None:
            parts.append(
                f"{kind}: {wording.percent(shares[f'{name}_wrong'])} decided wrongly outside the "
                f"band, {wording.percent(shares[f'{name}_undecided'])} in it"
            )
    return "; ".join(parts)


def _unknown(facts):
    aim, needed = facts["aim"], facts["needed"]
    if needed is not None:
        counts = facts["presentations"]
        if aim["name"] == "bpcer":
            kind, have = "bona fide presentations", counts["bona_fide"]
        else:
            kind = "attacks of each instrument"
            have = min(rate["presentations"] for rate in facts["apcer"].values())
        bound = f"{aim['name'].upper()} at most {wording.percent(aim['rate'])}"
        yield (
            f"to be 95 % sure of {bound} takes {needed} {kind}, of as many people, without an "
            f"error; there are {have}"
        )
    if facts["apcer"] is None:
        yield "APCER cannot be known: there are no attacks. Any share of them may pass."
