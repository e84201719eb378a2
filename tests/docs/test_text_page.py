"""docs/text.md: its Python runs from top to bottom, and its table has every task's data and recipes."""

import re

import pytest
from pages import ROOT, code_blocks
from training import LIGHTNINGS_OWN

from rnnzoo.registry import DATA, TASKS

PAGE = ROOT / "docs" / "text.md"


pytestmark = [pytest.mark.filterwarnings(warning) for warning in LIGHTNINGS_OWN]


@pytest.mark.slow
def test_its_python_runs_and_the_tagger_quotes_the_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = {}
    for code in code_blocks(PAGE, "python"):
        exec(code, made)
    text = "please book a flight to Denver, I leave on May 3"
    assert made["answer"].spans
    assert all(text[span.start : span.end] == span.text for span in made["answer"].spans)


def test_each_line_of_its_table_names_a_task_its_kinds_and_their_data():
    lines = re.findall(r"^\| \S+ to \S+ \| `(\w+)` \| (\w+) \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.M)
    kinds = {"label", "tags", "next_token", "emission", "pair"}  # of text; other signals have their own pages
    assert sorted(task for task, _, _ in lines) == [task.name for task in TASKS.entries() if kinds & {*task.accepts}]
    for task, kind, data in lines:
        assert kind in TASKS.entry(task).accepts
        assert all(DATA.entry(name).kind == kind for name in re.findall(r"`(\w+)`", data))
