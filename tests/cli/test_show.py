"""``rnnzoo show`` tells of layers, tasks and datasets by one and the same word."""

import inspect

import pytest

from rnnzoo import cli
from rnnzoo.registry import DATA, LAYERS, TASKS


@pytest.mark.parametrize(("name", "entries"), [("ctc", TASKS), ("wav_folder", DATA), ("mingru", LAYERS)])
def test_what_is_shown_begins_with_name_and_description_and_has_the_docstring(name, entries, capsys):
    assert cli.main(["show", name]) == 0
    told, entry = capsys.readouterr().out, entries.entry(name)
    assert told.startswith(f"{name}: ")
    assert entry.description in told.splitlines()[0]
    assert inspect.cleandoc(entry.target.__doc__) in told


def test_no_name_is_that_of_two_things():
    assert not set(LAYERS.names()) & ({*TASKS.names()} | {*DATA.names()})
    assert not set(TASKS.names()) & set(DATA.names())


def test_a_name_of_nothing_is_told_with_near_misses(capsys):
    assert cli.main(["show", "lstn"]) == 2
    assert "did you mean lstm" in capsys.readouterr().err
