"""Standard MIDI files, read and written, and the chords of equal frames that models know them by."""

from rnnzoo.midi.frames import MOST_FRAMES, chords_of, name_of, notes_of
from rnnzoo.midi.notes import HIGHEST, Music, Note
from rnnzoo.midi.reading import DamagedMidi, read_midi
from rnnzoo.midi.writing import write_midi

__all__ = [
    "HIGHEST",
    "MOST_FRAMES",
    "DamagedMidi",
    "Music",
    "Note",
    "chords_of",
    "name_of",
    "notes_of",
    "read_midi",
    "write_midi",
]
