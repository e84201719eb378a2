"""Delayed recall: name the first symbol of a sequence after a stretch of noise, when a mark asks for it.

A row is [symbol, noise, ..., noise, mark]: one of 8 symbols, each as likely, then ``lag`` tokens drawn from 8 others,
then the mark; the label is the symbol. Nothing between says anything about it, so a layer has to carry it through
``lag`` steps that push its state about, and the gradient of the loss has to come back through as many. It is the
smallest of the tasks with a known distance between cue and answer: Hochreiter, Schmidhuber, "Long Short-Term Memory",
Neural Computation 9(8), 1997, section 5.2, and Bengio, Simard, Frasconi, "Learning long-term dependencies with gradient
descent is difficult", IEEE Transactions on Neural Networks 5(2), 1994.
"""

from __future__ import annotations

import numpy as np

from rnnzoo.data._batches import FlatSequences
from rnnzoo.data._checks import check_positive
from rnnzoo.data._drawn import DrawnData
from rnnzoo.registry import DATA

SYMBOLS, NOISE, MARK = "ABCDEFGH", "abcdefgh", "?"
TOKENS = SYMBOLS + NOISE + MARK


def recall_sequences(rows: int, lag: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Rows of token ids and their labels; the symbols are drawn first, then all the noise.

    Returns:
        tokens (rows, lag + 2) and symbols (rows,), both int64.
    """
    symbols = random.randint(0, len(SYMBOLS), size=rows)
    noise = len(SYMBOLS) + random.randint(0, len(NOISE), size=(rows, lag))
    mark = np.full((rows, 1), TOKENS.index(MARK))
    return np.concatenate([symbols[:, None], noise, mark], axis=1).astype(np.int64), symbols.astype(np.int64)


@DATA.register(
    "delayed_recall",
    description="the first of a sequence's symbols, asked for after a stretch of noise",
    kind="label",
    licence="generated",
    source="",
)
class DelayedRecall(DrawnData):
    """2,000 training, 500 validation and 500 test sequences of tokens; 8 classes, the symbols.

    Args:
        lag: noise tokens between the symbol and the mark, at least 1; a sequence has lag + 2 tokens.
        training, validation, test: rows of each split.
        data_seed: of the one generator that draws training, validation and test rows, in this order.
        batch_size, eval_batch_size, shuffle, seed, num_workers: as ``ZooData`` says.

    Raises:
        ValueError: ``lag`` or a split's rows below 1.
    """

    def __init__(
        self,
        lag: int = 10,
        training: int = 2000,
        validation: int = 500,
        test: int = 500,
        batch_size: int = 64,
        shuffle: bool = True,
        data_seed: int = 0,
        eval_batch_size: int = 500,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        check_positive(lag=lag)
        super().__init__(
            alphabet=TOKENS, labels=SYMBOLS, example="Cabheg?", rows=(training, validation, test), data_seed=data_seed,
            batch_size=batch_size, eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed, num_workers=num_workers,
        )  # fmt: skip
        self.lag = lag

    def draw(self, split: str, rows: int, random: np.random.RandomState) -> FlatSequences:
        """Rows and their symbols."""
        return FlatSequences.of_equal_length(*recall_sequences(rows, self.lag, random))

    @classmethod
    def tiny(cls) -> DelayedRecall:
        """Few and short rows."""
        return cls(lag=3, training=64, validation=32, test=32)
