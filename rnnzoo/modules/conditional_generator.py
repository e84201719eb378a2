"""A sequence for one input: a class or a vector, and any causal layers that write tokens one after the other.

With c the input's vector (a row of a table, W x + b, or what a small convolutional network makes of an image) and e_t
the embedding of the token before, a step reads

    first:    x_1 = [e_1; c], x_t = [e_t; 0] behind it
    every:    x_t = [e_t; c]
    initial:  x_t = e_t, and the layers begin from a state made of c, see ``modules.bridge``

and its output y_t becomes logits, W y_t + b. "first" and "every" are the two forms of a network from one to many that
the teaching texts show.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rnnzoo.modules.bridge import create_bridge
from rnnzoo.modules.embedding import Embedding
from rnnzoo.modules.frame_encoder import create_frame_encoder
from rnnzoo.modules.layer_states import swap_rows
from rnnzoo.ops.ragged import unless_full
from rnnzoo.recurrent import create_layer
from rnnzoo.registry import LAYERS, unknown

INJECTIONS = ("first", "every", "initial")
CONDITIONS = ("linear", "cnn")


class Written(NamedTuple):
    """What is carried from step to step of N sequences; the rows come first in every member."""

    layers: Any  # the stack's state, see ``modules.layer_states.swap_rows``
    told: Tensor | None  # (N, C), of the input, what the next step reads


class ConditionalGenerator(nn.Module):
    """Logits of the V tokens that may come next, all steps at once or one after another.

    Args:
        input, input_size: "tokens": one of so many classes; "real": so many numbers.
        vocabulary: V.
        layer: a registered architecture that is causal.
        injection: "first", "every" or "initial", see above.
        condition: what is made of numbers: "linear", W x + b, or "cnn", see ``modules.frame_encoder``.
        image: of "cnn": height and width of the image whose pixels the numbers are.
        condition_size: C, width of the input's vector.
        hidden_size, num_layers, dropout: of the layers; ``dropout`` is before the logits, too.
        embedding_size, embedding_std, embedding_dropout, word_dropout, padding_id: of the tokens' embedding.
        tied: the logits' weight is the embedding's table, and a linear map makes y_t as wide.
        layer_options: further arguments of the architecture.

    Raises:
        UnknownName: no such layer, input, injection or condition.
        ValueError: the layer is not causal, or "cnn" is to read what is no image.
    """

    def __init__(
        self,
        input: str,
        input_size: int,
        vocabulary: int,
        *,
        layer: str = "lstm",
        injection: str = "first",
        condition: str = "linear",
        image: Sequence[int] | None = None,
        condition_size: int = 32,
        hidden_size: int = 64,
        num_layers: int = 1,
        dropout: float = 0.0,
        embedding_size: int = 64,
        embedding_std: float = 0.1,
        embedding_dropout: float = 0.0,
        word_dropout: float = 0.0,
        padding_id: int | None = None,
        tied: bool = False,
        layer_options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if injection not in INJECTIONS:
            raise unknown("injection", injection, INJECTIONS)
        if input not in ("tokens", "real"):
            raise unknown("input", input, ("tokens", "real"))
        if not LAYERS.entry(layer).causal or (layer_options or {}).get("bidirectional"):
            raise ValueError(
                f"layer '{layer}' is not causal, or of both directions; use one that looks at no later step."
            )
        if condition not in CONDITIONS:
            raise unknown("condition", condition, CONDITIONS)
        self.injection = injection
        self.input_size = input_size
        self.condition: nn.Module
        if condition == "cnn":
            self.condition = create_frame_encoder(None if input == "tokens" else image, input_size, condition_size)
        else:
            kind = nn.Embedding if input == "tokens" else nn.Linear
            self.condition = kind(input_size, condition_size)
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
        width = embedding_size + (condition_size if injection != "initial" else 0)
        self.recurrent: Any = create_layer(layer, width, hidden_size, **stack)
        start = "context" if injection == "initial" else "zeros"
        self.bridge = create_bridge(self.recurrent, condition_size, start=start)
        output_size = int(self.recurrent.output_size)
        self.readout = nn.Linear(output_size, embedding_size) if tied else None
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.head = nn.Linear(embedding_size if tied else output_size, vocabulary)
        if tied:
            self.head.weight = self.embedding.map.weight  # type: ignore[union-attr, assignment]

    def begin(self, source: Tensor) -> Written:
        """The state before the first step, of classes (B,) or numbers (B, I).

        Raises:
            TypeError, ValueError: they are of another dtype, shape or range.
        """
        c = self._condition(source)  # (B, C)
        layers = swap_rows(self.bridge(self.recurrent, c, []))
        return Written(layers, None if self.injection == "initial" else c)

    def forward(self, source: Tensor, tokens: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits (B, M, V).

        Args:
            source: (B,) classes or (B, I) numbers.
            tokens: (B, M), what is read: the begin token and the target without its end.
            lengths: (B,) on the CPU; ``None``: all M steps count.
        """
        x = self.embedding(tokens)  # (B, M, E)
        state = self.begin(source)
        if state.told is not None:
            told = state.told[:, None].expand(-1, x.shape[1], -1)  # (B, M, C)
            if self.injection == "first":
                told = torch.cat([told[:, :1], torch.zeros_like(told[:, 1:])], dim=1)
            x = torch.cat([x, told], dim=-1)
        lengths = unless_full(lengths, x.shape[0], x.shape[1])
        y, _ = self.recurrent(x, swap_rows(state.layers), lengths=lengths)  # (B, M, O)
        return self._logits(y)

    def step(self, tokens: Tensor, state: Written, fixed: Any = ()) -> tuple[Tensor, Written, None]:
        """Logits (N, V) behind these tokens (N,), and the next state; see ``modules.greedy_search``."""
        x = self.embedding(tokens[:, None])[:, 0]  # (N, E)
        told = state.told
        if told is not None:
            x = torch.cat([x, told], dim=-1)
            told = torch.zeros_like(told) if self.injection == "first" else told
        y, hx = self.recurrent.step(x, swap_rows(state.layers))  # (N, O)
        return self._logits(y), Written(swap_rows(hx), told), None

    def _condition(self, source: Tensor) -> Tensor:
        if isinstance(self.condition, nn.Embedding):
            if source.dtype not in (torch.int64, torch.int32) or source.ndim != 1:
                raise TypeError(
                    f"source is of dtype {source.dtype} and shape {tuple(source.shape)}; expected int64 classes (B,)."
                )
            try:
                return self.condition(source)
            except IndexError as error:
                low, high = (int(bound) for bound in source.aminmax())
                raise ValueError(
                    f"the classes go from {low} to {high}; expected 0 to {self.input_size - 1}."
                ) from error
        if not source.is_floating_point() or source.ndim != 2 or source.shape[1] != self.input_size:
            raise ValueError(
                f"source is of dtype {source.dtype} and shape {tuple(source.shape)}; expected floats (B, "
                f"{self.input_size})."
            )
        return self.condition(source)

    def _logits(self, y: Tensor) -> Tensor:
        y = y if self.readout is None else self.readout(y)
        return self.head(y if self.dropout is None else self.dropout(y))
