"""Cycle navigation: where one stands on a cycle after steps forward, steps back and rests.

Source: G. Delétang et al., "Neural Networks and the Chomsky Hierarchy", 2022, arXiv 2207.02098, table 1 (a cycle of
five places; the additions of a group, in which no step may be forgotten).
"""

from __future__ import annotations

import numpy as np

from rnnzoo.data._words import WordData
from rnnzoo.registry import DATA

MOVES, REST = "-=+", "="


@DATA.register(
    "cycle_navigation",
    description="the place on a cycle after steps back and forward: short words to train on, long ones to test",
    kind="label",
    licence="generated",
    source="",
)
class CycleNavigation(WordData):
    """Words of - (a step back), = (a rest) and + (a step forward); the labels are the places, 0 at the start.

    Args:
        places: of the cycle, at least 2.
        longest: tokens of a word to train on and for validation, from 1.
        test_longest: tokens of a word to test; the shortest has one more than ``longest``.
        training, validation, test: rows of each split; with ``fresh``, training rows of a pass.
        fresh: other training rows in every pass, as in the paper.
        data_seed: of the generator of all rows.
        batch_size, eval_batch_size, shuffle, seed, num_workers: as ``ZooData`` says.

    Raises:
        ValueError: fewer than 2 places, a length or a split's rows below 1, or lengths that don't rise.
    """

    def __init__(
        self,
        places: int = 5,
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
        if places < 2:
            raise ValueError(f"places is {places}; expected a cycle of at least 2.")
        super().__init__(
            alphabet=MOVES, labels=[str(place) for place in range(places)], example="+=+-", longest=longest,
            test_longest=test_longest, rows=(training, validation, test), data_seed=data_seed, fresh=fresh,
            batch_size=batch_size, eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed,
            num_workers=num_workers,
        )  # fmt: skip

    def label_words(self, tokens: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """All steps together, modulo the number of places."""
        return np.add.reduceat(tokens - MOVES.index(REST), begins) % len(self.labels)

    @classmethod
    def tiny(cls) -> CycleNavigation:
        """Few short words."""
        return cls(longest=6, test_longest=9, training=64, validation=16, test=16, batch_size=16)
