"""The codec of music: chords, MIDI files and piano rolls as batches of frames, and frames as chords."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data._frame_rows import FrameRows
from rnnzoo.data._keys import KEYS, estimate_key
from rnnzoo.midi import chords_of, name_of, read_midi
from rnnzoo.registry import CODECS, unknown

LOWEST, NUMBER_OF_KEYS = 21, 88
"""The keys of a piano: A0 to C8."""


@CODECS.register("piano_roll")
class PianoRollCodec:
    """Music as frames of 88 keys.

    An item is a list of chords (lists of MIDI numbers, an empty one is silence), an array (T, 88) of 0 and 1, or the
    path of a MIDI file; or a dict of "piece", one of these, and "key", such as "C major".

    Args:
        frames_per_quarter: of MIDI files that are read, and of what is written.
        first_frame: a silent frame is put before each piece, so that its first frame is told too.
        keyed: the key of a piece is read with it: as given, else as estimated, see ``data._keys``.
    """

    def __init__(self, frames_per_quarter: int, first_frame: bool = False, keyed: bool = False) -> None:
        self.frames_per_quarter = frames_per_quarter
        self.first_frame = first_frame
        self.keyed = keyed
        self.classes = list(KEYS) if keyed else []

    def encode(self, raw: list[Any]) -> SequenceBatch:
        """Pieces as a batch in which every frame is read; the last step of each has nothing to tell, and weight 0.

        Raises:
            UnknownName: a key that there is not.
            ValueError: nothing to encode, an item that is no music (says which), or a note that a piano lacks.
            FileNotFoundError: an item is the path of no file.
            DamagedMidi: an item is the path of a file that is no MIDI file.
        """
        if isinstance(raw, str) or not len(raw):
            raise ValueError(f"expected a list of at least one piece, got {raw!r:.80}.")
        pieces, keys = zip(*(self._piece(item, number) for number, item in enumerate(raw)), strict=True)
        rows = [np.concatenate([piece, np.zeros_like(piece[:1])]) for piece in pieces]  # what follows is not known
        values, lengths = np.concatenate(rows), [len(row) for row in rows]
        batch = FrameRows(values, lengths, list(keys) if self.keyed else None)[range(len(rows))]
        weights = batch.weights.clone()
        weights[torch.arange(len(rows)), batch.lengths - 1] = 0
        return batch._replace(weights=weights)

    def chords(self, piece: Any) -> list[list[int]]:
        """The chords of a piece, given in any of the forms of an item.

        Raises:
            ValueError, FileNotFoundError, DamagedMidi: as ``encode``.
        """
        return [self.chord(frame) for frame in self._roll(piece, "the piece")]

    def chord(self, frame: Any) -> list[int]:
        """The MIDI numbers of the keys that are down in a frame (88,)."""
        return [LOWEST + int(key) for key in np.flatnonzero(np.asarray(frame))]

    def names(self, chord: Sequence[int]) -> list[str]:
        """The names of MIDI numbers, such as C4."""
        return [name_of(number) for number in chord]

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        return {
            "codec": "piano_roll",
            "frames_per_quarter": self.frames_per_quarter,
            "first_frame": self.first_frame,
            "keyed": self.keyed,
        }

    def _piece(self, item: Any, number: int) -> tuple[np.ndarray, int]:
        """A piece as (T, 88) with what is read before it, and the number of its key."""
        given = None
        if isinstance(item, dict):
            if "piece" not in item or not item.keys() <= {"piece", "key"}:
                raise ValueError(
                    f"piece {number} is a dict of {', '.join(map(str, item))}; expected 'piece' and 'key'."
                )
            item, given = item["piece"], item.get("key")
            if given is not None and given not in KEYS:
                raise unknown("key", str(given), KEYS)
        roll = self._roll(item, f"piece {number}")
        if not len(roll) and not (self.first_frame and (given is not None or not self.keyed)):
            more = " and their key" * self.keyed if self.first_frame else ""
            raise ValueError(f"piece {number} is empty; expected at least one chord{more}.")
        key = KEYS.index(given) if given is not None else estimate_key(pitch_classes(roll))
        return (np.concatenate([np.zeros((1, NUMBER_OF_KEYS), np.uint8), roll]) if self.first_frame else roll), key

    def _roll(self, piece: Any, name: str) -> np.ndarray:
        if isinstance(piece, str | os.PathLike):
            piece = chords_of(read_midi(piece), self.frames_per_quarter)
        return to_roll(piece, name)


def to_roll(piece: Any, name: str) -> np.ndarray:
    """Chords, or an array (T, 88) of 0 and 1, as such an array of bytes.

    Raises:
        ValueError: it is neither, or a chord has a number that is no key of a piano.
    """
    if isinstance(piece, np.ndarray | torch.Tensor):
        values = np.asarray(piece)
        if values.ndim != 2 or values.shape[1] != NUMBER_OF_KEYS or not np.isin(values, (0, 1)).all():
            raise ValueError(f"{name} is an array {values.shape}; expected (T, {NUMBER_OF_KEYS}) of 0 and 1.")
        return values.astype(np.uint8)
    if not isinstance(piece, Sequence):
        raise ValueError(f"{name} is {piece!r:.60}; expected a list of chords, an array, or the path of a MIDI file.")
    roll = np.zeros((len(piece), NUMBER_OF_KEYS), dtype=np.uint8)
    last = LOWEST + NUMBER_OF_KEYS - 1
    for frame, chord in enumerate(piece):
        if not isinstance(chord, Sequence | set | frozenset) or isinstance(chord, str):
            raise ValueError(f"chord {frame} of {name} is {chord!r:.60}; expected a list of MIDI numbers.")
        for note in chord:
            if isinstance(note, str) or int(note) != note or not LOWEST <= note <= last:
                raise ValueError(
                    f"chord {frame} of {name} has the note {note!r}; expected MIDI numbers from {LOWEST} to {last}, "
                    "the keys of a piano."
                )
            roll[frame, int(note) - LOWEST] = 1
    return roll


def pitch_classes(roll: np.ndarray) -> np.ndarray:
    """(12,) in how many frames each of C, C sharp and so on is down, of a roll (T, 88)."""
    counts = roll.sum(axis=0, dtype=np.int64)
    return np.bincount((LOWEST + np.arange(NUMBER_OF_KEYS)) % 12, weights=counts, minlength=12)
