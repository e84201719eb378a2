"""A piano roll: each note a bar at its height, as long as it sounds; what was given and what was written apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from rnnzoo.figures._style import COLOURS, INK, new_figure

BLACK = (1, 3, 6, 8, 10)  # pitch classes of the black keys
WIDTH, HEIGHT = 9.0, 2.9  # inches, of one roll
GROUND = "#F3F3F3"


class Roll(NamedTuple):
    """A piece."""

    title: str
    chords: Sequence[Sequence[int]]  # MIDI numbers of each frame
    given: int = 0  # frames of its beginning that are not the model's; 0: all are of one sort


def piano_roll(rolls: Sequence[Roll], *, title: str = "", frame: str = "frame") -> Figure:
    """The pieces one below the other, on the same scales; black keys are rows of grey.

    Args:
        rolls: the pieces.
        title: above them all.
        frame: what a step of time is called.

    Raises:
        ValueError: no piece, one without frames, more given frames than there are, or no note in all of them.
    """
    if not rolls:
        raise ValueError("there is nothing to draw; expected at least one piece.")
    for roll in rolls:
        if not 0 <= roll.given <= len(roll.chords) or not len(roll.chords):
            raise ValueError(
                f"{roll.title}: {roll.given} of {len(roll.chords)} frames are given; expected at least one frame, and "
                "no more given than there are."
            )
    numbers = [number for roll in rolls for chord in roll.chords for number in chord]
    if not numbers:
        raise ValueError("no note sounds in all the pieces; expected at least one to draw.")
    low, high = min(numbers) - 2, max(numbers) + 2
    figure, axes = new_figure(WIDTH, HEIGHT * len(rolls) + 0.3, rows=len(rolls))
    longest = max(len(roll.chords) for roll in rolls)
    for axis, roll in zip(axes, rolls, strict=True):
        for key in range(low, high + 1):
            if key % 12 in BLACK:
                axis.axhspan(key - 0.5, key + 0.5, color=GROUND, zorder=0, linewidth=0)
        for number, begin, end in bars(roll):
            colour = COLOURS[0] if begin < roll.given or not roll.given else COLOURS[1]
            axis.broken_barh(
                [(begin + 0.06, end - begin - 0.12)], (number - 0.42, 0.84), facecolors=colour, edgecolors="none"
            )
        if 0 < roll.given < len(roll.chords):
            axis.axvline(roll.given, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
        axis.grid(False, axis="y")
        axis.set_xlim(0, longest)
        axis.set_ylim(low - 0.5, high + 0.5)
        octaves = [key for key in range(low, high + 1) if key % 12 == 0]
        axis.set_yticks(octaves, [f"C{key // 12 - 1}" for key in octaves])
        axis.set_title(roll.title, color=INK, fontsize=10, loc="left", parse_math=False)
        axis.set_ylabel("key", color=INK, fontsize=10)
    axes[-1].set_xlabel(frame, color=INK, fontsize=10)
    if title:
        figure.suptitle(title, fontsize=11, color=INK, x=0.01, ha="left", parse_math=False)
    return figure


def bars(roll: Roll) -> list[tuple[int, int, int]]:
    """Each note with the frames it begins and ends at; it is cut where what was given ends."""
    found: list[tuple[int, int, int]] = []
    begun: dict[int, int] = {}
    for place, chord in enumerate([*roll.chords, ()]):
        for number in [number for number in begun if number not in chord or place == roll.given]:
            found.append((number, begun.pop(number), place))
        for number in chord:
            begun.setdefault(number, place)
    return sorted(found)
