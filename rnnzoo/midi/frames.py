"""Notes as chords of equal frames and back: a frame is the set of the notes that sound in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnzoo.midi.notes import DRUMS, HIGHEST, Music, Note

MOST_FRAMES = 1_000_000
"""A piece of more frames is refused: a few bytes of a file can claim a year of silence."""

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def name_of(number: int) -> str:
    """The name of a note with its octave; 60 is C4."""
    return f"{NAMES[number % 12]}{number // 12 - 1}"


def check_numbers(chords: Sequence[Any]) -> list[list[int]]:
    """Chords as sorted lists of whole numbers, no note twice.

    Raises:
        ValueError: a chord that is no collection of numbers from 0 to 127; says which.
    """
    found = []
    for place, chord in enumerate(chords):
        try:
            numbers = sorted({int(number) for number in chord})
            whole = all(int(number) == number for number in chord)
        except (TypeError, ValueError):
            numbers, whole = [], False
        if not whole or (numbers and not 0 <= numbers[0] <= numbers[-1] <= HIGHEST):
            raise ValueError(
                f"chord {place} is {chord!r:.80}; expected MIDI numbers from 0 to {HIGHEST}, such as [60, 64]."
            )
        found.append(numbers)
    return found


def chords_of(music: Music, frames_per_quarter: int = 1, *, drums: bool = False) -> list[list[int]]:
    """The notes of each frame, lowest first.

    A note's start and end are moved to the nearest border between frames; one that would vanish keeps one frame.

    Args:
        music: notes with their times.
        frames_per_quarter: 1: a frame is a quarter; 2: an eighth; 4: a sixteenth.
        drums: take the drums' channel, too, as if its notes had a pitch.

    Raises:
        ValueError: ``frames_per_quarter`` below 1, or more than ``MOST_FRAMES`` frames.
    """
    if frames_per_quarter < 1:
        raise ValueError(f"frames_per_quarter is {frames_per_quarter}; expected at least 1.")

    def nearest(time: int) -> int:
        return (2 * time * frames_per_quarter + music.ticks) // (2 * music.ticks)

    spans = []
    for note in music.notes:
        if note.channel != DRUMS or drums:
            begin = nearest(note.start)
            spans.append((begin, max(begin + 1, nearest(note.end)), note.number))
    length = max([nearest(music.length), *(end for _, end, _ in spans)])
    if length > MOST_FRAMES:
        raise ValueError(
            f"the music lasts {length} frames; expected at most {MOST_FRAMES}: fewer frames a quarter, or a shorter "
            "piece."
        )
    chords: list[set[int]] = [set() for _ in range(length)]
    for begin, end, number in spans:
        for frame in range(begin, end):
            chords[frame].add(number)
    return [sorted(chord) for chord in chords]


def notes_of(chords: Sequence[Any], ticks: int) -> list[Note]:
    """Chords as notes; one that is in successive frames is held, as a piano roll does not say when it is struck again.

    Args:
        chords: of each frame, MIDI numbers.
        ticks: of a frame.

    Raises:
        ValueError: a chord that is none.
    """
    sounding: dict[int, int] = {}
    notes = []
    for place, chord in enumerate([*check_numbers(chords), []]):
        for number in [number for number in sounding if number not in chord]:
            notes.append(Note(sounding.pop(number) * ticks, place * ticks, number))
        for number in chord:
            sounding.setdefault(number, place)
    return sorted(notes)
