"""What a classifier shows of a batch: where its attention lies, and what its gates do as it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from rnnzoo.contracts import SequenceBatch
from rnnzoo.layers._gates import NoGates
from rnnzoo.modules.pooling import Attention

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnnzoo.tasks.sequence_classification import SequenceClassifier

ATTENDED = 200
"""Steps of the longest sequence whose attention is shown."""

GATED = 60
"""Steps of the longest sequence whose gates are shown."""

SEQUENCES = 4
"""Of how many sequences of a batch the attention is shown."""


@torch.no_grad()
def classifier_pictures(task: SequenceClassifier, batch: SequenceBatch) -> dict[str, Figure]:
    """The pictures that there are: "attention" where the pooling is attention, "gates" where the layer has gates.

    Both of real rows that are short enough to be read, the first of the batch; none of them: no picture.
    """
    from rnnzoo.figures import Attended, attention, default_names, gate_panels, gates

    found: dict[str, Figure] = {}
    lengths, real = batch.lengths.tolist(), (batch.weights > 0).tolist()
    rows = [row for row, length in enumerate(lengths) if real[row] and length <= ATTENDED]
    if isinstance(task.pooling, Attention) and rows:
        chosen = _rows(batch, rows[:SEQUENCES])
        features, kept = task.encoder(chosen.inputs, chosen.lengths)
        weights = task.pooling.weights(features, kept)  # (B, T)
        shown = zip(_titles(task, chosen), task.steps_of(chosen), weights.float().cpu().tolist(), strict=True)
        found["attention"] = attention(
            [Attended(title, steps, weights[: len(steps)]) for title, steps, weights in shown]
        )
    rows = [row for row in rows if lengths[row] <= GATED]
    if rows:
        chosen = _rows(batch, rows[:1])
        try:
            inside = task.encoder.gate_values(chosen.inputs, chosen.lengths)
        except NoGates:
            return found
        values = next(iter(inside.values()))
        panels = gate_panels(values, default_names(values))
        found["gates"] = gates(panels, task.steps_of(chosen)[0], title=_titles(task, chosen)[0])
    return found


def _rows(batch: SequenceBatch, rows: list[int]) -> SequenceBatch:
    """Some rows of a batch, as long as the longest of them."""
    longest = int(batch.lengths[rows].max())
    return SequenceBatch(
        batch.inputs[rows, :longest], batch.lengths[rows], batch.targets[rows], batch.weights[rows], batch.starts[rows]
    )


def _titles(task: SequenceClassifier, batch: SequenceBatch) -> list[str]:
    answers = task.answers(task.outputs_of(batch), batch)
    return [
        f"label “{task.labels[target]}”, answer “{answer.label}” (probability {answer.probability:.3f})"
        for target, answer in zip(batch.targets.tolist(), answers, strict=True)
    ]
