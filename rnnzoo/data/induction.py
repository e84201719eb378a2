"""Induction heads: what stood behind the mark the last time is to be told when the mark comes again.

A row is random tokens; at one place drawn at random stands a mark, with a token behind it, and the row ends with the
mark again. The label is that token. Trained at one length, tested at another where that is given.

Source: C. Olsson et al., "In-context Learning and Induction Heads", 2022, arXiv 2209.11895; the set-up of A. Gu,
T. Dao, "Mamba", 2023, arXiv 2312.00752, section 4.1.2: 16 tokens, the mark among them, rows of 256, tested up to 2^20.
"""

from __future__ import annotations

import numpy as np

from rnnzoo.data._batches import FlatSequences
from rnnzoo.data._drawn import DrawnData
from rnnzoo.registry import DATA

SYMBOLS, MARK = "abcdefghijklmnopqrstuvwxyz", "?"
SHORTEST = 3
"""The mark, what is behind it, the mark."""


def induction_rows(
    rows: int, length: int, symbols: int, random: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of tokens, the mark's number the last, and the token behind the first mark.

    Returns:
        tokens (rows, length) and labels (rows,), both int64.
    """
    tokens = random.randint(0, symbols, size=(rows, length))
    places, row = random.randint(0, length - 2, size=rows), np.arange(rows)
    tokens[row, places] = tokens[:, -1] = symbols
    return tokens, tokens[row, places + 1]


@DATA.register(
    "induction",
    description="induction heads: which token stood behind the mark (Olsson et al. 2022, Gu and Dao 2023)",
    kind="label",
    licence="generated",
    source="",
)
class Induction(DrawnData):
    """Rows of ``length`` tokens that end with the mark.

    Args:
        length: tokens of a row, at least 3, the marks among them.
        test_length: of a test row; None: as ``length``.
        symbols: tokens besides the mark, 2 to 26.
        training, validation, test: rows of each split; with ``fresh``, training rows of a pass.
        fresh: other training rows in every pass, as in the paper.
        data_seed: of the generator of all rows.
        batch_size, eval_batch_size, shuffle, seed, num_workers: as ``ZooData`` says.

    Raises:
        ValueError: numbers out of these ranges.
    """

    def __init__(
        self,
        length: int = 256,
        test_length: int | None = None,
        symbols: int = 15,
        training: int = 8192,
        validation: int = 1000,
        test: int = 1000,
        fresh: bool = True,
        batch_size: int = 64,
        shuffle: bool = True,
        data_seed: int = 0,
        eval_batch_size: int = 250,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        for name, given in (("length", length), ("test_length", test_length)):
            if given is not None and given < SHORTEST:
                raise ValueError(f"{name} is {given}; expected at least {SHORTEST}: a mark, a token, and the mark.")
        if not 2 <= symbols <= len(SYMBOLS):
            raise ValueError(f"symbols is {symbols}; expected 2 to {len(SYMBOLS)}.")
        super().__init__(
            alphabet=[*SYMBOLS[:symbols], MARK], labels=list(SYMBOLS[:symbols]), example="ab?bab?",
            rows=(training, validation, test), data_seed=data_seed, fresh=fresh, batch_size=batch_size,
            eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed, num_workers=num_workers,
        )  # fmt: skip
        self.length = length
        self.test_length = test_length or length

    def draw(self, split: str, rows: int, random: np.random.RandomState) -> FlatSequences:
        """Rows and their labels."""
        length = self.test_length if split == "test" else self.length
        return FlatSequences.of_equal_length(*induction_rows(rows, length, len(self.labels), random))

    @classmethod
    def tiny(cls) -> Induction:
        """Few tokens in short rows."""
        return cls(length=6, symbols=3, training=64, validation=16, test=16, batch_size=16)
