"""Chords as a standard MIDI file of format 0 or 1.

Source: MIDI Manufacturers Association, "Standard MIDI Files 1.0", 1988 (RP-001).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rnnzoo.midi.frames import notes_of
from rnnzoo.midi.notes import Note

LONGEST_DELTA = 0x0FFFFFFF  # ticks from event to event: four bytes of seven bits
LONGEST_QUARTER = 0xFFFFFF  # microseconds: three bytes
MOST_TICKS = 0x7FFF  # in a quarter: fifteen bits
MICROSECONDS = 60_000_000  # in a minute


def write_midi(
    path: str | os.PathLike[str],
    chords: Sequence[Any],
    *,
    frames_per_quarter: int = 1,
    tempo: float = 90.0,
    velocity: int = 80,
    program: int = 0,
    ticks: int = 480,
    format: int = 1,
) -> Path:
    """Write chords of equal frames; a note in successive frames is held. The file appears whole or not at all.

    Args:
        path: where to; a name that ends in .mid or .midi.
        chords: of each frame, MIDI numbers; an empty one is silence, also at the end.
        frames_per_quarter: 1: a frame is a quarter; 2: an eighth.
        tempo: quarters a minute.
        velocity: of every note, 1 to 127.
        program: the instrument, 0 to 127; 0 is a grand piano.
        ticks: in a quarter; a multiple of ``frames_per_quarter``.
        format: 0: one track; 1: a track of the tempo and one of the notes.

    Returns:
        ``path``.

    Raises:
        ValueError: a number outside what is said here or what a file can hold: a note, a tempo, a time.
        OSError: it cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".mid", ".midi"):
        raise ValueError(f"{path} ends with {path.suffix or 'no suffix'!r}; expected .mid or .midi.")
    content = midi_bytes(
        chords, frames_per_quarter=frames_per_quarter, tempo=tempo, velocity=velocity, program=program, ticks=ticks,
        format=format,
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(content)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def midi_bytes(
    chords: Sequence[Any],
    *,
    frames_per_quarter: int,
    tempo: float,
    velocity: int,
    program: int,
    ticks: int,
    format: int,
) -> bytes:
    """The content of a file, as ``write_midi`` says."""
    for name, number, low, high in (
        ("format", format, 0, 1),
        ("velocity", velocity, 1, 127),
        ("program", program, 0, 127),
        ("ticks", ticks, 1, MOST_TICKS),
        ("frames_per_quarter", frames_per_quarter, 1, ticks),
    ):
        if not low <= number <= high:
            raise ValueError(f"{name} is {number}; expected {low} to {high}.")
    if ticks % frames_per_quarter:
        raise ValueError(
            f"ticks is {ticks} and frames_per_quarter {frames_per_quarter}; expected a multiple, so that a frame is a "
            "whole number of ticks."
        )
    quarter = round(MICROSECONDS / tempo) if tempo > 0 else 0
    if not 1 <= quarter <= LONGEST_QUARTER:
        raise ValueError(
            f"tempo is {tempo} quarters a minute; expected {MICROSECONDS / LONGEST_QUARTER:.2f} to {MICROSECONDS}."
        )
    frame = ticks // frames_per_quarter
    notes = notes_of(chords, frame)
    timed = [(0, b"\xff\x51\x03" + quarter.to_bytes(3, "big"))]
    played = [(0, bytes([0xC0, program])), *_events(notes, velocity)]
    end = len(chords) * frame
    tracks = [timed + played] if format == 0 else [timed, played]
    header = b"".join(number.to_bytes(2, "big") for number in (format, len(tracks), ticks))
    return b"".join([_chunk(b"MThd", header), *(_chunk(b"MTrk", _track(track, end)) for track in tracks)])


def variable_length(number: int) -> bytes:
    """A number in groups of seven bits, the highest first, with the eighth bit set in all but the last.

    Raises:
        ValueError: it is negative or takes more than four bytes.
    """
    if not 0 <= number <= LONGEST_DELTA:
        raise ValueError(
            f"{number} ticks pass between two events; expected 0 to {LONGEST_DELTA}, as a MIDI file can hold: give a "
            "shorter piece or fewer ticks a quarter."
        )
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(0x80 | number & 0x7F)
    return bytes(reversed(groups))


def _events(notes: Iterable[Note], velocity: int) -> list[tuple[int, bytes]]:
    """Every beginning and end with its time; at the same time the ends come first."""
    found = []
    for note in notes:
        found.append((note.end, 0, bytes([0x80, note.number, 0])))
        found.append((note.start, 1, bytes([0x90, note.number, velocity])))
    return [(time, event) for time, _, event in sorted(found)]


def _track(events: Iterable[tuple[int, bytes]], end: int) -> bytes:
    parts, now = [], 0
    for time, event in [*events, (end, b"\xff\x2f\x00")]:
        parts += [variable_length(time - now), event]
        now = time
    return b"".join(parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "big") + content
