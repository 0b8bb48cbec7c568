"""Matplotlib figures as SVG inside an HTML page: for a light and a dark page, on any screen.

Text stays text in the page's own font, and whatever is drawn in `INK` takes the colour of the
page's text. A unit of a figure is a pixel of the page at full size, see `new_figure`.
"""

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from despoof_keras.evaluation.report.wording import visible

# Becomes `currentColor`.
INK = "#000000"
# Opacity of ink in lines that only guide the eye.
FAINT = 0.18
# Matplotlib's unit of length is an inch of 72 points, and a point is a unit of the SVG.
_POINTS = 72.0
_FONT_SIZE = 12
# Digits after the decimal point of coordinates, in pixels.
_DECIMALS = 2
# The longest name that a legend or an axis shows.
MOST_CHARACTERS = 26
# Matplotlib's type for it lists all its settings by name.
_STYLE: Any = {
    "svg.fonttype": "none",
    "font.size": _FONT_SIZE,
    "axes.titlesize": _FONT_SIZE,
    "axes.titleweight": "bold",
    "axes.labelsize": _FONT_SIZE,
    "xtick.labelsize": _FONT_SIZE - 1,
    "ytick.labelsize": _FONT_SIZE - 1,
    "legend.fontsize": _FONT_SIZE - 1,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.use_mathtext": False,
    "hatch.linewidth": 0.6,
}


class Look(NamedTuple):
    """How the curves and points of a system are drawn; no two systems differ by colour alone.

    The colours have a contrast of at least 3 to 1 with a white page and with a nearly black one
    (WCAG 2.2, 1.4.11).
    """

    colour: str
    line: Any
    marker: str


LOOKS = (
    Look("#2b7bba", "-", "o"),
    Look("#cc6116", "--", "s"),
    Look("#2e8f62", "-.", "^"),
    Look("#9161bd", ":", "D"),
    Look("#c24a6b", (0, (6, 1, 1, 1, 1, 1)), "v"),
    Look("#85761c", (0, (8, 3)), "P"),
    Look("#2c8c99", (0, (3, 1, 1, 1)), "X"),
    Look("#7a7f87", (0, (1, 1)), "*"),
)


def look(number: int) -> Look:
    """The look of the system at a position, from 0. Beyond the eighth, new pairs are formed."""
    turn, place = divmod(number, len(LOOKS))
    shifted = LOOKS[(place + turn) % len(LOOKS)]
    return LOOKS[place]._replace(line=shifted.line, marker=shifted.marker)


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure without a background.

    Args:
        width, height: in pixels of the page, in which its text has 12.
    """
    figure = Figure(figsize=(width / _POINTS, height / _POINTS), layout="constrained")
    figure.patch.set_visible(False)
    return figure


def new_axes(figure: Figure, rows: int = 1, columns: int = 1, **options) -> list[Axes]:
    """Add axes in the page's style to a figure, row by row; `options` as in `Figure.subplots`."""
    with matplotlib.rc_context(_STYLE):
        grid = figure.subplots(rows, columns, squeeze=False, **options)
    axes = list(grid.ravel())
    for axis in axes:
        axis.patch.set_visible(False)
        axis.set_axisbelow(True)
    return axes


def add_legend(
    figure: Figure, handles: Sequence[Any], labels: Sequence[str], columns: int = 2
) -> None:
    """Put a legend below the axes of a figure."""
    with matplotlib.rc_context(_STYLE):
        figure.legend(
            handles,
            [plain(label) for label in labels],
            loc="outside lower center",
            ncols=min(columns, len(labels)),
            handlelength=3.2,
        )


def plain(text: str, most: int = MOST_CHARACTERS) -> str:
    """Prepare a name for a figure: its middle is cut out if it is long, nothing in it is a command.

    Args:
        text: any text.
        most: number of characters at most.
    """
    text = " ".join(str(visible(text)).splitlines())
    if len(text) > most:
        kept = (most - 1) / 2
        text = f"{text[: round(kept + 0.1)]}…{text[-int(kept) :]}"
    text = text.replace("$", r"\$")  # would begin a formula
    # Matplotlib leaves labels that begin with an underscore out of legends.
    return f"\N{WORD JOINER}{text}" if text.startswith("_") else text


def to_svg(figure: Figure, name: str) -> str:
    """Draw a figure as an `<svg>` element for an HTML page.

    Args:
        figure: as from `new_figure`.
        name: letters, digits and hyphens, different for each figure of a page: its ids begin
            with it.

    Returns:
        The element, without width and height: the page decides.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        # Letters that matplotlib's font lacks are drawn by the page's fonts.
        warnings.filterwarnings("ignore", message="Glyph ")
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    _drop(root, {"metadata", "style"})
    ids = _new_ids(root, name)
    for element in root.iter():
        element.tag = _local(element.tag)
        attributes = {_local(key): value for key, value in element.attrib.items()}
        element.attrib.clear()
        element.attrib.update(_rewritten(attributes, ids))
        # Line breaks between elements.
        element.tail = None
        if element.tag != "text" and element.tag != "tspan":
            element.text = None
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "fill": "currentColor",
        "stroke-linejoin": "round",
        "aria-hidden": "true",
        "focusable": "false",
    }
    return ElementTree.tostring(root, encoding="unicode")


def _local(name):
    return name.rpartition("}")[2]


def _drop(element, tags):
    for child in list(element):
        if _local(child.tag) in tags:
            element.remove(child)
        else:
            _drop(child, tags)


def _new_ids(root, name) -> Mapping[str, str]:
    """New ids of the elements that others refer to."""
    texts = " ".join(value for element in root.iter() for value in element.attrib.values())
    used = set(re.findall(r"url\(#([^)]+)\)", texts))
    for element in root.iter():
        used |= {v[1:] for key, v in element.attrib.items() if _local(key) == "href"}
    return {old: f"{name}-{number}" for number, old in enumerate(sorted(used))}


def _rewritten(attributes, ids):
    kept = {}
    for key, value in attributes.items():
        if key == "id":
            if value in ids:
                kept[key] = ids[value]
        elif key == "href":
            kept[key] = f"#{ids[value[1:]]}"
        elif key == "style":
            kept[key] = _style(value, ids)
        elif key == "transform" and value.startswith("rotate(-0 "):
            continue
        else:
            kept[key] = _shorter(_referring(value, ids))
    return kept


def _style(text, ids):
    rules = [rule.strip() for rule in text.split(";")]
    rules = [rule for rule in rules if rule and not rule.startswith("font-family")]
    style = ";".join(re.sub(r":\s+", ":", rule) for rule in rules)
    return _referring(style.replace(INK, "currentColor"), ids)


def _referring(text, ids):
    return re.sub(r"url\(#([^)]+)\)", lambda match: f"url(#{ids[match[1]]})", text)


def _shorter(text):
    """Round the numbers of a path or an attribute."""
    return " ".join(re.sub(r"-?\d+\.\d+", _rounded, text).split())


def _rounded(match):
    return f"{float(match[0]):.{_DECIMALS}f}".rstrip("0").rstrip(".")
