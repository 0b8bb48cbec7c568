"""The command `despoof report`: from score files to a report."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import hashlib
import itertools
import json
import logging
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from despoof_keras.errors import DataError, shown
from despoof_keras.evaluation.comparison import compare
from despoof_keras.evaluation.report import wording
from despoof_keras.evaluation.report.headline import COLUMNS, headline
from despoof_keras.evaluation.report.naming import names_of
from despoof_keras.evaluation.report.page import FIGURES, GENERATOR, PAGE, Report, System
from despoof_keras.evaluation.report.page import write_report as write
from despoof_keras.evaluation.robustness.results import merged
from despoof_keras.evaluation.score_checks import pair_warnings
from despoof_keras.evaluation.score_formats import read_score_table
from despoof_keras.evaluation.score_table import ScoreTable
from despoof_keras.evaluation.summary import summarise
from despoof_keras.evaluation.tables import show
from despoof_keras.utils.files import check_writable
from despoof_keras.utils.provenance import code_commit
from despoof_keras.version import __version__

logger = logging.getLogger(__name__)

# A column with more values than this names presentations rather than groups of them.
MOST_GROUPS = 50
# Of more systems than this, not every pair is compared.
_MOST_PAIRED = 4
# In the beginning of a page of ours.
_MARK = f'<meta name="generator" content="{GENERATOR} '
_MARK_WITHIN = 4096
_KEYS = {"title", "systems", "comparisons", "settings"}
# Of a title that lists the systems.
_MOST_TITLE = 120
_PACKAGES = ("numpy", "scipy", "scikit-learn", "matplotlib", "jinja2")


def run_report(options: argparse.Namespace) -> None:
    """Read score files, compute the figures, write the report, and show the headline.

    Args:
        options: `files`, `dev`, `output`, `name`, `higher`, `group_by`, `robustness`, `resamples`,
            `seed`, as the program `despoof` parses them.

    Raises:
        DataError: the options do not fit together, the output folder cannot be used, or a file is
            not a score file that figures can be computed from.
    """
    names = _checked_names(options)
    higher = _checked_higher(options)
    _check_output(Path(options.output))
    robustness = merged(map(Path, options.robustness)) if options.robustness else None
    tables = {
        name: (read_score_table(dev, direction), read_score_table(test, direction))
        for name, test, dev, direction in zip(
            names, options.files, options.dev, higher, strict=True
        )
    }
    tables, notes = _with_groups(tables, options.group_by)
    pairs = (pair_warnings(dev, test) for dev, test in tables.values())
    warnings = list(dict.fromkeys(itertools.chain.from_iterable(pairs)))
    for warning in warnings:
        logger.warning("%s", warning)
    notes += warnings
    settings = {"resamples": options.resamples, "seed": options.seed}
    systems = {
        name: System(dev, test, summarise(dev, test, **settings))
        for name, (dev, test) in tables.items()
    }
    comparisons = []
    for pair in _pairs(list(tables)):
        try:
            comparisons += compare({name: tables[name] for name in pair}, **settings)
        except DataError as error:  # they were not tested on the same presentations
            notes.append(f"{wording.listing(pair)} are not compared. {error}.")
    report = Report(
        title=shown(wording.listing(names), _MOST_TITLE),
        systems=systems,
        comparisons=comparisons,
        robustness=robustness,
        settings={**settings, **_settings(options, names)},
        notes=notes,
    )
    write(options.output, report)
    page = Path(options.output) / PAGE
    show(_headline_table(systems), Text(str(page), no_wrap=True, overflow="ignore"))


def _pairs(names):
    """All pairs of a few systems; of many, those with the first."""
    if len(names) <= _MOST_PAIRED:
        return list(itertools.combinations(names, 2))
    return [(names[0], name) for name in names[1:]]


def _checked_names(options):
    if len(options.files) != len(options.dev):
        raise DataError(
            f"--dev: expected a dev score file for each of the {len(options.files)} test score "
            f"files, in the same order; received {len(options.dev)}"
        )
    if options.name is None:
        return names_of(options.files, options.dev)
    if len(options.name) != len(options.files):
        raise DataError(
            f"--name: expected a name for each of the {len(options.files)} systems; "
            f"received {len(options.name)}"
        )
    for name in options.name:
        if not name.strip() or options.name.count(name) > 1:
            raise DataError(
                f"--name: expected different names, none of them empty; received {shown(name)!r}"
            )
    return options.name


def _checked_higher(options):
    higher = options.higher or [None]
    if len(higher) not in (1, len(options.files)):
        raise DataError(
            f"--higher: expected one value for all files, or one for each of the "
            f"{len(options.files)} systems; received {len(higher)}"
        )
    return higher * (len(options.files) // len(higher))


def _check_output(folder):
    """Make sure that the report can be written, over nothing but another report."""
    check_writable(folder)
    for name, is_ours in ((PAGE, _is_page), (FIGURES, _is_figures)):
        path = folder / name
        if path.is_symlink() or (path.exists() and not (path.is_file() and is_ours(path))):
            raise DataError(
                f"{shown(path)}: expected no file, or that of an earlier report; "
                "choose another folder as --output, or move the file away"
            )


def _is_page(path):
    with path.open("rb") as file:
        return _MARK.encode() in file.read(_MARK_WITHIN)


def _is_figures(path):
    try:
        values = json.loads(path.read_bytes())
    except ValueError:
        return False
    return isinstance(values, dict) and set(values) >= _KEYS


def _with_groups(tables, wanted):
    """Keep the columns to group by; say which ones were left out."""
    columns = {name: None for _, test in tables.values() for name in test.groups}
    missing = [name for name in wanted or () if name not in columns]
    if missing:
        there = f"the files have {', '.join(columns)}" if columns else "the files have none"
        raise DataError(
            f"--group-by: expected columns of the test score files; {shown(missing[0])} is none; "
            f"{there}"
        )
    notes = []
    if wanted is None:
        values = {
            name: len({v for _, t in tables.values() for v in set(t.groups.get(name, ()))})
            for name in columns
        }
        wanted = [name for name in columns if values[name] <= MOST_GROUPS]
        notes = [
            f"The column {name} has {values[name]:,} values and makes no groups."
            for name in columns
            if name not in wanted
        ]
    kept = {
        name: (_grouped(dev, wanted), _grouped(test, wanted))
        for name, (dev, test) in tables.items()
    }
    return kept, notes


def _grouped(table: ScoreTable, wanted) -> ScoreTable:
    groups = {name: column for name, column in table.groups.items() if name in wanted}
    return dataclasses.replace(table, groups=groups)


def _settings(options, names):
    files = {
        name: {"test": _described_file(test), "dev": _described_file(dev)}
        for name, test, dev in zip(names, options.files, options.dev, strict=True)
    }
    versions = {name: metadata.version(name) for name in _PACKAGES}
    return {
        "written": datetime.datetime.now(datetime.timezone.utc).isoformat(" ", "minutes"),
        "files": files,
        "versions": {
            "despoof_keras": __version__,
            "commit": code_commit(),
            "python": platform.python_version(),
            **versions,
        },
    }


def _described_file(path):
    # What comes through a pipe has been read, and is gone.
    content = Path(path).read_bytes() if Path(path).is_file() else None
    digest = None if content is None else hashlib.sha256(content).hexdigest()
    return {"path": str(path), "sha256": digest}


def _headline_table(systems: Mapping[str, System]) -> Table:
    """A column for each system, narrow enough for three beside each other on 80 characters."""
    table = Table(title="test presentations, thresholds from dev")
    table.add_column("")
    for name in systems:
        table.add_column(escape(shown(name)), justify="right", overflow="fold")
    columns = [headline(name, system.figures).cells for name, system in systems.items()]
    for title, cells in zip(COLUMNS, zip(*columns, strict=True), strict=True):
        texts = ("\n".join([cell.text, *cell.note.splitlines()]) for cell in cells)
        table.add_row(*map(_for_terminal, (title, *texts)), end_section=True)
    return table


def _for_terminal(text):
    """Leave characters to the page that some terminals lack."""
    plain = {wording.NARROW: " ", "\N{NO-BREAK SPACE}": " ", "≤": "<=", wording.MINUS: "-"}
    return text.translate(str.maketrans(plain))
