"""The notes of a standard MIDI file of format 0 or 1.

Source: MIDI Manufacturers Association, "Standard MIDI Files 1.0", 1988 (RP-001).
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from rnnzoo.midi.notes import Music, Note

MICROSECONDS = 60_000_000  # in a minute
CUSTOMARY = 500_000  # microseconds of a quarter where a file does not say
DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
"""Of each sort of event, how many numbers follow."""
TEMPO, END_OF_TRACK = 0x51, 0x2F


class DamagedMidi(ValueError):
    """A file that is no MIDI file, is cut off, or is of a sort that has no notes in quarters."""


def read_midi(path: str | os.PathLike[str]) -> Music:
    """The notes of all tracks, the earliest first.

    A note that is struck again while it sounds ends in the order of the strokes; one that never ends, with its track.
    Tempo changes do not matter, as times are in ticks of a quarter; the first is told.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedMidi: it is no MIDI file, not whole, of format 2, or its times are seconds (SMPTE); says where.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file {path} (looked for {path.absolute()}); give a MIDI file that exists."
        )
    return _File(path.read_bytes(), path).music()


class _File:
    """A file's bytes and how far they have been read."""

    def __init__(self, content: bytes, path: Path) -> None:
        self.content, self.path = content, path
        self.place, self.end = 0, len(content)

    def music(self) -> Music:
        if self.content[:4] != b"MThd":
            raise self.damaged(f"it begins with {self.content[:4]!r}; expected b'MThd', as every MIDI file does")
        header = self.chunk()
        if len(header) < 6:
            raise self.damaged(f"its header has {len(header)} bytes; expected 6")
        format_, tracks, ticks = (int.from_bytes(header[i : i + 2], "big") for i in (0, 2, 4))
        if format_ > 1:
            raise self.damaged(f"it is of format {format_}; expected 0 or 1")
        if ticks & 0x8000 or not ticks:
            raise self.damaged("its times are not in parts of a quarter; expected ticks a quarter in the header")
        notes: list[Note] = []
        tempos: list[tuple[int, int]] = []
        length = 0
        while self.place < self.end and tracks:
            if self.content[self.place : self.place + 4] != b"MTrk":
                self.chunk()  # of a sort that is not known: to be passed over
                continue
            stop, self.end = self.end, self.chunk_end()
            length = max(length, self.track(notes, tempos))
            self.place, self.end, tracks = self.end, stop, tracks - 1
        if tracks:
            raise self.damaged(f"it ends {tracks} track(s) before its header says")
        tempo = min(tempos)[1] if tempos else CUSTOMARY
        return Music(sorted(notes), ticks, MICROSECONDS / max(1, tempo), length)

    def track(self, notes: list[Note], tempos: list[tuple[int, int]]) -> int:
        """Add a track's notes and tempos; its length in ticks."""
        sounding: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        now, status = 0, 0
        while self.place < self.end:
            now += self.number()
            if self.peek() & 0x80:
                status = self.byte()
            elif not status:
                raise self.damaged("an event has no status")
            if status == 0xFF:
                sort, told = self.byte(), self.take(self.number())
                if sort == END_OF_TRACK:
                    break
                if sort == TEMPO and len(told) == 3:
                    tempos.append((now, int.from_bytes(told, "big")))
                status = 0
            elif status in (0xF0, 0xF7):
                self.take(self.number())
                status = 0
            elif status & 0xF0 not in DATA_BYTES:
                raise self.damaged(f"an event has the status 0x{status:02x}, which is none of a file's")
            else:
                told = self.take(DATA_BYTES[status & 0xF0])
                if max(told) > 0x7F:
                    raise self.damaged(f"an event's data are {told!r}; expected numbers from 0 to 127")
                self.stroke(status, told, now, sounding, notes)
        for (channel, number), begun in sounding.items():
            notes += [Note(start, now, number, velocity, channel) for start, velocity in begun]
        return now

    @staticmethod
    def stroke(
        status: int,
        told: bytes,
        now: int,
        sounding: defaultdict[tuple[int, int], list[tuple[int, int]]],
        notes: list[Note],
    ) -> None:
        """Begin or end a note; other events are none."""
        sort, channel = status & 0xF0, status & 0x0F
        if sort == 0x90 and told[1]:
            sounding[channel, told[0]].append((now, told[1]))
        elif sort in (0x80, 0x90) and sounding[channel, told[0]]:
            start, velocity = sounding[channel, told[0]].pop(0)
            notes.append(Note(start, now, told[0], velocity, channel))

    def chunk_end(self) -> int:
        """Go behind a chunk's name and length; where it ends."""
        length = int.from_bytes(self.take(8)[4:], "big")
        if self.place + length > self.end:
            raise self.damaged(f"a part of {length} bytes begins here, and {self.end - self.place} are left")
        return self.place + length

    def chunk(self) -> bytes:
        """The content of a chunk."""
        return self.take(self.chunk_end() - self.place)

    def number(self) -> int:
        """A number of variable length."""
        found = 0
        for _ in range(4):
            byte = self.byte()
            found = found << 7 | byte & 0x7F
            if byte < 0x80:
                return found
        raise self.damaged("a number has more than four bytes")

    def peek(self) -> int:
        """The next byte, which stays."""
        if self.place >= self.end:
            raise self.damaged("it is cut off in an event")
        return self.content[self.place]

    def byte(self) -> int:
        return self.take(1)[0]

    def take(self, length: int) -> bytes:
        if self.place + length > self.end:
            raise self.damaged(f"it is cut off: {length} bytes are expected and {self.end - self.place} are left")
        found = self.content[self.place : self.place + length]
        self.place += length
        return found

    def damaged(self, why: str) -> DamagedMidi:
        return DamagedMidi(f"{self.path} ({len(self.content)} bytes) at byte {self.place}: {why}.")
