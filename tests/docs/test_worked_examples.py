"""Every block of the page of worked examples runs, in order, and prints what stands under it."""

import contextlib
import io
import re

import pytest
from pages import ROOT, code_blocks

PAGE = ROOT / "docs" / "worked-examples.md"
_EXAMPLE = re.compile(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = _EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def printed():
    """What each block printed."""
    space, found = {"__name__": "worked_examples"}, []
    for code, _ in EXAMPLES:
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            exec(compile(code, str(PAGE), "exec"), space)
        found.append(stream.getvalue())
    return found


def test_every_block_of_the_page_has_its_output_beside_it():
    assert [code for code, _ in EXAMPLES] == code_blocks(PAGE, "python")
    assert len(EXAMPLES) == 8


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_a_block_prints_what_the_page_says(printed, number):
    assert printed[number] == EXAMPLES[number][1]
