"""A decoder: a target's tokens one after the other, from a context, with or without attention to the source's states.

At each step the stack of layers reads the token before, beside it what it is told of the source, and its output y_i
becomes logits:

    x_i = [embedding of the token before; c where the context is an input; h~_(i-1) where it is fed back;
           c_i where attention comes before the layers]
    y_i = layers(x_i)
    h~_i = tanh(W [c_i; y_i] + b) where there is attention, else y_i
    logits_i = V h~_i + b

Attention behind the layers asks with y_i (T. Luong et al., 2015, arXiv:1508.04025; feeding h~ back is their section
3.3), attention before them with y_(i-1) (D. Bahdanau et al., 2014, arXiv:1409.0473), which before the first step is
tanh(W c + b) of the context, or zeros where the decoder does not start from the context.

Behind the layers and without feeding back, nothing that a step reads depends on the step before but for the layers'
state: a whole target is one call of the layers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rnnzoo.modules.attention import Attention, Source, create_attention
from rnnzoo.modules.embedding import Embedding
from rnnzoo.modules.layer_states import swap_rows
from rnnzoo.recurrent import create_layer
from rnnzoo.registry import LAYERS, unknown

PLACES = ("output", "input")


class Memory(NamedTuple):
    """What a decoder is told of B sources; the batch comes first in every member."""

    context: Tensor | None  # (B, C), where it is an input of every step
    attended: Source | None  # where there is attention


class DecoderState(NamedTuple):
    """What is carried from step to step; the rows come first in every member."""

    layers: Any  # the stack's state, see ``modules.layer_states.swap_rows``
    asking: Tensor | None  # (N, O), the output before, with which attention before the layers asks
    fed: Tensor | None  # (N, F), h~ of the step before, where it is fed back


class Decoder(nn.Module):
    """Logits of the V tokens of a target vocabulary, all steps at once or one after another.

    Args:
        vocabulary: V.
        layer: a registered architecture that is causal.
        hidden_size, num_layers, dropout: of the layers; ``dropout`` is before the logits, too.
        embedding_size, embedding_std, embedding_dropout, word_dropout, padding_id: of the target tokens' embedding.
        context_size: C, width of the context.
        every_step: the context is an input of every step.
        from_context: the decoder starts from the context; attention before the layers asks with it first.
        attention: a name, see ``modules.attention``, or "none".
        attention_place: "output" or "input": attention behind the layers or before them.
        attention_options: further arguments of ``create_attention``.
        memory_size: D, width of the source's states.
        input_feeding: feed h~ back.
        tied: the logits' weight is the embedding's table, and h~ is as wide as the embedding.
        layer_options: further arguments of the architecture.

    Raises:
        UnknownName: no such layer, attention or place.
        ValueError: the layer is not causal; feeding back, or another place, without attention.
    """

    def __init__(
        self,
        vocabulary: int,
        *,
        layer: str = "lstm",
        hidden_size: int = 64,
        num_layers: int = 1,
        dropout: float = 0.0,
        embedding_size: int = 64,
        embedding_std: float = 0.1,
        embedding_dropout: float = 0.0,
        word_dropout: float = 0.0,
        padding_id: int | None = None,
        context_size: int = 0,
        every_step: bool = False,
        from_context: bool = False,
        attention: str = "none",
        attention_place: str = "output",
        attention_options: dict[str, Any] | None = None,
        memory_size: int = 0,
        input_feeding: bool = False,
        tied: bool = False,
        layer_options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if attention_place not in PLACES:
            raise unknown("attention_place", attention_place, PLACES)
        if not LAYERS.entry(layer).causal:
            raise ValueError(f"layer '{layer}' is not causal; a decoder needs a layer that looks at no later step.")
        if attention == "none" and (input_feeding or attention_place != "output"):
            given = "input_feeding is True" if input_feeding else f"attention_place is '{attention_place}'"
            raise ValueError(f"{given} and attention is 'none'; name one, or leave that out.")
        self.embedding = Embedding(
            "tokens",
            vocabulary,
            embedding_size=embedding_size,
            padding_id=padding_id,
            dropout=embedding_dropout,
            word_dropout=word_dropout,
            std=embedding_std,
        )
        stack: dict[str, Any] = {"num_layers": num_layers, **(layer_options or {})}
        stack |= {"dropout": dropout if num_layers > 1 else 0.0, "batch_first": True}
        width = embedding_size + (context_size if every_step else 0)
        self.attention: Attention | None = None
        attended = 0
        if attention != "none":
            asking = int(create_layer(layer, width, hidden_size, **stack).output_size)  # layers say it once built
            self.attention = create_attention(attention, asking, memory_size, **(attention_options or {}))
            attended = self.attention.output_size
            width += attended if attention_place == "input" else 0
            width += (embedding_size if tied else asking) if input_feeding else 0
        self.before, self.feeding, self.every_step = attention_place == "input", input_feeding, every_step
        self.recurrent: Any = create_layer(layer, width, hidden_size, **stack)
        self.query_size = self.output_size = int(self.recurrent.output_size)
        self.first = nn.Linear(context_size, self.query_size) if self.before and from_context else None
        self.readout: nn.Module | None = None
        if attended or tied:
            self.output_size = embedding_size if tied else self.query_size
            self.readout = nn.Linear(attended + self.query_size, self.output_size)
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.head = nn.Linear(self.output_size, vocabulary)
        if tied:
            self.head.weight = self.embedding.map.weight  # type: ignore[union-attr, assignment]

    @property
    def parallel(self) -> bool:
        """Whether a whole target is one call of the layers."""
        return not (self.before or self.feeding)

    def remember(self, features: Tensor, context: Tensor, lengths: Tensor | None) -> Memory:
        """What is told of sources with features (B, T, D) and contexts (B, C)."""
        attended = None if self.attention is None else self.attention.prepare(features, lengths)
        return Memory(context if self.every_step else None, attended)

    def begin(self, hx: Any, context: Tensor) -> DecoderState:
        """The state before the first step, of the layers' state ``hx`` and contexts (B, C)."""
        asking = context.new_zeros(context.shape[0], self.query_size) if self.before else None
        if self.first is not None:
            asking = torch.tanh(self.first(context))  # (B, O)
        fed = context.new_zeros(context.shape[0], self.output_size) if self.feeding else None
        return DecoderState(swap_rows(hx), asking, fed)

    def forward(
        self, tokens: Tensor, state: DecoderState, memory: Memory, given: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Logits (B, M, V) and attention's weights (B, M, T) for a whole target.

        Args:
            tokens: (B, M), what is read: the begin token and the target without its last.
            state: before the first step.
            memory: of the sources.
            given: (B, M) bool, whether the token of a step is read; where it is not, the likeliest token by the step
                before is read in its place. ``None``: all are.
        """
        if given is not None:
            return self._by_itself(tokens, state, memory, given)
        x = self.embedding(tokens)  # (B, M, E)
        if self.parallel:
            if memory.context is not None:
                x = torch.cat([x, memory.context[:, None].expand(-1, x.shape[1], -1)], dim=-1)
            y, _ = self.recurrent(x, swap_rows(state.layers))  # (B, M, O)
            h, weights = self._read(y, memory)
            return self._logits(h), weights
        found = []
        for token in x.unbind(dim=1):
            h, state, weights = self._step(token, state, memory)
            found.append((h, weights))
        every = torch.stack([h for h, _ in found], dim=1)  # (B, M, F)
        return self._logits(every), _stacked([weights for _, weights in found])

    def step(self, tokens: Tensor, state: DecoderState, memory: Memory) -> tuple[Tensor, DecoderState, Tensor | None]:
        """One step: logits (N, V), the state behind it and the weights (N, T).

        Args:
            tokens: (N,), N = B K: K rows for each of the B sources, side by side.
            state: of N rows.
            memory: of B sources.
        """
        h, state, weights = self._step(self.embedding(tokens[:, None])[:, 0], state, memory)
        return self._logits(h), state, weights

    def _by_itself(
        self, tokens: Tensor, state: DecoderState, memory: Memory, given: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        found: list[tuple[Tensor, Tensor | None]] = []
        for token, keep in zip(tokens.unbind(dim=1), given.unbind(dim=1), strict=True):
            if found:
                token = torch.where(keep, token, found[-1][0].detach().argmax(dim=-1))
            logits, state, weights = self.step(token, state, memory)
            found.append((logits, weights))
        return torch.stack([logits for logits, _ in found], dim=1), _stacked([weights for _, weights in found])

    def _step(self, x: Tensor, state: DecoderState, memory: Memory) -> tuple[Tensor, DecoderState, Tensor | None]:
        """h~ (N, F) of an embedded token x (N, E), the state behind it, and the weights (N, T)."""
        parts, found, weights = [x], None, None
        if memory.context is not None:
            parts.append(memory.context.repeat_interleave(x.shape[0] // memory.context.shape[0], dim=0))
        if state.fed is not None:
            parts.append(state.fed)
        if state.asking is not None:
            found, weights = self._attend(state.asking, memory)
            parts.append(found)
        y, hx = self.recurrent.step(torch.cat(parts, dim=-1) if parts[1:] else x, swap_rows(state.layers))  # (N, O)
        if self.attention is not None and not self.before:
            found, weights = self._attend(y, memory)
        h = self._readout(y, found)
        return h, DecoderState(swap_rows(hx), y if self.before else None, h if self.feeding else None), weights

    def _attend(self, asking: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """What N = B K rows get from the memory of B sources: (N, D), (N, T)."""
        queries = asking.unflatten(0, (len(memory.attended.keys), -1))  # type: ignore[union-attr]  # (B, K, O)
        found, weights = self.attention(queries, memory.attended)  # type: ignore[misc]
        return found.flatten(0, 1), weights.flatten(0, 1)

    def _read(self, y: Tensor, memory: Memory) -> tuple[Tensor, Tensor | None]:
        if self.attention is None:
            return self._readout(y, None), None
        found, weights = self.attention(y, memory.attended)  # (B, M, D), (B, M, T)
        return self._readout(y, found), weights

    def _readout(self, y: Tensor, found: Tensor | None) -> Tensor:
        if self.readout is None:
            return y
        return torch.tanh(self.readout(y if found is None else torch.cat([found, y], dim=-1)))

    def _logits(self, h: Tensor) -> Tensor:
        return self.head(h if self.dropout is None else self.dropout(h))


def _stacked(weights: list[Tensor | None]) -> Tensor | None:
    """(B, M, T) of one (B, T) a step; ``None`` where there is no attention."""
    found = [one for one in weights if one is not None]
    return torch.stack(found, dim=1) if found else None
