"""Sums and maxima over all paths of a linear chain: of tags (y_1, ..., y_n) with the score

    start[y_1] + sum_t x_t[y_t] + sum_t A[y_(t-1), y_t] + end[y_n]

J. Lafferty, A. McCallum and F. Pereira, "Conditional random fields", ICML 2001. A transition that is forbidden has the
score -inf. Everything is vectorised over the rows of a batch, each with a length of its own.

Letters: B rows, T steps, K tags; emissions x (B, T, K), transitions A (K, K) from row to column, start and end (K,).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from rnnzoo.ops.ragged import mask, reverse_by_length

LARGEST_RANGE = 600.0
"""Of the scores that a path can need in a row to reach a tag, in nats: float64 has 708 below 1."""

FORBIDDEN = -1e8
"""What -inf is in the loop over logarithms, where differences of infinities are none."""


class Chain(NamedTuple):
    """A batch of chains."""

    emissions: Tensor  # (B, T, K)
    transitions: Tensor  # (K, K)
    start: Tensor  # (K,)
    end: Tensor  # (K,)
    lengths: Tensor  # (B,) int64, at least 1


def log_partition(chain: Chain, diameter: int | None = 1) -> Tensor:
    """The logarithm of the sum over all paths of e^score: (B,), in the emissions' dtype.

    The sums are of products of e^x, scaled to 1 at every step, in float64: products of matrices, and gradients from
    the same recursion run from the end. Scores that differ by more than float64 can hold, and Apple's GPUs, which have
    none, take `log_partition_reference`.

    Args:
        diameter: the number of transitions by which every tag leads to every tag, 1 where none is forbidden; ``None``:
            there is none. With it, the smallest of the scaled sums is bounded by the range of the scores.
    """
    if not _fits(chain, diameter):
        return log_partition_reference(chain)
    learning = torch.is_grad_enabled() and any(value.requires_grad for value in chain[:4])
    return _LogPartition.apply(*chain, learning).to(chain.emissions.dtype)


def log_partition_reference(chain: Chain) -> Tensor:
    """`log_partition` as it is defined, a step at a time in logarithms; autograd differentiates it, also twice."""
    x, A, start, end = (value.clamp(min=FORBIDDEN) for value in _wide(*chain[:4]))
    lengths = chain.lengths.to(x.device)
    alpha = start + x[:, 0]  # (B, K)
    for t in range(1, x.shape[1]):
        longer = torch.logsumexp(alpha[:, :, None] + A, dim=1) + x[:, t]  # (B, K)
        alpha = torch.where((t < lengths)[:, None], longer, alpha)
    return torch.logsumexp(alpha + end, dim=1).to(chain.emissions.dtype)


def path_score(chain: Chain, tags: Tensor) -> Tensor:
    """The score of one path a row, tags (B, T): (B,); what stands beyond a row's length does not count."""
    x, A, start, end, lengths = chain
    inside = mask(lengths.to(x.device), x.shape[1])  # (B, T)
    tags = torch.where(inside, tags, 0)
    last = tags.gather(1, lengths.to(x.device)[:, None] - 1).squeeze(1)  # (B,)
    steps = x.gather(2, tags[..., None]).squeeze(2)  # (B, T)
    moves = A.flatten()[tags[:, :-1] * A.shape[0] + tags[:, 1:]]  # (B, T - 1)
    score = torch.where(inside, steps, 0).sum(1) + torch.where(inside[:, 1:], moves, 0).sum(1)
    return score + start[tags[:, 0]] + end[last]


@torch.no_grad()
def marginals(chain: Chain, diameter: int | None = 1) -> Tensor:
    """The probability of each tag at each step, over all paths: (B, T, K), 0 beyond a row's length."""
    if _fits(chain, diameter):
        sums = _sum_up(chain, both_ways=True)
        return _gradients(sums, torch.ones_like(sums.total))[0].to(chain.emissions.dtype)
    with torch.inference_mode(False), torch.enable_grad():
        values = [value.clone() for value in chain]  # within inference there is no gradient
        x = values[0].requires_grad_()
        return torch.autograd.grad(log_partition_reference(Chain(*values)).sum(), x)[0]


@torch.no_grad()
def best_path(chain: Chain) -> tuple[Tensor, Tensor]:
    """Viterbi's algorithm: the path of the highest score of each row.

    The way back recomputes, for the one tag that it stands on, which tag came before: only maxima are kept forward.

    Returns:
        tags (B, T) int64, 0 beyond a row's length, and their scores (B,).
    """
    x, A, start, end = _wide(*chain[:4])
    lengths, T = chain.lengths.to(x.device), x.shape[1]
    into = A.T.contiguous()  # (K, K): of each tag, from which
    steps = x.transpose(0, 1).contiguous().unbind(0)  # T times (B, K)
    best = [start + steps[0]]
    for t in range(1, T):
        best.append((best[-1][:, None] + into).amax(dim=2).add_(steps[t]))  # (B, K)
    rows = torch.arange(x.shape[0], device=x.device)
    score, tag = (torch.stack(best)[lengths - 1, rows] + end).max(dim=1)  # (B,)
    tags = [tag]
    going = (torch.arange(T, device=x.device)[:, None] < lengths - 1).unbind(0)  # T times (B,)
    for t in range(T - 2, -1, -1):
        before = (best[t] + into[tag]).argmax(dim=1)  # (B,)
        tag = torch.where(going[t], before, tag)
        tags.append(tag)
    path = torch.stack(tags[::-1], dim=1)  # (B, T)
    return path.masked_fill_(~mask(lengths, T), 0), score.to(chain.emissions.dtype)


def _wide(*values: Tensor) -> tuple[Tensor, ...]:
    """In float64, where the device has it."""
    return tuple(value.float() if value.device.type == "mps" else value.double() for value in values)


@torch.no_grad()
def _fits(chain: Chain, diameter: int | None) -> bool:
    x, *scores = chain[:4]
    if diameter is None or x.device.type == "mps":
        return False
    inside = mask(chain.lengths.to(x.device), x.shape[1])  # (B, T)
    spread = torch.where(inside, x.amax(dim=2) - x.amin(dim=2), 0).amax()
    for value in scores:
        allowed = value[value > -torch.inf]
        spread = spread + allowed.amax() - allowed.amin()
    return bool((diameter + 1) * spread < LARGEST_RANGE)  # also where a score is not finite: no


class _Sums(NamedTuple):
    """What the recursion over the steps finds; in front of B, the way: onward, and from each row's end back."""

    total: Tensor  # (B,) the logarithm of the partition
    kept: Tensor  # (T, 1 or 2, B, K) messages that have seen their step's emission, those of a row adding up to 1
    sent: Tensor  # (T, 1 or 2, B, K) messages that have not
    moves: Tensor  # (K, K) e^A, scaled
    lengths: Tensor  # (B,)


def _sum_up(chain: Chain, *, both_ways: bool) -> _Sums:
    """The sums from the start on, and with ``both_ways`` those from the end: one recursion over a pair of batches."""
    x, (transitions, start, end) = chain.emissions.double(), (value.double() for value in chain[1:4])
    B, T, _ = x.shape
    lengths = chain.lengths.to(x.device)
    highest = x.amax(dim=2)  # (B, T)
    e = torch.exp(x - highest[..., None])  # (B, T, K)
    A, first, last = (torch.exp(value - value.amax()) for value in (transitions, start, end))
    ways = [e, reverse_by_length(e, lengths)] if both_ways else [e]
    steps = torch.stack(ways).permute(2, 0, 1, 3).contiguous()  # (T, W, B, K)
    matrices = torch.stack([A, A.T][: len(ways)])  # (W, K, K)
    sent, kept = torch.empty_like(steps), torch.empty_like(steps)  # (T, W, B, K)
    sums = steps.new_empty(T, len(ways), B, 1)
    sent[0] = torch.stack([first, last][: len(ways)])[:, None]  # (W, 1, K)
    message = None
    for before, after, total, step in zip(*(each.unbind(0) for each in (sent, kept, sums, steps)), strict=True):
        if message is not None:
            torch.bmm(message, matrices, out=before)
        torch.mul(before, step, out=after)
        torch.sum(after, dim=2, keepdim=True, out=total)
        message = after.div_(total)
    inside = mask(lengths, T)  # (B, T)
    final = kept[lengths - 1, 0, torch.arange(B, device=x.device)] @ last  # (B,)
    logs = torch.where(inside, sums[:, 0, :, 0].T.log() + highest, 0).sum(1)  # (B,)
    total = logs + final.log() + (lengths - 1) * transitions.amax() + start.amax() + end.amax()
    return _Sums(total, kept, sent, A, lengths)


def _gradients(sums: _Sums, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of the emissions (B, T, K), transitions, start and end, where those of the total are ``gradient`` (B,)."""
    _, kept, sent, A, lengths = sums
    outside = ~mask(lengths, len(kept))[..., None]  # (B, T, 1)
    onward = kept[:, 0].transpose(0, 1).masked_fill(outside, 0)  # (B, T, K)
    behind = reverse_by_length(sent[:, 1].transpose(0, 1), lengths).masked_fill(outside, 0)  # of what follows
    ahead = reverse_by_length(kept[:, 1].transpose(0, 1), lengths).masked_fill(outside, 0)
    p = onward * behind  # (B, T, K)
    p = p * (gradient[:, None, None] / p.sum(dim=2, keepdim=True).masked_fill(outside, 1))
    moved = onward[:, :-1] @ A  # (B, T - 1, K)
    scale = (moved * ahead[:, 1:]).sum(dim=2, keepdim=True).masked_fill(outside[:, 1:], 1)
    weighed = onward[:, :-1] * (gradient[:, None, None] / scale)
    pairs = A * (weighed.flatten(0, 1).T @ ahead[:, 1:].flatten(0, 1))  # (K, K)
    rows = torch.arange(len(p), device=p.device)
    return p, pairs, p[:, 0].sum(0), p[rows, lengths - 1].sum(0)


class _LogPartition(torch.autograd.Function):
    """The gradients of a partition are marginals: of tags, and of pairs of them."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, transitions: Tensor, start: Tensor, end: Tensor, lengths: Tensor, learning: bool
    ) -> Tensor:
        sums = _sum_up(Chain(x, transitions, start, end, lengths), both_ways=learning)
        if learning:
            ctx.save_for_backward(*sums)
        return sums.total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        # autograd takes each gradient into the dtype of its tensor
        return *_gradients(_Sums(*ctx.saved_tensors), gradient), None, None
