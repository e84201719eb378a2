"""What datasets of pairs of texts share: spec, codec and rows follow from the texts and their segmenters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from rnnzoo.contracts import Spec
from rnnzoo.data._base import SPLITS, ZooData
from rnnzoo.data._batches import Rows
from rnnzoo.data._checks import check_positive
from rnnzoo.data._pair_codec import PairCodec, to_rows
from rnnzoo.data._segmenters import BEGIN, END, PAD, UNK, Segmenter
from rnnzoo.data.running_text import fingerprint


class PairTexts(NamedTuple):
    """The sources of one split, and the target of each."""

    sources: list[str]
    targets: list[str]


class PairData(ZooData):
    """A text for a text.

    A concrete dataset says what its texts are (``texts``) and how they are cut into tokens (``segmenters``).
    """

    version: ClassVar[int] = 1

    def texts(self) -> Mapping[str, PairTexts]:
        """The pairs of ``train``, ``validation`` and ``test``."""
        raise NotImplementedError(f"{type(self).__name__} does not say its texts.")

    def segmenters(self) -> tuple[Segmenter, Segmenter]:
        """Those of sources and of targets; the same object where they share a vocabulary."""
        raise NotImplementedError(f"{type(self).__name__} does not say its tokens.")

    @property
    def spec(self) -> Spec:
        """Source tokens in, target tokens out."""
        source, target = self.segmenters()
        return Spec(
            kind="pair",
            input="tokens",
            input_size=len(source.vocabulary),
            output_size=len(target.vocabulary),
            vocabulary=fingerprint([*source.vocabulary, *source.merges, "", *target.vocabulary, *target.merges]),
            padding_id=PAD,
            target_padding_id=PAD,
            begin=BEGIN,
            end=END,
            unknown=UNK,
            joint_vocabulary=source is target,
            streaming=False,
            version=self.version,
        )

    @property
    def data_version(self) -> str:
        """The version of the recipe."""
        return f"{self.version}"

    def codec_state(self) -> dict[str, Any]:
        """The state of the ``PairCodec`` that encodes as this dataset does."""
        return self._codec().state()

    def build_splits(self) -> Mapping[str, Rows]:
        """The texts as token ids."""
        codec = self._codec()
        return {
            split: to_rows([codec.source.ids(text) for text in part.sources], codec.encode_target(part.targets))
            for split, part in self.texts().items()
        }

    def _codec(self) -> PairCodec:
        source, target = self.segmenters()
        return PairCodec(source.state(), None if target is source else target.state())


class DrawnPairs(PairData):
    """Pairs drawn by a generator: the same seed gives the same pairs.

    Args:
        rows: rows of the training, validation and test split.
        data_seed: of the one generator that draws them.
        loading: the arguments of ``ZooData``.

    Raises:
        ValueError: a split of less than one row.
    """

    def __init__(self, *, rows: tuple[int, int, int], data_seed: int, **loading: Any) -> None:
        super().__init__(**loading)
        check_positive(**dict(zip(("training", "validation", "test"), rows, strict=True)))
        self.rows = dict(zip(SPLITS, rows, strict=True))
        self.data_seed = data_seed

    def random(self) -> np.random.RandomState:
        """The generator that draws all splits, from its beginning."""
        return np.random.RandomState(self.data_seed)
