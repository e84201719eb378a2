"""Even pairs: whether a word of a's and b's has an even number of ab and ba; so whether it ends as it began.

Source: G. Delétang et al., "Neural Networks and the Chomsky Hierarchy", 2022, arXiv 2207.02098, table 1 (a regular
language, and the easiest of it: two states suffice).
"""

from __future__ import annotations

import numpy as np

from rnnzoo.data._words import WordData
from rnnzoo.registry import DATA

LABELS = ("even", "odd")


@DATA.register(
    "even_pairs",
    description="whether a word has an even number of ab and ba: short words to train on, long ones to test",
    kind="label",
    licence="generated",
    source="",
)
class EvenPairs(WordData):
    """Words of a and b; the labels are even and odd.

    Args:
        longest: tokens of a word to train on and for validation, from 1.
        test_longest: tokens of a word to test; the shortest has one more than ``longest``.
        training, validation, test: rows of each split; with ``fresh``, training rows of a pass.
        fresh: other training rows in every pass, as in the paper.
        data_seed: of the generator of all rows.
        batch_size, eval_batch_size, shuffle, seed, num_workers: as ``ZooData`` says.

    Raises:
        ValueError: a length or a split's rows below 1, or lengths that don't rise.
    """

    def __init__(
        self,
        longest: int = 40,
        test_longest: int = 500,
        training: int = 12_800,
        validation: int = 1000,
        test: int = 1000,
        fresh: bool = True,
        batch_size: int = 128,
        shuffle: bool = True,
        data_seed: int = 0,
        eval_batch_size: int = 250,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            alphabet="ab", labels=LABELS, example="abba", longest=longest,
            test_longest=test_longest, rows=(training, validation, test), data_seed=data_seed, fresh=fresh,
            batch_size=batch_size, eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed,
            num_workers=num_workers,
        )  # fmt: skip

    def label_words(self, tokens: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Every ab or ba changes the letter: their number is odd where the last one is not the first."""
        return (tokens[begins] != tokens[ends - 1]).astype(np.int64)

    @classmethod
    def tiny(cls) -> EvenPairs:
        """Few short words."""
        return cls(longest=6, test_longest=9, training=64, validation=16, test=16, batch_size=16)
