"""Tables for the terminal: what stands in them."""

from rich.console import Console

from despoof_keras.evaluation.tables import evaluation_table, show, times_table

RATES = {"threshold": 0.5, "apcer": {"print": 0.1, "mask": 0.2}, "bpcer": 0.3, "acer": 0.25}
FIGURES = {
    "score": "zero_one_map",
    "protocol": 3,
    "fold": 2,
    "eer_dev": 0.15,
    "at_dev_threshold": {**RATES, "auc": 0.9},
    "at_own_threshold": None,
}


def rows(table):
    console = Console(width=140)
    with console.capture() as capture:
        console.print(table)
    cells = (line.replace("┃", "│").split("│")[1:-1] for line in capture.get().splitlines())
    return [[cell.strip() for cell in row] for row in cells if row]


def test_a_models_rates_are_those_of_the_instruments_that_the_data_have():
    head, row = rows(evaluation_table([FIGURES]))
    assert head[3:] == ["dev EER", "APCER mask", "APCER print", "BPCER", "ACER", "AUC"]
    assert row[0] == "3, fold 2"
    assert row[3:] == ["15.0%", "20.0%", "10.0%", "30.0%", "25.0%", "0.900"]


def test_times_add_up_to_the_total():
    assert rows(times_table({"crops": 10.0, "training": 25.0}, 40.0))[1:] == [
        ["crops", "10.0", "25%"],
        ["training", "25.0", "62%"],
        ["other", "5.0", "12%"],
        ["total", "40.0", "100%"],
    ]


def test_what_is_shown_has_a_width_where_there_is_no_terminal(capsys):
    show(times_table({"training": 1.0}, 1.0), "x" * 30, width=40)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "x" * 30
    assert max(map(len, lines)) <= 40
