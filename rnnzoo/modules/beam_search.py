"""Sequences that a model finds likely, by a beam of hypotheses; ``modules.greedy_search`` says over what."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnnzoo.modules.greedy_search import SHRINK, Hypothesis, Step
from rnnzoo.modules.layer_states import select_rows

COVERED = 1e-9
"""The least attention that a source step is counted with, as the logarithm of none at all would be infinite."""


class _Found(NamedTuple):
    """The best hypotheses of B sequences so far, the best first."""

    scores: Tensor  # (B, K), -inf where there is none
    log_probabilities: Tensor  # (B, K)
    tokens: Tensor  # (B, K, L)
    lengths: Tensor  # (B, K), tokens with the end
    ended: Tensor  # (B, K) bool
    attention: Tensor | None  # (B, K, L, T)


class _Beams(NamedTuple):
    """What is going on, of B sequences with K hypotheses each."""

    sequence: Tensor  # (B,), its number
    limits: Tensor  # (B,)
    scores: Tensor  # (B, K) log probabilities
    tokens: Tensor  # (B, K, L)
    covered: Tensor | None  # (B, K, T), sums of weights
    inside: Tensor | None  # (B, T) bool
    attention: Tensor | None  # (B, K, L, T)
    finished: Tensor  # (B,), of hypotheses that were finished
    found: _Found


@torch.no_grad()
def beam_search(
    step: Step,
    state: Any,
    fixed: Any,
    *,
    begin: int,
    end: int,
    limits: Tensor,
    beam: int,
    n_best: int = 1,
    length_penalty: float = 0.0,
    coverage_penalty: float = 0.0,
    inside: Tensor | None = None,
    attention: bool = False,
) -> list[list[Hypothesis]]:
    """The best hypotheses that a beam finds, the best first.

    At each step the ``beam`` likeliest continuations are looked at: those with the end token are finished, and as many
    others go on. A sequence is done when ``beam`` hypotheses were finished and none that goes on would be among the
    ``n_best`` if its next token ended it, when none can be among them any more, or at its limit, where what goes on is
    cut. A beam of 1 is the greedy search.

    Hypotheses are ranked as Y. Wu et al., "Google's Neural Machine Translation System", 2016, arXiv:1609.08144,
    equation 14 has it: log P(Y) / lp(Y) + cp(Y), with lp = ((5 + M) / 6)^alpha for M tokens (the end is one) and
    cp = beta sum_j log(min(sum_i a_ij, 1)) over the source's steps j.

    Args:
        step, state, fixed: see ``modules.greedy_search``; of B rows.
        begin, end: the tokens that a sequence begins and ends with.
        limits: (B,), the tokens, the end among them, that a sequence may have.
        beam: K.
        n_best: how many hypotheses are wanted, at most K.
        length_penalty: alpha; 0: none.
        coverage_penalty: beta; 0: none.
        inside: (B, T) bool, the source's own steps; ``None``: all T are.
        attention: keep the weights.

    Returns:
        For each of the B sequences up to ``n_best`` hypotheses.

    Raises:
        ValueError: a number is out of range, or there is a coverage penalty and no attention.
    """
    if beam < 1 or not 1 <= n_best <= beam:
        raise ValueError(f"beam is {beam} and n_best is {n_best}; expected a beam of 1 or more, and n_best within it.")
    if coverage_penalty < 0:
        raise ValueError(f"coverage_penalty is {coverage_penalty}; expected 0 or more.")
    B, K, L = len(limits), beam, int(limits.max())
    device = limits.device
    state = select_rows(state, torch.arange(B, device=device).repeat_interleave(K))
    tokens = limits.new_full((B * K,), begin)
    scores = torch.full((B, K), -torch.inf, device=device)
    scores[:, 0] = 0.0  # at first all hypotheses of a sequence are the same
    none = torch.full((B, K), -torch.inf, device=device)
    empty = limits.new_zeros(B, K, L)
    beams = _Beams(
        torch.arange(B, device=device), limits, scores, empty, None, inside, None, limits.new_zeros(B),
        _Found(none, none, empty, limits.new_zeros(B, K), torch.zeros(B, K, dtype=torch.bool, device=device), None),
    )  # fmt: skip
    results: list[list[Hypothesis]] = [[] for _ in range(B)]
    for i in range(L):
        logits, state, weights = step(tokens, state, fixed)  # (N, V), N = B K
        if coverage_penalty and weights is None:
            raise ValueError(f"coverage_penalty is {coverage_penalty} and there is no attention; leave it at 0.")
        beams = _with_weights(beams, weights, i, L, covering=coverage_penalty > 0, keeping=attention)
        places, tokens, sums = _candidates(beams.scores, logits.float())  # (B, 2K), the best first
        ends = tokens == end
        beams = _finish(beams, places, tokens, sums, ends, i, length_penalty, coverage_penalty)
        going, order = sums.masked_fill(ends, -torch.inf).topk(K)  # (B, K)
        places, tokens = places.gather(1, order), tokens.gather(1, order)
        beams = _go_on(beams, going, places, tokens, i)
        done = _done(beams, i + 1, n_best, length_penalty)  # (B,)
        beams = beams._replace(scores=beams.scores.masked_fill(done[:, None], -torch.inf))  # nothing of it counts now
        rows = torch.arange(len(done), device=device)[:, None] * K + places  # (B, K), of the N
        if bool(done.all()):
            _hand_over(beams, done, results, n_best)
            break
        if float((~done).float().mean()) <= SHRINK:
            _hand_over(beams, done, results, n_best)
            left = (~done).nonzero()[:, 0]
            beams, fixed = select_rows(beams, left), select_rows(fixed, left)
            rows, tokens = rows[left], tokens[left]
        state, tokens = select_rows(state, rows.flatten()), tokens.flatten()
    return results


def length_factor(length: Any, alpha: float) -> Any:
    """lp of so many tokens."""
    return ((5.0 + length) / 6.0) ** alpha


def _with_weights(beams: _Beams, weights: Tensor | None, i: int, L: int, *, covering: bool, keeping: bool) -> _Beams:
    """Add a step's weights (N, T) to what is covered, and keep them."""
    if weights is None or not (covering or keeping):
        return beams
    B, K = beams.scores.shape
    weights = weights.float().unflatten(0, (B, K))  # (B, K, T)
    if covering:
        beams = beams._replace(covered=weights if beams.covered is None else beams.covered + weights)
    if keeping:
        kept, found = beams.attention, beams.found
        if kept is None:
            kept = weights.new_zeros(B, K, L, weights.shape[-1])
            found = found._replace(attention=torch.zeros_like(kept))
        kept[:, :, i] = weights
        beams = beams._replace(attention=kept, found=found)
    return beams


def _candidates(scores: Tensor, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The 2K likeliest continuations: the hypothesis each is of, its token and its log probability, all (B, 2K).

    At most one of each hypothesis ends, so that K of them go on.
    """
    B, K = scores.shape
    best, tokens = logits.topk(min(2 * K, logits.shape[-1]))  # (N, C)
    sums = scores[..., None] + (best - logits.logsumexp(dim=-1, keepdim=True)).unflatten(0, (B, K))  # (B, K, C)
    sums, order = sums.flatten(1).topk(2 * K)  # (B, 2K)
    return order // best.shape[-1], tokens.view(B, -1).gather(1, order), sums


def _finish(
    beams: _Beams, places: Tensor, tokens: Tensor, sums: Tensor, ends: Tensor, i: int, alpha: float, beta: float
) -> _Beams:
    """Take those among the K likeliest continuations (B, 2K) that end, or reach their limit, into what was found."""
    K = beams.scores.shape[1]
    places, tokens, sums, ends = (x[:, :K] for x in (places, tokens, sums, ends))
    finished = (ends | (beams.limits == i + 1)[:, None]) & (sums > -torch.inf)  # (B, K)
    if not bool(finished.any()):
        return beams
    scores = sums / length_factor(i + 1, alpha)
    if beams.covered is not None:
        covered = beams.covered.gather(1, places[..., None].expand(-1, -1, beams.covered.shape[-1])).clamp(COVERED, 1)
        missed = covered.log() if beams.inside is None else covered.log() * beams.inside[:, None]  # (B, K, T)
        scores = scores + beta * missed.sum(dim=-1)
    written = _take(beams.tokens, places)
    written[:, :, i] = tokens
    new = _Found(
        scores.masked_fill(~finished, -torch.inf), sums, written, torch.full_like(places, i + 1), ends,
        None if beams.attention is None else _take(beams.attention, places),
    )  # fmt: skip
    every = [None if x is None or y is None else torch.cat([x, y], 1) for x, y in zip(beams.found, new, strict=True)]
    _, order = every[0].topk(K)  # type: ignore[union-attr]
    found = _Found(*[None if x is None else _take(x, order) for x in every])  # type: ignore[arg-type]
    return beams._replace(found=found, finished=beams.finished + finished.sum(dim=1))


def _go_on(beams: _Beams, scores: Tensor, places: Tensor, tokens: Tensor, i: int) -> _Beams:
    """Let these continuations (B, K) be the hypotheses."""
    written = _take(beams.tokens, places)
    written[:, :, i] = tokens
    covered = None if beams.covered is None else _take(beams.covered, places)
    attention = None if beams.attention is None else _take(beams.attention, places)
    return beams._replace(scores=scores, tokens=written, covered=covered, attention=attention)


def _done(beams: _Beams, length: int, n_best: int, alpha: float) -> Tensor:
    """(B,) bool: enough was finished, or what goes on cannot be among the best, or the limit is reached."""
    K = beams.scores.shape[1]
    limits = beams.limits
    longest = length_factor(limits if alpha >= 0 else torch.full_like(limits, length + 1), alpha)
    going = beams.scores.amax(dim=1)  # further tokens only cost, coverage too
    worst = beams.found.scores[:, n_best - 1]
    enough = (beams.finished >= K) & (going / length_factor(length + 1, alpha) <= worst)
    return enough | (going / longest <= worst) | (limits <= length)


def _hand_over(beams: _Beams, done: Tensor, results: list[list[Hypothesis]], n_best: int) -> None:
    """Write down what was found of the sequences that are done."""
    found = beams.found
    for row in done.nonzero()[:, 0].tolist():
        for k in range(n_best):
            if float(found.scores[row, k]) == -torch.inf:
                break
            M, ended = int(found.lengths[row, k]), bool(found.ended[row, k])
            tokens = found.tokens[row, k, : M - ended].tolist()
            score, log_probability = float(found.scores[row, k]), float(found.log_probabilities[row, k])
            weights = None if found.attention is None else found.attention[row, k, :M].clone()
            results[int(beams.sequence[row])].append(Hypothesis(tokens, score, log_probability, ended, weights))


def _take(x: Tensor, places: Tensor) -> Tensor:
    """x (B, K, ...) at places (B, J): (B, J, ...), a copy."""
    index = places.reshape(*places.shape, *[1] * (x.ndim - 2)).expand(*places.shape, *x.shape[2:])
    return x.gather(1, index)
