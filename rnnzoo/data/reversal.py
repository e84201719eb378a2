"""Words of random letters, to be written backwards: nothing to understand, all to be remembered.

The answer's first letter is the last one read and its last the first, so a model without attention has to carry the
whole word in its state. Used to see that a sequence-to-sequence model works at all since Sutskever, Vinyals, Le,
"Sequence to Sequence Learning with Neural Networks", 2014, arXiv 1409.3215, who reversed sources for that reason.
"""

from __future__ import annotations

import string
from collections.abc import Mapping

import numpy as np

from rnnzoo.data._base import SPLITS
from rnnzoo.data._checks import check_positive
from rnnzoo.data._pair_data import DrawnPairs, PairTexts
from rnnzoo.data._segmenters import SPECIALS, Segmenter
from rnnzoo.registry import DATA

TRIES = 1000
"""Words drawn again, because they are there already, before the words are held to be used up."""


@DATA.register(
    "reversal",
    description="words of random letters, to be written backwards",
    kind="pair",
    licence="generated",
    source="",
)
class Reversal(DrawnPairs):
    """Words of every length from ``shortest`` to ``longest``, as likely each; no word is there twice, in any split.

    Args:
        letters: how many of the alphabet.
        shortest, longest: letters of a word.
        test_longest: letters of the longest word to test, the shortest then having one more than ``longest``; ``None``:
            test words are as long as the others.
        training, validation, test: rows of each split.
        data_seed: of the words.
        batch_size, eval_batch_size, shuffle, bucketing, seed, num_workers: as ``ZooData`` says.

    Raises:
        ValueError: letters outside 2..26, a number below 1, lengths that don't rise, or more rows than words.
    """

    def __init__(
        self,
        letters: int = 26,
        shortest: int = 5,
        longest: int = 15,
        test_longest: int | None = None,
        training: int = 10_000,
        validation: int = 1000,
        test: int = 1000,
        batch_size: int = 128,
        shuffle: bool = True,
        bucketing: bool = False,
        data_seed: int = 0,
        eval_batch_size: int = 250,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            rows=(training, validation, test),
            data_seed=data_seed,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            seed=seed,
            num_workers=num_workers,
        )
        if not 2 <= letters <= len(string.ascii_lowercase):
            raise ValueError(f"letters is {letters}; expected 2 to {len(string.ascii_lowercase)}.")
        check_positive(shortest=shortest)
        if not shortest <= longest < (longest + 1 if test_longest is None else test_longest):
            raise ValueError(
                f"shortest is {shortest}, longest {longest} and test_longest {test_longest}; expected them to rise."
            )
        self.letters = string.ascii_lowercase[:letters]
        self.lengths = dict.fromkeys(SPLITS, (shortest, longest))
        if test_longest is not None:
            self.lengths["test"] = (longest + 1, test_longest)

    def segmenters(self) -> tuple[Segmenter, Segmenter]:
        """The letters, the same on both sides."""
        both = Segmenter("characters", [*SPECIALS, *self.letters])
        return both, both

    def texts(self) -> Mapping[str, PairTexts]:
        """Draw the words of all splits from one generator."""
        random = self.random()
        seen: set[str] = set()
        found = {}
        for split, rows in self.rows.items():
            words = [self._new_word(split, seen, random) for _ in range(rows)]
            found[split] = PairTexts(words, [word[::-1] for word in words])
        return found

    def _new_word(self, split: str, seen: set[str], random: np.random.RandomState) -> str:
        low, high = self.lengths[split]
        for _ in range(TRIES):
            places = random.randint(0, len(self.letters), size=random.randint(low, high + 1))
            word = "".join(self.letters[place] for place in places)
            if word not in seen:
                seen.add(word)
                return word
        raise ValueError(
            f"{sum(self.rows.values())} rows are asked for, and of {len(self.letters)} letters there are hardly as "
            f"many words of {low} to {high}; ask for fewer rows, more letters or longer words."
        )

    @classmethod
    def tiny(cls) -> Reversal:
        """Few short words."""
        return cls(letters=8, shortest=2, longest=5, training=64, validation=16, test=16, batch_size=16)
