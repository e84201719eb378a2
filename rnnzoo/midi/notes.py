"""What a piece of music is here: notes with their times, and how long a quarter is."""

from __future__ import annotations

from typing import NamedTuple

HIGHEST = 127
"""The highest number of a note: 60 is middle C, 21 to 108 are the keys of a piano."""

DRUMS = 9
"""The channel, counted from 0, whose notes are drums and have no pitch."""


class Note(NamedTuple):
    """A note that sounds from ``start`` to before ``end``, in ticks."""

    start: int
    end: int
    number: int  # 0 to HIGHEST
    velocity: int = 80  # 1 to 127
    channel: int = 0  # 0 to 15


class Music(NamedTuple):
    """A piece of music."""

    notes: list[Note]
    ticks: int  # in a quarter
    tempo: float = 120.0  # quarters a minute, at the beginning
    length: int = 0  # in ticks, with the silence behind the last note
