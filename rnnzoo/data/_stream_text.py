"""What streams of text share: the vocabulary of the training text, the encoding, and a cache of both."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnzoo.contracts import Spec
from rnnzoo.data import running_text
from rnnzoo.data._base import SPLITS
from rnnzoo.data._cache import Arrays, pack_strings
from rnnzoo.data._checks import check_positive
from rnnzoo.data._encoded import EncodedData
from rnnzoo.data._stream_data import StreamData
from rnnzoo.registry import unknown


class StreamText(EncodedData[dict[str, str]], StreamData):
    """The next character or word of a text.

    A concrete dataset says where its texts come from (``read``) and what they depend on (``key``).

    Args:
        level: "characters" or "words", see ``rnnzoo.data.running_text``.
        vocabulary_size: at most this many tokens of the training text, <unk> among them; ``None``: no limit.
        minimum_count: tokens that occur less often in the training text are <unk>.
        loading: the arguments of ``StreamData``.

    Raises:
        UnknownName: no such level.
        ValueError: a setting outside what is said here.
    """

    version = 1
    code = (running_text,)

    def __init__(
        self, *, level: str, vocabulary_size: int | None = None, minimum_count: int = 1, **loading: Any
    ) -> None:
        super().__init__(**loading)
        if level not in running_text.LEVELS:
            raise unknown("level", level, running_text.LEVELS)
        if vocabulary_size is not None and vocabulary_size < 2:
            raise ValueError(f"vocabulary_size is {vocabulary_size}; expected at least 2 (<unk> is one), or None.")
        check_positive(minimum_count=minimum_count)
        self.level = level
        self.vocabulary_size = vocabulary_size
        self.minimum_count = minimum_count

    def vocabulary(self, counts: Counter[str]) -> list[str]:
        """The tokens in the order of their ids, of how often each is in the training text."""
        return running_text.vocabulary_of(counts, self.vocabulary_size, self.minimum_count)

    @property
    def spec(self) -> Spec:
        """Tokens in, tokens out; makes the vocabulary, or finds it in the cache."""
        tokens = self._strings("words")
        return Spec(
            kind="next_token",
            input="tokens",
            input_size=len(tokens),
            output_size=len(tokens),
            vocabulary=running_text.fingerprint(tokens),
            unit=self.level.removesuffix("s"),
            padding_id=None,
            streaming=True,
            version=self.version,
        )

    def codec_state(self) -> dict[str, Any]:
        """The state of the ``RunningText`` that encodes as this dataset does."""
        return {"codec": "running_text", "vocabulary": self._strings("words"), "level": self.level}

    def build_splits(self) -> dict[str, Tensor]:  # type: ignore[override]
        """The encoded streams."""
        return {split: torch.from_numpy(self._encoded[split]) for split in SPLITS}

    def settings(self) -> dict[str, Any]:
        """Those of the vocabulary."""
        return {"cut": [self.level, self.vocabulary_size, self.minimum_count]}

    def encode(self, texts: dict[str, str]) -> Arrays:
        """Vocabulary and tokens of all splits as arrays."""
        seen: defaultdict[str, int] = defaultdict()
        seen.default_factory = seen.__len__  # every new token gets the next number
        numbers = {split: number(texts[split], self.level, seen) for split in SPLITS}
        counts = np.bincount(numbers["train"], minlength=len(seen)).tolist()
        tokens = self.vocabulary(Counter({one: n for one, n in zip(seen, counts, strict=True) if n}))
        index = {token: i for i, token in enumerate(tokens)}
        unknown_id = index.get(running_text.UNKNOWN, -1)
        final = np.array([index.get(token, unknown_id) for token in seen], dtype=np.int32)  # (tokens seen,)
        if (final < 0).any():
            strange = [token for token, i in zip(seen, final.tolist(), strict=True) if i < 0]
            raise ValueError(f"the text has {strange[:5]}, which are not in the fixed vocabulary of this dataset.")
        total = hashlib.sha256(repr([(split, len(texts[split])) for split in SPLITS]).encode())
        for split in SPLITS:
            total.update(texts[split].encode())
        arrays: Arrays = {"digest": np.frombuffer(total.digest(), dtype=np.uint8)}
        arrays["words"], arrays["words_ends"] = pack_strings(tokens)
        return arrays | {split: final[found] for split, found in numbers.items()}


def number(text: str, level: str, seen: defaultdict[str, int]) -> np.ndarray:
    """The number (N,) of each token of a text in the order of first sight; an empty text has none."""
    if level == "words":
        return np.frombuffer(array("i", map(seen.__getitem__, running_text.cut(text, level))), dtype=np.int32)
    points, firsts, inverse = np.unique(
        np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32), return_index=True, return_inverse=True
    )
    numbers = np.empty(len(points), dtype=np.int32)
    for place in firsts.argsort().tolist():
        numbers[place] = seen[chr(points[place])]
    return numbers[inverse]


def shares_of(text: str, shares: dict[str, float]) -> dict[str, str]:
    """The end of a text cut off for other splits, each its share of the characters, ``train`` what stands before them.

    Raises:
        ValueError: a share outside (0, 1), or nothing left to train on.
    """
    if not all(0 < share < 1 for share in shares.values()) or sum(shares.values()) >= 1:
        raise ValueError(f"the shares are {shares}; expected each between 0 and 1, and together less than 1.")
    found: dict[str, str] = {}
    end = len(text)
    for split in reversed(list(shares)):
        begin = end - round(shares[split] * len(text))
        found[split], end = text[begin:end], begin
    return {"train": text[:end], **found}
