"""Start signal: three telling words at the start of a long sequence, then nothing but noise.

From the PyTorch edition of X. Qiu et al., "Neural Networks and Deep Learning: Cases and Practice", chapter 6, second
part (github.com/nndl/nndl-practice): why a network should read in both directions. A sequence has 35 to 45 words, of
which the first three are drawn from three positive or from three negative ones, which is the label; the others are
drawn from 18 neutral ones. One direction must remember the start to the end; the other one ends there.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Spec
from rnnzoo.data import text
from rnnzoo.data._base import SPLITS, ZooData
from rnnzoo.data._batches import FlatSequences
from rnnzoo.data._checks import check_positive
from rnnzoo.registry import DATA

LABELS = ["negative", "positive"]
POSITIVE, NEGATIVE = ("good", "great", "love"), ("bad", "awful", "hate")
NEUTRAL = tuple(f"word{i}" for i in range(1, 19))
VOCABULARY = [*text.SPECIALS, *POSITIVE, *NEGATIVE, *NEUTRAL]
SIGNAL = 3
"""Telling words at the start."""
VERSION = 1


def draw_sequences(rows: int, shortest: int, longest: int, random: torch.Generator) -> tuple[list[Tensor], Tensor]:
    """Sequences one after the other: its length, its label, its neutral words, then the telling ones in front.

    Returns:
        token ids of each row, (T_r,) int64 with T_r from ``shortest`` to ``longest``, and labels (R,).
    """
    sequences, labels = [], []
    for _ in range(rows):
        length = int(torch.randint(shortest, longest + 1, (1,), generator=random))
        label = int(torch.randint(0, 2, (1,), generator=random))
        tokens = VOCABULARY.index(NEUTRAL[0]) + torch.randint(0, len(NEUTRAL), (length,), generator=random)  # (T,)
        telling = VOCABULARY.index((NEGATIVE, POSITIVE)[label][0])
        tokens[:SIGNAL] = telling + torch.randint(0, len(POSITIVE), (SIGNAL,), generator=random)
        sequences.append(tokens)
        labels.append(label)
    return sequences, torch.tensor(labels)


@DATA.register(
    "start_signal",
    description="three telling words at the start of a long sequence of neutral ones (nndl chapter 6, PyTorch edition)",
    kind="label",
    licence="generated",
    source="",
)
class StartSignal(ZooData):
    """2,000 training, 500 validation and 500 test sequences of words; two classes, half of the rows each.

    The book's training and validation sequences are those of ``data_seed`` 0 and length 40, word for word; it has no
    test sequences.

    Args:
        length: words of a sequence, the mean.
        spread: a sequence has ``length - spread`` to ``length + spread`` words, each as likely.
        training, validation, test: rows of each split.
        data_seed: of the words, each split from a generator of its own: 3 ``data_seed`` and the next two.
        batch_size, eval_batch_size, shuffle, bucketing, seed, num_workers: as ``ZooData`` says.

    Raises:
        ValueError: the shortest sequence would have no word behind the telling ones, or a split no row.
    """

    def __init__(
        self,
        length: int = 40,
        spread: int = 5,
        training: int = 2000,
        validation: int = 500,
        test: int = 500,
        data_seed: int = 0,
        batch_size: int = 64,
        eval_batch_size: int | None = 250,
        shuffle: bool = True,
        bucketing: bool = False,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            seed=seed,
            num_workers=num_workers,
        )
        if spread < 0 or length - spread <= SIGNAL:
            raise ValueError(
                f"length is {length} and spread {spread}; expected at least {SIGNAL + 1} words in the shortest "
                "sequence and a spread of at least 0."
            )
        self.rows = dict(zip(SPLITS, (training, validation, test), strict=True))
        check_positive(training=training, validation=validation, test=test)
        self.length = length
        self.spread = spread
        self.data_seed = data_seed

    @property
    def spec(self) -> Spec:
        """Words in, two labels out."""
        return Spec(
            kind="label",
            input="tokens",
            input_size=len(VOCABULARY),
            output_size=len(LABELS),
            labels=LABELS,
            padding_id=text.PAD,
            streaming=False,
            version=VERSION,
        )

    @property
    def data_version(self) -> str:
        """The version of the recipe above."""
        return f"{VERSION}"

    def codec_state(self) -> dict[str, Any]:
        """The state of a ``TextCodec``: words between blanks, such as ``"good love good word3 word18"``."""
        return text.TextCodec(VOCABULARY, tokenizer="split").state()

    def build_splits(self) -> dict[str, FlatSequences]:
        """Draw the three splits."""
        splits = {}
        for number, (split, rows) in enumerate(self.rows.items()):
            random = torch.Generator().manual_seed(3 * self.data_seed + number)
            shortest, longest = self.length - self.spread, self.length + self.spread
            sequences, labels = draw_sequences(rows, shortest, longest, random)
            lengths = [len(tokens) for tokens in sequences]
            splits[split] = FlatSequences(torch.cat(sequences), lengths, labels, padding_value=text.PAD)
        return splits

    @classmethod
    def tiny(cls) -> StartSignal:
        """A few short sequences."""
        return cls(length=6, spread=2, training=12, validation=6, test=6, batch_size=4, eval_batch_size=4)
