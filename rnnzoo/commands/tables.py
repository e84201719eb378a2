"""How commands print a table: drawn on a terminal, aligned plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {"holds": "green", "broken": "bold red", "unverified": "yellow"}
"""Cells of these words are coloured on a terminal."""


def print_table(
    headings: Sequence[str],
    lines: Sequence[Sequence[str]],
    rich: Console,
    *,
    numeric: Sequence[str] = (),
    whole: Sequence[str] = (),
    plain_headings: bool = True,
) -> None:
    """Print ``lines`` of as many cells as there are ``headings``.

    Args:
        rich: where to; what is no terminal gets one line for each, columns two spaces apart.
        numeric: headings of the columns that are aligned to the right.
        whole: headings of the columns that a narrow terminal may not break.
        plain_headings: whether plain lines begin with one of headings.
    """
    if rich.is_terminal:
        _draw(headings, lines, rich, numeric, whole)
        return
    shown = [list(headings), *lines] if plain_headings else list(lines)
    widths = [max((len(line[i]) for line in shown), default=0) for i in range(len(headings))]
    for line in shown:
        aligned = [
            text.rjust(width) if heading in numeric else text.ljust(width)
            for text, width, heading in zip(line, widths, headings, strict=True)
        ]
        print("  ".join(aligned).rstrip())


def _draw(
    headings: Sequence[str],
    lines: Sequence[Sequence[str]],
    rich: Console,
    numeric: Sequence[str],
    whole: Sequence[str],
) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        drawn.add_column(
            heading, justify="right" if heading in numeric else "left", no_wrap=heading in whole, overflow="fold"
        )
    for line in lines:
        drawn.add_row(*(Text(cell, STYLES.get(cell, "")) for cell in line))
    rich.print(drawn)
