"""Running text as token ids and back: by characters, or by words."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import torch

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data._batches import unlabelled_batch
from rnnzoo.registry import CODECS, unknown

LEVELS = ("characters", "words")
UNKNOWN, LINE_END = "<unk>", "<eos>"


def cut(text: str, level: str) -> list[str]:
    """The tokens of a text: its code points; or what stands between blanks, with <eos> where a line ends."""
    return list(text) if level == "characters" else text.replace("\n", f" {LINE_END} ").split()


def vocabulary_of(counts: Counter[str], size: int | None = None, minimum_count: int = 1) -> list[str]:
    """The tokens, the most frequent first, ties in alphabetical order; <unk> among them by the count of what it is for.

    Args:
        counts: how often each token occurs.
        size: at most this many tokens, <unk> one of them; ``None``: all.
        minimum_count: tokens that occur less often are <unk>.
    """
    ranked = sorted((token for token in counts if token != UNKNOWN), key=lambda token: (-counts[token], token))
    kept = [token for token in ranked if counts[token] >= minimum_count][: None if size is None else size - 1]
    left = counts[UNKNOWN] + sum(counts[token] for token in ranked[len(kept) :])
    return sorted([*kept, UNKNOWN], key=lambda token: (-(left if token == UNKNOWN else counts[token]), token))


def fingerprint(vocabulary: list[str]) -> str:
    """A digest of the tokens in their order, for a spec to tell two vocabularies apart."""
    return hashlib.sha256("\0".join(vocabulary).encode()).hexdigest()[:16]


@CODECS.register("running_text")
class RunningText:
    """Texts to token ids and batches, and token ids to text.

    Args:
        vocabulary: the tokens in the order of their ids; none is padding.
        level: "characters": Unicode code points, so that any text comes back as it was, or "words": what stands
            between blanks, with <eos> for a line's end.

    Raises:
        UnknownName: no such level.
        ValueError: a token is twice in the vocabulary, or there is none.
    """

    def __init__(self, vocabulary: list[str], level: str = "characters") -> None:
        if level not in LEVELS:
            raise unknown("level", level, LEVELS)
        self.vocabulary = list(vocabulary)
        self.level = level
        self.index = {token: i for i, token in enumerate(self.vocabulary)}
        if len(self.index) != len(self.vocabulary) or not self.vocabulary:
            raise ValueError(
                f"vocabulary has {len(self.vocabulary)} tokens, {len(self.index)} different ones; expected each once."
            )

    def encode(self, raw: list[str]) -> SequenceBatch:
        """Texts as a batch of tokens (B, T); a token that is not in the vocabulary is <unk>, where that has one.

        Raises:
            TypeError: an item is not a string.
            ValueError: no item at all, an empty one, or one with an unknown token and no <unk> for it; says which.
        """
        if isinstance(raw, str) or not raw:
            raise ValueError(f"expected a list of at least one text, got {raw!r}.")
        return unlabelled_batch([torch.tensor(self.ids(text, number)) for number, text in enumerate(raw)])

    def ids(self, text: str, number: int = 0) -> list[int]:
        """The token ids of one text, the ``number``-th of several; raises as ``encode``."""
        if not isinstance(text, str):
            raise TypeError(f"text {number} is a {type(text).__name__}; expected a string.")
        tokens = cut(text, self.level)
        if not tokens:
            raise ValueError(f"text {number} is empty; expected at least one token, such as a line's end.")
        unknown_id = self.index.get(UNKNOWN)
        found = [self.index.get(token, unknown_id) for token in tokens]
        if None in found:
            strange = tokens[found.index(None)]
            raise ValueError(
                f"text {number} has {strange!r} at {found.index(None)}, which is not among the {len(self.vocabulary)} "
                f"{self.level} that the model was trained on, and it has no {UNKNOWN} for others; leave it out."
            )
        return [one for one in found if one is not None]

    def decode(self, ids: list[int]) -> list[str]:
        """The tokens of token ids."""
        return [self.vocabulary[i] for i in ids]

    def join(self, tokens: list[str]) -> str:
        """The text of tokens, as ``cut`` would cut it again."""
        text = ""
        for token in tokens:
            text += self._piece(token, text[-1:])
        return text

    def piece(self, token_id: int, before: str) -> str:
        """What a token adds to a text that ends with the character ``before`` ("": to an empty one)."""
        return self._piece(self.vocabulary[token_id], before)

    def _piece(self, token: str, before: str) -> str:
        if self.level == "characters":
            return token
        if token == LINE_END:
            return "\n"
        return token if before in ("", " ", "\n") else f" {token}"

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        return {"codec": "running_text", "vocabulary": self.vocabulary, "level": self.level}
