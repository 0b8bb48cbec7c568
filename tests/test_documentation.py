"""The documentation: the site builds without a warning, is complete, and needs no other host."""

import html.parser
import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import despoof_keras

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_README_LINES = 140
DIAGRAMS = sorted((ROOT / "docs" / "diagrams").glob("*.txt"))
# Attributes by which a page loads something; `href` does so only in some elements.
LOADING = {"src", "srcset", "poster", "data"}
LOADING_RELATIONS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "modulepreload"}


class Page(html.parser.HTMLParser):
    """The anchors of an HTML page, and the addresses from which it loads something."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.loaded, self.pictures_without_text = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.anchors.add(values["id"])
        self.loaded += [values[name] for name in LOADING & set(values)]
        if tag == "link" and LOADING_RELATIONS & set((values.get("rel") or "").split()):
            self.loaded.append(values["href"])
        if tag == "img" and not values.get("alt"):
            self.pictures_without_text.append(values.get("src"))


def code_blocks(text, language="sh"):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site's folder; `--strict` makes warnings, broken links among them, errors."""
    folder = tmp_path_factory.mktemp("documentation") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {path.relative_to(site).as_posix(): Page(path) for path in site.rglob("*.html")}


def test_every_page_of_docs_is_built(pages):
    sources = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert {Path(name).with_suffix(".html").name for name in sources} <= set(pages)


@pytest.mark.parametrize("name", despoof_keras.__all__)
def test_every_public_name_is_on_the_api_page(pages, name):
    anchors = {anchor for anchor in pages["api.html"].anchors if "despoof_keras." in anchor}
    public = getattr(despoof_keras, name)
    assert any(documented(anchor) is public for anchor in anchors if ends_in(anchor, name, public))


def ends_in(anchor, name, public):
    """Whether an anchor may be that of a public name; a module is known by its own path."""
    return anchor == getattr(public, "__name__", None) or anchor.endswith(f".{name}")


def documented(anchor):
    """What an anchor of the API page, `despoof_keras.room.module.name`, stands for."""
    parent, _, name = anchor.rpartition(".")
    try:
        return getattr(importlib.import_module(parent), name, None)
    except ModuleNotFoundError:  # a member of a class
        return None


def test_no_page_loads_anything_from_another_host(pages):
    foreign = re.compile(r"\s*([a-z+.-]+:)?//", re.IGNORECASE)
    loaded = {(name, address) for name, page in pages.items() for address in page.loaded}
    assert loaded
    assert not {pair for pair in loaded if foreign.match(pair[1])}


def test_no_style_sheet_loads_anything_from_another_host(site):
    sheets = list(site.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        assert not re.search(
            r"(url\(|@import)\s*[\"']?(https?:)?//", sheet.read_text(encoding="utf-8")
        )


def test_every_picture_has_a_text_for_those_who_do_not_see_it(pages):
    assert not [name for name, page in pages.items() if page.pictures_without_text]


@pytest.mark.parametrize("source", DIAGRAMS, ids=lambda path: path.stem)
def test_diagrams_are_drawn_from_their_text(source):
    spec = importlib.util.spec_from_file_location("diagrams", ROOT / "docs" / "diagrams.py")
    diagrams = importlib.util.module_from_spec(spec)
    sys.modules["diagrams"] = diagrams  # dataclasses look their module up
    spec.loader.exec_module(diagrams)
    drawn = diagrams.draw(diagrams.parse(source.read_text(encoding="utf-8")))
    assert source.with_suffix(".svg").read_text(encoding="utf-8") == drawn


def test_the_rooms_are_drawn_as_they_are():
    boxes = re.findall(r"^  (\w+)", (ROOT / "docs/diagrams/rooms.txt").read_text(), re.MULTILINE)
    package = ROOT / "despoof_keras"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    assert rooms <= set(boxes)
    assert rooms <= set(re.findall(r"^\| `(\w+)/`", README, re.MULTILINE))


def test_the_readme_is_short():
    assert len(README.splitlines()) <= MOST_README_LINES


def test_the_test_command_is_what_ci_runs(tmp_path):
    """`.ci/run` with a `timeout` that runs nothing prints the command that it would have run."""
    stub = tmp_path / "timeout"
    stub.write_text("#!/bin/sh\n", encoding="utf-8")
    stub.chmod(0o755)
    done = subprocess.run(
        [ROOT / ".ci" / "run"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    after_mark = README.split("<!-- test command -->")[1]
    assert done.stdout == code_blocks(after_mark)[0]
    assert "'.[all]'" in done.stdout
    assert "-m pytest" in done.stdout
    workflow = (ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8")
    assert re.search(r"^\s+- run: \.ci/run$", workflow, re.MULTILINE)


def test_the_first_command_is_that_of_get_started():
    first = code_blocks(README)[0]
    assert "recipes/train_oulu.py" in first
    assert first == code_blocks((ROOT / "docs/index.md").read_text(encoding="utf-8"))[0]


@pytest.mark.parametrize(
    "document",
    ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))],
)
def test_commands_name_scripts_that_exist(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    scripts = re.findall(r"python ((?:recipes|export|benchmarks|docs)/\w+\.py)", text)
    assert not [script for script in scripts if not (ROOT / script).is_file()]


def test_options_that_pages_name_exist():
    folders = ("despoof_keras", "recipes", "export", "benchmarks")
    sources = [path.read_text("utf-8") for f in folders for path in (ROOT / f).rglob("*.py")]
    pages = [README, *(path.read_text("utf-8") for path in ROOT.glob("docs/*.md"))]
    named = {option for page in pages for option in re.findall(r"`(--[a-z][a-z-]*)", page)}
    assert named
    # Those of further data are made by `datasets.arguments.add_further_data_arguments`.
    written = {option: re.sub("^--(old|other)-", "--{prefix}-", option) for option in named}
    unknown = {
        option
        for option, text in written.items()
        if not any(f'"{text}"' in source for source in sources)
    }
    assert unknown == {"--strict"}  # of mkdocs


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_links_into_the_repository_lead_somewhere(document):
    links = re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", (ROOT / document).read_text("utf-8"))
    assert links
    assert not [link for link in links if not (ROOT / link).is_file()]
