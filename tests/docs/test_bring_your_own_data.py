"""Everything on the page happens as it says: both files, the commands, the code and the table."""

import json
import re
import shlex

import pytest
from pages import ROOT, code_blocks, files_shown
from training import LIGHTNINGS_OWN

from rnnzoo import cli
from rnnzoo.registry import DATA

PAGE = ROOT / "docs" / "bring-your-own-data.md"
SHOWN = files_shown(PAGE)
COMMANDS = [line for block in code_blocks(PAGE, "bash") for line in block.splitlines()]
FIT = "--trainer.max_epochs 1 --trainer.check_val_every_n_epoch 1 --wandb off"
SMALL = {"imdb-bilstm": f"{FIT} --model.hidden_size 4", "digits-lstm": f"{FIT} --model.hidden_size 8"}
"""What the test adds to a training, to be done sooner."""

pytestmark = [pytest.mark.filterwarnings(warning) for warning in LIGHTNINGS_OWN]


@pytest.fixture
def here(tmp_path, monkeypatch, registering):
    folder = tmp_path
    for name, text in SHOWN.items():
        (folder / name).write_text(text)
    gestures = [
        {"label": ("rest", "wave")[i % 3 % 2], "steps": [[(-1) ** t * (i % 3 % 2), 0, 9.8] for t in range(5 + i % 4)]}
        for i in range(24)
    ]
    (folder / "gestures.jsonl").write_text("".join(json.dumps(row) + "\n" for row in gestures))
    DATA.discover()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(DATA, "_entries", dict(DATA._entries))
    return folder


def test_every_command_of_the_page_does_what_it_says(here, capsys):
    told = []
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        recipe = arguments[arguments.index("--config") + 1] if "--config" in arguments else ""
        assert program == "rnnzoo"
        assert cli.main([*arguments, *SMALL.get(recipe, "").split()]) == 0, command
        told.append(capsys.readouterr().out)
    assert re.match(r"(good|bad)\t0\.\d+\twarm, and a delight$", told[1].strip().splitlines()[-1])
    assert told[2].split()[:2] == ["gestures", "Gestures"]
    assert "lstm" in told[4]
    assert "mingru" in told[4]
    (use,) = [code for code in code_blocks(PAGE, "python") if code not in SHOWN.values()]
    space = {}
    exec(compile(use, str(PAGE), "exec"), space)
    assert space["answer"].label in ("rest", "wave")


def test_the_splits_of_the_page_share_no_row_and_leave_none_out(here):
    space = {"__name__": "my_data"}
    exec(compile(SHOWN["my_data.py"], "my_data.py", "exec"), space)
    data = space["Gestures"]()
    steps = sorted(int(n) for rows in data.splits.values() for n in rows.lengths)
    assert steps == sorted(len(row["steps"]) for row in data.rows)
    assert data.splits["train"][[0, 1]].inputs.shape == (2, 7, 3)  # rows 0 and 2, of 5 and 7 steps


def test_every_dataset_of_the_page_is_of_its_kind():
    rows = re.findall(r"^\| [^|]+ \| (`[^|]+) \| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    assert len(rows) >= 8
    for names, kinds in rows:
        assert [DATA.entry(name).kind for name in re.findall(r"`(\w+)`", names)] == kinds.split(", ")
