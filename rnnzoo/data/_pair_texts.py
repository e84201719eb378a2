"""What datasets of written pairs share: vocabularies from the training texts, encoding, and a cache of both."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from rnnzoo.data import _segmenters
from rnnzoo.data._base import SPLITS
from rnnzoo.data._batches import Rows
from rnnzoo.data._cache import Arrays, pack_strings
from rnnzoo.data._checks import check_positive, check_positive_or_none
from rnnzoo.data._encoded import EncodedData
from rnnzoo.data._pair_codec import end_to_end
from rnnzoo.data._pair_data import PairData, PairTexts
from rnnzoo.data._pairs import PairSequences
from rnnzoo.data._segmenters import BEGIN, END, PAD, Segmenter, build_segmenter, check_tokenizer


class PairSplits(NamedTuple):
    """All the pairs of a dataset."""

    splits: dict[str, PairTexts]  # train, validation, test
    skipped: int = 0  # pairs left out because a side is empty


class WrittenPairs(EncodedData[PairSplits], PairData):
    """A text for a text, both from files.

    A concrete dataset says where its texts come from (``read``) and what they depend on (``key``).

    Args:
        tokenizer: of the sources: "bpe", "words" or "characters" (see ``rnnzoo.data._segmenters``).
        target_tokenizer: of the targets; ``None``: the same.
        vocabulary_size: at most this many tokens, specials and bytes included; ``None``: all ("bpe" needs a number).
        target_vocabulary_size: of the targets; ``None``: the same.
        joint: sources and targets share one vocabulary, made of both sides of the training texts.
        minimum_count: what occurs less often in the training texts is no token.
        lower: letters are made lower case, on both sides.
        max_length: training pairs with more tokens on a side are left out (and counted, ``left_out``); validation and
            test keep theirs. ``None``: none is.
        loading: the arguments of ``ZooData``.

    Raises:
        UnknownName: no such tokenizer.
        ValueError: a setting outside what is said here.
    """

    code = (_segmenters, end_to_end)

    def __init__(
        self,
        *,
        tokenizer: str,
        target_tokenizer: str | None,
        vocabulary_size: int | None,
        target_vocabulary_size: int | None,
        joint: bool,
        minimum_count: int,
        lower: bool,
        max_length: int | None,
        **loading: Any,
    ) -> None:
        super().__init__(**loading)
        self.tokenizers = (tokenizer, target_tokenizer or tokenizer)
        for name in self.tokenizers:
            check_tokenizer(name)
        self.vocabulary_sizes = (vocabulary_size, target_vocabulary_size or vocabulary_size)
        check_positive(minimum_count=minimum_count)
        check_positive_or_none(max_length=max_length)
        given = self.tokenizers[0] != self.tokenizers[1], self.vocabulary_sizes[0] != self.vocabulary_sizes[1]
        if joint and any(given):
            raise ValueError(
                f"joint is True, the tokenizers are {' and '.join(self.tokenizers)} and the vocabularies of "
                f"{' and '.join(map(str, self.vocabulary_sizes))}; expected one of each, or joint=False."
            )
        self.joint = joint
        self.minimum_count = minimum_count
        self.lower = lower
        self.max_length = max_length
        self._made: tuple[Segmenter, Segmenter] | None = None

    def texts(self) -> Mapping[str, PairTexts]:
        """The raw pairs of each split."""
        return self._rows().splits

    def segmenters(self) -> tuple[Segmenter, Segmenter]:
        """Those made of the training texts, or found in the cache."""
        if self._made is None:
            source = self._segmenter("source", self.tokenizers[0])
            self._made = source, source if self.joint else self._segmenter("target", self.tokenizers[1])
        return self._made

    @property
    def skipped(self) -> int:
        """Pairs that the files have and no split, because a side is empty."""
        return int(self._encoded["skipped"])

    @property
    def left_out(self) -> int:
        """Training pairs with a side longer than ``max_length``."""
        return int(self._encoded["left_out"])

    def build_splits(self) -> Mapping[str, Rows]:
        """The encoded pairs."""
        arrays, members = self._encoded, ("sources", "source_lengths", "targets", "target_lengths")
        return {
            split: PairSequences(
                *(arrays[f"{split}_{member}"] for member in members),
                begin=BEGIN,
                end=END,
                padding_value=PAD,
                target_padding_value=PAD,
            )
            for split in SPLITS
        }

    def settings(self) -> dict[str, Any]:
        """Those of the vocabularies and of what is left out."""
        return {
            "tokenizers": [*self.tokenizers, self.joint, self.lower],
            "vocabularies": [*self.vocabulary_sizes, self.minimum_count],
            "cut": self.max_length,
        }

    def _segmenter(self, side: str, tokenizer: str) -> Segmenter:
        tokens, merges = (self._strings(f"{side}_{name}") for name in ("tokens", "merges"))
        return Segmenter(tokenizer, tokens, lower=self.lower, merges=merges)

    def encode(self, raw: PairSplits) -> Arrays:
        """Vocabularies and tokens of all splits as arrays."""
        train = raw.splits["train"]
        settings: dict[str, Any] = {"minimum_count": self.minimum_count, "lower": self.lower}
        if self.joint:
            texts = chain(train.sources, train.targets)
            source = build_segmenter(self.tokenizers[0], texts, size=self.vocabulary_sizes[0], **settings)
            target = source
        else:
            source, target = (
                build_segmenter(name, texts, size=size, **settings)
                for name, size, texts in zip(self.tokenizers, self.vocabulary_sizes, train, strict=True)
            )
        arrays: Arrays = {"skipped": np.array(raw.skipped), "digest": np.frombuffer(digest(raw), dtype=np.uint8)}
        for side, segmenter in (("source", source), ("target", target)):
            for name, strings in (("tokens", segmenter.vocabulary), ("merges", segmenter.merges)):
                arrays[f"{side}_{name}"], arrays[f"{side}_{name}_ends"] = pack_strings(strings)
        for split in SPLITS:
            part = raw.splits[split]
            rows = [(source.ids(one), target.ids(other)) for one, other in zip(*part, strict=True)]
            kept = rows
            if split == "train":
                kept = [row for row in rows if self.max_length is None or max(map(len, row)) <= self.max_length]
                arrays["left_out"] = np.array(len(rows) - len(kept))
            if not kept:
                why = f"all {len(rows)} are longer than max_length {self.max_length}" if rows else "there is none"
                raise ValueError(f"the {split} split has no pair ({why}); expected at least one.")
            for side, ids in zip(("source", "target"), zip(*kept, strict=True), strict=True):
                arrays[f"{split}_{side}s"], arrays[f"{split}_{side}_lengths"] = end_to_end(ids)
        return arrays


def digest(raw: PairSplits) -> bytes:
    """A digest of all texts and splits."""
    total = hashlib.sha256()
    for split in SPLITS:
        part = raw.splits[split]
        total.update(f"{split} {len(part.sources)}".encode())
        for each in chain(*part):
            content = each.encode()
            total.update(f"{len(content)} ".encode() + content)
    return total.digest()


def pair_splits(**rows: list[tuple[str, str]]) -> PairSplits:
    """Rows of source and target as splits."""
    return PairSplits({split: PairTexts(*map(list, zip(*part, strict=True))) for split, part in rows.items()})
