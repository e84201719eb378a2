"""What datasets of drawn tokens share: a fixed alphabet, in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from rnnzoo.contracts import SequenceBatch, Spec
from rnnzoo.data._batches import unlabelled_batch
from rnnzoo.data._generated import GeneratedData
from rnnzoo.registry import CODECS


@CODECS.register("symbols")
class SymbolsCodec:
    """Items of a fixed alphabet as tokens.

    Args:
        alphabet: the symbols in the order of their ids. Where each is one character an item is a string of them, else
            a string of symbols with spaces between, or a list of symbols.
        example: an item, for messages.
    """

    def __init__(self, alphabet: Sequence[str], example: str) -> None:
        self.alphabet = list(alphabet)
        self.example = example
        self._ids = {symbol: number for number, symbol in enumerate(self.alphabet)}
        self._joint = all(len(symbol) == 1 for symbol in self.alphabet)

    def encode(self, raw: list[Any]) -> SequenceBatch:
        """``raw`` as a batch of tokens (B, T).

        Raises:
            ValueError: there is nothing to encode, or an item is empty or holds something that is no symbol.
        """
        if not raw:
            raise ValueError(f"there is no sequence to encode; expected at least one, such as {self.example!r}.")
        return unlabelled_batch([self._tokens(item, number) for number, item in enumerate(raw)])

    def decode(self, ids: list[int]) -> list[str]:
        """The symbols of token ids."""
        return [self.alphabet[i] for i in ids]

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        return {"codec": "symbols", "alphabet": self.alphabet, "example": self.example}

    def _tokens(self, item: Any, number: int) -> torch.Tensor:
        parts: list[Any] = []
        if isinstance(item, str):
            parts = list(item) if self._joint else item.split()
        elif isinstance(item, list):
            parts = item
        if not parts or not all(isinstance(part, str) and part in self._ids for part in parts):
            shown = " ".join(self.alphabet[:20]) + (" ..." if len(self.alphabet) > 20 else "")
            raise ValueError(
                f"item {number} is {item!r:.80}; expected a string of the symbols {shown}, such as {self.example!r}."
            )
        return torch.tensor([self._ids[part] for part in parts])


class DrawnData(GeneratedData):
    """Rows of tokens drawn by a generator: the same seed gives the same rows.

    A concrete dataset says its alphabet and its labels, and draws the rows of a split (``draw``).

    Args:
        alphabet: the symbols in the order of their ids.
        labels: the classes' names in the order of theirs.
        example: an item, for messages.
        rows, data_seed, fresh: as ``GeneratedData`` says.
        loading: the arguments of ``ZooData``.

    Raises:
        ValueError: a split of less than one row.
    """

    def __init__(
        self,
        *,
        alphabet: Sequence[str],
        labels: Sequence[str],
        example: str,
        rows: tuple[int, int, int],
        data_seed: int,
        fresh: bool = False,
        **loading: Any,
    ) -> None:
        super().__init__(rows=rows, data_seed=data_seed, fresh=fresh, **loading)
        self.codec = SymbolsCodec(alphabet, example)
        self.labels = list(labels)

    @property
    def spec(self) -> Spec:
        """Symbols in, labels out; there is no padding token."""
        return Spec(
            kind=self.kind,
            input="tokens",
            input_size=len(self.codec.alphabet),
            output_size=len(self.labels),
            labels=list(self.labels),
            padding_id=None,
            streaming=False,
            version=self.version,
        )

    def codec_state(self) -> dict[str, Any]:
        """The state of a ``SymbolsCodec``."""
        return self.codec.state()
