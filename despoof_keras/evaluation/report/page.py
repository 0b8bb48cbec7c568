"""Writes a report: `report.html`, a page that needs no other file, and `report.json`."""

import base64
import json
from pathlib import Path

import jinja2

from despoof_keras.evaluation.report import wording
from despoof_keras.evaluation.report.contents import Report, System
from despoof_keras.evaluation.report.sections import sections_of
from despoof_keras.utils.files import atomic_path, write_json
from despoof_keras.version import __version__

__all__ = ["Report", "System", "environment", "figures_of", "render", "style", "write_report"]

PAGE, FIGURES = "report.html", "report.json"
GENERATOR = "despoof_keras"
_TEMPLATES = Path(__file__).parent / "templates"


def write_report(folder: str | Path, report: Report) -> None:
    """Write a report's page and its figures.

    Args:
        folder: where `report.html` and `report.json` go; it is created if missing.
        report: what to write.
    """
    folder = Path(folder)
    page, figures = render(report), figures_of(report)
    with atomic_path(folder / PAGE) as temporary:
        temporary.write_text(page, encoding="utf-8")
    write_json(folder / FIGURES, figures)


def environment() -> jinja2.Environment:
    """What fills in the templates of pages."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=wording.visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "picture": _data_address,
        "species": wording.species_name,
        "percent": wording.percent,
        "score": wording.score,
    }
    return made


def style() -> str:
    """The style sheet of pages."""
    return (_TEMPLATES / "style.css").read_text(encoding="utf-8")


def render(report: Report) -> str:
    """The page's HTML."""
    return (
        environment()
        .get_template("report.html")
        .render(
            title=report.title,
            sections=sections_of(report),
            style=style(),
            generator=GENERATOR,
            version=__version__,
        )
    )


def figures_of(report: Report) -> dict:
    """The contents of `report.json`; rates are fractions of 1."""
    systems = {
        name: {
            **system.figures,
            "files": {"dev": system.dev.source, "test": system.test.source},
            "notes": [note for note in (system.dev.note, system.test.note) if note],
        }
        for name, system in report.systems.items()
    }
    contents = {
        "title": report.title,
        "systems": systems,
        "comparisons": list(report.comparisons),
        # Settings may hold paths and other objects, which are written as texts.
        "settings": json.loads(json.dumps(dict(report.settings), default=str)),
    }
    return contents


def _data_address(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
