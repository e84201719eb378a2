"""Multi-query associative recall: pairs of a key and a value, then keys again, each asked for its value.

A row begins with D pairs, key value key value ...; every key occurs once more behind them, at a distance that a power
law draws (small ones are likelier), and there the target is its value. All other places are filled with random symbols
and have no target. Keys are one half of the alphabet, values the other; no key and no value occurs in two pairs. What
can be recalled at once is bounded by the size of a layer's state, which is what the task measures.

Source: S. Arora et al., "Zoology: Measuring and Improving Recall in Efficient Language Models", 2023, arXiv 2312.04927,
appendix C; distances, alphabet and places as its public generator has them.
"""

from __future__ import annotations

import numpy as np

from rnnzoo.data._batches import FlatSequences
from rnnzoo.data._checks import check_positive
from rnnzoo.data._drawn import DrawnData
from rnnzoo.registry import DATA

POWER = 0.01


def mqar_rows(
    rows: int, length: int, pairs: int, vocabulary: int, random: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of tokens with the targets and their weights.

    Returns:
        tokens (rows, length), values (rows, length) as labels 0 .. vocabulary/2 - 1, int64, and weights (rows, length)
        that are 1 where a key is asked for.
    """
    half = vocabulary // 2
    keys = np.argsort(random.rand(rows, half), axis=1)[:, :pairs]  # (R, D), no key twice
    values = np.argsort(random.rand(rows, half), axis=1)[:, :pairs]
    tokens = random.randint(0, vocabulary, size=(rows, length))
    tokens[:, 0 : 2 * pairs : 2] = keys
    tokens[:, 1 : 2 * pairs : 2] = half + values
    # D of the places behind the pairs, without replacement and with the weights of the power law: the D largest of
    # log weight + Gumbel noise, in their order (Yellott 1977).
    places = (length - 2 * pairs) // 2
    likely = np.log(POWER) + (POWER - 1) * np.log(np.arange(1, places + 1))
    chosen = np.argsort(-(likely + random.gumbel(size=(rows, places))), axis=1)[:, :pairs]  # (R, D)
    asked = 2 * pairs + 2 * chosen
    row = np.arange(rows)[:, None]
    tokens[row, asked] = keys
    targets, weights = np.zeros((rows, length), dtype=np.int64), np.zeros((rows, length), dtype=np.float32)
    targets[row, asked], weights[row, asked] = values, 1
    return tokens, targets, weights


@DATA.register(
    "mqar",
    description="multi-query associative recall: keys with their values, and keys that ask for them",
    kind="tags",
    licence="generated",
    source="",
)
class Mqar(DrawnData):
    """Rows of ``length`` tokens with ``pairs`` keys and values, and as many questions.

    Args:
        length: tokens of a row, even, at least four for each pair.
        pairs: keys with a value in a row.
        vocabulary: symbols, even: half of them keys, half values.
        training, validation, test: rows of each split.
        data_seed: of the one generator that draws training, validation and test rows, in this order.
        batch_size, eval_batch_size, shuffle, seed, num_workers: as ``ZooData`` says.

    Raises:
        ValueError: numbers that don't go together, or below 1.
    """

    kind = "tags"

    def __init__(
        self,
        length: int = 64,
        pairs: int = 8,
        vocabulary: int = 128,
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
        check_positive(pairs=pairs)
        if length % 2 or length < 4 * pairs:
            raise ValueError(f"length is {length} and pairs {pairs}; expected an even length of at least {4 * pairs}.")
        if vocabulary % 2 or vocabulary < 2 * pairs:
            raise ValueError(
                f"vocabulary is {vocabulary} and pairs {pairs}; expected an even number of at least {2 * pairs}, so "
                "that every pair has a key and a value of its own."
            )
        keys, values = ([f"{kind}{i}" for i in range(vocabulary // 2)] for kind in "kv")
        super().__init__(
            alphabet=keys + values, labels=values, example="k3 v7 k0 v1 k3", rows=(training, validation, test),
            data_seed=data_seed, batch_size=batch_size, eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed,
            num_workers=num_workers,
        )  # fmt: skip
        self.length = length
        self.pairs = pairs

    def draw(self, split: str, rows: int, random: np.random.RandomState) -> FlatSequences:
        """Rows and their targets."""
        return FlatSequences.with_target_a_step(
            *mqar_rows(rows, self.length, self.pairs, len(self.codec.alphabet), random)
        )

    @classmethod
    def tiny(cls) -> Mqar:
        """Few pairs in short rows."""
        return cls(length=16, pairs=3, vocabulary=16, training=64, validation=16, test=16, batch_size=16)
