"""One step of a stream, ``rnnzoo.<layer>.step``, against torch.nn.LSTMCell and GRUCell, without gradients."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import torch
from _layers import ours
from _measurement import Box, Comparison, Measurement, Plan, groups, race
from _shapes import TINY, Shape
from _work import Call, stream
from torch import nn

from rnnzoo.registry import LAYERS

if TYPE_CHECKING:
    from _options import Options

SIZES = ((1, 16), (1, 128), (32, 128))  # B, H = I
STEPS = 100  # a call
TOGETHER = 8  # layers that share their baselines' rounds
COST = 0.012  # seconds that one layer's call is thought to take
BASELINES = ("LSTMCell", "GRUCell")


def plan(options: Options) -> Plan:
    """Size by size, the layers in groups."""
    cells = options.chosen(LAYERS.names())
    return Plan([_measurement(group, *size, options) for size in SIZES for group in groups(cells, TOGETHER)])


def _measurement(cells: Sequence[str], B: int, H: int, options: Options) -> Measurement:
    steps = 5 if options.quick else STEPS
    H = min(H, TINY.H) if options.quick else H
    labels = {f"rnnzoo.{cell}": cell for cell in cells}

    def calls(wanted: Collection[str]) -> dict[str, Call]:
        x = torch.randn(B, H)
        lstm, gru = nn.LSTMCell(H, H), nn.GRUCell(H, H)
        made = {
            "torch.nn.LSTMCell": stream(lstm, x, lstm(x), steps),
            "torch.nn.GRUCell": stream(gru, x, gru(x), steps),
        }
        for label, cell in labels.items():
            if label in wanted:
                layer = ours(cell, Shape(B, 1, H, H)).eval()
                made[label] = stream(lambda x, hx, layer=layer: layer.step(x, hx)[1], x, layer.step(x)[1], steps)
        return made

    comparisons = [
        Comparison({"cell": cell, "B": B, "I": H, "H": H, "steps": steps}, label, f"torch.nn.{baseline}")
        for label, cell in labels.items()
        for baseline in BASELINES
    ]
    count = len(cells) + len(BASELINES)
    box = Box(rounds=20, seconds=0.1 * count)
    return race("step", comparisons, calls, box=box, cost=COST * count, options=options, repeats=steps)
