"""Digit sum: add the first two digits of a sequence after a stretch of zeros with one distractor in it.

From X. Qiu et al., "Neural Networks and Deep Learning: Cases and Practice", chapter 6, experiments 6.1 and 6.3: how
many steps a recurrent network remembers. For each of the 100 ordered pairs (n1, n2) of digits the sequence
[n1, n2, 0, ..., 0] is copied k times, and in each copy one random position behind the pair is replaced by a random
digit (which may be 0); the label is n1 + n2. k = 3 gives the 300 training sequences, k = 1 the 100 for validation and
another 100 for testing. The book writes its files of lengths 5, 10, ..., 35 one after another from one generator, so
what a length's file holds depends on the lengths before it; here too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from rnnzoo.contracts import SequenceBatch, Spec
from rnnzoo.data._base import ZooData
from rnnzoo.data._batches import FlatSequences, unlabelled_batch
from rnnzoo.registry import CODECS, DATA

COPIES = {"train": 3, "validation": 1, "test": 1}
BOOK_LENGTHS = (5, 10, 15, 20, 25, 30, 35)
VERSION = 2
"""1 began each length with a new generator."""


def digit_sequences(length: int, copies: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """The ``100 * copies`` sequences, pair by pair, and their sums.

    Returns:
        digits (100 * copies, length) and sums (100 * copies,), both int64.
    """
    digits = np.zeros((100 * copies, length), dtype=np.int64)
    pairs = np.repeat(np.arange(100), copies)
    digits[:, 0], digits[:, 1] = pairs // 10, pairs % 10
    for row in digits:
        position = random.randint(2, length)
        row[position] = random.randint(0, 10)
    return digits, digits[:, 0] + digits[:, 1]


@CODECS.register("digits")
class DigitsCodec:
    """Strings of digits such as ``"6700100000"``, or lists of integers 0..9, as tokens."""

    def encode(self, raw: list[Any]) -> SequenceBatch:
        """``raw`` as a batch of tokens (B, T).

        Raises:
            ValueError: there is nothing to encode, or an item is empty or holds something else than digits.
        """
        if not raw:
            raise ValueError("there is no sequence to encode; expected at least one, such as '6700100000'.")
        return unlabelled_batch([self._digits(item, number) for number, item in enumerate(raw)])

    def decode(self, ids: list[int]) -> list[str]:
        """The digits of token ids."""
        return [str(digit) for digit in ids]

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        return {"codec": "digits"}

    @staticmethod
    def _digits(item: Any, number: int) -> torch.Tensor:
        parts = list(item.strip()) if isinstance(item, str) else list(item)
        if not parts or not all(str(part) in tuple("0123456789") for part in parts):
            raise ValueError(
                f"item {number} is {item!r}; expected digits 0..9, such as '6700100000' or [6, 7, 0, 0, 1]."
            )
        return torch.tensor([int(part) for part in parts])


@DATA.register(
    "digit_sum",
    description="the sum of the first two digits of a sequence of zeros with one distractor (nndl chapter 6)",
    kind="label",
    licence="generated",
    source="",
)
class DigitSum(ZooData):
    """300 training, 100 validation and 100 test sequences of digits; 19 classes, the sums 0..18.

    Args:
        length: digits of a sequence, at least 3.
        batch_size, eval_batch_size: rows of a batch.
        shuffle: another order each epoch; the book trains unshuffled.
        data_seed: of the generator that places the distractors: train first, then validation, then test; the book's
            lengths one after another, any other length from a new generator.
        seed: of the shuffling.
        num_workers: processes that prepare batches.

    Raises:
        ValueError: ``length`` below 3.
    """

    def __init__(
        self,
        length: int = 10,
        batch_size: int = 8,
        shuffle: bool = False,
        data_seed: int = 0,
        eval_batch_size: int = 100,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            batch_size=batch_size, eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed, num_workers=num_workers
        )
        if length < 3:
            raise ValueError(f"length is {length}; expected at least 3: two digits to add and one more.")
        self.length = length
        self.data_seed = data_seed

    @property
    def spec(self) -> Spec:
        """Ten tokens in, nineteen sums out; there is no padding."""
        labels = [str(total) for total in range(19)]
        return Spec(
            kind="label",
            input="tokens",
            input_size=10,
            output_size=len(labels),
            labels=labels,
            padding_id=None,
            streaming=False,
            version=VERSION,
        )

    @property
    def data_version(self) -> str:
        """The version of the recipe above."""
        return f"{VERSION}"

    def codec_state(self) -> dict[str, Any]:
        """The state of a ``DigitsCodec``."""
        return DigitsCodec().state()

    def build_splits(self) -> dict[str, FlatSequences]:
        """Draw all three splits from one generator, behind those of the book's shorter lengths."""
        random = np.random.RandomState(self.data_seed)
        drawn = BOOK_LENGTHS[: BOOK_LENGTHS.index(self.length) + 1] if self.length in BOOK_LENGTHS else (self.length,)
        for length in drawn:
            rows = {split: digit_sequences(length, copies, random) for split, copies in COPIES.items()}
        return {split: FlatSequences.of_equal_length(digits, sums) for split, (digits, sums) in rows.items()}

    @classmethod
    def tiny(cls) -> DigitSum:
        """The shortest sequences worth the name."""
        return cls(length=5)
