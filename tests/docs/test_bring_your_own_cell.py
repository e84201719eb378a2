"""Everything on the page happens as it says: the file, the commands, the code and the entry point."""

import json
import re
import shlex
from dataclasses import replace

import pytest
from pages import ROOT, code_blocks, files_shown

from rnnzoo import cli
from rnnzoo.bench import runs
from rnnzoo.registry import LAYERS

PAGE = ROOT / "docs" / "bring-your-own-cell.md"
SHOWN = files_shown(PAGE)
COMMANDS = [line for block in code_blocks(PAGE, "bash") for line in block.splitlines()]
SMALL = {
    "fit": [
        "--data.length",
        "10",
        "--trainer.max_steps",
        "2",
        "--trainer.check_val_every_n_epoch",
        "1",
        "--wandb",
        "off",
    ]
}
"""What the test adds to a command, to be done sooner."""


@pytest.fixture
def here(tmp_path, monkeypatch, registering):
    monkeypatch.chdir(tmp_path)
    for name, text in SHOWN.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_page_shows_one_file_of_at_most_ten_lines():
    (text,) = SHOWN.values()
    lines = [line for line in text.splitlines() if line.strip() and not line.strip().startswith('"""')]
    assert len(lines) <= 10


def test_every_command_of_the_page_does_what_it_says(here, capsys, monkeypatch):
    quick = runs.quick_table
    small = {"variants": {"length": [10]}, "trainer": {"max_steps": 2, "val_check_interval": 1, "max_epochs": 1}}
    monkeypatch.setattr(runs, "quick_table", lambda table: quick(replace(table, quick={**table.quick, **small})))
    told = {}
    for command in COMMANDS:
        program, *arguments = shlex.split(command, comments=True)
        assert program == "rnnzoo"
        assert cli.main([*arguments, *SMALL.get(arguments[0], [])]) == 0, command
        told[arguments[0]] = capsys.readouterr().out
    assert set(told) == {"check", "list", "show", "fit", "predict", "bench"}
    assert re.search(r"^\d+ holds, \d+ not declared\.$", told["check"], re.M)
    assert told["list"].split()[:2] == ["my_cell", "MyCell"]
    assert told["show"].startswith("my_cell: rnnzoo.MyCell, A cell whose one gate")
    assert told["predict"].endswith("6700100000\n")
    assert "my_cell" in told["bench"]
    (rows,) = (here / "rnnzoo-quick" / "digit-sum").glob("*.jsonl")
    assert "my_cells.py" in json.loads(rows.read_text().splitlines()[0])["versions"]


def test_the_code_of_the_page_has_the_shapes_it_states(here):
    (use,) = [code for code in code_blocks(PAGE, "python") if code not in SHOWN.values()]
    space = {}
    exec(compile(use, str(PAGE), "exec"), space)
    assert space["y"].shape == (4, 10, 16)
    assert space["h"].shape == (4, 4, 8)


def test_the_entry_point_of_the_page_is_found(here, monkeypatch):
    tomllib = pytest.importorskip("tomllib")
    (text,) = code_blocks(PAGE, "toml")
    ((group, points),) = tomllib.loads(text)["project"]["entry-points"].items()
    info, package = here / "my_package-0.1.dist-info", here / "my_package"
    info.mkdir()
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "my_cells.py").write_text(SHOWN["my_cells.py"])
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 0.1\n")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
    monkeypatch.syspath_prepend(here)
    monkeypatch.setattr(LAYERS, "_discovered", False)
    assert LAYERS.entry("my_cell").target.__module__ == "my_package.my_cells"
