"""Every fenced example of the README and the guide is run by a test, parsed by the command line, or says why not.

Python runs in the test of its page or here, commands in the test of their page or in .ci/run, or they are parsed here
and what they name is looked up. What can do neither has ``<!-- not run: REASON -->`` before it.
"""

import re
import shlex
from pathlib import Path

import pytest
from pages import ROOT, code_blocks
from training import LIGHTNINGS_OWN

import rnnzoo
from rnnzoo import cli
from rnnzoo.bench.table import list_tables, load_table
from rnnzoo.pretrained import list_pretrained

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELL = ("bash", "sh", "console", "")
"""The languages of what is typed into a shell; no language is one of them."""

_EXAMPLE = re.compile(r"((?:^<!-- [^\n]* -->\n)*)^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REASON = re.compile(r"<!-- not run: (\S+ \S+.*?) -->")
_RUN_BY_CI = re.compile(r"<!-- command: ([\w-]+) -->")

pytestmark = [pytest.mark.filterwarnings(warning) for warning in LIGHTNINGS_OWN]


def readers_of(page):
    """The source of the tests that read a page."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    return "\n".join(text for text in texts if f'"docs" / "{page.name}"' in text)


def examples(page, languages):
    """The examples of a page that are neither marked nor run by .ci/run: (comments, code)."""
    commands = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    found = [(marks, code) for marks, kind, code in _EXAMPLE.findall(page.read_text("utf-8")) if kind in languages]
    for marks, code in found:
        by_ci = _RUN_BY_CI.search(marks)
        if not _REASON.search(marks) and not (by_ci and by_ci[1] in commands):
            yield code


RUN_ELSEWHERE = {page.name for page in PAGES if "exec(" in readers_of(page)}
TYPED_ELSEWHERE = {page.name for page in PAGES if "shlex.split" in readers_of(page)}
PYTHON = [(page, [*examples(page, ("python",))]) for page in PAGES if page.name not in RUN_ELSEWHERE]
PYTHON = [(page, blocks) for page, blocks in PYTHON if blocks and page.name != "README.md"]
LINES = {
    line: page.name
    for page in PAGES
    if page.name not in TYPED_ELSEWHERE
    for code in examples(page, SHELL)
    for line in code.splitlines()
    if line.split("#")[0].strip()
}
"""The page of each command that no test runs, one page where several have it."""


def test_the_pages_whose_own_test_runs_them_are_found():
    assert {"text.md", "series.md", "worked-examples.md", "deep-stacks.md"} <= RUN_ELSEWHERE
    assert {"bring-your-own-cell.md", "bring-your-own-data.md", "export.md"} <= TYPED_ELSEWHERE


@pytest.mark.parametrize(("page", "blocks"), PYTHON, ids=[page.name for page, _ in PYTHON])
def test_the_python_of_a_page_without_a_test_of_its_own_runs(page, blocks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space = {"__name__": page.stem}
    for code in blocks:
        exec(compile(code, str(page), "exec"), space)


def test_the_training_of_the_readme_runs():
    (code,) = [code for code in code_blocks(ROOT / "README.md", "python") if ".fit(" in code]
    exec(compile(code.replace("max_epochs=1", "max_steps=2, limit_val_batches=1"), "README.md", "exec"), {})


def arguments_of(page, line):
    """What a line gives to ``rnnzoo``, behind what starts processes; a layer that the page adds counts as one."""
    program, *arguments = shlex.split(line, comments=True)
    if program in ("torchrun", "srun"):
        program, *arguments = arguments[arguments.index("rnnzoo.cli" if program == "torchrun" else "rnnzoo") :]
    assert program in ("rnnzoo", "rnnzoo.cli"), f"{line}: run it in a test of its page, or say before it why not"
    text = next(path for path in PAGES if path.name == page).read_text(encoding="utf-8")
    for own in re.findall(r'register\(\s*"(\w+)"', text):
        arguments = [argument.replace(own, "srn") for argument in arguments]
    return arguments


@pytest.mark.parametrize(("line", "page"), LINES.items(), ids=str)
def test_a_command_of_the_pages_is_one_that_the_command_line_takes(line, page, capsys):
    arguments = arguments_of(page, line)
    if arguments[0] == "fit":
        with pytest.raises(SystemExit) as stop:
            cli.main([*arguments, "--print_config"])
        assert not stop.value.code, line
        return
    given = vars(cli.build_parser().parse_args(arguments))
    labels = []
    if given.get("table"):
        assert given["table"] in list_tables()
        labels = [entry.label for entry in load_table(given["table"]).entries]
    for name in filter(None, (given.get("layers") or "").split(",")):
        assert name in (*rnnzoo.list_layers(), *labels) or name.startswith("my_"), name
    if given.get("model"):
        assert given["model"] in list_pretrained() or re.search(r"(^|/)(MODEL|RUN|model)$", given["model"])


def test_a_reason_is_one_and_an_unmarked_example_is_none():
    assert _REASON.search("<!-- not run: it needs a server -->\n")
    assert not _REASON.search("<!-- not run: -->\n")
