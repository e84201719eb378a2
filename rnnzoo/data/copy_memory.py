"""The copying memory problem: ten symbols, a long stretch of blanks, and at a mark the ten are to be written down.

A row of T + 20 tokens: ten letters drawn from eight, T - 1 blanks, a mark, ten blanks. The target is a blank for the
first T + 10 steps, then the ten letters in their order. Who remembers nothing writes blanks and then guesses: a cross
entropy of 10 log 8 / (T + 20) nats a step.

Source: S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997; in the form of
M. Arjovsky, A. Shah, Y. Bengio, "Unitary Evolution Recurrent Neural Networks", 2016, arXiv 1511.06464, section 4.1.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from rnnzoo.data._batches import FlatSequences
from rnnzoo.data._checks import check_positive
from rnnzoo.data._drawn import DrawnData
from rnnzoo.registry import DATA, unknown

LETTERS, BLANK, MARK = "abcdefgh", ".", "?"
TOKENS = LETTERS + BLANK + MARK
SYMBOLS = 10
COUNTED = ("every", "symbols")


def copy_rows(rows: int, blanks: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Rows of tokens and what is to be written at each step.

    Returns:
        tokens and targets (rows, blanks + 20), int64.
    """
    letters = random.randint(0, len(LETTERS), size=(rows, SYMBOLS))
    tokens = np.full((rows, blanks + 2 * SYMBOLS), TOKENS.index(BLANK), dtype=np.int64)
    targets = tokens.copy()
    tokens[:, :SYMBOLS], targets[:, -SYMBOLS:] = letters, letters
    tokens[:, SYMBOLS + blanks - 1] = TOKENS.index(MARK)
    return tokens, targets


@DATA.register(
    "copy_memory",
    description="ten letters, to be written down after a long stretch of blanks (Arjovsky et al. 2016)",
    kind="tags",
    licence="generated",
    source="",
)
class CopyMemory(DrawnData):
    """Rows of ``blanks`` + 20 tokens of ten; targets are the eight letters and the blank.

    Args:
        blanks: T, from the last letter to the mark.
        counted: "every" step has a weight, as in the paper, or the ten "symbols" at the end alone.
        training, validation, test: rows of each split; with ``fresh``, training rows of a pass.
        fresh: other training rows in every pass, as in the paper.
        data_seed: of the generator of all rows.
        batch_size, eval_batch_size, shuffle, seed, num_workers: as ``ZooData`` says.

    Raises:
        UnknownName: other steps to be counted.
        ValueError: ``blanks`` or a split's rows below 1.
    """

    kind = "tags"

    def __init__(
        self,
        blanks: int = 200,
        counted: Literal["every", "symbols"] = "every",
        training: int = 5000,
        validation: int = 1000,
        test: int = 1000,
        fresh: bool = True,
        batch_size: int = 50,
        shuffle: bool = True,
        data_seed: int = 0,
        eval_batch_size: int = 250,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        check_positive(blanks=blanks)
        if counted not in COUNTED:
            raise unknown("counted", counted, COUNTED)
        super().__init__(
            alphabet=TOKENS, labels=LETTERS + BLANK, example="abcdefghab...?..........",
            rows=(training, validation, test), data_seed=data_seed, fresh=fresh, batch_size=batch_size,
            eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed, num_workers=num_workers,
        )  # fmt: skip
        self.blanks = blanks
        self.counted = counted

    def draw(self, split: str, rows: int, random: np.random.RandomState) -> FlatSequences:
        """Rows and their targets."""
        tokens, targets = copy_rows(rows, self.blanks, random)
        weights = np.ones(tokens.shape, dtype=np.float32)
        if self.counted == "symbols":
            weights[:, :-SYMBOLS] = 0
        return FlatSequences.with_target_a_step(tokens, targets, weights)

    @classmethod
    def tiny(cls) -> CopyMemory:
        """Few rows with few blanks."""
        return cls(blanks=3, training=64, validation=16, test=16, batch_size=16)
