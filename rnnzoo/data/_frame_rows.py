"""Pieces of frames, each to be told from those before it: one array of bytes, and whole batches by gathers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data._batches import Rows
from rnnzoo.data._keys import transposed


class FrameRows(Rows):
    """R pieces of frames of F keys; ``dataset[list of row numbers]`` is a whole padded ``SequenceBatch``.

    A piece of n frames is a row of n - 1 steps: what is read is a frame, what is to be told is the next. Inputs are
    (B, T, F) floats, or with classes a dict of these "frames" and the "class" (B,) of each piece.

    Args:
        values: (N, F) of 0 and 1, every piece's frames one after the other.
        lengths: (P,) frames of each piece, each at least 2; they add up to N.
        classes: (P,) a whole number for each piece; ``None``: there are no classes.
        window: pieces are cut into rows of at most so many steps, each of which begins afresh; ``None``: none is cut.
        semitones: how far each row is moved along the keys, as many times as there are numbers: R is so much larger.
            Classes are keys then.

    Raises:
        ValueError: arrays that do not fit together, a piece of less than two frames, or one moved off the keys.
    """

    def __init__(
        self,
        values: Any,
        lengths: Any,
        classes: Any = None,
        *,
        window: int | None = None,
        semitones: Sequence[int] = (0,),
    ) -> None:
        self.values = torch.as_tensor(values, dtype=torch.uint8)  # (N, F)
        pieces = np.asarray(lengths, dtype=np.int64)  # (P,)
        if not len(pieces) or pieces.min() < 2:
            raise ValueError(
                f"piece {pieces.argmin() if len(pieces) else 0} has {pieces.min() if len(pieces) else 0} frames; "
                "expected at least 2 in every piece: one to read and one to tell."
            )
        if pieces.sum() != len(self.values):
            raise ValueError(f"lengths add up to {pieces.sum()}, values has {len(self.values)} frames.")
        used = self.values.any(dim=0).nonzero().flatten().tolist() or [0]
        low, high = used[0] + min(semitones), used[-1] + max(semitones)
        if low < 0 or high >= self.values.shape[1]:
            raise ValueError(
                f"pieces that use the keys {used[0]} to {used[-1]} are moved by {min(semitones)} to {max(semitones)}; "
                f"expected them to stay within 0 to {self.values.shape[1] - 1}."
            )
        steps = pieces - 1
        parts = np.ones_like(steps) if window is None else -(-steps // window)
        first = np.repeat(parts.cumsum() - parts, parts)
        offset = (np.arange(parts.sum()) - first) * (window or 0)  # of each row in its piece
        rest = np.repeat(steps, parts) - offset
        self.begins = torch.from_numpy(np.repeat(pieces.cumsum() - pieces, parts) + offset)
        own = torch.from_numpy(rest if window is None else np.minimum(rest, window))
        self.semitones = torch.as_tensor(list(semitones))
        self.lengths = own.repeat(len(self.semitones))  # (R,)
        self.classes: torch.Tensor | None = None
        if classes is not None:
            numbers = np.repeat(np.asarray(classes), parts).tolist()
            self.classes = torch.tensor(
                [transposed(key, move) if move else key for move in semitones for key in numbers]
            )

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows: Sequence[int]) -> SequenceBatch:
        """The rows as one batch; ``FILLER`` rows have weight 0."""
        index = torch.as_tensor(rows, dtype=torch.int64)  # (B,)
        filler = index < 0  # (B,)
        index = index.clamp(min=0)
        lengths = self.lengths[index].masked_fill_(filler, 1)  # (B,)
        steps = torch.arange(int(lengths.max()))  # (T,)
        inside = (steps < lengths[:, None]) & ~filler[:, None]  # (B, T)
        places = self.begins[index % len(self.begins)][:, None] + steps  # (B, T)
        moves = self.semitones[index // len(self.begins)]  # (B,)
        inputs = self._frames(places, moves, inside)
        targets = self._frames(places + 1, moves, inside)
        given: Any = inputs
        if self.classes is not None:
            given = {"frames": inputs, "class": self.classes[index].masked_fill(filler, 0)}
        return SequenceBatch(
            inputs=given,
            lengths=lengths,
            targets=targets,
            weights=inside.float(),
            starts=torch.ones(len(index), dtype=torch.bool),
        )

    def _frames(self, places: torch.Tensor, moves: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        frames = self.values[places.clamp(max=len(self.values) - 1)]  # (B, T, F)
        if bool(moves.any()):
            keys = (torch.arange(frames.shape[2]) - moves[:, None]) % frames.shape[2]  # (B, F)
            frames = frames.gather(2, keys[:, None].expand(-1, frames.shape[1], -1))
        return frames.float().masked_fill_(~inside[..., None], 0)
