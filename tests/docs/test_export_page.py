"""docs/export.md: every block runs, in order, and prints what stands under it; every command does what it says."""

import contextlib
import io
import re
import shlex

import pytest
from pages import ROOT, code_blocks

from rnnzoo import cli

PAGE = ROOT / "docs" / "export.md"
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_block_prints_what_the_page_says(here):
    assert [code for code, _ in EXAMPLES] == code_blocks(PAGE, "python")
    space = {"__name__": "export"}
    for code, expected in EXAMPLES:
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            exec(compile(code, str(PAGE), "exec"), space)
        assert stream.getvalue() == expected


def test_every_command_writes_the_format_it_names(here, capsys):
    (block,) = code_blocks(PAGE, "bash")
    install, *commands = (shlex.split(line) for line in block.splitlines())
    assert install == ["pip", "install", "rnnzoo[onnx]"]
    for command in commands[1:]:  # the first is that of the blocks
        assert cli.main(command[1:]) == 0
    assert sorted(path.name for path in here.iterdir()) == ["digit-sum-lstm-pt2", "digits-weights"]
    assert sorted(path.name for path in (here / "digit-sum-lstm-pt2").iterdir()) == ["interface.json", "model.pt2"]
    assert (here / "digits-weights" / "config.json").is_file()
    assert "model.pt2\t" in capsys.readouterr().out


def test_a_mistaken_format_is_answered_in_one_line(here, capsys):
    assert cli.main(["export", "digit-sum-lstm", "--format", "onxx"]) == 2
    assert "unknown format 'onxx'; did you mean onnx?" in capsys.readouterr().err
