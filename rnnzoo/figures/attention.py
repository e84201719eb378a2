"""How much each step of a sequence counts for the answer: its words on a ground that is the darker the more."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib import colormaps
from matplotlib.figure import Figure

from rnnzoo.figures._style import INK, new_figure

COLUMNS = 84
"""Characters in a line of words."""

LONGEST = 18
"""Characters of a word; more are cut off."""

CHARACTER, LINE, TOP = 0.085, 0.24, 0.34  # inches: the width of a character, a line's height, and a heading's


class Attended(NamedTuple):
    """A sequence and what its steps count."""

    title: str
    steps: Sequence[str]
    weights: Sequence[float]  # adding up to 1


def attention(sequences: Sequence[Attended], *, title: str = "") -> Figure:
    """The steps of each sequence in lines of words; the darkest of a sequence counts most in it.

    Raises:
        ValueError: there is no sequence, or one whose weights are not as many as its steps.
    """
    if not sequences:
        raise ValueError("there is nothing to draw; expected at least one sequence.")
    placed = []
    for sequence in sequences:
        if len(sequence.steps) != len(sequence.weights) or not len(sequence.steps):
            raise ValueError(
                f"{sequence.title}: {len(sequence.weights)} weights for {len(sequence.steps)} steps; "
                "expected one for each step, and at least one."
            )
        placed.append(_lines([_short(step) for step in sequence.steps]))
    heights = [TOP + LINE * len(lines) for lines in placed]
    figure, (axis,) = new_figure(COLUMNS * CHARACTER + 0.4, sum(heights) + 0.6)
    axis.set_axis_off()
    axis.set_xlim(0, COLUMNS)
    axis.set_ylim(sum(heights), 0)
    colours, top = colormaps["Oranges"], 0.0
    for sequence, lines, height in zip(sequences, placed, heights, strict=True):
        strongest = max(sequence.weights) or 1.0
        axis.text(0, top + TOP / 2, sequence.title, fontsize=9, va="center", color=INK, parse_math=False)
        step = 0
        for number, line in enumerate(lines):
            for place, word in line:
                share = sequence.weights[step] / strongest
                middle = top + TOP + LINE * (number + 0.5)
                ground = {"boxstyle": "square,pad=0.12", "facecolor": colours(0.85 * share), "edgecolor": "none"}
                ink = "white" if share > 0.75 else INK
                axis.text(
                    place, middle, word, fontsize=8, family=["monospace"], va="center", color=ink, bbox=ground,
                    parse_math=False,
                )  # fmt: skip
                step += 1
        top += height
    if title:
        figure.suptitle(title, fontsize=11, color=INK, x=0.01, ha="left", parse_math=False)
    return figure


def _lines(words: Sequence[str]) -> list[list[tuple[int, str]]]:
    """The words of each line with the column at which each begins."""
    lines: list[list[tuple[int, str]]] = [[]]
    column = 0
    for word in words:
        width = _width(word)
        if lines[-1] and column + width > COLUMNS:
            lines.append([])
            column = 0
        lines[-1].append((column, word))
        column += width + 1
    return lines


def _short(word: str) -> str:
    shown = word.replace("\n", "⏎") or " "
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def _width(word: str) -> int:
    """Columns that a word takes; those of East Asia are twice as wide."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in word)
