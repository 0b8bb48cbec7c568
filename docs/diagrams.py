"""Draws docs/diagrams/*.svg from the text files beside them.

    python docs/diagrams.py

A text file has the lines `title TEXT`, `width PIXELS`, rows of boxes (`row`, then one indented line
`name Label | second line` for each box, a full stop for an empty place), arrows between boxes
(`from -> to`), and, if wanted, `arrow TEXT` for an arrow along the left side from top to bottom.
`#` starts a comment.

The pictures have filled boxes with dark text and grey arrows on no background, so that they can be
read on a light page and on a dark one.
"""

from __future__ import annotations

import dataclasses
import html
from pathlib import Path

FOLDER = Path(__file__).parent / "diagrams"

MARGIN, GAP_X, GAP_Y, BOX_HEIGHT = 4, 26, 30, 54
SIDE_ARROW = 34
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
FILL, OUTLINE, TEXT, SECOND, ARROW = "#e8eaf6", "#5c6bc0", "#1a1f36", "#454b66", "#8088a0"


@dataclasses.dataclass(frozen=True)
class Box:
    """A box of a diagram: its texts, and its place in pixels."""

    label: str
    second: str
    x: float
    y: float
    width: float

    @property
    def centre(self):
        return self.x + self.width / 2, self.y + BOX_HEIGHT / 2

    def border_towards(self, target):
        """Where the line from the centre to the point `target` leaves the box."""
        (x, y), (to_x, to_y) = self.centre, target
        across, down = to_x - x, to_y - y
        share = min(
            self.width / 2 / abs(across) if across else float("inf"),
            BOX_HEIGHT / 2 / abs(down) if down else float("inf"),
        )
        return x + share * across, y + share * down


@dataclasses.dataclass
class Diagram:
    """What a text file says."""

    title: str = ""
    width: int = 560
    side_text: str = ""
    rows: list[dict[str, tuple[str, str]]] = dataclasses.field(default_factory=list)
    arrows: list[tuple[str, str]] = dataclasses.field(default_factory=list)


def parse(text: str) -> Diagram:
    """Read a diagram's text."""
    diagram = Diagram()
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():
            name, _, rest = line.strip().partition(" ")
            label, _, second = rest.partition("|")
            diagram.rows[-1][name] = label.strip(), second.strip()
        elif "->" in line:
            start, end = line.split("->")
            diagram.arrows.append((start.strip(), end.strip()))
        elif line.strip() == "row":
            diagram.rows.append({})
        else:
            word, rest = line.split(maxsplit=1)
            if word not in ("title", "width", "arrow"):
                raise ValueError(f"expected title, width, row or arrow; received {line!r}")
            if word == "width":
                diagram.width = int(rest)
            elif word == "title":
                diagram.title = rest
            else:
                diagram.side_text = rest
    return diagram


def place(diagram: Diagram) -> dict[str, Box]:
    """Spread each row's boxes evenly over the width."""
    left = MARGIN + (SIDE_ARROW if diagram.side_text else 0)
    boxes = {}
    for number, row in enumerate(diagram.rows):
        gap = 12 if diagram.side_text else GAP_X
        width = (diagram.width - left - MARGIN - gap * (len(row) - 1)) / len(row)
        y = MARGIN + number * (BOX_HEIGHT + (12 if diagram.side_text else GAP_Y))
        for position, (name, (label, second)) in enumerate(row.items()):
            if name != ".":
                boxes[name] = Box(label, second, left + position * (width + gap), y, width)
    return boxes


def draw(diagram: Diagram) -> str:
    """Write a diagram as SVG."""
    boxes = place(diagram)
    height = max(box.y for box in boxes.values()) + BOX_HEIGHT + MARGIN
    parts = [_line(boxes[start], boxes[end]) for start, end in diagram.arrows]
    if diagram.side_text:
        middle = height / 2
        parts.append(
            f'<path d="M28 {MARGIN} V{height - MARGIN}" stroke="{ARROW}" stroke-width="2" '
            'marker-end="url(#head)"/>'
            f'<text x="16" y="{middle:g}" fill="{ARROW}" font-size="13" '
            f'transform="rotate(-90 16 {middle:g})">{html.escape(diagram.side_text)}</text>'
        )
    parts += [_box(box) for box in boxes.values()]
    title = html.escape(diagram.title)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {diagram.width} {height:g}" '
            f'width="{diagram.width}" height="{height:g}" role="img" aria-label="{title}" '
            f'font-family="{html.escape(FONT)}" text-anchor="middle">',
            f"<title>{title}</title>",
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{ARROW}"/></marker>'
            "</defs>",
            *parts,
            "</svg>",
            "",
        ]
    )


def _line(start: Box, end: Box) -> str:
    x, y = start.border_towards(end.centre)
    to_x, to_y = end.border_towards(start.centre)
    return (
        f'<path d="M{x:.1f} {y:.1f} L{to_x:.1f} {to_y:.1f}" stroke="{ARROW}" stroke-width="2" '
        'fill="none" marker-end="url(#head)"/>'
    )


def _box(box: Box) -> str:
    x, y = box.centre
    return (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{BOX_HEIGHT}" '
        f'rx="6" fill="{FILL}" stroke="{OUTLINE}"/>'
        f'<text x="{x:.1f}" y="{y - 4:.1f}" fill="{TEXT}" font-size="14" font-weight="600">'
        f"{html.escape(box.label)}</text>"
        f'<text x="{x:.1f}" y="{y + 15:.1f}" fill="{SECOND}" font-size="12">'
        f"{html.escape(box.second)}</text>"
    )


def main():
    for path in sorted(FOLDER.glob("*.txt")):
        svg = draw(parse(path.read_text(encoding="utf-8")))
        path.with_suffix(".svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
