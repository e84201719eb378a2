"""Selective copying: symbols among noise at random places, to be written down in their order when marks ask for them.

A row is ``length`` tokens, of which ``symbols`` are letters at places drawn at random and all others are noise, then as
many marks; the target at the n-th mark is the n-th letter. Since the letters' places vary, a layer that is the same at
every step, whatever it reads, cannot tell what to keep.

Source: L. Jing et al., "Gated Orthogonal Recurrent Units: On Learning to Forget", 2017, arXiv 1706.02761, section 4.2
(the denoise task); A. Gu, T. Dao, "Mamba", 2023, arXiv 2312.00752, section 4.1.1 (4,096 tokens, 16 symbols of 16).
"""

from __future__ import annotations

import numpy as np

from rnnzoo.data._batches import FlatSequences
from rnnzoo.data._checks import check_positive
from rnnzoo.data._drawn import DrawnData
from rnnzoo.registry import DATA

LETTERS = "abcdefghijklmnop"
NOISE, MARK = ".", "?"


def selective_copy_rows(
    rows: int, length: int, symbols: int, letters: int, random: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of tokens with the targets and their weights.

    Letters have ids 0 .. letters - 1, the noise the next, the mark the last.

    Returns:
        tokens (rows, length + symbols) and letters to write, int64, and weights that are 1 at the marks.
    """
    drawn = random.randint(0, letters, size=(rows, symbols))
    places = np.sort(np.argsort(random.rand(rows, length), axis=1)[:, :symbols], axis=1)  # (R, M), no place twice
    tokens = np.full((rows, length + symbols), letters)
    tokens[np.arange(rows)[:, None], places] = drawn
    tokens[:, length:] = letters + 1
    targets, weights = np.zeros_like(tokens), np.zeros(tokens.shape, dtype=np.float32)
    targets[:, length:], weights[:, length:] = drawn, 1
    return tokens, targets, weights


@DATA.register(
    "selective_copy",
    description="letters among noise at random places, to be written down in their order",
    kind="tags",
    licence="generated",
    source="",
)
class SelectiveCopy(DrawnData):
    """Rows of ``length`` tokens and a mark for each of their ``symbols`` letters.

    Args:
        length: tokens before the marks.
        symbols: letters among them.
        letters: different letters, 2 to 16.
        training, validation, test: rows of each split.
        data_seed: of the one generator that draws training, validation and test rows, in this order.
        batch_size, eval_batch_size, shuffle, seed, num_workers: as ``ZooData`` says.

    Raises:
        ValueError: numbers that don't go together, or below 1.
    """

    kind = "tags"

    def __init__(
        self,
        length: int = 128,
        symbols: int = 8,
        letters: int = 8,
        training: int = 20_000,
        validation: int = 1000,
        test: int = 1000,
        batch_size: int = 64,
        shuffle: bool = True,
        data_seed: int = 0,
        eval_batch_size: int = 250,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        check_positive(symbols=symbols)
        if length < symbols:
            raise ValueError(f"length is {length} and symbols {symbols}; expected at least as many tokens as letters.")
        if not 2 <= letters <= len(LETTERS):
            raise ValueError(f"letters is {letters}; expected 2 to {len(LETTERS)}.")
        super().__init__(
            alphabet=[*LETTERS[:letters], NOISE, MARK], labels=list(LETTERS[:letters]), example=".a..b.??",
            rows=(training, validation, test), data_seed=data_seed, batch_size=batch_size,
            eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed, num_workers=num_workers,
        )  # fmt: skip
        self.length = length
        self.symbols = symbols

    def draw(self, split: str, rows: int, random: np.random.RandomState) -> FlatSequences:
        """Rows and their targets."""
        return FlatSequences.with_target_a_step(
            *selective_copy_rows(rows, self.length, self.symbols, len(self.labels), random)
        )

    @classmethod
    def tiny(cls) -> SelectiveCopy:
        """Few letters in short rows."""
        return cls(length=10, symbols=3, letters=4, training=64, validation=16, test=16, batch_size=16)
