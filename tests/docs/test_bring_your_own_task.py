"""Everything on the page happens as it says: the file, the recipe, the commands and the code."""

import re
import shlex

import pytest
import torch
from pages import ROOT, code_blocks, files_shown
from tolerances import close
from training import LIGHTNINGS_OWN

from rnnzoo import cli
from rnnzoo.contracts import SequenceBatch
from rnnzoo.registry import TASKS

PAGE = ROOT / "docs" / "bring-your-own-task.md"
SHOWN = files_shown(PAGE)
COMMANDS = [line for block in code_blocks(PAGE, "bash") for line in block.splitlines()]
SMALL = ["--trainer.max_steps", "2", "--trainer.max_epochs", "1", "--wandb", "off"]

pytestmark = [pytest.mark.filterwarnings(warning) for warning in LIGHTNINGS_OWN]


@pytest.fixture
def here(tmp_path, monkeypatch, registering):
    TASKS.discover()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(TASKS, "_entries", dict(TASKS._entries))
    for name, text in SHOWN.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_command_and_the_code_of_the_page_do_what_they_say(here, capsys):
    told = []
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        assert program == "rnnzoo"
        assert cli.main([*arguments, *(SMALL if arguments[0] == "fit" else [])]) == 0, command
        told.append(capsys.readouterr().out)
    assert told[0].split()[0] == "careful"
    assert re.match(r"(\d+|\?)\t0\.\d+\t6700100000$", told[2].strip())
    (use,) = [code for code in code_blocks(PAGE, "python") if code not in SHOWN.values()]
    space = {}
    exec(compile(use, str(PAGE), "exec"), space)
    assert space["answer"].label in {*space["data"].spec["labels"], "?"}


def test_the_task_of_the_page_answers_where_it_is_sure_and_only_there(here):
    space = {"__name__": "my_task"}
    exec(compile(SHOWN["my_task.py"], "my_task.py", "exec"), space)
    spec = {"kind": "label", "input": "real", "input_size": 1, "output_size": 2, "labels": ["no", "yes"]}
    task = space["CarefulClassifier"](spec, sure=0.8, smoothing=0.0)
    odds = torch.tensor([[0.0, 3.0], [1.0, 0.0]])  # yes by 0.95, no by 0.73
    batch = SequenceBatch(torch.zeros(2, 1, 1), torch.ones(2), torch.tensor([1, 1]), torch.ones(2), torch.ones(2))
    assert [answer.label for answer in task.answers(odds, batch)] == ["yes", "?"]
    measured = task.measures(odds, batch)
    assert measured["accuracy"].tolist() == [1, 0]
    assert measured["sure"].tolist() == [1, 0]
    close(task.losses(odds, batch), -odds.log_softmax(dim=1)[:, 1])
