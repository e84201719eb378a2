"""The recurrence of a matrix state in chunks: products of matrices inside a chunk, the state from chunk to chunk.

Let D_t be the product of the decays of a chunk up to step t. With S_t = Z_t diag(D_t) the decays are gone from the
recurrence, Z_t = Z_{t-1} + u_t (b_t / D_t)^T + v_t (k_t / D_t)^T where u_t = Z_{t-1} (D_{t-1} a_t), so that all of a
chunk follows from the state before it by products of the rows D_{t-1} a_t, D_{t-1} (w_t q_t) with the rows k_s / D_s,
b_s / D_s; u solves a triangular system, (1 - L) U = A Z^T + M V. The quotients D_{t-1} / D_s that stand in these
products are at most 1, s being before t, yet the two factors may overflow: so they are taken apart at a step between s
and t (``_tree``), each factor at most 1 by itself.

Sources: Yang et al., "Gated Linear Attention Transformers with Hardware-Efficient Training", 2023, arXiv 2312.06635,
section 4.3 (two levels of chunks, here a tree); Yang et al., "Parallelizing Linear Transformers with the Delta Rule
over Sequence Length", 2024, arXiv 2406.06484, section 3 (the triangular system).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

LEAF = 4
"""Steps between which quotients of decays by channel are taken one by one."""


def run_chunks(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    S0: Tensor,
    log_decay: Tensor | None = None,
    a: Tensor | None = None,
    b: Tensor | None = None,
    bonus: Tensor | None = None,
    *,
    chunk_size: int,
) -> tuple[Tensor, Tensor]:
    """All outputs (B, T, N, V) and the last state (B, N, V, K); arguments as ``matrix.matrix_scan``'s."""
    B, T, N, _ = q.shape
    C = chunk_size
    while C > LEAF and C // 2 >= T:
        C //= 2

    def chunked(x: Tensor) -> Tensor:
        """(B, N, chunks, C, width) of (B, T, N, width), with zeros behind."""
        x = pad(x, (0, 0, 0, 0, 0, -T % C)) if T % C else x
        return x.unflatten(1, (-1, C)).permute(0, 3, 1, 2, 4)

    Q, K, V = chunked(q), chunked(k), chunked(v)
    decays = None if log_decay is None else Decays(chunked(log_decay.expand(B, T, N, -1)))
    own = torch.einsum("...k,...k", Q, K if bonus is None else K * bonus[:, None, None])  # of a step's own pair
    if decays is not None and bonus is None:
        Q = Q * decays.quotient(decays.each)
    if a is None or b is None:
        (P,) = _products([Q], [K], decays)[0]
        read, write = _ends([Q], [K], decays)
        inside = (P + torch.diag_embed(own)) @ V  # (B, N, chunks, C, V)
        added, kept = V.mT @ write[0], None  # (B, N, chunks, V, K)
        seen = read[0]
    else:
        edit, along = chunked(a), chunked(b)
        (QK, QB), (AK, AB) = _products([Q, edit], [K, along], decays)
        (seen, edited), (stored, written) = _ends([Q, edit], [K, along], decays)
        if bonus is None:  # a step reads its own edit, too
            QB = QB + torch.diag_embed((chunked(q) * along).sum(-1))
        eye = torch.eye(C, dtype=Q.dtype, device=Q.device)
        rows = torch.cat((edited, AK @ V), -1)
        solved = torch.linalg.solve_triangular(eye - AB, rows, upper=False, unitriangular=True)
        W, U = solved.split((edited.shape[-1], V.shape[-1]), -1)
        inside = (QK + torch.diag_embed(own)) @ V + QB @ U  # (B, N, chunks, C, V)
        seen = seen + QB @ W  # what of the state before the chunk is read, (B, N, chunks, C, K)
        added = V.mT @ stored + U.mT @ written  # (B, N, chunks, V, K)
        kept = W.mT @ written  # (B, N, chunks, K, K)
    S, states = S0, []
    for more, edits, left in zip(
        *(_by_chunk(x, inside.shape[2]) for x in (added, kept, None if decays is None else decays.whole)), strict=True
    ):
        states.append(S)
        after = more if edits is None else torch.baddbmm(more.flatten(0, 1), S.flatten(0, 1), edits.flatten(0, 1))
        S = (S if left is None else S * left) + after.view_as(S)
    y = inside + seen @ torch.stack(states, 2).mT
    return y.flatten(2, 3)[:, :, :T].transpose(1, 2), S


def _by_chunk(x: Tensor | None, count: int) -> Sequence[Tensor | None]:
    """What x (B, N, chunks, ...) has of each chunk."""
    return [None] * count if x is None else x.unbind(2)


class Decays:
    """The decays of every chunk, by way of their logarithms, whose sums float64 holds.

    Args:
        each: log w_t, (B, N, chunks, C, K or 1).
    """

    def __init__(self, each: Tensor) -> None:
        self.each = each
        self.dtype = each.dtype
        self.by_channel = each.shape[-1] > 1
        self.after = each.double().cumsum(-2)  # log D_t
        self.before = pad(self.after[..., :-1, :], (0, 0, 1, 0))  # log D_{t-1}
        self.whole = self.quotient(self.after[..., -1:, :])  # D_C, (B, N, chunks, 1, K or 1)

    def quotient(self, difference: Tensor) -> Tensor:
        """e to a difference of logarithms."""
        return difference.to(self.dtype).exp()


def _ends(reading: list[Tensor], stored: list[Tensor], decays: Decays | None) -> tuple[list[Tensor], list[Tensor]]:
    """D_{t-1} x_t of each of ``reading``, what they see of the state before; y_s D_C / D_s of each of ``stored``."""
    if decays is None:
        return reading, stored
    seen, left = decays.quotient(decays.before), decays.quotient(decays.after[..., -1:, :] - decays.after)
    return [x * seen for x in reading], [y * left for y in stored]


def _products(reading: list[Tensor], stored: list[Tensor], decays: Decays | None) -> list[list[Tensor]]:
    """Of each of ``reading`` with each of ``stored`` the products x_t . (y_s D_{t-1} / D_s), s < t, (..., C, C)."""
    x, y = torch.stack(reading), torch.stack(stored)  # (R, ..., C, K), (G, ..., C, K)
    if decays is None:
        P = _all(x, y).tril(-1)
    elif decays.by_channel:
        P = _tree(x, y, decays.before, decays.after, x.shape[-2]).squeeze(-3)
    else:
        difference = decays.before - decays.after.mT  # (..., C, C)
        P = _all(x, y) * decays.quotient(difference.masked_fill(_not_before(x), -torch.inf))
    return [list(line.unbind(0)) for line in P.unbind(0)]


def _all(x: Tensor, y: Tensor) -> Tensor:
    """x_t . y_s of each x with each y, (R, G, ..., t, s), as one product."""
    (R, G), (t, s) = (x.shape[0], y.shape[0]), (x.shape[-2], y.shape[-2])
    rows = x.movedim(0, -3).flatten(-3, -2) @ y.movedim(0, -3).flatten(-3, -2).mT  # (..., R t, G s)
    return rows.unflatten(-1, (G, s)).unflatten(-3, (R, t)).movedim((-4, -2), (0, 1))


def _not_before(x: Tensor) -> Tensor:
    """True where s < t does not hold, (t, s)."""
    return torch.ones(x.shape[-2], x.shape[-2], dtype=torch.bool, device=x.device).triu()


def _tree(x: Tensor, y: Tensor, before: Tensor, after: Tensor, size: int) -> Tensor:
    """`_products` inside blocks of ``size`` steps, (R, G, ..., C / size, size, size), decays by channel.

    A pair in different halves of a block is taken apart at the end of the first half; the halves are blocks again.
    """
    if size <= LEAF:
        x, y, before, after = (each.unflatten(-2, (-1, size)) for each in (x, y, before, after))
        difference = before.unsqueeze(-2) - after.unsqueeze(-3)  # (..., t, s, K)
        quotient = difference.masked_fill(_not_before(x).unsqueeze(-1), -torch.inf).to(x.dtype).exp()
        weighted = x.unsqueeze(-2) * quotient  # (R, ..., t, s, K)
        return torch.stack([torch.einsum("r...tsk,...sk->r...ts", weighted, one) for one in y], 1)
    half = size // 2
    inner = _tree(x, y, before, after, half).unflatten(-3, (-1, 2))  # (R, G, ..., C / size, 2, half, half)
    x, y, before, after = (each.unflatten(-2, (-1, 2, half)) for each in (x, y, before, after))
    middle = after[..., 0, -1:, :]  # (..., C / size, 1, K)
    late = x[..., 1, :, :] * (before[..., 1, :, :] - middle).to(x.dtype).exp()
    early = y[..., 0, :, :] * (middle - after[..., 0, :, :]).to(x.dtype).exp()
    low = torch.cat((_all(late, early), inner[..., 1, :, :]), -1)
    return torch.cat((pad(inner[..., 0, :, :], (0, half)), low), -2)
