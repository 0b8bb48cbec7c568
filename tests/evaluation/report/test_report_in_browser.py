"""The report's page in headless Chromium: nothing fails, nothing is fetched, nothing is cut off."""

import dataclasses
import io
import itertools
import shutil

import numpy as np
import pytest
from PIL import Image
from report_scores import score_table

from despoof_keras.evaluation.comparison import compare
from despoof_keras.evaluation.report.media import Medium
from despoof_keras.evaluation.report.page import Report, System, write_report
from despoof_keras.evaluation.summary import summarise

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
SCHEMES = ("light", "dark")
LONG = "a_name_that_is_far_too_long_for_any_table_" * 4
FACTS = """() => ({
  width: document.documentElement.scrollWidth,
  pictures: [...document.images].map(i => i.complete && i.naturalWidth > 0),
  unnamed_pictures: [...document.images].filter(i => !i.alt.trim()).length,
  charts: document.querySelectorAll("svg").length,
  unnamed_charts: [...document.querySelectorAll("svg")].filter(
    s => !s.closest('[role="img"][aria-label]')).length,
  headings: [...document.querySelectorAll("h1, h2, h3, h4")].map(h => +h.tagName[1]),
  dangling: [...document.querySelectorAll("nav a")].filter(
    a => !document.getElementById(a.hash.slice(1))).length,
  unscrolled: [...document.querySelectorAll("table")].filter(
    t => t.getBoundingClientRect().right > innerWidth + 1
      && getComputedStyle(t.parentElement).overflowX !== "auto").length,
  summary_end: document.querySelector("#summary").getBoundingClientRect().bottom,
  page: getComputedStyle(document.body).backgroundColor,
  text: getComputedStyle(document.body).color,
  chart_texts: [...new Set([...document.querySelectorAll("svg text")].map(
    t => getComputedStyle(t).fill))],
  duplicate_ids: (ids => ids.length - new Set(ids).size)(
    [...document.querySelectorAll("[id]")].map(e => e.id)),
  language: document.documentElement.lang,
})"""


def png(seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def system(seed, **options):
    dev, test = (score_table(seed + i, prefix="dt"[i], **options) for i in range(2))
    return System(dev, test, summarise(dev, test, resamples=30))


def full_report():
    """Every section, and names that are hard to draw."""
    first = system(0)
    other = dataclasses.replace(
        first.test, spoof_scores=np.roll(first.test.spoof_scores, 1), source="b c.csv"
    )
    second = System(first.dev, other, summarise(first.dev, other, resamples=30))
    systems = {LONG: first, "b <c> & $d$ 中文": second}
    tables = {name: (s.dev, s.test) for name, s in systems.items()}
    example = {name: png(3) for name in ("input", "noise", "spectrum", "zero_one_map")}
    return Report(
        "Everything",
        systems,
        compare(tables, resamples=30),
        [Medium(name, 5, png(1), png(2), 0.02, [example]) for name in ("bona_fide", "print_1")],
        {key: png(4) for key in first.test.keys},
        None,
        {"config": {"a": [1, 2], "path": "/x" * 200}, "commit": "0" * 40},
        ["A note on the data."],
    )


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    """Facts about each page at each size and colour scheme, from one run of the browser."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip("there is no Chromium on this machine")
    folder = tmp_path_factory.mktemp("reports")
    write_report(folder / "full", full_report())
    write_report(folder / "single", Report("One system", {"ours": system(0)}))
    seen = {}
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for page in ("full", "single"):
            for size, (width, height) in SIZES.items():
                for scheme in SCHEMES:
                    options = {"viewport": {"width": width, "height": height}}
                    context = browser.new_context(**options, color_scheme=scheme)
                    address = (folder / page / "report.html").as_uri()
                    seen[page, size, scheme] = visit(context, address)
                    context.close()
        browser.close()
    return seen


def visit(context, address):
    messages, requests = [], []
    page = context.new_page()
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.on("requestfailed", lambda request: messages.append(f"failed: {request.url[:80]}"))
    page.goto(address, wait_until="load")
    facts = page.evaluate(FACTS)
    page.emulate_media(media="print", color_scheme="dark")
    printed = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    others = [url for url in requests if url != address and not url.startswith("data:")]
    return {**facts, "messages": messages, "others": others, "printed": printed}


ALL = [(p, size, s) for p in ("full", "single") for size in SIZES for s in SCHEMES]


@pytest.mark.parametrize("place", ALL, ids="-".join)
def test_the_browser_has_nothing_to_complain_about_and_nothing_to_fetch(visits, place):
    assert visits[place]["messages"] == []
    assert visits[place]["others"] == []


@pytest.mark.parametrize("place", ALL, ids="-".join)
def test_the_page_never_scrolls_sideways(visits, place):
    assert visits[place]["width"] <= SIZES[place[1]][0]
    assert visits[place]["unscrolled"] == 0


def test_every_picture_loads_and_every_picture_and_chart_has_a_text(visits):
    facts = visits["full", "desktop", "light"]
    # Two media with two pictures and an example of four; two tables of ten for each system.
    assert len(facts["pictures"]) == 2 * (2 + 4) + 2 * 2 * 10
    assert all(facts["pictures"])
    assert facts["charts"] > 8
    assert facts["unnamed_pictures"] == facts["unnamed_charts"] == 0


@pytest.mark.parametrize("page", ["full", "single"])
def test_headings_and_contents_are_in_order(visits, page):
    facts = visits[page, "desktop", "light"]
    headings = facts["headings"]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(headings))
    assert facts["dangling"] == 0
    assert facts["duplicate_ids"] == 0
    assert facts["language"] == "en"


def test_the_summary_of_a_system_fits_the_first_screen(visits):
    assert visits["single", "desktop", "light"]["summary_end"] <= SIZES["desktop"][1]


def test_light_and_dark_differ_and_charts_follow(visits):
    light, dark = (visits["full", "desktop", scheme] for scheme in SCHEMES)
    assert brightness(light["page"]) > 200 > 100 > brightness(light["text"])
    assert brightness(dark["page"]) < 60 < 180 < brightness(dark["text"])
    for facts in (light, dark):
        assert facts["chart_texts"] == [facts["text"]]
        # Paper is white, whatever the reader's screen is set to.
        assert brightness(facts["printed"]) == 255


def brightness(colour):
    """Mean of the channels of `"rgb(20, 23, 28)"`."""
    return np.mean([int(part) for part in colour[4:-1].split(",")])
