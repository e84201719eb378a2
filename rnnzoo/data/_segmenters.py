"""From a text to tokens and back: words, characters, or sub-words learnt by byte-pair encoding.

All three are reversible. White space is first made single spaces (and letters lower case where so asked); a space is
then written as U+2581 in front of what follows it, as one stands in front of the text itself unless that begins with a
Chinese or Japanese character. Joined tokens with the marks turned back into spaces are the text again, whatever its
script; a U+2581 that the text itself has comes back as a space.

Source of byte-pair encoding: Sennrich, Haddow, Birch, "Neural Machine Translation of Rare Words with Subword Units",
2016, arXiv 1508.07909; of the mark and of the bytes: Kudo, Richardson, "SentencePiece", 2018, arXiv 1808.06226.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from rnnzoo.registry import unknown

PAD, UNK, BEGIN, END = range(4)
SPECIALS = ["[PAD]", "[UNK]", "[BEGIN]", "[END]"]
SPACE = "\u2581"
BYTES = [f"<0x{value:02X}>" for value in range(256)]
REMEMBERED = 1 << 18
"""Pieces whose tokens are kept, so that none is cut up twice."""

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0e31-\u0e3a\u0e47-\u0e4e"
_LETTER = rf"(?:[^\W{_CJK}]|[{_MARKS}])"
_WORD = rf"{SPACE}?{_LETTER}+(?:['’]{_LETTER}+)*|{SPACE}?[^{SPACE}]|{SPACE}"
_CUTS = {
    "words": re.compile(_WORD),
    "bpe": re.compile(rf"{SPACE}?[{_CJK}]+|{_WORD}"),
    "characters": re.compile(r"."),
}
"""What a text is cut into first; byte-pair encoding never joins over these borders."""
_STARTS_CJK = re.compile(rf"[{_CJK}]")


class Segmenter:
    """A text as token ids, and ids as a text. The ids 0 to 3 are ``SPECIALS``.

    Args:
        tokenizer: "words" (each with the space before it, each punctuation mark and Chinese or Japanese character by
            itself), "characters", or "bpe".
        vocabulary: the tokens in the order of their ids, ``SPECIALS`` first; of "bpe" then the 256 bytes, of which
            characters are made that are no token.
        lower: letters are made lower case.
        merges: of "bpe": "left right", in the order in which they are done.

    Raises:
        UnknownName: no such tokenizer.
        ValueError: the vocabulary does not begin as said, has a token twice, or does not fit the merges.
    """

    def __init__(
        self, tokenizer: str, vocabulary: list[str], *, lower: bool = False, merges: list[str] | None = None
    ) -> None:
        check_tokenizer(tokenizer)
        first = SPECIALS + BYTES * (tokenizer == "bpe")
        if list(vocabulary[: len(first)]) != first:
            raise ValueError(f"vocabulary begins with {list(vocabulary[:4])}; expected {SPECIALS} (and bytes for bpe).")
        self.tokenizer = tokenizer
        self.vocabulary = list(vocabulary)
        self.lower = lower
        self.merges = list(merges or [])
        self.index = {token: i for i, token in enumerate(self.vocabulary)}
        if len(self.index) != len(self.vocabulary):
            twice = Counter(self.vocabulary).most_common(1)[0][0]
            raise ValueError(f"vocabulary has the token {twice!r} more than once; expected each once.")
        self._known: dict[str, list[int]] = {}
        self._bpe: Any = None
        if tokenizer == "bpe":
            pairs = []
            for merge in self.merges:
                left, _, right = merge.partition(" ")
                if not {left, right, left + right} <= self.index.keys():
                    raise ValueError(f"the merge {merge!r} does not fit the vocabulary of {len(self.index)} tokens.")
                pairs.append((left, right))
            self._bpe = models.BPE(vocab=self.index, merges=pairs, byte_fallback=True)

    def ids(self, text: str) -> list[int]:
        """The token ids of a text; an empty one has none. What has no token is [UNK], or its bytes with "bpe"."""
        known, found = self._known, []
        for piece in self._pieces(text):
            if piece not in known:
                if len(known) >= REMEMBERED:
                    known.clear()
                known[piece] = self._ids_of(piece)
            found += known[piece]
        return found

    def text(self, ids: Iterable[int]) -> str:
        """The text of token ids, up to [END]; padding and [BEGIN] are left out, bytes that are no UTF-8 are U+FFFD."""
        parts: list[str] = []
        spelled = bytearray()
        for token in map(int, ids):
            if self._bpe is not None and len(SPECIALS) <= token < len(SPECIALS) + len(BYTES):
                spelled.append(token - len(SPECIALS))
                continue
            if spelled:
                parts.append(spelled.decode(errors="replace"))
                spelled.clear()
            if token == END:
                break
            if token == UNK:
                parts.append(SPACE * (self.tokenizer == "words") + SPECIALS[UNK])
            elif token >= len(SPECIALS):
                parts.append(self.vocabulary[token])
        if spelled:
            parts.append(spelled.decode(errors="replace"))
        return "".join(parts).replace(SPACE, " ").strip()

    def tokens(self, ids: Iterable[int]) -> list[str]:
        """Each token id as it is read: without its mark of a space, unless it is one."""
        return [self.vocabulary[token].removeprefix(SPACE) or SPACE for token in map(int, ids)]

    def state(self) -> dict[str, Any]:
        """Primitives: the arguments."""
        state = {"tokenizer": self.tokenizer, "vocabulary": self.vocabulary, "lower": self.lower}
        return {**state, "merges": self.merges} if self._bpe is not None else state

    def _pieces(self, text: str) -> list[str]:
        return pieces(text, self.tokenizer, self.lower)

    def _ids_of(self, piece: str) -> list[int]:
        if self._bpe is not None:
            return [token.id for token in self._bpe.tokenize(piece)]
        return [self.index.get(piece, UNK)]


def check_tokenizer(name: str) -> None:
    """Refuse a tokenizer that is none.

    Raises:
        UnknownName: with near misses.
    """
    if name not in _CUTS:
        raise unknown("tokenizer", name, _CUTS)


def pieces(text: str, tokenizer: str, lower: bool) -> list[str]:
    """What a text is cut into first, spaces marked; joined they are the whole text."""
    text = " ".join(text.split())
    if lower:
        text = text.lower()
    if not text:
        return []
    mark = "" if tokenizer == "characters" or _STARTS_CJK.match(text) else SPACE
    return _CUTS[tokenizer].findall(mark + text.replace(" ", SPACE))


def build_segmenter(
    tokenizer: str, texts: Iterable[str], *, size: int | None = None, minimum_count: int = 1, lower: bool = False
) -> Segmenter:
    """The segmenter of some texts; the same texts always give the same.

    Args:
        tokenizer: "words", "characters" or "bpe".
        texts: those to train on.
        size: at most this many tokens in all; ``None``: every word or character there is ("bpe" needs a number).
        minimum_count: what occurs less often is no token: words and characters are [UNK] then, with "bpe" characters
            are their bytes and pairs are not merged.
        lower: letters are made lower case.

    Raises:
        ValueError: the size is ``None`` with "bpe", or too small for specials, bytes and characters.
    """
    check_tokenizer(tokenizer)
    counts = Counter(piece for text in texts for piece in pieces(text, tokenizer, lower))
    if tokenizer == "bpe":
        return _train_bpe(counts, size, minimum_count, lower)
    if size is not None and size <= len(SPECIALS):
        raise ValueError(f"a vocabulary of {size} has no room for words; expected more than {len(SPECIALS)}.")
    often = sorted((token for token in counts if counts[token] >= minimum_count), key=lambda t: (-counts[t], t))
    kept = [token for token in often if token not in SPECIALS]
    return Segmenter(tokenizer, (SPECIALS + kept)[:size], lower=lower)


def _train_bpe(counts: Counter[str], size: int | None, minimum_count: int, lower: bool) -> Segmenter:
    characters: Counter[str] = Counter()
    for piece, count in counts.items():
        for character in piece:
            characters[character] += count
    alphabet = sum(count >= minimum_count for count in characters.values())
    least = len(SPECIALS) + len(BYTES) + alphabet
    if size is None or size < least:
        raise ValueError(
            f"a bpe vocabulary of {size} has no room: {len(SPECIALS)} specials, {len(BYTES)} bytes and {alphabet} "
            f"characters; expected at least {least}, or a higher minimum_count (rarer characters are their bytes)."
        )
    tokenizer = Tokenizer(models.BPE(byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("\n", "removed")
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=minimum_count,
        special_tokens=SPECIALS + BYTES,
        limit_alphabet=alphabet,
        show_progress=False,
    )
    often = (f"{piece}\n" * count for piece, count in sorted(counts.items()))
    tokenizer.train_from_iterator(often, trainer=trainer)
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    merges: list[list[str]] = json.loads(tokenizer.to_str())["model"]["merges"]
    tokens = [token for token, _ in vocabulary]
    return Segmenter("bpe", tokens, lower=lower, merges=[" ".join(merge) for merge in merges])
