"""What datasets of a text for a class share (1 to N): rows, spec and codec follow from classes and texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnzoo.contracts import PairBatch, Spec
from rnnzoo.data import _segmenters
from rnnzoo.data._base import SPLITS
from rnnzoo.data._batches import Rows
from rnnzoo.data._cache import Arrays, pack_strings
from rnnzoo.data._checks import check_positive
from rnnzoo.data._encoded import EncodedData
from rnnzoo.data._pair_codec import end_to_end
from rnnzoo.data._pairs import PairSequences
from rnnzoo.data._segmenters import BEGIN, END, PAD, UNK, Segmenter, build_segmenter
from rnnzoo.registry import CODECS, unknown


class ClassTexts(NamedTuple):
    """The number of each row's class, and its text."""

    classes: list[int]
    texts: list[str]


class EmissionTexts(NamedTuple):
    """All the texts of a dataset, and what the classes' numbers mean."""

    classes: list[str]
    splits: dict[str, ClassTexts]  # train, validation, test


class EmissionRows(PairSequences):
    """R inputs, each with the tokens to be written for it; ``dataset[list of row numbers]`` is a ``PairBatch``.

    Args:
        sources: (R,) classes, or (R, I) floats.
        targets: (N,) tokens, every row's one after the other, without begin and end.
        target_lengths: (R,) of the targets.
    """

    def __init__(self, sources: Any, targets: Any, target_lengths: Any) -> None:
        ones = np.ones(len(sources), dtype=np.int64)
        super().__init__(
            sources, ones, targets, target_lengths, begin=BEGIN, end=END, padding_value=0, target_padding_value=PAD
        )

    def __getitem__(self, rows: Sequence[int]) -> PairBatch:
        """The rows as one batch, the source (B,) or (B, I); ``FILLER`` rows have weight 0."""
        batch = super().__getitem__(rows)
        return batch._replace(source=batch.source[:, 0])


@CODECS.register("emission")
class EmissionCodec:
    """Names of classes as batches, and token ids of what is written as texts.

    Args:
        classes: the names in the order of their numbers.
        target: the state of the ``Segmenter`` of texts.
        lines: a space in a text is the end of a line.
    """

    def __init__(self, classes: list[str], target: dict[str, Any], lines: bool = False) -> None:
        self.classes = list(classes)
        self.target = Segmenter(**target)
        self.lines = lines
        self.number = {name: i for i, name in enumerate(self.classes)}

    def encode(self, raw: list[str], targets: list[str] | None = None) -> PairBatch:
        """Classes (B,) as a batch, with these texts, or with empty ones: the end alone.

        Raises:
            UnknownName: an item is the name of no class; near misses follow.
            ValueError: no item at all, or not as many texts.
        """
        if isinstance(raw, str) or not raw:
            raise ValueError(f"expected a list of at least one class, got {raw!r:.80}.")
        if targets is not None and len(targets) != len(raw):
            raise ValueError(f"there are {len(raw)} classes and {len(targets)} texts; expected as many.")
        for name in raw:
            if name not in self.number:
                raise unknown("class", str(name), self.classes)
        ids = [self.target.ids(text) for text in targets or [""] * len(raw)]
        return EmissionRows([self.number[name] for name in raw], *end_to_end(ids))[range(len(raw))]

    def decode_target(self, ids: Iterable[int]) -> str:
        """The text of token ids, up to the end token."""
        text = self.target.text(ids)
        return text.replace(" ", "\n") if self.lines else text

    def target_tokens(self, ids: Iterable[int]) -> list[str]:
        """What stands at each step of a text, for the axis of a picture."""
        return self.target.tokens(ids)

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        return {"codec": "emission", "classes": self.classes, "target": self.target.state(), "lines": self.lines}


class EmissionData(EncodedData[EmissionTexts]):
    """A text for a class, character by character.

    A concrete dataset says where its texts come from (``read``) and what they depend on (``key``).

    Args:
        minimum_count: characters that occur less often in the training texts are [UNK].
        loading: the arguments of ``ZooData``.

    Raises:
        ValueError: ``minimum_count`` is below 1.
    """

    version = 1
    code = (_segmenters, end_to_end)
    lines = False

    def __init__(self, *, minimum_count: int, **loading: Any) -> None:
        super().__init__(**loading)
        check_positive(minimum_count=minimum_count)
        self.minimum_count = minimum_count

    @property
    def spec(self) -> Spec:
        """A class in, characters out."""
        classes = self._strings("classes")
        return Spec(
            kind="emission",
            input="tokens",
            input_size=len(classes),
            output_size=len(self._encoded["characters_ends"]),
            classes=classes,
            padding_id=None,
            target_padding_id=PAD,
            begin=BEGIN,
            end=END,
            unknown=UNK,
            unit="character",
            streaming=False,
            version=self.version,
        )

    def codec_state(self) -> dict[str, Any]:
        """The state of the ``EmissionCodec`` that encodes as this dataset does."""
        target = Segmenter("characters", self._strings("characters"))
        return EmissionCodec(self._strings("classes"), target.state(), self.lines).state()

    def build_splits(self) -> Mapping[str, Rows]:
        """The encoded rows."""
        arrays = self._encoded
        return {
            split: EmissionRows(*(arrays[f"{split}_{name}"] for name in ("classes", "tokens", "lengths")))
            for split in SPLITS
        }

    def settings(self) -> dict[str, Any]:
        """That of the characters."""
        return {"least": self.minimum_count}

    def encode(self, raw: EmissionTexts) -> Arrays:
        """Characters, classes, and the texts of all splits as arrays."""
        segmenter = build_segmenter("characters", raw.splits["train"].texts, minimum_count=self.minimum_count)
        arrays: Arrays = {"digest": np.frombuffer(hashlib.sha256(repr(raw).encode()).digest(), dtype=np.uint8)}
        arrays["characters"], arrays["characters_ends"] = pack_strings(segmenter.vocabulary)
        arrays["classes"], arrays["classes_ends"] = pack_strings(raw.classes)
        for split, part in raw.splits.items():
            arrays[f"{split}_classes"] = np.array(part.classes, dtype=np.int64)
            tokens, lengths = end_to_end([segmenter.ids(text) for text in part.texts])
            arrays[f"{split}_tokens"], arrays[f"{split}_lengths"] = tokens, lengths
        return arrays
