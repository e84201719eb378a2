"""Sentences to be tagged: cut into steps whose place in the text is known, as token ids and character ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data._tagged_rows import TaggedSequences, WordTable
from rnnzoo.data.text import PAD, SPECIALS, UNK
from rnnzoo.registry import CODECS, unknown

_MARKS = (
    "!-/:-@\\[-`{-~\u00a1-\u00bf\u2010-\u205e\u2190-\u2bff\u3001-\u303f"
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
_EMOJI = "[\u2600-\u27bf\U0001f000-\U0001faff]"
PATTERNS = {
    "blanks": re.compile(r"\S+"),
    "characters": re.compile(r"\S"),
    "words": re.compile(
        r"https?://\S+|[@#]\w+|\d+(?:[.,:]\d+)+"
        rf"|{_EMOJI}(?:[\ufe0f\U0001f3fb-\U0001f3ff]|\u200d{_EMOJI})*"
        rf"|[^\s{_MARKS}]+(?:['\u2019.-][^\s{_MARKS}]+)*"
        r"|(\S)\1*"
    ),
}
"""What a step is. "blanks": what stands between blanks. "characters": each but blanks. "words": words with what stands
inside of them, numbers, addresses, @names and #topics, emoji, and runs of one mark of punctuation."""
_POSITION = re.compile(r"\d+$")


class Step(NamedTuple):
    """One step of a sentence: its word, and where it stands in the text."""

    word: str
    start: int
    end: int


@CODECS.register("tagged")
class TagCodec:
    """Sentences as batches with one token a step, and with the characters of each where there are such features.

    A sentence is a string, which is cut into steps, or a list of words, as if they were joined by blanks. With steps of
    "characters" each word of a list is cut further; with "blanks" and "words" a word of a list is a step.

    Args:
        vocabulary: the words in the order of their ids, beginning with [PAD] and [UNK].
        tokenizer: what a step is: "blanks", "words" or "characters".
        lower: words are looked up in lower case.
        digits: every digit of a word is looked up as 0.
        characters: the characters in the order of their ids, beginning with [PAD] and [UNK]; ``None``: no features.
        limit: at most this many characters of a word; of a longer one the first half of them and the last.
        positions: a token is a character and its place in its word, as in ``"学1"``; sentences are lists of words.

    Raises:
        ValueError: the vocabulary or the characters begin otherwise, or ``positions`` without steps of characters.
        UnknownName: no such tokenizer.
    """

    def __init__(
        self,
        vocabulary: list[str],
        tokenizer: str = "blanks",
        lower: bool = False,
        digits: bool = False,
        characters: list[str] | None = None,
        limit: int = 20,
        positions: bool = False,
    ) -> None:
        for name, given in (("vocabulary", vocabulary), ("characters", characters)):
            if given is not None and list(given[:2]) != SPECIALS:
                raise ValueError(f"{name} begins with {list(given[:2])}; expected {SPECIALS}.")
        check_tokenizer(tokenizer)
        if positions and tokenizer != "characters":
            raise ValueError(f"positions are asked for and tokenizer is {tokenizer!r}; expected 'characters'.")
        self.vocabulary = list(vocabulary)
        self.tokenizer = tokenizer
        self.lower = lower
        self.digits = digits
        self.characters = None if characters is None else list(characters)
        self.limit = limit
        self.positions = positions
        self._words = {word: i for i, word in enumerate(self.vocabulary) if i > UNK}
        self._characters = {each: i for i, each in enumerate(self.characters or []) if i > UNK}

    def encode(self, raw: list[Any]) -> SequenceBatch:
        """Sentences as a batch of tokens (B, T), or a dict of words (B, T) and characters (B, T, C); targets are 0.

        Raises:
            TypeError, ValueError: there is no sentence, or one is none or empty; says which.
        """
        if isinstance(raw, str) or not raw:
            raise ValueError(f"expected a list of at least one sentence, got {raw!r:.80}.")
        rows = [[step.word for step in self._cut(item, f"sentence {i}: ")] for i, item in enumerate(raw)]
        numbers: dict[str, int] = {}
        steps = [numbers.setdefault(word, len(numbers) + 1) for row in rows for word in row]
        table = self.table(list(numbers))
        sentences = TaggedSequences(steps, [len(row) for row in rows], np.zeros(len(steps), np.int64), table)
        return sentences[range(len(rows))]

    def steps(self, raw: Any) -> list[tuple[int, int]]:
        """Where each step of a sentence begins and ends in its text (of a list of words: in ``" ".join(words)``).

        Raises:
            TypeError, ValueError: as ``encode``.
        """
        return [(step.start, step.end) for step in self._cut(raw, "")]

    def decode(self, ids: Sequence[int]) -> list[str]:
        """The words of token ids, without padding."""
        return [self.vocabulary[i] for i in ids if i != PAD]

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        return {
            "codec": "tagged",
            "vocabulary": self.vocabulary,
            "tokenizer": self.tokenizer,
            "lower": self.lower,
            "digits": self.digits,
            "characters": self.characters,
            "limit": self.limit,
            "positions": self.positions,
        }

    def table(self, words: Sequence[str]) -> WordTable:
        """The token of each word, and its characters; in row 0 stands padding."""
        tokens = [PAD, *(self._words.get(normalised(word, self.lower, self.digits), UNK) for word in words)]
        if self.characters is None:
            return WordTable(np.array(tokens), None)
        parts = [characters_of(word, self.positions) for word in words]
        parts = [part if len(part) <= self.limit else shortened(part, self.limit) for part in parts]
        grid = np.full((len(tokens), max(map(len, parts), default=1)), PAD, np.int32)  # (S, C)
        for row, part in enumerate(parts, start=1):
            grid[row, : len(part)] = [self._characters.get(each, UNK) for each in part]
        return WordTable(np.array(tokens), grid)

    def _cut(self, raw: Any, where: str) -> list[Step]:
        """The steps of a sentence."""
        pattern = PATTERNS[self.tokenizer]
        if isinstance(raw, str):
            if self.positions:
                raise TypeError(f"{where}a string, {raw!r:.60}; this model reads segmented text: give a list of words.")
            found = [Step(match[0], match.start(), match.end()) for match in pattern.finditer(raw)]
        elif isinstance(raw, list | tuple) and all(isinstance(word, str) for word in raw):
            found, begin = [], 0
            for number, word in enumerate(raw):
                if not word.strip():
                    raise ValueError(f"{where}word {number} is {word!r}; expected no empty word.")
                if self.tokenizer == "characters":
                    for place, match in enumerate(pattern.finditer(word)):
                        name = f"{match[0]}{place}" if self.positions else match[0]
                        found.append(Step(name, begin + match.start(), begin + match.end()))
                else:
                    found.append(Step(word, begin, begin + len(word)))
                begin += len(word) + 1
        else:
            raise TypeError(f"{where}a {type(raw).__name__}, {raw!r:.60}; expected a string or a list of words.")
        if not found:
            raise ValueError(f"{where}{raw!r} has no word; expected at least one step in every sentence.")
        return found


def check_tokenizer(name: str) -> None:
    """Refuse what is no way to cut a sentence.

    Raises:
        UnknownName: lists near misses.
    """
    if name not in PATTERNS:
        raise unknown("tokenizer", name, PATTERNS)


def normalised(word: str, lower: bool, digits: bool) -> str:
    """A word as it is looked up."""
    word = word.lower() if lower else word
    return re.sub(r"\d", "0", word) if digits else word


def characters_of(word: str, positions: bool) -> str:
    """The characters of a word, without its position where it has one."""
    return word[0] + _POSITION.sub("", word[1:]) if positions else word


def shortened(word: str, limit: int) -> str:
    """The first and the last characters of a word, ``limit`` in all."""
    return word[: limit - limit // 2] + word[len(word) - limit // 2 :]
