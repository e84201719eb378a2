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


def marginals(chain: Chain, diameter: int | None = 1) -> Tensor:
    """The probability of each tag at each step, over all paths: (B, T, K), 0 beyond a row's length."""
    with torch.enable_grad():
        x = chain.emissions.detach().requires_grad_()
        fixed = Chain(x, *(value.detach() for value in chain[1:]))
        return torch.autograd.grad(log_partition(fixed, diameter).sum(), x)[0]


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


class _LogPartition(torch.autograd.Function):
    """Forward and backward messages as one recursion over a pair of batches; marginals are the gradients."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, transitions: Tensor, start: Tensor, end: Tensor, lengths: Tensor, learning: bool
    ) -> Tensor:
        B, T, _ = x.shape
        lengths = lengths.to(x.device)
        scores = x.double()
        highest = scores.amax(dim=2)  # (B, T)
        e = torch.exp(scores - highest[..., None])  # (B, T, K)
        A_highest, start_highest, end_highest = (value.amax().double() for value in (transitions, start, end))
        A = torch.exp(transitions.double() - A_highest)  # (K, K)
        first = torch.exp(start.double() - start_highest)  # (K,)
        last = torch.exp(end.double() - end_highest)  # (K,)
        ways = [e, reverse_by_length(e, lengths)] if learning else [e]
        steps = torch.stack(ways).permute(2, 0, 1, 3).contiguous()  # (T, 1 or 2, B, K)
        matrices = torch.stack([A, A.T]) if learning else A[None]  # (1 or 2, K, K)
        begin = torch.stack([first, last])[: len(ways), None]  # (1 or 2, 1, K)
        sent = torch.empty_like(steps)  # messages before each step's emission
        kept = torch.empty_like(steps)  # and after it, each row's adding up to 1
        sums = steps.new_empty(T, len(ways), B, 1)
        sent[0] = begin
        each = zip(sent.unbind(0), kept.unbind(0), sums.unbind(0), steps.unbind(0), strict=True)
        message = None
        for before, after, total, step in each:
            if message is not None:
                torch.bmm(message, matrices, out=before)
            torch.mul(before, step, out=after)
            torch.sum(after, dim=2, keepdim=True, out=total)
            message = after.div_(total)
        inside = mask(lengths, T)  # (B, T)
        rows = torch.arange(B, device=x.device)
        final = kept[lengths - 1, 0, rows] @ last  # (B,)
        logs = torch.where(inside, sums[:, 0, :, 0].T.log() + highest, 0).sum(1)  # (B,)
        ctx.lengths = lengths
        if learning:
            ctx.save_for_backward(kept, sent, A)
        return logs + final.log() + (lengths - 1) * A_highest + start_highest + end_highest

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        kept, sent, A = ctx.saved_tensors  # (T, 2, B, K)
        lengths = ctx.lengths
        T, _, B, _ = kept.shape
        outside = ~mask(lengths, T)[..., None]  # (B, T, 1)
        forward = kept[:, 0].transpose(0, 1).masked_fill(outside, 0)  # (B, T, K): P(tag, what was read so far)
        onward = reverse_by_length(sent[:, 1].transpose(0, 1), lengths).masked_fill(outside, 0)  # of what follows
        ahead = reverse_by_length(kept[:, 1].transpose(0, 1), lengths).masked_fill(outside, 0)
        p = forward * onward  # (B, T, K)
        p = p * (gradient[:, None, None] / p.sum(dim=2, keepdim=True).masked_fill(outside, 1))
        moves = forward[:, :-1] @ A  # (B, T - 1, K)
        scale = (moves * ahead[:, 1:]).sum(dim=2, keepdim=True).masked_fill(outside[:, 1:], 1)
        weighed = forward[:, :-1] * (gradient[:, None, None] / scale)
        pairs = A * (weighed.flatten(0, 1).T @ ahead[:, 1:].flatten(0, 1))  # (K, K)
        rows = torch.arange(B, device=p.device)
        # autograd takes each gradient into the dtype of its tensor
        return p, pairs, p[:, 0].sum(0), p[rows, lengths - 1].sum(0), None, None
