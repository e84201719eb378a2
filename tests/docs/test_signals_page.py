"""docs/signals.md: its Python runs, what it hears and writes is right, and its tables name what there is."""

import re

import pytest
from pages import ROOT, code_blocks
from training import LIGHTNINGS_OWN

from rnnzoo import list_tables
from rnnzoo.data._measurements import FORMS
from rnnzoo.registry import DATA, TASKS

PAGE = ROOT / "docs" / "signals.md"


@pytest.mark.filterwarnings(*LIGHTNINGS_OWN)
def test_its_python_hears_the_words_and_reads_back_the_music(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = {}
    for code in code_blocks(PAGE, "python"):
        exec(code, made)
    assert made["heard"].text == "high low low"
    assert made["chords_of"](made["read_midi"]("piece.mid")) == made["cadence"] + made["written"]


def test_each_line_of_its_table_names_a_task_its_kinds_and_their_data():
    lines = re.findall(r"^\| [^|]+ to [^|]+ \| `(\w+)` \| (\w+) \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.M)
    assert {task for task, _, _ in lines} >= {"ctc", "polyphonic_music", "sequence_regression"}
    for task, kind, data in lines:
        assert kind in TASKS.entry(task).accepts
        assert all(DATA.entry(name).kind == kind for name in re.findall(r"`(\w+)`", data))


def test_its_tests_of_memory_are_data_and_tables_that_there_are():
    (section,) = re.findall(r"## The memory tests\n(.*)", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    rows = [line.split("|")[2:4] for line in section.splitlines() if line.startswith("| ")][1:]
    data, tables = ({name for row in rows for name in re.findall(r"`([\w-]+)`", row[i])} for i in (0, 1))
    assert data <= {entry.name for entry in DATA.entries()}
    assert tables <= set(list_tables())


def test_every_form_of_a_measurement_is_told():
    assert all(f"`{form}`" in PAGE.read_text(encoding="utf-8") for form in FORMS)
