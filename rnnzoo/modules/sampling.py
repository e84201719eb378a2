"""Drawing the next token from what a model makes of it, and whole sequences token by token.

The probabilities are softmax(logits / temperature); a temperature of 0 is the likeliest token. ``top_k`` keeps the k
likeliest; ``top_p`` the likeliest that together have at least that probability, the last of them included (A. Holtzman
et al., "The Curious Case of Neural Text Degeneration", 2020, arXiv:1904.09751). What is kept is drawn from in
proportion.

A token is drawn by a number u uniform in [0, 1): the first at which the sum of the probabilities, the likeliest token
first, is above u. Numbers are drawn on the CPU, one a row and step, so that the same seed gives the same tokens on any
device, and a row's do not depend on its neighbours.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.modules.greedy_search import Hypothesis, Step, write_out


def check_sampling(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Refuse settings that leave nothing to draw from.

    Raises:
        ValueError: a temperature below 0, ``top_k`` below 1, or ``top_p`` outside (0, 1].
    """
    if not temperature >= 0:
        raise ValueError(f"temperature is {temperature}; expected 0 (the likeliest token) or more.")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k is {top_k}; expected at least 1, or None for all tokens.")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p is {top_p}; expected a probability above 0 and at most 1, or None for all tokens.")


def draw(
    logits: Tensor, numbers: Tensor, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """A token (N,) for each row of ``logits`` (N, V).

    Args:
        numbers: (N,) uniform in [0, 1).
        temperature, top_k, top_p: see above.
    """
    if temperature == 0 or top_k == 1:
        return logits.argmax(dim=-1)
    V = logits.shape[-1]
    values, tokens = (
        logits.float().sort(dim=-1, descending=True) if top_k is None else logits.float().topk(min(top_k, V))
    )
    chances = ((values - values[:, :1]) / temperature).softmax(dim=-1).double()  # (N, K), the likeliest first
    before = chances.cumsum(dim=-1) - chances  # (N, K)
    if top_p is not None:
        chances = chances.masked_fill(before >= top_p, 0.0)
    sums = chances.cumsum(dim=-1)
    bound = numbers.to(sums)[:, None] * sums[:, -1:]
    place = torch.searchsorted(sums, bound, right=True).clamp(max=sums.shape[-1] - 1)  # (N, 1)
    last = (chances > 0).sum(dim=-1, keepdim=True) - 1  # what has no probability is never drawn
    return tokens.gather(-1, torch.minimum(place, last))[:, 0]


def sample(
    step: Step,
    state: Any,
    *,
    begin: int,
    end: int,
    limits: Tensor,
    numbers: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> list[Hypothesis]:
    """One sequence for each of B rows, drawn token by token until the end token or the limit.

    Args:
        step, state: see ``modules.greedy_search``; nothing is fixed.
        begin, end: the tokens that a sequence begins and ends with.
        limits: (B,), the tokens, the end among them, that a sequence may have.
        numbers: (B, L) uniform in [0, 1), L at least the largest limit.
        temperature, top_k, top_p: see above.

    Returns:
        Sequences with the log probability that the model gives them, whatever they were drawn with.

    Raises:
        ValueError: see ``check_sampling``.
    """
    check_sampling(temperature, top_k, top_p)

    def drawn(logits: Tensor, sequence: Tensor, i: int) -> Tensor:
        return draw(logits, numbers[sequence, i], temperature=temperature, top_k=top_k, top_p=top_p)

    return write_out(step, state, (), drawn, begin=begin, end=end, limits=limits)
