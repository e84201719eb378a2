"""Delayed recall: name the first symbol of a sequence after a stretch of noise, when a mark asks for it.

A row is [symbol, noise, ..., noise, mark]: one of 8 symbols, each as likely, then ``lag`` tokens drawn from 8 others,
then the mark; the label is the symbol. Nothing between says anything about it, so a layer has to carry it through
``lag`` steps that push its state about, and the gradient of the loss has to come back through as many. It is the
smallest of the tasks with a known distance between cue and answer: Hochreiter, Schmidhuber, "Long Short-Term Memory",
Neural Computation 9(8), 1997, section 5.2, and Bengio, Simard, Frasconi, "Learning long-term dependencies with gradient
descent is difficult", IEEE Transactions on Neural Networks 5(2), 1994.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from rnnzoo.contracts import SequenceBatch, Spec
from rnnzoo.data._base import SPLITS, ZooData
from rnnzoo.data._batches import FlatSequences, unlabelled_batch
from rnnzoo.registry import CODECS, DATA

SYMBOLS, NOISE, MARK = "ABCDEFGH", "abcdefgh", "?"
TOKENS = SYMBOLS + NOISE + MARK
VERSION = 1


def recall_sequences(rows: int, lag: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Rows of token ids and their labels; the symbols are drawn first, then all the noise.

    Returns:
        tokens (rows, lag + 2) and symbols (rows,), both int64.
    """
    symbols = random.randint(0, len(SYMBOLS), size=rows)
    noise = len(SYMBOLS) + random.randint(0, len(NOISE), size=(rows, lag))
    mark = np.full((rows, 1), TOKENS.index(MARK))
    return np.concatenate([symbols[:, None], noise, mark], axis=1).astype(np.int64), symbols.astype(np.int64)


@CODECS.register("recall")
class RecallCodec:
    """Strings such as ``"Cabheg?"`` as tokens: symbols A to H, noise a to h, the mark ?."""

    def encode(self, raw: list[Any]) -> SequenceBatch:
        """``raw`` as a batch of tokens (B, T).

        Raises:
            ValueError: there is nothing to encode, or an item is empty, no string, or holds another character.
        """
        if not raw:
            raise ValueError("there is no sequence to encode; expected at least one, such as 'Cabheg?'.")
        return unlabelled_batch([self._tokens(item, number) for number, item in enumerate(raw)])

    def decode(self, ids: list[int]) -> list[str]:
        """The characters of token ids."""
        return [TOKENS[i] for i in ids]

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        return {"codec": "recall"}

    @staticmethod
    def _tokens(item: Any, number: int) -> torch.Tensor:
        if not isinstance(item, str) or not item or not set(item) <= set(TOKENS):
            raise ValueError(f"item {number} is {item!r}; expected a string of {TOKENS}, such as 'Cabheg?'.")
        return torch.tensor([TOKENS.index(character) for character in item])


@DATA.register(
    "delayed_recall",
    description="the first of a sequence's symbols, asked for after a stretch of noise",
    kind="label",
    licence="generated",
    source="",
)
class DelayedRecall(ZooData):
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
        super().__init__(
            batch_size=batch_size, eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed, num_workers=num_workers
        )
        self.rows = dict(zip(SPLITS, (training, validation, test), strict=True))
        for name, value in (("lag", lag), *self.rows.items()):
            if value < 1:
                raise ValueError(f"{name} is {value}; expected at least 1.")
        self.lag = lag
        self.data_seed = data_seed

    @property
    def spec(self) -> Spec:
        """Seventeen tokens in, eight symbols out; there is no padding."""
        return Spec(
            kind="label",
            input="tokens",
            input_size=len(TOKENS),
            output_size=len(SYMBOLS),
            labels=list(SYMBOLS),
            padding_id=None,
            streaming=False,
            version=VERSION,
        )

    @property
    def data_version(self) -> str:
        """The version of the recipe above."""
        return f"{VERSION}"

    def codec_state(self) -> dict[str, Any]:
        """The state of a ``RecallCodec``."""
        return RecallCodec().state()

    def build_splits(self) -> dict[str, FlatSequences]:
        """Draw all three splits from one generator."""
        random = np.random.RandomState(self.data_seed)
        return {
            split: FlatSequences.of_equal_length(*recall_sequences(rows, self.lag, random))
            for split, rows in self.rows.items()
        }

    @classmethod
    def tiny(cls) -> DelayedRecall:
        """Few and short rows."""
        return cls(lag=3, training=64, validation=32, test=32)
