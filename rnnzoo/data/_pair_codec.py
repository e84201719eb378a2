"""The codec of pairs of texts: source texts to batches, token ids of a target to its text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rnnzoo.contracts import PairBatch
from rnnzoo.data._pairs import PairSequences
from rnnzoo.data._segmenters import BEGIN, END, PAD, Segmenter
from rnnzoo.registry import CODECS


@CODECS.register("pair")
class PairCodec:
    """Source texts as batches, and targets as texts.

    Args:
        source: the state of the ``Segmenter`` of sources.
        target: that of the targets; ``None``: it is the same one.
    """

    def __init__(self, source: dict[str, Any], target: dict[str, Any] | None = None) -> None:
        self.source = Segmenter(**source)
        self.target = self.source if target is None else Segmenter(**target)

    def encode(self, raw: list[str], targets: list[str] | None = None) -> PairBatch:
        """Sources as a batch (B, T), with these targets, or with empty ones: the end alone.

        Raises:
            TypeError: an item is not a string.
            ValueError: no item at all, an empty source (says which), or not as many targets.
        """
        if isinstance(raw, str) or not raw:
            raise ValueError(f"expected a list of at least one text, got {raw!r:.80}.")
        if targets is not None and len(targets) != len(raw):
            raise ValueError(f"there are {len(raw)} sources and {len(targets)} targets; expected as many.")
        sources = [self._source_ids(text, number) for number, text in enumerate(raw)]
        return to_rows(sources, self.encode_target(targets or [""] * len(raw)))[range(len(raw))]

    def encode_target(self, texts: list[str]) -> list[list[int]]:
        """The token ids of target texts, without begin and end.

        Raises:
            TypeError: an item is not a string.
        """
        return [self.target.ids(_string(text, number, "target")) for number, text in enumerate(texts)]

    def decode_target(self, ids: Iterable[int]) -> str:
        """The text of target token ids, up to the end token."""
        return self.target.text(ids)

    def source_tokens(self, raw: str) -> list[str]:
        """What stands at each step of a source, for the axis of a picture."""
        return self.source.tokens(self._source_ids(raw, 0))

    def target_tokens(self, ids: Iterable[int]) -> list[str]:
        """What stands at each step of a target, for the axis of a picture."""
        return self.target.tokens(ids)

    def decode(self, ids: Iterable[int]) -> list[str]:
        """What stands at each step of a source, without padding."""
        return self.source.tokens(token for token in map(int, ids) if token != PAD)

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        target = None if self.target is self.source else self.target.state()
        return {"codec": "pair", "source": self.source.state(), "target": target}

    def _source_ids(self, text: str, number: int) -> list[int]:
        ids = self.source.ids(_string(text, number, "text"))
        if not ids:
            raise ValueError(f"text {number} is empty; expected at least one word.")
        return ids


def to_rows(sources: list[list[int]], targets: list[list[int]]) -> PairSequences:
    """Token ids of sources and targets as rows."""
    return PairSequences(
        *end_to_end(sources), *end_to_end(targets), begin=BEGIN, end=END, padding_value=PAD, target_padding_value=PAD
    )


def end_to_end(rows: Sequence[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """All tokens (N,) and the length of each row (R,)."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    return np.fromiter((token for row in rows for token in row), dtype=np.int32, count=int(lengths.sum())), lengths


def _string(text: Any, number: int, what: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{what} {number} is a {type(text).__name__}; expected a string.")
    return text
