"""Attention between two sequences: how much each step of a source counts for each step of a target.

A score e_ij compares the query s_i of a target step with the state h_j of a source step; the weights are
a_ij = softmax_j(e_ij) over the source's own steps, and what a target step gets is c_i = sum_j a_ij h_j.

A source is prepared once: whatever is computed of its states alone is not computed again at every target step.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnzoo.ops.ragged import mask
from rnnzoo.registry import unknown

TEMPERATURE = 10.0
"""What a learned temperature of the cosine starts at."""


class Source(NamedTuple):
    """The states that are attended to, prepared; the batch comes first in every member."""

    keys: Tensor  # (B, T, A), what queries are compared with
    values: Tensor  # (B, T, D), what the weights sum up; zero on padding
    inside: Tensor | None  # (B, T) bool, False on padding; None where there is none


class Attention(nn.Module):
    """The base of all scores: what they share is here, ``scores`` differs.

    Args:
        query_size: Q, width of the queries.
        memory_size: D, width of the source's states.

    Attributes:
        output_size: width of what a query gets.
    """

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.query_size, self.memory_size = query_size, memory_size
        self.output_size = memory_size

    def key(self, memory: Tensor) -> Tensor:
        """The keys (B, T, A) of the source's states (B, T, D)."""
        return memory

    def query(self, queries: Tensor) -> Tensor:
        """Queries (B, M, Q) as they are compared with the keys, (B, M, A)."""
        return queries

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """e (B, M, T) of queries (B, M, A) and keys (B, T, A)."""
        raise NotImplementedError(f"{type(self).__name__} has no scores().")

    def prepare(self, memory: Tensor, lengths: Tensor | None = None) -> Source:
        """The source's states (B, T, D) with their keys; ``lengths`` (B,), ``None``: all T steps count."""
        inside = None
        if lengths is not None:
            inside = mask(lengths.to(memory.device, non_blocking=True), memory.shape[1])  # (B, T)
            memory = memory.masked_fill(~inside[..., None], 0)
        return Source(self.key(memory), memory, inside)

    def forward(self, queries: Tensor, source: Source) -> tuple[Tensor, Tensor]:
        """What each query gets, (B, M, D), and the weights a (B, M, T); queries are (B, M, Q)."""
        queries = self.query(queries)  # (B, M, A)
        with torch.autocast(queries.device.type, enabled=False):  # half precision costs e^score 2^-9 |score| of itself
            scores = self.scores(_at_least_float32(queries), _at_least_float32(source.keys))  # (B, M, T)
            weights = masked_softmax(scores, source.inside)  # (B, M, T)
        return self.combine(weights, source), self.shown(weights)

    def combine(self, weights: Tensor, source: Source) -> Tensor:
        """c (B, M, D) of weights (B, M, T)."""
        return weights.to(source.values.dtype) @ source.values

    def shown(self, weights: Tensor) -> Tensor:
        """The weights (B, M, T) that a picture shows."""
        return weights


class Dot(Attention):
    """e = s . h, of T. Luong, H. Pham, C. Manning, 2015, arXiv:1508.04025, equation 8.

    Args:
        scaled: divided by sqrt(D), of A. Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762.
    """

    def __init__(self, query_size: int, memory_size: int, *, scaled: bool = False) -> None:
        super().__init__(query_size, memory_size)
        _check_widths("scaled_dot" if scaled else "dot", query_size, memory_size)
        self.factor = memory_size**-0.5 if scaled else 1.0

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """(B, M, A), (B, T, A) -> (B, M, T)."""
        return queries @ keys.transpose(1, 2) * self.factor


class Cosine(Attention):
    """e = tau s . h / (|s| |h|), of A. Graves, G. Wayne, I. Danihelka, "Neural Turing Machines", 2014, arXiv:1410.5401.

    Args:
        learned_temperature: tau is learned. ``False``: tau = 1, and as every e is within -1 and 1, no weight can be
            above e^2 / (e^2 + T - 1): over 20 steps it is 0.28 at the most.
    """

    def __init__(self, query_size: int, memory_size: int, *, learned_temperature: bool = True) -> None:
        super().__init__(query_size, memory_size)
        _check_widths("cosine", query_size, memory_size)
        start = torch.tensor(math.log(TEMPERATURE))
        self.log_temperature = nn.Parameter(start) if learned_temperature else None

    def key(self, memory: Tensor) -> Tensor:
        """Of length 1."""
        return F.normalize(_at_least_float32(memory), dim=-1)

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """(B, M, A), (B, T, A) -> (B, M, T)."""
        if self.log_temperature is not None:
            keys = keys * self.log_temperature.exp()
        return F.normalize(queries, dim=-1) @ keys.transpose(1, 2)


class Bilinear(Attention):
    """e = s . W h, the "general" score of Luong et al., 2015, arXiv:1508.04025, equation 8."""

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(query_size, memory_size)
        self.key_map = nn.Linear(memory_size, query_size, bias=False)

    def key(self, memory: Tensor) -> Tensor:
        """W h (B, T, Q)."""
        return self.key_map(memory)

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """(B, M, A), (B, T, A) -> (B, M, T)."""
        return queries @ keys.transpose(1, 2)


class Additive(Attention):
    """e = v . tanh(W s + U h + b), a network with one hidden layer.

    D. Bahdanau, K. Cho, Y. Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate", 2014,
    arXiv:1409.0473.

    Args:
        size: width of the hidden layer.
    """

    def __init__(self, query_size: int, memory_size: int, *, size: int) -> None:
        super().__init__(query_size, memory_size)
        self.query_map = nn.Linear(query_size, size)
        self.key_map = nn.Linear(memory_size, size, bias=False)
        self.v = nn.Parameter(torch.empty(size).uniform_(-(size**-0.5), size**-0.5))

    def key(self, memory: Tensor) -> Tensor:
        """U h (B, T, A)."""
        return self.key_map(memory)

    def query(self, queries: Tensor) -> Tensor:
        """W s + b (B, M, A)."""
        return self.query_map(queries)

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """(B, M, A), (B, T, A) -> (B, M, T)."""
        return torch.tanh(queries[:, :, None] + keys[:, None]) @ self.v.to(keys.dtype)  # (B, M, T, A) @ (A,)


class MultiHead(Attention):
    """Scaled dot products of ``heads`` projections each, of Vaswani et al., 2017, arXiv:1706.03762, section 3.2.2.

    The weights that are shown are the heads' mean.

    Args:
        heads: how many; they share the width Q among them.
    """

    def __init__(self, query_size: int, memory_size: int, *, heads: int = 4) -> None:
        super().__init__(query_size, memory_size)
        if heads < 1 or query_size % heads:
            raise ValueError(
                f"attention has {heads} heads for queries of width {query_size}; expected a divisor of it."
            )
        self.heads = heads
        self.query_map = nn.Linear(query_size, query_size, bias=False)
        self.key_map = nn.Linear(memory_size, query_size, bias=False)
        self.value_map = nn.Linear(memory_size, query_size, bias=False)
        self.output_map = nn.Linear(query_size, query_size, bias=False)
        self.output_size = query_size

    def key(self, memory: Tensor) -> Tensor:
        """(B, T, Q)."""
        return self.key_map(memory)

    def query(self, queries: Tensor) -> Tensor:
        """(B, M, Q)."""
        return self.query_map(queries)

    def prepare(self, memory: Tensor, lengths: Tensor | None = None) -> Source:
        """Keys and values, of all heads side by side."""
        source = super().prepare(memory, lengths)
        return source._replace(values=self.value_map(source.values))

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """(B, M, Q), (B, T, Q) -> (B, heads, M, T)."""
        queries, keys = self._split(queries), self._split(keys)  # (B, heads, ., Q / heads)
        return queries @ keys.transpose(2, 3) * queries.shape[-1] ** -0.5

    def combine(self, weights: Tensor, source: Source) -> Tensor:
        """c (B, M, Q) of weights (B, heads, M, T)."""
        found = weights.to(source.values.dtype) @ self._split(source.values)  # (B, heads, M, Q / heads)
        return self.output_map(found.transpose(1, 2).flatten(2))

    def shown(self, weights: Tensor) -> Tensor:
        """The mean of the heads', (B, M, T)."""
        return weights.mean(dim=1)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, ., Q / heads)


def masked_softmax(scores: Tensor, inside: Tensor | None) -> Tensor:
    """The softmax of scores (B, M, T) or (B, heads, M, T) over the steps inside, in float32 at least; 0 elsewhere."""
    scores = _at_least_float32(scores)
    if inside is not None:
        inside = inside[:, None] if scores.ndim == 3 else inside[:, None, None]  # (B, 1, T) or (B, 1, 1, T)
        scores = scores.masked_fill(~inside, -torch.inf)
    return scores.softmax(dim=-1)


ATTENTIONS = ("cosine", "bilinear", "additive", "dot", "scaled_dot", "multi_head")


def create_attention(
    name: str,
    query_size: int,
    memory_size: int,
    *,
    size: int | None = None,
    heads: int = 4,
    learned_temperature: bool = True,
) -> Attention:
    """The attention called ``name``.

    Args:
        query_size, memory_size: Q and D, widths of the queries and of the source's states.
        size: width of the hidden layer of "additive"; ``None``: Q.
        heads: of "multi_head".
        learned_temperature: of "cosine".

    Raises:
        UnknownName: with near misses.
        ValueError: the widths do not go with this score.
    """
    if name == "cosine":
        return Cosine(query_size, memory_size, learned_temperature=learned_temperature)
    if name == "bilinear":
        return Bilinear(query_size, memory_size)
    if name == "additive":
        return Additive(query_size, memory_size, size=query_size if size is None else size)
    if name in ("dot", "scaled_dot"):
        return Dot(query_size, memory_size, scaled=name == "scaled_dot")
    if name == "multi_head":
        return MultiHead(query_size, memory_size, heads=heads)
    raise unknown("attention", name, ATTENTIONS)


def _at_least_float32(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _check_widths(name: str, query_size: int, memory_size: int) -> None:
    if query_size != memory_size:
        raise ValueError(
            f"attention '{name}' compares queries of width {query_size} with states of width {memory_size}; expected "
            "the same width: give the decoder as many units as the encoder has in all directions together, or use "
            "'bilinear', 'additive' or 'multi_head'."
        )
