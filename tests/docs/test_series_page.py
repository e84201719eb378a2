"""docs/series.md: its Python runs, and its table has every dataset that is to be forecast."""

import re

from pages import ROOT, code_blocks

from rnnzoo.registry import DATA

PAGE = ROOT / "docs" / "series.md"


def test_its_python_runs_and_last_week_comes_back_as_the_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = {}
    for code in code_blocks(PAGE, "python"):
        exec(code, made)
    forecast = made["forecast"]
    assert str(forecast.index[0].date()) == "2024-07-19"
    assert [round(sold) for sold in forecast["sold"]] == [10 + day for day in forecast.index.day_of_week]


def test_its_table_has_every_dataset_that_is_to_be_forecast():
    (section,) = re.findall(r"## What there is to forecast\n(.*?)\n## ", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    named = re.findall(r"`(\w+)`", "".join(line.split(" | ")[0] for line in section.splitlines() if line[:1] == "|"))
    assert sorted(named) == [entry.name for entry in DATA.entries() if entry.kind == "forecast"]
