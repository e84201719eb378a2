"""Tokens of a stream as features: embedding, then causal recurrent layers that carry a state from window to window."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from rnnzoo.modules.carried_layers import CarriedLayers
from rnnzoo.modules.dropped_layers import KINDS
from rnnzoo.modules.embedding import Embedding
from rnnzoo.ops.ragged import unless_full


class Encoded(NamedTuple):
    """What a stream encoder makes of a window."""

    features: Tensor  # (B, T, O), after the last dropout: what the output layer sees
    raw: Tensor  # (B, T, O), before it
    state: Any  # behind the window


class StreamEncoder(nn.Module):
    """Token ids (B, T) or channels (B, T, I), and a state, as features (B, T, O) and the state behind them.

    Args:
        input, input_size, padding_id: of the spec.
        layer, hidden_size, num_layers, last_size: see ``CarriedLayers``.
        embedding_size: E.
        dropout: of the features.
        input_dropout: of the embedded inputs.
        hidden_dropout: between the recurrent layers.
        word_dropout: the share of the words of the vocabulary (not of the places in the text) whose vectors are zero
            in a window, the others scaled up: S. Merity et al., arXiv:1708.02182, section 4.3, after Y. Gal and
            Z. Ghahramani, arXiv:1512.05287.
        dropout_kind: of the first three: "fresh", another mask at every step, or "locked", one for a row's window.
        layer_options: further arguments of the architecture.

    Raises:
        UnknownName, ValueError: as the parts.
    """

    def __init__(
        self,
        input: str,
        input_size: int,
        *,
        layer: str = "lstm",
        hidden_size: int = 128,
        num_layers: int = 1,
        last_size: int | None = None,
        embedding_size: int = 64,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        hidden_dropout: float = 0.0,
        word_dropout: float = 0.0,
        dropout_kind: str = "fresh",
        padding_id: int | None = None,
        layer_options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= word_dropout < 1:
            raise ValueError(f"word_dropout is {word_dropout}; expected a share from 0 to below 1.")
        self.embedding = Embedding(input, input_size, embedding_size=embedding_size, padding_id=padding_id)
        self.word_dropout = word_dropout
        self.recurrent = CarriedLayers(
            layer,
            self.embedding.output_size,
            hidden_size,
            num_layers=num_layers,
            last_size=last_size,
            p=hidden_dropout,
            kind=dropout_kind,
            **(layer_options or {}),
        )
        self.input_dropout = KINDS[dropout_kind](input_dropout) if input_dropout else None
        self.dropout = KINDS[dropout_kind](dropout) if dropout else None
        self.output_size = self.recurrent.output_size

    def forward(self, inputs: Tensor, state: Any = None, lengths: Tensor | None = None) -> Encoded:
        """Features of a window, and the state behind it; ``lengths`` (B,) on the CPU.

        Raises:
            TypeError, ValueError: ``inputs`` or ``lengths`` are not of these types, shapes and ranges.
        """
        x = self.embedding(inputs)  # (B, T, E)
        if self.training and self.word_dropout:
            kept = F.dropout(x.new_ones(self.embedding.input_size), self.word_dropout)  # (V,)
            x = x * kept[inputs][..., None]
        if self.input_dropout is not None:
            x = self.input_dropout(x)
        lengths = unless_full(lengths, x.shape[0], x.shape[1])
        raw, state = self.recurrent(x, state, lengths)  # (B, T, O)
        return Encoded(raw if self.dropout is None else self.dropout(raw), raw, state)

    def step(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Features (B, O) of a step of (B,) tokens or (B, I) channels, and the state behind it; nothing is dropped."""
        return self.recurrent.step(self.embedding(inputs[:, None])[:, 0], state)

    def initial_state(self, batch_size: int) -> Any:
        """The state before a stream begins, where the weights are."""
        weight = self.embedding.one
        return self.recurrent.initial_state(batch_size, device=weight.device, dtype=weight.dtype)
