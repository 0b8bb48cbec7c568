"""The report's two files: what they hold, and that nothing a user names can change the page."""

import dataclasses
import html.parser
import json

import numpy as np
import pytest
from report_scores import score_table

from despoof_keras.evaluation.comparison import compare
from despoof_keras.evaluation.report import page as report_page
from despoof_keras.evaluation.report.page import Report, System, figures_of, render, write_report
from despoof_keras.evaluation.summary import summarise

RESAMPLES = 40
# Bytes. The page travels by mail.
MOST_BYTES = 1_000_000
EVIL = "<script>alert(1)</script>"


def system(seed=0, **options):
    dev = score_table(seed, prefix="d", source="dev.csv", **options)
    test = score_table(seed + 1, prefix="t", source="test.csv", **options)
    return System(dev, test, summarise(dev, test, resamples=RESAMPLES))


@pytest.fixture(scope="module")
def single():
    return system()


class Outline(html.parser.HTMLParser):
    """What a page consists of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_data(self, data):
        self.texts.append(data)


def test_the_figures_are_those_of_the_summary(single, tmp_path):
    report = Report("ours", {"ours": single}, settings={"folder": tmp_path, "seed": 3})
    write_report(tmp_path / "new" / "folder", report)
    values = json.loads((tmp_path / "new" / "folder" / "report.json").read_text("utf-8"))
    assert set(values) == {"title", "systems", "comparisons", "settings"}
    assert values["title"] == "ours"
    assert values["settings"] == {"folder": str(tmp_path), "seed": 3}
    ours = values["systems"]["ours"]
    assert ours.pop("files") == {"dev": "dev.csv", "test": "test.csv"}
    assert ours.pop("notes") == ["Made for a test.", "Made for a test."]
    assert ours == json.loads(json.dumps(single.figures))
    names = {"apcer", "bpcer", "acer", "eer_dev", "auc", "bpcer_at_apcer", "intervals"}
    assert names | {"species", "groups", "failures_to_acquire"} <= set(ours)
    assert set(ours["bpcer_at_apcer"]) == {"0.01", "0.05", "0.10"}
    assert 0 <= ours["bpcer"] <= 1
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == [
        "report.html",
        "report.json",
    ]


def test_the_page_states_the_figures(single):
    text = " ".join(Outline(render(Report("ours", {"ours": single}))).texts)
    assert "despoof_keras" in text
    for key in ("0.01", "0.05", "0.10"):
        rate = single.figures["bpcer_at_apcer"][key]
        assert f"{100 * rate:.1f}\N{NARROW NO-BREAK SPACE}%" in text
    assert f"{single.figures['auc']:.3f}" in text
    assert "8 subjects" in text


def test_sections_without_content_are_left_out(single):
    ids = Outline(render(Report("ours", {"ours": single}))).ids
    assert {"summary", "figures", "curves", "groups", "errors", "method"} <= set(ids)
    assert not {"comparison", "media", "robustness", "settings"} & set(ids)
    assert len(ids) == len(set(ids))


def test_two_systems_are_compared():
    systems = {"a": system(0), "b": system(5)}
    tables = {name: (s.dev, s.test) for name, s in systems.items()}
    report = Report("both", systems, compare(tables, resamples=RESAMPLES))
    outline = Outline(render(report))
    assert "comparison" in outline.ids
    assert len(outline.ids) == len(set(outline.ids))
    (comparison,) = figures_of(report)["comparisons"]
    assert comparison["systems"] == ["a", "b"]


def test_nothing_a_user_names_becomes_part_of_the_page():
    table = score_table(0, species=(EVIL, "\"><img src=x onerror='alert(2)'>"))
    hostile = dataclasses.replace(
        table,
        keys=tuple(f"{EVIL}{key}" for key in table.keys),
        subjects=np.array([f"{EVIL}{subject}" for subject in table.subjects]),
        groups={
            EVIL: np.array([f"{EVIL}{i % 3}" for i in range(len(table.keys))]),
            "{{ 7 * 7 }}": np.array([f"&lt;{i % 2}" for i in range(len(table.keys))]),
        },
        source=f"{EVIL}.csv",
        note=EVIL,
    )
    figures = summarise(hostile, hostile, resamples=RESAMPLES)
    names = {EVIL: System(hostile, hostile, figures), "$x$ {{ 7 * 7 }}": system()}
    text = render(Report(EVIL, names, settings={EVIL: {"x": EVIL}}, notes=[EVIL]))
    outline = Outline(text)
    assert not {"script", "img", "iframe", "link rel=stylesheet"} & set(outline.tags)
    assert EVIL not in text
    assert "{{ 7 * 7 }}" in " ".join(outline.texts)
    assert "&lt;0" in " ".join(outline.texts)


def test_characters_that_no_page_can_hold_are_escaped(tmp_path):
    odd = "a\x00\x1b[31m\u202e\udcff"
    report = Report(odd, {odd: system()}, notes=[odd], settings={odd: odd})
    write_report(tmp_path, report)
    text = (tmp_path / "report.html").read_text("utf-8")
    assert not set("\x00\x1b\u202e") & set(text)
    assert r"a\x00\x1b[31m\u202e\udcff" in text
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["title"] == odd


def test_failures_to_acquire_and_missing_subjects_are_told():
    dev, test = score_table(0), score_table(1)
    scores = test.spoof_scores.copy()
    scores[[0, 3]] = np.nan
    test = dataclasses.replace(test, spoof_scores=scores, subjects=None, groups={})
    dev = dataclasses.replace(dev, subjects=None, groups={})
    figures = summarise(dev, test, resamples=RESAMPLES)
    text = " ".join(Outline(render(Report("x", {"x": System(dev, test, figures)}))).texts)
    assert figures["failures_to_acquire"] == 2
    assert "subjects unknown" in text
    assert "single presentations are resampled" in text


def test_a_species_without_any_score_is_told():
    dev, test = score_table(0), score_table(1)
    scores = np.where(test.pais == "print_2", np.nan, test.spoof_scores)
    test = dataclasses.replace(test, spoof_scores=scores)
    figures = summarise(dev, test, resamples=RESAMPLES)
    assert figures["species"]["print_2"]["failures_to_acquire"] == 16
    text = " ".join(Outline(render(Report("x", {"x": System(dev, test, figures)}))).texts)
    assert "print 2" in text


def test_a_missed_bound_is_told():
    dev, test = score_table(0, gap=6.0), score_table(1, gap=1.0)
    figures = summarise(dev, test, resamples=RESAMPLES)
    text = " ".join(Outline(render(Report("x", {"x": System(dev, test, figures)}))).texts)
    assert figures["achieved_apcer"]["0.01"] > 0.05
    assert "Bounds on APCER hold for dev, not for test" in text


def test_constant_scores_and_many_species_are_drawn():
    species = tuple(f"mask_{i}_of_many" for i in range(30))
    dev, test = (score_table(seed, subjects=4, species=species) for seed in (0, 1))
    test = dataclasses.replace(test, spoof_scores=np.full(len(test.keys), 0.5))
    figures = summarise(dev, test, resamples=RESAMPLES)
    assert "summary" in Outline(render(Report("x", {"x": System(dev, test, figures)}))).ids


def test_a_page_of_a_large_set_stays_small():
    """4,950 videos of 55 subjects, as OULU-NPU has them, by three systems."""
    species = ("print_1", "print_2", "replay_1", "replay_2")
    dev, test = (score_table(s, subjects=55, clips=18, species=species) for s in (0, 1))
    assert len(test.keys) == 4950
    figures = summarise(dev, test, resamples=10)
    large = System(dev, test, figures)
    text = render(Report("large", {"a": large, "b": large, "c": large}))
    assert len(text.encode()) < MOST_BYTES


def test_a_report_that_cannot_be_drawn_leaves_the_earlier_one(single, tmp_path):
    write_report(tmp_path, Report("first", {"ours": single}))
    earlier = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    no_pictures = dict.fromkeys(single.test.keys, "no bytes")
    with pytest.raises(TypeError):
        write_report(tmp_path, Report("second", {"ours": single}, worst=no_pictures))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == earlier


def test_every_template_belongs_to_a_section():
    names = {path.stem for path in report_page._TEMPLATES.glob("*.html")} - {"report", "parts"}
    names -= {"protocols", "cross"}  # pages of their own
    assert names == {
        "summary",
        "figures",
        "curves",
        "groups",
        "comparison",
        "errors",
        "media",
        "robustness",
        "settings",
        "method",
    }
