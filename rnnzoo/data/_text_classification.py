"""What datasets of labelled texts share: vocabulary from the training texts, encoding, and a cache of both."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import torch

from rnnzoo.contracts import Spec, WordVectors
from rnnzoo.data import text
from rnnzoo.data._base import SPLITS
from rnnzoo.data._batches import FlatSequences
from rnnzoo.data._cache import Arrays, code_version, pack_strings
from rnnzoo.data._checks import check_positive, check_positive_or_none
from rnnzoo.data._encoded import EncodedData


class LabelledTexts(NamedTuple):
    """The texts of one split and the number of each one's label."""

    texts: list[str]
    labels: list[int]


class TextSplits(NamedTuple):
    """All the texts of a dataset, and what the labels' numbers mean."""

    labels: list[str]
    splits: dict[str, LabelledTexts]  # train, validation, test


class TextClassification(EncodedData[TextSplits]):
    """One of V labels for a text.

    A concrete dataset says where its texts come from (``read``) and what they depend on (``key``).

    Args:
        tokenizer: the name of a tokenizer (``rnnzoo.data.text.find_tokenizer``).
        vocabulary_size: at most this many words of the training texts, besides [PAD] and [UNK]; ``None``: no limit.
        minimum_count: words that occur less often in the training texts are [UNK].
        max_length: at most this many tokens of a text; ``None``: all.
        keep: the "first" or the "last" of them.
        padding: "post" behind a text, or "pre" in front of it up to ``max_length`` as if it were text (Keras); ``spec``
            then names no padding id.
        loading: the arguments of ``ZooData``.

    Raises:
        ValueError: a setting outside what is said here.
    """

    version = 1
    code = (text,)

    def __init__(
        self,
        *,
        tokenizer: str,
        vocabulary_size: int | None,
        minimum_count: int,
        max_length: int | None,
        keep: str,
        padding: str,
        **loading: Any,
    ) -> None:
        super().__init__(**loading)
        text.check_text_settings(max_length, keep, padding)
        text.find_tokenizer(tokenizer)
        check_positive(minimum_count=minimum_count)
        check_positive_or_none(vocabulary_size=vocabulary_size)
        self.tokenizer = tokenizer
        self.vocabulary_size = vocabulary_size
        self.minimum_count = minimum_count
        self.max_length = max_length
        self.keep = keep
        self.padding = padding

    @property
    def spec(self) -> Spec:
        """Tokens in, labels out; makes the vocabulary, or finds it in the cache."""
        labels = self._strings("labels")
        return Spec(
            kind="label",
            input="tokens",
            input_size=len(self._encoded["words_ends"]),
            output_size=len(labels),
            labels=labels,
            padding_id=text.PAD if self.padding == "post" else None,
            streaming=False,
            version=self.version,
        )

    def codec_state(self) -> dict[str, Any]:
        """The state of the ``TextCodec`` that encodes as this dataset does."""
        return {
            "codec": "text",
            "vocabulary": self._strings("words"),
            "tokenizer": self.tokenizer,
            "max_length": self.max_length,
            "keep": self.keep,
            "padding": self.padding,
        }

    def word_vectors(self, source: str) -> WordVectors:
        """Pretrained vectors of the vocabulary's words, see ``rnnzoo.data.text.load_vectors``.

        Args:
            source: a path, or an https address that ends in "#sha256=" and the file's checksum.
        """
        words = self._strings("words")
        found = text.load_vectors(source, words)
        known = found["known"]
        share = float(known[self._encoded["train_tokens"]].mean())
        return WordVectors(torch.from_numpy(found["values"]), torch.from_numpy(known), share, source)

    def build_splits(self) -> dict[str, FlatSequences]:
        """The encoded rows."""
        arrays = self._encoded
        pad_to = self.max_length if self.padding == "pre" else None
        return {
            split: FlatSequences(
                arrays[f"{split}_tokens"],
                arrays[f"{split}_lengths"],
                arrays[f"{split}_targets"],
                padding_value=text.PAD,
                pad_to=pad_to,
            )
            for split in SPLITS
        }

    def settings(self) -> dict[str, Any]:
        """Those of words and of what is kept of a text."""
        return {
            "tokenizer": [self.tokenizer, code_version(text.find_tokenizer(self.tokenizer))],
            "vocabulary": [self.vocabulary_size, self.minimum_count],
            "cut": [self.max_length, self.keep],
        }

    def encode(self, raw: TextSplits) -> Arrays:
        """Vocabulary, tokens and labels of all splits as arrays."""
        tokenize = text.find_tokenizer(self.tokenizer)
        seen: defaultdict[str, int] = defaultdict()
        seen.default_factory = seen.__len__  # every new word gets the next number
        rows = {split: number_words(tokenize, seen, part.texts, split) for split, part in raw.splits.items()}
        counts = np.bincount(rows["train"][0], minlength=len(seen)).tolist()
        counter = Counter({word: count for word, count in zip(seen, counts, strict=True) if count})
        vocabulary = text.build_vocabulary(counter, self.vocabulary_size, self.minimum_count)
        index = {word: i for i, word in enumerate(vocabulary) if i > text.UNK}
        final = np.array([index.get(word, text.UNK) for word in seen], dtype=np.int32)  # (words seen,)

        arrays: Arrays = {"digest": np.frombuffer(digest(raw), dtype=np.uint8)}
        arrays["words"], arrays["words_ends"] = pack_strings(vocabulary)
        arrays["labels"], arrays["labels_ends"] = pack_strings(raw.labels)
        for split, (numbers, lengths) in rows.items():
            tokens, lengths = cut(final[numbers], lengths, self.max_length, self.keep)
            arrays[f"{split}_tokens"], arrays[f"{split}_lengths"] = tokens, lengths
            arrays[f"{split}_targets"] = np.array(raw.splits[split].labels, dtype=np.int64)
        return arrays


def number_words(
    tokenize: text.Tokenizer, seen: defaultdict[str, int], texts: Iterable[str], split: str
) -> tuple[np.ndarray, np.ndarray]:
    """The number of each word of each text in the order of first sight; a text without a token is one [UNK].

    Returns:
        numbers (N,) int32 of all texts end to end, and lengths (R,) int64.

    Raises:
        ValueError: a text is wholly empty; says which.
    """
    numbers, lengths = array("i"), array("q")
    for row, each in enumerate(texts):
        if not each.strip():
            raise ValueError(f"text {row} of the {split} split is empty; expected at least one word in every text.")
        tokens = tokenize(each) or [text.SPECIALS[text.UNK]]
        numbers.extend(map(seen.__getitem__, tokens))
        lengths.append(len(tokens))
    return np.frombuffer(numbers, dtype=np.int32), np.frombuffer(lengths, dtype=np.int64)


def cut(tokens: np.ndarray, lengths: np.ndarray, max_length: int | None, keep: str) -> tuple[np.ndarray, np.ndarray]:
    """The first or last ``max_length`` tokens of each row: tokens (N',) and lengths (R,)."""
    if max_length is None:
        return tokens, lengths
    within = np.arange(len(tokens)) - np.repeat(np.cumsum(lengths) - lengths, lengths)  # (N,) place within the row
    inside = within < max_length if keep == "first" else within >= np.repeat(lengths - max_length, lengths)
    return tokens[inside], np.minimum(lengths, max_length)


def digest(raw: TextSplits) -> bytes:
    """A digest of all texts, labels and splits."""
    total = hashlib.sha256(repr(raw.labels).encode())
    for split in SPLITS:
        part = raw.splits[split]
        total.update(f"{split} {len(part.texts)} {part.labels}".encode())
        for each in part.texts:
            content = each.encode()
            total.update(f"{len(content)} ".encode() + content)
    return total.digest()
