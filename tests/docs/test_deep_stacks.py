"""docs/deep-stacks.md: its lines run, and its tables have every wrapper and every recipe."""

import re

from pages import ROOT

from rnnzoo.initialization import RECIPES
from rnnzoo.wrappers import WRAPPERS

PAGE = (ROOT / "docs" / "deep-stacks.md").read_text(encoding="utf-8")


def test_its_lines_run():
    made = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.S)[1], made)
    assert [type(cell.cell).__name__ for cell in made["griffin"].cells] == ["RGLRU", "RGLRU", "WindowAttention"] * 2
    assert list(made["regularised"].wrappers) == ["weight_drop", "zoneout"]


def test_its_tables_have_every_wrapper_and_every_recipe():
    first = [cell for row in re.findall(r"^\| (`[^|]*)\|", PAGE, re.M) for cell in re.findall(r"`(\w+)`", row)]
    assert sorted(first) == sorted([*WRAPPERS, *RECIPES])
