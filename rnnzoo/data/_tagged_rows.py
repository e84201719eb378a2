"""Tagged sentences as rows: whole batches of tokens, characters, tags and intents by vectorised gathers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data._batches import FlatSequences


class WordTable(NamedTuple):
    """What there is to know of each distinct word, row 0 being that of padding: zeros."""

    tokens: np.ndarray  # (S,)
    characters: np.ndarray | None  # (S, C), 0 behind a word's end; None: no such features


class TaggedSequences(FlatSequences):
    """Sentences with a tag for each step; ``rows[list of row numbers]`` is a padded batch.

    Its inputs are tokens (B, T); with characters a dict of "words" (B, T) and "characters" (B, T, C), C being those of
    the batch's longest word. Its targets are tags (B, T); with intents a dict of "tags" (B, T) and "intent" (B,).

    Args:
        words: (N,) the row of each step's word in ``table``, every sentence's steps one after the other.
        lengths: (R,) steps of each sentence.
        tags: (N,) the tag of each step.
        table: tokens and characters of the distinct words.
        intents: (R,) the label of each sentence; ``None``: there is none.

    Raises:
        ValueError: as ``FlatSequences``, or there are not as many intents as sentences.
    """

    def __init__(self, words: Any, lengths: Any, tags: Any, table: WordTable, intents: Any = None) -> None:
        super().__init__(words, lengths, tags, per_step=True)
        self.tokens = torch.as_tensor(table.tokens, dtype=torch.int64)  # (S,)
        self.characters = None if table.characters is None else torch.as_tensor(table.characters)  # (S, C)
        if self.characters is not None:
            self.widths = self.characters.ne(0).sum(1)  # (S,)
        self.intents = None if intents is None else torch.as_tensor(intents, dtype=torch.int64)  # (R,)
        if self.intents is not None and len(self.intents) != len(self):
            raise ValueError(f"{len(self.intents)} intents for {len(self)} sentences; expected one each.")

    def __getitem__(self, rows: Sequence[int]) -> SequenceBatch:
        """The sentences as one batch; ``FILLER`` rows have weight 0 and target 0."""
        batch = super().__getitem__(rows)
        words = batch.inputs  # (B, T) rows of the table
        inputs: Any = self.tokens[words]
        if self.characters is not None:
            width = max(1, int(self.widths[words].max()))
            inputs = {"words": inputs, "characters": self.characters[:, :width][words].long()}  # (B, T, C)
        targets: Any = batch.targets
        if self.intents is not None:
            index = torch.as_tensor(rows, dtype=torch.int64)  # (B,)
            intent = self.intents[index.clamp(min=0)].masked_fill(index < 0, 0)
            targets = {"tags": targets, "intent": intent}
        return batch._replace(inputs=inputs, targets=targets)
