"""`despoof report` as a user types it, on files written by hand and by other programs."""

import json

import pytest
from fresh_python import json_from
from report_scores import score_table, write_bob, write_two_columns

from despoof_keras.cli import main

QUICK = ["--resamples", "20"]
BOB = """claimed_id,test_label,is_bonafide,attack_type,score
1,a,True,,3.0
1,b,False,print,1.0
2,c,True,,4.0
2,d,False,print,3.5
3,e,True,,5.0
3,f,False,print,2.0
4,g,True,,2.5
4,h,False,print,0.5
"""


@pytest.fixture
def folder(tmp_path):
    """Files of one system: bob's CSV in `bob/`, two columns in `two columns/`."""
    for seed, split in enumerate(("dev", "test")):
        table = score_table(seed, prefix=split)
        (tmp_path / "bob").mkdir(exist_ok=True)
        (tmp_path / "two columns").mkdir(exist_ok=True)
        write_bob(tmp_path / "bob" / f"{split}.csv", table)
        write_two_columns(tmp_path / "two columns" / f"{split}.txt", table)
    return tmp_path


@pytest.fixture
def report(capsys):
    """Function from arguments to `(exit code, standard output, standard error)`."""

    def run(*arguments):
        code = main(["report", *map(str, arguments), *QUICK])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def figures(folder):
    return json.loads((folder / "report.json").read_text("utf-8"))


def test_a_file_by_hand_gives_figures_by_hand(tmp_path, report):
    """Spoof scores: bona fide -5 -4 -3 -2.5, attacks -3.5 -2 -1 -0.5."""
    (tmp_path / "test.csv").write_text(BOB)
    (tmp_path / "dev.csv").write_text(BOB)
    code, out, err = report(
        tmp_path / "test.csv", "--dev", tmp_path / "dev.csv", "--output", tmp_path / "out"
    )
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == str(tmp_path / "out" / "report.html")
    (values,) = figures(tmp_path / "out")["systems"].values()
    # At -2.75, one of four bona fide presentations is called an attack, and one attack passes.
    assert values["eer_dev"] == values["bpcer"] == values["apcer"] == values["acer"] == 0.25
    # 14 of the 16 pairs of a bona fide presentation and an attack are in order.
    assert values["auc"] == 14 / 16
    # No attack passes at -3.75, where two of four bona fide presentations are called attacks.
    assert values["bpcer_at_apcer"] == {"0.01": 0.5, "0.05": 0.5, "0.10": 0.5}
    assert values["counts"]["test"] == {"bona_fide": 4, "print": 4}


def test_two_systems_in_two_formats_agree(folder, report):
    """The same scores, so every figure is the same but those by columns that one file lacks."""
    bob, columns = folder / "bob", folder / "two columns"
    code, out, err = report(
        bob / "test.csv", columns / "test.txt",
        "--dev", bob / "dev.csv", columns / "dev.txt",
        "--output", folder / "a report", "--name", "bob's", "two <b>columns</b>",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "bob's" in out
    values = figures(folder / "a report")
    first, second = values["systems"].values()
    assert list(values["systems"]) == ["bob's", "two <b>columns</b>"]
    assert first["auc"] == pytest.approx(second["auc"])
    assert set(first["groups"]) == {"phone", "skin_tone"}
    assert "<b>columns" not in (folder / "a report" / "report.html").read_text("utf-8")
    assert values["settings"]["resamples"] == 20
    assert len(values["settings"]["files"]["bob's"]["test"]["sha256"]) == 64


def test_names_come_from_the_paths_and_columns_can_be_chosen(folder, report):
    bob, other = folder / "bob", folder / "other"
    other.mkdir()
    for seed, split in enumerate(("dev", "test")):
        write_bob(other / f"{split}.csv", score_table(seed + 5, prefix=split))
    code, _, err = report(
        bob / "test.csv", other / "test.csv", "--dev", bob / "dev.csv", other / "dev.csv",
        "--output", folder / "out", "--group-by", "skin_tone",
    )  # fmt: skip
    assert (code, err) == (0, "")
    values = figures(folder / "out")
    assert list(values["systems"]) == ["bob", "other"]
    assert all(set(system["groups"]) == {"skin_tone"} for system in values["systems"].values())
    (comparison,) = values["comparisons"]
    assert comparison["systems"] == ["bob", "other"]
    assert comparison["presentations"] == 64
    difference = values["systems"]["bob"]["acer"] - values["systems"]["other"]["acer"]
    assert comparison["difference"]["acer"] == pytest.approx(difference)


def test_many_systems_are_compared_with_the_first():
    from despoof_keras.evaluation.report.command import _pairs

    assert _pairs(["a"]) == []
    assert len(_pairs(list("abcd"))) == 6
    assert _pairs(list("abcde")) == [("a", "b"), ("a", "c"), ("a", "d"), ("a", "e")]


def test_a_column_that_names_each_presentation_makes_no_groups(folder, report):
    path = folder / "bob" / "test.csv"
    lines = path.read_text().splitlines()
    with_paths = [f"{line},{'path' if i == 0 else f'{i}.avi'}" for i, line in enumerate(lines)]
    path.write_text("\n".join(with_paths) + "\n")
    code, _, err = report(path, "--dev", folder / "bob" / "dev.csv", "--output", folder / "out")
    assert (code, err) == (0, "")
    (values,) = figures(folder / "out")["systems"].values()
    assert set(values["groups"]) == {"phone", "skin_tone"}
    page = (folder / "out" / "report.html").read_text("utf-8")
    assert "The column path has 64 values and makes no groups." in page


def test_the_direction_can_be_stated(folder, report):
    columns = folder / "two columns"
    arguments = [columns / "test.txt", "--dev", columns / "dev.txt", "--output", folder / "out"]
    assert report(*arguments)[0] == 0
    (before,) = figures(folder / "out")["systems"].values()
    assert report(*arguments, "--higher", "bona_fide")[0] == 0
    (after,) = figures(folder / "out")["systems"].values()
    assert after["auc"] == pytest.approx(1 - before["auc"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["test.csv", "--dev", "dev.csv", "dev.csv"], "--dev: expected a dev score file for each"),
        (["test.csv", "--dev", "dev.csv", "--name", "a", "b"], "--name: expected a name for each"),
        (["test.csv", "--dev", "dev.csv", "--name", " "], "--name: expected different names"),
        (
            ["test.csv", "test.csv", "--dev", "dev.csv", "dev.csv", "--name", "a", "a"],
            "--name: expected different names",
        ),
        (["test.csv", "--dev", "dev.csv", "--group-by", "tone"], "tone is none; the files have"),
        (
            ["test.csv", "--dev", "dev.csv", "--higher", "attack", "attack"],
            "--higher: expected one value for all",
        ),
        (["missing.csv", "--dev", "dev.csv"], "missing.csv"),
        (["test.csv", "--dev", "missing.csv"], "missing.csv"),
    ],
)
def test_what_does_not_fit_is_told_in_a_line(folder, report, monkeypatch, arguments, message):
    monkeypatch.chdir(folder / "bob")
    code, out, err = report(*arguments, "--output", folder / "out")
    assert (code, out) == (2, "")
    assert err.startswith("despoof: ")
    assert message in err
    assert err.count("\n") == 1
    assert not (folder / "out").exists()


def test_a_threshold_from_the_test_scores_is_warned_of(folder, report, caplog):
    test = folder / "bob" / "test.csv"
    code, _, _ = report(test, "--dev", test, "--output", folder / "same")
    assert code == 0
    assert "Dev and test have the same scores." in caplog.text
    assert "makes the rates too low" in (folder / "same" / "report.html").read_text()


def test_a_malformed_row_is_named(folder, report):
    path = folder / "bob" / "test.csv"
    lines = path.read_text().splitlines()
    lines[6] = lines[6].rpartition(",")[0] + ",abc"
    path.write_text("\n".join(lines))
    code, _, err = report(path, "--dev", folder / "bob" / "dev.csv", "--output", folder / "out")
    assert code == 2
    assert "test.csv" in err
    assert "7" in err
    assert not (folder / "out").exists()


@pytest.mark.parametrize("name", ["report.html", "report.json"])
@pytest.mark.parametrize("content", [b"<html>my own page</html>", b"{}", b"[1, 2]", b"\xff\x00"])
def test_another_file_is_never_replaced(folder, report, name, content):
    output = folder / "out"
    output.mkdir()
    (output / name).write_bytes(content)
    bob = folder / "bob"
    code, _, err = report(bob / "test.csv", "--dev", bob / "dev.csv", "--output", output)
    assert code == 2
    assert str(output / name) in err
    assert (output / name).read_bytes() == content
    assert [path.name for path in output.iterdir()] == [name]


def test_an_earlier_report_is_replaced(folder, report):
    bob = folder / "bob"
    for name in ("first", "second"):
        arguments = ["--dev", bob / "dev.csv", "--output", folder / "out", "--name", name]
        assert report(bob / "test.csv", *arguments)[0] == 0
        assert list(figures(folder / "out")["systems"]) == [name]


def test_an_output_that_is_no_folder_is_told_before_any_work(folder, report):
    (folder / "taken").write_text("x")
    code, _, err = report("missing.csv", "--dev", "gone.csv", "--output", folder / "taken")
    assert code == 2
    assert "taken: expected a folder that can be written to" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["report"],
        ["report", "a.csv", "--output", "x"],
        ["report", "a.csv", "--dev", "b.csv"],
        ["report", "a.csv", "--dev", "b.csv", "--output", "x", "--resamples", "0"],
        ["report", "a.csv", "--dev", "b.csv", "--output", "x", "--seed", "-1"],
        ["report", "a.csv", "--dev", "b.csv", "--output", "x", "--higher", "both"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_neither_tensorflow_nor_opencv_is_loaded(folder):
    arguments = ["report", str(folder / "bob" / "test.csv"), "--dev", str(folder / "bob/dev.csv")]
    arguments += ["--output", str(folder / "out"), *QUICK]
    loaded = json_from(
        "import json, sys\n"
        "from despoof_keras.cli import main\n"
        f"code = main({arguments!r})\n"
        "names = {name.partition('.')[0] for name in sys.modules}\n"
        "print(json.dumps([code, sorted(names)]))"
    )
    code, names = loaded
    assert code == 0
    assert "sklearn" in names or "scipy" in names
    assert not {"tensorflow", "keras", "cv2", "av", "ai_edge_litert"} & set(names)


def robustness_file(path, **changes):
    rates = {"bpcer": 0.1, "apcer": 0.05, "flips": 0.2, "bpcer_interval": [0.0, 0.3]}
    row = {"family": "blur", "label": "2 %", "strength": 0.02, **rates, **changes}
    baseline = {**rates, "flips": 0.0}
    results = {"model": path.stem, "baseline": baseline, "conditions": [row]}
    path.write_text(json.dumps(results))
    return path


def test_robustness_of_several_models_goes_onto_the_page(folder, report):
    files = [robustness_file(folder / f"{name}.json") for name in ("ours", "theirs")]
    scores = [folder / "bob" / "test.csv", "--dev", folder / "bob" / "dev.csv"]
    code, _, _ = report(*scores, "--robustness", *files, "--output", folder / "robust")
    assert code == 0
    page = (folder / "robust" / "report.html").read_text()
    assert "Blurred" in page
    assert "theirs: BPCER 10.0" in page  # in the chart's alternative text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bpcer": 7}, "a share from 0 to 1; received 7"),
        ({"strength": None}, "expected the results"),
    ],
)
def test_a_damaged_robustness_file_is_named(folder, report, changes, message):
    damaged = robustness_file(folder / "damaged.json", **changes)
    scores = [folder / "bob" / "test.csv", "--dev", folder / "bob" / "dev.csv"]
    code, _, err = report(*scores, "--robustness", damaged, "--output", folder / "damaged")
    assert code == 2
    assert "damaged.json" in err
    assert message in err
