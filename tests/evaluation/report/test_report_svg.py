"""Figures as SVG elements of a page."""

import re
from xml.etree import ElementTree

import pytest

from despoof_keras.evaluation.report.svg import (
    INK,
    LOOKS,
    MOST_CHARACTERS,
    add_legend,
    look,
    new_axes,
    new_figure,
    plain,
    to_svg,
)


def svg_of(name, label="curve"):
    figure = new_figure(400, 300)
    (axis,) = new_axes(figure)
    handles = axis.plot([0, 1, 2], [0, 1, 0], marker="o", color=LOOKS[0].colour)
    axis.axvline(1, color=INK)
    axis.fill_between([0, 1], [0, 1], hatch="//", facecolor="none")
    axis.set_xlabel(plain(label))
    add_legend(figure, handles, [label])
    return to_svg(figure, name)


def ids_of(svg):
    return {e.attrib["id"] for e in ElementTree.fromstring(svg).iter() if "id" in e.attrib}


def test_a_figure_is_one_element_that_scales_with_the_page():
    root = ElementTree.fromstring(svg_of("a"))
    assert root.tag == "svg"
    assert root.attrib["viewBox"] == "0 0 400 300"
    assert not {"width", "height", "xmlns"} & set(root.attrib)


def test_ids_differ_between_charts_and_every_reference_has_its_target():
    first, second = svg_of("first"), svg_of("second")
    assert ids_of(first)
    assert all(name.startswith("first-") for name in ids_of(first))
    assert not ids_of(first) & ids_of(second)
    for svg in (first, second):
        references = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg)
        assert {a or b for a, b in references} == ids_of(svg)


def test_text_stays_text_and_ink_is_the_colour_of_the_page():
    svg = svg_of("a", label="Bräute <script> & Söhne")
    texts = ["".join(e.itertext()) for e in ElementTree.fromstring(svg).iter("text")]
    assert texts.count("Bräute <script> & Söhne") == 2
    assert "currentColor" in svg
    assert INK not in svg
    assert "font-family" not in svg
    assert "<style" not in svg
    assert "<script" not in svg


@pytest.mark.parametrize("label", ["$x^2$", "a $ b $ c", "_hidden", "100 % \\frac", "中文", "{}"])
def test_names_are_no_formulas_and_none_is_left_out(label):
    texts = ["".join(e.itertext()) for e in ElementTree.fromstring(svg_of("a", label)).iter("text")]
    assert [text.strip("\N{WORD JOINER}") for text in texts if label in text] == [label, label]


def test_control_characters_and_lone_surrogates_become_escapes():
    texts = svg_of("a", "x\x00\x1b\udcffy")
    assert r"x\x00\x1b\udcffy" in texts


def test_long_names_lose_their_middle():
    name = "a" * 100 + "b" * 100
    assert len(plain(name)) == MOST_CHARACTERS
    assert plain(name)[0] == "a"
    assert plain(name)[-1] == "b"
    assert plain("short") == "short"


def test_the_same_figure_gives_the_same_text():
    assert svg_of("a") == svg_of("a")


def test_no_two_systems_look_the_same_nor_differ_by_colour_alone():
    looks = [look(number) for number in range(3 * len(LOOKS))]
    assert len({(str(style.line), style.marker, style.colour) for style in looks}) == len(looks)
    assert len({str(style.line) for style in LOOKS}) == len(LOOKS)
    assert len({style.marker for style in LOOKS}) == len(LOOKS)


@pytest.mark.parametrize("page", ["#ffffff", "#14171c"])
def test_colours_stand_out_from_a_light_and_a_dark_page(page):
    for style in LOOKS:
        lighter, darker = sorted([luminance(style.colour), luminance(page)], reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 3  # WCAG 2.2, 1.4.11


def luminance(colour):
    """Relative luminance of sRGB (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
