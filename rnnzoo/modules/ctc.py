"""Connectionist temporal classification: a sequence of labels for a longer sequence that nobody has cut into pieces.

A. Graves, S. Fernández, F. Gomez, J. Schmidhuber, "Connectionist Temporal Classification: Labelling Unsegmented
Sequence Data with Recurrent Neural Networks", ICML 2006. Each step says one of V labels; 0 is the blank, which says
nothing. What a path of labels says is what is left when repeated labels are joined and blanks taken away; the
probability of a transcript is that of all paths that say it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def ctc_losses(log_probabilities: Tensor, lengths: Tensor, targets: Tensor) -> Tensor:
    """-log p (B,) of each row's transcript, in nats.

    Args:
        log_probabilities: (B, T, V), of each step's labels.
        lengths: (B,) of the rows' own steps.
        targets: (B, M) int64 labels 1 to V - 1, with 0 behind the ends.

    Raises:
        ValueError: a target that is no transcript, or that a row's steps can't say.
    """
    numbers = targets.cpu()
    written = check_transcripts(numbers, lengths.cpu(), log_probabilities.shape[2])  # (B,)
    return F.ctc_loss(log_probabilities.transpose(0, 1), targets, lengths, written, blank=0, reduction="none")


def check_transcripts(targets: Tensor, lengths: Tensor, labels: int) -> Tensor:
    """How many labels each of ``targets`` (B, M) has; ``lengths`` (B,) are the steps that are to say them.

    Raises:
        ValueError: a label outside 1 to ``labels`` - 1, a blank between labels, or more labels than steps, where two
            equal ones in succession need a blank between them.
    """
    written = targets > 0  # (B, M)
    counts = written.sum(dim=1)  # (B,)
    low, high = (int(bound) for bound in targets.aminmax()) if targets.numel() else (0, 0)
    if low < 0 or high >= labels:
        raise ValueError(f"targets go from {low} to {high}; expected labels from 1 to {labels - 1}, and 0 behind them.")
    if bool((written[:, 1:] & ~written[:, :-1]).any()):
        raise ValueError("a target has a 0, the blank, between its labels; it may stand behind them alone.")
    needed = counts + ((targets[:, 1:] == targets[:, :-1]) & written[:, 1:]).sum(dim=1)
    short = (needed > lengths).nonzero().flatten().tolist()
    if short:
        row = short[0]
        raise ValueError(
            f"row {row} of the batch has {int(lengths[row])} steps and a transcript of {int(counts[row])} labels, "
            f"which needs at least {int(needed[row])} (equal ones in succession need a blank between them): "
            f"{len(short)} of {len(lengths)} rows are so. Join fewer frames to a step (stride), or leave these rows "
            "out of the data."
        )
    return counts


def align(log_probabilities: Tensor, labels: list[int]) -> list[int]:
    """The step at which each of ``labels`` begins, in the likeliest of the paths that say them.

    Args:
        log_probabilities: (T, V).

    Raises:
        ValueError: T steps can't say them.
    """
    if not labels:
        return []
    T = log_probabilities.shape[0]
    check_transcripts(torch.tensor([labels]), torch.tensor([T]), log_probabilities.shape[1])
    states = torch.zeros(2 * len(labels) + 1, dtype=torch.int64)  # (S,) blank, label, blank, label, ..., blank
    states[1::2] = torch.tensor(labels)
    scores = log_probabilities.cpu()[:, states]  # (T, S)
    skips = torch.zeros(len(states), dtype=torch.bool)
    skips[3::2] = states[3::2] != states[1:-2:2]  # a label may follow another one without a blank between
    best = torch.full_like(scores[0], -torch.inf)
    best[:2] = scores[0, :2]
    steps_back = torch.zeros(scores.shape, dtype=torch.int64)  # (T, S) states that a path advanced by
    for t in range(1, T):
        one, two = F.pad(best, (1, 0), value=-torch.inf)[:-1], F.pad(best, (2, 0), value=-torch.inf)[:-2]
        choices = torch.stack([best, one, two.masked_fill(~skips, -torch.inf)])  # (3, S)
        best, steps_back[t] = choices.max(dim=0)
        best = best + scores[t]
    state = len(states) - 1 - int(best[-2] > best[-1])
    begins = [0] * len(labels)
    for t in range(T - 1, -1, -1):
        if state % 2:
            begins[state // 2] = t
        state -= int(steps_back[t, state])
    return begins
