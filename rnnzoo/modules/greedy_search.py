"""Sequences that a model writes, one token after another: the likeliest token at every step, or as one chooses.

What is searched over may be any model of the next token: an encoder-decoder, a language model, a generator. It gives a
function

    step(tokens (N,), state, fixed) -> logits (N, V), state, weights (N, T) or None

``state`` and ``fixed`` are tuples (of tuples) of tensors, the rows first: ``state`` is carried from step to step and
has N rows, ``fixed`` is what a whole search leaves as it is and has one row for each of the B sequences; N = B here,
and N = B K in a beam search with K rows of a sequence side by side. Sequences that are done are left out of further
steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnnzoo.modules.layer_states import select_rows

Step = Callable[[Tensor, Any, Any], tuple[Tensor, Any, "Tensor | None"]]
Choose = Callable[[Tensor, Tensor, int], Tensor]

SHRINK = 0.75
"""Sequences that are done are left out once no more than this share is going on."""


class Hypothesis(NamedTuple):
    """A sequence that was found."""

    tokens: list[int]  # without begin and end
    score: float  # what hypotheses are ranked by
    log_probability: float  # in nats, of all tokens and the end
    ended: bool  # by the end token; else it was cut at its limit
    attention: Tensor | None  # (M, T), for each token (the end is one) the weights of the source's steps


def without(step: Step, never: Tensor | None) -> Step:
    """The step by which none of these tokens (K,) is ever written."""
    if never is None:
        return step

    def masked(tokens: Tensor, state: Any, fixed: Any) -> tuple[Tensor, Any, Tensor | None]:
        logits, state, weights = step(tokens, state, fixed)
        return logits.index_fill(-1, never, -torch.inf), state, weights

    return masked


def greedy_search(
    step: Step, state: Any, fixed: Any, *, begin: int, end: int, limits: Tensor, attention: bool = False
) -> list[Hypothesis]:
    """The likeliest token at every step, until the end token: ``write_out`` says the rest."""

    def likeliest(logits: Tensor, sequence: Tensor, i: int) -> Tensor:
        return logits.max(dim=-1).indices

    return write_out(step, state, fixed, likeliest, begin=begin, end=end, limits=limits, attention=attention)


@torch.no_grad()
def write_out(
    step: Step, state: Any, fixed: Any, choose: Choose, *, begin: int, end: int, limits: Tensor, attention: bool = False
) -> list[Hypothesis]:
    """One token after another, as they are chosen, until the end token or the limit; the score is the log probability.

    Args:
        step, state, fixed: see above; of B rows.
        choose: of logits (N, V), the numbers (N,) of their sequences and i, how many tokens each has, the next (N,).
        begin, end: the tokens that a sequence begins and ends with.
        limits: (B,), the tokens, the end among them, that a sequence may have.
        attention: keep the weights.

    Returns:
        One hypothesis for each of the B sequences, with the log probability that the model gives it, however it was
        chosen.
    """
    B, L = len(limits), int(limits.max())
    found: list[Hypothesis | None] = [None] * B
    sequence = torch.arange(B, device=limits.device)
    tokens = limits.new_full((B,), begin)
    written, total = limits.new_zeros(B, L), torch.zeros(B, device=limits.device)
    kept: Tensor | None = None
    going = torch.ones_like(limits, dtype=torch.bool)
    for i in range(L):
        logits, state, weights = step(tokens, state, fixed)  # (B, V)
        tokens = choose(logits, sequence, i)  # (B,)
        gained = logits.gather(-1, tokens[:, None])[:, 0].float() - logits.float().logsumexp(dim=-1)
        total = torch.where(going, total + gained, total)
        written[:, i] = tokens
        if attention and weights is not None:
            kept = weights.new_zeros(len(tokens), L, weights.shape[-1]) if kept is None else kept
            kept[:, i] = weights
        stops = going & ((tokens == end) | (limits == i + 1))
        for row in stops.nonzero()[:, 0].tolist():
            ended = bool(tokens[row] == end)
            value = float(total[row])
            maps = None if kept is None else kept[row, : i + 1].clone()
            words = written[row, : i + 1 - ended].tolist()
            found[int(sequence[row])] = Hypothesis(words, value, value, ended, maps)
        going = going & ~stops
        left = int(going.sum())
        if not left:
            break
        if left <= SHRINK * len(going):
            rows = going.nonzero()[:, 0]
            state, fixed = select_rows(state, rows), select_rows(fixed, rows)
            every = (sequence, tokens, limits, written, total, kept, going)
            sequence, tokens, limits, written, total, kept, going = select_rows(every, rows)
    return [one for one in found if one is not None]
