"""Text: tokenizers, vocabulary, and the codec between texts and batches. The only importer of torchtext (0.6).

A vocabulary begins with [PAD] = 0 and [UNK] = 1; then come the words, the most frequent first, ties in alphabetical
order.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import ssl
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torchtext.data import get_tokenizer as torchtext_tokenizer
from torchtext.vocab import Vectors, Vocab

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data import _word_vectors
from rnnzoo.data._batches import unlabelled_batch
from rnnzoo.data._cache import Arrays, cached, code_version, stamp
from rnnzoo.data._checks import check_positive_or_none
from rnnzoo.registry import CODECS, unknown

Tokenizer = Callable[[str], list[str]]

PAD, UNK = 0, 1
SPECIALS = ["[PAD]", "[UNK]"]

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+(?:['’][^\W{_CJK}]+)*|[^\w\s]")


def _words(text: str) -> list[str]:
    return _WORD.findall(_BREAK.sub(" ", text).lower())


def _split(text: str) -> list[str]:
    return text.lower().split(" ")


_KERAS_FILTERED = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))


def _keras(text: str) -> list[str]:
    return [token for token in text.lower().translate(_KERAS_FILTERED).split(" ") if token]


_TOKENIZERS: dict[str, Tokenizer] = {
    "words": _words,
    "split": _split,
    "keras": _keras,
    "basic_english": torchtext_tokenizer("basic_english"),
    "characters": list,
}


def register_tokenizer(name: str, tokenizer: Tokenizer) -> None:
    """Make ``tokenizer`` (from a string to its tokens) known as ``name``, for settings and saved models.

    A model saved with it says the name only: register it again before loading the model. (Models name no module to
    import and call: a model from somebody else could name any.)

    Raises:
        ValueError: the name is taken.
    """
    if _TOKENIZERS.get(name, tokenizer) is not tokenizer:
        raise ValueError(f"there is a tokenizer '{name}' already; choose another name.")
    _TOKENIZERS[name] = tokenizer


def find_tokenizer(name: str) -> Tokenizer:
    """The tokenizer called ``name``.

    - "words": lower case; words with their inner apostrophes, each punctuation mark and each Chinese or Japanese
      character is a token; ``<br />`` is a space.
    - "split": lower case, cut at single blanks (``lower().split(" ")``), as the book does.
    - "keras": as Keras' ``Tokenizer``: lower case, ASCII punctuation but the apostrophe is a blank, cut at blanks.
    - "basic_english": torchtext's.
    - "characters": every character (code point) as it is, blanks too.

    Raises:
        UnknownName: with near misses.
    """
    if name not in _TOKENIZERS:
        raise unknown("tokenizer", name, _TOKENIZERS)
    return _TOKENIZERS[name]


def build_vocabulary(counts: Counter[str], size: int | None = None, minimum_count: int = 1) -> list[str]:
    """[PAD], [UNK], then the words by falling count.

    Args:
        counts: how often each word occurs.
        size: at most this many words besides [PAD] and [UNK]; ``None``: all.
        minimum_count: words that occur less often are left out.
    """
    return list(Vocab(counts, max_size=size, min_freq=minimum_count, specials=SPECIALS).itos)


def load_vectors(source: str, words: Sequence[str]) -> Arrays:
    """Pretrained vectors of ``words`` in GloVe's or fastText's text format, from the cache once they have been read.

    A word that has none has that of its lower-case form, where there is one.

    Args:
        source: a path, or an address with a checksum, see ``_word_vectors.locate``.
        words: V of them.

    Returns:
        ``values`` (V, E) float32, zero where there is none, and ``known`` (V,) bool.

    Raises:
        MissingData, DamagedFile: see ``_word_vectors.locate`` and ``lines_of``.
        ValueError: none of the words has a vector there.
    """
    path, member = _word_vectors.locate(source)
    key = {
        "file": [*stamp(path), member],
        "words": hashlib.sha256("\n".join(words).encode()).hexdigest(),
        "code": code_version(_word_vectors, _read_vectors),
    }
    return cached("vectors", key, lambda: _read_vectors(path, member, words))


def _read_vectors(path: Path, member: str, words: Sequence[str]) -> Arrays:
    """Only lines of these words go through torchtext, checked: its own errors name no line, and files are large."""
    wanted = {form for word in words for form in (word, word.lower()) if form and " " not in form}
    with tempfile.TemporaryDirectory() as folder:
        with open(Path(folder) / "vectors.txt", "wb") as file:
            for word, numbers in _word_vectors.lines_of(path, member, wanted):
                file.write(b" ".join([word.encode(), *numbers]) + b"\n")
            if not file.tell():
                raise ValueError(
                    f"none of the {len(words)} words has a vector in {path} {member}; expected vectors of the texts' "
                    "language, cut into words as the texts are."
                )
        verified = ssl._create_default_https_context  # torchtext turns this off for the whole process
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
                found = Vectors("vectors.txt", cache=folder)
        finally:
            ssl._create_default_https_context = verified
    there = [word not in SPECIALS and (word in found.stoi or word.lower() in found.stoi) for word in words]
    values = found.get_vecs_by_tokens(list(words), lower_case_backup=True)
    return {"values": values.numpy().astype(np.float32), "known": np.array(there)}


@CODECS.register("text")
class TextCodec:
    """Texts to token ids and batches.

    Args:
        vocabulary: the words in the order of their ids, beginning with [PAD] and [UNK].
        tokenizer: the name of a tokenizer.
        max_length: at most this many tokens of a text; ``None``: all.
        keep: which of them when there are more, the "first" or the "last".
        padding: "post" behind the text, ``lengths`` being true; "pre" in front of it, up to ``max_length``, as input.

    Raises:
        ValueError: a setting outside what is said here.
        UnknownName: no such tokenizer.
    """

    def __init__(
        self,
        vocabulary: list[str],
        tokenizer: str = "words",
        max_length: int | None = None,
        keep: str = "first",
        padding: str = "post",
    ) -> None:
        if list(vocabulary[:2]) != SPECIALS:
            raise ValueError(f"vocabulary begins with {list(vocabulary[:2])}; expected {SPECIALS}.")
        check_text_settings(max_length, keep, padding)
        self.vocabulary = list(vocabulary)
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.keep = keep
        self.padding = padding
        self.index = {word: i for i, word in enumerate(self.vocabulary) if i > UNK}
        self._tokenize = find_tokenizer(tokenizer)

    def encode(self, raw: list[str]) -> SequenceBatch:
        """Texts as a batch of tokens (B, T). A text in which the tokenizer finds no token is one [UNK].

        Raises:
            TypeError: an item is not a string.
            ValueError: no item at all, or an empty one; says which.
        """
        if isinstance(raw, str) or not raw:
            raise ValueError(f"expected a list of at least one text, got {raw!r}.")
        rows = [self._ids(text, number) for number, text in enumerate(raw)]
        pad_to = self.max_length if self.padding == "pre" else None
        return unlabelled_batch(rows, padding_value=PAD, pad_to=pad_to)

    def decode(self, ids: list[int]) -> list[str]:
        """The words of token ids, without padding."""
        return [self.vocabulary[i] for i in ids if i != PAD]

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        return {
            "codec": "text",
            "vocabulary": self.vocabulary,
            "tokenizer": self.tokenizer,
            "max_length": self.max_length,
            "keep": self.keep,
            "padding": self.padding,
        }

    def _ids(self, text: str, number: int) -> torch.Tensor:
        if not isinstance(text, str):
            raise TypeError(f"text {number} is a {type(text).__name__}; expected a string.")
        if not text.strip():
            raise ValueError(f"text {number} is empty; expected at least one word.")
        tokens = self._tokenize(text)
        if self.max_length is not None:
            tokens = tokens[: self.max_length] if self.keep == "first" else tokens[-self.max_length :]
        return torch.tensor([self.index.get(token, UNK) for token in tokens] or [UNK])


def check_text_settings(max_length: int | None, keep: str, padding: str) -> None:
    """Refuse settings that no codec has.

    Raises:
        ValueError: says which, and what it may be.
    """
    check_positive_or_none(max_length=max_length)
    if keep not in ("first", "last"):
        raise ValueError(f"keep is {keep!r}; expected 'first' or 'last'.")
    if padding not in ("post", "pre"):
        raise ValueError(f"padding is {padding!r}; expected 'post' or 'pre'.")
    if padding == "pre" and max_length is None:
        raise ValueError("padding is 'pre' without a max_length; expected the length to pad to.")
