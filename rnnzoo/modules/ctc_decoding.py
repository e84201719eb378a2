"""What the steps of a CTC model say: the best path, or the best transcripts, found by a search over prefixes.

The search is that of A. Y. Hannun, A. L. Maas, D. Jurafsky, A. Y. Ng, "First-Pass Large Vocabulary Continuous Speech
Recognition using Bi-Directional Recurrent DNNs", arXiv 1408.2873, without a language model: the probability of a prefix
is kept in two parts, of paths that end with a blank and of paths that do not. With a beam that holds all prefixes it is
exact.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

NOWHERE = -5
"""The size of a prefix that no path leads to: it is neither the beginning nor the continuation of another."""


class Path(NamedTuple):
    """What a path of labels says."""

    labels: list[int]
    steps: list[int]  # at which each label begins


class Prefix(NamedTuple):
    """A transcript, and the probability of all paths that say it and that the beam held."""

    labels: list[int]
    log_probability: float


def best_paths(log_probabilities: Tensor, lengths: Tensor) -> list[Path]:
    """What the likeliest labels of the steps say: repeated ones joined, blanks taken away.

    Args:
        log_probabilities: (B, T, V).
        lengths: (B,).
    """
    labels = log_probabilities.argmax(dim=2).cpu()  # (B, T)
    inside = torch.arange(labels.shape[1]) < lengths.cpu()[:, None]
    before = torch.nn.functional.pad(labels, (1, 0))[:, :-1]  # (B, T)
    said = inside & (labels > 0) & (labels != before)
    return [Path(row[kept].tolist(), kept.nonzero().flatten().tolist()) for row, kept in zip(labels, said, strict=True)]


@torch.no_grad()
def prefix_search(log_probabilities: Tensor, lengths: Tensor, beam: int) -> list[list[Prefix]]:
    """The best transcripts of each row, the best first, at most ``beam``.

    Args:
        log_probabilities: (B, T, V).
        lengths: (B,).
        beam: K, prefixes that are kept at each step.

    Raises:
        ValueError: ``beam`` is below 1.
    """
    if beam < 1:
        raise ValueError(f"beam is {beam}; expected at least 1 prefix.")
    scores = log_probabilities.double().cpu()
    lengths = lengths.cpu()
    B, T, V = scores.shape
    waiting = torch.full((B, V), -torch.inf, dtype=scores.dtype)  # of rows that have ended: blanks, for nothing
    waiting[:, 0] = 0
    prefixes = torch.zeros(B, 1, 1, dtype=torch.int64)  # (B, K, M), 0 behind the ends
    sizes = torch.zeros(B, 1, dtype=torch.int64)  # (B, K)
    blank, label = torch.zeros(B, 1, dtype=scores.dtype), torch.full((B, 1), -torch.inf, dtype=scores.dtype)  # (B, K)
    for t in range(T):
        p = torch.where((t < lengths)[:, None], scores[:, t], waiting)  # (B, V)
        blank, label, grown = _step(p, prefixes, sizes, blank, label)
        K = blank.shape[1]
        candidates = torch.cat([torch.logaddexp(blank, label), grown.flatten(1)], dim=1)  # (B, K + K V)
        values, chosen = candidates.topk(min(beam, candidates.shape[1]), dim=1)
        longer = chosen >= K
        parent = torch.where(longer, (chosen - K) // V, chosen)  # (B, K')
        blank = blank.gather(1, parent).masked_fill_(longer, -torch.inf)
        label = torch.where(longer, values, label.gather(1, parent))
        ends = sizes.gather(1, parent).clamp(min=0)  # (B, K')
        if int((ends + longer).max()) >= prefixes.shape[2]:
            prefixes = torch.nn.functional.pad(prefixes, (0, 1))
        prefixes = prefixes.gather(1, parent[..., None].expand(-1, -1, prefixes.shape[2]))
        added = torch.where(longer, (chosen - K) % V, prefixes.gather(2, ends[..., None])[..., 0])
        prefixes = prefixes.scatter(2, ends[..., None], added[..., None])
        sizes = (ends + longer.long()).masked_fill_(values == -torch.inf, NOWHERE)
    total = torch.logaddexp(blank, label)  # (B, K), sorted
    return [
        [
            Prefix(row[:size].tolist(), value)
            for row, size, value in zip(prefixes[b], sizes[b].tolist(), total[b].tolist(), strict=True)
            if size != NOWHERE
        ]
        for b in range(B)
    ]


def _step(p: Tensor, prefixes: Tensor, sizes: Tensor, blank: Tensor, label: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One step's labels with log-probabilities p (B, V): the prefixes as they are, and each with one label more.

    Returns:
        Of the same prefixes (B, K), ending with a blank and ending with their label; of the longer ones (B, K, V).
    """
    ends = (sizes - 1).clamp(min=0)[..., None]  # (B, K, 1)
    last = prefixes.gather(2, ends)[..., 0]  # (B, K), 0 of the empty prefix
    total = torch.logaddexp(blank, label)
    p_last = p.gather(1, last)
    grown = total[..., None] + p[:, None]  # (B, K, V)
    grown.scatter_(2, last[..., None], (blank + p_last)[..., None])  # the same label again, behind a blank only
    grown[..., 0] = -torch.inf
    # a longer prefix may be one that is held already: what leads there is added to it
    shorter = prefixes.scatter(2, ends, 0)
    begins = (shorter[:, :, None] == prefixes[:, None]).all(dim=3)  # (B, K longer, K shorter)
    begins &= (sizes[:, :, None] == sizes[:, None] + 1) & (sizes[:, None] >= 0)
    which = last[:, None].expand_as(begins)  # (B, K shorter, K longer)
    leading = grown.gather(2, which).transpose(1, 2).masked_fill(~begins, -torch.inf)  # (B, K longer, K shorter)
    label = torch.logaddexp(label + p_last, leading.amax(dim=2))
    held = torch.zeros_like(grown).scatter_add_(2, which, begins.transpose(1, 2).to(grown.dtype))
    return total + p[:, :1], label, grown.masked_fill_(held > 0, -torch.inf)
