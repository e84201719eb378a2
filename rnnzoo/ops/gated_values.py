"""What a gated recurrence does inside: the values of its gates and states at every step, by the readable loop.

The gates are those of the stages (``Stage.gates``), called with the arguments that the update has in that step. The
fast path knows nothing of this file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from rnnzoo.contracts import State
from rnnzoo.ops._gated_plan import Stage
from rnnzoo.ops._gated_reference import run_stages
from rnnzoo.ops.gated import _all32, _autocast, _float32, _float32_only
from rnnzoo.ops.ragged import mask


def gated_values(
    stages: Sequence[Stage],
    x: Tensor,
    state: State,
    weights: Sequence[Tensor | None],
    biases: Sequence[Tensor | None],
    vectors: Mapping[str, Tensor],
    *,
    states: Sequence[str],
    lengths: Tensor | None = None,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Gates and states of every step, (B, T, N) each, zero beyond a row's length; differentiable.

    Args:
        x: (B, T, W), the hoisted input product; padding is finite.
        stages, state, weights, biases, vectors, states, lengths: as in ``ops.gated``; under autocast
            too, the recurrence runs in float32.

    Returns:
        The gates by name, in the order of the stages, and the states as each step ends.
    """
    opened = [_opened(stage) for stage in stages]
    names = [name for stage in stages for name in stage.gate_names]
    batch = x.shape[0]
    gates: dict[str, list[Tensor]] = {name: [] for name in names}
    ends: dict[str, list[Tensor]] = {name: [] for name in states}
    autocast = _autocast(x)
    if autocast:
        x, state, weights, biases = _float32(x), tuple(_all32(state)), _all32(weights), _all32(biases)
        vectors = dict(zip(vectors, _all32(vectors.values()), strict=True))
    with _float32_only(x) if autocast else contextlib.nullcontext():
        for t in range(x.shape[1]):
            values = run_stages(opened, x[:, t], {**dict(zip(states, state, strict=True)), **vectors}, weights, biases)
            for name in names:
                value = values[_key(name)]
                gates[name].append(value if value.dim() > 1 else value.expand(batch, -1))  # a gate may be a weight's
            for name in states:
                ends[name].append(values[name])
            state = tuple(values[name] for name in states)
    return _over_time(gates, lengths), _over_time(ends, lengths)


def _opened(stage: Stage) -> Stage:
    """The same stage, which also writes its gates."""
    gates = stage.gates
    if gates is None:
        return stage

    def update(*arguments: Tensor | None) -> tuple[Tensor, ...]:
        return *stage.update(*arguments), *gates(*arguments)[: len(stage.gate_names)]

    return stage._replace(update=update, writes=(*stage.writes, *map(_key, stage.gate_names)))


def _key(gate: str) -> str:
    """A gate's name among the values of a step, where it must not meet a state's or a vector's."""
    return f"gate {gate}"


def _over_time(values: Mapping[str, list[Tensor]], lengths: Tensor | None) -> dict[str, Tensor]:
    """Each list of (B, N) as (B, T, N); a row that has ended has zeros."""
    stacked = {name: torch.stack(steps, 1) for name, steps in values.items()}
    if lengths is None or not stacked:
        return stacked
    some = next(iter(stacked.values()))
    alive = mask(lengths.to(some.device), some.shape[1]).unsqueeze(-1)  # (B, T, 1)
    return {name: torch.where(alive, value, 0) for name, value in stacked.items()}
