"""State tracking: the state of a finite automaton as it reads a word; short words to train on, long ones to test.

- parity: bits; whether there is an odd number of ones so far. A swap, whose eigenvalue is -1.
- modular_arithmetic: digits 0..4 with +, - and * between them, the product first; at each digit the value modulo 5.
- s3: permutations of three things, one after another; the permutation that they make together so far.

A network whose transitions have eigenvalues in [0, 1] alone cannot follow the first at any length; products that do
not commute need more than a diagonal.

Source: Delétang et al., "Neural Networks and the Chomsky Hierarchy", 2022, arXiv 2207.02098 (parity, modular
arithmetic, lengths up to 40 and 500); Merrill, Petty, Sabharwal, "The Illusion of State in State-Space Models", 2024,
arXiv 2404.08819 (the word problem of a group); Grazzi et al., 2024, arXiv 2411.12537 (eigenvalues).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from rnnzoo.data._batches import FlatSequences
from rnnzoo.data._checks import check_positive
from rnnzoo.data._drawn import DrawnData
from rnnzoo.registry import DATA, unknown

ANSWERS = ("every", "last")
MODULUS = 5
OPERATIONS = "+-*"
PERMUTATIONS = tuple(itertools.permutations(range(3)))
LETTERS = "abcdef"
"""The permutations of three things as letters, in lexical order: a leaves all where they are."""


class Problem(NamedTuple):
    """A formal language with an answer at every place of a word."""

    tokens: str  # one character each
    labels: tuple[str, ...]
    draw: Callable[[int, np.random.RandomState], np.ndarray]  # a word of so many tokens, int64
    answers: Callable[[np.ndarray], np.ndarray]  # at every place, the label's number
    example: str


def _arithmetic(length: int, random: np.random.RandomState) -> np.ndarray:
    """A digit at every even place, an operation at every odd one; an even length is made one shorter."""
    length -= 1 - length % 2
    word = random.randint(0, MODULUS, size=length)
    word[1::2] = MODULUS + random.randint(0, len(OPERATIONS), size=length // 2)
    return word


def values(word: np.ndarray) -> np.ndarray:
    """What digits and operations up to each place come to, modulo 5; at an operation, what stands before it."""
    total, sign, product = 0, 1, 1
    found: list[int] = []
    for token in map(int, word):
        if token < MODULUS:
            product = product * token % MODULUS
        elif OPERATIONS[token - MODULUS] != "*":  # what stood before is done
            total, product = total + sign * product, 1
            sign = 1 if OPERATIONS[token - MODULUS] == "+" else -1
        found.append((total + sign * product) % MODULUS if token < MODULUS else found[-1])
    return np.array(found)


def composed(word: np.ndarray) -> np.ndarray:
    """The number of the permutation that the word's make up to each place, the first applied first."""
    places: tuple[int, ...] = (0, 1, 2)
    found = []
    for token in word:
        places = tuple(places[i] for i in PERMUTATIONS[token])
        found.append(PERMUTATIONS.index(places))
    return np.array(found)


PROBLEMS: dict[str, Problem] = {
    "parity": Problem(
        "01", ("even", "odd"), lambda n, random: random.randint(0, 2, size=n), lambda w: w.cumsum() % 2, "0110"
    ),
    "modular_arithmetic": Problem("01234" + OPERATIONS, tuple("01234"), _arithmetic, values, "3+2*4"),
    "s3": Problem(LETTERS, tuple(LETTERS), lambda n, random: random.randint(0, 6, size=n), composed, "caf"),
}


@DATA.register(
    "state_tracking",
    description="parity, modular arithmetic or products of permutations: short words to train on, long ones to test",
    kind="tags",
    licence="generated",
    source="",
)
class StateTracking(DrawnData):
    """Words of every length up to ``longest``, as likely each, to train on and for validation; longer ones to test.

    In the test words only places beyond ``longest`` are asked for, which no training word has.

    Args:
        problem: "parity", "modular_arithmetic" (words of odd length; an operation has no answer) or "s3".
        answers: at "every" place of a word, or at the "last" alone, from which the automaton is much harder to learn.
        shortest, longest: tokens of a word to train on.
        test_longest: tokens of a word to test; the shortest has one more than ``longest``.
        training, validation, test: rows of each split.
        data_seed: of the one generator that draws training, validation and test rows, in this order.
        batch_size, eval_batch_size, shuffle, seed, num_workers: as ``ZooData`` says.

    Raises:
        UnknownName: no such problem or kind of answers.
        ValueError: a split's rows or a length below 1, or lengths that don't rise.
    """

    kind = "tags"
    version = 2

    def __init__(
        self,
        problem: Literal["parity", "modular_arithmetic", "s3"] = "parity",
        answers: Literal["every", "last"] = "every",
        shortest: int = 3,
        longest: int = 40,
        test_longest: int = 500,
        training: int = 20_000,
        validation: int = 1000,
        test: int = 1000,
        batch_size: int = 128,
        shuffle: bool = True,
        data_seed: int = 0,
        eval_batch_size: int = 250,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        problem_ = find_problem(problem)
        if answers not in ANSWERS:
            raise unknown("answers", answers, ANSWERS)
        check_positive(shortest=shortest)
        if not shortest <= longest < test_longest:
            raise ValueError(
                f"shortest is {shortest}, longest {longest} and test_longest {test_longest}; expected them to rise."
            )
        super().__init__(
            alphabet=problem_.tokens, labels=problem_.labels, example=problem_.example,
            rows=(training, validation, test), data_seed=data_seed, batch_size=batch_size,
            eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed, num_workers=num_workers,
        )  # fmt: skip
        self.problem = problem
        self.answers = answers
        self.lengths = {"train": (shortest, longest), "validation": (shortest, longest)}
        self.lengths["test"] = (longest + 1, test_longest)

    def draw(self, split: str, rows: int, random: np.random.RandomState) -> FlatSequences:
        """Words and the answers at their places."""
        problem = PROBLEMS[self.problem]
        low, high = self.lengths[split]
        words = [problem.draw(length, random) for length in random.randint(low, high + 1, size=rows)]
        tokens = np.concatenate(words)
        targets = np.concatenate([problem.answers(word) for word in words])
        lengths = np.array([len(word) for word in words])
        left = np.concatenate([np.arange(length, 0, -1) for length in lengths])  # places to a word's end, 1 at the last
        if self.answers == "last":
            weights = left == 1
        else:
            place = np.repeat(lengths, lengths) - left
            weights = (place >= low - 1) if split == "test" else np.ones(len(tokens), dtype=bool)
            if self.problem == "modular_arithmetic":
                weights &= tokens < MODULUS
        return FlatSequences(tokens, lengths, targets, per_step=True, target_weights=weights.astype(np.float32))

    @classmethod
    def tiny(cls) -> StateTracking:
        """Few short words."""
        return cls(longest=6, test_longest=12, training=64, validation=16, test=16, batch_size=16)


def find_problem(name: str) -> Problem:
    """The problem of this name.

    Raises:
        UnknownName: there is none.
    """
    if name not in PROBLEMS:
        raise unknown("problem", name, PROBLEMS)
    return PROBLEMS[name]
