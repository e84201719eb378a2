"""Words of a formal language with one label each: short ones to train on, longer ones to test.

The set-up of G. Delétang et al., "Neural Networks and the Chomsky Hierarchy", 2022, arXiv 2207.02098: every length up
to 40 to train on, as likely each, new words at every step; 41 to 500 to test.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnzoo.data._batches import FlatSequences
from rnnzoo.data._checks import check_positive
from rnnzoo.data._drawn import DrawnData


class WordData(DrawnData):
    """Words of random tokens, and the label of each (``label_words``), told at its end.

    Args:
        alphabet, labels, example: as ``DrawnData`` says.
        longest: tokens of a word to train on and for validation, from 1.
        test_longest: tokens of a word to test; the shortest has one more than ``longest``.
        rest: the other arguments of ``DrawnData``.

    Raises:
        ValueError: a length or a split's rows below 1, or lengths that don't rise.
    """

    def __init__(
        self,
        *,
        alphabet: Sequence[str],
        labels: Sequence[str],
        example: str,
        longest: int,
        test_longest: int,
        **rest: Any,
    ) -> None:
        check_positive(longest=longest)
        if longest >= test_longest:
            raise ValueError(f"longest is {longest} and test_longest {test_longest}; expected it to be longer.")
        super().__init__(alphabet=alphabet, labels=labels, example=example, **rest)
        self.lengths = {"train": (1, longest), "validation": (1, longest), "test": (longest + 1, test_longest)}

    def label_words(self, tokens: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The label (R,) of each word.

        Args:
            tokens: (N,) of all words, one after another.
            begins, ends: (R,), a word's first token, and the one behind its last.
        """
        raise NotImplementedError(f"{type(self).__name__} does not label its words.")

    def draw(self, split: str, rows: int, random: np.random.RandomState) -> FlatSequences:
        """Words of lengths drawn from the split's, and their labels."""
        low, high = self.lengths[split]
        lengths = random.randint(low, high + 1, size=rows)
        ends = lengths.cumsum()
        tokens = random.randint(0, len(self.codec.alphabet), size=ends[-1])
        return FlatSequences(tokens, lengths, self.label_words(tokens, ends - lengths, ends))
